/** A loaded policy as the bytes the kernel reads (layout.ts). Integers only, little-endian on every host. */
import { ceilDivBig, floorDiv, floorDivBig, I32_MAX, shiftFloor } from '../../../base/fixed.ts';
import { halfUnit, UNIT_INTEGER, type InputSpec, type OutputSpec } from '../../../grid/interface.ts';
import type { DenseLayer, LoadedPolicy } from '../artifact.ts';
import { TANH_TABLE } from '../tanhTable.ts';
import { AT, ENVELOPE, FALLBACK, HEADER, INPUT, LAYER, MODE, OUTPUT, PAGES } from './layout.ts';

export type KernelKind = 'simd' | 'scalar';

/** Up to so many outputs are summed row by row: filling them up to four lanes would cost more. */
const MOST_ROWS = 3;

/** Missing flags are one mask of 32 bits; inputs from 31 on share the last (docs/spec/policy.md 3.2). */
function missingBit(input: number): number {
  return 1 << Math.min(input, 31);
}

/** Writes `policy` into the memory of a kernel of this kind. */
export function packPolicy(policy: LoadedPolicy, kind: KernelKind, memory: ArrayBuffer): void {
  const view = new DataView(memory);
  new Uint8Array(memory).fill(0, 0, Math.min(AT.masks, PAGES * 65536));
  packHeader(policy, view);
  packInputs(policy, view);
  packOutputs(policy, view);
  for (let i = 0; i < TANH_TABLE.length; i++) view.setInt16(AT.tanh + 2 * i, TANH_TABLE[i]!, true);
  const knots = new Cursor(view, AT.knots);
  packEnvelopes(policy, view, knots);
  packFallback(policy, view, knots);
  if (policy.head.kind === 'disc') new Cursor(view, AT.actions).i32(policy.head.table);
  packLayers(policy, kind, view);
}

/** Appends arrays and says where they begin. */
class Cursor {
  readonly #view: DataView;
  #at: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  i32(values: ArrayLike<number>): number {
    const start = this.#at;
    for (let i = 0; i < values.length; i++) this.#view.setInt32(start + 4 * i, values[i]!, true);
    this.#at = start + 4 * values.length;
    return start;
  }

  i16(values: ArrayLike<number>): number {
    const start = this.#at;
    for (let i = 0; i < values.length; i++) this.#view.setInt16(start + 2 * i, values[i]!, true);
    this.#at = start + 2 * values.length;
    return start;
  }
}

function packHeader({ interface: { inputs, outputs, envelopes }, layers, head }: LoadedPolicy, view: DataView): void {
  const set = (at: number, value: number): void => view.setInt32(AT.header + at, value, true);
  set(HEADER.inputs, inputs.length);
  set(HEADER.outputs, outputs.length);
  set(HEADER.layers, layers.length);
  set(HEADER.envelopes, envelopes.length);
  set(HEADER.actions, head.kind === 'disc' ? head.actions : 0);
  set(HEADER.inputBytes, 4 * inputs.length);
  set(HEADER.outputBytes, 4 * outputs.length);
  set(HEADER.narrow, head.kind === 'cont' && outputs.every(staysInI32) ? 1 : 0);
}

function packInputs({ interface: { inputs } }: LoadedPolicy, view: DataView): void {
  inputs.forEach((spec, i) => {
    const { c, m, t } = spec;
    const at = AT.inputs + i * INPUT.size;
    // |c*m| <= 2^46 and r(t) <= 2^39
    const k = BigInt(halfUnit(t) - c * m);
    const { lo, hi } = movingRange(spec, k);
    view.setInt32(at + INPUT.lo, lo, true);
    view.setInt32(at + INPUT.hi, hi, true);
    setI64(view, at + INPUT.m, m);
    view.setBigInt64(at + INPUT.k, k, true);
    setI64(view, at + INPUT.t, t);
    view.setBigInt64(at + INPUT.raised, k + (1n << 62n), true);
    view.setUint32(at + INPUT.back, Number(BigInt.asUintN(32, 1n << BigInt(62 - t))), true);
  });
}

/**
 * [lo, hi] without what saturates: below the largest r with f(r) <= -32767 and above the smallest with f(r) >= 32767
 * nothing changes, f(r) = floor((r*m + k) / 2^t) being monotone. One step of f is at most 32768, so what f gives
 * inside fits i32 by far. c lies in [lo, hi] and f(c) = 0, so neither end crosses the other.
 */
function movingRange({ lo, hi, m, t }: InputSpec, k: bigint): { readonly lo: number; readonly hi: number } {
  const unit = 1n << BigInt(t);
  const most = BigInt(UNIT_INTEGER);
  const below = floorDivBig((1n - most) * unit - 1n - k, BigInt(m));
  const above = ceilDivBig(most * unit - k, BigInt(m));
  const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
  const lowest = (a: bigint, b: bigint): bigint => (a < b ? a : b);
  return { lo: Number(largest(BigInt(lo), below)), hi: Number(lowest(BigInt(hi), above)) };
}

function packOutputs({ interface: { outputs } }: LoadedPolicy, view: DataView): void {
  outputs.forEach(({ m, t, c, lo, hi }, d) => {
    const at = AT.outputs + d * OUTPUT.size;
    setI64(view, at + OUTPUT.m, m);
    setI64(view, at + OUTPUT.half, halfUnit(t));
    setI64(view, at + OUTPUT.t, t);
    setI64(view, at + OUTPUT.c, c);
    setI64(view, at + OUTPUT.lo, lo);
    setI64(view, at + OUTPUT.hi, hi);
    view.setBigInt64(at + OUTPUT.raised, BigInt(halfUnit(t)) + (1n << 62n), true);
    view.setUint32(at + OUTPUT.moved, Number(BigInt.asUintN(32, BigInt(c) - (1n << BigInt(62 - t)))), true);
  });
}

