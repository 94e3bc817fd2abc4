/** A sample of what `npm run check:deep -- random-actions` does with 10^5 steps and 10^6 actions per task. */
import { describe, expect, it } from 'vitest';
import { TASK_IDS } from '../../src/env/gym/registry.ts';
import { endure, toleranceOf } from './endurance.ts';

const STEPS = 400;

describe.each([...TASK_IDS])('%s under random actions', (id) => {
  it('never throws, rewards are finite and every step balances', () => {
    const lived = endure(id, 17, STEPS);
    expect(lived.rewardsFinite).toBe(true);
    expect(lived.unsolved).toBeLessThan(STEPS);
    expect(lived.worstOfTolerance).toBeLessThan(1);
  });
});

it('an imbalance of twice what is allowed is seen', () => {
  expect(toleranceOf({ sources: 1, sinks: 1, unit: 'Wh' })).toBe(1e-3);
  expect(toleranceOf({ sources: 1e9, sinks: -2e9, unit: 'Wh' })).toBe(2);
  expect(toleranceOf({ sources: 0.5, sinks: 0.5, unit: 'pu s' })).toBe(1e-9);
});
