/**
 * The integer interface of a policy (spec/policy.md 3.2, 3.5, 3.8, 3.9): which measurements it sees and
 * how they are scaled, how its outputs become setpoints, what bounds them, what replaces them.
 * Environment and ledger run these same functions, so train/deploy skew is zero by construction.
 */
import { ceilDiv, clamp, floorDiv, pow2, shiftFloor } from '../base/fixed.ts';
import type { Unit } from './units.ts';
import { CHANNELS, isChannel, type Snapshot } from './snapshot.ts';

/** `in[i]`: x = clamp(floor(((clamp(r, lo, hi) - c) * m + round) / 2^t), +-32767). */
export interface InputSpec {
  readonly n: string;
  readonly u: Unit;
  readonly lo: number;
  readonly hi: number;
  readonly c: number;
  readonly m: number;
  readonly t: number;
}

/** `head.out[d]`: p = clamp(floor((y*m + round) / 2^t) + c, lo, hi). */
export interface OutputSpec {
  readonly n: string;
  readonly u: Unit;
  readonly m: number;
  readonly t: number;
  readonly c: number;
  readonly lo: number;
  readonly hi: number;
}

/** `env[]`: bounds output d by piecewise-linear functions of raw input or current output si. */
export interface EnvelopeSpec {
  readonly d: number;
  readonly sk: 'in' | 'out';
  readonly si: number;
  readonly r: readonly number[];
  readonly l: readonly number[];
  readonly h: readonly number[];
}

/** `fb[d]`: piecewise-linear in raw input si; z when that input is itself missing. */
export interface FallbackSpec {
  readonly si: number;
  readonly r: readonly number[];
  readonly y: readonly number[];
  readonly z: number;
}

/** `st[]`: input i is output d as issued at the previous dispatch, or z. */
export interface StateSpec {
  readonly i: number;
  readonly d: number;
  readonly z: number;
}

/** Everything of an artifact but its network: what training and deployment must share. */
export interface PolicyInterface {
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly OutputSpec[];
  readonly envelopes: readonly EnvelopeSpec[];
  readonly fallback: readonly FallbackSpec[];
  readonly state: readonly StateSpec[];
}

/** Network integers are fixed point with 15 fractional bits: 32767 stands for just under 1. */
export const UNIT_INTEGER = 32767;

/** r(s): half of 2^s, or 0 for s = 0. */
export function halfUnit(s: number): number {
  return s === 0 ? 0 : pow2(s - 1);
}

/** 3.2. |v*m| < 2^47 and r(t) <= 2^39, so the sum is exact. */
export function normaliseInput(spec: InputSpec, raw: number): number {
  const v = clamp(raw, spec.lo, spec.hi) - spec.c;
  return clamp(shiftFloor(v * spec.m + halfUnit(spec.t), spec.t), -UNIT_INTEGER, UNIT_INTEGER);
}

/** 3.5(a), from the last layer's integer to the output's unit. |y*m| < 2^46. */
export function scaleOutput(spec: OutputSpec, z: number): number {
  const y = clamp(z, -UNIT_INTEGER, UNIT_INTEGER);
  return clamp(shiftFloor(y * spec.m + halfUnit(spec.t), spec.t) + spec.c, spec.lo, spec.hi);
}

/** Lower side rounds up and upper side rounds down, so that a bound is never loosened by rounding. */
function interpolate(r: readonly number[], v: readonly number[], at: number, roundUp: boolean): number {
  const last = r.length - 1;
  if (at <= r[0]!) return v[0]!;
  if (at >= r[last]!) return v[last]!;
  let j = 0;
  while (at >= r[j + 1]!) j++;
  // v_j + (v_{j+1} - v_j) * (at - r_j) / D, D = r_{j+1} - r_j; the loader bounds the product by 2^53-1.
  const product = (v[j + 1]! - v[j]!) * (at - r[j]!);
  if (product === 0) return v[j]!;
  const width = r[j + 1]! - r[j]!;
  return v[j]! + (roundUp ? ceilDiv(product, width) : floorDiv(product, width));
}

/** Piecewise-linear table with floor rounding (3.8). */
export function evaluateTable(r: readonly number[], y: readonly number[], at: number): number {
  return interpolate(r, y, at, false);
}

/**
 * 3.5(c), in list order, in place on `out`. `missingMask` is that of `gatherInputs`; an envelope on a
 * missing input is skipped (3.8), which only the fallback path can meet.
 */
export function applyEnvelopes(
  envelopes: readonly EnvelopeSpec[],
  raw: Int32Array,
  missingMask: number,
  out: Int32Array,
): void {
  for (const { d, sk, si, r, l, h } of envelopes) {
    if (sk === 'in' && isMissing(missingMask, si)) continue;
    const at = sk === 'in' ? raw[si]! : out[si]!;
    const lower = interpolate(r, l, at, true);
    const upper = interpolate(r, h, at, false);
    out[d] = Math.min(Math.max(out[d]!, lower), upper);
  }
}

