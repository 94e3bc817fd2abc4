/**
 * How far every unit of a float network can go: certified bounds of what stands before each activation, over the whole
 * input box. Interval arithmetic is three to six times too wide for the second layer of the shipped networks, which
 * costs two bits of every weight behind it; here each unit is bounded by linear relaxation (the backward pass of
 * CROWN, Zhang et al. 2018) on boxes that are split best first, in a fixed order with a fixed budget.
 *
 * Sound in doubles: sums have at most a few thousand terms, so each is within 2^-40 of the sum of magnitudes of its
 * terms, and that slack is added outward (SLACK).
 */
import type { FloatLayer, Range } from './floatPolicy.ts';
import { activateReal, activationRange, preActivationRange } from './floatPolicy.ts';

/** 2^-40: over gamma_n = n 2^-53 / (1 - n 2^-53) of every sum here, n <= 8000. */
const SLACK = 2 ** -40;

/** slope*z + [lo, hi] holds act(z) for z in an interval. */
export interface Relaxation {
  slope: number;
  lo: number;
  hi: number;
}

interface Leaf {
  readonly lo: Float64Array;
  readonly hi: Float64Array;
  readonly bound: number;
  readonly split: number;
}

/** Boxes a unit may cost, and the share of the best point found within which a bound is good enough. */
const UNIT_BOXES = 400;
const GOOD_ENOUGH = 1.02;

/** Bounds of the values before each activation, one Range a layer; `input`: the box of real inputs. */
export function certifiedRanges(layers: readonly FloatLayer[], input: Range, unitBoxes = UNIT_BOXES): Range[] {
  const ranges: Range[] = [];
  let range = input;
  layers.forEach((layer, l) => {
    const pre = widened(layer, range, preActivationRange(layer, range));
    ranges.push(pre);
    if (l > 0) tighten(layers, ranges, input, unitBoxes);
    range = activationRange(layer.activation, pre);
  });
  return ranges;
}

/** In place, the last of `ranges`. */
function tighten(layers: readonly FloatLayer[], ranges: readonly Range[], input: Range, unitBoxes: number): void {
  const { lo, hi } = ranges.at(-1)!;
  const search = new UnitSearch(layers.slice(0, ranges.length), ranges, input);
  for (let o = 0; o < lo.length; o++) {
    // A scale follows from the upper end of a relu alone; the rest is not worth more than one box.
    const boxes = layers[ranges.length - 1]!.activation === 'relu' ? unitBoxes : 1;
    if (hi[o]! > 0) hi[o] = Math.min(hi[o]!, search.maximum(o, 1, boxes));
    if (lo[o]! < 0) lo[o] = Math.max(lo[o]!, -search.maximum(o, -1, 1));
  }
}

/** preActivationRange sums in double: its slack. */
function widened(layer: FloatLayer, input: Range, { lo, hi }: Range): Range {
  const slack = slackOf(layer, input);
  return { lo: lo.map((z, o) => z - slack[o]!), hi: hi.map((z, o) => z + slack[o]!) };
}

/** SLACK of the magnitudes that a sum has over a box; those over a larger box hold as well. */
function slackOf({ inSize, outSize, weights, bias }: FloatLayer, { lo, hi }: Range): Float64Array {
  return Float64Array.from({ length: outSize }, (_, o) => {
    let magnitude = Math.abs(bias[o]!);
    for (let i = 0; i < inSize; i++) {
      magnitude += Math.abs(weights[o * inSize + i]!) * Math.max(Math.abs(lo[i]!), Math.abs(hi[i]!));
    }
    return SLACK * magnitude;
  });
}

function emptyRange(size: number): Range {
  return { lo: new Float64Array(size), hi: new Float64Array(size) };
}

/** Scratch of a layer for one box after another. */
interface BoxMemory {
  readonly pre: Range;
  readonly post: Range;
  readonly slack: Float64Array;
}

/** As `preActivationRange`, into `out`. */
function intervalSums(
  { inSize, outSize, weights, bias }: FloatLayer,
  lo: Float64Array,
  hi: Float64Array,
  out: Range,
): void {
  let at = 0;
  for (let o = 0; o < outSize; o++) {
    let [least, most] = [bias[o]!, bias[o]!];
    for (let i = 0; i < inSize; i++, at++) {
      const w = weights[at]!;
      least += w * (w >= 0 ? lo[i]! : hi[i]!);
      most += w * (w >= 0 ? hi[i]! : lo[i]!);
    }
    out.lo[o] = least;
    out.hi[o] = most;
  }
}

