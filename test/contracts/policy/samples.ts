/** Artifacts for tests: one tiny by hand, and valid random ones from a stream. */
import { I32_MAX, I32_MIN } from '../../../src/base/fixed.ts';
import type { RandomStream } from '../../../src/base/random.ts';
import type { Activation, DenseLayer, PolicyHead, PolicyParts } from '../../../src/contracts/policy/artifact.ts';
import { activationMaximum, inputMaxima, rowBound } from '../../../src/contracts/policy/checks.ts';
import type { EnvelopeSpec, FallbackSpec, InputSpec, OutputSpec, StateSpec } from '../../../src/grid/interface.ts';

/** The droop of docs/spec/policy.md: 20 kW per 200 mHz, state of charge in the envelope. */
export function tinyParts(): PolicyParts {
  return {
    interface: {
      inputs: [
        { n: 'f.grid', u: 'hz.e-3', lo: 49000, hi: 51000, c: 50000, m: 32767, t: 10 },
        { n: 'soc', u: 'ratio.e-6', lo: 0, hi: 1000000, c: 500000, m: 67, t: 10 },
      ],
      outputs: [{ n: 'p.set', u: 'w', m: 10240, t: 14, c: 0, lo: -20000, hi: 20000 }],
      envelopes: [{ d: 0, sk: 'in', si: 1, r: [100000, 200000], l: [-20000, -20000], h: [0, 20000] }],
      fallback: [{ si: 0, r: [49800, 50200], y: [20000, -20000], z: 0 }],
      state: [],
    },
    layers: [
      dense(
        [
          [-16384, 0],
          [16384, 0],
        ],
        [0, 0],
        14,
        'relu',
      ),
      dense([[20480, -20480]], [0], 12, 'identity'),
    ],
    head: { kind: 'cont' },
  };
}

export function dense(
  rows: readonly (readonly number[])[],
  bias: readonly number[],
  shift: number,
  activation: Activation,
  exponent = 0,
): DenseLayer {
  return {
    inSize: rows[0]!.length,
    outSize: rows.length,
    shift,
    weights: Int16Array.from(rows.flat()),
    bias: Int32Array.from(bias),
    activation,
    exponent,
  };
}

/** A policy of one identity layer whose output is z itself, clamped to +-32767. */
export function probeParts(layer: DenseLayer): PolicyParts {
  const inputs = Array.from({ length: layer.inSize }, (_, i) => plainInput(`in.${i}`));
  const outputs = Array.from({ length: layer.outSize }, (_, d) => plainOutput(`out.${d}`));
  const fallback = outputs.map((): FallbackSpec => ({ si: 0, r: [0], y: [0], z: 0 }));
  return {
    interface: { inputs, outputs, envelopes: [], fallback, state: [] },
    layers: [layer],
    head: { kind: 'cont' },
  };
}

/** x = clamp(r, +-32767). */
export function plainInput(n: string): InputSpec {
  return { n, u: 'idx', lo: -32767, hi: 32767, c: 0, m: 1, t: 0 };
}

/** p = clamp(z, +-32767). */
export function plainOutput(n: string): OutputSpec {
  return { n, u: 'idx', m: 1, t: 0, c: 0, lo: -32767, hi: 32767 };
}

export function between(stream: RandomStream, lo: number, hi: number): number {
  return lo + stream.below(hi - lo + 1);
}

/** Any i32 box, often narrow. */
function box(stream: RandomStream): { lo: number; hi: number } {
  const spread = [10, 100000, U31][stream.below(3)]!;
  const a = Math.max(I32_MIN, Math.min(I32_MAX, between(stream, -spread, spread)));
  const b = Math.max(I32_MIN, Math.min(I32_MAX, between(stream, -spread, spread)));
  return { lo: Math.min(a, b), hi: Math.max(a, b) };
}

const U31 = 2147483647;

/** A valid artifact of any kind: 1..4 layers of all activations, both heads, envelopes, fallback, state. */
export function randomParts(stream: RandomStream, maxWidth = 12): PolicyParts {
  const inputs = Array.from({ length: between(stream, 1, Math.min(8, maxWidth)) }, (_, i) => randomInput(stream, i));
  const discrete = stream.below(4) === 0;
  const outputs = Array.from({ length: between(stream, 1, 4) }, (_, d) => randomOutput(stream, d, discrete));
  const actions = discrete ? between(stream, 2, 9) : 0;
  const layers = randomLayers(stream, inputs, discrete ? actions : outputs.length, discrete, maxWidth);
  const head: PolicyHead = discrete
    ? { kind: 'disc', actions, table: randomTable(stream, outputs, actions) }
    : { kind: 'cont' };
  const envelopes = Array.from({ length: stream.below(4) }, () => randomEnvelope(stream, inputs.length, outputs));
  const fallback = outputs.map((output) => randomFallback(stream, inputs.length, output));
  const state: StateSpec[] =
    stream.below(2) === 0 ? [] : [{ i: stream.below(inputs.length), d: stream.below(outputs.length), z: 0 }];
  return { interface: { inputs, outputs, envelopes, fallback, state }, layers, head };
}

