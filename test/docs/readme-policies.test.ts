/** Figures that the README tells a second time are those of the models' evaluations and of the registry. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EvaluationDocument } from '../../src/agents/evaluation/document.ts';
import { TASK_IDS } from '../../src/env/gym/registry.ts';
import { REPO_ROOT } from '../support/repo.ts';

const read = (...parts: string[]): string => readFileSync(join(REPO_ROOT, ...parts), 'utf8');
const README = read('README.md');

/** Metric, digits, and whether it is told in percent. */
type Told = readonly [key: string, digits: number, percent?: '%'];
interface Row {
  /** The second one in brackets behind the first. */
  readonly told: readonly Told[];
  readonly baseline: string;
  readonly bound?: string;
}

const VOLTAGE: Row = {
  told: [
    ['lossMwh', 3],
    ['outOfBandShare', 4, '%'],
  ],
  baseline: 'droop-live',
  bound: 'opf',
};
const ROWS: Readonly<Record<string, Row>> = {
  'voltage-ieee33': VOLTAGE,
  'voltage-ieee33-delay0': VOLTAGE,
  'voltage-ieee33-hard': VOLTAGE,
  'voltage-ieee69': VOLTAGE,
  'frequency-ieee14': { told: [['withinS', 2]], baseline: 'droop + PI, nominal, time' },
  'frequency-area1': {
    told: [
      ['throughputMwh', 2],
      ['errorMax', 2, '%'],
    ],
    baseline: 'curve',
  },
  'frequency-area1-containment': {
    told: [
      ['soeBreaches', 2],
      ['throughputMwh', 2],
    ],
    baseline: 'curve + naive recharge',
  },
  'anm6-easy': { told: [['discountedReturn', 2]], baseline: 'rule-based', bound: 'ac-dynamic-program' },
  'dispatch-home': { told: [['saving', 1, '%']], baseline: 'reserve rule', bound: 'perfect foresight' },
  'dispatch-feeder': { told: [['gain', 0]], baseline: 'spread evenly', bound: 'sequential LP, perfect foresight' },
  'stacked-ieee33': { told: [['netIncome', 1]], baseline: 'integrator stack' },
};

/** What the cell of a contender ends with. */
function cell(document: EvaluationDocument, told: Row['told'], is: (name: string, kind: string) => boolean): string {
  const { summary } = document.contenders.find(({ name, kind }) => is(name, kind))!;
  const texts = told.map(([key, digits, percent]) => {
    const value = summary[key]!.mean.value * (percent === undefined ? 1 : 100);
    return percent === undefined ? value.toFixed(digits) : `${value.toFixed(digits)} %`;
  });
  return texts.length === 1 ? texts[0]! : `${texts[0]} (${texts[1]})`;
}

/** Cells of the table's row of a model, thousands closed up. */
function rowOf(name: string): string[] {
  const line = README.split('\n').find((text) => text.startsWith(`| [${name}](`))!;
  const cells = line.split('|').slice(1, -1);
  return cells.map((text) => text.trim().replace(/(\d) (\d)/g, '$1$2'));
}

describe('the policies that ship, as the README has them', () => {
  it.each(Object.entries(ROWS))('%s has the figures of its evaluation', (name, { told, baseline, bound }) => {
    const document = JSON.parse(read('models', name, 'evaluation.json')) as EvaluationDocument;
    const [link, , policy, best, limit] = rowOf(name);
    expect(link).toBe(`[${name}](models/${name}/card.md)`);
    expect(policy).toBe(cell(document, told, (_, kind) => kind === 'policy'));
    const other = cell(document, told, (of) => of === baseline);
    expect(best!.endsWith(` ${other}`), `${best} ends with ${other}`).toBe(true);
    expect(limit).toBe(bound === undefined ? '' : cell(document, told, (of) => of === bound));
  });

  it('there are as many tasks as it says', () => {
    expect(TASK_IDS).toHaveLength(17);
    expect(README).toContain('Seventeen [tasks]');
  });
});
