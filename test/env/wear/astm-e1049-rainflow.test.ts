import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rainflow, RainflowDamage, type Cycle } from '../../../src/env/physics/wear/rainflow.ts';
import { depthStress, socStress } from '../../../src/env/physics/wear/degradation.ts';

const damageOf = (range: number, mean: number): number => depthStress(range) * socStress(mean);

/** Counts by range, the ranges to 9 digits. */
function table(cycles: readonly Cycle[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { range, count } of cycles) {
    const key = String(Number(range.toFixed(9)));
    counts[key] = (counts[key] ?? 0) + count;
  }
  return counts;
}

function batchDamage(history: readonly number[], damage = damageOf): number {
  return rainflow(history).reduce((sum, { range, mean, count }) => sum + count * damage(range, mean), 0);
}

/** Total after every sample, and the sum of the increments. */
function incremental(history: readonly number[], damage = damageOf): { totals: number[]; sum: number } {
  const counter = new RainflowDamage(damage, history[0]!);
  let sum = 0;
  const totals = history.map((x) => {
    const step = counter.add(x);
    expect(step).toBeGreaterThanOrEqual(0);
    sum += step;
    return counter.total;
  });
  return { totals, sum };
}

/** Random walks of every kind: rests, plateaus, micro-cycles, full swings, spirals. */
const walk = fc
  .array(
    fc.oneof(
      fc.record({ kind: fc.constant('swing' as const), to: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ kind: fc.constant('rest' as const), to: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constant('micro' as const), to: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constant('spiral' as const), to: fc.integer({ min: 2, max: 12 }) }),
      fc.record({ kind: fc.constant('grid' as const), to: fc.integer({ min: 0, max: 5 }) }),
    ),
    { minLength: 1, maxLength: 60 },
  )
  .map((parts) => {
    const soc = [0.5];
    for (const { kind, to } of parts) {
      const at = soc.at(-1)!;
      if (kind === 'swing') soc.push(to);
      else if (kind === 'grid') soc.push(to / 5);
      else if (kind === 'rest') for (let i = 0; i < to; i++) soc.push(at);
      else if (kind === 'micro') for (let i = 0; i < to; i++) soc.push(at + (i % 2 === 0 ? 1e-6 : 0) * (i + 1));
      else for (let i = to; i > 0; i--) soc.push(0.5 + ((i % 2 === 0 ? 1 : -1) * i) / 30);
    }
    return soc;
  });

describe('rainflow, ASTM E1049', () => {
  it('counts the example of the standard', () => {
    expect(table(rainflow([-2, 1, -3, 5, -1, 3, -4, 4, -2]))).toEqual({ 3: 0.5, 4: 1.5, 6: 0.5, 8: 1, 9: 0.5 });
  });

  it('counts a state-of-charge history', () => {
    const counts = table(rainflow([0.5, 0.9, 0.5, 0.7, 0.6, 0.8, 0.2, 0.5]));
    expect(counts).toEqual({ 0.4: 0.5, 0.1: 1, 0.3: 1.5, 0.7: 0.5 });
  });

  it('counts nothing without movement', () => {
    expect(rainflow([])).toEqual([]);
    expect(rainflow([0.4, 0.4, 0.4])).toEqual([]);
    expect(new RainflowDamage(damageOf, 0.4).total).toBe(0);
  });

  it('does not see rests: charge, rest, discharge, rest is one cycle', () => {
    const busy = [0.2, 0.8, 0.2, 0.8, 0.2];
    const rested = [0.2, 0.5, 0.8, 0.8, 0.8, 0.5, 0.2, 0.2, 0.8, 0.8, 0.2, 0.2];
    expect(table(rainflow(rested))).toEqual({ 0.6: 2 });
    expect(batchDamage(rested)).toBe(batchDamage(busy));
    expect(incremental(rested).sum).toBeCloseTo(batchDamage(busy), 15);
  });

  it('does not let small cycles hide a big one', () => {
    const big = [0.1, 0.9, 0.1];
    const ripples = [0.1];
    for (let i = 1; i <= 100; i++) ripples.push(0.1 + 0.008 * i, 0.1 + 0.008 * i - 0.002);
    ripples.push(0.9, 0.1);
    expect(batchDamage(ripples)).toBeGreaterThan(batchDamage(big));
    expect(table(rainflow(ripples))[0.8]).toBe(1);
  });
});

describe('incremental rainflow', () => {
  it('has after every sample the batch damage of the history so far, and its increments sum to it', () => {
    fc.assert(
      fc.property(walk, (history) => {
        const { totals, sum } = incremental(history);
        for (let i = 0; i < history.length; i++) {
          expect(Math.abs(totals[i]! - batchDamage(history.slice(0, i + 1)))).toBeLessThan(1e-12);
        }
        expect(Math.abs(sum - batchDamage(history))).toBeLessThan(1e-12);
      }),
      { numRuns: 300 },
    );
  });

  it('telescopes over long histories with plain ranges as damage', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2000, maxLength: 3000 }), (soc) => {
        const range = (x: number): number => x;
        expect(Math.abs(incremental(soc, range).sum - batchDamage(soc, range))).toBeLessThan(1e-9);
      }),
      { numRuns: 20 },
    );
  });

  it('goes on from its state exactly', () => {
    fc.assert(
      fc.property(walk, fc.integer({ min: 0, max: 60 }), (history, cut) => {
        const whole = new RainflowDamage(damageOf, history[0]!);
        const part = new RainflowDamage(damageOf, history[0]!);
        history.slice(0, cut).forEach((x) => {
          whole.add(x);
          part.add(x);
        });
        const resumed = new RainflowDamage(damageOf, 0);
        resumed.setState(JSON.parse(JSON.stringify(part.getState())) as ReturnType<typeof part.getState>);
        for (const x of history.slice(cut)) expect(Object.is(resumed.add(x), whole.add(x))).toBe(true);
        expect(resumed.getState()).toEqual(whole.getState());
      }),
    );
  });

  it('is bounded in memory, and stays within half a cycle of batch in spirals deeper than it keeps', () => {
    const spiral = Array.from({ length: 6000 }, (_, i) => 0.5 + ((i % 2 === 0 ? 1 : -1) * (6000 - i)) / 12000);
    const counter = new RainflowDamage(damageOf, spiral[0]!);
    spiral.forEach((x) => counter.add(x));
    expect(counter.getState().points.length).toBe(4096);
    expect(counter.total / batchDamage(spiral)).toBeCloseTo(1, 12);
    const swung = [...spiral, 1, 0];
    counter.add(1);
    counter.add(0);
    expect(Math.abs(counter.total - batchDamage(swung))).toBeLessThan(damageOf(1, 0.5));
    expect(counter.getState().points.length).toBeLessThan(5);
  });

  it('refuses samples that are not finite', () => {
    const counter = new RainflowDamage(damageOf, 0.5);
    expect(() => counter.add(NaN)).toThrow(expect.objectContaining({ code: 'env.wear' }));
    expect(() => new RainflowDamage(damageOf, Infinity)).toThrow(expect.objectContaining({ code: 'env.wear' }));
  });
});
