/** Delivered response: the worked vectors of performance bounds and state of energy, and a fleet that answers a step. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batteryModel } from '../../src/env/physics/battery.ts';
import { DeliveryError, METER_S, paymentFactor } from '../../src/env/physics/frequency/deliveryError.ts';
import { DeliveryFleet } from '../../src/env/physics/frequency/deliveryFleet.ts';
import { DELIVERY_CURVES, deliveryResponse } from '../../src/env/physics/frequency/responseCurve.ts';
import { EnergyRequirement } from '../../src/env/physics/frequency/stateOfEnergy.ts';
import { contingencyHz } from '../../src/env/series/generator/contingency.ts';
import { AREA1_RATING } from '../../src/env/tasks/frequencyArea1.ts';

const DC = deliveryResponse(DELIVERY_CURVES.dynamicContainment, 1);

/** Nominal for two seconds, then a step: bounds by time from half a second before the step. */
function boundsOfStep(deviationHz: number): { t: number; lower: number; upper: number }[] {
  const meter = new DeliveryError(DC);
  for (let k = 0; k < 30; k++) meter.push(0, 0);
  return Array.from({ length: 41 }, (_, k) => {
    meter.push(k < 10 ? 0 : deviationHz, 0);
    return { t: k * METER_S, lower: meter.lower, upper: meter.upper };
  });
}

describe('performance bounds at 20 Hz', () => {
  it('step to -0.5 Hz at 0.5 s: upper rises 0.2 a sample from 0.70 to 1 at 0.90, lower 0.1 from 1.05 to 1 at 1.50', () => {
    for (const { t, lower, upper } of boundsOfStep(-0.5)) {
      const risen = (from: number, perSample: number): number =>
        Math.min(1, Math.max(0, Math.round((t - from) / METER_S + 1) * perSample));
      expect(upper, `upper at ${t}`).toBeCloseTo(t < 0.699 ? 0 : risen(0.7, 0.2), 12);
      expect(lower, `lower at ${t}`).toBeCloseTo(t < 1.049 ? 0 : risen(1.05, 0.1), 12);
    }
  });

  it('a step upwards mirrors them', () => {
    const down = boundsOfStep(-0.5);
    boundsOfStep(0.5).forEach(({ lower, upper }, k) => {
      expect(upper).toBeCloseTo(-down[k]!.lower, 12);
      expect(lower).toBeCloseTo(-down[k]!.upper, 12);
    });
  });

  it('E must persist for four samples', () => {
    const errorOf = (samples: number): number => {
      const meter = new DeliveryError(DC);
      for (let k = 0; k < 60; k++) meter.push(0, k >= 40 && k < 40 + samples ? 0.08 : 0);
      return meter.take();
    };
    expect(errorOf(3)).toBe(0);
    expect(errorOf(4)).toBeCloseTo(0.08, 12);
  });

  it('K is 1 to 3 %, 0 from 7 % on', () => {
    expect([0, 0.03, 0.04, 0.05, 0.06, 0.07, 0.5].map((e) => paymentFactor(e))).toEqual(
      [1, 1, 0.75, 0.5, 0.25, 0, 0].map((k): unknown => expect.closeTo(k, 12)),
    );
  });
});

describe('state of energy', () => {
  const requirements = (delivered: readonly number[]): number[] => {
    const requirement = new EnergyRequirement(10);
    return delivered.map((mwh) => {
      const now = requirement.required;
      requirement.close(mwh);
      return now;
    });
  };

  it('4 of 10 MWh delivered in the first period, or in the second', () => {
    expect(requirements([4, 0, 0, 0, 0, 0, 0, 0])).toEqual([10, 6, 6, 6, 6, 8, 10, 10]);
    expect(requirements([0, 4, 0, 0, 0, 0, 0, 0])).toEqual([10, 10, 6, 6, 6, 6, 8, 10]);
  });

  it('whatever is delivered, the requirement stays within 0 and REV and comes back to REV', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 12, noNaN: true }), { minLength: 1, maxLength: 20 }), (given) => {
        const all = requirements([...given, ...Array.from({ length: 12 }, () => 0)]);
        expect(all.every((x) => x >= 0 && x <= 10)).toBe(true);
        expect(all.at(-1)).toBeCloseTo(10, 9);
      }),
    );
  });
});

describe('the fleet on a given frequency', () => {
  const battery = batteryModel(AREA1_RATING);

  it('answers a contingency within E of 1 % when nothing else moves it', () => {
    const fleet = new DeliveryFleet(battery, 40000000, DC);
    const meter = new DeliveryError(DC);
    fleet.reset(12500000);
    const path = contingencyHz({ depthHz: 0.8, riseS: 1.6, restoreS: 200 });
    for (let k = 0; k < 40 + path.length; k++) {
      const hz = k < 40 ? 0 : path[k - 40]!;
      fleet.step(hz);
      meter.push(hz, fleet.powerW / 40000000);
    }
    expect(meter.take()).toBeLessThan(0.01);
    expect(fleet.exportedWh).toBeGreaterThan(500000);
  });

  it('stops at the limits of the store', () => {
    const fleet = new DeliveryFleet(battery, 40000000, DC);
    fleet.reset(battery.eMinWh + 10000);
    for (let k = 0; k < 2000; k++) fleet.step(-0.6);
    expect(fleet.storedWh).toBeGreaterThanOrEqual(battery.eMinWh);
    expect(fleet.powerW).toBeLessThan(1000);
  });
});

describe('a contingency', () => {
  it('is as deep as told, falls within seconds and is over in minutes', () => {
    const f = contingencyHz({ depthHz: 0.65, riseS: 2, restoreS: 150 });
    const nadir = f.indexOf(Math.min(...f));
    expect(f[nadir]).toBeCloseTo(-0.65, 12);
    expect(nadir * METER_S).toBeGreaterThan(2);
    expect(nadir * METER_S).toBeLessThan(15);
    expect(Math.abs(f.at(-1)!)).toBeLessThan(0.002);
  });
});
