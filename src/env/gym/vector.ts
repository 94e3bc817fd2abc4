/**
 * Many copies of a task in one structure-of-arrays environment, same-step autoreset.
 * A copy's trajectory depends on (seed, copy index, its own actions) only, not on how many copies there are.
 */
import { fail } from '../../base/errors.ts';
import { checkFinite } from './policyPort.ts';
import { restore } from './single.ts';
import { stateFromJson, stateToJson } from './jsonState.ts';
import type { TaskCopy, TaskDefinition, TaskState, Trajectory } from './task.ts';
import type { BranchingVectorEnv, EnvState, Info, VectorStep } from './types.ts';

export interface EndedEpisode {
  readonly copy: number;
  /** The task's metrics of the whole episode, with `trajectoryHash`. */
  readonly info: Info;
}

export class TaskVectorEnv<Copy extends TaskCopy = TaskCopy> implements BranchingVectorEnv {
  readonly id: string;
  readonly numEnvs: number;
  readonly agentsPerEnv: number;
  readonly observationSize: number;
  readonly actionSize: number;
  readonly costNames: readonly string[];
  readonly copies: readonly Copy[];
  /** Episodes that ended in the last step, by copy; empty in most steps. */
  ended: readonly EndedEpisode[] = NONE;

  readonly #task: TaskDefinition;
  readonly #args: object;
  readonly #out: VectorStep;
  readonly #costs: Float32Array;
  readonly #copyRewards: Float32Array;
  readonly #copyActions: Float32Array;
  #running = false;

  /** `copies`: these instead of new ones. @throws `env.taskArgument`. */
  constructor(task: TaskDefinition, numEnvs: number, args: object, copies?: readonly Copy[]) {
    if (!Number.isSafeInteger(numEnvs) || numEnvs < 1) {
      throw fail('env.taskArgument', { expected: 'numEnvs: an integer >= 1', got: numEnvs });
    }
    this.#task = task;
    this.#args = args;
    this.copies = copies ?? Array.from({ length: numEnvs }, () => task.createCopy(args) as Copy);
    const { agents, observationSize, actionSize, costNames = [] } = this.copies[0]!.shape;
    this.id = task.id;
    this.numEnvs = numEnvs;
    this.agentsPerEnv = agents;
    this.observationSize = observationSize;
    this.actionSize = actionSize;
    this.costNames = costNames;
    this.#copyRewards = new Float32Array(agents);
    this.#copyActions = new Float32Array(agents * actionSize);
    const rows = numEnvs * agents;
    this.#costs = new Float32Array(rows * costNames.length);
    this.#out = {
      observations: new Float32Array(rows * observationSize),
      finalObservations: new Float32Array(rows * observationSize),
      rewards: new Float32Array(rows),
      terminated: new Uint8Array(rows),
      truncated: new Uint8Array(rows),
      costs: this.#costs,
    };
  }

  /** rows x observationSize. */
  reset(seed: number): Float32Array {
    this.ended = NONE;
    this.#running = true;
    this.copies.forEach((copy, c) => {
      copy.seed(`${seed}/${c}`);
      copy.reset();
    });
    return this.#observeAll();
  }

  /**
   * rows x actionSize. @throws `env.ended` before the first reset and after close; `env.action` for a wrong count or an
   * action that is not finite, before any copy has moved.
   */
  step(actions: Float32Array): VectorStep {
    if (!this.#running) throw fail('env.ended');
    const width = this.#copyActions.length;
    if (actions.length !== this.numEnvs * width) {
      throw fail('env.action', { expected: `${this.numEnvs * width} actions`, got: actions.length });
    }
    checkFinite(actions, 0, actions.length);
    this.ended = NONE;
    for (let c = 0; c < this.numEnvs; c++) {
      for (let i = 0; i < width; i++) this.#copyActions[i] = actions[c * width + i]!;
      this.#stepCopy(c);
    }
    return this.#out;
  }

  clone(): TaskVectorEnv<Copy> {
    const copies = this.copies.map((copy) => copy.clone() as Copy);
    const twin = new TaskVectorEnv<Copy>(this.#task, this.numEnvs, this.#args, copies);
    twin.#running = this.#running;
    twin.#observeAll();
    return twin;
  }

  getState(): EnvState {
    return stateToJson({
      id: this.id,
      running: this.#running,
      copies: this.copies.map((copy) => copy.getState()),
    });
  }

  /** @throws `env.state` for the state of another task or another number of copies. */
  setState(json: EnvState): Float32Array {
    const { id, running, copies } = stateFromJson(json) as Partial<SavedVector>;
    if (id !== this.id || copies?.length !== this.numEnvs) {
      throw fail('env.state', {
        expected: `${this.numEnvs} copies of ${this.id}`,
        got: { id, copies: copies?.length },
      });
    }
    this.ended = NONE;
    this.copies.forEach((copy, c) => restore(copy, copies[c]!));
    this.#running = running === true;
    return this.#observeAll();
  }

  close(): void {
    this.ended = NONE;
    this.#running = false;
  }

  #observeAll(): Float32Array {
    this.copies.forEach((copy, c) => copy.observe(this.#out.observations, this.#observationAt(c)));
    return this.#out.observations;
  }

  #observationAt(c: number): number {
    return c * this.agentsPerEnv * this.observationSize;
  }

  #stepCopy(c: number): void {
    const copy = this.copies[c]!;
    const out = this.#out;
    const truncated = copy.step(this.#copyActions, 0, this.#copyRewards);
    const terminated = copy.terminated === true;
    const row = c * this.agentsPerEnv;
    for (let a = 0; a < this.agentsPerEnv; a++) {
      out.rewards[row + a] = this.#copyRewards[a]!;
      out.terminated[row + a] = terminated ? 1 : 0;
      out.truncated[row + a] = truncated && !terminated ? 1 : 0;
    }
    copy.costs?.(this.#costs, row * this.costNames.length);
    if (terminated || truncated) this.#restart(c, copy);
    copy.observe(out.observations, this.#observationAt(c));
  }

  #restart(c: number, copy: Copy): void {
    copy.observe(this.#out.finalObservations, this.#observationAt(c));
    this.ended = [...this.ended, { copy: c, info: withHash(copy.info(), copy.trajectory()) }];
    copy.reset();
  }
}

interface SavedVector {
  readonly id: string;
  readonly running: boolean;
  readonly copies: readonly TaskState[];
}

/** The digest costs as much as a dozen intervals, so it is computed for who reads it. */
function withHash(info: Info, trajectory: Trajectory): Info {
  return Object.defineProperty({ ...info }, 'trajectoryHash', {
    enumerable: true,
    get: () => trajectory.digestHex(),
  });
}

const NONE: readonly EndedEpisode[] = [];
