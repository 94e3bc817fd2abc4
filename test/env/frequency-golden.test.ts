/**
 * The life of `frequency-area1-v1`, `-area2-v1` and `-ieee14-v1`, bit for bit, as first released: a policy is trained
 * on these numbers, so a change here is a new version of the task.
 */
import { describe, expect, it } from 'vitest';
import { randomRun } from '../../src/env/gym/randomRun.ts';
import { taskDefinition } from '../../src/env/gym/registry.ts';

const GOLDEN: readonly (readonly [string, Readonly<Record<string, unknown>>, number, string])[] = [
  ['frequency-area1-v1', {}, 180, 'e9977abb689d89302a79eade848b0faf'],
  [
    'frequency-area1-v1',
    { split: 'test', observationDelay: 1, missingRate: 0.2, response: 'dynamicRegulation' },
    180,
    '733f99cf82708bd3493481b8be8f4239',
  ],
  ['frequency-area1-v1', { scenario: 'series', stepMs: 1000, physicsMs: 20 }, 90, 'b5416c7643390322a8f8ff2b8e9ee3f4'],
  [
    'frequency-area1-v1',
    { scenario: 'series', split: 'test', response: 'droop', seriesScale: 3, days: 20, seriesSeed: 5 },
    180,
    '1a71ffcd56ddbcaaf22ab9f9e77393c8',
  ],
  ['frequency-area2-v1', {}, 120, '7c99286b7bdf6a2a894ba23fd4fd5b47'],
  ['frequency-ieee14-v1', {}, 80, 'f28878277ee230b68911f08b2fc34217'],
  [
    'frequency-ieee14-v1',
    { split: 'test', response: 'droop', loadStepPu: 0.4 },
    80,
    'bc9f3c2581aeb7291a0d23a6c6cdbcb3',
  ],
];

describe('trajectories of the frequency tasks under random actions', () => {
  for (const [id, args, steps, digest] of GOLDEN) {
    it(`${id} ${JSON.stringify(args)}`, () => {
      const copy = taskDefinition(id).createCopy(args);
      expect(randomRun(copy, { seed: 7, steps }).digestHex.slice(0, 32)).toBe(digest);
    });
  }
});
