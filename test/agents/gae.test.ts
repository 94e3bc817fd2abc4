import { describe, it, expect } from 'vitest';
import { generalisedAdvantages, type GaeInput } from '../../src/agents/gae.ts';

/** Three steps, one row, gamma 0.5, lambda 0.5; worked by hand beside each case. */
function run(change: Partial<GaeInput>): { advantages: number[]; returns: number[] } {
  const input: GaeInput = {
    steps: 3,
    rows: 1,
    rewards: Float32Array.of(1, 2, 4),
    values: Float32Array.of(2, 4, 8),
    terminated: new Uint8Array(3),
    truncated: new Uint8Array(3),
    finalValues: new Float32Array(3),
    lastValues: Float32Array.of(16),
    gamma: 0.5,
    lambda: 0.5,
    ...change,
  };
  const advantages = new Float32Array(3 * input.rows);
  const returns = new Float32Array(3 * input.rows);
  generalisedAdvantages(input, advantages, returns);
  return { advantages: [...advantages], returns: [...returns] };
}

describe('generalised advantage estimation, golden vectors', () => {
  it('bootstraps from the value after the last step', () => {
    // delta = 1+2-2, 2+4-4, 4+8-8 = 1, 2, 4;  A2 = 4, A1 = 2+1 = 3, A0 = 1+0.75 = 1.75
    expect(run({})).toEqual({ advantages: [1.75, 3, 4], returns: [3.75, 7, 12] });
  });

  it('takes no value and carries no advantage across a termination', () => {
    // delta1 = 2-4 = -2, A1 = -2;  A0 = 1+0.25*(-2) = 0.5;  A2 = 4
    expect(run({ terminated: Uint8Array.of(0, 1, 0) }).advantages).toEqual([0.5, -2, 4]);
  });

  it('bootstraps a truncation from the final observation, not from the new episode', () => {
    // delta1 = 2+0.5*10-4 = 3, A1 = 3;  A0 = 1+0.75 = 1.75
    const cut = run({ truncated: Uint8Array.of(0, 1, 0), finalValues: Float32Array.of(0, 10, 0) });
    expect(cut.advantages).toEqual([1.75, 3, 4]);
  });

  it('lets termination win when the clock stops at the same step', () => {
    const both = run({
      terminated: Uint8Array.of(0, 1, 0),
      truncated: Uint8Array.of(0, 1, 0),
      finalValues: Float32Array.of(0, 10, 0),
    });
    expect(both.advantages[1]).toBe(-2);
  });

  it('truncates at the last step too', () => {
    // delta2 = 4+0.5*6-8 = -1
    expect(run({ truncated: Uint8Array.of(0, 0, 1), finalValues: Float32Array.of(0, 0, 6) }).advantages[2]).toBe(-1);
  });

  it('keeps rows apart', () => {
    const pair = (a: number, b: number, c: number): Float32Array => Float32Array.of(a, 0, b, 0, c, 0);
    const two = run({
      rows: 2,
      rewards: pair(1, 2, 4),
      values: pair(2, 4, 8),
      terminated: new Uint8Array(6),
      truncated: new Uint8Array(6),
      finalValues: new Float32Array(6),
      lastValues: Float32Array.of(16, 0),
    });
    expect(two.advantages).toEqual([1.75, 0, 3, 0, 4, 0]);
  });

  it('is the reward minus the value when gamma is 0', () => {
    expect(run({ gamma: 0 }).advantages).toEqual([-1, -2, -4]);
  });
});
