/** `gridpact evaluate --plot`: the scenario that is hardest for the weakest baseline, as pictures of the feeder. */
import { join } from 'node:path';
import type { EvaluationDocument } from '../agents/evaluation/document.ts';
import type { Contender, Scenario, Suite } from '../agents/evaluation/suite.ts';
import { dayPlots, traceDay, type DayTrace } from './dayPlots.ts';
import type { PolicyInput } from './evaluationInput.ts';
import { makeNamedDirectory, writeNamedFile } from './files.ts';

export interface PlotInput {
  readonly suite: Suite;
  readonly scenarios: readonly Scenario[];
  readonly document: EvaluationDocument;
  readonly input: PolicyInput;
}

/**
 * Paths of the files written: into a directory, or the day over time alone into the one `.svg` that is named.
 * @throws `cli.file`.
 */
export async function plotHardest(path: string, given: PlotInput): Promise<string[]> {
  const { suite } = given;
  const scenario = hardest(given);
  const traces: DayTrace[] = [];
  for (const contender of drawn(given)) traces.push(await traceDay(contender, scenario));
  const plots = dayPlots(traces, `${suite.id}, scenario ${scenario.id}`);
  const single = /\.svg$/i.test(path);
  if (!single) await makeNamedDirectory(path);
  const wanted = single ? plots.slice(-1) : plots;
  const files = wanted.map(({ name }) => (single ? path : join(path, `${name}.svg`)));
  for (const [i, file] of files.entries()) await writeNamedFile(file, wanted[i]!.svg);
  return files;
}

/** The policy, the weakest and the strongest baseline, the strongest bound. */
function drawn({ suite, input }: PlotInput): Contender[] {
  const all = suite.baselines();
  const baselines = all.filter(({ kind }) => kind === 'baseline');
  const bounds = all.filter(({ kind }) => kind === 'bound');
  const chosen = [suite.policy(input.name, input.artifact), baselines[0], baselines.at(-1), bounds.at(-1)];
  return [...new Set(chosen.filter((contender) => contender !== undefined))];
}

function hardest({ suite, document, scenarios }: PlotInput): Scenario {
  const { key, better } = suite.metrics[0]!;
  const plain = document.contenders.find(({ kind }) => kind === 'baseline') ?? document.contenders[0]!;
  const values = plain.values[key]![0]!;
  return scenarios[values.indexOf(better === 'more' ? Math.min(...values) : Math.max(...values))]!;
}
