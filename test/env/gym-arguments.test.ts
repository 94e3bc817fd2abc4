import { describe, expect, it } from 'vitest';
import { make, TASK_IDS, taskArguments, type TaskId } from '../../src/env/index.ts';

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

  it('may have no default', () => {
    interface Args {
      readonly scale: number;
      readonly slot?: number | undefined;
      readonly homes?: readonly string[] | undefined;
    }
    const optional = { slot: 'number', homes: 'array' } as const;
    const taken = (given: Partial<Args>): Args =>
      taskArguments<Args>({ scale: 0.5 }, given, { slot: [0, 95] }, optional);
    expect(taken({})).toEqual({ scale: 0.5 });
    expect(taken({ slot: undefined, homes: ['a'] })).toEqual({ scale: 0.5, slot: undefined, homes: ['a'] });
    expect(() => taken({ slot: 96 })).toThrow(/slot: an integer within \[0, 95\].*96/);
    expect(() => taken({ slot: 1.5 })).toThrow('slot: an integer');
    expect(() => taken({ homes: {} as string[] })).toThrow('homes: array');
    expect(() => taken({ colour: 1 } as object)).toThrow('one of scale, slot, homes');
  });
});

/** Of every task: each is refused by its name. */
describe.each(TASK_IDS)('arguments of %s', (id: TaskId) => {
  it.each<[string, unknown]>([
    ['observationDelay', 2],
    ['observationDelay', '1'],
    ['split', 'validation'],
    ['split', undefined],
    ['stepMs', NaN],
    ['stepMs', -1],
    ['stepMs', 1234567],
  ])('%s may not be %s', (name, value) => {
    expect(() => make(id as string, { [name]: value })).toThrow(
      expect.objectContaining({ code: 'env.taskArgument', expected: expect.stringContaining(name) as string }),
    );
  });

  it('sees the interval before or the one it acts on', () => {
    // A gateway acts on its own readings: its reserve is never dispatched an interval late.
    const delays = id === 'dispatch-home-reserve-v1' ? ([0] as const) : ([0, 1] as const);
    for (const observationDelay of delays) make(id, { observationDelay }).reset({ seed: 1 });
  });
});
