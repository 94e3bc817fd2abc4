import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followSetpoint, projectPq, type PqPriority } from '../../src/env/physics/inverter.ts';

const S = 5000;
const power = fc.double({ min: -20000, max: 20000, noNaN: true });
const priority = fc.constantFrom<PqPriority>('p', 'q', 'power-factor');
const inside = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 6.3, noNaN: true }));

describe('projection on the P-Q circle', () => {
  it('by priority', () => {
    expect(projectPq('p', S, 3000, 9000)).toEqual({ pW: 3000, qVar: 4000 });
    expect(projectPq('q', S, 9000, -3000)).toEqual({ pW: 4000, qVar: -3000 });
    expect(projectPq('q', S, 9000, -8000)).toEqual({ pW: 0, qVar: -5000 });
    const { pW, qVar } = projectPq('power-factor', S, 6000, -8000);
    expect([pW, qVar]).toEqual([expect.closeTo(3000, 9), expect.closeTo(-4000, 9)]);
  });

  it('is allowed, leaves allowed points alone, and repeats itself', () => {
    fc.assert(
      fc.property(priority, power, power, (kind, p, q) => {
        const point = projectPq(kind, S, p, q);
        expect(Math.hypot(point.pW, point.qVar)).toBeLessThanOrEqual(S * (1 + 1e-15));
        if (Math.hypot(p, q) < S * (1 - 1e-12)) expect(point).toEqual({ pW: p, qVar: q });
        const again = projectPq(kind, S, point.pW, point.qVar);
        expect(Math.hypot(again.pW - point.pW, again.qVar - point.qVar)).toBeLessThan(1e-9 * S);
      }),
    );
  });

  it('is the nearest: in P first, in Q first, or in the plane', () => {
    fc.assert(
      fc.property(power, power, inside, (p, q, [r, angle]) => {
        const other = { pW: r * S * Math.cos(angle), qVar: r * S * Math.sin(angle) };
        const first = projectPq('p', S, p, q);
        expect(Math.abs(first.pW - p)).toBeLessThanOrEqual(Math.abs(other.pW - p) + 1e-9);
        // Among the points with that P, the nearest in Q.
        if (Math.hypot(first.pW, other.qVar) <= S) {
          expect(Math.abs(first.qVar - q)).toBeLessThanOrEqual(Math.abs(other.qVar - q) + 1e-9);
        }
        const second = projectPq('q', S, p, q);
        expect(Math.abs(second.qVar - q)).toBeLessThanOrEqual(Math.abs(other.qVar - q) + 1e-9);
        const ray = projectPq('power-factor', S, p, q);
        const distance = (point: { pW: number; qVar: number }): number => Math.hypot(point.pW - p, point.qVar - q);
        expect(distance(ray)).toBeLessThanOrEqual(distance(other) + 1e-9);
        expect(Math.abs(ray.pW * q - ray.qVar * p)).toBeLessThanOrEqual(1e-9 * S * S);
      }),
    );
  });
});

describe('following a setpoint', () => {
  const inverter = { sMaxVa: S, priority: 'p' as const, rampWPerS: Infinity, timeConstantS: 2 };

  it('lags by the first-order response', () => {
    const { pW, qVar } = followSetpoint(inverter, { pW: 0, qVar: 0 }, { pW: 4000, qVar: -1000 }, 2);
    expect(pW).toBeCloseTo(4000 * (1 - Math.exp(-1)), 8);
    expect(qVar).toBeCloseTo(-1000 * (1 - Math.exp(-1)), 8);
    expect(followSetpoint({ ...inverter, timeConstantS: 0 }, { pW: 9, qVar: 9 }, { pW: 40, qVar: 5 }, 0.1)).toEqual({
      pW: 40,
      qVar: 5,
    });
  });

  it('stays on the circle and inside its ramp, and arrives', () => {
    fc.assert(
      fc.property(priority, power, power, power, power, (kind, p0, q0, p, q) => {
        const slow = { ...inverter, priority: kind, rampWPerS: 500 };
        let at = projectPq(kind, S, p0, q0);
        for (let i = 0; i < 200; i++) {
          const next = followSetpoint(slow, at, { pW: p, qVar: q }, 0.5);
          expect(Math.abs(next.pW - at.pW)).toBeLessThanOrEqual(250 * (1 + 1e-12));
          expect(Math.hypot(next.pW, next.qVar)).toBeLessThanOrEqual(S * (1 + 1e-12));
          at = next;
        }
        const goal = projectPq(kind, S, p, q);
        expect(Math.hypot(at.pW - goal.pW, at.qVar - goal.qVar)).toBeLessThan(1);
      }),
    );
  });
});
