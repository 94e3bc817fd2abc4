/** The artifacts of the conformance files: one of each kind, those at the limits, and random ones. */
import { I32_MAX, I32_MIN } from '../../src/base/fixed.ts';
import { cidDigest } from '../../src/base/cid.ts';
import { RandomStream } from '../../src/base/random.ts';
import type { DenseLayer, PolicyHead, PolicyParts } from '../../src/contracts/policy/artifact.ts';
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import { createExecutor } from '../../src/contracts/policy/execute.ts';
import { inputVectors } from '../../src/contracts/policy/vectors.ts';
import { activationMaximum, inputMaxima, rowBound } from '../../src/contracts/policy/checks.ts';
import type { FallbackSpec, InputSpec, OutputSpec, PolicyInterface } from '../../src/grid/interface.ts';
import {
  dense,
  plainInput,
  plainOutput,
  probeParts,
  randomParts,
  tinyParts,
} from '../../test/contracts/policy/samples.ts';

export interface ArtifactSample {
  readonly name: string;
  readonly title: string;
  readonly parts: PolicyParts;
}

const CONT: PolicyHead = { kind: 'cont' };

export function artifactSamples(): ArtifactSample[] {
  return [
    { name: 'droop', title: 'the worked example: two relu units, an envelope, a droop', parts: tinyParts() },
    { name: 'relu', title: '6-32-32-1, relu', parts: network('relu', [6, 32, 32, 1], ['relu', 'relu', 'identity']) },
    {
      name: 'tanh',
      title: '4-16-16-2, tanh to the end',
      parts: network('tanh', [4, 16, 16, 2], ['tanh', 'tanh', 'tanh']),
    },
    { name: 'hardtanh', title: '3-8-8-8-2, hardtanh with k = 0, 7, 14', parts: hardtanhParts() },
    { name: 'identity', title: 'one layer, identity', parts: network('identity', [5, 3], ['identity']) },
    {
      name: 'one-wide',
      title: 'four layers of one unit',
      parts: network('one', [1, 1, 1, 1, 1], ['tanh', 'relu', 'hardtanh', 'identity']),
    },
    { name: 'wide', title: '1-256-1', parts: network('wide', [1, 256, 1], ['relu', 'identity']) },
    { name: 'most-weights', title: '64-192-256-16: 65 536 weights, 64 inputs, 16 outputs', parts: mostWeights() },
    { name: 'extreme', title: 'weights of +-32767, rows at the limit of 3.6, rows of zeros', parts: extremeParts() },
    { name: 'scales', title: 'constants of inputs and outputs at their bounds', parts: scaleParts() },
    { name: 'discrete', title: '3-8-9, nine actions of three outputs', parts: discreteParts('discrete', 9, 3, false) },
    {
      name: 'discrete-ties',
      title: '256 actions, all equal: the first wins',
      parts: discreteParts('ties', 256, 1, true),
    },
    {
      name: 'envelopes',
      title: 'sixteen envelopes on inputs and outputs, 64 knots, in conflict',
      parts: envelopeParts(),
    },
    { name: 'state', title: 'a ramp limit on the previous output', parts: stateParts() },
    ...livelyRandom(6),
  ];
}

/** Random parts whose every output takes many values: most random networks sit at a clamp. */
function livelyRandom(count: number): ArtifactSample[] {
  const found: ArtifactSample[] = [];
  for (let seed = 1; found.length < count; seed++) {
    const parts = randomParts(RandomStream.fromSeed(seed, 'conformance-artifact'));
    if (isLively(parts)) found.push({ name: `random-${seed}`, title: 'random parts', parts });
  }
  return found;
}

function isLively(parts: PolicyParts): boolean {
  const policy = buildPolicy(parts);
  const { inputs, outputs } = policy.interface;
  const next = inputVectors(cidDigest(policy.cid), inputs);
  const executor = createExecutor(policy);
  const raw = new Int32Array(inputs.length);
  const seen = outputs.map(() => new Set<number>());
  for (let n = 0; n < 64; n++) {
    next(raw);
    const out = new Int32Array(outputs.length);
    executor.run(raw, 0, out);
    out.forEach((p, d) => seen[d]!.add(p));
  }
  return seen.every(({ size }) => size >= (policy.head.kind === 'cont' ? 20 : 3));
}

function plainInterface(inputs: number, outputs: number): PolicyInterface {
  return probeParts(
    dense(
      Array.from({ length: outputs }, () => Array<number>(inputs).fill(0)),
      Array<number>(outputs).fill(0),
      0,
      'identity',
    ),
  ).interface;
}

type Activations = readonly DenseLayer['activation'][];

