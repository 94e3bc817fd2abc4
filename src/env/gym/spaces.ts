/**
 * Spaces: constructors, membership, sampling, equality, and the two forms of a value.
 * Unlike Gymnasium's, the flat form of a discrete space is the number itself, not one-hot, so that it is the action.
 */
import { fail } from '../../base/errors.ts';
import type { RandomStream } from '../../base/random.ts';
import { normal, uniform } from '../../base/realMath.ts';
import type { BoxSpace, DictSpace, DiscreteSpace, MultiDiscreteSpace, Space, SpaceValue } from './types.ts';

/** Up to here a Float32Array holds every integer. */
const MAX_COUNT = 16777216;

/**
 * Reals of the given shape; [] is one number. A bound is one number for all coordinates or one for each, and may be
 * infinite. @throws `env.space`.
 */
export function box(
  shape: readonly number[],
  low: number | ArrayLike<number>,
  high: number | ArrayLike<number>,
): BoxSpace {
  const size = shape.reduce((a, b) => a * b, 1);
  const space = { kind: 'box', shape: [...shape], low: bound(size, low), high: bound(size, high) } as const;
  const valid =
    shape.every((n) => Number.isSafeInteger(n) && n >= 1) && space.low.every((low, i) => low <= space.high[i]!);
  if (!valid) throw fail('env.space', { expected: 'sides >= 1 and low <= high', got: { shape: [...shape] } });
  return space;
}

/** One of 0 .. n-1. @throws `env.space`. */
export function discrete(n: number): DiscreteSpace {
  checkCount(n);
  return { kind: 'discrete', n };
}

/** One of 0 .. nvec[i]-1 for each i. @throws `env.space`. */
export function multiDiscrete(nvec: readonly number[]): MultiDiscreteSpace {
  nvec.forEach(checkCount);
  if (nvec.length === 0) throw fail('env.space', { expected: 'one count or more', got: 0 });
  return { kind: 'multiDiscrete', nvec: [...nvec] };
}

/** A space for each name, in the order given. @throws `env.space` for none, or a name that is an array index. */
export function dict(spaces: Readonly<Record<string, Space>>): DictSpace {
  const names = Object.keys(spaces);
  // JavaScript moves keys that look like array indices to the front, which would reorder the flat form.
  if (names.length === 0 || names.some((name) => /^\d+$/.test(name))) {
    throw fail('env.space', { expected: 'names that are not numbers', got: names });
  }
  return { kind: 'dict', spaces: { ...spaces } };
}

/** Length of the flat form. */
export function spaceSize(space: Space): number {
  switch (space.kind) {
    case 'box':
      return space.low.length;
    case 'discrete':
      return 1;
    case 'multiDiscrete':
      return space.nvec.length;
    case 'dict':
      return Object.values(space.spaces).reduce((sum, part) => sum + spaceSize(part), 0);
  }
}

/** Is the value, in flat form, in the space? Bounds are inclusive; NaN is in none. */
export function contains(space: Space, value: Float32Array): boolean {
  return value.length === spaceSize(space) && containsAt(space, value, 0);
}

/** A value in flat form: uniform within finite bounds, normal without any, half-normal beyond a single one. */
export function sample(space: Space, stream: RandomStream): Float32Array {
  const out = new Float32Array(spaceSize(space));
  sampleAt(space, stream, out, 0);
  return out;
}

/** From the form by name to the flat form. @throws `env.space` for a value of another form. */
export function flatten(space: Space, value: SpaceValue): Float32Array {
  const out = new Float32Array(spaceSize(space));
  flattenAt(space, value, out, 0);
  return out;
}

/** From the flat form to the form by name; boxes are views of `flat`, not copies. @throws `env.space` for a wrong length. */
export function unflatten(space: Space, flat: Float32Array): SpaceValue {
  const size = spaceSize(space);
  if (flat.length !== size) throw fail('env.space', { expected: `${size} numbers`, got: flat.length });
  return unflattenAt(space, flat, 0);
}

/** The same kind, shape, bounds, counts, and names in the same order. */
export function sameSpace(a: Space, b: Space): boolean {
  if (a.kind === 'box') return b.kind === 'box' && sameNumbers(a.shape, b.shape) && sameBounds(a, b);
  if (a.kind === 'discrete') return b.kind === 'discrete' && a.n === b.n;
  if (a.kind === 'multiDiscrete') return b.kind === 'multiDiscrete' && sameNumbers(a.nvec, b.nvec);
  if (b.kind !== 'dict') return false;
  const [own, other] = [Object.entries(a.spaces), Object.entries(b.spaces)];
  return (
    own.length === other.length &&
    own.every(([name, part], i) => name === other[i]![0] && sameSpace(part, other[i]![1]))
  );
}

