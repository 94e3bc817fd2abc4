/** The checker finds what it promises to find: one planted fault for every rule. */
import { describe, expect, it } from 'vitest';
import { TaskEnv } from '../../src/env/gym/single.ts';
import {
  CHECK_RULES,
  checkEnv,
  checkMultiAgentEnv,
  checkVectorEnv,
  MultiAgentEnv,
  RandomStream,
  TaskVectorEnv,
  Wrapper,
  type AgentsStep,
  type Balance,
  type ByAgent,
  type CheckRule,
  type Env,
  type EnvState,
  type ResetResult,
  type StepResult,
  type VectorStep,
} from '../../src/env/index.ts';
import type { Snapshot } from '../../src/grid/snapshot.ts';
import { drain, DrainTask } from '../support/drainTask.ts';

const drainEnv = (): TaskEnv => new TaskEnv(drain, new DrainTask());

/** Nothing wrong with it; faults override. */
class Sound extends Wrapper {
  constructor(env: Env = drainEnv()) {
    super(env);
  }

  protected override around(env: Env): Wrapper {
    return new (this.constructor as new (env: Env) => Sound)(env);
  }
}

abstract class StepFault extends Sound {
  override step(action: Float32Array): StepResult {
    return this.fault(super.step(action), action);
  }
  protected abstract fault(result: StepResult, action: Float32Array): StepResult;
}

const drawn = RandomStream.fromSeed(1, 'never the same');
let made = 0;