/** ((y*m + half) >> t) + c for every y in +-32767. */
function staysInI32({ m, t, c }: OutputSpec): boolean {
  const most = shiftFloor(UNIT_INTEGER * Math.abs(m) + halfUnit(t), t) + 1;
  return most + Math.abs(c) <= I32_MAX;
}

function packEnvelopes({ interface: { envelopes } }: LoadedPolicy, view: DataView, knots: Cursor): void {
  envelopes.forEach(({ d, sk, si, r, l, h }, e) => {
    const at = AT.envelopes + e * ENVELOPE.size;
    view.setInt32(at + ENVELOPE.target, 4 * d, true);
    view.setInt32(at + ENVELOPE.fromOutput, sk === 'out' ? 1 : 0, true);
    view.setInt32(at + ENVELOPE.source, 4 * si, true);
    view.setInt32(at + ENVELOPE.bit, sk === 'out' ? 0 : missingBit(si), true);
    view.setInt32(at + ENVELOPE.last, r.length - 1, true);
    view.setInt32(at + ENVELOPE.r, knots.i32(r), true);
    view.setInt32(at + ENVELOPE.l, knots.i32(l), true);
    view.setInt32(at + ENVELOPE.h, knots.i32(h), true);
  });
}

function packFallback({ interface: { fallback } }: LoadedPolicy, view: DataView, knots: Cursor): void {
  fallback.forEach(({ si, r, y, z }, d) => {
    const at = AT.fallback + d * FALLBACK.size;
    view.setInt32(at + FALLBACK.source, 4 * si, true);
    view.setInt32(at + FALLBACK.bit, missingBit(si), true);
    view.setInt32(at + FALLBACK.z, z, true);
    view.setInt32(at + FALLBACK.last, r.length - 1, true);
    view.setInt32(at + FALLBACK.r, knots.i32(r), true);
    view.setInt32(at + FALLBACK.y, knots.i32(y), true);
  });
}

function packLayers({ layers, head }: LoadedPolicy, kind: KernelKind, view: DataView): void {
  const biases = new Cursor(view, AT.bias);
  const weights = new Cursor(view, AT.weights);
  layers.forEach((layer, l) => {
    const { inSize, outSize, bias, shift } = layer;
    const set = (at: number, value: number): void => view.setInt32(AT.layers + l * LAYER.size + at, value, true);
    const vectors = (outSize + 3) >> 2;
    const rows = kind === 'simd' && outSize <= MOST_ROWS;
    set(LAYER.inputs, inSize);
    set(LAYER.pairs, (inSize + 1) >> 1);
    set(LAYER.quads, (inSize + 3) >> 2);
    set(LAYER.outputs, outSize);
    set(LAYER.vectors, vectors);
    set(LAYER.weights, weights.i16(packWeights(layer, kind, rows)));
    // r(s) is folded in; 3.6 bounds |b| + r(s) by 2^31-1
    const sums = Int32Array.from({ length: 4 * vectors }, (_, o) => (o < outSize ? bias[o]! + halfUnit(shift) : 0));
    set(LAYER.bias, biases.i32(sums));
    set(LAYER.shift, shift);
    packActivation(layer, head.kind === 'disc' && l === layers.length - 1, set);
    set(LAYER.rows, rows ? 1 : 0);
    set(LAYER.octets, (inSize + 7) >> 3);
  });
}

/** identity before a continuous head is the clamp that head begins with. */
function packActivation(
  { activation, exponent }: DenseLayer,
  raw: boolean,
  set: (at: number, value: number) => void,
): void {
  const hi = activation === 'hardtanh' ? 1 << exponent : UNIT_INTEGER;
  set(LAYER.mode, raw ? MODE.raw : activation === 'tanh' ? MODE.tanh : MODE.clamp);
  set(LAYER.hi, hi);
  set(LAYER.lo, activation === 'relu' ? 0 : 0 - hi);
}

function upTo(n: number, multiple: number): number {
  return multiple * floorDiv(n + multiple - 1, multiple);
}

/**
 * rows: [o][i], each row filled up to eight.
 * else four outputs at a time: scalar [four][i][4]; simd [four][pair of i][4][2], inputs filled up to four.
 */
function packWeights(layer: DenseLayer, kind: KernelKind, rows: boolean): Int16Array {
  if (rows) return packRows(layer);
  return kind === 'scalar' ? packFours(layer, 1, 1) : packFours(layer, 2, 4);
}

function packRows({ inSize, outSize, weights }: DenseLayer): Int16Array {
  const stride = upTo(inSize, 8);
  const packed = new Int16Array(outSize * stride);
  for (let o = 0; o < outSize; o++) packed.set(weights.subarray(o * inSize, (o + 1) * inSize), o * stride);
  return packed;
}

/** `together`: how many inputs of an output lie side by side; inputs are filled up to a multiple of `multiple`. */
function packFours(layer: DenseLayer, together: number, multiple: number): Int16Array {
  const { inSize, outSize, weights } = layer;
  const inputs = upTo(inSize, multiple);
  const packed = new Int16Array(inputs * upTo(outSize, 4));
  let at = 0;
  for (let first = 0; first < outSize; first += 4) {
    for (let i = 0; i < inputs; i += together) {
      for (let o = first; o < first + 4; o++) {
        for (let j = i; j < i + together; j++) {
          packed[at++] = o < outSize && j < inSize ? weights[o * inSize + j]! : 0;
        }
      }
    }
  }
  return packed;
}

function setI64(view: DataView, at: number, value: number): void {
  view.setBigInt64(at, BigInt(value), true);
}
