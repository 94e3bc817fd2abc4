import fc from 'fast-check';
import { describe, it, expect } from 'vitest';
import { makeTransitions, Replay, type Transitions } from '../../src/agents/replay.ts';
import { RandomStream } from '../../src/base/random.ts';
import { stateFromJson, stateToJson } from '../../src/env/gym/jsonState.ts';

const SIZES = { observation: 2, action: 1, costs: 1 };

/** Every number of transition k tells k and its column. */
function transition(k: number): Transitions {
  return {
    observations: Float32Array.of(k, k + 0.125),
    actions: Float32Array.of(k + 0.25),
    rewards: Float32Array.of(k + 0.375),
    costs: Float32Array.of(k + 0.5),
    nextObservations: Float32Array.of(k + 0.625, k + 0.75),
    terminated: Float32Array.of(k % 2),
  };
}

function filled(capacity: number, added: number): Replay {
  const replay = new Replay(capacity, SIZES);
  for (let k = 0; k < added; k++) replay.add(transition(k), 0);
  return replay;
}

/** Row `row` of a batch as `transition` would have it. */
function rowOf(batch: Transitions, row: number): Transitions {
  return {
    observations: batch.observations.slice(2 * row, 2 * row + 2),
    actions: batch.actions.slice(row, row + 1),
    rewards: batch.rewards.slice(row, row + 1),
    costs: batch.costs.slice(row, row + 1),
    nextObservations: batch.nextObservations.slice(2 * row, 2 * row + 2),
    terminated: batch.terminated.slice(row, row + 1),
  };
}

describe('Replay', () => {
  it('draws whole transitions, and only of the newest that it has room for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 30 }), (capacity, added) => {
        const replay = filled(capacity, added);
        expect(replay.count).toBe(Math.min(capacity, added));
        const batch = makeTransitions(20, SIZES);
        replay.sample(RandomStream.fromSeed(added, 'draw'), batch);
        for (let row = 0; row < 20; row++) {
          const k = batch.observations[2 * row]!;
          expect(k).toBeGreaterThanOrEqual(Math.max(0, added - capacity));
          expect(k).toBeLessThan(added);
          expect(rowOf(batch, row)).toEqual(transition(k));
        }
      }),
    );
  });

  it('draws every transition equally often', () => {
    const batch = makeTransitions(8000, SIZES);
    filled(8, 11).sample(RandomStream.fromSeed(1, 'draw'), batch);
    const counts = new Map<number, number>();
    for (let row = 0; row < 8000; row++) {
      const k = batch.observations[2 * row]!;
      counts.set(k, (counts.get(k) ?? 0) + 1);
    }
    expect(counts.size).toBe(8);
    // Binomial of mean 1000 and deviation 30.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it.each([3, 8, 13])('goes on from a state through JSON after %d transitions', (added) => {
    const replay = filled(8, added);
    const twin = new Replay(8, SIZES);
    twin.setState(stateFromJson(JSON.parse(JSON.stringify(stateToJson(replay.getState())))));
    for (const one of [replay, twin]) one.add(transition(100), 0);
    const [a, b] = [replay, twin].map((one) => {
      const batch = makeTransitions(50, SIZES);
      one.sample(RandomStream.fromSeed(4, 'draw'), batch);
      return batch;
    });
    expect(b).toEqual(a);
    expect(twin.getState()).toEqual(replay.getState());
  });

  it.each<[string, (state: Record<string, unknown>) => Record<string, unknown>]>([
    ['more rows than there is room for', () => filled(9, 9).getState()],
    ['a count that its columns do not have', (state) => ({ ...state, count: 4 })],
    ['a place outside', (state) => ({ ...state, at: 8 })],
    ['no columns', ({ count, at }) => ({ count, at })],
    ['columns that are no floats', (state) => ({ ...state, columns: Array<string>(6).fill('12345') })],
  ])('refuses a state with %s', (_, change) => {
    const state = change(filled(8, 5).getState());
    expect(() => new Replay(8, SIZES).setState(state)).toThrow(expect.objectContaining({ code: 'env.state' }));
  });
});