function containsAt(space: Space, value: Float32Array, at: number): boolean {
  switch (space.kind) {
    case 'box':
      return space.low.every((low, i) => value[at + i]! >= low && value[at + i]! <= space.high[i]!);
    case 'discrete':
      return isIndex(value[at]!, space.n);
    case 'multiDiscrete':
      return space.nvec.every((n, i) => isIndex(value[at + i]!, n));
    case 'dict':
      return Object.values(space.spaces).every((part) => {
        const inside = containsAt(part, value, at);
        at += spaceSize(part);
        return inside;
      });
  }
}

function sampleAt(space: Space, stream: RandomStream, out: Float32Array, at: number): void {
  switch (space.kind) {
    case 'box':
      space.low.forEach((low, i) => (out[at + i] = sampleReal(low, space.high[i]!, stream)));
      return;
    case 'discrete':
      out[at] = stream.below(space.n);
      return;
    case 'multiDiscrete':
      space.nvec.forEach((n, i) => (out[at + i] = stream.below(n)));
      return;
    case 'dict':
      for (const part of Object.values(space.spaces)) {
        sampleAt(part, stream, out, at);
        at += spaceSize(part);
      }
  }
}

function sampleReal(low: number, high: number, stream: RandomStream): number {
  if (low > -Infinity && high < Infinity) return low + (high - low) * uniform(stream);
  const spread = normal(stream);
  if (low > -Infinity) return low + Math.abs(spread);
  return high < Infinity ? high - Math.abs(spread) : spread;
}

function flattenAt(space: Space, value: SpaceValue, out: Float32Array, at: number): void {
  if (space.kind === 'dict') {
    if (typeof value === 'number' || ArrayBuffer.isView(value)) throw fail('env.space', { expected: 'a record' });
    const record = value as Readonly<Record<string, SpaceValue>>;
    for (const [name, part] of Object.entries(space.spaces)) {
      if (!Object.hasOwn(record, name)) throw fail('env.space', { expected: name, got: Object.keys(record) });
      flattenAt(part, record[name]!, out, at);
      at += spaceSize(part);
    }
    return;
  }
  const numbers = typeof value === 'number' ? [value] : value;
  const size = spaceSize(space);
  const fits =
    space.kind === 'discrete'
      ? typeof value === 'number'
      : (ArrayBuffer.isView(numbers) || Array.isArray(numbers)) && numbers.length === size;
  if (!fits) throw fail('env.space', { expected: `a value of a ${space.kind} space of ${size}` });
  out.set(numbers as ArrayLike<number>, at);
}

function unflattenAt(space: Space, flat: Float32Array, at: number): SpaceValue {
  switch (space.kind) {
    case 'box':
      return flat.subarray(at, at + space.low.length);
    case 'discrete':
      return flat[at]!;
    case 'multiDiscrete':
      return Int32Array.from(flat.subarray(at, at + space.nvec.length));
    case 'dict': {
      const record: Record<string, SpaceValue> = {};
      for (const [name, part] of Object.entries(space.spaces)) {
        record[name] = unflattenAt(part, flat, at);
        at += spaceSize(part);
      }
      return record;
    }
  }
}

function bound(size: number, given: number | ArrayLike<number>): Float32Array {
  if (typeof given === 'number') return new Float32Array(size).fill(given);
  if (given.length !== size) throw fail('env.space', { expected: `${size} bounds`, got: given.length });
  return Float32Array.from(given);
}

function checkCount(n: number): void {
  if (!Number.isSafeInteger(n) || n < 1 || n > MAX_COUNT) {
    throw fail('env.space', { expected: `a count in 1 .. ${MAX_COUNT}`, got: n });
  }
}

function isIndex(x: number, n: number): boolean {
  return Number.isInteger(x) && x >= 0 && x < n;
}

function sameBounds(a: BoxSpace, b: BoxSpace): boolean {
  return sameNumbers(a.low, b.low) && sameNumbers(a.high, b.high);
}

function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((x, i) => x === b[i]);
}
