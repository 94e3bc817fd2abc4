/**
 * Which coordinate to bisect next. Only speed depends on it, so it computes in plain floats, in a fixed order: for each
 * coordinate the change of the linear bound over its width, and how much slack of undecided units it governs.
 */
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import type { LeafView } from '../contracts/policy/certificate/leaf.ts';
import type { HeadBounds } from '../contracts/policy/certificate/head.ts';
import type { Property } from '../contracts/policy/certificate/property.ts';

type Values = ArrayLike<number>;

/** What it reads of the bounds of one run, [inputs], [layers] and [layers][units]. */
export interface RunView {
  readonly xLo: Values;
  readonly xHi: Values;
  readonly lines: readonly { readonly lo: Values; readonly hi: Values }[];
  readonly outLo: readonly Values[];
  readonly outHi: readonly Values[];
}

/** What it reads of the last bound of a piece. */
export interface SplitView {
  readonly runs: readonly RunView[];
  readonly heads: readonly HeadBounds[];
  readonly steps: Pick<RunView, 'xLo' | 'xHi' | 'lines'> | undefined;
  /** [inputs]: change of the sum per count of the normalised input; and, in any unit, of its step. */
  readonly coefficients: Values;
  readonly stepCoefficients: Values | undefined;
}

/** Of the integer bounds. `scratch`: [inputs]. */
export function viewOf({ runs, heads, steps, claim }: LeafView, scratch: Float64Array): SplitView {
  const { coefficients, coefficientBits } = runs[0]!.pass;
  const unit = claim === undefined ? 0 : Number(claim.down) / Number(claim.up) / 2 ** coefficientBits;
  for (let i = 0; i < scratch.length; i++) scratch[i] = coefficients[i]! * (unit === 0 ? 1 : unit);
  return { runs, heads, steps, coefficients: scratch, stepCoefficients: steps?.pass.coefficients };
}

/** What the units of the last layer weigh in the sum, outputs' own units per count. */
function unitWeights(policy: LoadedPolicy, { at, lin, lin2 }: Property, isStep: boolean): Float64Array {
  const { outputs } = policy.interface;
  const last = policy.layers[policy.layers.length - 1]!.outSize;
  const weights = new Float64Array(last).fill(policy.head.kind === 'disc' ? 1 : 0);
  if (policy.head.kind === 'disc' && at !== 'unit') return weights;
  const own = lin.map((c, d) => Math.abs(isStep ? lin2[d]! : c + (lin2[d] ?? 0)));
  return weights.map((_, d) => own[d]! * (at === 'unit' ? 1 : Math.abs(outputs[d]!.m) / 2 ** outputs[d]!.t));
}

export class SplitChooser {
  readonly #policy: LoadedPolicy;
  readonly #property: Property;
  readonly #score: Float64Array;
  readonly #rates: Float64Array;
  readonly #runWeights: Float64Array;
  readonly #stepWeights: Float64Array;
  /** Backward: what a unit weighs, and the slack below it per unit of its argument. */
  readonly #weight: readonly Float64Array[];
  readonly #slack: readonly Float64Array[];

  constructor(policy: LoadedPolicy, property: Property) {
    const inputs = policy.interface.inputs.length;
    const isPair = property.rel.length > 0;
    this.#policy = policy;
    this.#property = property;
    this.#score = new Float64Array(isPair ? 2 * inputs : inputs);
    this.#rates = new Float64Array(inputs);
    this.#runWeights = unitWeights(policy, property, false);
    this.#stepWeights = isPair ? unitWeights(policy, property, true) : new Float64Array(0);
    this.#weight = policy.layers.map(({ outSize }) => new Float64Array(outSize));
    this.#slack = policy.layers.map(({ outSize }) => new Float64Array(outSize));
  }

