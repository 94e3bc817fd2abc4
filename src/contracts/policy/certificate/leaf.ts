/**
 * Upper bounds of a property's sum over one piece of its boxes, in integers (docs/spec/policy.md 4.4). For `min` the sum is
 * negated throughout, so that every mode asks for an upper bound.
 */
import { shiftFloor } from '../../../base/fixed.ts';
import type { LoadedPolicy } from '../artifact.ts';
import { argmax, createExecutor, type PolicyExecutor } from '../execute.ts';
import { NO_BOUND, type Ranges } from './backward.ts';
import { claimBound, outputTerm, unitClaim, unitTerm, type Term, type UnitClaim } from './claim.ts';
import { envelopeTables, HeadBounds } from './head.ts';
import { boundLayers } from './network.ts';
import { checkPropertyFits, type Property } from './property.ts';
import { RunBounds } from './run.ts';
import { HeadSteps } from './stepClaim.ts';
import { StepBounds } from './steps.ts';

/** 3: intervals alone. 2: linear bounds as well. */
export type LeafMode = 2 | 3;
/** The piece holds no pair of runs. */
export const VACUOUS = 0 - NO_BOUND;

/** Where the slack of the last linear bound lies, for whoever chooses the next split; the checker has no use for it. */
export interface LeafView {
  /** The sum over the last layer's units that `runs[0]` was last asked to bound. */
  claim: UnitClaim | undefined;
  readonly runs: readonly RunBounds[];
  readonly heads: readonly HeadBounds[];
  readonly steps: StepBounds | undefined;
}

export class LeafBounder {
  /** Coordinates of a piece: raw inputs, then for two runs the steps of them. */
  readonly dims: number;
  readonly view: LeafView;
  readonly #policy: LoadedPolicy;
  readonly #property: Property;
  readonly #executor: PolicyExecutor;
  /** Weights of p(x), of p(x'), and of the step p(x') - p(x), as bounded: negated for `min`. */
  readonly #lin: readonly number[];
  readonly #lin2: readonly number[];
  readonly #both: readonly number[];
  readonly #headSteps: HeadSteps | undefined;
  /** x' of the piece. */
  readonly #toLo: number[];
  readonly #toHi: number[];
  readonly #x: Int32Array;
  readonly #units: Int32Array;
  readonly #difference: Int32Array;

  /** @throws `property.mismatch`. */
  constructor(policy: LoadedPolicy, property: Property) {
    checkPropertyFits(property, policy);
    const { inputs, outputs, envelopes } = policy.interface;
    const sign = property.mode === 'min' ? -1 : 1;
    const isPair = property.rel.length > 0;
    const layers = boundLayers(policy);
    const tables = property.at === 'out' ? envelopeTables(envelopes) : [];
    const runs = (isPair ? [0, 1] : [0]).map(() => new RunBounds(inputs, layers));
    const heads = runs.map(() => new HeadBounds(outputs, tables));
    this.#policy = policy;
    this.#property = property;
    this.#executor = createExecutor(policy);
    this.#lin = property.lin.map((c) => sign * c);
    this.#lin2 = property.lin2.map((c) => sign * c);
    this.#both = this.#lin.map((c, d) => c + (this.#lin2[d] ?? 0));
    this.#headSteps = isPair ? new HeadSteps(outputs, tables, heads[0]!, heads[1]!) : undefined;
    this.#toLo = inputs.map(() => 0);
    this.#toHi = inputs.map(() => 0);
    this.#x = new Int32Array(inputs.length);
    this.#units = new Int32Array(layers[layers.length - 1]!.outSize);
    this.#difference = new Int32Array(this.#units.length);
    this.dims = isPair ? 2 * inputs.length : inputs.length;
    this.view = {
      claim: undefined,
      runs,
      heads,
      steps: isPair ? new StepBounds(inputs, layers, runs[0]!, runs[1]!) : undefined,
    };
  }

