/**
 * Observations by name. The observation stays the flat array, and its space becomes a Dict of one Dict per agent, so
 * `unflatten(env.observationSpace, observation)` names every number; `named()` shows the integers behind them.
 */
import { fail } from '../../../base/errors.ts';
import { box, dict, sameSpace } from '../spaces.ts';
import type { DictSpace, Env } from '../types.ts';
import { quantityOf, realOf } from './setpoints.ts';
import { taskOf, Wrapper } from './wrapper.ts';

/** One input of one agent, as its meter shows it. */
export interface NamedValue {
  /** Integer counts, before any clamping; 0 where missing. */
  readonly raw: number;
  /** In `unit`. */
  readonly value: number;
  /** Of `value`: 'W', 'Hz', 'pu', '1' ... */
  readonly unit: string;
  /** No fresh measurement: the fallback will act for this agent. */
  readonly missing: boolean;
}

export class NamedObservations<Inner extends Env = Env> extends Wrapper<Inner> {
  /** { 'agent-0': { 'v.own': Box(), ... }, ... }; the flat form is that of the environment inside. */
  override readonly observationSpace: DictSpace;

  /** @throws `env.wrapper` around anything but the task's own observations. */
  constructor(env: Inner) {
    super(env);
    const task = taskOf(env);
    if (!sameSpace(env.observationSpace, task.observationSpace)) {
      throw fail('env.wrapper', { expected: 'the observations of the task itself', got: env.observationSpace.kind });
    }
    const { shape } = task.copy;
    const inputs = dict(Object.fromEntries(shape.observationNames.map((name) => [name, box([], -1, 1)])));
    this.observationSpace = dict(
      Object.fromEntries(Array.from({ length: shape.agents }, (_, a) => [`agent-${a}`, inputs])),
    );
  }

  /** By agent and input, what the next decision is made on. */
  named(): Readonly<Record<string, Readonly<Record<string, NamedValue>>>> {
    const { port, shape } = taskOf(this.env).copy;
    const { inputs } = port.policy;
    const read = (agent: number, i: number): NamedValue => {
      const raw = port.raw[agent * inputs.length + i]!;
      const missing = (port.missing[agent]! & (1 << Math.min(i, 31))) !== 0;
      const spec = inputs[i]!;
      return { raw, value: realOf(spec.u, raw), unit: quantityOf(spec).unit, missing };
    };
    return Object.fromEntries(
      Array.from({ length: shape.agents }, (_, a) => [
        `agent-${a}`,
        Object.fromEntries(inputs.map((spec, i) => [spec.n, read(a, i)])),
      ]),
    );
  }

  protected override around(env: Env): NamedObservations {
    return new NamedObservations(env);
  }
}
