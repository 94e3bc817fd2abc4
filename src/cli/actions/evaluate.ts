import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { hireCrew, type Crew } from '../../agents/evaluation/crew.ts';
import type { EvaluationDocument } from '../../agents/evaluation/document.ts';
import { evaluateSuite } from '../../agents/evaluation/evaluate.ts';
import { evaluationPage } from '../../agents/evaluation/page/page.ts';
import { resultFile } from '../../agents/evaluation/resultFile.ts';
import { documentText } from '../../agents/evaluation/show.ts';
import type { Suite, SuiteOptions } from '../../agents/evaluation/suite.ts';
import { suiteIdFor, suiteOf, type SuiteMaterial } from '../../agents/suites/index.ts';
import { learningCurveSvg } from '../../agents/training/learningCurve.ts';
import { readLog } from '../../agents/training/runFolder.ts';
import { fail } from '../../base/errors.ts';
import type { Action } from '../command.ts';
import type { EvaluateFlags } from '../commands/evaluate.ts';
import { readPolicyInput, shippedPolicyInput, type PolicyInput } from '../evaluationInput.ts';
import { plotHardest } from '../evaluationPlots.ts';
import { evaluationText } from '../evaluationText.ts';
import { requireDirectory, writeNamedFile } from '../files.ts';
import { readHomes } from '../homesInput.ts';
import type { Json, Reporter } from '../ui/output.ts';
import type { Progress } from '../ui/progress.ts';
import { evaluateHomes, sayIssues } from './evaluateHomes.ts';

const MOST_WORKERS = 8;

export const evaluate: Action<EvaluateFlags, string[]> = async (report, flags, ...paths) => {
  if (flags.homes !== undefined && paths.length === 0) return evaluateHomes(report, flags);
  if (flags.mpc) throw fail('cli.usage', { expected: '--mpc with --homes and no policy', got: '--mpc' });
  const inputs = distinct(report, await readInputs(paths, flags.apart));
  const id = flags.suite ?? suiteIdOf(inputs);
  const material = await materialOf(report, flags, id);
  const suite = await suiteOf(id, material);
  if (flags.plot !== undefined && !suite.task.startsWith('voltage-')) {
    throw fail('cli.usage', { expected: '--plot with a voltage suite', got: id });
  }
  for (const folder of placesOf(flags)) await requireDirectory(folder);
  const document = await run(report, flags, { id, suite, material }, inputs);
  const written = await writeAll(flags, document, inputs);
  if (flags.plot !== undefined) {
    const scenarios = suite.scenarios(selectionOf(flags));
    written.push(...(await plotHardest(flags.plot, { suite, scenarios, document, input: inputs[0]! })));
  }
  report.text(
    ...evaluationText(document, { width: report.width, colours: report.colours }),
    ...written.map((file, i) => `${i === 0 ? '\n' : ''}wrote ${file}`),
  );
  report.document(document as unknown as Json);
};

async function readInputs(paths: readonly string[], apart: boolean): Promise<readonly PolicyInput[]> {
  if (paths.length === 0) return [await shippedPolicyInput()];
  const inputs: PolicyInput[] = [];
  for (const path of paths) inputs.push(await readPolicyInput(path));
  return apart ? inputs.map((input) => ({ ...input, name: input.from })) : inputs;
}

/** The same artifact twice is not two trainings. */
function distinct(report: Reporter, inputs: readonly PolicyInput[]): readonly PolicyInput[] {
  return inputs.filter(({ artifact, from }, i) => {
    const first = inputs.find((other) => other.artifact.cid === artifact.cid)!;
    if (first === inputs[i]) return true;
    report.warn(`${from} is the artifact of ${first.from}, and is left out`);
    return false;
  });
}

/** @throws `agents.suite` when a policy fits no suite, or two fit different ones. */
function suiteIdOf(inputs: readonly PolicyInput[]): string {
  const ids = inputs.map(({ name, artifact, task }) => suiteIdFor(artifact.interface, { name, task }));
  const [first] = ids;
  if (ids.every((id) => id === first)) return first!;
  throw fail('agents.suite', {
    expected: 'policies of one suite, or --suite',
    got: inputs.map(({ from }, i) => `${from}: ${ids[i]}`).join(', '),
  });
}