  /** lo, hi: [dims], a piece of box `b`. NO_BOUND when nothing can be said, VACUOUS when the piece is empty. */
  bound(b: number, lo: Ranges, hi: Ranges, mode: LeafMode): number {
    if (!this.#setBoxes(b, lo, hi)) return VACUOUS;
    const isTight = mode === 2;
    const isAction = this.#policy.head.kind === 'disc' && this.#property.at !== 'unit';
    for (const run of this.view.runs) run.propagate(isTight, !isAction);
    return isAction ? this.#actionBound(lo, hi, isTight) : this.#unitBound(lo, hi, isTight);
  }

  /** False when no x of the piece has an x' in box b. */
  #setBoxes(b: number, lo: Ranges, hi: Ranges): boolean {
    const [from, to] = this.view.runs as [RunBounds, RunBounds | undefined];
    from.setBox(lo, hi);
    if (to === undefined) return true;
    const inputs = this.#toLo.length;
    for (let i = 0; i < inputs; i++) {
      const [least, most] = this.#property.box[b]![i]!;
      this.#toLo[i] = Math.max(lo[i]! + lo[inputs + i]!, least);
      this.#toHi[i] = Math.min(hi[i]! + hi[inputs + i]!, most);
      if (this.#toLo[i]! > this.#toHi[i]!) return false;
    }
    to.setBox(this.#toLo, this.#toHi);
    return true;
  }

  #rawOf(run: number, lo: Ranges, hi: Ranges): readonly [Ranges, Ranges] {
    return run === 0 ? [lo, hi] : [this.#toLo, this.#toHi];
  }

  #unitBound(lo: Ranges, hi: Ranges, isTight: boolean): number {
    const { runs, heads, steps } = this.view;
    const isUnit = this.#property.at === 'unit';
    if (!isUnit) {
      runs.forEach((run, r) => heads[r]!.setUnits(last(run.outLo), last(run.outHi), ...this.#rawOf(r, lo, hi)));
    }
    let bound = this.#weigh(this.#lin, 0) + (steps === undefined ? 0 : this.#weigh(this.#lin2, 1));
    if (steps !== undefined) {
      this.#setSteps(lo, hi, isTight);
      bound = Math.min(bound, this.#weigh(this.#both, 0) + this.#weighSteps());
    }
    return isTight ? Math.min(bound, this.#linearBound()) : bound;
  }

  #setSteps(lo: Ranges, hi: Ranges, isTight: boolean): void {
    const { runs, steps } = this.view;
    const inputs = this.#toLo.length;
    const [stepLo, stepHi] = [0, 0].map(() => new Array<number>(inputs).fill(0)) as [number[], number[]];
    for (let i = 0; i < inputs; i++) {
      stepLo[i] = Math.max(lo[inputs + i]!, this.#toLo[i]! - hi[i]!);
      stepHi[i] = Math.min(hi[inputs + i]!, this.#toHi[i]! - lo[i]!);
    }
    steps!.setBox([lo, hi, this.#toLo, this.#toHi], stepLo, stepHi);
    steps!.propagate(isTight);
    const units = runs.flatMap((run) => [last(run.outLo), last(run.outHi)]);
    if (this.#property.at !== 'unit') {
      this.#headSteps!.set(units, last(steps!.outLo), last(steps!.outHi), stepLo, stepHi);
    }
  }

  /** sum_d w[d]*p_d with every p_d at its end. */
  #weigh(w: readonly number[], run: number): number {
    const isUnit = this.#property.at === 'unit';
    const { outLo, outHi } = this.view.runs[run]!;
    return weighRanges(
      w,
      isUnit ? last(outLo) : this.view.heads[run]!.lo,
      isUnit ? last(outHi) : this.view.heads[run]!.hi,
    );
  }

  #weighSteps(): number {
    const isUnit = this.#property.at === 'unit';
    const { outLo, outHi } = this.view.steps!;
    return weighRanges(
      this.#lin2,
      isUnit ? last(outLo) : this.#headSteps!.lo,
      isUnit ? last(outHi) : this.#headSteps!.hi,
    );
  }

  /** The whole sum carried back to the inputs at once; for two runs the steps apart from what remains of p(x). */
  #linearBound(): number {
    const { runs, steps } = this.view;
    const runClaim = unitClaim(this.#both.map((c, d) => (c === 0 ? undefined : this.#runTerm(c, d))));
    this.view.claim = runClaim;
    const own = claimBound(runClaim, runs[0]!.upperOfLast(runClaim.weights, 0, 1));
    if (steps === undefined || own === NO_BOUND) return own;
    const stepClaim = unitClaim(this.#lin2.map((c, d) => (c === 0 ? undefined : this.#stepTerm(c, d))));
    const moved = claimBound(stepClaim, steps.upperOfLast(stepClaim.weights, 0, 1));
    return moved === NO_BOUND ? NO_BOUND : own + moved;
  }

  #runTerm(c: number, d: number): Term {
    const run = this.view.runs[0]!;
    const [lo, hi] = [last(run.outLo)[d]!, last(run.outHi)[d]!];
    if (this.#property.at === 'unit') return unitTerm(c, lo, hi);
    const { floorLo, floorHi, capLo, capHi } = this.view.heads[0]!;
    const [floor, cap] = c > 0 ? [floorHi[d]!, capHi[d]!] : [floorLo[d]!, capLo[d]!];
    return outputTerm(this.#policy.interface.outputs[d]!, c, lo, hi, floor, cap);
  }

  #stepTerm(c: number, d: number): Term {
    const { outLo, outHi } = this.view.steps!;
    const [lo, hi] = [last(outLo)[d]!, last(outHi)[d]!];
    return this.#property.at === 'unit' ? unitTerm(c, lo, hi) : this.#headSteps!.term(d, c, lo, hi);
  }

  /** Discrete: the largest value among the actions that no other one certainly beats; two runs are added up. */
  #actionBound(lo: Ranges, hi: Ranges, isTight: boolean): number {
    let bound = 0;
    this.view.runs.forEach((_, r) => {
      bound += this.#runActionBound(r, r === 0 ? this.#lin : this.#lin2, this.#rawOf(r, lo, hi), isTight);
    });
    return bound;
  }

  #runActionBound(r: number, w: readonly number[], [lo, hi]: readonly [Ranges, Ranges], isTight: boolean): number {
    const { head } = this.#policy;
    if (head.kind !== 'disc') return NO_BOUND;
    const rival = this.#actionAtMidpoint(lo, hi);
    const values = Array.from({ length: head.actions }, (_, action) => {
      this.view.heads[r]!.setAction(head.table, action, lo, hi);
      return { action, value: weighRanges(w, this.view.heads[r]!.lo, this.view.heads[r]!.hi) };
    });
    values.sort((a, b) => b.value - a.value || a.action - b.action);
    const open = values.find(({ action }) => action === rival || !this.#isBeaten(r, action, rival, isTight));
    return open!.value;
  }

  #actionAtMidpoint(lo: Ranges, hi: Ranges): number {
    const raw = Int32Array.from(this.#x, (_, i) => shiftFloor(lo[i]! + hi[i]!, 1));
    this.#executor.normalise(raw, this.#x);
    this.#executor.inferUnits(this.#x, this.#units);
    return argmax(this.#units);
  }

  /** Of equal scores the lower index wins. */
  #isBeaten(r: number, action: number, rival: number, isTight: boolean): boolean {
    const run = this.view.runs[r]!;
    const limit = rival < action ? 0 : -1;
    if (last(run.outHi)[action]! - last(run.outLo)[rival]! <= limit) return true;
    if (!isTight) return false;
    this.#difference.fill(0);
    this.#difference[action] = 1;
    this.#difference[rival] = -1;
    return run.upperOfLast(this.#difference, 0, 1) <= limit;
  }
}

function last<T>(list: readonly T[]): T {
  return list[list.length - 1]!;
}

function weighRanges(w: readonly number[], lo: Ranges, hi: Ranges): number {
  let sum = 0;
  for (let d = 0; d < w.length; d++) sum += w[d]! * (w[d]! > 0 ? hi[d]! : lo[d]!);
  return sum + 0;
}
