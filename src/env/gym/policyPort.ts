/**
 * The boundary between a task and its agents, in integers: what every agent sees and what its action issues. The
 * ledger's dispatch is the same sequence of the same functions: snapshot -> raw inputs -> network output or
 * fallback -> envelopes.
 */
import { fail } from '../../base/errors.ts';
import { clamp, pow2 } from '../../base/fixed.ts';
import {
  applyEnvelopes,
  evaluateFallback,
  gatherInputsAt,
  halfUnit,
  scaleOutput,
  UNIT_INTEGER,
  type PolicyInterface,
} from '../../grid/interface.ts';
import type { Snapshot } from '../../grid/snapshot.ts';

/** A network's real output in [-1, 1] stands for the integer floor(32768 u + 1/2). */
export const NETWORK_SCALE = UNIT_INTEGER + 1;

export interface PolicyPortState {
  readonly raw: readonly number[];
  readonly missing: readonly number[];
  readonly issued: readonly number[];
  readonly fallbackUsed: readonly number[];
}

export class PolicyPort {
  readonly policy: PolicyInterface;
  readonly agents: number;
  /** Per agent. */
  readonly inputs: number;
  readonly outputs: number;
  /** agents x inputs: what the next decision is made on, and per agent the mask of what is missing. */
  readonly raw: Int32Array;
  readonly missing: Int32Array;
  /** agents x outputs: the setpoints of the last decision, envelopes applied, and those of the one before. */
  readonly issued: Int32Array;
  readonly previous: Int32Array;
  /** Per agent, 1 where the last decision was the fallback's. */
  readonly fallbackUsed: Uint8Array;

  /** `normaliseInput` of all inputs, spec by spec in one array each: the hot loop of every task. */
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #centre: Float64Array;
  readonly #gain: Float64Array;
  readonly #half: Float64Array;
  readonly #unit: Float64Array;
  readonly #rawRow: Int32Array;
  readonly #outRow: Int32Array;
  #imposed: Int32Array | undefined;

  constructor(policy: PolicyInterface, agents: number) {
    this.policy = policy;
    this.agents = agents;
    this.inputs = policy.inputs.length;
    this.outputs = policy.outputs.length;
    this.raw = new Int32Array(agents * this.inputs);
    this.missing = new Int32Array(agents);
    this.issued = new Int32Array(agents * this.outputs);
    this.previous = new Int32Array(agents * this.outputs);
    this.fallbackUsed = new Uint8Array(agents);
    this.#low = Float64Array.from(policy.inputs, ({ lo }) => lo);
    this.#high = Float64Array.from(policy.inputs, ({ hi }) => hi);
    this.#centre = Float64Array.from(policy.inputs, ({ c }) => c);
    this.#gain = Float64Array.from(policy.inputs, ({ m }) => m);
    this.#half = Float64Array.from(policy.inputs, ({ t }) => halfUnit(t));
    this.#unit = Float64Array.from(policy.inputs, ({ t }) => 1 / pow2(t));
    this.#rawRow = new Int32Array(this.inputs);
    this.#outRow = new Int32Array(this.outputs);
    this.reset();
  }

  /** Nothing dispatched yet: state inputs hold their initial value, other outputs 0 or what is nearest to it. */
  reset(): void {
    const { outputs, state } = this.policy;
    this.raw.fill(0);
    this.missing.fill(0);
    this.fallbackUsed.fill(0);
    this.#imposed = undefined;
    for (let a = 0; a < this.agents; a++) {
      for (let d = 0; d < outputs.length; d++) {
        this.issued[a * this.outputs + d] = clamp(0, outputs[d]!.lo, outputs[d]!.hi);
      }
      for (const { d, z } of state) this.issued[a * this.outputs + d] = z;
    }
    this.previous.set(this.issued);
  }

  /** Take in what agent `agent` sees; `fleet` holds the snapshots that inputs named `channel/k` read. */
  look(agent: number, snapshot: Snapshot, fleet?: readonly Snapshot[]): void {
    this.missing[agent] = gatherInputsAt(
      this.policy,
      snapshot,
      this.issued,
      agent * this.outputs,
      this.raw,
      agent * this.inputs,
      fleet,
    );
  }

