/**
 * Tasks by versioned id. A change that alters a trajectory makes a new version; the old id goes away, it never changes.
 * `make('voltage-ieee33')` without a version means the newest there is: for a first look, not for a result to keep.
 */
import { fail } from '../../base/errors.ts';
import { anm6Easy, type Anm6Args, type Anm6Copy } from '../tasks/anm6Easy.ts';
import { dispatchFeeder, dispatchFeederMargin, type DispatchFeederCopy } from '../tasks/dispatchFeeder.ts';
import type { DispatchFeederArgs } from '../tasks/dispatchFeederArgs.ts';
import { dispatchHome, dispatchHomeReserve, type DispatchHomeCopy } from '../tasks/dispatchHome.ts';
import type { DispatchHomeArgs } from '../tasks/dispatchHomeArgs.ts';
import { frequencyArea1, type FrequencyArea1Args, type FrequencyArea1Copy } from '../tasks/frequencyArea1.ts';
import { frequencyArea2, type FrequencyArea2Args, type FrequencyArea2Copy } from '../tasks/frequencyArea2.ts';
import {
  frequencyDelivery,
  type FrequencyDeliveryArgs,
  type FrequencyDeliveryCopy,
} from '../tasks/frequencyDelivery.ts';
import {
  frequencyIeee14,
  frequencyIeee14Raise,
  type FrequencyIeee14Args,
  type FrequencyIeee14Copy,
} from '../tasks/frequencyIeee14.ts';
import type { StackedArgs } from '../tasks/stackedArgs.ts';
import { stackedIeee33, type StackedCopy } from '../tasks/stackedIeee33.ts';
import type { VoltageArgs } from '../tasks/voltageArgs.ts';
import { voltageCase, voltageIeee118, voltageIeee14, type VoltageCaseArgs } from '../tasks/voltageCase.ts';
import { voltageIeee33, voltageIeee33Hard } from '../tasks/voltageIeee33.ts';
import { voltageIeee69 } from '../tasks/voltageIeee69.ts';
import type { VoltageCopy } from '../tasks/voltageTask.ts';
import { MultiAgentEnv } from './multiAgent.ts';
import { TaskEnv } from './single.ts';
import type { TaskCopy, TaskDefinition } from './task.ts';
import { TaskVectorEnv } from './vector.ts';

/** Arguments and copies by task id. */
export interface Tasks {
  'voltage-ieee33-v1': { args: VoltageArgs; copy: VoltageCopy };
  'voltage-ieee33-hard-v1': { args: VoltageArgs; copy: VoltageCopy };
  'voltage-ieee69-v1': { args: VoltageCaseArgs; copy: VoltageCopy };
  'voltage-ieee14-v1': { args: VoltageCaseArgs; copy: VoltageCopy };
  'voltage-ieee118-v1': { args: VoltageCaseArgs; copy: VoltageCopy };
  'voltage-case-v1': { args: VoltageCaseArgs; copy: VoltageCopy };
  'anm6-easy-v1': { args: Anm6Args; copy: Anm6Copy };
  'dispatch-home-v1': { args: DispatchHomeArgs; copy: DispatchHomeCopy };
  'dispatch-home-reserve-v1': { args: DispatchHomeArgs; copy: DispatchHomeCopy };
  'dispatch-feeder-v1': { args: DispatchFeederArgs; copy: DispatchFeederCopy };
  'dispatch-feeder-margin-v1': { args: DispatchFeederArgs; copy: DispatchFeederCopy };
  'stacked-ieee33-v1': { args: StackedArgs; copy: StackedCopy };
  'frequency-area1-v1': { args: FrequencyArea1Args; copy: FrequencyArea1Copy };
  'frequency-area1-delivery-v1': { args: FrequencyDeliveryArgs; copy: FrequencyDeliveryCopy };
  'frequency-area2-v1': { args: FrequencyArea2Args; copy: FrequencyArea2Copy };
  'frequency-ieee14-v1': { args: FrequencyIeee14Args; copy: FrequencyIeee14Copy };
  'frequency-ieee14-raise-v1': { args: FrequencyIeee14Args; copy: FrequencyIeee14Copy };
}

