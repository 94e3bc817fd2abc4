/** Policies that kernels are judged on: random ones of every kind, and ones made to break an executor. */
import { I32_MAX } from '../../../../src/base/fixed.ts';
import type { RandomStream } from '../../../../src/base/random.ts';
import type { Activation, DenseLayer, LoadedPolicy, PolicyParts } from '../../../../src/contracts/policy/artifact.ts';
import { activationMaximum } from '../../../../src/contracts/policy/checks.ts';
import { buildPolicy } from '../../../../src/contracts/policy/codec.ts';
import { halfUnit } from '../../../../src/grid/interface.ts';
import { between, plainInput, plainOutput, randomLayer, randomParts } from '../samples.ts';

const WIDTHS = [4, 12, 40, 100];

export function randomPolicy(stream: RandomStream): LoadedPolicy {
  return buildPolicy(randomParts(stream, WIDTHS[stream.below(WIDTHS.length)]!));
}

/** Layers of the given sizes, inputs first, on plain inputs and outputs. */
function chain(stream: RandomStream, sizes: readonly number[], body: Activation, last: Activation): DenseLayer[] {
  const layers: DenseLayer[] = [];
  let xmax: ArrayLike<number> = new Int32Array(sizes[0]!).fill(32767);
  for (let l = 1; l < sizes.length; l++) {
    const layer = randomLayer(stream, xmax, sizes[l]!, l === sizes.length - 1 ? last : body);
    layers.push(layer);
    xmax = new Int32Array(layer.outSize).fill(activationMaximum(layer));
  }
  return layers;
}

function plainParts(layers: readonly DenseLayer[]): PolicyParts {
  const inputs = Array.from({ length: layers[0]!.inSize }, (_, i) => plainInput(`in.${i}`));
  const outputs = Array.from({ length: layers[layers.length - 1]!.outSize }, (_, d) => plainOutput(`out.${d}`));
  const fallback = outputs.map(() => ({ si: 0, r: [-100, 100], y: [5, -5], z: 1 }));
  return { interface: { inputs, outputs, envelopes: [], fallback, state: [] }, layers, head: { kind: 'cont' } };
}

/** Rows that meet 3.6 with equality: two weights as large as it allows, and a bias that takes all that is left. */
function fullRows(shift: number, activation: Activation): DenseLayer {
  const most = Math.min(32767, Math.floor((I32_MAX - halfUnit(shift)) / (2 * 32767)));
  const left = I32_MAX - 2 * 32767 * most - halfUnit(shift);
  const signs = [1, -1, 1, -1];
  return {
    inSize: 2,
    outSize: 4,
    shift,
    weights: Int16Array.from(signs.flatMap((sign, o) => [most * sign, o < 2 ? most * sign : -most * sign])),
    bias: Int32Array.from(signs, (sign) => sign * left),
    activation,
    exponent: 0,
  };
}

/** 256 actions of which many tie, since half of the rows are zero. */
function discrete(stream: RandomStream): PolicyParts {
  const layers = chain(stream, [3, 16, 256], 'relu', 'identity');
  const last = layers[1]!;
  for (let o = 0; o < 256; o += 2) {
    last.weights.fill(0, o * last.inSize, (o + 1) * last.inSize);
    last.bias[o] = 0;
  }
  const parts = plainParts(chain(stream, [3, 2], 'relu', 'identity'));
  const outputs = parts.interface.outputs.map((output) => ({ ...output, m: 0, t: 0, c: 0 }));
  const table = Int32Array.from({ length: 512 }, () => between(stream, -32767, 32767));
  return { interface: { ...parts.interface, outputs }, layers, head: { kind: 'disc', actions: 256, table } };
}

/** Outputs bound by raw inputs, by each other and by their own past; 16 of each. */
function bounded(stream: RandomStream): PolicyParts {
  const parts = plainParts(chain(stream, [8, 24, 16], 'tanh', 'hardtanh'));
  const envelopes = Array.from({ length: 16 }, (_, d) => ({
    d,
    sk: d < 8 ? ('in' as const) : ('out' as const),
    si: d < 8 ? d : d - 8,
    r: [-30000, -1000, 0, 7, 30001],
    l: [-32767, -20000, -300, -200, 11],
    h: [-32000, -100, -50, 3000, 32767],
  }));
  const state = Array.from({ length: 8 }, (_, i) => ({ i, d: i + 8, z: i }));
  return { ...parts, interface: { ...parts.interface, envelopes, state } };
}

export function adversarialPolicies(stream: RandomStream): readonly (readonly [string, LoadedPolicy])[] {
  const zero = chain(stream, [5, 7, 3], 'relu', 'identity');
  for (const layer of zero) layer.weights.fill(0, 0, 2 * layer.inSize);
  const loud = chain(stream, [6, 40, 6], 'relu', 'identity').map((layer) => ({ ...layer, shift: 0 }));
  const parts: readonly (readonly [string, PolicyParts])[] = [
    ['3.6 with equality, no shift', plainParts([fullRows(0, 'identity')])],
    ['3.6 with equality, shift 16, tanh', plainParts([fullRows(16, 'tanh')])],
    ['3.6 with equality, shift 30', plainParts([fullRows(30, 'identity')])],
    ['saturating', plainParts(loud)],
    ['zero rows', plainParts(zero)],
    ['one wide', plainParts(chain(stream, [1, 1, 1, 1, 1], 'tanh', 'identity'))],
    ['one input, wide, one wide again', plainParts(chain(stream, [1, 33, 1, 9, 2], 'relu', 'tanh'))],
    ['256 wide', plainParts(chain(stream, [4, 256, 240, 1], 'relu', 'identity'))],
    ['64 inputs, four layers, hardtanh', plainParts(chain(stream, [64, 61, 31, 15, 3], 'hardtanh', 'hardtanh'))],
    ['tanh throughout', plainParts(chain(stream, [7, 30, 29, 13], 'tanh', 'tanh'))],
    ['256 actions that tie', discrete(stream)],
    ['16 envelopes, in and out, and state', bounded(stream)],
  ];
  return parts.map(([name, part]) => [name, buildPolicy(part)]);
}
