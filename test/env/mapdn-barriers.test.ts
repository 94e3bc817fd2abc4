import { describe, expect, it } from 'vitest';
import { BARRIERS, type BarrierName } from '../../src/env/tasks/barriers.ts';

/** v = .93, .95, .97, 1 as printed for the peer's own code; [value, printed digits after the point]. */
const GOLDEN: Record<BarrierName, readonly (readonly [number, number])[]> = {
  l1: [
    [0.07, 2],
    [0.05, 2],
    [0.03, 2],
    [0, 0],
  ],
  l2: [
    [0.0098, 4],
    [0.005, 3],
    [0.0018, 4],
    [0, 0],
  ],
  courantBeltrami: [
    [0.0004, 4],
    [0, 4],
    [0, 4],
    [0, 4],
  ],
  bowl: [
    [0.045, 3],
    [0.005, 3],
    [0.001861, 6],
    [0.000106, 6],
  ],
  bump: [
    [0.01889, 5],
    [0.004557, 6],
    [0.0001636, 7],
    [0, 0],
  ],
};

describe('MAPDN voltage barriers', () => {
  it.each(Object.keys(GOLDEN) as BarrierName[])('%s has the golden values, mirrored above 1 pu', (name) => {
    [0.93, 0.95, 0.97, 1].forEach((v, i) => {
      const [value, digits] = GOLDEN[name][i]!;
      expect(Math.abs(BARRIERS[name](v) - value)).toBeLessThan(0.5 * 10 ** -digits);
      expect(BARRIERS[name](2 - v)).toBeCloseTo(BARRIERS[name](v), 14);
    });
  });

  it('is exact where the printed value is exact', () => {
    expect(BARRIERS.l2(0.93)).toBeCloseTo(0.0098, 15);
    expect(BARRIERS.courantBeltrami(0.93)).toBeCloseTo(0.0004, 15);
    expect(BARRIERS.bowl(0.93)).toBeCloseTo(0.045, 15);
    expect(BARRIERS.bowl(0.95)).toBeCloseTo(0.005, 14);
    expect(BARRIERS.bump(1)).toBe(0);
    expect(BARRIERS.bump(3.5)).toBe(0);
  });
});
