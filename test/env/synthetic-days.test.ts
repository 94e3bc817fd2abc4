import { describe, expect, it } from 'vitest';
import { Feeder, createSetpoints } from '../../src/env/physics/feeder.ts';
import { isTestDay, SYNTHETIC_EPOCH_MS, testDay, trainDay } from '../../src/env/series/synthetic.ts';
import type { FeederSeries } from '../../src/env/series/series.ts';
import { createFeederScenario, followPlan, ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { DEFAULT_BATTERY_PLAN } from '../../src/env/cases/ieee33Sites.ts';
import { evaluateTable } from '../../src/grid/interface.ts';

/** IEEE 1547-2018 Category B default volt-var, in 1e-6. */
const CATEGORY_B = { v: [920000, 980000, 1020000, 1080000], share: [440000, 0, 0, -440000] };

/** Share of bus-intervals out of band, %. */
function outOfBand(series: FeederSeries, control: 'none' | 'lateCategoryB' | 'localCurve'): number {
  const feeder = new Feeder(createFeederScenario({ series }));
  const setpoints = createSetpoints(6, control === 'none' ? 0 : 800000);
  setpoints.mode = control === 'localCurve' ? 'curve' : 'share';
  let out = 0;
  for (let k = 0; k < series.steps; k++) {
    for (let s = 0; s < 6 && control === 'lateCategoryB' && k > 0; s++) {
      setpoints.offsetMicro[s] = evaluateTable(CATEGORY_B.v, CATEGORY_B.share, Math.round(feeder.siteVPu(s) * 1e6));
    }
    followPlan(feeder, DEFAULT_BATTERY_PLAN, k, setpoints);
    feeder.advance(k, setpoints);
    expect(feeder.converged).toBe(true);
    out += feeder.outOfBandBuses;
  }
  return (100 * out) / (series.steps * 32);
}

describe('synthetic days', () => {
  it('are a function of seed and day alone', () => {
    const a = ieee33Day(12, { seed: 3 });
    ieee33Day(13, { seed: 3 });
    expect(ieee33Day(12, { seed: 3 })).toEqual(a);
    expect(ieee33Day(12, { seed: 4 }).pvW).not.toEqual(a.pvW);
    expect(a.startMs).toBe(SYNTHETIC_EPOCH_MS + 12 * 86400000);
  });

  it('keep test days apart from training days', () => {
    const train = Array.from({ length: 400 }, (_, i) => trainDay(i));
    const test = Array.from({ length: 100 }, (_, i) => testDay(i));
    expect(new Set([...train, ...test]).size).toBe(500);
    expect(train.some(isTestDay)).toBe(false);
    expect(test.every(isTestDay)).toBe(true);
    expect(Math.max(...train, ...test)).toBe(499);
  });

  it('have an evening load peak near 0.5 x nominal and PV within its rating', () => {
    for (const stepMs of [60000, 300000, 900000]) {
      const series = ieee33Day(5, { seed: 1, stepMs });
      const totals = Array.from({ length: series.steps }, (_, t) =>
        series.loadPW.subarray(t * 33, t * 33 + 33).reduce((a, b) => a + b, 0),
      );
      const peak = Math.max(...totals);
      expect(peak / 1857500).toBeGreaterThan(0.85);
      expect(peak / 1857500).toBeLessThan(1.1);
      const hour = (totals.indexOf(peak) * stepMs) / 3600000;
      expect(hour).toBeGreaterThan(17);
      expect(hour).toBeLessThan(22);
      expect(Math.max(...series.pvW)).toBeLessThanOrEqual(773958);
      expect(series.pvW.slice(0, 6).every((p) => p === 0)).toBe(true);
    }
  });

  it('are hard enough: 1 to 3 % out of band without control, 0.4 to 1.2 % with late IEEE 1547 B, none with live curves', () => {
    const days = Array.from({ length: 24 }, (_, i) => ieee33Day(testDay(i * 3), { seed: 1 }));
    const mean = (control: Parameters<typeof outOfBand>[1]): number[] => days.map((day) => outOfBand(day, control));
    const average = (x: number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
    const none = average(mean('none'));
    const late = mean('lateCategoryB');
    expect(none).toBeGreaterThan(1);
    expect(none).toBeLessThan(3.7);
    expect(average(late)).toBeGreaterThan(0.4);
    expect(average(late)).toBeLessThan(1.2);
    expect(late.filter((x) => x > 0.5).length).toBeGreaterThan(2);
    expect(average(mean('localCurve'))).toBeLessThan(0.01);
  });
});
