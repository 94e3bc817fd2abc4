/**
 * `npm run check:deep [NAME...]`: the figures too heavy for `npm test`, each seeded, each writing one page of
 * docs/evidence. A part that has its page is skipped, so an interrupted run resumes; `--again` repeats it.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { REPO_ROOT } from '../test/support/repo.ts';
import { planKills, runKills } from '../test/support/kills.ts';
import { make, TASK_IDS } from '../src/env/gym/registry.ts';
import { endure } from '../test/env/endurance.ts';
import { runHistories } from '../test/ledger/histories.ts';
import { runSameIntegers } from '../test/twin/sameIntegersRun.ts';
import { anm6Evidence } from './anm6Evidence.ts';
import { artifactFuzz } from './artifactFuzz.ts';
import { dispatchEvidence } from './dispatchEvidence.ts';
import { frequencyEvidence } from './frequencyEvidence.ts';
import { pythonChain } from './pythonChain.ts';
import { policyChains } from './policyChains.ts';
import { stackedEvidence } from './stackedEvidence.ts';
import { verificationEvidence } from './verificationEvidence.ts';
import { voltageFrontier } from './voltageFrontier.ts';
import { runLearners } from '../test/agents/learners.ts';

/** Per task, whichever asks for more. */
const RANDOM_STEPS = 100000;
const RANDOM_ACTIONS = 1000000;

const EVIDENCE = join(REPO_ROOT, 'docs', 'evidence');

interface Outcome {
  readonly facts: readonly (readonly [string, string | number])[];
  readonly passed: boolean;
  /** Lines of the page below the facts. */
  readonly sections?: readonly string[];
}

interface Part {
  readonly title: string;
  /** Facts in order, and whether they are what they must be. */
  run(): Outcome | Promise<Outcome>;
}

