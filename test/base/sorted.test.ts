import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortedEntries, sortedEntriesWhere, sortedKeys } from '../../src/base/sorted.ts';

const byNumber = (a: number, b: number): number => a - b;

describe('sorted iteration', () => {
  it('does not depend on the order of insertion', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), fc.func(fc.integer()), (object, shuffleKey) => {
        const entries = Object.entries(object);
        const shuffled = entries.toSorted((a, b) => shuffleKey(a) - shuffleKey(b));
        expect(sortedEntries(new Map(shuffled))).toEqual(sortedEntries(new Map(entries)));
        expect(sortedKeys(new Set(shuffled.map(([key]) => key)))).toEqual(sortedKeys(object));
      }),
    );
  });

  it('orders text by code unit, not by locale', () => {
    const keys = ['b', 'B', 'a', 'é', '10', '9'];
    expect(sortedKeys(new Set(keys))).toEqual(['10', '9', 'B', 'a', 'b', 'é']);
    expect(sortedKeys(Object.fromEntries(keys.map((key) => [key, 1])))).toEqual(['10', '9', 'B', 'a', 'b', 'é']);
    expect(sortedEntries(new Map(keys.map((key, i) => [key, i])))[0]).toEqual(['10', 4]);
  });

  it('chooses before it sorts', () => {
    const map = new Map(['b1', 'a2', 'b0', 'c'].map((key, i) => [key, i]));
    expect(sortedEntriesWhere(map, (key) => key.startsWith('b'))).toEqual([['b0', 2], ['b1', 0]]); // prettier-ignore
  });

  it('orders other keys by the comparator', () => {
    expect(sortedKeys(new Set([10, 9, 100]), byNumber)).toEqual([9, 10, 100]);
    expect(sortedEntries(new Map([[2, 'b'], [1, 'a']]), byNumber)).toEqual([[1, 'a'], [2, 'b']]); // prettier-ignore
  });

  it('refuses a comparator that leaves two keys in the order of arrival', () => {
    expect(() => sortedKeys(new Set([11, 21]), (a, b) => (a & 1) - (b & 1))).toThrow(TypeError);
  });
});
