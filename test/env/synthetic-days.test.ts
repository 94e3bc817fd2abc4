import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { deviceCurve, noControl, oneStep1547, type Controller } from '../../src/agents/baselines/controllers.ts';
import { isTestDay, SYNTHETIC_EPOCH_MS, testDay, trainDay } from '../../src/env/series/synthetic.ts';
import { ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { REPO_ROOT } from '../support/repo.ts';
import { voltageDay, type VoltageDay } from '../support/voltageDay.ts';

const CONSTANT_OFFSET: Controller = {
  name: 'device curve, constant offset',
  decide: (feeder, k, setpoints) => {
    deviceCurve().decide(feeder, k, setpoints);
    setpoints.offsetMicro.fill(100000);
  },
};

/** Rows of docs/reference/environment.md, by their first cell. */
const DOCUMENTED: Readonly<Record<string, Controller>> = {
  none: noControl(),
  'IEEE 1547-2018 category B, one interval late': oneStep1547(),
  'local curve, offset 0': deviceCurve(),
  'local curve, constant offset +0.1': CONSTANT_OFFSET,
};

/** Cells of the documented table, without the first. */
function documentedRow(control: string): readonly string[] {
  const page = readFileSync(path.join(REPO_ROOT, 'docs/reference/environment.md'), 'utf8');
  const row = page.split('\n').find((line) => line.startsWith(`| ${control} `));
  return row!
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim());
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

  it.each(Object.keys(DOCUMENTED))('do to the feeder what docs/reference/environment.md says: %s', (control) => {
    const days = Array.from({ length: 73 }, (_, i) => voltageDay(testDay(i), DOCUMENTED[control]!));
    const mean = (pick: (day: VoltageDay) => number): number => days.reduce((sum, d) => sum + pick(d), 0) / days.length;
    const [outOfBandShare, lossMwh] = [mean((d) => d.outOfBandShare), mean((d) => d.lossMwh)];
    const [share, hardDays, lossKwh] = documentedRow(control);
    const digits = share!.split('.')[1]!.length - ' %'.length;
    expect(`${(100 * outOfBandShare).toFixed(digits)} %`).toBe(share);
    expect(String(days.filter((day) => day.outOfBandShare > 0.005).length)).toBe(hardDays);
    expect((1000 * lossMwh).toFixed(0)).toBe(lossKwh);
    expect(mean((d) => d.divergedSteps)).toBe(0);
  });
});
