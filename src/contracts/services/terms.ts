/** Reading terms documents: integer fields with bounds, and price lists with effective dates. */
import type { Document } from '../../base/cbor.ts';
import { fail } from '../../base/errors.ts';
import { SAFE_MAX } from '../../base/fixed.ts';

export type DocumentMap = { readonly [key: string]: Document };

export function asMap(value: Document | undefined, what: string): DocumentMap {
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array) {
    throw fail('service.terms', { expected: `${what}: a map` });
  }
  return value as DocumentMap;
}

/** Exactly these keys: an unknown field in a contract is a misunderstanding, never ignored. */
export function onlyKeys(map: DocumentMap, keys: readonly string[], what: string): void {
  const sorted = [...keys].sort(byText);
  const got = Object.keys(map).sort(byText);
  if (sorted.length !== got.length || sorted.some((key, i) => key !== got[i])) {
    throw fail('service.terms', { expected: `${what} with exactly ${sorted.join(', ')}`, got: got.join(', ') });
  }
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function intOf(map: DocumentMap, key: string, lo: number, hi: number): number {
  const value = map[key];
  if (typeof value !== 'number' || value < lo || value > hi) {
    throw fail('service.terms', { expected: `${key}: integer in [${lo}, ${hi}]`, got: value });
  }
  return value;
}

export function intList(value: Document | undefined, what: string, lo: number, hi: number): readonly number[] {
  if (!Array.isArray(value)) throw fail('service.terms', { expected: `${what}: a list` });
  return value.map((item: Document) => {
    if (typeof item !== 'number' || item < lo || item > hi) {
      throw fail('service.terms', { expected: `${what}: integers in [${lo}, ${hi}]`, got: item });
    }
    return item;
  });
}

/** Prices are bounded so that every product in a formula stays far inside bigint-free range checks. */
const PRICE_MAX = 1000000000000;

export interface PriceEntry {
  readonly fromMs: number;
  readonly values: readonly number[];
}

/** `prices: [{from, <names>}]`, 1..32 entries, `from` strictly ascending. */
export function priceList(value: Document | undefined, names: readonly string[]): readonly PriceEntry[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > 32) {
    throw fail('service.terms', {
      expected: 'prices: 1..32 entries',
      got: Array.isArray(value) ? value.length : value,
    });
  }
  let last = -1;
  return value.map((item: Document) => {
    const map = asMap(item, 'prices entry');
    onlyKeys(map, ['from', ...names], 'prices entry');
    const fromMs = intOf(map, 'from', 0, SAFE_MAX);
    if (fromMs <= last) throw fail('service.terms', { expected: 'prices in ascending order of from', got: fromMs });
    last = fromMs;
    return { fromMs, values: names.map((name) => intOf(map, name, 0, PRICE_MAX)) };
  });
}

/** The last entry that has started, or -1. */
export function priceIndexAt(prices: readonly PriceEntry[], tMs: number): number {
  let index = -1;
  while (index + 1 < prices.length && prices[index + 1]!.fromMs <= tMs) index++;
  return index;
}
