import { describe, expect, it } from 'vitest';
import { taskArguments } from '../../src/env/index.ts';

const DEFAULTS = { scale: 0.5, days: 10, split: 'train' as string, curve: { v: [1] }, strict: false };
const check = (given: object): unknown => taskArguments(DEFAULTS, given, { scale: [0.1, 100], days: [1, 1e6] });

describe('arguments of a task', () => {
  it('are the defaults but for what is given', () => {
    expect(check({})).toEqual(DEFAULTS);
    expect(check({ scale: 0.6, split: 'test', curve: { v: [2] }, strict: true })).toEqual({
      ...DEFAULTS,
      scale: 0.6,
      split: 'test',
      curve: { v: [2] },
      strict: true,
    });
    expect(check({ days: 1e6, scale: 0.1 })).toMatchObject({ days: 1e6, scale: 0.1 });
  });

  it.each<object>([
    { colour: 'red' },
    { toString: 1 },
    { scale: '0.5' },
    { scale: NaN },
    { scale: Infinity },
    { scale: 0.09 },
    { scale: 101 },
    { days: 2.5 },
    { days: 0 },
    { strict: 1 },
    { split: undefined },
  ])('refuse %j', (given) => {
    expect(() => check(given)).toThrow('env.taskArgument');
  });

  it('need finite numbers where no bounds are given', () => {
    expect(taskArguments({ x: 0.5 }, { x: -1e300 })).toEqual({ x: -1e300 });
    expect(() => taskArguments({ x: 0.5 }, { x: -Infinity })).toThrow('env.taskArgument');
  });
});
