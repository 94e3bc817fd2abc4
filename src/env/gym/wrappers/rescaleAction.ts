/**
 * Actions in physical units (W, var, Hz, shares ...) instead of [-1, 1]. An action is turned into the network output
 * whose integer setpoint is nearest; beyond the range of its output it is the end of the range, as at a device.
 */
import { fail } from '../../../base/errors.ts';
import type { OutputSpec } from '../../../grid/interface.ts';
import { box, spaceSize } from '../spaces.ts';
import type { BoxSpace, Env, StepResult } from '../types.ts';
import { actionFor, quantityOf, type Quantity } from './setpoints.ts';
import { taskOf, Wrapper } from './wrapper.ts';

export class RescaleAction<Inner extends Env = Env> extends Wrapper<Inner> {
  /** agents x outputs, bounds in the units of `units`. */
  override readonly actionSpace: BoxSpace;
  /** agents x outputs: name, unit and range of every coordinate. */
  readonly units: readonly Quantity[];

  readonly #outputs: readonly OutputSpec[];

  /** @throws `env.wrapper` around anything but the task's own actions. */
  constructor(env: Inner) {
    super(env);
    const { port, shape } = taskOf(env).copy;
    const agents = Array.from({ length: shape.agents });
    const given = env.actionSpace;
    this.#outputs = agents.flatMap(() => port.policy.outputs);
    if (given.kind !== 'box' || spaceSize(given) !== this.#outputs.length || given.low.some((low) => low !== -1)) {
      throw fail('env.wrapper', { expected: 'actions in [-1, 1]', got: given.kind });
    }
    this.units = this.#outputs.map(quantityOf);
    const bounds = (end: 'low' | 'high'): number[] => this.units.map((unit) => unit[end]);
    this.actionSpace = box([this.units.length], bounds('low'), bounds('high'));
  }

  /** @throws `env.action`. */
  override step(action: Float32Array): StepResult {
    if (action.length !== this.#outputs.length || !action.every(Number.isFinite)) {
      throw fail('env.action', { expected: `${this.#outputs.length} finite actions`, got: Array.from(action) });
    }
    return super.step(action.map((real, i) => actionFor(this.#outputs[i]!, real)));
  }

  protected override around(env: Env): RescaleAction {
    return new RescaleAction(env);
  }
}
