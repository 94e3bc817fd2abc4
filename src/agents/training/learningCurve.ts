/** Learning curves: of one run or of several seeds, as SVG. */
import { timeSeriesSvg, type Panel } from '../../env/render/timeSeries.ts';
import type { LogLine } from './runFolder.ts';

export interface CurveRun {
  readonly name: string;
  readonly lines: readonly LogLine[];
}

/** Return of the episodes that ended last where there is one, reward per step, use of every limit; by transitions. */
export function learningCurveSvg(title: string, runs: readonly CurveRun[]): string {
  const longest = runs.reduce((a, b) => (b.lines.length > a.lines.length ? b : a));
  const updates = longest.lines.length;
  const line = (run: CurveRun, pick: (line: LogLine) => number | undefined): Panel['lines'][number] => ({
    name: run.name,
    values: Float64Array.from({ length: updates }, (_, i) => pickAt(run, i, pick)),
  });
  const panel = (name: string, unit: string, pick: (line: LogLine) => number | undefined): Panel => ({
    title: name,
    unit,
    lines: runs.map((run) => line(run, pick)),
  });
  const limits = longest.lines[0]?.limits ?? [];
  const panels = [
    panel('return of an episode', 'mean', ({ meanReturn }) => meanReturn),
    panel('reward of a step', 'mean', ({ meanReward }) => meanReward),
    ...limits.map(({ name, limit }, k): Panel => ({
      ...panel(`${name}, limit ${limit}`, 'mean cost of a step', (at) => at.limits[k]?.use),
      band: [0, limit],
    })),
  ];
  const stepsPerUpdate = (longest.lines.at(-1)?.steps ?? 0) / Math.max(1, updates);
  return timeSeriesSvg({
    title,
    panels,
    startMs: 0,
    stepMs: 1,
    count: { perStep: stepsPerUpdate, label: 'transitions' },
  });
}

function pickAt({ lines }: CurveRun, i: number, pick: (line: LogLine) => number | undefined): number {
  const line = lines[i];
  return line === undefined ? NaN : (pick(line) ?? NaN);
}
