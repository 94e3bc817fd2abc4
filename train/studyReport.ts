/** The study as a page. */
import type { OffsetParameters, Tuning } from '../src/agents/baselines/tune.ts';
import { OUT_OF_BAND_TOLERANCE, type Comparison, type Interval95 } from '../src/agents/evaluate.ts';
import { HARD_DAY_SHARE, type StudyBaseline, type StudyRow, type StudySeed } from '../src/agents/study.ts';

export interface StudyDocument {
  readonly format: 'gridpact-study/1';
  /** false for a study made smaller by --steps or --coarse. */
  readonly complete: boolean;
  readonly recipe: string;
  readonly recipeDigest: string;
  readonly totalSteps: number;
  readonly machine: { readonly cpu: string; readonly node: string };
  readonly days: {
    readonly hard: readonly number[];
    readonly tuning: readonly number[];
    readonly all: readonly number[];
  };
  readonly tunings: {
    readonly oneStep: Tuning;
    readonly fixedPoint: Tuning;
    readonly offset: Tuning<OffsetParameters>;
  };
  readonly seeds: readonly (StudySeed & { readonly backend: string })[];
  readonly baselines: readonly StudyBaseline[];
  readonly table: readonly StudyRow[];
}

export function renderStudy(study: StudyDocument): string {
  const { days, seeds, table } = study;
  return `${[
    `# Voltage on the 33-bus feeder: trained policy and baselines${study.complete ? '' : ' (reduced trial run, not the study)'}`,
    '',
    `Recipe \`${study.recipe}\` (SHA-256 ${study.recipeDigest.slice(0, 16)}), ${study.totalSteps} steps, ${seeds.length} training seeds, ` +
      `backend ${[...new Set(seeds.map((s) => s.backend))].join('; ')}. Machine: ${study.machine.cpu}, Node ${study.machine.node}. ` +
      'The policy is the frozen integer artifact. Reproduce: `npx tsx train/study.ts --fresh`.',
    '',
    `${days.hard.length} hard test days: the first test days from day ${days.all[0]} on which the untuned IEEE 1547-2018 category B curve, one step late, leaves ` +
      `more than ${percent(HARD_DAY_SHARE)} out of band. ${days.all.length} test days without selection beside them. ` +
      `Droops are tuned on ${days.tuning.length} training days chosen by the same rule.`,
    '',
    '## Means per day',
    '',
    '| controller | out of band, hard days | steps all in band | loss MWh | mean abs q Mvar | out of band, all days | loss MWh, all days |',
    '|---|---|---|---|---|---|---|',
    ...table.map(meansRow),
    '',
    '## Policy minus baseline, hard days',
    '',
    `Paired bootstrap over seeds x days, ${table[0]!.comparison!.resamples} resamples, 95 % intervals. Score: out-of-band share first ` +
      `(ties within ${percent(OUT_OF_BAND_TOLERANCE)}), then losses. Beats: the policy has the better score in at least 97.5 % of resamples.`,
    '',
    '| against | out-of-band share | loss MWh per day | better score | beats |',
    '|---|---|---|---|---|',
    ...table.flatMap(({ name, comparison }) => (comparison === undefined ? [] : [comparisonRow(name, comparison)])),
    '',
    '## Seeds',
    '',
    '| seed | artifact | out of band | loss MWh | loss of the float policy | training s | steps/s |',
    '|---|---|---|---|---|---|---|',
    ...seeds.map(seedRow),
    '',
    ...tuningSection('One-step droop', study.tunings.oneStep),
    ...tuningSection('Fixed-point droop', study.tunings.fixedPoint),
    ...offsetSection(study.tunings.offset),
  ].join('\n')}\n`;
}

function meansRow({ name, hard, all }: StudyRow): string {
  return row([
    name,
    percent(hard.outOfBandShare),
    percent(hard.controllableRatio),
    hard.lossMwh.toFixed(4),
    hard.meanAbsQMvar.toFixed(4),
    percent(all.outOfBandShare),
    all.lossMwh.toFixed(4),
  ]);
}

function comparisonRow(name: string, { outOfBandShare, lossMwh, winShare, beats }: Comparison): string {
  const band = interval(outOfBandShare, percent);
  return row([name, band, interval(lossMwh, (x) => x.toFixed(4)), percent(winShare), beats ? 'yes' : 'no']);
}

function seedRow(seed: StudySeed): string {
  const mean = (list: readonly { readonly lossMwh: number }[]): number =>
    list.reduce((sum, d) => sum + d.lossMwh, 0) / list.length;
  const band = seed.hard.reduce((sum, d) => sum + d.outOfBandShare, 0) / seed.hard.length;
  return row([
    String(seed.seed),
    `\`${seed.cid.slice(-12)}\``,
    percent(band),
    mean(seed.hard).toFixed(4),
    mean(seed.floatHard).toFixed(4),
    seed.trainingSeconds.toFixed(0),
    (seed.steps / seed.trainingSeconds).toFixed(0),
  ]);
}

function tuningSection(title: string, { table }: Tuning): string[] {
  return [
    `## ${title}: best ten of ${table.length} settings on the tuning days`,
    '',
    '| vRef pu | deadband pu | slope 1/pu | out of band | loss MWh |',
    '|---|---|---|---|---|',
    ...table
      .slice(0, 10)
      .map(({ parameters: { vRefPu, deadbandPu, slope }, outOfBandShare, lossMwh }) =>
        row([String(vRefPu), String(deadbandPu), String(slope), percent(outOfBandShare), lossMwh.toFixed(4)]),
      ),
    '',
  ];
}

function offsetSection({ table }: Tuning<OffsetParameters>): string[] {
  return [
    `## Constant offset on the device curve: best ten of ${table.length} settings on the tuning days`,
    '',
    '| offset, share of capability | out of band | loss MWh |',
    '|---|---|---|',
    ...table
      .slice(0, 10)
      .map(({ parameters: { offsetMicro }, outOfBandShare, lossMwh }) =>
        row([String(offsetMicro / 1e6), percent(outOfBandShare), lossMwh.toFixed(4)]),
      ),
    '',
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function percent(x: number): string {
  return `${(100 * x).toFixed(3)} %`;
}

function interval({ mean, low, high }: Interval95, show: (x: number) => string): string {
  return `${show(mean)} [${show(low)}, ${show(high)}]`;
}
