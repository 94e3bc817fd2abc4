/**
 * The comparison a training recipe is judged by: unseen hard days, several seeds, every baseline tuned on training
 * days, differences with paired bootstrap intervals. `train/study.ts` runs it and keeps what it has finished.
 */
import { fail } from '../base/errors.ts';
import { createExecutor } from '../contracts/policy/execute.ts';
import { testDay, trainDay } from '../env/series/synthetic.ts';
import { constantOffset, deviceCurve, noControl, oneStep1547, type Controller } from './baselines/controllers.ts';
import { droopController } from './baselines/tune.ts';
import type { TunedBaselines } from './baselines/tuned.ts';
import {
  evaluateDay,
  evaluateDays,
  meanMetrics,
  pairedBootstrap,
  policyController,
  type Comparison,
  type DayMetrics,
  type EvaluationOptions,
} from './evaluate.ts';
import type { FrozenPolicy } from './freeze/freeze.ts';

/** A day is hard when the standard's default curve, dispatched one step late, leaves more than this out of band. */
export const HARD_DAY_SHARE = 0.005;

/** The first `count` hard days of a split from its `from`-th day on, in calendar order; chosen by the untuned baseline alone. */
export function hardDays(
  split: 'train' | 'test',
  count: number,
  options: Partial<EvaluationOptions> = {},
  from = 0,
): number[] {
  const dayOf = split === 'test' ? testDay : trainDay;
  const days: number[] = [];
  for (let i = from; days.length < count; i++) {
    if (i >= from + 100 * count) throw fail('agents.evaluate', { expected: `${count} hard days`, got: days.length });
    const day = dayOf(i);
    if (evaluateDay(day, oneStep1547(), options).outOfBandShare > HARD_DAY_SHARE) days.push(day);
  }
  return days;
}

export interface StudySeed {
  readonly seed: number;
  readonly cid: string;
  readonly parameterDigest: string;
  readonly trainingSeconds: number;
  readonly steps: number;
  /** Of the frozen integer policy. */
  readonly hard: readonly DayMetrics[];
  readonly all: readonly DayMetrics[];
  /** Of the float policy on the hard days, to show what freezing cost. */
  readonly floatHard: readonly DayMetrics[];
}

export interface StudyBaseline {
  readonly name: string;
  readonly hard: readonly DayMetrics[];
  readonly all: readonly DayMetrics[];
}

export interface StudyRow {
  readonly name: string;
  readonly hard: Omit<DayMetrics, 'day'>;
  readonly all: Omit<DayMetrics, 'day'>;
  /** Policy minus this baseline on the hard days; undefined for the policy's own row. */
  readonly comparison: Comparison | undefined;
}

export function frozenController(name: string, frozen: FrozenPolicy): Controller {
  const executor = createExecutor(frozen.artifact);
  return policyController(name, frozen.artifact.interface, (raw, mask, out) => void executor.run(raw, mask, out));
}

/** All on the same actuators, from the weakest to the strongest. */
export function studyBaselines(tuned: TunedBaselines): Controller[] {
  return [
    noControl(),
    oneStep1547(),
    droopController('one-step', tuned.oneStep, 'droop-one-step-tuned'),
    deviceCurve(),
    droopController('fixed-point', tuned.fixedPoint, 'droop-fixed-point-tuned'),
    constantOffset('constant-offset-tuned', tuned.offset.offsetMicro),
  ];
}

export function evaluateBaseline(
  controller: Controller,
  days: { readonly hard: readonly number[]; readonly all: readonly number[] },
  options: Partial<EvaluationOptions> = {},
): StudyBaseline {
  return {
    name: controller.name,
    hard: evaluateDays(days.hard, controller, options),
    all: evaluateDays(days.all, controller, options),
  };
}

/** Baselines in their order, the policy (all seeds together) last. */
export function studyTable(seeds: readonly StudySeed[], baselines: readonly StudyBaseline[]): StudyRow[] {
  const policy = seeds.map((s) => s.hard);
  const rows = baselines.map(({ name, hard, all }): StudyRow => {
    return { name, hard: meanMetrics(hard), all: meanMetrics(all), comparison: pairedBootstrap(policy, hard) };
  });
  const own = {
    hard: meanMetrics(seeds.flatMap((s) => s.hard)),
    all: meanMetrics(seeds.flatMap((s) => s.all)),
  };
  return [...rows, { name: 'policy', ...own, comparison: undefined }];
}
