/** A suite, some policies, an evaluation document: everything between is a function of these. */
import { toHex, utf8 } from '../../base/bytes.ts';
import { fail } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import type { LoadedPolicy } from '../../contracts/policy/artifact.ts';
import { taskDefinition } from '../../env/gym/registry.ts';
import type { FloatPolicy } from '../freeze/floatPolicy.ts';
import { comparePolicy, summarise, type Measured } from './compare.ts';
import { EVALUATION_FORMAT, type EvaluationDocument, type ScenarioRecord } from './document.ts';
import { interfaceSignature } from './episode.ts';
import { freezingOf } from './freezing.ts';
import { runAll, type RunOptions, type Runner } from './runner.ts';
import { BOOTSTRAP_DEFAULTS, type BootstrapOptions } from './statistics.ts';
import type { Contender, Metrics, Scenario, Suite, SuiteOptions } from './suite.ts';

/** A frozen policy; several of one name are training seeds of one recipe and stand in one row. */
export interface Entry {
  readonly name: string;
  /** Where it was read from. */
  readonly from: string;
  readonly artifact: LoadedPolicy;
  /** The network it was frozen from, to show what freezing changed. */
  readonly float?: FloatPolicy | undefined;
}

export interface EvaluateOptions extends SuiteOptions, RunOptions, BootstrapOptions {
  /** Baselines and bounds by name; all of the suite unless given. */
  readonly against?: readonly string[] | undefined;
  /** What repeats it, for the document. */
  readonly command: string;
}

/** @throws `agents.evaluate` for no policy, an unknown baseline, a policy that does not fit, a metric not finite. */
export async function evaluateSuite(
  suite: Suite,
  entries: readonly Entry[],
  options: EvaluateOptions,
): Promise<EvaluationDocument> {
  const scenarios = suite.scenarios({ count: options.count, from: options.from });
  if (entries.length === 0 || scenarios.length === 0) {
    throw fail('agents.evaluate', {
      expected: 'one policy and one scenario or more',
      got: { policies: entries.length, scenarios: scenarios.length },
    });
  }
  checkFit(suite, scenarios[0]!, entries);
  const runners = runnersOf(suite, entries, options.against);
  const results = await runAll(runners, scenarios, suite.metrics, options);
  const baselines = runners.flatMap(({ contender }) => (contender.kind === 'policy' ? [] : [contender]));
  const policies = poolByName(suite, entries, runners, results);
  const others = baselines.map((contender, b) => measured(suite, contender, [results[entries.length + b]!]));
  const drawing = { ...BOOTSTRAP_DEFAULTS, ...pickBootstrap(options) };
  return {
    format: EVALUATION_FORMAT,
    suite: { id: suite.id, task: suite.task, title: suite.title },
    command: options.command,
    statistics: { level: 0.95, ...drawing },
    metrics: suite.metrics,
    scenarios: scenarios.map(scenarioRecord),
    contenders: [...policies, ...others].map((each) => ({ ...each, summary: summarise(suite.metrics, each, drawing) })),
    comparisons: policies.flatMap((policy) => comparePolicy(suite.metrics, policy, others, drawing)),
    freezing: entries
      .filter(({ float }) => float !== undefined)
      .map(({ name, artifact: { cid } }, f) => ({
        policy: name,
        cid,
        metrics: freezingOf(
          suite.metrics,
          results[entries.length + baselines.length + f]!,
          results[entries.findIndex(({ artifact }) => artifact.cid === cid)]!,
        ),
      })),
  };
}

/** Before anything is run: what a policy sees and moves is what the task of the suite gives and takes. */
function checkFit({ task }: Suite, { args }: Scenario, entries: readonly Entry[]): void {
  const expected = interfaceSignature(taskDefinition(task).createCopy(args).port.policy);
  const odd = entries.find(({ artifact }) => interfaceSignature(artifact.interface) !== expected);
  if (odd === undefined) return;
  throw fail('agents.evaluate', { expected, got: `${odd.from}: ${interfaceSignature(odd.artifact.interface)}` });
}

/** Policies in their order, baselines and bounds, then the float networks of the policies that have one. */
export function runnersOf(suite: Suite, entries: readonly Entry[], against?: readonly string[]): readonly Runner[] {
  return [
    ...entries.map((entry) => policyRunner(suite, entry)),
    ...chosenBaselines(suite, against).map((contender) => ({
      key: `${contender.name}: ${contender.about}`,
      contender,
    })),
    ...entries.flatMap((entry) => floatRunner(suite, entry)),
  ];
}

function pickBootstrap({ seed, resamples }: BootstrapOptions): BootstrapOptions {
  return { ...(seed === undefined ? {} : { seed }), ...(resamples === undefined ? {} : { resamples }) };
}

function chosenBaselines(suite: Suite, against: readonly string[] | undefined): readonly Contender[] {
  const all = suite.baselines();
  const unknown = against?.find((name) => !all.some((contender) => contender.name === name));
  if (unknown !== undefined) {
    throw fail('agents.evaluate', { expected: all.map(({ name }) => name).join(', '), got: unknown });
  }
  return against === undefined ? all : all.filter(({ name }) => against.includes(name));
}

function policyRunner(suite: Suite, { name, artifact }: Entry): Runner {
  return { key: artifact.cid, contender: suite.policy(name, artifact) };
}

function floatRunner(suite: Suite, { name, artifact, float }: Entry): Runner[] {
  if (float === undefined) return [];
  return [{ key: `float of ${artifact.cid}`, contender: suite.policy(`${name}, float`, float) }];
}

function poolByName(
  suite: Suite,
  entries: readonly Entry[],
  runners: readonly Runner[],
  results: readonly (readonly Metrics[])[],
): Measured[] {
  return [...new Set(entries.map(({ name }) => name))].map((name) => {
    const places = [...entries.keys()].filter((e) => entries[e]!.name === name);
    const seeds = places.map((e) => ({ from: entries[e]!.from, cid: entries[e]!.artifact.cid }));
    const rows = places.map((e) => results[e]!);
    return { ...measured(suite, runners[places[0]!]!.contender, rows), name, policies: seeds };
  });
}

/** One row of values a list of results, for the metrics that all of them have. */
function measured(suite: Suite, { name, kind, about }: Contender, rows: readonly (readonly Metrics[])[]): Measured {
  const known = suite.metrics.filter(({ key }) => rows.every((row) => row.every((m) => m[key] !== undefined)));
  const values = known.map(({ key }) => [key, rows.map((row) => row.map((m) => m[key]!))] as const);
  return { name, kind, about, policies: [], values: Object.fromEntries(values) };
}

const LISTED = 64;

function scenarioRecord({ id, seed, args }: Scenario): ScenarioRecord {
  return { id, seed, args: told(args) as Record<string, unknown> };
}

/** Plain JSON; a long list as its number of items and a digest of them. */
function told(value: unknown): unknown {
  const list = ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<unknown>) : value;
  if (Array.isArray(list)) {
    if (list.length <= LISTED) return list.map(told);
    return { items: list.length, sha256: toHex(sha256(utf8(JSON.stringify(list)))) };
  }
  if (typeof list !== 'object' || list === null) return list;
  return Object.fromEntries(Object.entries(list).map(([name, item]) => [name, told(item)]));
}
