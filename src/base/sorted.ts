/** Iteration in a defined order. Consensus code never iterates a Map, a Set or an object in arrival order. */
import { compareText } from './bytes.ts';

/** Entries of a map by ascending key (code-unit order). */
export function sortedEntries<V>(map: ReadonlyMap<string, V>): readonly (readonly [string, V])[] {
  return [...map.entries()].sort((a, b) => compareText(a[0], b[0]));
}

/** Own keys of an object by ascending code unit. */
export function sortedKeys(object: object): readonly string[] {
  return Object.keys(object).sort(compareText);
}