  /** After a linear bound of [lo, hi]. A coordinate that can be split, or -1 at a point. */
  choose({ runs, heads, steps, coefficients }: SplitView, lo: ArrayLike<number>, hi: ArrayLike<number>): number {
    const inputs = this.#rates.length;
    const score = this.#score.fill(0);
    this.#scoreRun(runs[0]!, coefficients);
    if (steps !== undefined) this.#scoreSteps(runs, steps);
    if (this.#property.at === 'out') this.#scoreEnvelopes(heads);
    let best = -1;
    for (let i = 0; i < score.length; i++) {
      if (lo[i]! >= hi[i]!) continue;
      // Whatever has no influence that is seen here comes last, the widest first.
      const own = i < inputs ? this.#policy.interface.inputs[i]! : undefined;
      const share = (hi[i]! - lo[i]!) / (own === undefined ? 1e12 : 1e9 * Math.max(1, own.hi - own.lo));
      score[i]! += share * 1e-9;
      if (best < 0 || score[i]! > score[best]!) best = i;
    }
    return best;
  }

  #scoreRun(run: RunView, coefficients: Values): void {
    this.#slackRates(this.#runWeights, run, (l, o) => {
      const { lo, hi } = run.lines[l]!;
      const [l0, u0] = [lo[o]!, hi[o]!];
      return l0 < 0 && u0 > 0 ? (u0 * -l0) / (u0 - l0) : 0;
    });
    for (let i = 0; i < this.#rates.length; i++) {
      const width = run.xHi[i]! - run.xLo[i]!;
      this.#score[i]! += width * (Math.abs(coefficients[i]!) + this.#rates[i]!);
    }
  }

  #scoreSteps(runs: readonly RunView[], steps: NonNullable<SplitView['steps']>): void {
    const inputs = this.#rates.length;
    const [from, to] = runs as [RunView, RunView];
    this.#slackRates(this.#stepWeights, from, (l, o) => {
      const own = from.lines[l]!;
      const other = to.lines[l]!;
      const [l0, u0] = [Math.min(own.lo[o]!, other.lo[o]!), Math.max(own.hi[o]!, other.hi[o]!)];
      const { lo, hi } = steps.lines[l]!;
      return l0 < 0 && u0 > 0 ? Math.max(Math.abs(lo[o]!), Math.abs(hi[o]!)) : 0;
    });
    for (let i = 0; i < inputs; i++) this.#score[i]! += (from.xHi[i]! - from.xLo[i]!) * this.#rates[i]!;
    this.#gainRates(this.#stepWeights, from);
    for (let i = 0; i < inputs; i++) this.#score[inputs + i]! += (steps.xHi[i]! - steps.xLo[i]!) * this.#rates[i]!;
  }

  /** rates[i]: slack of undecided units per count of input i, through absolute weights. */
  #slackRates(last: Float64Array, run: RunView, slackOf: (l: number, o: number) => number): void {
    this.#backward(last, run, slackOf);
    this.#spread(this.#slack[0]!);
  }

  /** rates[i]: the most that the sum moves per count of input i. */
  #gainRates(last: Float64Array, run: RunView): void {
    this.#backward(last, run, () => 0);
    this.#spread(this.#weight[0]!);
  }

  #backward(last: Float64Array, run: RunView, slackOf: (l: number, o: number) => number): void {
    const { layers } = this.#policy;
    for (let l = layers.length - 1; l >= 0; l--) {
      const weight = this.#weight[l]!;
      const slack = this.#slack[l]!;
      if (l === layers.length - 1) {
        weight.set(last);
        slack.fill(0);
      } else {
        const { inSize, outSize, weights, shift } = layers[l + 1]!;
        weight.fill(0);
        slack.fill(0);
        for (let o = 0; o < outSize; o++) {
          const w = this.#weight[l + 1]![o]! / 2 ** shift;
          const s = this.#slack[l + 1]![o]! / 2 ** shift;
          if (w === 0 && s === 0) continue;
          for (let i = 0; i < inSize; i++) {
            const size = Math.abs(weights[o * inSize + i]!);
            weight[i]! += w * size;
            slack[i]! += s * size;
          }
        }
      }
      const { lo, hi } = run.lines[l]!;
      const { outLo, outHi } = { outLo: run.outLo[l]!, outHi: run.outHi[l]! };
      for (let o = 0; o < weight.length; o++) {
        const range = hi[o]! - lo[o]!;
        // A unit that cannot move passes nothing on.
        if (outLo[o] === outHi[o]) weight[o] = slack[o] = 0;
        else if (range > 0 && l < layers.length - 1) slack[o]! += (weight[o]! * slackOf(l, o)) / range;
      }
    }
  }

  #spread(from: Float64Array): void {
    const { inSize, outSize, weights, shift } = this.#policy.layers[0]!;
    this.#rates.fill(0);
    for (let o = 0; o < outSize; o++) {
      const w = from[o]! / 2 ** shift;
      if (w === 0) continue;
      for (let i = 0; i < inSize; i++) this.#rates[i]! += w * Math.abs(weights[o * inSize + i]!);
    }
  }

  /** An envelope whose bounds still vary over the piece: its source may be what is left to split. */
  #scoreEnvelopes(heads: readonly HeadBounds[]): void {
    const { envelopes } = this.#policy.interface;
    const { lin, lin2 } = this.#property;
    for (const head of heads) {
      envelopes.forEach(({ d, sk, si }, e) => {
        if (head.isIdle[e] || sk !== 'in') return;
        const vary = head.floorHi[d]! - head.floorLo[d]! + head.capHi[d]! - head.capLo[d]!;
        this.#score[si]! += vary * (Math.abs(lin[d]!) + Math.abs(lin2[d] ?? 0));
      });
    }
  }
}
