/** Small networks whose whole input grid is run: the truth that a search is held against. */
import { RandomStream } from '../../src/base/random.ts';
import type { LoadedPolicy, PolicyParts } from '../../src/contracts/policy/artifact.ts';
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import { createExecutor } from '../../src/contracts/policy/execute.ts';
import { tameParts } from '../contracts/policy/certificate/samples.ts';

/** Two inputs of 256 values each, two hidden layers of 8: 2^16 points. `gain` > 0 drives units into saturation (V9). */
export function gridPolicy(seed: number, gain = 0, activation: 'relu' | 'hardtanh' | 'tanh' = 'relu'): LoadedPolicy {
  const stream = RandomStream.fromSeed(seed, 'verify/grid');
  const parts = tameParts(stream, { inputs: 2, hidden: [8, 8], outputs: 1, activation, reach: 128 });
  const inputs = parts.interface.inputs.map((input) => ({ ...input, lo: -128, hi: 127 }));
  const layers = parts.layers.map((layer, l) => (l === 1 ? { ...layer, shift: layer.shift - gain } : layer));
  return buildPolicy({ ...parts, layers, interface: { ...parts.interface, inputs } } satisfies PolicyParts);
}

export interface Extremes {
  readonly max: number;
  readonly min: number;
}

/** Every point. */
export function bruteForce(policy: LoadedPolicy): Extremes {
  const executor = createExecutor(policy);
  const raw = new Int32Array(2);
  const out = new Int32Array(1);
  let [max, min] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (raw[0] = -128; raw[0] <= 127; raw[0]++) {
    for (raw[1] = -128; raw[1] <= 127; raw[1]++) {
      executor.runNetwork(raw, out);
      max = Math.max(max, out[0]!);
      min = Math.min(min, out[0]!);
    }
  }
  return { max, min };
}

/** The largest output of the same relu network without any rounding. */
export function realMaximum(policy: LoadedPolicy): number {
  const raw = new Int32Array(2);
  let max = Number.NEGATIVE_INFINITY;
  for (raw[0] = -128; raw[0] <= 127; raw[0]++) {
    for (raw[1] = -128; raw[1] <= 127; raw[1]++) max = Math.max(max, realRun(policy, raw));
  }
  return max;
}

function realRun({ interface: { inputs, outputs }, layers }: LoadedPolicy, raw: Int32Array): number {
  let x = inputs.map(({ c, m, t }, i) => ((raw[i]! - c) * m) / 2 ** t);
  for (const { inSize, outSize, weights, bias, shift, activation } of layers) {
    x = Array.from({ length: outSize }, (_, o) => {
      let sum = bias[o]!;
      for (let i = 0; i < inSize; i++) sum += weights[o * inSize + i]! * x[i]!;
      const z = sum / 2 ** shift;
      return activation === 'relu' ? Math.min(Math.max(z, 0), 32767) : z;
    });
  }
  const { m, t, c, lo, hi } = outputs[0]!;
  return Math.min(Math.max((Math.min(Math.max(x[0]!, -32767), 32767) * m) / 2 ** t + c, lo), hi);
}
