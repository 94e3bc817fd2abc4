import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatToml } from '../../agents/training/document.ts';
import { writeAtomically } from '../../agents/training/runFolder.ts';
import { loadSweep, ranking, survivors, type Sweep, type TrialState } from '../../agents/training/sweep.ts';
import { recipeDocument } from '../../agents/recipe.ts';
import { fail } from '../../base/errors.ts';
import type { Action } from '../command.ts';
import type { SweepFlags } from '../commands/sweep.ts';
import { makeNamedDirectory, readJsonFile } from '../files.ts';
import { trainAll, type TrainJob } from '../trainCrew.ts';
import { count, fixed } from '../ui/format.ts';
import type { Json, Reporter } from '../ui/output.ts';
import { facts, table } from '../ui/table.ts';

const STATE_FORMAT = 'gridpact-sweep-results/1';

interface SweepState {
  readonly format: typeof STATE_FORMAT;
  readonly name: string;
  /** Of the sweep. */
  readonly digest: string;
  readonly rungs: readonly number[];
  readonly trials: readonly (TrialState & { readonly drawn: Readonly<Record<string, unknown>> })[];
}

export const sweep: Action<SweepFlags, [sweep: string]> = async (report, { out, workers }, path) => {
  const plan = await loadSweep(path);
  await makeNamedDirectory(out);
  let states = await takeUp(plan, out);
  const keep = (): void =>
    writeAtomically(join(out, 'results.json'), `${JSON.stringify(stateOf(plan, states), null, 2)}\n`);
  keep();
  for (let rung = 0; rung < plan.rungs.length; rung++) {
    const ids = survivors(plan, states, rung);
    const open = ids.filter((id) => states[id]!.scores[rung] === undefined && states[id]!.failed === undefined);
    await liveRung(report, plan, { rung, ids: open, out, workers }, (id, score, failed) => {
      states = states.map((state) => (state.id === id ? after(state, score, failed) : state));
      keep();
    });
  }
  tell(report, plan, states, out);
};

function after(state: TrialState, score: number | undefined, failed: string | undefined): TrialState {
  if (score === undefined) return { ...state, failed: failed ?? 'no score' };
  return { ...state, scores: [...state.scores, score] };
}

interface Rung {
  readonly rung: number;
  readonly ids: readonly number[];
  readonly out: string;
  readonly workers: number | undefined;
}

async function liveRung(
  report: Reporter,
  plan: Sweep,
  { rung, ids, out, workers }: Rung,
  onScore: (id: number, score: number | undefined, failed: string | undefined) => void,
): Promise<void> {
  if (ids.length === 0) return;
  const untilSteps = plan.rungs[rung]!;
  const bar = report.progress(`rung ${rung + 1}/${plan.rungs.length}`, untilSteps * ids.length, 'steps');
  const lived = new Map<number, number>();
  await trainAll(
    ids.map((id) => jobOf(plan, id, join(out, folderOf(id)), untilSteps)),
    {
      workers,
      onProgress: (job, { steps, meanReturn, meanReward, backend }) => {
        lived.set(job, Math.min(steps, untilSteps));
        const detail = `${backend.split(' ')[0]!}  trial ${ids[job]} return ${fixed(meanReturn ?? meanReward, 2)}`;
        bar.update(
          [...lived.values()].reduce((sum, n) => sum + n, 0),
          detail,
        );
      },
      onDone: (job, { score, diverged }) => {
        lived.set(job, untilSteps);
        onScore(ids[job]!, score !== undefined && Number.isFinite(score) ? score : undefined, diverged);
      },
    },
  );
  bar.end();
}

function jobOf(
  { trials, base, directory, trainingSeed, episodes, seed }: Sweep,
  id: number,
  folder: string,
  untilSteps: number,
): TrainJob {
  return {
    recipe: recipeDocument(trials[id]!.recipe),
    start: { folder, directory, seed: trainingSeed },
    resume: true,
    keep: 1,
    untilSteps,
    freeze: false,
    score: { recipe: recipeDocument(base), episodes, seed },
  };
}

function folderOf(id: number): string {
  return `trial-${String(id).padStart(3, '0')}`;
}

/** @throws `train.sweep` when another sweep is in the folder, `cli.file`. */
async function takeUp(plan: Sweep, out: string): Promise<readonly TrialState[]> {
  const path = join(out, 'results.json');
  if (!existsSync(path)) return plan.trials.map(({ id }) => ({ id, scores: [] }));
  const { format, digest, name, trials } = Object(await readJsonFile(path)) as Partial<SweepState>;
  const whole = format === STATE_FORMAT && typeof digest === 'string' && trials?.length === plan.trials.length;
  if (!whole || digest !== plan.digest) {
    throw fail('train.sweep', {
      expected: `an empty folder, or one of this sweep (${plan.digest.slice(0, 16)})`,
      got: `${out} holds ${name ?? 'other results'} (${String(digest).slice(0, 16)})`,
    });
  }
  return trials.map(({ drawn: _drawn, ...state }) => state);
}

function stateOf({ name, digest, rungs, trials }: Sweep, states: readonly TrialState[]): SweepState {
  const drawn = states.map((state) => ({ ...state, drawn: trials[state.id]!.drawn }));
  return { format: STATE_FORMAT, name, digest, rungs, trials: drawn };
}

function tell(report: Reporter, plan: Sweep, states: readonly TrialState[], out: string): void {
  const ranked = ranking(states);
  const best = ranked[0]!;
  const paths = Object.keys(plan.trials[0]!.drawn);
  const right = 'right' as const;
  const rows = ranked.map(({ id, scores, failed }, place) => [
    String(place + 1),
    String(id),
    failed === undefined ? count(plan.rungs[scores.length - 1] ?? 0) : 'diverged',
    scores.length === 0 ? '-' : fixed(scores.at(-1)!, 4),
    ...paths.map((path) => JSON.stringify(plan.trials[id]!.drawn[path])),
  ]);
  const head = ['place', 'trial', 'steps', 'score', ...paths].map((title) => ({ title, align: right }));
  report.text(...table(head, rows), '');
  if (best.scores.length === 0) {
    report.text(...facts([['best', 'none: every trial diverged']]));
  } else {
    const recipe = recipeDocument(plan.trials[best.id]!.recipe);
    writeAtomically(join(out, 'best.toml'), formatToml(recipe));
    report.text(...facts([['best', `trial ${best.id}, written to ${join(out, 'best.toml')}`]]));
  }
  report.document({
    ...(stateOf(plan, ranked) as unknown as Record<string, Json>),
    best: best.scores.length === 0 ? null : best.id,
  });
}
