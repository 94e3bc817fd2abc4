import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batteryModel, feasiblePowerW, nextEnergyWh } from '../../src/env/physics/battery.ts';
import { checkBatteryCurves, stepBattery, type BatteryCurves } from '../../src/env/physics/batteryCurves.ts';

const MODEL = batteryModel({
  pMaxW: 5000,
  eMaxWh: 6400,
  etaChargeMicro: 948683,
  etaDischargeMicro: 948683,
  socMinMicro: 50000,
  socMaxMicro: 950000,
});
/** Efficiency and power curves of the shape CityLearn uses for a home battery. */
const CURVES: BatteryCurves = {
  efficiencyCharge: { at: [0, 0.3, 0.7, 0.8, 1], value: [0.83, 0.83, 0.9, 0.9, 0.85] },
  efficiencyDischarge: { at: [0, 0.3, 0.7, 0.8, 1], value: [0.83, 0.83, 0.9, 0.9, 0.85] },
  limitCharge: { at: [0, 0.8, 1], value: [1, 1, 0.2] },
  limitDischarge: { at: [0, 0.2, 1], value: [0.2, 1, 1] },
  selfDischargePerH: 0.001,
};

const soc = fc.double({ min: 320, max: 6080, noNaN: true });
const wanted = fc.double({ min: -8000, max: 8000, noNaN: true });
const hours = fc.constantFrom(1 / 60, 0.25, 1, 4);

describe('battery with curves', () => {
  it('without curves is the plain battery, bit for bit', () => {
    fc.assert(
      fc.property(soc, wanted, hours, (e, p, dtH) => {
        const plain = feasiblePowerW(MODEL, e, p, dtH);
        const step = stepBattery(MODEL, {}, e, p, dtH);
        expect(step.pW).toBe(plain);
        expect(step.socWh).toBe(nextEnergyWh(MODEL, e, plain, dtH));
      }),
    );
  });

  it('a level efficiency curve is the plain battery within rounding', () => {
    const level = { at: [0, 0.5, 1], value: [0.948683, 0.948683, 0.948683] };
    fc.assert(
      fc.property(soc, wanted, hours, (e, p, dtH) => {
        const step = stepBattery(MODEL, { efficiencyCharge: level, efficiencyDischarge: level }, e, p, dtH);
        expect(step.pW).toBeCloseTo(feasiblePowerW(MODEL, e, p, dtH), 8);
      }),
    );
  });

  it('closes its energy, keeps every limit, and takes what it can get', () => {
    fc.assert(
      fc.property(soc, wanted, hours, (e, p, dtH) => {
        const step = stepBattery(MODEL, CURVES, e, p, dtH);
        expect(Math.abs(-step.pW * dtH - (step.socWh - e) - step.lossWh)).toBeLessThan(1e-9);
        expect(step.lossWh).toBeGreaterThanOrEqual(0);
        expect(Math.abs(step.pW)).toBeLessThanOrEqual(Math.abs(p));
        expect(step.pW * p).toBeGreaterThanOrEqual(0);
        expect(step.socWh).toBeLessThanOrEqual(6080);
        expect(step.socWh).toBeGreaterThanOrEqual(e < 330 ? 315 : 320);
        const share = e / 6400;
        const cap = 5000 * (p < 0 ? Math.min(1, 1 - 4 * (share - 0.8)) : Math.min(1, 0.2 + 4 * share));
        expect(Math.abs(step.pW)).toBeLessThanOrEqual(cap + 1e-9);
        // What was wanted and not given has a reason: the power limit, or a full or empty store.
        if (Math.abs(p) - Math.abs(step.pW) > 1e-9 && Math.abs(step.pW) < cap - 1e-9) {
          if (p < 0) expect(step.socWh).toBeCloseTo(6080, 6);
          else expect(step.socWh).toBeLessThanOrEqual(320 + 1e-6);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('stores what the efficiency at that power says', () => {
    const { selfDischargePerH: _, ...still } = CURVES;
    expect(stepBattery(MODEL, still, 2000, -3500, 0.25).socWh).toBeCloseTo(2000 + 3500 * 0.25 * 0.9, 9);
    expect(stepBattery(MODEL, still, 2000, -2500, 0.25).socWh).toBeCloseTo(2000 + 2500 * 0.25 * 0.865, 9);
    expect(stepBattery(MODEL, still, 4000, 1500, 0.25).socWh).toBeCloseTo(4000 - (1500 * 0.25) / 0.83, 9);
  });

  it('loses charge at rest, the same in one step as in many', () => {
    const rest = { selfDischargePerH: 0.01 };
    expect(stepBattery(MODEL, rest, 5000, 0, 1)).toEqual({
      pW: 0,
      socWh: expect.closeTo(4950, 9),
      lossWh: expect.closeTo(50, 9),
    });
    let e = 5000;
    for (let i = 0; i < 60; i++) e = stepBattery(MODEL, rest, e, 0, 1 / 60).socWh;
    expect(e).toBeCloseTo(4950, 8);
  });

  it('refuses curves that are malformed or store less with more power', () => {
    expect(checkBatteryCurves(CURVES)).toBe(CURVES);
    const bad: BatteryCurves[] = [
      { limitCharge: { at: [0, 0.5], value: [1, 1] } },
      { limitCharge: { at: [0, 0.6, 0.5, 1], value: [1, 1, 1, 1] } },
      { limitDischarge: { at: [0, 1], value: [1, 1.2] } },
      { efficiencyCharge: { at: [0, 1], value: [0, 1] } },
      { efficiencyCharge: { at: [0, 0.5, 1], value: [0.9, 0.9, 0.3] } },
      { efficiencyDischarge: { at: [0, 0.5, 1], value: [0.1, 0.2, 0.9] } },
      { selfDischargePerH: 1 },
      { efficencyCharge: { at: [0, 1], value: [0.9, 0.9] } } as BatteryCurves,
      { limitCharge: {} } as BatteryCurves,
    ];
    for (const curves of bad) {
      expect(() => checkBatteryCurves(curves)).toThrow(expect.objectContaining({ code: 'env.battery' }));
    }
  });
});
