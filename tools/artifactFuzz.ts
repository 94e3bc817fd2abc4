/** `npm run check:deep -- artifact-fuzz`: 10^6 mutated artifacts, in chunks kept on disk so that a cut run goes on. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fuzzArtifacts, type FuzzReport } from '../test/contracts/policy/artifactFuzz.ts';
import { againstPython } from '../test/support/fuzzPython.ts';
import { HAS_PYTHON } from '../test/support/gridpolicy.ts';

const SEED = 20261122;
const CASES = 1_000_000;
const CHUNK = 50_000;
/** Of the same cases, before the Python loader as well. */
const SECOND = 100_000;
const SECOND_CHUNK = 20_000;

interface Progress {
  readonly seed: number;
  readonly report: FuzzReport;
}

export function artifactFuzz(root: string): {
  facts: (readonly [string, string | number])[];
  passed: boolean;
  sections: string[];
} {
  const file = join(root, '.cache', 'artifact-fuzz.json');
  let report = resume(file);
  while (report.cases < CASES) {
    report = merge(report, fuzzArtifacts(SEED, report.cases, CHUNK));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ seed: SEED, report } satisfies Progress));
  }
  rmSync(file);
  const second = HAS_PYTHON ? secondLoader() : undefined;
  const { accepted = 0, ...refused } = report.outcomes;
  return {
    facts: [
      ['seed', SEED],
      ['mutated artifacts', report.cases],
      ['refused, by a code of the loader', Object.values(refused).reduce((a, b) => a + b, 0)],
      ['accepted, canonical and within the bounds of the outputs', accepted],
      ['anything else', report.failures.length],
      ['slowest case, ms', report.slowestMs.toFixed(1)],
      [
        'the Python loader on the first of them',
        second === undefined ? 'not here' : `${SECOND}, ${second.length} differences`,
      ],
    ],
    passed: report.failures.length === 0 && report.slowestMs < 1000 && (second ?? []).length === 0,
    sections: [...tables(report), ...report.failures.slice(0, 20), ...(second ?? []).slice(0, 20), ''],
  };
}

const NOTHING: FuzzReport = { cases: 0, outcomes: {}, kinds: {}, slowestMs: 0, failures: [] };

function resume(file: string): FuzzReport {
  if (!existsSync(file)) return NOTHING;
  const { seed, report } = JSON.parse(readFileSync(file, 'utf8')) as Progress;
  return seed === SEED ? report : NOTHING;
}

function merge(a: FuzzReport, b: FuzzReport): FuzzReport {
  const outcomes = { ...a.outcomes };
  for (const [code, count] of Object.entries(b.outcomes)) outcomes[code] = (outcomes[code] ?? 0) + count;
  const kinds = { ...a.kinds };
  for (const [kind, [cases, accepted]] of Object.entries(b.kinds)) {
    const [before, acceptedBefore] = kinds[kind] ?? [0, 0];
    kinds[kind] = [before + cases, acceptedBefore + accepted];
  }
  const slowestMs = Math.max(a.slowestMs, b.slowestMs);
  return { cases: a.cases + b.cases, outcomes, kinds, slowestMs, failures: [...a.failures, ...b.failures] };
}

function secondLoader(): string[] {
  const differences: string[] = [];
  for (let from = 0; from < SECOND; from += SECOND_CHUNK) {
    differences.push(...againstPython(SEED, from, SECOND_CHUNK).differences);
  }
  return differences;
}

function tables({ outcomes, kinds }: FuzzReport): string[] {
  const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);
  return [
    '| mutation | cases | accepted |',
    '|---|---|---|',
    ...Object.entries(kinds)
      .sort(byName)
      .map(([kind, [cases, accepted]]) => `| ${kind} | ${cases} | ${accepted} |`),
    '',
    '| outcome | cases |',
    '|---|---|',
    ...Object.entries(outcomes)
      .sort(byName)
      .map(([code, count]) => `| \`${code}\` | ${count} |`),
    '',
  ];
}