  /**
   * Actions, agents x outputs from `actions[at]` on, to setpoints in `issued`. @throws `env.action` when one is not
   * finite; nothing is decided then.
   */
  decide(actions: Float32Array, at: number): void {
    checkFinite(actions, at, this.agents * this.outputs);
    this.previous.set(this.issued);
    if (this.#imposed !== undefined) {
      this.issued.set(this.#imposed);
      this.fallbackUsed.fill(0);
      this.#imposed = undefined;
      return;
    }
    for (let a = 0; a < this.agents; a++) this.#decideOne(a, actions, at + a * this.outputs);
  }

  /**
   * The next decision is these setpoints, agents x outputs, whatever the actions are: a frozen policy's answer or a
   * baseline's, which bring their envelopes and fallback with them. Not part of the state: impose, then step.
   * @throws `env.action` for another count or a value outside its output's bounds.
   */
  impose(issued: Int32Array): void {
    if (issued.length !== this.issued.length) {
      throw fail('env.action', { expected: `${this.issued.length} setpoints`, got: issued.length });
    }
    issued.forEach((value, k) => {
      const { n, lo, hi } = this.policy.outputs[k % this.outputs]!;
      if (value < lo || value > hi) throw fail('env.action', { expected: `${n} in [${lo}, ${hi}]`, got: value });
    });
    this.#imposed = Int32Array.from(issued);
  }

  /** Agent `agent`'s network inputs as reals within [-1, 1], to `out[at]` on. */
  observe(agent: number, out: Float32Array, at: number): void {
    const { raw, inputs } = this;
    const low = this.#low;
    const high = this.#high;
    const centre = this.#centre;
    const gain = this.#gain;
    const half = this.#half;
    const unit = this.#unit;
    const row = agent * inputs;
    for (let i = 0; i < inputs; i++) {
      const v = clamp(raw[row + i]!, low[i]!, high[i]!) - centre[i]!;
      // Division by a power of two is multiplication by its inverse, to the last bit.
      const x = clamp(Math.floor((v * gain[i]! + half[i]!) * unit[i]!), -UNIT_INTEGER, UNIT_INTEGER);
      out[at + i] = (x + 0) / NETWORK_SCALE;
    }
  }

  getState(): PolicyPortState {
    return {
      raw: Array.from(this.raw),
      missing: Array.from(this.missing),
      issued: Array.from(this.issued),
      fallbackUsed: Array.from(this.fallbackUsed),
    };
  }

  setState(state: PolicyPortState): void {
    this.raw.set(state.raw);
    this.missing.set(state.missing);
    this.issued.set(state.issued);
    this.previous.set(state.issued);
    this.fallbackUsed.set(state.fallbackUsed);
  }

  #decideOne(agent: number, actions: Float32Array, at: number): void {
    const { policy, inputs, outputs } = this;
    const raw = this.#rawRow;
    const out = this.#outRow;
    for (let i = 0; i < inputs; i++) raw[i] = this.raw[agent * inputs + i]!;
    const mask = this.missing[agent]!;
    for (let d = 0; d < outputs; d++) {
      const y = clamp(Math.floor(actions[at + d]! * NETWORK_SCALE + 0.5), -UNIT_INTEGER, UNIT_INTEGER);
      out[d] = scaleOutput(policy.outputs[d]!, y);
    }
    if (mask === 0) applyEnvelopes(policy.envelopes, raw, 0, out);
    else evaluateFallback(policy, raw, mask, out);
    this.fallbackUsed[agent] = mask === 0 ? 0 : 1;
    for (let d = 0; d < outputs; d++) this.issued[agent * outputs + d] = out[d]!;
  }
}

/** @throws `env.action` unless `count` actions from `actions[at]` on are finite. */
export function checkFinite(actions: Float32Array, at: number, count: number): void {
  for (let i = at; i < at + count; i++) {
    const action = actions[i]!;
    if (!(action > -Infinity && action < Infinity)) {
      throw fail('env.action', { expected: 'finite actions', got: { index: i, action: String(action) } });
    }
  }
}