/** Random layers of the given sizes between plain inputs and outputs. */
function network(seed: string, sizes: readonly number[], activations: Activations): PolicyParts {
  const stream = RandomStream.fromSeed(seed, 'conformance-network');
  const shared = plainInterface(sizes[0]!, sizes[sizes.length - 1]!);
  let xmax: ArrayLike<number> = inputMaxima(shared.inputs);
  const layers = activations.map((activation, l) => {
    const layer = livelyLayer(stream, xmax, sizes[l + 1]!, activation);
    xmax = new Int32Array(layer.outSize).fill(activationMaximum(layer));
    return layer;
  });
  return { interface: shared, layers, head: CONT };
}

/** Random weights with a shift for which units neither die nor all saturate. */
function livelyLayer(
  stream: RandomStream,
  xmax: ArrayLike<number>,
  outSize: number,
  activation: DenseLayer['activation'],
): DenseLayer {
  const inSize = xmax.length;
  const weights = Int16Array.from({ length: inSize * outSize }, () => stream.below(16001) - 8000);
  const bias = Int32Array.from({ length: outSize }, () => stream.below(2000001) - 1000000);
  const layer = { inSize, outSize, shift: 13, weights, bias, activation, exponent: activation === 'hardtanh' ? 13 : 0 };
  for (let o = 0; o < outSize; o++) {
    while (rowBound(layer, o, xmax) > I32_MAX) {
      for (let i = 0; i < inSize; i++) weights[o * inSize + i] = Math.trunc(weights[o * inSize + i]! / 2);
    }
  }
  return layer;
}

function hardtanhParts(): PolicyParts {
  const stream = RandomStream.fromSeed('hardtanh', 'conformance-network');
  const shared = plainInterface(3, 2);
  let xmax: ArrayLike<number> = inputMaxima(shared.inputs);
  const exponents = [14, 7, 0, 14];
  const layers = exponents.map((exponent, l) => {
    const layer = { ...livelyLayer(stream, xmax, l === 3 ? 2 : 8, 'hardtanh'), exponent, shift: [14, 14, 13, 2][l]! };
    // A bias that suits the small activations before the last layers.
    if (l > 1) layer.bias.forEach((b, o) => (layer.bias[o] = b >> (l === 2 ? 3 : 8)));
    xmax = new Int32Array(layer.outSize).fill(activationMaximum(layer));
    return layer;
  });
  return { interface: shared, layers, head: CONT };
}

/** Weights that repeat with a period no row length divides, so that the file stays small. */
function mostWeights(): PolicyParts {
  const layer = (inSize: number, outSize: number, shift: number, activation: DenseLayer['activation']): DenseLayer => ({
    inSize,
    outSize,
    shift,
    weights: Int16Array.from({ length: inSize * outSize }, (_, n) => (((n % 97) * 41) % 97) - 48),
    bias: Int32Array.from({ length: outSize }, (_, o) => (o % 5) * 1000 - 2000),
    activation,
    exponent: 0,
  });
  return {
    interface: plainInterface(64, 16),
    layers: [layer(64, 192, 6, 'relu'), layer(192, 256, 7, 'relu'), layer(256, 16, 8, 'identity')],
    head: CONT,
  };
}

function extremeParts(): PolicyParts {
  const full = dense(
    [
      [32767, -32767],
      [-32767, 32767],
      [0, 0],
      [32767, 32767],
    ],
    [0, 0, I32_MAX - 16384, 0],
    15,
    'relu',
  );
  for (const row of [0, 1, 3]) full.bias[row] = (row === 1 ? -1 : 1) * (I32_MAX - rowBound(full, row, [32767, 32767]));
  const last = dense(
    [
      [32767, 0, 0, 0],
      [0, -32767, 16384, 16384],
      [0, 0, 0, 0],
    ],
    [1073741823, 0, -7],
    15,
    'identity',
  );
  return { interface: plainInterface(2, 3), layers: [full, last], head: CONT };
}

