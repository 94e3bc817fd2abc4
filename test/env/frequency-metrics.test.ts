/** Nadir, RoCoF, settling and delivery curves against values worked by hand and NESO's table. */
import { describe, expect, it } from 'vitest';
import { eventMetrics, EventTracker } from '../../src/env/physics/frequency/metrics.ts';
import {
  DELIVERY_CURVES,
  deliveryResponse,
  responseAt,
  type DeliveryProduct,
} from '../../src/env/physics/frequency/responseCurve.ts';

/** A damped swing whose extremes are known: f(t) = -e^{-t/2} sin(2t). */
const swing = (tS: number): number => -Math.exp(-tS / 2) * Math.sin(2 * tS);
const NADIR_S = Math.atan(4) / 2;

function sampled(f: (tS: number) => number, dtS: number, seconds: number): number[] {
  return Array.from({ length: Math.round(seconds / dtS) + 1 }, (_, k) => f(k * dtS));
}

describe('event metrics', () => {
  it('finds the nadir between 20 ms samples, to the millisecond', () => {
    const { nadirHz, nadirS, zenithS } = eventMetrics(sampled(swing, 0.02, 10), { dtS: 0.02, bandHz: 0.1 });
    expect(Math.abs(nadirS - NADIR_S)).toBeLessThan(0.001);
    expect(nadirHz).toBeCloseTo(swing(NADIR_S), 5);
    expect(Math.abs(zenithS - NADIR_S - Math.PI / 2)).toBeLessThan(0.001);
  });

  it('takes the sample itself where an event turns the frequency round', () => {
    const roof = sampled((t) => (t <= 1 ? t : 1 - 3 * (t - 1)), 0.02, 2);
    const options = { dtS: 0.02, bandHz: 0.1 };
    const tracker = new EventTracker(options);
    roof.forEach((f, k) => {
      tracker.push(f);
      if (k === 50) tracker.corner();
    });
    expect(tracker.metrics()).toMatchObject({ zenithHz: 1, zenithS: 1 });
    // Told of nothing, the parabola rises above the roof.
    expect(eventMetrics(roof, options).zenithHz).toBeGreaterThan(1.002);
  });

  it('takes the RoCoF over 0.5 s from the trigger instant on', () => {
    // A ramp of -1 Hz/s for 0.8 s, then flat: the worst half second is -1 Hz/s, the trigger sample counts.
    const ramp = sampled((t) => -Math.min(t, 0.8), 0.02, 3);
    expect(eventMetrics(ramp, { dtS: 0.02, bandHz: 0.1 }).rocofHzPerS).toBeCloseTo(1, 12);
    const short = sampled((t) => -Math.min(t, 0.25), 0.02, 3);
    expect(eventMetrics(short, { dtS: 0.02, bandHz: 0.1 }).rocofHzPerS).toBeCloseTo(0.5, 12);
    expect(eventMetrics(ramp.slice(0, 25), { dtS: 0.02, bandHz: 0.1 }).rocofHzPerS).toBe(0);
  });

  it('settles where the band is held to the end, and not where it is only visited', () => {
    const record = [0.3, 0.05, 0.3, 0.05, 0.02, 0.01];
    expect(eventMetrics(record, { dtS: 0.1, bandHz: 0.1 }).settlingS).toBeCloseTo(0.3, 12);
    expect(eventMetrics([...record, 0.2], { dtS: 0.1, bandHz: 0.1 }).settlingS).toBe(-1);
    expect(eventMetrics(record, { dtS: 0.1, bandHz: 0.1, targetHz: 0.3 }).settlingS).toBe(-1);
    expect(eventMetrics([0, 0.01], { dtS: 0.1, bandHz: 0.1 }).settlingS).toBe(0);
  });

  it('is the same when stopped and taken up again', () => {
    const options = { dtS: 0.02, bandHz: 0.1 };
    const record = sampled(swing, 0.02, 8);
    const first = new EventTracker(options);
    record.slice(0, 77).forEach((f) => first.push(f));
    const second = new EventTracker(options);
    second.setState(first.getState());
    record.slice(77).forEach((f) => second.push(f));
    expect(second.metrics()).toEqual(eventMetrics(record, options));
    second.reset();
    record.forEach((f) => second.push(f));
    expect(second.metrics()).toEqual(eventMetrics(record, options));
  });

  it('refuses a spacing that does not divide 0.5 s', () => {
    expect(() => new EventTracker({ dtS: 0.03, bandHz: 0.1 })).toThrow(
      expect.objectContaining({ code: 'env.frequency' }),
    );
  });
});

describe('delivery curves', () => {
  const F0 = 50;
  /** Spec/settlement.md 1.3 and 1.5: frequency, share of contracted power exported. */
  const vectors: Record<DeliveryProduct, readonly (readonly [number, number])[]> = {
    dynamicContainment: [
      [49.985, 0],
      [49.95, 0.009459],
      [49.9, 0.022973],
      [49.8, 0.05],
      [49.65, 0.525],
      [49.6, 0.683333],
      [49.5, 1],
      [49, 1],
    ],
    dynamicModeration: [
      [49.9, 0.05],
      [49.85, 0.525],
      [49.8, 1],
      [49.2, 1],
    ],
    dynamicRegulation: [
      [49.99, 0],
      [49.95, 0.189189],
      [49.9, 0.459459],
      [49.8, 1],
    ],
    fcr: [
      [49.95, 0.25],
      [49.7, 1],
      [50.15, -0.75],
      [50, 0],
    ],
  };
  for (const [product, points] of Object.entries(vectors) as [DeliveryProduct, (typeof vectors)['fcr']][]) {
    it(`${product}: the vectors, and the mirror image at high frequency`, () => {
      const curve = deliveryResponse(DELIVERY_CURVES[product], F0);
      for (const [hz, share] of points) {
        expect(responseAt(curve, (hz - F0) / F0)).toBeCloseTo(share, 6);
        expect(responseAt(curve, (F0 - hz) / F0)).toBeCloseTo(-share, 6);
      }
    });
  }

  it('half an hour at 49.8 Hz takes 0.5, 0.5 and 0.025 MWh per MW of DR, DM and DC', () => {
    const mwh = (product: DeliveryProduct): number =>
      responseAt(deliveryResponse(DELIVERY_CURVES[product], F0), -0.2 / F0) * 0.5;
    expect(mwh('dynamicRegulation')).toBeCloseTo(0.5, 12);
    expect(mwh('dynamicModeration')).toBeCloseTo(0.5, 12);
    expect(mwh('dynamicContainment')).toBeCloseTo(0.025, 12);
  });

  it('refuses a curve that rises', () => {
    const rising = { deviationMicroHz: [15000, 200000], shareMicro: [100000, 50000] };
    expect(() => deliveryResponse(rising, F0)).toThrow(expect.objectContaining({ code: 'env.frequency' }));
  });
});
