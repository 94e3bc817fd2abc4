/** What learners rely on, rule by rule, and the words of a report when one does not hold. */
import { fail } from '../../base/errors.ts';
import type { Balance } from './task.ts';
import type { StepResult } from './types.ts';

/** Name -> what must hold. docs/reference/gym.md lists them. */
export const RULES = {
  'action.kept': 'step leaves the action alone',
  'agents.alike': 'the view by agent sees, does and earns what the flat view does',
  'balance.closed': 'what came in went somewhere, in every step',
  'clone.alone': 'what a clone lives does not change the original',
  'clone.continues': 'a clone lives on as the original does',
  'create.repeats': 'a new environment with the same seed repeats the trajectory',
  'end.closed': 'step before the first reset and after an end throws env.ended',
  'end.final': 'the last observation of an episode is kept beside the first of the next',
  'end.oneFlag': 'terminated and truncated are told apart',
  'end.reached': 'an episode ends',
  'hash.atEnd': 'info holds the trajectory hash at an end, and it is trajectoryHash()',
  'hash.differs': 'the trajectory hash tells trajectories apart',
  'hash.repeats': 'the trajectory hash of an episode repeats',
  'info.finite': 'info holds text and finite numbers',
  'input.measured': 'no input of a task is missing in every step of an episode',
  'observation.inSpace': 'every observation is in the observation space',
  'observation.owned': 'a step leaves earlier observations alone',
  'reset.goesOn': 'reset without a seed goes on with the random stream',
  'reset.repeats': 'reset with a seed repeats the trajectory',
  'reset.seeds': 'other seeds give other trajectories',
  'reward.finite': 'every reward is finite',
  'state.continues': 'a state that went through JSON continues as the original does',
  'state.json': 'a state is the same after JSON',
  'step.runs': 'no action of the action space makes step throw',
  'vector.alone': 'copy 0 lives the same life whatever numEnvs is',
} as const;

export type Rule = keyof typeof RULES;

/** @throws `env.check` unless it holds. */
export function need(holds: boolean, rule: Rule, got?: unknown): void {
  if (!holds) throw fail('env.check', { expected: `${rule}: ${RULES[rule]}`, ...(got !== undefined && { got }) });
}

/** Bit for bit. */
export function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

export function checkInfo(info: StepResult['info']): void {
  for (const [key, value] of Object.entries(info)) {
    need(typeof value === 'string' || Number.isFinite(value), 'info.finite', `${key}: ${value}`);
  }
}

/** Whatever the throughput: 1e-9 MWh, and 1e-9 pu s. */
const SMALLEST = { Wh: 1e-3, 'pu s': 1e-9 } as const;
const RELATIVE = 1e-9;

/** |sources - sinks| <= max(absolute, 1e-9 x throughput). @param absolute in the unit of the balance. */
export function checkBalance(balance: Balance | undefined, absolute: number | undefined): void {
  if (balance === undefined) return;
  const { sources, sinks, unit } = balance;
  const allowed = Math.max(absolute ?? SMALLEST[unit], RELATIVE * Math.max(Math.abs(sources), Math.abs(sinks)));
  need(Math.abs(sources - sinks) <= allowed, 'balance.closed', { sources, sinks, unit, allowed });
}
