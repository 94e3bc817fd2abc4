/** What can be seen of an integer network beside its outputs: how its logits err, where it saturates, which layer costs most. */
import { evaluateLayer } from '../../contracts/policy/execute.ts';
import { clamp } from '../../base/fixed.ts';
import { UNIT_INTEGER } from '../../grid/interface.ts';
import { activateReal, greatestLogit, type FloatPolicy } from './floatPolicy.ts';
import { floatSums, type IntegerLayer } from './integerNetwork.ts';
import type { ReferencePoints } from './measure.ts';

/** How a policy that chooses is changed by freezing; shares are of the points measured. */
export interface ChoiceErrors {
  /** Greatest less least logit of the float policy. */
  readonly logitRange: number;
  /** Shares of the logit range. */
  readonly maxError: number;
  readonly meanError: number;
  /** Points where another action is chosen. */
  readonly changed: number;
  /** Of those, where the float policy holds its own choice better by more than the margin. */
  readonly changedBeyondMargin: number;
  /** Share of the logit range. */
  readonly margin: number;
}

/** Shares of points. */
export interface Saturation {
  /** Some hidden relu stands at 32767, the top of its range. */
  readonly hidden: number;
  /** Some output is cut at +-32767. */
  readonly head: number;
}

/** A choice that differs where logits are closer than this is no error worth the name. */
const LOGIT_MARGIN = 0.001;

/** Runs the integer layers of one point after another; `values[l]` holds what layer l gave last. */
class IntegerRunner {
  readonly values: readonly Int32Array[];
  readonly #network: readonly IntegerLayer[];

  constructor(network: readonly IntegerLayer[]) {
    this.#network = network;
    this.values = network.map(({ layer }) => new Int32Array(layer.outSize));
  }

  run(x: Int32Array): Int32Array {
    let from = x;
    this.#network.forEach(({ layer }, l) => {
      evaluateLayer(layer, from, this.values[l]!);
      from = this.values[l]!;
    });
    return from;
  }
}

/** Points of these so many at once; their float values fit a few MiB. */
const CHUNK = 4096;

export function choiceErrors(
  policy: FloatPolicy,
  network: readonly IntegerLayer[],
  points: ReferencePoints,
): ChoiceErrors {
  const scale = network.at(-1)!.plan.outScale[0]!;
  const n = policy.interface.inputs.length;
  const actions = network.at(-1)!.layer.outSize;
  const runner = new IntegerRunner(network);
  const losses: number[] = [];
  let [least, most, max, sum] = [Infinity, -Infinity, 0, 0];
  for (let from = 0; from < points.count; from += CHUNK) {
    const count = Math.min(CHUNK, points.count - from);
    const logits = floatSums(policy.layers, points.x.subarray(from * n, (from + count) * n), count).at(-1)!;
    for (let p = 0; p < count; p++) {
      const z = runner.run(points.x.subarray((from + p) * n, (from + p + 1) * n));
      const own = logits.subarray(p * actions, (p + 1) * actions);
      for (let a = 0; a < actions; a++) {
        const error = Math.abs(z[a]! / scale - own[a]!);
        max = Math.max(max, error);
        sum += error;
        least = Math.min(least, own[a]!);
        most = Math.max(most, own[a]!);
      }
      const [chosen, kept] = [greatestLogit(z), greatestLogit(own)];
      if (chosen !== kept) losses.push(own[kept]! - own[chosen]!);
    }
  }
  const logitRange = most > least ? most - least : 1;
  const count = Math.max(1, points.count);
  return {
    logitRange,
    maxError: max / logitRange,
    meanError: sum / (count * actions * logitRange),
    changed: losses.length / count,
    changedBeyondMargin: losses.filter((loss) => loss > LOGIT_MARGIN * logitRange).length / count,
    margin: LOGIT_MARGIN,
  };
}

/**
 * For comparing candidates on the first `most` points: the greatest error of u (cut at +-1) or of a logit, before it is
 * rounded to the unit of the output, plus twice the mean so that one point does not decide alone.
 */
