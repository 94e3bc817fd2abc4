import type { Action } from '../command.ts';
import type { SimulateFlags } from '../commands/simulate.ts';
import { readPolicy } from '../policyInput.ts';
import { loadSeries, type SeriesReport } from '../seriesInput.ts';
import { runSimulation, type SimulationResult } from '../simulation.ts';
import { summaryDocument, summaryLines } from '../summary.ts';
import { count, percent } from '../ui/format.ts';
import type { Reporter } from '../ui/output.ts';

/** Lines of a series named on stderr, of each kind; all of them are in --json. */
const SHOWN = 5;

export const simulate: Action<SimulateFlags> = async (report, flags) => {
  const { scale, start, days, intervals, data, seed, missingRate } = flags;
  const policyBytes = await readPolicy(flags.policy);
  const { series, report: input } = await loadSeries({ file: flags.series, start, days, intervals, scale });
  sayProblems(report, input);
  report.text(`${report.colours.green('•')} ${input.provenance}, ${count(series.steps)} intervals`);
  const progress = report.progress('simulating', series.steps, 'intervals');
  const result = await runSimulation({
    policyBytes,
    series,
    seed,
    missingRate,
    ...(data === undefined ? {} : { directory: data }),
    onSetup: (title) => report.text(`${report.colours.green('•')} ${title}`),
    onInterval: (step) => progress.update(step),
  });
  progress.end();
  report.text('', ...summaryLines(result, report.colours, report.width));
  sayInfeasible(report, result);
  if (data !== undefined) report.text('', ...next(result, data));
  report.document({ ...summaryDocument(result), series: { ...input, issues: input.issues.map((i) => ({ ...i })) } });
};

function sayProblems(report: Reporter, { issues }: SeriesReport): void {
  for (const code of new Set(issues.map((issue) => issue.code))) {
    const found = issues.filter((issue) => issue.code === code);
    for (const { line, message } of found.slice(0, SHOWN)) report.warn(`${code} line ${line}: ${message}`);
    if (found.length > SHOWN) report.warn(`${code}: ${count(found.length - SHOWN)} more lines, all with --json`);
  }
}

/** A series that no control can hold is reported, never smoothed over. */
function sayInfeasible(report: Reporter, { voltage, intervals }: SimulationResult): void {
  const { divergedSteps, outOfBandShare } = voltage.policy;
  if (divergedSteps === 0) return;
  report.warn(
    `the network cannot carry this series: ${percent(divergedSteps / intervals)} of intervals have no power-flow ` +
      `solution, ${percent(outOfBandShare)} of bus voltages are outside their limits even under the policy`,
  );
}

function next({ payments, proof }: SimulationResult, data: string): string[] {
  const owner = proof?.owner ?? payments[0]!.owner;
  return [
    'next',
    `  gridpact statement ${owner} --data ${data}`,
    `  gridpact audit --data ${data}`,
    `  gridpact proof make --owner ${owner} --last --data ${data}`,
  ];
}
