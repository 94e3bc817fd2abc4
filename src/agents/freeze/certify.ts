/**
 * A bound on |integer policy - float policy| over the whole box of raw inputs, as shares of the outputs' rated ranges
 * (docs/reference/freeze.md): differential bounds on boxes of inputs, the box with the greatest bound split first, a
 * fixed number of boxes, in a fixed order. True whatever the number; more boxes make it smaller.
 */
import { clamp } from '../../base/fixed.ts';
import { UNIT_INTEGER, type OutputSpec } from '../../grid/interface.ts';
import { Differential, TANH_COUNTS, type LayerBounds } from './differential.ts';
import { activateReal, FIXED_ONE, type FloatPolicy, type Range } from './floatPolicy.ts';
import { inputBox, type IntegerLayer } from './integerNetwork.ts';
import { ratedRange } from './measure.ts';

export interface CertifyOptions {
  /** Boxes it may look at. */
  readonly boxes: number;
  /** Splitting ends where the bound is no greater. */
  readonly enough?: number;
  /** Bounds of the float network over the whole box, from `certifiedRanges`. */
  readonly ranges?: readonly Range[];
  /** Of a policy with logits: what an error in a logit is a share of. */
  readonly logitRange?: number;
}

export interface Certified {
  /** Share of the rated range, the greatest over outputs. */
  readonly bound: number;
  readonly boxes: number;
}

interface Leaf {
  readonly input: Range;
  readonly layers: readonly LayerBounds[];
  readonly bound: number;
  readonly split: number;
}

export function certify(policy: FloatPolicy, network: readonly IntegerLayer[], options: CertifyOptions): Certified {
  const input = inputBox(policy.interface.inputs);
  const differential = new Differential(network, input);
  const open: Leaf[] = [];
  const add = (box: Range, within?: readonly LayerBounds[]): void => {
    const layers = differential.bounds(box, within);
    const { bound, output } = leafBound(policy, layers.at(-1)!, options.logitRange);
    push(open, { input: box, layers, bound, split: bound === 0 ? -1 : differential.splitInput(output, box) });
  };
  add(
    input,
    options.ranges?.map((z) => ({ z, delta: unbounded(z) })),
  );
  let boxes = 1;
  for (;;) {
    const leaf = open[0]!;
    if (leaf.bound <= (options.enough ?? 0) || leaf.split < 0 || boxes + 2 > options.boxes) {
      return { bound: Math.min(1, leaf.bound), boxes };
    }
    pop(open);
    const { lo, hi } = leaf.input;
    const middle = (lo[leaf.split]! + hi[leaf.split]!) / 2;
    add({ lo, hi: withValue(hi, leaf.split, middle) }, leaf.layers);
    add({ lo: withValue(lo, leaf.split, middle), hi }, leaf.layers);
    boxes += 2;
  }
}

function unbounded({ lo }: Range): Range {
  return { lo: lo.map(() => -Infinity), hi: lo.map(() => Infinity) };
}

/** The greatest share by which an output, or a logit, can be off, and which. */
function leafBound(
  { interface: { outputs }, layers, actionTable }: FloatPolicy,
  last: LayerBounds,
  logitRange = 1,
): { bound: number; output: number } {
  const tanh = layers.at(-1)!.activation === 'tanh';
  let bound = 0;
  let output = 0;
  for (let d = 0; d < last.z.lo.length; d++) {
    const off = Math.max(Math.abs(last.delta.lo[d]!), Math.abs(last.delta.hi[d]!));
    const share = actionTable === undefined ? outputShare(outputs[d]!, d, last, tanh) : off / logitRange;
    if (share > bound) [bound, output] = [share, d];
  }
  return { bound, output };
}

function outputShare(spec: OutputSpec, d: number, { z, delta }: LayerBounds, tanh: boolean): number {
  if (spec.lo === spec.hi) return 0;
  const [zLo, zHi] = [z.lo[d]!, z.hi[d]!];
  const [from, to] = [Math.min(zLo, zLo + delta.lo[d]!), Math.max(zHi, zHi + delta.hi[d]!)];
  const off = Math.max(Math.abs(delta.lo[d]!), Math.abs(delta.hi[d]!));
  const y = (u: number): number => clamp(u * FIXED_ONE, -UNIT_INTEGER, UNIT_INTEGER);
  let counts: number;
  if (tanh) {
    // slope at most 1; the table; 32767 stands for 1 instead of 32768
    const spread = y(activateReal('tanh', to)) - y(activateReal('tanh', from));
    counts = Math.min(off * FIXED_ONE, spread) + TANH_COUNTS + 1;
  } else {
    // y = clamp(u): nothing is off where both are cut on the same side
    counts = Math.min(off * FIXED_ONE, y(to) - y(from));
  }
  // floor(a + 1/2) - floor(b + 1/2) <= ceil(a - b)
  const issued = Math.ceil(((counts * Math.abs(spec.m)) / 2 ** spec.t) * (1 + 1e-12));
  return Math.min(issued, spec.hi - spec.lo) / ratedRange(spec);
}

function withValue(values: Float64Array, at: number, value: number): Float64Array {
  const copy = values.slice();
  copy[at] = value;
  return copy;
}

/** A binary heap, the greatest bound first; equal bounds in the order that their moves give, the same every time. */
function push(heap: Leaf[], leaf: Leaf): void {
  heap.push(leaf);
  for (let at = heap.length - 1; at > 0;) {
    const up = (at - 1) >> 1;
    if (heap[up]!.bound >= heap[at]!.bound) return;
    [heap[up], heap[at]] = [heap[at]!, heap[up]!];
    at = up;
  }
}

function pop(heap: Leaf[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  heap[0] = last;
  for (let at = 0; ;) {
    let most = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && heap[child]!.bound > heap[most]!.bound) most = child;
    }
    if (most === at) return;
    [heap[at], heap[most]] = [heap[most]!, heap[at]!];
    at = most;
  }
}
