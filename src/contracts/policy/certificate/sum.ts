/** The sum of a property at one point, exactly: what a counterexample and a witness are judged by. */
import { createExecutor, type PolicyExecutor } from '../execute.ts';
import type { LoadedPolicy } from '../artifact.ts';
import type { Property } from './property.ts';

export class SumEvaluator {
  readonly #executor: PolicyExecutor;
  readonly #property: Property;
  readonly #inputs: number;
  readonly #raw: Int32Array;
  readonly #x: Int32Array;
  readonly #p: Int32Array;

  constructor(policy: LoadedPolicy, property: Property) {
    this.#executor = createExecutor(policy);
    this.#property = property;
    this.#inputs = policy.interface.inputs.length;
    this.#raw = new Int32Array(this.#inputs);
    this.#x = new Int32Array(this.#inputs);
    this.#p = new Int32Array(property.lin.length);
  }

  /** point: raw inputs, then for two runs the steps to the second. In the property's own sense: not negated. */
  sum(point: ArrayLike<number>): number {
    const { lin, lin2, rel } = this.#property;
    for (let i = 0; i < this.#inputs; i++) this.#raw[i] = point[i]!;
    let sum = this.#weigh(lin);
    if (rel.length === 0) return sum;
    for (let i = 0; i < this.#inputs; i++) this.#raw[i] = point[i]! + point[this.#inputs + i]!;
    sum += this.#weigh(lin2);
    return sum;
  }

  #weigh(coefficients: readonly number[]): number {
    const p = this.#p;
    const { at } = this.#property;
    if (at === 'out') this.#executor.runNetwork(this.#raw, p);
    else {
      this.#executor.normalise(this.#raw, this.#x);
      if (at === 'head') this.#executor.inferNetwork(this.#x, p);
      else this.#executor.inferUnits(this.#x, p);
    }
    let sum = 0;
    for (let d = 0; d < p.length; d++) sum += coefficients[d]! * p[d]!;
    return sum + 0;
  }
}

/** Is the point (and, for two runs, its second one) in one of the boxes? */
export function contains({ box, rel }: Property, point: ArrayLike<number>): boolean {
  const inputs = box[0]!.length;
  if (point.length !== (rel.length === 0 ? inputs : 2 * inputs)) return false;
  const steps = rel.every(([lo, hi], i) => point[inputs + i]! >= lo && point[inputs + i]! <= hi);
  const inside = (side: number, i: number, lo: number, hi: number): boolean => {
    const r = point[i]! + (side === 0 ? 0 : point[inputs + i]!);
    return r >= lo && r <= hi;
  };
  const runs = rel.length === 0 ? [0] : [0, 1];
  return steps && box.some((sides) => runs.every((run) => sides.every(([lo, hi], i) => inside(run, i, lo, hi))));
}
