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

  it('are named when they are refused, with what would do', () => {
    const refusal = (given: object): string => {
      try {
        taskArguments({ mode: 'sun' as string, share: 1 }, given, { mode: ['sun', 'rain'], share: [0, 1, 'real'] });
      } catch (error) {
        return String(error);
      }
      return '';
    };
    expect(refusal({ mode: 'snow' })).toMatch('mode: sun, rain');
    expect(refusal({ share: NaN })).toMatch(/share: a finite number within \[0, 1\].*NaN/);
    expect(refusal({ wind: 1 })).toMatch(/one of mode, share.*wind/);
    expect(refusal({ share: 0.25, mode: 'rain' })).toBe('');
  });
});
