/** The policy that executors are timed on: 6-64-64-1, relu, random weights, every constant seeded. */
import { RandomStream } from '../src/base/random.ts';
import type { Activation, DenseLayer, LoadedPolicy } from '../src/contracts/policy/artifact.ts';
import { buildPolicy } from '../src/contracts/policy/codec.ts';

const SIZES = [6, 64, 64, 1];
/** Shift and largest weight of the layers, as freezing chooses them: as large as 3.6 allows. */
const SHIFTS = [15, 13, 12];
const WEIGHTS = [8000, 1500, 1500];

/** `envelope`: with a bound on the output that the first input moves, as deployed policies have. */
export function benchPolicy(envelope: boolean): LoadedPolicy {
  const stream = RandomStream.fromSeed(1, 'bench-policy');
  const inputs = Array.from({ length: SIZES[0]! }, (_, i) => {
    return { n: `in.${i}`, u: 'idx' as const, lo: -100000, hi: 100000, c: 0, m: 10736, t: 15 };
  });
  const layers = SHIFTS.map((shift, l) => layer(stream, l, shift, l === SHIFTS.length - 1 ? 'identity' : 'relu'));
  const envelopes = envelope
    ? [{ d: 0, sk: 'in' as const, si: 0, r: [-50000, 50000], l: [-20000, -15000], h: [0, 20000] }]
    : [];
  return buildPolicy({
    interface: {
      inputs,
      outputs: [{ n: 'out', u: 'idx', m: 10000, t: 14, c: 0, lo: -20000, hi: 20000 }],
      envelopes,
      fallback: [{ si: 0, r: [-50000, 50000], y: [20000, -20000], z: 0 }],
      state: [],
    },
    layers,
    head: { kind: 'cont' },
  });
}

function layer(stream: RandomStream, l: number, shift: number, activation: Activation): DenseLayer {
  const [inSize, outSize, most] = [SIZES[l]!, SIZES[l + 1]!, WEIGHTS[l]!];
  return {
    inSize,
    outSize,
    shift,
    weights: Int16Array.from({ length: inSize * outSize }, () => stream.below(2 * most + 1) - most),
    bias: Int32Array.from({ length: outSize }, () => stream.below(2000001) - 1000000),
    activation,
    exponent: 0,
  };
}

/** Raw vectors over the boxes of the inputs, [count][inputs]. */
export function benchVectors({ interface: { inputs } }: LoadedPolicy, count: number): Int32Array {
  const stream = RandomStream.fromSeed(2, 'bench-policy');
  return Int32Array.from({ length: count * inputs.length }, () => stream.below(200001) - 100000);
}
