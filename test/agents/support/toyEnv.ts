/**
 * A point on a line that wanders: x' = clamp(x + 0.2 a + drift), reward -(x')^2 - 0.01 a^2, cut by the clock after
 * 40 steps (truncated). The second observation is a goal offset that only the observation reveals.
 */
import { RandomStream } from '../../../src/base/random.ts';
import { uniform } from '../../../src/base/realMath.ts';
import type { VectorEnv, VectorStep } from '../../../src/env/gym/types.ts';

export class ToyLineEnv implements VectorEnv {
  readonly id = 'toy-line';
  readonly agentsPerEnv = 1;
  readonly observationSize = 2;
  readonly actionSize = 1;
  readonly numEnvs: number;
  readonly #x: Float64Array;
  readonly #goal: Float64Array;
  readonly #clock: Int32Array;
  readonly #step: VectorStep;
  #random = RandomStream.fromSeed(0, 'toy');

  constructor(numEnvs: number) {
    this.numEnvs = numEnvs;
    this.#x = new Float64Array(numEnvs);
    this.#goal = new Float64Array(numEnvs);
    this.#clock = new Int32Array(numEnvs);
    this.#step = {
      observations: new Float32Array(numEnvs * 2),
      finalObservations: new Float32Array(numEnvs * 2),
      rewards: new Float32Array(numEnvs),
      terminated: new Uint8Array(numEnvs),
      truncated: new Uint8Array(numEnvs),
    };
  }

  reset(seed: number): Float32Array {
    this.#random = RandomStream.fromSeed(seed, 'toy');
    for (let i = 0; i < this.numEnvs; i++) this.#restart(i);
    this.#observe(this.#step.observations);
    return this.#step.observations;
  }

  step(actions: Float32Array): VectorStep {
    const { rewards, truncated, observations, finalObservations } = this.#step;
    for (let i = 0; i < this.numEnvs; i++) {
      const a = actions[i]!;
      const x = this.#x[i]! + 0.2 * a + 0.02 * (uniform(this.#random) - 0.5);
      this.#x[i] = Math.min(Math.max(x, -1), 1);
      const miss = this.#x[i]! - this.#goal[i]!;
      rewards[i] = -(miss * miss) - 0.01 * a * a;
      truncated[i] = ++this.#clock[i]! >= 40 ? 1 : 0;
    }
    this.#observe(finalObservations);
    for (let i = 0; i < this.numEnvs; i++) if (truncated[i] === 1) this.#restart(i);
    this.#observe(observations);
    return this.#step;
  }

  close(): void {}

  #restart(i: number): void {
    this.#x[i] = 2 * uniform(this.#random) - 1;
    this.#goal[i] = uniform(this.#random) - 0.5;
    this.#clock[i] = 0;
  }

  #observe(into: Float32Array): void {
    for (let i = 0; i < this.numEnvs; i++) {
      into[2 * i] = this.#x[i]!;
      into[2 * i + 1] = this.#goal[i]!;
    }
  }
}
