/** Float policies for tests, from a stream. */
import type { RandomStream } from '../../../src/base/random.ts';
import { normal } from '../../../src/base/realMath.ts';
import type { Activation } from '../../../src/contracts/policy/artifact.ts';
import type { FloatLayer, FloatPolicy } from '../../../src/agents/freeze/floatPolicy.ts';
import type { InputSpec, OutputSpec, PolicyInterface } from '../../../src/grid/interface.ts';

/** Boxes of [-1000, 1000] over the full integer range; outputs of +-20 kW. */
export function plainInterface(inputs: number, outputs: number): PolicyInterface {
  return {
    inputs: Array.from({ length: inputs }, (_, i) => wideInput(`in.${i}`)),
    outputs: Array.from({ length: outputs }, (_, d) => powerOutput(`out.${d}`)),
    envelopes: [],
    fallback: Array.from({ length: outputs }, () => ({ si: 0, r: [0], y: [0], z: 0 })),
    state: [],
  };
}

function wideInput(n: string): InputSpec {
  return { n, u: 'idx', lo: -100000, hi: 100000, c: 0, m: 10737, t: 15 };
}

/** 20 000 W at y = 32767: m / 2^t = 0.61037. */
function powerOutput(n: string): OutputSpec {
  return { n, u: 'w', m: 1280039, t: 21, c: 0, lo: -20000, hi: 20000 };
}

/** Gaussian weights of standard deviation gain / sqrt(inSize). */
export function randomFloatPolicy(
  stream: RandomStream,
  widths: readonly number[],
  hidden: Activation = 'relu',
  gain = 1.4,
  lastGain = 0.5,
): FloatPolicy {
  const layers: FloatLayer[] = [];
  for (let l = 1; l < widths.length; l++) {
    const [inSize, outSize] = [widths[l - 1]!, widths[l]!];
    const last = l === widths.length - 1;
    const sd = (last ? lastGain : gain) / Math.sqrt(inSize);
    layers.push({
      inSize,
      outSize,
      weights: Float32Array.from({ length: inSize * outSize }, () => sd * normal(stream)),
      bias: Float32Array.from({ length: outSize }, () => 0.1 * normal(stream)),
      activation: last ? 'identity' : hidden,
    });
  }
  return { layers, interface: plainInterface(widths[0]!, widths[widths.length - 1]!) };
}
