import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import { DEFAULT_VOLT_VAR, ieee33Sites } from '../../src/env/cases/ieee33Sites.ts';
import { IEEE33 } from '../../src/env/cases/ieee33.ts';
import { pieceAt, realCurve, shareOnPiece } from '../../src/env/physics/curve.ts';
import { createSetpoints, Feeder } from '../../src/env/physics/feeder.ts';
import { RadialPowerFlow } from '../../src/env/physics/radial.ts';
import { linDistFlowSensitivity } from '../../src/env/physics/sensitivity.ts';
import { createFeederScenario, followPlan, ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { DEFAULT_BATTERY_PLAN } from '../../src/env/cases/ieee33Sites.ts';
import { testDay } from '../../src/env/series/synthetic.ts';
import { createSnapshot, getChannel } from '../../src/grid/snapshot.ts';
import { projectVoltVar, type VoltVarCurve } from '../../src/grid/voltVar.ts';
import { expectFlowInvariants } from '../support/invariants.ts';

const BASE_VA = IEEE33.baseMva * 1e6;
const MIDDAY = 144;

function newFeeder(day = testDay(3)): Feeder {
  return new Feeder(createFeederScenario({ series: ieee33Day(day, { seed: 1 }) }));
}

/** Slowly damped iteration with a full power flow in every step: no linear picture, no Newton. */
function bruteForce(feeder: Feeder, curve: VoltVarCurve, offsets: readonly number[], damping: number): Float64Array {
  const real = realCurve(curve);
  const flow = new RadialPowerFlow(IEEE33);
  const sites = feeder.scenario.sites;
  const p = feeder.pInjPu.slice();
  const base = feeder.qInjPu.slice();
  sites.forEach((site, s) => (base[site.bus - 1]! -= feeder.qVar[s]! / BASE_VA));
  const q = new Float64Array(sites.length);
  for (let round = 0; round < 20000; round++) {
    const total = base.slice();
    sites.forEach((site, s) => (total[site.bus - 1]! += q[s]!));
    flow.solve(p, total, { warm: true });
    let moved = 0;
    sites.forEach((site, s) => {
      const v = flow.vmPu[site.bus - 1]!;
      const share = Math.min(0.8, Math.max(-0.8, offsets[s]! / 1e6 + shareOnPiece(real, pieceAt(real, v), v)));
      const room = Math.sqrt(site.sMaxVa ** 2 - feeder.pW[s]! ** 2) / BASE_VA;
      const step = damping * (share * room - q[s]!);
      q[s]! += step;
      moved = Math.max(moved, Math.abs(step));
    });
    if (moved < 1e-13) return flow.vmPu;
  }
  throw new Error('brute force did not settle');
}

describe('feeder with live volt-var curves', () => {
  it('settles on the fixed point that brute force finds, also for steep curves', () => {
    const feeder = newFeeder();
    const setpoints = createSetpoints(6, 800000);
    const offsets = fc.array(fc.integer({ min: -800000, max: 800000 }), { minLength: 6, maxLength: 6 });
    const width = fc.integer({ min: 4000, max: 60000 });
    fc.assert(
      fc.property(offsets, width, fc.integer({ min: 0, max: 287 }), (micro, knee, step) => {
        const curve = {
          vMicroPu: [990000 - knee, 990000, 1010000, 1010000 + knee],
          shareMicro: [1600000, 0, 0, -1600000],
        };
        setpoints.offsetMicro.set(micro);
        setpoints.curve = curve;
        expect(feeder.preview(step, setpoints)).toBe(true);
        const v = bruteForce(feeder, curve, micro, Math.min(0.5, (knee / 60000) * 0.2));
        for (let b = 0; b < v.length; b++) expect(Math.abs(v[b]! - feeder.vPu[b]!)).toBeLessThan(1e-8);
      }),
      { numRuns: 12 },
    );
  });

  it('converges with KCL and energy closed for any offsets, loop gains far above 20 included', () => {
    const feeder = newFeeder();
    const setpoints = createSetpoints(6, 800000);
    const offsets = fc.array(fc.integer({ min: -800000, max: 800000 }), { minLength: 6, maxLength: 6 });
    let worst = 0;
    fc.assert(
      fc.property(
        offsets,
        fc.integer({ min: 500, max: 50000 }),
        fc.integer({ min: 0, max: 287 }),
        (micro, knee, step) => {
          setpoints.offsetMicro.set(micro);
          setpoints.curve = {
            vMicroPu: [970000 - knee, 970000, 1030000, 1030000 + knee],
            shareMicro: [1600000, 0, 0, -1600000],
          };
          expect(feeder.preview(step, setpoints)).toBe(true);
          worst = Math.max(worst, feeder.iterations);
          expectFlowInvariants(feeder.flow as RadialPowerFlow, feeder.pInjPu, feeder.qInjPu);
        },
      ),
      { numRuns: 200 },
    );
    expect(worst).toBeLessThan(60);
  });

  it('injects what the device itself would project from its own meter, within the meter resolution', () => {
    const feeder = newFeeder();
    const setpoints = createSetpoints(6, 800000);
    setpoints.offsetMicro.set([100000, -200000, 300000, 0, 800000, -800000]);
    const snapshot = createSnapshot();
    for (let step = 0; step < 288; step += 7) {
      feeder.advance(step, setpoints);
      feeder.scenario.sites.forEach((site, s) => {
        feeder.measure(s, snapshot);
        const device = projectVoltVar(
          { offsetMicro: setpoints.offsetMicro[s]!, limitMicro: 800000 },
          DEFAULT_VOLT_VAR,
          getChannel(snapshot, 'v.own')!,
          getChannel(snapshot, 'p.own')!,
          site.sMaxVa,
        );
        // half a microvolt-pu times 100 per pu times the rating, plus integer rounding
        expect(Math.abs(device - getChannel(snapshot, 'q.own')!)).toBeLessThan(50);
      });
    }
  });

  it('closes the energy of a day: fed in + PV + discharge = load + losses + charge', () => {
    const feeder = newFeeder();
    const setpoints = createSetpoints(6, 800000);
    const { series } = feeder;
    const start = feeder.socWh.slice();
    let residualWh = 0;
    let throughputWh = 0;
    let stored = 0;
    for (let k = 0; k < series.steps; k++) {
      followPlan(feeder, DEFAULT_BATTERY_PLAN, k, setpoints);
      feeder.advance(k, setpoints);
      expectFlowInvariants(feeder.flow as RadialPowerFlow, feeder.pInjPu, feeder.qInjPu);
      const loadW = series.loadPW.subarray(k * 33, k * 33 + 33).reduce((a, b) => a + b, 0);
      const sitesW = feeder.pW.reduce((a, b) => a + b, 0);
      residualWh += Math.abs(feeder.feedInW + sitesW - loadW - feeder.lossW) / 12;
      throughputWh += loadW / 12;
      feeder.pBatteryW.forEach((p) => (stored += (p < 0 ? -p * 0.95 : -p / 0.95) / 12));
    }
    expect(residualWh).toBeLessThan(1e-3);
    const change = feeder.socWh.reduce((sum, e, s) => sum + e - start[s]!, 0);
    expect(Math.abs(change - stored)).toBeLessThan(1e-9 * throughputWh);
    expect(stored).not.toBe(0);
    // The plan closes: a day ends within 4 % of rated energy of where it began.
    for (let s = 0; s < 6; s++) expect(Math.abs(feeder.socWh[s]! - start[s]!)).toBeLessThan(10000);
  });

  it('raises voltage with reactive injection and lowers it with absorption; limit 0 switches it off', () => {
    const feeder = newFeeder();
    const setpoints = createSetpoints(6, 800000);
    setpoints.mode = 'share';
    const at = (offset: number, limit = 800000): number => {
      setpoints.offsetMicro.fill(offset);
      setpoints.limitMicro.fill(limit);
      feeder.preview(MIDDAY, setpoints);
      return feeder.siteVPu(1);
    };
    const neutral = at(0);
    expect(at(400000)).toBeGreaterThan(neutral);
    expect(at(-400000)).toBeLessThan(neutral);
    expect(at(800000, 0)).toBeCloseTo(neutral, 9);
    expect(Math.max(...feeder.qVar.map(Math.abs))).toBe(0);
  });

  it('curtails PV only when the rating leaves no room, and gives the battery priority', () => {
    const sites = ieee33Sites().map((site) => ({ ...site, sMaxVa: 500000 }));
    const feeder = new Feeder(
      createFeederScenario({ series: ieee33Day(150, { seed: 1 }), sites, initialSocMicro: 800000 }),
    );
    const setpoints = createSetpoints(6, 800000);
    setpoints.pBatteryW.fill(100000);
    for (let k = 120; k < 150; k++) {
      feeder.preview(k, setpoints);
      for (let s = 0; s < 6; s++) {
        const available = feeder.series.pvW[k * 6 + s]!;
        expect(feeder.pvW[s]!).toBe(Math.min(available, 400000));
        expect(feeder.pW[s]! ** 2 + feeder.qVar[s]! ** 2).toBeLessThanOrEqual(500000 ** 2 * (1 + 1e-12));
      }
    }
  });

  it('prices an impossible interval instead of throwing, and recovers in the next one', () => {
    const series = ieee33Day(10, { seed: 1 });
    const broken = { ...series, loadPW: series.loadPW.slice(), pvW: new Float64Array(series.pvW.length) };
    for (let b = 1; b < 33; b++) broken.loadPW[5 * 33 + b] = 4e6;
    const feeder = new Feeder(createFeederScenario({ series: broken }));
    const setpoints = createSetpoints(6, 800000);
    feeder.advance(4, setpoints);
    const before = Array.from(feeder.vPu);
    expect(feeder.advance(5, setpoints)).toBe(false);
    expect(feeder.outOfBandBuses).toBe(32);
    expect(feeder.lossW).toBeLessThanOrEqual(BASE_VA);
    expect(feeder.feedInW).toBe(0);
    expect(feeder.vPu.every(Number.isFinite)).toBe(true);
    expect(feeder.advance(4, setpoints)).toBe(true);
    feeder.vPu.forEach((v, b) => expect(Math.abs(v - before[b]!)).toBeLessThan(1e-8));
  });

  it.each([
    ['below 0.95', 2.5, 0, (v: number) => v < 0.95],
    ['above 1.05', 0.5, 1.3, (v: number) => v > 1.05],
  ])('counts every bus %s pu, and knows the lowest and highest', (_where, load, pv, isOut) => {
    const series = ieee33Day(10, { seed: 1 });
    const scaled = {
      ...series,
      loadPW: series.loadPW.map((p) => load * p),
      loadQVar: series.loadQVar.map((q) => load * q),
      pvW: series.pvW.map((p) => pv * p),
    };
    const feeder = new Feeder(createFeederScenario({ series: scaled }));
    const off = createSetpoints(6, 0);
    let total = 0;
    for (let k = 0; k < scaled.steps; k += 6) {
      expect(feeder.advance(k, off)).toBe(true);
      const buses = feeder.vPu.subarray(1);
      expect(feeder.outOfBandBuses).toBe(buses.filter(isOut).length);
      expect([feeder.minVPu, feeder.maxVPu]).toEqual([Math.min(...buses), Math.max(...buses)]);
      total += feeder.outOfBandBuses;
    }
    expect(total).toBeGreaterThan(0);
  });

  it('branches: a clone and a restored state go on bit for bit, and independently', () => {
    const setpoints = createSetpoints(6, 800000);
    setpoints.pBatteryW.fill(-30000);
    const a = newFeeder();
    for (let k = 0; k < 140; k++) a.advance(k, setpoints);
    const b = a.clone();
    const c = newFeeder();
    c.setState(JSON.parse(JSON.stringify(a.getState())) as ReturnType<Feeder['getState']>);
    expect(Array.from(b.vPu)).toEqual(Array.from(a.vPu));
    const other = createSetpoints(6, 800000);
    other.offsetMicro.fill(-500000);
    for (let k = 140; k < 160; k++) {
      a.advance(k, setpoints);
      c.advance(k, setpoints);
      b.advance(k, other);
    }
    expect(Array.from(c.vPu)).toEqual(Array.from(a.vPu));
    expect(Array.from(c.socWh)).toEqual(Array.from(a.socWh));
    expect(Array.from(b.vPu)).not.toEqual(Array.from(a.vPu));
  });

  it('refuses rising curves, unknown steps, sites at unknown buses and series that do not fit', () => {
    const series = ieee33Day(0);
    const code = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        if (isGridPactError(error)) return error.code;
        throw error;
      }
      return 'accepted';
    };
    const rising = { vMicroPu: [950000, 1050000], shareMicro: [-1, 1] };
    expect(code(() => new Feeder(createFeederScenario({ series, curve: rising })))).toBe('env.voltVarCurve');
    expect(code(() => newFeeder().advance(288, createSetpoints(6, 0)))).toBe('env.step');
    const sites = ieee33Sites().map((site) => ({ ...site, bus: 77 }));
    expect(code(() => new Feeder(createFeederScenario({ series, sites })))).toBe('env.unknownBus');
    expect(code(() => new Feeder(createFeederScenario({ series: { ...series, steps: 289 } })))).toBe('env.series');
  });
});

describe('LinDistFlow sensitivity', () => {
  it('is symmetric and agrees with the AC power flow within 6 %', () => {
    const sites = ieee33Sites();
    const matrix = linDistFlowSensitivity(IEEE33, sites);
    const p = Float64Array.from(IEEE33.buses, (b) => (-0.25 * b.loadPW) / BASE_VA);
    const q = Float64Array.from(IEEE33.buses, (b) => (-0.25 * b.loadQVar) / BASE_VA);
    const flow = new RadialPowerFlow(IEEE33);
    flow.solve(p, q);
    const v0 = flow.vmPu.slice();
    sites.forEach((from, j) => {
      const more = q.slice();
      more[from.bus - 1]! += 0.1e6 / BASE_VA;
      flow.solve(p, more);
      sites.forEach((to, i) => {
        const measured = ((flow.vmPu[to.bus - 1]! - v0[to.bus - 1]!) / 0.1) * 1e6;
        expect(matrix[i * 6 + j]).toBe(matrix[j * 6 + i]);
        expect(Math.abs(matrix[i * 6 + j]! - measured)).toBeLessThan(0.06 * measured + 1);
      });
    });
  });
});
