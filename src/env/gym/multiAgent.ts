/**
 * An environment seen by its agents, in the manner of PettingZoo's parallel API: observations, actions and rewards by
 * the name of the agent. It is the same copy: agent k has columns k x size .. of the flat arrays, and acting through
 * one view is acting through the other.
 */
import { fail } from '../../base/errors.ts';
import { box, spaceSize } from './spaces.ts';
import { TaskEnv } from './single.ts';
import type { BoxSpace, Branching, Env, EnvState, Info } from './types.ts';

export type ByAgent<T> = Readonly<Record<string, T>>;

export interface AgentsReset {
  readonly observations: ByAgent<Float32Array>;
  readonly infos: ByAgent<Info>;
}

/** All agents of a copy begin and end together. */
export interface AgentsStep extends AgentsReset {
  readonly rewards: ByAgent<number>;
  readonly terminated: ByAgent<boolean>;
  readonly truncated: ByAgent<boolean>;
}

export class MultiAgentEnv implements Omit<Branching<MultiAgentEnv>, 'setState'> {
  /** The flat view of the same copy. */
  readonly flat: Env;
  /** `agent-0`, `agent-1` ... */
  readonly possibleAgents: readonly string[];
  /** Of one agent, the same for all: observationSize and actionSize numbers within [-1, 1]. */
  readonly observationSpace: BoxSpace;
  readonly actionSpace: BoxSpace;

  readonly #task: TaskEnv;
  #live = false;

  /** @param flat a task, or one in wrappers that leave its spaces as they are. @throws `env.wrapper`. */
  constructor(flat: Env) {
    const task = flat.unwrapped;
    if (!(task instanceof TaskEnv)) throw fail('env.wrapper', { expected: 'an environment of a task', got: flat.id });
    const { agents, observationSize, actionSize } = task.copy.shape;
    if (flat.actionSpace.kind !== 'box' || spaceSize(flat.actionSpace) !== agents * actionSize) {
      throw fail('env.wrapper', { expected: 'a box of all agents actions', got: flat.actionSpace.kind });
    }
    this.flat = flat;
    this.#task = task;
    this.possibleAgents = Array.from({ length: agents }, (_, a) => `agent-${a}`);
    this.observationSpace = box([observationSize], -1, 1);
    const { low, high } = flat.actionSpace;
    this.actionSpace = box([actionSize], low.subarray(0, actionSize), high.subarray(0, actionSize));
  }

  get id(): string {
    return this.flat.id;
  }

  /** Those that act in the next step: all, or none once the episode is over. */
  get agents(): readonly string[] {
    return this.#live ? this.possibleAgents : [];
  }

  reset(options: { readonly seed?: number } = {}): AgentsReset {
    const { observation, info } = this.flat.reset(options);
    this.#live = true;
    return { observations: this.#observations(observation), infos: this.#all(info) };
  }

  /** One action for each agent. @throws `env.action`, `env.ended`. */
  step(actions: ByAgent<Float32Array>): AgentsStep {
    const { observation, terminated, truncated, info } = this.flat.step(this.#joint(actions));
    this.#live = !terminated && !truncated;
    const { rewards } = this.#task;
    return {
      observations: this.#observations(observation),
      rewards: this.#each((a) => rewards[a]!),
      terminated: this.#all(terminated),
      truncated: this.#all(truncated),
      infos: this.#all(info),
    };
  }

  trajectoryHash(): string {
    return this.flat.trajectoryHash();
  }

  clone(): MultiAgentEnv {
    const twin = new MultiAgentEnv(this.flat.clone());
    twin.#live = this.#live;
    return twin;
  }

  getState(): EnvState {
    return { live: this.#live, flat: this.flat.getState() };
  }

  setState(state: EnvState): ByAgent<Float32Array> {
    const observation = this.flat.setState(state['flat'] as EnvState);
    this.#live = state['live'] === true;
    return this.#observations(observation);
  }

  close(): void {
    this.flat.close();
    this.#live = false;
  }

  #joint(actions: ByAgent<Float32Array>): Float32Array {
    const width = this.actionSpace.low.length;
    const joint = new Float32Array(this.possibleAgents.length * width);
    if (Object.keys(actions).length !== this.possibleAgents.length) {
      throw fail('env.action', { expected: this.possibleAgents, got: Object.keys(actions) });
    }
    this.possibleAgents.forEach((name, a) => {
      const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
      if (action?.length !== width) throw fail('env.action', { expected: `${name}: ${width} actions`, got: action });
      joint.set(action, a * width);
    });
    return joint;
  }

  #observations(flat: Float32Array): ByAgent<Float32Array> {
    const width = this.observationSpace.low.length;
    return this.#each((a) => flat.slice(a * width, (a + 1) * width));
  }

  #all<T>(value: T): ByAgent<T> {
    return this.#each(() => value);
  }

  #each<T>(of: (agent: number) => T): ByAgent<T> {
    return Object.fromEntries(this.possibleAgents.map((name, a) => [name, of(a)]));
  }
}
