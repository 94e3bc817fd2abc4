/** The life of the dispatch tasks with default arguments, bit for bit: a change here is a new version of the task. */
import { describe, expect, it } from 'vitest';
import { makeVector, type TaskId } from '../../src/env/gym/registry.ts';

type Id = Extract<TaskId, `dispatch-${string}`>;

function digest(id: Id, args: object): string {
  const vector = makeVector(id, 1, args);
  vector.reset(7);
  const copy = vector.copies[0]!;
  const size = copy.shape.agents * copy.shape.actionSize;
  const actions = new Float32Array(size);
  for (let t = 0; t < 90; t++) {
    for (let k = 0; k < size; k++) actions[k] = (((t * 7 + k * 3) % 21) - 10) / 10;
    vector.step(actions);
  }
  return copy.trajectory().digestHex();
}

const QUARTERS = { days: 3, stepMs: 900000, tariff: 'day-ahead', observationDelay: 0 };

const SPREAD = { spread: 1, reward: 'difference' };

describe('dispatch trajectories', () => {
  it.each([
    ['dispatch-home-v1', {}, '15c26c5a0bf9f49676b8ae8f9546fb2fc7e120c4e5f32423a7ba571cf8ec7147'],
    ['dispatch-home-v1', QUARTERS, 'cc4cabea9b97db179ec3679644f2b0020fc9b3a682ddbcfa0845862d24007cfb'],
    ['dispatch-feeder-v1', {}, '576d29b094a4e567d9bc361c47091e52b3fce1887be22e0ae181f594e0bfa28e'],
    ['dispatch-home-reserve-v1', {}, '89c5c7ec01f22130b6eb88afa3ff3a132a7733068cfd7d53ea9fdcaa073bc672'],
    ['dispatch-home-reserve-v1', SPREAD, 'ec58072339c919c3dec17531770db7f4fb53d1f0bd7320ef6c84cf76caaad5f2'],
    ['dispatch-feeder-margin-v1', {}, '8e86caa3b2617cba27ab6787e5d3a50e96771721882a04a2e2946dc3579b7b86'],
  ] as const)('%s %j', (id, args, expected) => {
    expect(digest(id, args)).toBe(expected);
  });
});