export type TaskId = keyof Tasks;

const BUILT_IN: { readonly [Id in TaskId]: TaskDefinition } = {
  'voltage-ieee33-v1': voltageIeee33,
  'voltage-ieee33-hard-v1': voltageIeee33Hard,
  'voltage-ieee69-v1': voltageIeee69,
  'voltage-ieee14-v1': voltageIeee14,
  'voltage-ieee118-v1': voltageIeee118,
  'voltage-case-v1': voltageCase,
  'anm6-easy-v1': anm6Easy,
  'dispatch-home-v1': dispatchHome,
  'dispatch-home-reserve-v1': dispatchHomeReserve,
  'dispatch-feeder-v1': dispatchFeeder,
  'dispatch-feeder-margin-v1': dispatchFeederMargin,
  'stacked-ieee33-v1': stackedIeee33,
  'frequency-area1-v1': frequencyArea1,
  'frequency-area1-delivery-v1': frequencyDelivery,
  'frequency-area2-v1': frequencyArea2,
  'frequency-ieee14-v1': frequencyIeee14,
  'frequency-ieee14-raise-v1': frequencyIeee14Raise,
};

/** The tasks that come with the package. */
export const TASK_IDS = Object.keys(BUILT_IN) as readonly TaskId[];

const registered = new Map<string, TaskDefinition>(Object.entries(BUILT_IN));
const VERSIONED = /^([a-z0-9]+(?:-[a-z0-9]+)*)-v([1-9][0-9]{0,3})$/;

/** Make a task of your own known by its id, `name-v1`. @throws `env.taskId` when the id has another form or is taken. */
export function register(task: TaskDefinition): void {
  if (!VERSIONED.test(task.id) || registered.has(task.id)) {
    throw fail('env.taskId', { expected: 'an id such as my-task-v1 that no task has yet', got: task.id });
  }
  registered.set(task.id, task);
}

/** Ids of all tasks known now, the built-in ones first. */
export function taskIds(): readonly string[] {
  return [...registered.keys()];
}

/** By id, or by name for its newest version. @throws `env.unknownTask`. */
export function taskDefinition(id: string): TaskDefinition {
  const task = registered.get(id) ?? newest(id);
  if (task === undefined) throw fail('env.unknownTask', { expected: [...registered.keys()].join(', '), got: id });
  return task;
}

function newest(name: string): TaskDefinition | undefined {
  let best: TaskDefinition | undefined;
  let version = 0;
  for (const [id, task] of registered) {
    const match = VERSIONED.exec(id);
    if (match?.[1] === name && Number(match[2]) > version) {
      best = task;
      version = Number(match[2]);
    }
  }
  return best;
}

type ArgsOf<Id extends string> = Id extends TaskId ? Partial<Tasks[Id]['args']> : object;
type CopyOf<Id extends string> = Id extends TaskId ? Tasks[Id]['copy'] : TaskCopy;

/** One environment. @throws `env.unknownTask`, `env.taskArgument`. */
export function make<Id extends string>(id: Id, args: ArgsOf<Id> = {} as ArgsOf<Id>): TaskEnv {
  const task = taskDefinition(id);
  return new TaskEnv(task, task.createCopy(args));
}

/** `numEnvs` copies, rows = copies x agents. @throws `env.unknownTask`, `env.taskArgument`. */
export function makeVector<Id extends string>(
  id: Id,
  numEnvs: number,
  args: ArgsOf<Id> = {} as ArgsOf<Id>,
): TaskVectorEnv<CopyOf<Id>> {
  return new TaskVectorEnv<CopyOf<Id>>(taskDefinition(id), numEnvs, args);
}

/** One environment, seen by its agents. @throws `env.unknownTask`, `env.taskArgument`. */
export function makeMultiAgent<Id extends string>(id: Id, args: ArgsOf<Id> = {} as ArgsOf<Id>): MultiAgentEnv {
  return new MultiAgentEnv(make(id, args));
}
