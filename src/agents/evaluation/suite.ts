/**
 * What it takes to compare controllers on a task: held-out scenarios, metrics, and contenders that live through a
 * scenario and say how it went. One suite per task family (src/agents/suites); statistics, tables and reports
 * (beside this file) know nothing of the task.
 */
import type { TaskId } from '../../env/gym/registry.ts';
import type { TaskCopy } from '../../env/gym/task.ts';
import type { LoadedPolicy } from '../../contracts/policy/artifact.ts';
import type { FloatPolicy } from '../freeze/floatPolicy.ts';

/** One number per metric of the suite, by its key. */
export type Metrics = Readonly<Record<string, number>>;

export interface MetricSpec {
  readonly key: string;
  /** For a table's head, with the unit: `loss MWh`. */
  readonly label: string;
  /** Which way is better; `neither` is reported and not judged. */
  readonly better: 'less' | 'more' | 'neither';
  /** How it is printed: digits after the point, or a share as percent with so many digits. */
  readonly digits: number;
  readonly percent?: boolean;
  /** Changes by freezing up to this, in the metric's own unit, are below what matters of it: of small residues. */
  readonly resolution?: number;
  /** `mean` over scenarios unless the worst is what counts. */
  readonly over?: 'mean' | 'worst';
}

/** What can decide: a frozen artifact, or the float network it was frozen from, to show what freezing changed. */
export type RunnablePolicy = LoadedPolicy | FloatPolicy;

/** A held-out episode, told completely by plain data. */
export interface Scenario {
  readonly id: string;
  readonly seed: number;
  /** Arguments of the task, over its defaults. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** What is compared: a baseline that could be deployed, a bound that could not, or a policy. */
export interface Contender {
  readonly name: string;
  readonly kind: 'baseline' | 'bound' | 'policy';
  /** What it sees and when, and what it is tuned on; one sentence for the foot of the table. */
  readonly about: string;
  /** `begin`: where there is something to draw, given the copy before its first step, for whoever watches. */
  run(scenario: Scenario, begin?: (copy: TaskCopy) => void): Metrics | Promise<Metrics>;
}

export interface SuiteOptions {
  /** Scenarios; the suite's own number unless given. */
  readonly count?: number | undefined;
  /** First scenario of the held-out list; those before were looked at while recipes were made. */
  readonly from?: number | undefined;
}

export interface Suite {
  /** Of the shipped model it judges: `voltage-ieee33`. */
  readonly id: string;
  readonly task: TaskId;
  readonly title: string;
  /** The first is the headline. */
  readonly metrics: readonly MetricSpec[];
  scenarios(options?: SuiteOptions): readonly Scenario[];
  /** From the weakest to the strongest; bounds last. */
  baselines(): readonly Contender[];
  /** @throws `agents.evaluate` when the policy's interface is not one of the task. */
  policy(name: string, policy: RunnablePolicy): Contender;
}
