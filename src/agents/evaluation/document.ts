/** The result of an evaluation as plain JSON, `gridpact-evaluation/1`: docs/reference/evaluation.md says every field. */
import type { TaskId } from '../../env/gym/registry.ts';
import type { Estimate } from './statistics.ts';
import type { Contender, MetricSpec } from './suite.ts';

export const EVALUATION_FORMAT = 'gridpact-evaluation/1';

export interface EvaluationDocument {
  readonly format: typeof EVALUATION_FORMAT;
  readonly suite: { readonly id: string; readonly task: TaskId; readonly title: string };
  /** What repeats it. */
  readonly command: string;
  readonly statistics: { readonly level: 0.95; readonly resamples: number; readonly seed: number };
  /** The first is the headline. */
  readonly metrics: readonly MetricSpec[];
  readonly scenarios: readonly ScenarioRecord[];
  /** Policies, then baselines from the weakest to the strongest, then bounds. */
  readonly contenders: readonly ContenderRecord[];
  readonly comparisons: readonly ComparisonRecord[];
  /** Of policies whose float network was there. */
  readonly freezing: readonly FreezingRecord[];
}

export interface ScenarioRecord {
  readonly id: string;
  readonly seed: number;
  /** Lists of more than 64 items are told by their number and SHA-256. */
  readonly args: Readonly<Record<string, unknown>>;
}

export interface ContenderRecord {
  readonly name: string;
  readonly kind: Contender['kind'];
  readonly about: string;
  /** One an artifact, in the order of the rows of `values`; empty for baselines and bounds. */
  readonly policies: readonly PolicyRecord[];
  /** By metric: one row an artifact (one row of a baseline), one column a scenario. */
  readonly values: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly summary: Readonly<Record<string, MetricSummary>>;
}

export interface PolicyRecord {
  /** Where it was read from. */
  readonly from: string;
  readonly cid: string;
}

export interface MetricSummary {
  readonly mean: Estimate;
  /** Interquartile mean. */
  readonly iqm: Estimate;
  /** Over all seeds and scenarios; the greatest where neither way is better. */
  readonly worst: number;
}

/** Better or worse: 95 % of the resamples of the difference lie on one side of 0. Equal: all of them on it. */
export type Verdict = 'better' | 'worse' | 'open' | 'equal';

export interface ComparisonRecord {
  readonly policy: string;
  readonly against: string;
  readonly kind: Exclude<Contender['kind'], 'policy'>;
  readonly metrics: Readonly<Record<string, MetricComparison>>;
}

export interface MetricComparison {
  /** Mean of policy minus other, scenario by scenario. */
  readonly difference: Estimate;
  /** Of |mean of the other|; left out where that is 0. Against a bound: the optimality gap. */
  readonly relative?: Estimate;
  /** That the policy is better in a scenario, ties half; left out where neither way is better. */
  readonly improvement?: Estimate;
  readonly verdict?: Verdict;
  /** By bound: (other - policy) / (other - bound) of the means, 1 where the policy reaches the bound. */
  readonly gapClosed?: Readonly<Record<string, Estimate>>;
}

export interface FreezingRecord {
  readonly policy: string;
  readonly cid: string;
  /** Means (the worst where that is what counts) of the float network and of the artifact. */
  readonly metrics: Readonly<Record<string, FreezingChange>>;
}

export interface FreezingChange {
  readonly float: number;
  readonly frozen: number;
  /** A share changes in shares, anything else relative to the float network; left out where that is 0. */
  readonly change?: number;
  /** At most 0.01 percentage points of a share, 0.2 % of anything else. */
  readonly within: boolean;
}
