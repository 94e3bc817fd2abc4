/**
 * Results kept in a file while an evaluation goes on, one JSON line each, so that a long one can be taken up again. A
 * line holds for the same suite, key (of a policy its CID, of a baseline its name and what it says it is) and scenario.
 * The code of a baseline is no part of that: start a new file when it changes.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { toHex, utf8 } from '../../base/bytes.ts';
import { fail } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import type { ResultStore } from './runner.ts';
import type { Metrics, Scenario } from './suite.ts';

interface Line {
  readonly key: string;
  readonly metrics: Metrics;
}

/** @throws `agents.evaluate` when the file is there and holds something else, or cannot be written. */
export function resultFile(path: string, suite: string): ResultStore {
  const known = readLines(path);
  // Not found out after the first scenario.
  writing(path, () => appendFileSync(path, ''));
  const keyOf = (key: string, { id, seed, args }: Scenario): string =>
    toHex(sha256(utf8(JSON.stringify([suite, key, id, seed, args]))));
  return {
    find: (key, scenario) => known.get(keyOf(key, scenario)),
    keep(key, scenario, metrics) {
      const line: Line = { key: keyOf(key, scenario), metrics };
      writing(path, () => appendFileSync(path, `${JSON.stringify(line)}\n`));
      known.set(line.key, metrics);
    },
  };
}

/** A last line that a kill cut off is taken away. */
function readLines(path: string): Map<string, Metrics> {
  const text = readText(path);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) writing(path, () => writeFileSync(path, whole));
  const lines = whole.split('\n').slice(0, -1);
  return new Map(lines.map((line, i) => parseLine(path, line, i + 1)));
}

function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw fail('agents.evaluate', { expected: 'a file that can be written', got: `${path} (${reason})`, cause });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw fail('agents.evaluate', { expected: 'a file of kept results, or none', got: path, cause });
  }
}

function parseLine(path: string, line: string, number: number): [string, Metrics] {
  try {
    const { key, metrics } = JSON.parse(line) as Line;
    if (typeof key === 'string' && typeof metrics === 'object' && (metrics as unknown) !== null) return [key, metrics];
  } catch {
    // Refused below.
  }
  throw fail('agents.evaluate', {
    expected: 'a file of kept results, one JSON line each',
    got: `${path} line ${number}`,
  });
}