/** 3.8: one output vector from raw inputs of which some are missing, envelopes included. */
export function evaluateFallback(policy: PolicyInterface, raw: Int32Array, missingMask: number, out: Int32Array): void {
  for (let d = 0; d < policy.fallback.length; d++) {
    const { si, r, y, z } = policy.fallback[d]!;
    out[d] = isMissing(missingMask, si) ? z : evaluateTable(r, y, raw[si]!);
  }
  applyEnvelopes(policy.envelopes, raw, missingMask, out);
}

/** Where the integer of every input comes from, worked out once per interface. */
interface InputPlan {
  /** Channel id; -1: no such channel, or a state input. */
  readonly channel: Int32Array;
  /** Which asset of the deployment, -1: the own one. */
  readonly asset: Int32Array;
  /** Output held by a state input; -1: measured. */
  readonly held: Int32Array;
  readonly initial: Int32Array;
}

const PLANS = new WeakMap<PolicyInterface, InputPlan>();
/** `p.own/3`: the channel of the fourth asset of the deployment. */
const INDEXED = /^([^/]+)\/(0|[1-9][0-9]{0,4})$/;

function inputPlan(policy: PolicyInterface): InputPlan {
  const known = PLANS.get(policy);
  if (known !== undefined) return known;
  const { inputs, state } = policy;
  const names = inputs.map(({ n }) => INDEXED.exec(n) ?? [n, n, '-1']);
  const held = inputs.map((_, i) => state.find((entry) => entry.i === i));
  const plan = {
    channel: Int32Array.from(names, ([, n], i) => (held[i] === undefined && isChannel(n!) ? CHANNELS[n].id : -1)),
    asset: Int32Array.from(names, (match) => Number(match[2])),
    held: Int32Array.from(held, (entry) => entry?.d ?? -1),
    initial: Int32Array.from(held, (entry) => entry?.z ?? 0),
  };
  PLANS.set(policy, plan);
  return plan;
}

/**
 * Gather the raw input vector from a snapshot and the previous outputs. Returns the mask of missing
 * inputs: bit i for i < 31; inputs from 31 on share bit 31, which is enough because the loader lets no
 * envelope or fallback read an input that shares its bit. An input named `channel/k` reads the k-th snapshot of
 * `fleet` (one per asset of the deployment, in its order) and is missing where no fleet is given.
 */
export function gatherInputs(
  policy: PolicyInterface,
  snapshot: Snapshot,
  previousOutputs: Int32Array | undefined,
  raw: Int32Array,
  fleet?: readonly Snapshot[],
): number {
  return gatherInputsAt(policy, snapshot, previousOutputs, 0, raw, 0, fleet);
}

/** As `gatherInputs`, with the previous outputs from `previousOutputs[previousAt]` on and the inputs to `raw[rawAt]` on. */
export function gatherInputsAt(
  policy: PolicyInterface,
  snapshot: Snapshot,
  previousOutputs: Int32Array | undefined,
  previousAt: number,
  raw: Int32Array,
  rawAt: number,
  fleet: readonly Snapshot[] | undefined,
): number {
  const { channel, asset, held, initial } = inputPlan(policy);
  let missingMask = 0;
  for (let i = 0; i < channel.length; i++) {
    const d = held[i]!;
    if (d >= 0) {
      raw[rawAt + i] = previousOutputs === undefined ? initial[i]! : previousOutputs[previousAt + d]!;
      continue;
    }
    const id = channel[i]!;
    const source = asset[i]! < 0 ? snapshot : fleet?.[asset[i]!];
    if (id < 0 || source === undefined || (source.present & (1 << id)) === 0) {
      raw[rawAt + i] = 0;
      missingMask |= 1 << Math.min(i, 31);
    } else {
      raw[rawAt + i] = source.values[id]!;
    }
  }
  return missingMask;
}

/**
 * The input whose range [lo, hi] fills +-32767: c = floor((lo + hi) / 2), then the finest m / 2^t that stays within.
 * lo < hi, both i32.
 */
export function fitInput(n: string, u: Unit, lo: number, hi: number): InputSpec {
  const c = floorDiv(lo + hi, 2);
  const half = Math.max(hi - c, c - lo);
  let t = 0;
  while (t < 40 && floorDiv(UNIT_INTEGER * pow2(t + 1), half) <= UNIT_INTEGER) t++;
  return { n, u, lo, hi, c, m: Math.max(1, floorDiv(UNIT_INTEGER * pow2(t), half)), t };
}

/** The output whose range is [lo, hi] and is reached at +-32767: c in the middle, m = ceil(half 2^t / 32767) below 2^31. */
export function fitOutput(n: string, u: Unit, lo: number, hi: number): OutputSpec {
  const c = floorDiv(lo + hi, 2);
  const half = Math.max(hi - c, c - lo);
  const t = half > pow2(30) ? 14 : 15;
  return { n, u, m: ceilDiv(half * pow2(t), UNIT_INTEGER), t, c, lo, hi };
}

function isMissing(mask: number, i: number): boolean {
  return (mask & (1 << Math.min(i, 31))) !== 0;
}