/** Bounds of sign * (unit before its activation), one unit at a time. */
class UnitSearch {
  readonly #layers: readonly FloatLayer[];
  readonly #ranges: readonly Range[];
  readonly #input: Range;
  readonly #relaxation: Relaxation = { slope: 0, lo: 0, hi: 0 };
  /** Of the last backward pass: coefficients at the inputs. */
  #gradient: Float64Array = new Float64Array(0);
  readonly #boxes: readonly BoxMemory[];
  readonly #pre: readonly Range[];
  /** Of the first layer: what the relaxation of each unit gives away. */
  readonly #gaps: Float64Array;

  constructor(layers: readonly FloatLayer[], ranges: readonly Range[], input: Range) {
    this.#layers = layers;
    this.#ranges = ranges;
    this.#input = input;
    this.#gaps = new Float64Array(layers[0]!.outSize);
    this.#boxes = layers.slice(0, -1).map((layer, l) => {
      const before = l === 0 ? input : activationRange(layers[l - 1]!.activation, ranges[l - 1]!);
      return { pre: emptyRange(layer.outSize), post: emptyRange(layer.outSize), slack: slackOf(layer, before) };
    });
    this.#pre = this.#boxes.map(({ pre }) => pre);
  }

  maximum(o: number, sign: number, budget: number): number {
    const { lo, hi } = this.#input;
    let incumbent = -Infinity;
    const open: Leaf[] = [];
    const add = (from: Float64Array, to: Float64Array): void => {
      const bound = this.#bound(o, sign, from, to);
      incumbent = Math.max(incumbent, sign * this.#valueAtCorner(o, from, to));
      open.push({ lo: from, hi: to, bound, split: this.#widest(from, to) });
    };
    add(lo, hi);
    for (let boxes = 1; ; boxes += 2) {
      const at = greatest(open);
      const leaf = open[at]!;
      const good = leaf.bound <= Math.max(0, incumbent > 0 ? GOOD_ENOUGH * incumbent : 0);
      if (good || boxes >= budget || leaf.split < 0) return leaf.bound;
      open[at] = open.at(-1)!;
      open.pop();
      const middle = (leaf.lo[leaf.split]! + leaf.hi[leaf.split]!) / 2;
      add(leaf.lo, withValue(leaf.hi, leaf.split, middle));
      add(withValue(leaf.lo, leaf.split, middle), leaf.hi);
    }
  }

  /** Upper bound of sign * z_o over the box; leaves the coefficients at the inputs. */
  #bound(o: number, sign: number, lo: Float64Array, hi: Float64Array): number {
    const depth = this.#layers.length - 1;
    const pre = this.#boxRanges(lo, hi, depth);
    const last = this.#layers[depth]!;
    let coefficients: Float64Array = Float64Array.from(
      { length: last.inSize },
      (_, i) => sign * last.weights[o * last.inSize + i]!,
    );
    let constant = sign * last.bias[o]!;
    let magnitude = Math.abs(constant);
    for (let l = depth - 1; l >= 0; l--) {
      const { inSize, outSize, weights, bias, activation } = this.#layers[l]!;
      const next = new Float64Array(inSize);
      for (let u = 0; u < outSize; u++) {
        const c = coefficients[u]!;
        if (l === 0) this.#gaps[u] = 0;
        if (c === 0) continue;
        const relaxed = relaxUpper(activation, pre[l]!.lo[u]!, pre[l]!.hi[u]!, c, this.#relaxation);
        if (l === 0) this.#gaps[u] = Math.abs(c) * gapOf(activation, pre[l]!.lo[u]!, pre[l]!.hi[u]!, c);
        const k = c * relaxed.slope;
        constant += k * bias[u]! + c * relaxed.hi;
        magnitude += Math.abs(k * bias[u]!) + Math.abs(c * relaxed.hi);
        if (k === 0) continue;
        for (let i = 0; i < inSize; i++) {
          const term = k * weights[u * inSize + i]!;
          next[i]! += term;
          magnitude += Math.abs(term) * Math.max(Math.abs(lo[i] ?? 0), Math.abs(hi[i] ?? 0), 1);
        }
      }
      coefficients = next;
    }
    for (let i = 0; i < lo.length; i++) constant += coefficients[i]! * (coefficients[i]! >= 0 ? hi[i]! : lo[i]!);
    this.#gradient = coefficients;
    return constant + 2 * SLACK * magnitude;
  }

  /** Intervals in the box, no wider than what is known of the whole; overwritten by the next call. */
  #boxRanges(lo: Float64Array, hi: Float64Array, depth: number): readonly Range[] {
    let [from, to] = [lo, hi];
    for (let l = 0; l < depth; l++) {
      const layer = this.#layers[l]!;
      const known = this.#ranges[l]!;
      const { pre, post, slack } = this.#boxes[l]!;
      intervalSums(layer, from, to, pre);
      for (let u = 0; u < layer.outSize; u++) {
        pre.lo[u] = Math.max(pre.lo[u]! - slack[u]!, known.lo[u]!);
        pre.hi[u] = Math.min(pre.hi[u]! + slack[u]!, known.hi[u]!);
        post.lo[u] = activateReal(layer.activation, pre.lo[u]!);
        post.hi[u] = activateReal(layer.activation, pre.hi[u]!);
      }
      [from, to] = [post.lo, post.hi];
    }
    return this.#pre;
  }

  /** z_o where the linear bound is greatest. */
  #valueAtCorner(o: number, lo: Float64Array, hi: Float64Array): number {
    let x: Float64Array = this.#gradient.map((c, i) => (c >= 0 ? hi[i]! : lo[i]!));
    let z = 0;
    this.#layers.forEach((layer, l) => {
      if (l === this.#layers.length - 1) {
        z = layer.bias[o]!;
        for (let i = 0; i < layer.inSize; i++) z += layer.weights[o * layer.inSize + i]! * x[i]!;
        return;
      }
      const point = preActivationRange(layer, { lo: x, hi: x });
      x = activationRange(layer.activation, point).lo;
    });
    return z;
  }

  /** The input that stands behind most of the gaps of the relaxation; -1: there is none. */
  #widest(lo: Float64Array, hi: Float64Array): number {
    const { inSize, outSize, weights } = this.#layers[0]!;
    const share = new Float64Array(inSize);
    for (let u = 0; u < outSize; u++) {
      if (!(this.#gaps[u]! > 0)) continue;
      let width = 0;
      for (let i = 0; i < inSize; i++) width += Math.abs(weights[u * inSize + i]!) * (hi[i]! - lo[i]!);
      for (let i = 0; i < inSize; i++) {
        share[i]! += (this.#gaps[u]! * Math.abs(weights[u * inSize + i]!) * (hi[i]! - lo[i]!)) / width;
      }
    }
    let best = -1;
    for (let i = 0; i < inSize; i++) if (share[i]! > (best < 0 ? 0 : share[best]!)) best = i;
    return best;
  }
}

/** The linear function above c*act(z) on [l, u]: c*(slope*z + hi). */
function relaxUpper(
  activation: FloatLayer['activation'],
  l: number,
  u: number,
  c: number,
  out: Relaxation,
): Relaxation {
  relax(activation, l, u, out);
  if (c >= 0) return out;
  // Below act(z): for an open relu 0 or z, whichever cuts off less.
  if (activation === 'relu' && l < 0 && u > 0) {
    out.slope = u > -l ? 1 : 0;
    out.lo = 0;
  }
  out.hi = out.lo;
  return out;
}

function gapOf(activation: FloatLayer['activation'], l: number, u: number, c: number): number {
  if (l >= u) return 0;
  if (activation !== 'relu') return u - l;
  if (l >= 0 || u <= 0) return 0;
  return c >= 0 ? (-l * u) / (u - l) : Math.min(u, -l);
}

/** One slope for both sides; chords for piecewise-linear activations, the least derivative for tanh. */
export function relax(activation: FloatLayer['activation'], l: number, u: number, out: Relaxation): Relaxation {
  if (activation === 'identity') return set(out, 1, 0, 0);
  const al = activateReal(activation, l);
  const au = activateReal(activation, u);
  if (activation === 'tanh') {
    // tanh(z) - slope*z does not fall on [l, u] when slope is the least derivative there; 1e-12: tanhReal's own error
    const slope = Math.min(1 - al * al, 1 - au * au);
    return set(out, slope, al - slope * l - 1e-12, au - slope * u + 1e-12);
  }
  if (u <= l) return set(out, 0, al, au);
  const slope = Math.min(Math.max((au - al) / (u - l), 0), 1);
  let lo = Math.min(al - slope * l, au - slope * u);
  let hi = Math.max(al - slope * l, au - slope * u);
  for (const [z, a] of activation === 'relu' ? RELU_KNOTS : HARDTANH_KNOTS) {
    if (z <= l || z >= u) continue;
    lo = Math.min(lo, a - slope * z);
    hi = Math.max(hi, a - slope * z);
  }
  return set(out, slope, lo, hi);
}

const RELU_KNOTS = [[0, 0]] as const;
const HARDTANH_KNOTS = [
  [-1, -1],
  [1, 1],
] as const;

function set(out: Relaxation, slope: number, lo: number, hi: number): Relaxation {
  out.slope = slope;
  out.lo = lo;
  out.hi = hi;
  return out;
}

function greatest(open: readonly Leaf[]): number {
  let at = 0;
  for (let k = 1; k < open.length; k++) if (open[k]!.bound > open[at]!.bound) at = k;
  return at;
}

function withValue(values: Float64Array, at: number, value: number): Float64Array {
  const copy = values.slice();
  copy[at] = value;
  return copy;
}
