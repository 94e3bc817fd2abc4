import { join } from 'node:path';
import { fail } from '../../base/errors.ts';
import { TUNED } from '../../agents/baselines/tuned.ts';
import {
  compareScores,
  evaluateDays,
  meanMetrics,
  pairedBootstrap,
  policyController,
  type Comparison,
  type DayMetrics,
} from '../../agents/evaluate.ts';
import { hardDays, studyBaselines } from '../../agents/study.ts';
import { createExecutor } from '../../contracts/policy/execute.ts';
import { loadArtifact } from '../../contracts/policy/codec.ts';
import { testDay } from '../../env/series/synthetic.ts';
import type { Controller } from '../../agents/baselines/controllers.ts';
import type { PolicyInterface } from '../../grid/interface.ts';
import type { Action } from '../command.ts';
import type { EvaluateFlags } from '../commands/evaluate.ts';
import { dayPlots, traceDay } from '../dayPlots.ts';
import { makeNamedDirectory, writeNamedFile } from '../files.ts';
import { readPolicy } from '../policyInput.ts';
import { fixed, percent, short } from '../ui/format.ts';
import { table } from '../ui/table.ts';
import { evaluateHomes } from './evaluateHomes.ts';

const DAYS = 20;
/** Those before were looked at while the shipped recipe was made. */
const FROM = 300;

export const evaluate: Action<EvaluateFlags, [policy: string | undefined]> = async (report, flags, path) => {
  if (flags.homes !== undefined) return evaluateHomes(report, flags, path);
  if (flags.mpc) throw fail('cli.usage', { expected: '--mpc with --homes', got: '--mpc alone' });
  const artifact = loadArtifact(await readPolicy(path));
  assertOffsets(artifact.interface);
  const { days: count = DAYS, from = FROM } = flags;
  const days = flags.hard
    ? hardDays('test', count, {}, from)
    : Array.from({ length: count }, (_, i) => testDay(from + i));
  const executor = createExecutor(artifact);
  const policy = policyController(
    'policy',
    artifact.interface,
    (raw, missing, out) => void executor.run(raw, missing, out),
  );
  const controllers = [...studyBaselines(TUNED), policy];
  const progress = report.progress('evaluating', controllers.length, 'controllers');
  const runs = controllers.map((controller, i) => {
    const metrics = evaluateDays(days, controller);
    progress.update(i + 1, controller.name);
    return { name: controller.name, metrics };
  });
  progress.end();
  const plots = flags.plot === undefined ? undefined : await writePlots(flags.plot, controllers, runs[0]!.metrics);
  const own = runs[runs.length - 1]!.metrics;
  const rows = runs.map(({ name, metrics }) => ({
    name,
    ...meanMetrics(metrics),
    policyMinusThis: name === policy.name ? undefined : pairedBootstrap([own], metrics),
  }));
  report.text(
    `${short(artifact.cid)} on ${dayCount(days.length, flags.hard)}`,
    '',
    ...meansTable(rows, (name) => (name === policy.name ? report.colours.bold(name) : name)),
    '',
    ...(days.length === 1 ? oneDayTable(rows) : comparisonTable(rows)),
    ...(plots ?? []).map((file, i) => `${i === 0 ? '\n' : ''}wrote ${file}`),
  );
  report.document({
    policy: { cid: artifact.cid },
    days: [...days],
    ...(plots === undefined ? {} : { plots }),
    rows: rows.map(({ policyMinusThis, ...row }) => ({
      ...row,
      ...(policyMinusThis === undefined ? {} : { policyMinusThis: comparisonDocument(policyMinusThis, days.length) }),
    })),
  });
};

/** Any other policy would find its inputs missing, and its fallback would be compared. */
function assertOffsets({ outputs }: PolicyInterface): void {
  if (outputs.length === 1 && outputs[0]!.n === 'offset') return;
  throw fail('cli.file', {
    expected: 'a policy of a voltage task: one output, offset',
    got: outputs.map(({ n }) => n).join(', '),
  });
}

