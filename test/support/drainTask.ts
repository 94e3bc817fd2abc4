/** A small task that can end by itself: two batteries feed a random load until one is empty or twenty steps are over. */
import {
  EpisodeTask,
  fitInput,
  fitOutput,
  quantise,
  setChannel,
  uniform,
  type Balance,
  type Info,
  type PolicyInterface,
  type Snapshot,
  type TaskDefinition,
  type TaskState,
} from '../../src/env/index.ts';

const POLICY: PolicyInterface = {
  inputs: [fitInput('soc', 'ratio.e-6', 0, 1000000), fitInput('load.own', 'w', 0, 5000)],
  outputs: [fitOutput('p', 'w', -1000, 4000), fitOutput('q', 'var', -2000, 2000)],
  envelopes: [],
  fallback: [
    { si: 1, r: [0, 5000], y: [0, 4000], z: 0 },
    { si: 1, r: [0, 5000], y: [0, 0], z: 0 },
  ],
  state: [],
};
const STEPS = 20;
const FULL_WH = 20000;

export class DrainTask extends EpisodeTask {
  readonly #socWh = new Float64Array(2);
  readonly #loadW = new Float64Array(2);
  #servedWh = 0;

  constructor() {
    super('drain', POLICY, 2);
  }

  protected begin(): void {
    this.#socWh.fill(FULL_WH);
    this.#draw();
  }

  protected measure(asset: number, snapshot: Snapshot): void {
    setChannel(snapshot, 'soc', quantise(this.#socWh[asset]! / FULL_WH, 'ratio.e-6'));
    // A dead meter in the second asset now and then: its fallback acts.
    if (asset === 0 || this.#loadW[1]! > 500) setChannel(snapshot, 'load.own', quantise(this.#loadW[asset]!, 'w'));
  }

  protected advance(step: number): boolean {
    this.#servedWh = 0;
    for (let a = 0; a < 2; a++) {
      const before = this.#socWh[a]!;
      this.#socWh[a] = Math.min(FULL_WH, Math.max(0, before - this.port.issued[2 * a]!));
      this.#servedWh += before - this.#socWh[a]!;
    }
    this.terminated = this.#socWh.some((soc) => soc === 0);
    this.#draw();
    return step + 1 >= STEPS;
  }

  protected reward(agent: number): number {
    return this.#socWh[agent]! / FULL_WH - Math.abs(this.port.issued[2 * agent + 1]!) / 2000;
  }

  protected metrics(): Info {
    return { servedWh: this.#servedWh };
  }

  balance(): Balance {
    return { sources: this.#servedWh, sinks: this.#servedWh, unit: 'Wh' };
  }

  protected save(): TaskState {
    return { socWh: this.#socWh.slice(), loadW: this.#loadW.slice(), servedWh: this.#servedWh };
  }

  protected load(state: TaskState): void {
    this.#socWh.set(state['socWh'] as Float64Array);
    this.#loadW.set(state['loadW'] as Float64Array);
    this.#servedWh = state['servedWh'] as number;
  }

  protected twin(): DrainTask {
    return new DrainTask();
  }

  #draw(): void {
    for (let a = 0; a < 2; a++) this.#loadW[a] = 5000 * uniform(this.stream);
  }
}

export const drain: TaskDefinition = { id: 'drain-v1', createCopy: () => new DrainTask() };
