/** Lives one episode of a task under a controller that issues integers, as a frozen policy on the ledger does. */
import type { TaskCopy } from '../../env/gym/task.ts';
import type { Info } from '../../env/gym/types.ts';
import { taskDefinition } from '../../env/gym/registry.ts';
import { createExecutor } from '../../contracts/policy/execute.ts';
import type { PolicyInterface } from '../../grid/interface.ts';
import { fail } from '../../base/errors.ts';
import { floatPolicyFunction, type IntegerPolicy } from '../freeze/floatFunction.ts';
import type { RunnablePolicy, Scenario } from './suite.ts';

/** Fills `issued`, agents x outputs in the units of the interface, for the step ahead. */
export type Decide<Copy extends TaskCopy = TaskCopy> = (copy: Copy, step: number, issued: Int32Array) => void;

export interface LivedEpisode {
  readonly steps: number;
  /** Mean over agents of each step's reward, summed; and the same discounted from the first step. */
  readonly return: number;
  readonly discountedReturn: number;
  readonly terminated: boolean;
  /** The task's own metrics of the whole episode. */
  readonly info: Info;
}

export interface EpisodeOptions<Copy extends TaskCopy> {
  readonly discount?: number;
  /** Once, before the first decision of the episode. */
  readonly begin?: (copy: Copy) => void;
  /** After every step. */
  readonly watch?: (copy: Copy, step: number) => void;
}

/** One copy of the task with the scenario's arguments, seeded as copy 0 of `make(task).reset({seed})`. */
export function scenarioCopy<Copy extends TaskCopy>(task: string, { seed, args }: Scenario): Copy {
  const copy = taskDefinition(task).createCopy(args) as Copy;
  copy.seed(`${seed}/0`);
  copy.reset();
  return copy;
}

/** From where the copy stands to the end of its episode. */
export function liveEpisode<Copy extends TaskCopy>(
  copy: Copy,
  decide: Decide<Copy>,
  { discount = 1, begin, watch }: EpisodeOptions<Copy> = {},
): LivedEpisode {
  const { agents, actionSize } = copy.shape;
  const issued = new Int32Array(agents * actionSize);
  const idle = new Float32Array(agents * actionSize);
  const rewards = new Float32Array(agents);
  const sums = { return: 0, discountedReturn: 0 };
  let weight = 1;
  let step = 0;
  begin?.(copy);
  for (let over = false; !over; step++) {
    decide(copy, step, issued);
    copy.port.impose(issued);
    over = copy.step(idle, 0, rewards) || copy.terminated === true;
    const reward = rewards.reduce((sum, r) => sum + r, 0) / agents;
    sums.return += reward;
    sums.discountedReturn += weight * reward;
    weight *= discount;
    watch?.(copy, step);
  }
  return { ...sums, steps: step, terminated: copy.terminated === true, info: copy.info() };
}

/**
 * A policy shared by all agents of the copy: raw inputs, its integer function, setpoints. A float network goes through
 * the same interface, so that what differs is what freezing changed.
 * @throws `agents.evaluate`.
 */
export function artifactDecide(policy: RunnablePolicy): Decide {
  const run = integerFunction(policy);
  const { inputs, outputs } = policy.interface;
  const raw = new Int32Array(inputs.length);
  const out = new Int32Array(outputs.length);
  let checked: PolicyInterface | undefined;
  return ({ port, shape }, _step, issued) => {
    if (port.policy !== checked) checkFits(policy.interface, port.policy);
    checked = port.policy;
    for (let a = 0; a < shape.agents; a++) {
      for (let i = 0; i < raw.length; i++) raw[i] = port.raw[a * raw.length + i]!;
      run(raw, port.missing[a]!, out);
      issued.set(out, a * out.length);
    }
  };
}

/** Of a frozen artifact, or of the float network it came from. */
export function integerFunction(policy: RunnablePolicy): IntegerPolicy {
  if (!('head' in policy)) return floatPolicyFunction(policy);
  const executor = createExecutor(policy);
  return (raw, missing, out) => void executor.run(raw, missing, out);
}

/** Inputs and outputs by name and unit, in their order: what must agree for a policy to fit a task. */
export function interfaceSignature({ inputs, outputs }: PolicyInterface): string {
  const names = (list: readonly { readonly n: string; readonly u: string }[]): string =>
    list.map(({ n, u }) => `${n} ${u}`).join(', ');
  return `${names(inputs)} -> ${names(outputs)}`;
}

function checkFits(own: PolicyInterface, task: PolicyInterface): void {
  const [expected, got] = [interfaceSignature(task), interfaceSignature(own)];
  if (expected !== got) throw fail('agents.evaluate', { expected, got });
}
