import { describeBackend } from '../../agents/backend.ts';
import { freezePolicy, type FrozenPolicy } from '../../agents/freeze/freeze.ts';
import type { Action } from '../command.ts';
import type { DemoFlags } from '../commands/demo.ts';
import { loadSeries } from '../seriesInput.ts';
import { runSimulation } from '../simulation.ts';
import { summaryDocument, summaryLines } from '../summary.ts';
import { readRecipe, shippedRecipe, trainWithProgress } from '../training.ts';
import { programName } from '../programName.ts';
import { count, percent, short } from '../ui/format.ts';
import type { Reporter } from '../ui/output.ts';
import { facts } from '../ui/table.ts';

const RECIPE = 'voltage-ieee33-demo';

export const demo: Action<DemoFlags> = async (report, flags) => {
  const say = (text: string): void => report.text(`${report.colours.green('•')} ${text}`);
  report.text(report.colours.bold('GridPact: train, freeze, approve, execute, settle'), '');
  const frozen = await trainAndFreeze(report, flags, say);
  const { day: start, intervals } = flags;
  const { series } = await loadSeries({ file: undefined, start, days: 1, intervals, scale: 'feeder' });
  const bar = report.progress('simulating', series.steps, 'intervals');
  const result = await runSimulation({
    policyBytes: frozen.policy.bytes,
    series,
    seed: `${flags.seed}`,
    missingRate: 0,
    ...(flags.data === undefined ? {} : { directory: flags.data }),
    onSetup: say,
    onInterval: (step) => bar.update(step),
  });
  bar.end();
  const { intervals: lived, receipts } = result;
  say(`${count(lived)} intervals of ${series.provenance} executed by the ledger, ${count(receipts)} receipts`);
  report.text('', ...summaryLines(result, report.colours, report.width), '', ...next(flags, programName(report.io)));
  const shared = summaryDocument(result);
  report.document({
    ...shared,
    policy: { cid: frozen.policy.cid, quantisationMaxError: frozen.policy.quantisation.maxError },
    backend: frozen.backend,
    training: { steps: frozen.steps, seconds: frozen.seconds },
  });
};

interface Frozen {
  readonly policy: FrozenPolicy;
  readonly backend: string;
  readonly steps: number;
  readonly seconds: number;
}

async function trainAndFreeze(report: Reporter, flags: DemoFlags, say: (text: string) => void): Promise<Frozen> {
  const recipe = await readRecipe(flags.recipe ?? shippedRecipe(RECIPE));
  const trained = await trainWithProgress(report, recipe, {
    seed: flags.seed,
    ...(flags.steps === undefined ? {} : { totalSteps: flags.steps }),
  });
  const { backend, steps, seconds } = trained.training;
  const described = describeBackend(backend);
  const software = `${backend.name} tfjs-core ${backend.version}`;
  say(`trained ${recipe.task} for ${count(steps)} steps in ${seconds.toFixed(0)} s on ${software}`);
  const policy = freezePolicy(trained.policy);
  const { maxError } = policy.quantisation;
  say(
    `frozen to ${short(policy.cid)}, ${count(policy.bytes.length)} bytes, quantisation error at most ${percent(maxError, 3)}`,
  );
  return { policy, backend: described, steps, seconds };
}

function next({ data }: DemoFlags, program: string): readonly string[] {
  const kept = data ?? 'ledger';
  const lines: (readonly [command: string, words: string])[] = [
    [`statement owner-1 --data ${kept}`, 'every payment with its evidence'],
    [`replay --data ${kept}`, 'execute every block again'],
    ['evaluate', 'all baselines, unseen days'],
    ['node --dev --data node', 'a node with its HTTP API'],
  ];
  if (data === undefined) lines.unshift([`simulate --data ${kept}`, 'the shipped policy, ledger kept']);
  return ['try next', ...facts(lines.map(([command, words]) => [`  ${program} ${command}`, words]))];
}
