import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batteryModel, conversionLossWh, feasiblePowerW, nextEnergyWh } from '../../src/env/physics/battery.ts';
import { projectPPriority, reactiveOfShare } from '../../src/env/physics/inverter.ts';

const BATTERY = batteryModel({
  pMaxW: 100000,
  eMaxWh: 250000,
  etaChargeMicro: 950000,
  etaDischargeMicro: 900000,
  socMinMicro: 100000,
  socMaxMicro: 900000,
});

describe('battery', () => {
  it('loses on the way in and on the way out', () => {
    expect(nextEnergyWh(BATTERY, 100000, -50000, 1)).toBe(147500);
    expect(nextEnergyWh(BATTERY, 100000, 45000, 1)).toBeCloseTo(50000, 9);
    expect(conversionLossWh(-50000, 1, 47500)).toBe(2500);
    expect(conversionLossWh(45000, 1, -50000)).toBe(5000);
  });

  it('is limited by rating and by energy, and lands on the energy limits', () => {
    expect(feasiblePowerW(BATTERY, 125000, 1e6, 1 / 12)).toBe(100000);
    expect(feasiblePowerW(BATTERY, 125000, -1e6, 1 / 12)).toBe(-100000);
    const p = feasiblePowerW(BATTERY, 30000, 1e6, 1);
    expect(p).toBe(4500);
    expect(nextEnergyWh(BATTERY, 30000, p, 1)).toBe(25000);
    const c = feasiblePowerW(BATTERY, 224050, -1e6, 1);
    expect(c).toBeCloseTo(-1000, 9);
    expect(nextEnergyWh(BATTERY, 224050, c, 1)).toBe(225000);
  });

  it('closes its energy balance and stays inside its limits under any requests', () => {
    const requests = fc.array(fc.double({ min: -3e5, max: 3e5, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(requests, fc.double({ min: 25000, max: 225000, noNaN: true }), (wanted, startWh) => {
        let e = startWh;
        let balance = 0;
        let throughput = 1;
        for (const w of wanted) {
          const p = feasiblePowerW(BATTERY, e, w, 1 / 12);
          const next = nextEnergyWh(BATTERY, e, p, 1 / 12);
          const loss = conversionLossWh(p, 1 / 12, next - e);
          expect(loss).toBeGreaterThanOrEqual(-1e-9);
          expect(Math.abs(p)).toBeLessThanOrEqual(Math.abs(w));
          expect(next).toBeGreaterThanOrEqual(25000);
          expect(next).toBeLessThanOrEqual(225000);
          const stored = p < 0 ? -p * 0.95 : -p / 0.9;
          balance += next - e - stored / 12;
          throughput += Math.abs(p) / 12;
          e = next;
        }
        expect(Math.abs(balance)).toBeLessThan(1e-9 * throughput);
      }),
    );
  });

  it('outside its window after a change of limits, it only moves back towards it', () => {
    expect(feasiblePowerW(BATTERY, 10000, 5000, 1)).toBe(0);
    expect(nextEnergyWh(BATTERY, 10000, -1000, 1)).toBe(10950);
    expect(nextEnergyWh(BATTERY, 240000, 0, 1)).toBe(240000);
  });
});

describe('inverter', () => {
  it('keeps P^2 + Q^2 <= S^2 with priority to P', () => {
    expect(projectPPriority(5, 3, 10)).toEqual({ pW: 3, qVar: 4 });
    expect(projectPPriority(5, -3, -10)).toEqual({ pW: -3, qVar: -4 });
    expect(projectPPriority(5, 9, 1)).toEqual({ pW: 5, qVar: 0 });
    expect(reactiveOfShare(-0.5, 5, 3)).toBe(-2);
    fc.assert(
      fc.property(
        fc.double({ min: -2e6, max: 2e6, noNaN: true }),
        fc.double({ min: -2e6, max: 2e6, noNaN: true }),
        (p, q) => {
          const point = projectPPriority(928750, p, q);
          expect(Math.hypot(point.pW, point.qVar)).toBeLessThanOrEqual(928750 * (1 + 1e-12));
          if (Math.hypot(p, q) <= 928750) expect(point).toEqual({ pW: p, qVar: q });
        },
      ),
    );
  });
});
