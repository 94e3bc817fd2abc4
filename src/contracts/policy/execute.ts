/**
 * The reference executor of `gridpolicy/int16/1` (docs/spec/policy.md 3.2 to 3.8), Number only. Every other
 * implementation is judged by the digest of its outputs against this one. Products and sums of a layer fit
 * i32 in any order (3.6, checked at load), so `| 0` never cuts anything off; wider steps stay below 2^53.
 */
import { clamp } from '../../base/fixed.ts';
import {
  applyEnvelopes,
  evaluateFallback,
  halfUnit,
  normaliseInput,
  scaleOutput,
  UNIT_INTEGER,
} from '../../grid/interface.ts';
import type { DenseLayer, LoadedPolicy } from './artifact.ts';
import { TANH_TABLE } from './tanhTable.ts';

export type PolicyPath = 'network' | 'fallback';

/** 3.4: |z| is cut at 8 in Q15.16. */
const TANH_MAX = 524287;

/** 3.3: round half up, (acc + r(s)) >> s. acc + r(s) must fit i32. */
export function roundShift(acc: number, shift: number): number {
  return (acc + halfUnit(shift)) >> shift;
}

/** 3.4: z in Q15.16 to +-32767, odd, linear between the entries of the table. */
export function tanhInteger(z: number): number {
  const a = Math.min(Math.abs(z), TANH_MAX);
  const i = a >> 10;
  const from = TANH_TABLE[i]!;
  // y = T[i] + (((T[i+1] - T[i]) * f + 512) >> 10), f = a & 1023
  const y = from + (((TANH_TABLE[i + 1]! - from) * (a & 1023) + 512) >> 10);
  return z < 0 ? 0 - y : y;
}

/** 3.4, in place on `z`. */
export function activate(layer: DenseLayer, z: Int32Array): void {
  const { activation, outSize } = layer;
  if (activation === 'identity') return;
  if (activation === 'tanh') {
    for (let o = 0; o < outSize; o++) z[o] = tanhInteger(z[o]!);
    return;
  }
  const hi = activation === 'relu' ? UNIT_INTEGER : 1 << layer.exponent;
  const lo = activation === 'relu' ? 0 : 0 - hi;
  for (let o = 0; o < outSize; o++) z[o] = clamp(z[o]!, lo, hi);
}

/** 3.3 and 3.4: one layer, from x[inSize] into z[outSize]. */
export function evaluateLayer(layer: DenseLayer, x: Int32Array, z: Int32Array): void {
  const { inSize, outSize, weights, bias, shift } = layer;
  const half = halfUnit(shift);
  let at = 0;
  for (let o = 0; o < outSize; o++) {
    // z_o = (sum_i W[o][i]*x[i] + b[o] + r(s)) >> s
    let sum = (bias[o]! + half) | 0;
    for (let i = 0; i < inSize; i++) sum = (sum + Math.imul(weights[at++]!, x[i]!)) | 0;
    z[o] = sum >> shift;
  }
  activate(layer, z);
}

/** 3.5(b): the lowest index wins ties. */
export function argmax(z: Int32Array): number {
  let best = 0;
  for (let o = 1; o < z.length; o++) if (z[o]! > z[best]!) best = o;
  return best;
}

/** Runs one policy. Holds scratch memory and nothing else: every result is a function of the arguments. */
export class PolicyExecutor {
  readonly policy: LoadedPolicy;
  readonly #x: Int32Array;
  readonly #z: readonly Int32Array[];

  constructor(policy: LoadedPolicy) {
    this.policy = policy;
    this.#x = new Int32Array(policy.interface.inputs.length);
    this.#z = policy.layers.map((layer) => new Int32Array(layer.outSize));
  }

  /**
   * The contract's answer. raw: i32 [inputs] in their units; missingMask: as from `gatherInputs`;
   * out: i32 [outputs], overwritten. Any missing input takes the fallback.
   */
  run(raw: Int32Array, missingMask: number, out: Int32Array): PolicyPath {
    if (missingMask !== 0) {
      this.runFallback(raw, missingMask, out);
      return 'fallback';
    }
    this.runNetwork(raw, out);
    return 'network';
  }

  /** Network, head and envelopes, nothing missing. */
  runNetwork(raw: Int32Array, out: Int32Array): void {
    this.normalise(raw, this.#x);
    this.inferNetwork(this.#x, out);
    applyEnvelopes(this.policy.interface.envelopes, raw, 0, out);
  }

  /** 3.8, envelopes included. */
  runFallback(raw: Int32Array, missingMask: number, out: Int32Array): void {
    evaluateFallback(this.policy.interface, raw, missingMask, out);
  }

  /** 3.2: raw[inputs] to x[inputs]. */
  normalise(raw: Int32Array, x: Int32Array): void {
    const { inputs } = this.policy.interface;
    for (let i = 0; i < inputs.length; i++) x[i] = normaliseInput(inputs[i]!, raw[i]!);
  }

  /** From normalised inputs x[inputs] to out[outputs] before the envelopes: what a verifier bounds. */
  inferNetwork(x: Int32Array, out: Int32Array): void {
    const { head } = this.policy;
    const from = this.#forward(x);
    const { outputs } = this.policy.interface;
    const row = head.kind === 'disc' ? argmax(from) * outputs.length : 0;
    for (let d = 0; d < outputs.length; d++) {
      out[d] = head.kind === 'disc' ? head.table[row + d]! : scaleOutput(outputs[d]!, from[d]!);
    }
  }

  /** From normalised inputs to units[last layer], its activations. */
  inferUnits(x: Int32Array, units: Int32Array): void {
    units.set(this.#forward(x));
  }

  #forward(x: Int32Array): Int32Array {
    const { layers } = this.policy;
    let from = x;
    for (let l = 0; l < layers.length; l++) {
      evaluateLayer(layers[l]!, from, this.#z[l]!);
      from = this.#z[l]!;
    }
    return from;
  }
}

export function createExecutor(policy: LoadedPolicy): PolicyExecutor {
  return new PolicyExecutor(policy);
}

/** One-off evaluation of the network path; allocates. For many calls keep an executor. */
export function inferNetwork(policy: LoadedPolicy, raw: Int32Array): Int32Array {
  const out = new Int32Array(policy.interface.outputs.length);
  createExecutor(policy).runNetwork(raw, out);
  return out;
}

/** One-off evaluation of the fallback; allocates. */
export function runFallback(policy: LoadedPolicy, raw: Int32Array, missingMask: number, out: Int32Array): void {
  evaluateFallback(policy.interface, raw, missingMask, out);
}