async function materialOf(report: Reporter, { homes: folder }: EvaluateFlags, id: string): Promise<SuiteMaterial> {
  if (folder === undefined) return {};
  if (!id.startsWith('dispatch-home')) {
    throw fail('cli.usage', { expected: '--homes with a policy of a home battery', got: `suite ${id}` });
  }
  const { homes, issues } = await readHomes(folder);
  sayIssues(report, issues);
  return { homes };
}

interface Judged {
  readonly id: string;
  readonly suite: Suite;
  readonly material: SuiteMaterial;
}

function selectionOf({ count, days, from }: EvaluateFlags): SuiteOptions {
  return { count: count ?? days, from };
}

async function run(
  report: Reporter,
  flags: EvaluateFlags,
  { id, suite, material }: Judged,
  entries: readonly PolicyInput[],
): Promise<EvaluationDocument> {
  const selection = { ...selectionOf(flags), against: flags.against };
  const workers = flags.workers ?? fittingWorkers(suite.scenarios(selection).length);
  const crew = workers === 1 ? undefined : crewFor(workers, { suite: id, material, ...selection }, entries);
  let progress: Progress | undefined;
  try {
    return await evaluateSuite(suite, entries, {
      ...{ ...selection, lanes: workers, live: crew?.live },
      command: commandOf(id, flags, entries),
      store: flags.keep === undefined ? undefined : resultFile(flags.keep, id),
      onProgress: ({ done, total, contender, scenario }) => {
        progress ??= report.progress('evaluating', total, 'runs');
        progress.update(done, `${contender}, ${scenario}`);
      },
    });
  } finally {
    progress?.end();
    await crew?.close();
  }
}

/** One for each core where there is enough to do: a thread takes a second to be ready. */
function fittingWorkers(scenarios: number): number {
  return scenarios < 8 ? 1 : Math.min(availableParallelism(), MOST_WORKERS, scenarios);
}

type Selection = Omit<Parameters<typeof hireCrew>[1], 'entries'>;

function crewFor(size: number, selection: Selection, entries: readonly PolicyInput[]): Crew {
  const told = entries.map(({ name, from, artifact: { bytes }, float }) => ({ name, from, bytes, float }));
  return hireCrew(size, { ...selection, entries: told });
}

/** What repeats it, without what changes nothing in the result. */
function commandOf(id: string, flags: EvaluateFlags, entries: readonly PolicyInput[]): string {
  const { from, against, apart, homes } = flags;
  const count = flags.count ?? flags.days;
  const words = [
    ...['gridpact', 'evaluate', ...entries.map((entry) => entry.from), '--suite', id],
    ...(count === undefined ? [] : ['--count', String(count)]),
    ...(from === undefined ? [] : ['--from', String(from)]),
    ...(against ?? []).flatMap((name) => ['--against', name]),
    ...(apart ? ['--apart'] : []),
    ...(homes === undefined ? [] : ['--homes', homes]),
  ];
  return words.map(quoted).join(' ');
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Folders that the results go to. */
function placesOf({ write, html }: EvaluateFlags): string[] {
  return [...(write === undefined ? [] : [write]), ...(html === undefined ? [] : [dirname(html)])];
}

/** Names of the files. @throws `cli.file`. */
async function writeAll(
  { write, html }: EvaluateFlags,
  document: EvaluationDocument,
  inputs: readonly PolicyInput[],
): Promise<string[]> {
  const files: string[] = [];
  const put = async (file: string, content: string): Promise<void> => {
    await writeNamedFile(file, content);
    files.push(file);
  };
  if (write !== undefined) await put(join(write, 'evaluation.json'), documentText(document));
  if (html !== undefined) await put(html, evaluationPage(document, { curves: curvesOf(inputs) }));
  return files;
}

/** One plot a name, a line a seed whose folder has a training log. */
function curvesOf(inputs: readonly PolicyInput[]): { title: string; svg: string }[] {
  return [...new Set(inputs.map(({ name }) => name))].flatMap((title) => {
    const runs = inputs.flatMap(({ name, from, folder }) => {
      const lines = name === title && folder !== undefined ? readLog(join(folder, 'log.jsonl')) : [];
      return lines.length === 0 ? [] : [{ name: from, lines }];
    });
    return runs.length === 0 ? [] : [{ title, svg: learningCurveSvg(title, runs) }];
  });
}
