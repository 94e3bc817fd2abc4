/** Random properties of a policy, boxes and points of them, for tests of bounds. */
import { I32_MAX, I32_MIN } from '../../../../src/base/fixed.ts';
import type { RandomStream } from '../../../../src/base/random.ts';
import type { Activation, DenseLayer, LoadedPolicy, PolicyParts } from '../../../../src/contracts/policy/artifact.ts';
import {
  buildProperty,
  type Interval,
  type LoadedProperty,
  type Property,
  type PropertyLevel,
} from '../../../../src/contracts/policy/certificate/property.ts';
import { fitInput, fitOutput } from '../../../../src/grid/interface.ts';
import { between } from '../samples.ts';

/** The parts of a property that a policy decides, and defaults for the rest: its whole box, output 0 at most 0. */
export function propertyOf(policy: LoadedPolicy, parts: Partial<Property> = {}): LoadedProperty {
  const { inputs, outputs } = policy.interface;
  return buildProperty({
    id: 'test',
    in: inputs.map(({ n, u }) => ({ n, u })),
    out: outputs.map(({ n, u }) => ({ n, u })),
    at: 'out',
    mode: 'forall',
    box: [inputs.map(({ lo, hi }) => [lo, hi] as const)],
    rel: [],
    lin: outputs.map((_, d) => (d === 0 ? 1 : 0)),
    lin2: [],
    rhs: 0,
    tol: 0,
    ...parts,
  });
}

const saturate = (r: number): number => Math.max(I32_MIN, Math.min(I32_MAX, r));

/** A box around or across an input's own range: of any width, sometimes one point, sometimes beyond a clamp. */
function randomSide(stream: RandomStream, { lo, hi }: { lo: number; hi: number }): Interval {
  const range = hi - lo + 1;
  const width = stream.below(4) === 0 ? 0 : stream.below(Math.max(1, Math.floor(range / 2 ** stream.below(20))));
  const from = saturate(lo - Math.floor(range / 10) + stream.below(Math.min(4294967295, Math.ceil(range * 1.2))));
  return [from, saturate(from + width)];
}

export function randomProperty(stream: RandomStream, policy: LoadedPolicy): LoadedProperty {
  const { inputs, outputs } = policy.interface;
  const at = (['out', 'head', 'unit'] as const)[stream.below(3)]! satisfies PropertyLevel;
  const terms = at === 'unit' ? policy.layers[policy.layers.length - 1]!.outSize : outputs.length;
  const coefficients = (): number[] => {
    const magnitude = [1, 10, 10000][stream.below(3)]!;
    return Array.from({ length: terms }, () => (stream.below(3) === 0 ? 0 : between(stream, -magnitude, magnitude)));
  };
  const lin = coefficients();
  const box = [inputs.map((input) => randomSide(stream, input))];
  const shared = { at, mode: stream.below(2) === 0 ? ('max' as const) : ('min' as const), lin };
  if (stream.below(2) === 0) return propertyOf(policy, { ...shared, box });
  const rel = box[0]!.map(([lo, hi]): Interval => {
    const reach = stream.below(3) === 0 ? 1 : Math.min(2147483647, hi - lo + 1);
    const step = between(stream, -reach, reach);
    return [step, step + (stream.below(2) === 0 ? 0 : stream.below(reach + 1))];
  });
  const lin2 = stream.below(3) === 0 ? coefficients() : lin.map((c) => 0 - c);
  return propertyOf(policy, { ...shared, box, rel, lin2 });
}

/** A random part of a piece: [lo, hi] inside [lo, hi]. */
export function shrink(stream: RandomStream, piece: { lo: number[]; hi: number[] }): { lo: number[]; hi: number[] } {
  const lo = piece.lo.map((l, i) => between(stream, l, Math.max(l, l + Math.floor((piece.hi[i]! - l) / 2))));
  const hi = piece.hi.map((h, i) => {
    const width = Math.floor((h - lo[i]!) / 2 ** stream.below(24));
    return stream.below(5) === 0 ? lo[i]! : lo[i]! + stream.below(width + 1);
  });
  return { lo, hi };
}

/** A point of the piece, or undefined where the second run would leave the box of the property. */
export function randomPoint(
  stream: RandomStream,
  { box }: Property,
  { lo, hi }: { lo: readonly number[]; hi: readonly number[] },
): number[] | undefined {
  const point = lo.map((l, i) => {
    const edge = stream.below(4);
    return edge === 0 ? l : edge === 1 ? hi[i]! : l + stream.below(hi[i]! - l + 1);
  });
  const inputs = box[0]!.length;
  const inside = point.slice(inputs).every((step, i) => {
    const r = point[i]! + step;
    return r >= box[0]![i]![0] && r <= box[0]![i]![1];
  });
  return inside ? point : undefined;
}

export interface TameShape {
  readonly inputs: number;
  readonly hidden: readonly number[];
  readonly outputs: number;
  readonly activation?: Activation;
  /** Raw inputs lie in +-reach. */
  readonly reach?: number;
  readonly envelopes?: number;
}

/** A network as a freeze makes them: units fill their range without drowning in it, outputs scaled to a rating. */
export function tameParts(stream: RandomStream, shape: TameShape): PolicyParts {
  const { reach = 100000, activation = 'relu' } = shape;
  const sizes = [shape.inputs, ...shape.hidden, shape.outputs];
  const layers = sizes.slice(1).map((outSize, l): DenseLayer => {
    const inSize = sizes[l]!;
    const isLast = l === sizes.length - 2;
    // Weights of +-6000 with a shift of 12 give about 0.85*sqrt(inSize) times what goes in.
    const largest = Math.min(6000, Math.floor(60000 / inSize));
    const gain = Math.ceil(Math.log2((Math.sqrt(inSize) * largest) / 6000));
    const scale = activation === 'tanh' && !isLast ? -4 : 0;
    return {
      inSize,
      outSize,
      shift: 12 + gain + scale,
      weights: Int16Array.from({ length: inSize * outSize }, () => between(stream, -largest, largest)),
      bias: Int32Array.from({ length: outSize }, () => between(stream, -40000000, 40000000)),
      activation: isLast ? 'identity' : activation,
      exponent: activation === 'hardtanh' && !isLast ? 14 : 0,
    };
  });
  const inputs = Array.from({ length: shape.inputs }, (_, i) => fitInput(`in.${i}`, 'w', -reach, reach));
  const outputs = Array.from({ length: shape.outputs }, (_, d) => fitOutput(`out.${d}`, 'w', -20000, 20000));
  const envelopes = Array.from({ length: shape.envelopes ?? 0 }, (_, e) => {
    const [d, si] = [stream.below(outputs.length), stream.below(inputs.length)];
    const r = [-0.6, 0.2].map((share) => Math.floor(share * reach) + e);
    return { d, sk: 'in' as const, si, r, l: [-20000, -3000], h: [4000, 20000] };
  });
  const fallback = outputs.map(() => ({ si: 0, r: [0], y: [0], z: 0 }));
  return { interface: { inputs, outputs, envelopes, fallback, state: [] }, layers, head: { kind: 'cont' } };
}
