/**
 * Copies of a classic control problem side by side, same-step autoreset (env/gym/vector.ts has the contract). A copy's
 * trajectory depends on (seed, copy index, its own actions) only. These problems are there to tell whether a learner
 * is right: their returns are known from elsewhere. Observations are Gymnasium's, not scaled to [-1, 1].
 */
import { fail } from '../../base/errors.ts';
import { RandomStream, type RandomState } from '../../base/random.ts';
import { stateFromJson, stateToJson } from '../../env/gym/jsonState.ts';
import type { BranchingVectorEnv, EnvState, VectorStep } from '../../env/gym/types.ts';

/** One problem; a state is `stateSize` doubles from `state[at]`. */
export interface Dynamics {
  readonly id: string;
  readonly stateSize: number;
  readonly observationSize: number;
  readonly actionSize: number;
  readonly actionChoices?: readonly number[];
  /** Truncated after so many steps. */
  readonly episodeSteps: number;
  begin(state: Float64Array, at: number, random: RandomStream): void;
  observe(state: Float64Array, at: number, out: Float32Array, outAt: number): void;
  /** Moves the state; returns the reward. `action`: its one number. */
  step(state: Float64Array, at: number, action: number): number;
  terminated(state: Float64Array, at: number): boolean;
}

interface Saved {
  readonly id: string;
  readonly running: boolean;
  readonly state: Float64Array;
  readonly clock: Int32Array;
  readonly random: readonly RandomState[];
}

export class ClassicVectorEnv implements BranchingVectorEnv {
  readonly id: string;
  readonly numEnvs: number;
  readonly agentsPerEnv = 1;
  readonly observationSize: number;
  readonly actionSize: number;
  readonly actionChoices?: readonly number[];
  readonly #dynamics: Dynamics;
  /** numEnvs x stateSize. */
  readonly #state: Float64Array;
  readonly #clock: Int32Array;
  readonly #random: readonly RandomStream[];
  readonly #out: VectorStep;
  #running = false;

  /** @throws `env.taskArgument`. */
  constructor(dynamics: Dynamics, numEnvs: number) {
    if (!Number.isSafeInteger(numEnvs) || numEnvs < 1) {
      throw fail('env.taskArgument', { expected: 'numEnvs: an integer >= 1', got: numEnvs });
    }
    this.#dynamics = dynamics;
    this.id = dynamics.id;
    this.numEnvs = numEnvs;
    this.observationSize = dynamics.observationSize;
    this.actionSize = dynamics.actionSize;
    if (dynamics.actionChoices !== undefined) this.actionChoices = dynamics.actionChoices;
    this.#state = new Float64Array(numEnvs * dynamics.stateSize);
    this.#clock = new Int32Array(numEnvs);
    this.#random = Array.from({ length: numEnvs }, (_, c) => RandomStream.fromSeed(`0/${c}`, dynamics.id));
    this.#out = {
      observations: new Float32Array(numEnvs * dynamics.observationSize),
      finalObservations: new Float32Array(numEnvs * dynamics.observationSize),
      rewards: new Float32Array(numEnvs),
      terminated: new Uint8Array(numEnvs),
      truncated: new Uint8Array(numEnvs),
    };
  }

  /** numEnvs x observationSize. */
  reset(seed: number): Float32Array {
    this.#running = true;
    this.#random.forEach((random, c) => {
      random.setState(RandomStream.fromSeed(`${seed}/${c}`, this.id).getState());
      this.#begin(c);
    });
    return this.#observeAll();
  }

  /**
   * Every copy from this state instead of a drawn one, at the beginning of its episode: numEnvs x stateSize, in the
   * order of the problem's docstring. Later episodes are drawn as ever. @throws `env.state` for another count.
   */
  startFrom(state: readonly number[]): Float32Array {
    if (state.length !== this.#state.length) {
      throw fail('env.state', { expected: `${this.#state.length} numbers`, got: state.length });
    }
    this.#running = true;
    this.#state.set(state);
    this.#clock.fill(0);
    return this.#observeAll();
  }

  /** numEnvs numbers. @throws `env.ended`, `env.action`. */
  step(actions: Float32Array): VectorStep {
    if (!this.#running) throw fail('env.ended');
    this.#checkActions(actions);
    const { stateSize, episodeSteps } = this.#dynamics;
    const { rewards, terminated, truncated, finalObservations } = this.#out;
    for (let c = 0; c < this.numEnvs; c++) {
      const at = c * stateSize;
      rewards[c] = this.#dynamics.step(this.#state, at, actions[c]!);
      this.#clock[c]!++;
      const ended = this.#dynamics.terminated(this.#state, at);
      terminated[c] = ended ? 1 : 0;
      truncated[c] = !ended && this.#clock[c]! >= episodeSteps ? 1 : 0;
      if (ended || truncated[c] === 1) {
        this.#observe(c, finalObservations);
        this.#begin(c);
      }
    }
    this.#observeAll();
    return this.#out;
  }

  clone(): ClassicVectorEnv {
    const twin = new ClassicVectorEnv(this.#dynamics, this.numEnvs);
    twin.setState(this.getState());
    return twin;
  }

  getState(): EnvState {
    return stateToJson({
      id: this.id,
      running: this.#running,
      state: this.#state,
      clock: this.#clock,
      random: this.#random.map((random) => random.getState()),
    });
  }

  /** @throws `env.state` for the state of another problem or another number of copies. */
  setState(json: EnvState): Float32Array {
    const { id, running, state, clock, random } = stateFromJson(json) as Partial<Saved>;
    const fits = id === this.id && state?.length === this.#state.length && clock?.length === this.numEnvs;
    if (!fits || random?.length !== this.numEnvs) {
      throw fail('env.state', { expected: `${this.numEnvs} copies of ${this.id}`, got: { id, copies: clock?.length } });
    }
    this.#state.set(state);
    this.#clock.set(clock);
    this.#random.forEach((stream, c) => stream.setState(random[c]!));
    this.#running = running === true;
    return this.#observeAll();
  }

  close(): void {
    this.#running = false;
  }

  #begin(c: number): void {
    this.#clock[c] = 0;
    this.#dynamics.begin(this.#state, c * this.#dynamics.stateSize, this.#random[c]!);
  }

  #observe(c: number, out: Float32Array): void {
    this.#dynamics.observe(this.#state, c * this.#dynamics.stateSize, out, c * this.observationSize);
  }

  #observeAll(): Float32Array {
    for (let c = 0; c < this.numEnvs; c++) this.#observe(c, this.#out.observations);
    return this.#out.observations;
  }

  #checkActions(actions: Float32Array): void {
    if (actions.length !== this.numEnvs) {
      throw fail('env.action', { expected: `${this.numEnvs} actions`, got: actions.length });
    }
    const choices = this.actionChoices?.[0];
    const allowed = (a: number): boolean =>
      choices === undefined ? Number.isFinite(a) : Number.isInteger(a) && a >= 0 && a < choices;
    const index = actions.findIndex((a) => !allowed(a));
    if (index < 0) return;
    const expected = choices === undefined ? 'finite actions' : `one of 0 .. ${choices - 1}`;
    throw fail('env.action', { expected, got: { index, action: String(actions[index]) } });
  }
}