/** The controllers that say most beside each other; the first is the plainest line. */
const PLOTTED = ['policy', 'none', 'device-curve', 'droop-fixed-point-tuned'];

/** Paths of the files written. @throws `cli.file`. */
async function writePlots(
  path: string,
  controllers: readonly Controller[],
  without: readonly DayMetrics[],
): Promise<string[]> {
  const { day } = without.reduce((a, b) => (compareScores(a, b) >= 0 ? a : b));
  const traces = PLOTTED.flatMap((name) => controllers.filter((c) => c.name === name)).map((c) => traceDay(day, c));
  const plots = dayPlots(traces, ['none', 'policy'], `synthetic test day ${day}`);
  const single = /\.svg$/i.test(path);
  if (!single) await makeNamedDirectory(path);
  const wanted = single ? plots.slice(-1) : plots;
  const files = wanted.map(({ name }) => (single ? path : join(path, `${name}.svg`)));
  for (const [i, file] of files.entries()) await writeNamedFile(file, wanted[i]!.svg);
  return files;
}

interface Row extends ReturnType<typeof meanMetrics> {
  readonly name: string;
  readonly policyMinusThis: Comparison | undefined;
}

function meansTable(rows: readonly Row[], paint: (name: string) => string): string[] {
  const columns = [
    { title: 'control' },
    { title: 'out of band', align: 'right' },
    { title: 'all buses in', align: 'right' },
    { title: 'loss MWh', align: 'right' },
    { title: 'mean |q| Mvar', align: 'right' },
  ] as const;
  return table(
    columns,
    rows.map(({ name, outOfBandShare, controllableRatio, lossMwh, meanAbsQMvar }) => [
      paint(name),
      percent(outOfBandShare, 3),
      percent(controllableRatio),
      fixed(lossMwh, 4),
      fixed(meanAbsQMvar, 4),
    ]),
  );
}

function dayCount(count: number, hard: boolean): string {
  const kind = hard ? 'hard test day' : 'test day';
  return count === 1 ? `1 ${kind}` : `${count} ${kind}s, means per day`;
}

function comparisonTable(rows: readonly Row[]): string[] {
  const columns = [
    { title: 'against' },
    { title: 'loss MWh', align: 'right' },
    { title: '95 %', align: 'right' },
    { title: 'better', align: 'right' },
    { title: '' },
  ] as const;
  const compared = rows.flatMap(({ name, policyMinusThis }) => {
    if (policyMinusThis === undefined) return [];
    const { lossMwh, winShare, beats } = policyMinusThis;
    const interval = `${fixed(lossMwh.low, 4)} .. ${fixed(lossMwh.high, 4)}`;
    return [[name, fixed(lossMwh.mean, 4), interval, percent(winShare), beats ? 'beats' : '']];
  });
  return [
    'policy minus each, paired by day: line loss, 95 % interval; share of resamples',
    'in which the policy has the better score (beats: 97.5 % or more)',
    '',
    ...table(columns, compared),
  ];
}

/** Resampling one day gives that day again: there is a difference, and nothing to say about another day. */
function oneDayTable(rows: readonly Row[]): string[] {
  const columns = [{ title: 'against' }, { title: 'loss MWh', align: 'right' }, { title: 'score' }] as const;
  const compared = rows.flatMap(({ name, policyMinusThis }) => {
    if (policyMinusThis === undefined) return [];
    return [[name, fixed(policyMinusThis.lossMwh.mean, 4), policyMinusThis.winShare === 1 ? 'better' : 'not better']];
  });
  return [
    'policy minus each, line loss; one day gives no interval and no verdict:',
    'take --days 2 or more for those',
    '',
    ...table(columns, compared),
  ];
}

function comparisonDocument({ outOfBandShare, lossMwh, winShare, beats, resamples }: Comparison, days: number) {
  if (days === 1) return { outOfBandShare: { mean: outOfBandShare.mean }, lossMwh: { mean: lossMwh.mean } };
  return { outOfBandShare: { ...outOfBandShare }, lossMwh: { ...lossMwh }, winShare, beats, resamples };
}