const FAULTS: Partial<Record<CheckRule, () => Env>> = {
  'action.kept': () =>
    new (class extends StepFault {
      protected override fault(result: StepResult, action: Float32Array): StepResult {
        action[0] = 0;
        return result;
      }
    })(),
  'balance.closed': () =>
    new (class extends Sound {
      override balance(): Balance {
        return { sources: 1000, sinks: 1000.0011, unit: 'Wh' };
      }
    })(),
  'clone.alone': () =>
    new (class extends Sound {
      override clone(): Env {
        return this.env;
      }
    })(),
  'clone.continues': () =>
    new (class extends Sound {
      override clone(): Env {
        const twin = this.env.clone();
        twin.reset();
        return twin;
      }
    })(),
  'create.repeats': () => {
    const born = made++;
    return new (class extends StepFault {
      protected override fault(result: StepResult): StepResult {
        return { ...result, reward: result.reward + born };
      }
    })();
  },
  'end.closed': () =>
    new (class extends Sound {
      #last: StepResult | undefined;
      override step(action: Float32Array): StepResult {
        if (this.#last?.truncated || this.#last?.terminated) return this.#last;
        return (this.#last = super.step(action));
      }
      override reset(options: { readonly seed?: number } = {}): ResetResult {
        this.#last = undefined;
        return super.reset(options);
      }
    })(),
  'end.oneFlag': () =>
    new (class extends StepFault {
      protected override fault(result: StepResult): StepResult {
        return { ...result, truncated: result.terminated || result.truncated };
      }
    })(),
  'end.reached': () =>
    new (class extends StepFault {
      protected override fault(result: StepResult): StepResult {
        if (result.truncated || result.terminated) super.reset();
        return { ...result, truncated: false, terminated: false };
      }
    })(),
  'hash.atEnd': () =>
    new (class extends StepFault {
      protected override fault({ info, ...result }: StepResult): StepResult {
        const { trajectoryHash: _, ...rest } = info;
        return { ...result, info: rest };
      }
    })(),
  'hash.differs': () =>
    new (class extends StepFault {
      override trajectoryHash(): string {
        return '0'.repeat(64);
      }
      protected override fault({ info, ...result }: StepResult): StepResult {
        return { ...result, info: { ...info, trajectoryHash: this.trajectoryHash() } };
      }
    })(),
  'hash.repeats': () =>
    new (class extends StepFault {
      #held = '';
      override trajectoryHash(): string {
        return this.#held;
      }
      protected override fault({ info, ...result }: StepResult): StepResult {
        this.#held = drawn.next().toString(16).padStart(64, '0');
        return { ...result, info: { ...info, trajectoryHash: this.#held } };
      }
    })(),
  'info.finite': () =>
    new (class extends StepFault {
      protected override fault({ info, ...result }: StepResult): StepResult {
        return { ...result, info: { ...info, share: 0 / 0 } };
      }
    })(),
  'input.measured': () =>
    new Sound(
      new TaskEnv(
        drain,
        new (class extends DrainTask {
          protected override measure(asset: number, snapshot: Snapshot): void {
            super.measure(asset, snapshot);
            if (asset === 0) snapshot.present = 0;
          }
          protected override twin(): DrainTask {
            return new (this.constructor as typeof DrainTask)();
          }
        })(),
      ),
    ),
  'observation.inSpace': () =>
    new (class extends StepFault {
      protected override fault(result: StepResult): StepResult {
        return { ...result, observation: result.observation.map((x) => x * 1.5) };
      }
    })(),
  'observation.owned': () =>
    new (class extends StepFault {
      readonly #shared = new Float32Array(4);
      protected override fault(result: StepResult): StepResult {
        this.#shared.set(result.observation);
        return { ...result, observation: this.#shared };
      }
    })(),
  'reset.goesOn': () =>
    new (class extends Sound {
      override reset({ seed = 1 }: { readonly seed?: number } = {}): ResetResult {
        return super.reset({ seed });
      }
    })(),
  'reset.repeats': () =>
    new (class extends Sound {
      override reset(): ResetResult {
        return super.reset();
      }
    })(),
  'reset.seeds': () =>
    new (class extends Sound {
      override reset(): ResetResult {
        return super.reset({ seed: 1 });
      }
    })(),
  'reward.finite': () =>
    new (class extends StepFault {
      protected override fault(result: StepResult): StepResult {
        return { ...result, reward: Infinity };
      }
    })(),
  'state.continues': () =>
    new (class extends Sound {
      #skew = 0;
      override step(action: Float32Array): StepResult {
        const result = super.step(action);
        return { ...result, reward: result.reward + this.#skew };
      }
      override setState(state: EnvState): Float32Array {
        this.#skew = 1;
        return super.setState(state);
      }
    })(),
  'state.json': () =>
    new (class extends Sound {
      #restored = 0;
      override getState(): EnvState {
        return { ...super.getState(), restored: this.#restored };
      }
      override setState(state: EnvState): Float32Array {
        this.#restored++;
        return super.setState(state);
      }
    })(),
  'step.runs': () =>
    new (class extends StepFault {
      protected override fault(result: StepResult): StepResult {
        if (result.reward < 0.2) throw new Error('boom');
        return result;
      }
    })(),
};

describe('checkEnv', () => {
  it('finds nothing wrong with what is sound', () => {
    checkEnv(() => new Sound());
  });

  for (const [rule, create] of Object.entries(FAULTS)) {
    it(`finds a breach of ${rule}`, () => {
      expect(() => checkEnv(create)).toThrow(`${rule}: ${CHECK_RULES[rule as CheckRule]}`);
    });
  }
});

it('every rule has a fault', () => {
  const elsewhere = ['agents.alike', 'end.final', 'vector.alone'];
  expect([...Object.keys(FAULTS), ...elsewhere].sort()).toEqual(Object.keys(CHECK_RULES).sort());
});

describe('checkVectorEnv', () => {
  const check =
    (Faulty: new (n: number) => TaskVectorEnv): (() => void) =>
    () =>
      checkVectorEnv((n) => new Faulty(n));

  class Many extends TaskVectorEnv {
    constructor(n: number) {
      super(drain, n, {});
    }
  }

  it('finds nothing wrong with what is sound', () => {
    check(Many)();
  });

  it('finds a step that is taken before the first reset', () => {
    const Faulty = class extends Many {
      constructor(n: number) {
        super(n);
        this.reset(0);
      }
    };
    expect(check(Faulty)).toThrow('end.closed');
  });

  it('finds a copy that depends on how many there are', () => {
    const Faulty = class extends Many {
      override reset(seed: number): Float32Array {
        return super.reset(seed + this.numEnvs);
      }
    };
    expect(check(Faulty)).toThrow('vector.alone');
  });

  it('finds a last observation that is lost, flags OR-ed together, and a reward that is not finite', () => {
    const Lost = class extends Many {
      override step(actions: Float32Array): VectorStep {
        const step = super.step(actions);
        return { ...step, finalObservations: step.observations };
      }
    };
    expect(check(Lost)).toThrow('end.final');
    const Mixed = class extends Many {
      override step(actions: Float32Array): VectorStep {
        const step = super.step(actions);
        const over = step.terminated.map((flag, row) => flag | step.truncated[row]!);
        return { ...step, truncated: over, terminated: over };
      }
    };
    expect(check(Mixed)).toThrow('end.oneFlag');
    const Infinite = class extends Many {
      override step(actions: Float32Array): VectorStep {
        const step = super.step(actions);
        step.rewards[0]! /= 0;
        return step;
      }
    };
    expect(check(Infinite)).toThrow('reward.finite');
  });

  it('finds a clone that shares its copies, and a state that forgets', () => {
    const Shared = class extends Many {
      override clone(): TaskVectorEnv {
        return this;
      }
    };
    expect(check(Shared)).toThrow('clone.alone');
    const Forgetful = class extends Many {
      override setState(): Float32Array {
        return this.reset(0);
      }
    };
    expect(check(Forgetful)).toThrow('state.continues');
  });
});

describe('checkMultiAgentEnv', () => {
  it('finds agents that see what another one should', () => {
    const Swapped = class extends MultiAgentEnv {
      override step(actions: ByAgent<Float32Array>): AgentsStep {
        const step = super.step(actions);
        const [first, second] = Object.values(step.observations);
        return { ...step, observations: { 'agent-0': second!, 'agent-1': first! } };
      }
    };
    expect(() => checkMultiAgentEnv(() => new Swapped(drainEnv()))).toThrow('agents.alike');
    checkMultiAgentEnv(() => new MultiAgentEnv(drainEnv()));
  });
});