const PARTS: Readonly<Record<string, Part>> = {
  'anm6-easy': {
    title: 'anm6-easy: every seed of its recipe beside every baseline',
    run: () => anm6Evidence(REPO_ROOT),
  },
  'artifact-fuzz': {
    title: 'mutated policy artifacts before the loader: no crash, no hang, nothing uncanonical accepted',
    run: () => artifactFuzz(REPO_ROOT),
  },
  dispatch: {
    title: 'dispatch-home, dispatch-feeder: every seed of their recipes beside every baseline',
    run: () => dispatchEvidence(REPO_ROOT),
  },
  frequency: {
    title:
      'frequency-ieee14, frequency-area1, frequency-area1-containment: every seed of their recipes beside every baseline',
    run: () => frequencyEvidence(REPO_ROOT),
  },
  kills: {
    title: 'kill -9 at named persist steps of a simulation',
    run() {
      const steps = 120;
      const perStep = { blockWriting: 10, blockWritten: 15, finalized: 25, committing: 45, committed: 5 };
      const report = runKills(steps, planKills('deep', steps, perStep));
      const { final, unkilled, died } = report;
      return {
        facts: [
          ['intervals simulated', steps],
          ['kills', died],
          ...Object.entries(perStep).map(([step, n]) => [`kills at ${step}`, n] as const),
          ['final height, killed and unkilled', `${final.height}, ${unkilled.height}`],
          ['final state root, killed', final.stateRoot],
          ['final state root, unkilled', unkilled.stateRoot],
          ['balances equal', String(JSON.stringify(final) === JSON.stringify(unkilled))],
          ['ledger sum', final.sumMicro],
        ],
        passed: JSON.stringify(final) === JSON.stringify(unkilled) && final.sumMicro === 0 && died === 100,
      };
    },
  },
  'python-chain': {
    title: 'the digest chain of every shipped model, from the reference and from the Python executor',
    run: () => pythonChain(REPO_ROOT),
  },
  'policy-chains': {
    title: 'one policy, the same outputs from every executor',
    run: () => policyChains(REPO_ROOT),
  },
  'random-actions': {
    title: 'every task under random actions: endurance and balance',
    run() {
      const facts: (readonly [string, string | number])[] = [];
      let passed = true;
      for (const id of TASK_IDS) {
        const { agents, actionSize } = make(id).copy.shape;
        const steps = Math.max(RANDOM_STEPS, Math.ceil(RANDOM_ACTIONS / (agents * actionSize)));
        const lived = endure(id, 23, steps);
        const { actions, episodes, terminated, unsolved, worstOfTolerance, rewardsFinite } = lived;
        const worst = worstOfTolerance.toExponential(1);
        facts.push([
          id,
          `${steps} steps, ${actions} actions, ${episodes} episodes (${terminated} terminated), ${unsolved} without solution, worst imbalance ${worst} of what is allowed`,
        ]);
        passed &&= rewardsFinite && worstOfTolerance < 1;
      }
      return { facts, passed };
    },
  },
  'same-integers': {
    title: 'the same policy integers from physics and from signed bytes in committed blocks',
    async run() {
      const report = await runSameIntegers(10000);
      const { snapshots, different, atClampShare, beyondClampShare, missingShare, saturatedShare } = report;
      return {
        facts: [
          ['snapshots', snapshots],
          ['different outputs', different],
          ['input values at or beyond a clamp', percent(atClampShare)],
          ['input values strictly beyond a clamp', percent(beyondClampShare)],
          ['snapshots with a missing input', percent(missingShare)],
          ['outputs within 1 % of the end of their range', percent(saturatedShare)],
        ],
        passed: snapshots >= 10000 && different === 0 && atClampShare >= 0.05 && missingShare >= 0.05,
      };
    },
  },
  'stacked-ieee33': {
    title: 'stacked-ieee33: every seed of its recipe beside single services with the same budget and every rule',
    run: () => stackedEvidence(REPO_ROOT),
  },
  histories: {
    title: 'random histories of the ledger against a naive model of balances',
    async run() {
      const { failure, ...counts } = await runHistories({ runs: 1000, seed: 20261122, maxCommands: 120 });
      return {
        facts: [
          ...Object.entries(counts).map(([what, value]) => [what, String(value)] as const),
          ['disagreement', failure ?? 'none'],
        ],
        passed: failure === undefined,
      };
    },
  },
  learners: {
    title: 'PPO and SAC on classic control, every seed',
    run: () => runLearners([1, 2, 3, 4, 5], (line) => process.stdout.write(`  ${line}\n`)),
  },
  verification: {
    title: 'verification: brute force, containment, fuzzed documents and shipped policies',
    run: () => verificationEvidence(REPO_ROOT, (line) => process.stdout.write(`  ${line}\n`)),
  },
  'voltage-frontier': {
    title: 'voltage on radial feeders: baselines and optimal power flow',
    run: () => voltageFrontier(REPO_ROOT, (line) => process.stdout.write(`  ${line}\n`)),
  },
};

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function page(name: string, { title }: Part, { facts, passed, sections = [] }: Outcome, s: number): string {
  const rows = facts.map(([what, value]) => `| ${what} | ${value} |`);
  return [
    `# ${title}`,
    '',
    `${passed ? 'Passed' : 'FAILED'}. Repeat with \`npm run check:deep -- ${name} --again\`.`,
    '',
    '| | |',
    '|---|---|',
    ...rows,
    `| time, s | ${s.toFixed(0)} |`,
    `| machine | ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version} |`,
    '',
    ...sections,
  ].join('\n');
}

const args = process.argv.slice(2);
const again = args.includes('--again');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const unknown = wanted.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  process.stderr.write(`no such part: ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}\n`);
  process.exit(2);
}
mkdirSync(EVIDENCE, { recursive: true });
for (const name of wanted.length > 0 ? wanted : Object.keys(PARTS)) {
  const file = join(EVIDENCE, `${name}.md`);
  if (existsSync(file) && !again) {
    process.stdout.write(`${name}: docs/evidence/${name}.md is there already\n`);
    continue;
  }
  const part = PARTS[name]!;
  process.stdout.write(`${name}: ${part.title} ...\n`);
  const startMs = performance.now();
  const outcome = await part.run();
  writeFileSync(file, page(name, part, outcome, (performance.now() - startMs) / 1000));
  process.stdout.write(`${name}: ${outcome.passed ? 'passed' : 'FAILED'}\n`);
  if (!outcome.passed) process.exitCode = 1;
}