function randomInput(stream: RandomStream, i: number): InputSpec {
  const { lo, hi } = box(stream);
  const t = between(stream, 0, 40);
  return { n: `in.${i}`, u: 'idx', lo, hi, c: between(stream, lo, hi), m: between(stream, 1, 32767), t };
}

function randomOutput(stream: RandomStream, d: number, discrete: boolean): OutputSpec {
  const { lo, hi } = box(stream);
  if (discrete) return { n: `out.${d}`, u: 'idx', m: 0, t: 0, c: 0, lo, hi };
  const m = between(stream, -U31, U31);
  return { n: `out.${d}`, u: 'idx', m, t: between(stream, 0, 40), c: between(stream, lo, hi), lo, hi };
}

function randomTable(stream: RandomStream, outputs: readonly OutputSpec[], actions: number): Int32Array {
  const table = new Int32Array(actions * outputs.length);
  for (let a = 0; a < table.length; a++) {
    const { lo, hi } = outputs[a % outputs.length]!;
    table[a] = between(stream, lo, hi);
  }
  return table;
}

function randomLayers(
  stream: RandomStream,
  inputs: readonly InputSpec[],
  last: number,
  discrete: boolean,
  maxWidth: number,
): DenseLayer[] {
  const count = between(stream, 1, 4);
  const layers: DenseLayer[] = [];
  let xmax: ArrayLike<number> = inputMaxima(inputs);
  for (let l = 0; l < count; l++) {
    const final = l === count - 1;
    const hidden = ['relu', 'hardtanh', 'tanh'] as const;
    const closing = discrete ? (['identity'] as const) : (['identity', 'hardtanh', 'tanh'] as const);
    const choices = final ? closing : hidden;
    const activation = choices[stream.below(choices.length)]!;
    const layer = randomLayer(stream, xmax, final ? last : between(stream, 1, maxWidth), activation);
    layers.push(layer);
    xmax = new Int32Array(layer.outSize).fill(activationMaximum(layer));
  }
  return layers;
}

/** Weights of a random magnitude, halved row by row until 3.6 holds. */
export function randomLayer(
  stream: RandomStream,
  xmax: ArrayLike<number>,
  outSize: number,
  activation: Activation,
): DenseLayer {
  const inSize = xmax.length;
  const magnitude = [1, 100, 8000, 32767][stream.below(4)]!;
  const offset = [0, 1000, 1000000, 1000000000][stream.below(4)]!;
  const layer: DenseLayer = {
    inSize,
    outSize,
    shift: between(stream, 0, 20),
    weights: Int16Array.from({ length: inSize * outSize }, () => between(stream, -magnitude, magnitude)),
    bias: Int32Array.from({ length: outSize }, () => between(stream, -offset, offset)),
    activation,
    exponent: activation === 'hardtanh' ? between(stream, 0, 14) : 0,
  };
  for (let o = 0; o < outSize; o++) {
    while (rowBound(layer, o, xmax) > I32_MAX) {
      layer.bias[o] = Math.trunc(layer.bias[o]! / 2);
      for (let i = 0; i < inSize; i++) layer.weights[o * inSize + i] = Math.trunc(layer.weights[o * inSize + i]! / 2);
    }
  }
  return layer;
}

/** Ascending, at most 2^20 apart from end to end, so that any i32 value fits the segment bound. */
function randomKnots(stream: RandomStream): number[] {
  const knots = [between(stream, -1000000, 1000000)];
  for (let n = stream.below(5); n > 0; n--) knots.push(knots[knots.length - 1]! + between(stream, 1, 200000));
  return knots;
}

function randomEnvelope(stream: RandomStream, inputs: number, outputs: readonly OutputSpec[]): EnvelopeSpec {
  const d = stream.below(outputs.length);
  const { lo, hi } = outputs[d]!;
  const r = randomKnots(stream);
  const flat = between(stream, lo, hi);
  const rising = stream.below(2) === 0;
  const l = r.map(() => (rising ? flat : between(stream, lo, flat)));
  const h = r.map(() => (rising ? between(stream, flat, hi) : flat));
  const fromOutput = outputs.length > 1 && stream.below(2) === 0;
  const si = fromOutput ? (d + 1) % outputs.length : stream.below(inputs);
  return { d, sk: fromOutput ? 'out' : 'in', si, r, l, h };
}

function randomFallback(stream: RandomStream, inputs: number, { lo, hi }: OutputSpec): FallbackSpec {
  const r = randomKnots(stream);
  return { si: stream.below(inputs), r, y: r.map(() => between(stream, lo, hi)), z: between(stream, lo, hi) };
}
