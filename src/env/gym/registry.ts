/** Tasks by versioned id. A change that alters a trajectory makes a new version; the old id goes away, it never changes. */
import { fail } from '../../base/errors.ts';
import { voltageIeee33, voltageIeee33Hard, type VoltageArgs, type VoltageCopy } from '../tasks/voltageIeee33.ts';
import { TaskEnv } from './single.ts';
import type { TaskDefinition } from './task.ts';
import { TaskVectorEnv } from './vector.ts';

/** Arguments and copies by task id. */
export interface Tasks {
  'voltage-ieee33-v1': { args: VoltageArgs; copy: VoltageCopy };
  'voltage-ieee33-hard-v1': { args: VoltageArgs; copy: VoltageCopy };
}

export type TaskId = keyof Tasks;

const TASKS: { readonly [Id in TaskId]: TaskDefinition } = {
  'voltage-ieee33-v1': voltageIeee33,
  'voltage-ieee33-hard-v1': voltageIeee33Hard,
};

export const TASK_IDS = Object.keys(TASKS) as readonly TaskId[];

function isTaskId(id: string): id is TaskId {
  return Object.hasOwn(TASKS, id);
}

/** @throws `env.unknownTask`. */
function taskDefinition(id: string): TaskDefinition {
  if (!isTaskId(id)) throw fail('env.unknownTask', { expected: TASK_IDS.join(', '), got: id });
  return TASKS[id];
}

/** One environment. @throws `env.unknownTask`, `env.taskArgument`. */
export function make<Id extends TaskId>(id: Id, args: Partial<Tasks[Id]['args']> = {}): TaskEnv {
  const task = taskDefinition(id);
  return new TaskEnv(task, task.createCopy(args));
}

/** `numEnvs` copies, rows = copies x agents. @throws `env.unknownTask`, `env.taskArgument`. */
export function makeVector<Id extends TaskId>(
  id: Id,
  numEnvs: number,
  args: Partial<Tasks[Id]['args']> = {},
): TaskVectorEnv<Tasks[Id]['copy']> {
  return new TaskVectorEnv<Tasks[Id]['copy']>(taskDefinition(id), numEnvs, args);
}
