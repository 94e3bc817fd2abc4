import { describe, it, expect } from 'vitest';
import { BoundedCache } from '../../src/base/lru.ts';

describe('BoundedCache', () => {
  it('keeps the most recently read entries and never more than its capacity', () => {
    const made: string[] = [];
    const cache = new BoundedCache<string, string>(2);
    const read = (key: string) =>
      cache.getOrMake(key, () => {
        made.push(key);
        return key.toUpperCase();
      });
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) expect(read(key)).toBe(key.toUpperCase());
    expect(made).toEqual(['a', 'b', 'c', 'b']);
    expect(cache.size).toBe(2);
  });

  it('a throw while making an entry stores nothing', () => {
    const cache = new BoundedCache<string, string>(2);
    const refuse = () => {
      throw new RangeError('no');
    };
    expect(() => cache.getOrMake('a', refuse)).toThrow(RangeError);
    expect(cache.size).toBe(0);
  });
});