function scaleParts(): PolicyParts {
  const input = (n: number, constants: Omit<InputSpec, 'n' | 'u'>): InputSpec => ({
    n: `in.${n}`,
    u: 'idx',
    ...constants,
  });
  const inputs = [
    input(0, { lo: I32_MIN, hi: I32_MAX, c: 0, m: 32767, t: 31 }),
    input(1, { lo: I32_MIN, hi: I32_MAX, c: I32_MIN, m: 32767, t: 40 }),
    input(2, { lo: -9, hi: 9, c: 0, m: 32767, t: 0 }),
    input(3, { lo: 5, hi: 5, c: 5, m: 1, t: 40 }),
    input(4, { lo: I32_MAX - 1000, hi: I32_MAX, c: I32_MAX, m: 100, t: 2 }),
  ];
  const output = (n: number, constants: Omit<OutputSpec, 'n' | 'u'>): OutputSpec => ({
    n: `out.${n}`,
    u: 'w',
    ...constants,
  });
  const outputs = [
    output(0, { m: I32_MAX, t: 0, c: 0, lo: I32_MIN, hi: I32_MAX }),
    output(1, { m: -I32_MAX, t: 15, c: I32_MAX, lo: I32_MIN, hi: I32_MAX }),
    output(2, { m: I32_MAX, t: 40, c: I32_MIN, lo: I32_MIN, hi: I32_MAX }),
    output(3, { m: 3, t: 1, c: -1, lo: -40000, hi: 30000 }),
    output(4, { m: 1, t: 0, c: 0, lo: 7, hi: 7 }),
  ];
  const fallback = outputs.map(({ lo, hi }, d): FallbackSpec => ({ si: d, r: [I32_MIN, 0], y: [lo, lo], z: hi }));
  const rows = outputs.map((_, o) => inputs.map((_, i) => ((o * 7 + i * 11) % 13) * 2500 - 15000));
  const layer = dense(rows, [1, -1, 4096, -4096, 0], 15, 'identity');
  return { interface: { inputs, outputs, envelopes: [], fallback, state: [] }, layers: [layer], head: CONT };
}

/** `equal`: every action has the same value, so the first is always taken. */
function discreteParts(seed: string, actions: number, outputs: number, equal: boolean): PolicyParts {
  const stream = RandomStream.fromSeed(seed, 'conformance-network');
  const inputs = ['a', 'b', 'c'].map(plainInput);
  const specs = Array.from({ length: outputs }, (_, d) => ({ ...plainOutput(`out.${d}`), m: 0 }));
  const fallback = specs.map((): FallbackSpec => ({ si: 1, r: [-100, 100], y: [-50, 51], z: 3 }));
  const hidden = livelyLayer(stream, inputMaxima(inputs), 8, 'relu');
  const last = livelyLayer(stream, new Int32Array(8).fill(32767), actions, 'identity');
  if (equal) {
    last.weights.fill(0);
    last.bias.fill(-5);
  }
  const table = Int32Array.from({ length: actions * outputs }, (_, n) => ((n * 7919) % 65535) - 32767);
  return {
    interface: { inputs, outputs: specs, envelopes: [], fallback, state: [] },
    layers: [hidden, last],
    head: { kind: 'disc', actions, table },
  };
}

function envelopeParts(): PolicyParts {
  const parts = network('envelopes', [4, 8, 3], ['relu', 'identity']);
  const knots = Array.from({ length: 64 }, (_, j) => j * 1000 - 32000);
  const zigzag = knots.map((_, j) => (j % 2 === 0 ? 20000 : 3001));
  const input = (d: number, si: number, r: number[], l: number[], h: number[]) => ({
    d,
    sk: 'in' as const,
    si,
    r,
    l,
    h,
  });
  const output = (d: number, si: number, r: number[], l: number[], h: number[]) => ({
    d,
    sk: 'out' as const,
    si,
    r,
    l,
    h,
  });
  const floor = knots.map(() => -32767);
  const envelopes = [
    input(0, 0, knots, floor, zigzag),
    input(0, 1, [0], [-32767], [32767]),
    output(1, 0, [-30000, 30000], [-32767, -5], [-4, 32767]),
    output(0, 1, [-7, 0, 11], [-20000, -3, -3], [-1000, 20000, 20001]),
    input(1, 2, [-32767, 32767], [-32767, 0], [1, 32767]),
    output(2, 1, [-32767, 32767], [-30001, 29998], [-29999, 30000]),
    input(2, 3, [100], [-10], [-10]),
    input(2, 3, [I32_MIN, I32_MAX], [-2000, -2000], [-1000, 999]),
    ...Array.from({ length: 8 }, (_, n) =>
      output(n % 3, (n + 1) % 3, [-9 * n - 1, 5], [-32767, -n * 100], [n * 50, 32767]),
    ),
  ];
  return { ...parts, interface: { ...parts.interface, envelopes } };
}

function stateParts(): PolicyParts {
  const parts = network('state', [3, 8, 1], ['tanh', 'identity']);
  // prev - 500 <= p <= prev + 500, inside +-32767
  const r = [-32267, 32267];
  const ramp = {
    d: 0,
    sk: 'in',
    si: 2,
    r: [-32767, ...r, 32767],
    l: [-32767, -32767, 31767, 32267],
    h: [-32267, -31767, 32767, 32767],
  } as const;
  const fallback = [{ si: 0, r: [-1000, 1000], y: [2000, -2000], z: 0 }];
  return { ...parts, interface: { ...parts.interface, envelopes: [ramp], fallback, state: [{ i: 2, d: 0, z: 0 }] } };
}
