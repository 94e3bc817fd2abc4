import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  box,
  contains,
  dict,
  discrete,
  flatten,
  multiDiscrete,
  RandomStream,
  sameSpace,
  sample,
  spaceSize,
  unflatten,
  type Space,
} from '../../src/env/index.ts';

const f32 = (value: number): number => Math.fround(value);

const boxes = fc
  .tuple(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }), fc.infiniteStream(fc.float({ noNaN: true })))
  .map(([shape, ends]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const pairs = Array.from({ length: size }, () => [ends.next().value!, ends.next().value!].sort((a, b) => a - b));
    // A side that is infinite on the wrong end holds no number at all.
    const low = pairs.map(([a]) => (a === Infinity ? 0 : a!));
    const high = pairs.map(([, b], i) => Math.max(low[i]!, b === -Infinity ? 0 : b!));
    return box(shape, low, high);
  });

const { space: spaces } = fc.letrec<{ space: Space }>((tie) => ({
  space: fc.oneof(
    { maxDepth: 2 },
    boxes,
    fc.integer({ min: 1, max: 16777216 }).map(discrete),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }).map(multiDiscrete),
    fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][a-z0-9./-]{0,5}$/), tie('space')), {
        minLength: 1,
        maxLength: 3,
        selector: ([name]) => name,
      })
      .map((entries) => dict(Object.fromEntries(entries))),
  ),
}));

describe('every space', () => {
  it('contains its samples, and the same stream draws the same', () => {
    fc.assert(
      fc.property(spaces, fc.integer(), (space, seed) => {
        const stream = RandomStream.fromSeed(seed, 'spaces');
        const drawn = sample(space, stream);
        expect(drawn.length).toBe(spaceSize(space));
        expect(contains(space, drawn)).toBe(true);
        expect(sample(space, RandomStream.fromSeed(seed, 'spaces'))).toEqual(drawn);
      }),
    );
  });

  it('brings a value to its form by name and back', () => {
    fc.assert(
      fc.property(spaces, fc.integer(), (space, seed) => {
        const flat = sample(space, RandomStream.fromSeed(seed, 'spaces'));
        expect(flatten(space, unflatten(space, flat))).toEqual(flat);
      }),
    );
  });

  it('equals what is built alike and nothing else', () => {
    fc.assert(
      fc.property(spaces, spaces, (a, b) => {
        expect(sameSpace(a, structuredClone(a))).toBe(true);
        expect(sameSpace(a, b)).toBe(sameSpace(b, a));
        if (sameSpace(a, b)) expect(JSON.stringify(a)).toBe(JSON.stringify(b));
      }),
    );
  });

  it('contains no value of another length and none with a NaN', () => {
    fc.assert(
      fc.property(spaces, fc.nat(), (space, at) => {
        const flat = sample(space, RandomStream.fromSeed(1, 'spaces'));
        expect(contains(space, Float32Array.of(...flat, 0))).toBe(false);
        flat[at % flat.length] = NaN;
        expect(contains(space, flat)).toBe(false);
      }),
    );
  });
});

describe('spaces one by one', () => {
  it('a box takes its bounds and nothing beyond', () => {
    const space = box([2], [-1, 0], 1);
    expect(contains(space, Float32Array.of(-1, 1))).toBe(true);
    expect(contains(space, Float32Array.of(-1, -0.001))).toBe(false);
    expect(contains(space, Float32Array.of(1.001, 1))).toBe(false);
    expect(Array.from(box([], f32(0.1), 1).low)).toEqual([f32(0.1)]);
    expect(spaceSize(box([2, 3], -Infinity, Infinity))).toBe(6);
  });

  it('discrete spaces take whole numbers from 0 to n - 1', () => {
    for (const [value, inside] of [
      [0, true],
      [2, true],
      [3, false],
      [-1, false],
      [0.5, false],
    ] as const) {
      expect(contains(discrete(3), Float32Array.of(value))).toBe(inside);
      expect(contains(multiDiscrete([1, 3]), Float32Array.of(0, value))).toBe(inside);
    }
  });

  it('draws every element of a discrete space and both sides of an unbounded box', () => {
    const stream = RandomStream.fromSeed(3, 'spaces');
    const seen = new Set(Array.from({ length: 200 }, () => sample(discrete(5), stream)[0]));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
    const signs = new Set(
      Array.from({ length: 50 }, () => Math.sign(sample(box([], -Infinity, Infinity), stream)[0]!)),
    );
    expect(signs.size).toBe(2);
    expect(sample(box([], 5, Infinity), stream)[0]).toBeGreaterThanOrEqual(5);
    expect(sample(box([], -Infinity, 5), stream)[0]).toBeLessThanOrEqual(5);
  });

  it('a dict lays its parts out in the order of its names', () => {
    const space = dict({
      soc: box([], 0, 1),
      mode: discrete(3),
      tap: multiDiscrete([5, 5]),
      deep: dict({ v: box([2], 0, 2) }),
    });
    const flat = Float32Array.of(0.5, 2, 4, 1, 1, 2);
    expect(unflatten(space, flat)).toEqual({
      soc: Float32Array.of(0.5),
      mode: 2,
      tap: Int32Array.of(4, 1),
      deep: { v: Float32Array.of(1, 2) },
    });
    expect(flatten(space, { deep: { v: Float32Array.of(1, 2) }, tap: Int32Array.of(4, 1), mode: 2, soc: 0.5 })).toEqual(
      flat,
    );
    expect(sameSpace(dict({ a: discrete(2), b: discrete(2) }), dict({ b: discrete(2), a: discrete(2) }))).toBe(false);
  });

  it('refuses what is no space and what is no value of one', () => {
    const space = dict({ a: discrete(2), b: box([2], 0, 1) });
    for (const run of [
      () => box([2], 1, 0),
      () => box([0], 0, 1),
      () => box([2], [0], 1),
      () => box([], NaN, 1),
      () => discrete(0),
      () => discrete(1.5),
      () => discrete(16777217),
      () => multiDiscrete([]),
      () => multiDiscrete([2, 0]),
      () => dict({}),
      () => dict({ '0': discrete(2) }),
      () => unflatten(space, new Float32Array(2)),
      () => flatten(space, 1),
      () => flatten(space, { a: 1 }),
      () => flatten(space, { a: 1, b: Float32Array.of(1) }),
      () => flatten(space, { a: Float32Array.of(1), b: Float32Array.of(0, 1) }),
    ]) {
      expect(run).toThrow('env.space');
    }
  });
});