export function trialScore(
  { layers, actionTable }: FloatPolicy,
  network: readonly IntegerLayer[],
  points: ReferencePoints,
  most: number,
): number {
  const n = network[0]!.layer.inSize;
  const { plan, layer } = network.at(-1)!;
  const scale = plan.activation === 'tanh' ? UNIT_INTEGER : plan.outScale[0]!;
  const count = Math.min(most, points.count);
  const runner = new IntegerRunner(network);
  const issued = (u: number): number => (actionTable === undefined ? clamp(u, -1, 1) : u);
  let [max, sum] = [0, 0];
  for (let from = 0; from < count; from += CHUNK) {
    const rows = Math.min(CHUNK, count - from);
    const exact = floatSums(layers, points.x.subarray(from * n, (from + rows) * n), rows).at(-1)!;
    for (let p = 0; p < rows; p++) {
      const z = runner.run(points.x.subarray((from + p) * n, (from + p + 1) * n));
      for (let o = 0; o < layer.outSize; o++) {
        const own = activateReal(layers.at(-1)!.activation, exact[p * layer.outSize + o]!);
        const error = Math.abs(issued(z[o]! / scale) - issued(own));
        max = Math.max(max, error);
        sum += error;
      }
    }
  }
  return max + (2 * sum) / Math.max(1, count * layer.outSize);
}

/** On the first `most` points. */
export function saturation(
  { actionTable }: FloatPolicy,
  network: readonly IntegerLayer[],
  points: ReferencePoints,
  most: number,
): Saturation {
  const runner = new IntegerRunner(network);
  const n = network[0]!.layer.inSize;
  const count = Math.min(most, points.count);
  let [hidden, head] = [0, 0];
  for (let p = 0; p < count; p++) {
    const z = runner.run(points.x.subarray(p * n, (p + 1) * n));
    if (network.some(({ layer }, l) => layer.activation === 'relu' && runner.values[l]!.includes(UNIT_INTEGER)))
      hidden++;
    if (actionTable === undefined && z.some((y) => Math.abs(y) >= UNIT_INTEGER)) head++;
  }
  return { hidden: hidden / Math.max(1, count), head: head / Math.max(1, count) };
}

/**
 * Per layer, what the policy would lose if that layer alone were integer: greatest difference of u (cut at +-1, as a share
 * of 2) on the first `most` points; of logits, as a share of 2.
 */
export function layerErrors(
  { layers, actionTable }: FloatPolicy,
  network: readonly IntegerLayer[],
  points: ReferencePoints,
  most: number,
): number[] {
  const n = network[0]!.layer.inSize;
  const count = Math.min(most, points.count);
  const x = points.x.subarray(0, count * n);
  const exact = floatSums(layers, x, count).at(-1)!;
  const issued = (u: number): number => (actionTable === undefined ? clamp(u, -1, 1) : u);
  return layers.map((_, at) => {
    const mixed = layers.map((layer, l) => (l === at ? realLayer(network[l]!) : layer));
    const sums = floatSums(mixed, x, count, (value, l, o) => (l === at ? onGrid(value, network[l]!, o) : value)).at(
      -1,
    )!;
    return sums.reduce((held, u, k) => Math.max(held, Math.abs(issued(u) - issued(exact[k]!))), 0) / 2;
  });
}

/** The integer layer in real units. */
function realLayer({ plan, layer }: IntegerLayer): FloatPolicy['layers'][number] {
  const unit = plan.outScale.map((scale) => scale * 2 ** layer.shift);
  const size = layer.inSize;
  return {
    ...plan.float,
    weights: Float32Array.from(layer.weights, (w, at) => (w * plan.inScale[at % size]!) / unit[Math.floor(at / size)]!),
    bias: Float32Array.from(layer.bias, (b, o) => b / unit[o]!),
  };
}

/** A sum as the integer layer can hold it. */
function onGrid(value: number, { plan, layer }: IntegerLayer, o: number): number {
  const scale = plan.outScale[o]!;
  const rounded = layer.shift === 0 ? value : Math.floor(value * scale + 0.5) / scale;
  return plan.activation === 'relu' ? Math.min(rounded, UNIT_INTEGER / scale) : rounded;
}
