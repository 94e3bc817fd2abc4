import { TUNED } from '../../agents/baselines/tuned.ts';
import {
  evaluateDays,
  meanMetrics,
  pairedBootstrap,
  policyController,
  type Comparison,
} from '../../agents/evaluate.ts';
import { hardDays, studyBaselines } from '../../agents/study.ts';
import { createExecutor } from '../../contracts/policy/execute.ts';
import { loadArtifact } from '../../contracts/policy/codec.ts';
import { testDay } from '../../env/series/synthetic.ts';
import type { Action } from '../command.ts';
import type { EvaluateFlags } from '../commands/evaluate.ts';
import { readPolicy } from '../policyInput.ts';
import { fixed, percent, short } from '../ui/format.ts';
import { table } from '../ui/table.ts';

export const evaluate: Action<EvaluateFlags, [policy: string | undefined]> = async (report, flags, path) => {
  const artifact = loadArtifact(await readPolicy(path));
  const days = flags.hard
    ? hardDays('test', flags.days, {}, flags.from)
    : Array.from({ length: flags.days }, (_, i) => testDay(flags.from + i));
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
  const own = runs[runs.length - 1]!.metrics;
  const rows = runs.map(({ name, metrics }) => ({
    name,
    ...meanMetrics(metrics),
    policyMinusThis: name === policy.name ? undefined : pairedBootstrap([own], metrics),
  }));
  report.text(
    `${short(artifact.cid)} on ${days.length} ${flags.hard ? 'hard ' : ''}test days, means per day`,
    '',
    ...meansTable(rows, (name) => (name === policy.name ? report.colours.bold(name) : name)),
    '',
    'policy minus each, paired by day: line loss, 95 % interval; share of resamples',
    'in which the policy has the better score (beats: 97.5 % or more)',
    '',
    ...comparisonTable(rows),
  );
  report.document({
    policy: { cid: artifact.cid },
    days: [...days],
    rows: rows.map(({ policyMinusThis, ...row }) => ({
      ...row,
      ...(policyMinusThis === undefined ? {} : { policyMinusThis: comparisonDocument(policyMinusThis) }),
    })),
  });
};

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
  return table(columns, compared);
}

function comparisonDocument({ outOfBandShare, lossMwh, winShare, beats, resamples }: Comparison) {
  return { outOfBandShare: { ...outOfBandShare }, lossMwh: { ...lossMwh }, winShare, beats, resamples };
}
