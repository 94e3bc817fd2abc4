/** Tables of the evidence for the dispatch policies: targets, seeds home by home, and every contender. */
import type { ContenderRecord, EvaluationDocument } from '../src/agents/evaluation/document.ts';
import { mean, percent } from './figures.ts';

export type Fact = readonly [string, string | number];

export interface Judged {
  readonly facts: readonly Fact[];
  readonly passed: boolean;
  /** Lines of the page below the facts. */
  readonly sections: readonly string[];
}

/** What a home's policy must save of what the program saves, and close of greedy's gap to it, as means; the least gap of any home. */
const SAVING = 0.92;
const GAP = 0.5;
const LEAST_GAP = 0;

/** Every home is a scenario of a year; seeds are in rows. Without targets what is measured passes. */
export function homeTables(document: EvaluationDocument, what: string, gated: boolean): Judged {
  const policy = document.contenders[0]!;
  const homes = document.scenarios.length;
  const least = Math.min(...document.scenarios.map((_, s) => mean(policy.values['gap']!.map((row) => row[s]!))));
  const targets: readonly (readonly [string, string, number])[] = [
    ['of the saving of perfect foresight', shown(policy, 'saving'), SAVING],
    ['of the gap from greedy closed', shown(policy, 'gap'), GAP],
    ['of the gap in the worst home, mean of the seeds', percent(least, 1), LEAST_GAP],
  ];
  const met = meanOf(policy, 'saving') >= SAVING && meanOf(policy, 'gap') >= GAP && least >= LEAST_GAP;
  const frozen = freezing(document, ['total', 'cost']);
  return {
    facts: [
      ...targets.map(([name, figure, target]): Fact => {
        return [`${what}: ${name}`, gated ? `${figure}, target >= ${percent(target, 1)}` : figure];
      }),
      [`${what}: freezing changed`, frozen.text],
    ],
    passed: frozen.within && (met || !gated),
    sections: [
      `## ${what}`,
      '',
      `${homes} homes, a year each, none of them trained on. Mean over homes (and seeds) with 95 % bootstrap intervals over both.`,
      '',
      ...table(
        [
          '',
          'of LP saving',
          'gap closed',
          'least of a home',
          'saving, wear free',
          'gap, wear free',
          'energy, of none',
          'rainflow wear',
          'kg CO2',
        ],
        document.contenders.map((each) => [
          `${each.kind} ${each.name}`,
          shown(each, 'saving'),
          shown(each, 'gap'),
          percent(each.summary['gap']!.worst, 1),
          shown(each, 'savingFree'),
          shown(each, 'gapFree'),
          meanOf(each, 'costRatio').toFixed(4),
          meanOf(each, 'rainflow').toFixed(0),
          meanOf(each, 'carbonKg').toFixed(0),
        ]),
      ),
      ...table(
        ['home', ...seedsOf(policy).map((k) => `seed ${k}: saving, gap`)],
        document.scenarios.map(({ id }, s) => [
          id,
          ...policy.values['saving']!.map(
            (row, k) => `${percent(row[s]!, 1)}, ${percent(policy.values['gap']![k]![s]!, 1)}`,
          ),
        ]),
      ),
      ...abouts(document),
    ],
  };
}

/** Days are scenarios. */
export function feederTables(document: EvaluationDocument): Judged {
  const policy = document.contenders[0]!;
  const even = document.contenders.find(({ name }) => name === 'spread evenly')!;
  const frozen = freezing(document, ['gain', 'outOfBand']);
  const what = 'dispatch-feeder';
  return {
    facts: [
      [`${what}: gain over rest a day`, `${shown(policy, 'gain', 1)}; spread evenly ${shown(even, 'gain', 1)}`],
      [`${what}: freezing changed`, frozen.text],
    ],
    passed: frozen.within && meanOf(policy, 'gain') > meanOf(even, 'gain'),
    sections: [
      `## ${what}`,
      '',
      `${document.scenarios.length} days of weather and tariffs held out.`,
      '',
      ...table(
        [
          '',
          'gain over rest a day',
          'of the best known',
          'beyond limits kWh',
          'losses kWh',
          'bus-intervals out of band',
        ],
        document.contenders.map((each) => [
          `${each.kind} ${each.name}`,
          shown(each, 'gain', 1),
          shown(each, 'ofBest'),
          meanOf(each, 'beyondKwh').toFixed(1),
          meanOf(each, 'lossKwh').toFixed(0),
          percent(meanOf(each, 'outOfBand'), 1),
        ]),
      ),
      ...table(
        ['seed', 'gain over rest a day', 'of the best known', 'days worse than spread evenly'],
        seedsOf(policy).map((seed, k) => {
          const gains = policy.values['gain']![k]!;
          const worse = gains.filter((gain, s) => gain < even.values['gain']![0]![s]!).length;
          return [
            String(seed),
            mean(gains).toFixed(1),
            percent(mean(policy.values['ofBest']![k]!), 1),
            `${worse} of ${gains.length}`,
          ];
        }),
      ),
      ...abouts(document),
    ],
  };
}

function seedsOf({ values }: ContenderRecord): readonly number[] {
  return Object.values(values)[0]!.map((_, k) => k + 1);
}

/** What every contender knows, forecasts among it. */
function abouts({ contenders }: EvaluationDocument): readonly string[] {
  return [...contenders.map(({ name, about }) => `- **${name}**: ${about}`), ''];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''];
}

/** The most that freezing changed, relative or of a share, over the seeds. */
function freezing(
  { freezing: seeds }: EvaluationDocument,
  keys: readonly string[],
): { readonly text: string; readonly within: boolean } {
  const most = keys.map((key) => {
    const changes = seeds.map(({ metrics }) => Math.abs(metrics[key]!.change ?? 0));
    return `${key} by at most ${Math.max(...changes).toExponential(1)}`;
  });
  return {
    text: `${most.join(', ')}, over ${seeds.length} seeds`,
    within: seeds.every(({ metrics }) => keys.every((key) => metrics[key]!.within)),
  };
}

function meanOf({ summary }: ContenderRecord, key: string): number {
  return summary[key]!.mean.value;
}

/** With its interval; a share as percent unless digits are given. */
function shown({ summary }: ContenderRecord, key: string, digits?: number): string {
  const { value, low, high } = summary[key]!.mean;
  const text = (x: number): string => (digits === undefined ? percent(x, 1) : x.toFixed(digits));
  return low === undefined || high === undefined ? text(value) : `${text(value)} [${text(low)}, ${text(high)}]`;
}
