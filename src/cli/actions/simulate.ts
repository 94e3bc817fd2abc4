import type { Action } from '../command.ts';
import type { SimulateFlags } from '../commands/simulate.ts';
import { readPolicy } from '../policyInput.ts';
import { programName } from '../programName.ts';
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
  if (scale === 'raw') sayInfeasible(report, result);
  report.text('', ...next(result, data, programName(report.io)));
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
  for (const name of ['none', 'policy'] as const) {
    const { divergedSteps, outOfBandShare, controllableRatio } = voltage[name];
    report.warn(
      `raw powers under ${name}: ${percent(divergedSteps / Math.max(1, intervals))} of intervals have no power-flow ` +
        `solution, ${percent(1 - controllableRatio)} have a bus outside its limits, ${percent(outOfBandShare)} of all ` +
        'bus voltages are outside',
    );
  }
}

function next({ payments, proof }: SimulationResult, data: string | undefined, program: string): string[] {
  if (data === undefined) return ['try next', `  ${program} simulate --data ledger  the same, with the ledger kept`];
  const owner = proof?.owner ?? payments[0]!.owner;
  return [
    'try next',
    `  ${program} statement ${owner} --data ${data}`,
    `  ${program} audit --data ${data}`,
    `  ${program} proof make --owner ${owner} --last --data ${data}`,
  ];
}
