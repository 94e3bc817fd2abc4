/** Iteration in a defined order. Consensus code never iterates a Map, a Set or an object in arrival order. */
import { compareText } from './bytes.ts';

export type Compare<K> = (a: K, b: K) => number;

/**
 * Entries of a map by ascending key: code-unit order for text keys, `compare` for any other.
 * @throws TypeError when `compare` calls two different keys equal: their order would be that of arrival.
 */
export function sortedEntries<V>(map: ReadonlyMap<string, V>): readonly (readonly [string, V])[];
export function sortedEntries<K, V>(map: ReadonlyMap<K, V>, compare: Compare<K>): readonly (readonly [K, V])[];
export function sortedEntries<V>(
  map: ReadonlyMap<string, V>,
  compare: Compare<string> = compareText,
): readonly (readonly [string, V])[] {
  return inOrder([...map.keys()], compare).map((key) => [key, map.get(key)!] as const);
}

/** Those entries whose key is chosen, by ascending key: chosen before they are sorted. */
export function sortedEntriesWhere<V>(
  map: ReadonlyMap<string, V>,
  chosen: (key: string) => boolean,
): readonly (readonly [string, V])[] {
  return inOrder([...map.keys()].filter(chosen), compareText).map((key) => [key, map.get(key)!] as const);
}

/** Keys of a map, members of a set or own keys of an object, ascending. @throws TypeError as sortedEntries. */
export function sortedKeys(collection: object): readonly string[];
export function sortedKeys<K>(collection: ReadonlyMap<K, unknown> | ReadonlySet<K>, compare: Compare<K>): readonly K[];
export function sortedKeys(collection: object, compare: Compare<string> = compareText): readonly string[] {
  const isCollection = collection instanceof Map || collection instanceof Set;
  return inOrder(isCollection ? [...(collection as Map<string, unknown>).keys()] : Object.keys(collection), compare);
}

function inOrder<K>(keys: K[], compare: Compare<K>): K[] {
  keys.sort(compare);
  for (let i = 1; i < keys.length; i++) {
    if (compare(keys[i - 1]!, keys[i]!) >= 0) throw new TypeError('the comparator does not order the keys');
  }
  return keys;
}
