/**
 * Small dense quadratic programs by the dual active-set method of Goldfarb and Idnani (Mathematical Programming 27,
 * 1983): it begins at the minimum without constraints and takes in the most violated one until none is left, so no
 * feasible point is needed to begin with, and a handful of active constraints cost a handful of small eliminations.
 *
 *   minimise  1/2 x' H x + g' x + penalty * t   over x and t >= 0
 *   subject to  a_i' x - e_i t <= b_i,   e_i 1 for constraints that may give way and 0 for those that may not
 *
 * t is the one slack of all elastic constraints: with a penalty above the sum of their multipliers it is 0 wherever
 * the constraints can be kept, and else the least that must be given.
 */
import { invert, solveInPlace } from '../../../env/physics/linear.ts';

export interface ConvexProgram {
  /** Row-major n x n, positive definite. */
  readonly hessian: Float64Array;
  readonly gradient: Float64Array;
  /** Row-major m x n. */
  readonly rows: Float64Array;
  readonly bounds: Float64Array;
  /** The first so many constraints share the slack. */
  readonly elastic: number;
  readonly penalty: number;
}

export interface ConvexSolution {
  readonly x: Float64Array;
  /** >= 0, per constraint. */
  readonly multipliers: Float64Array;
  readonly slack: number;
  /** False when constraints that may not give way contradict each other, or the iterations ran out. */
  readonly solved: boolean;
}

/** Curvature of the slack: it makes the program strictly convex and changes nothing while the slack is 0. */
const SLACK_CURVATURE = 1;
/** A violation below this is rounding. */
const TOLERANCE = 1e-12;
/** A constraint whose share beyond the active ones is below this is one of their combinations. */
const DEPENDENT = 1e-11;
const MAX_CHANGES = 400;

/** Working set: constraint indices with their multipliers; index -1 stands for t >= 0. */
interface Working {
  readonly index: number[];
  readonly multiplier: number[];
}

const SLACK = -1;

export function solveConvexProgram(program: ConvexProgram): ConvexSolution {
  return new DualActiveSet(program).solve();
}

class DualActiveSet {
  readonly #program: ConvexProgram;
  readonly #n: number;
  readonly #m: number;
  /** H^-1 with the slack's curvature as last row and column. */
  readonly #inverse: Float64Array;
  /** x, then t. */
  readonly #x: Float64Array;
  readonly #working: Working;

  constructor(program: ConvexProgram) {
    const n = program.gradient.length;
    this.#program = program;
    this.#n = n;
    this.#m = program.bounds.length;
    this.#inverse = inverseWithSlack(program.hessian, n);
    this.#x = new Float64Array(n + 1);
    // At the start t = 0 is held by its bound, whose multiplier is the penalty.
    this.#working = { index: [SLACK], multiplier: [program.penalty] };
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) this.#x[i]! -= this.#inverse[i * (n + 1) + j]! * program.gradient[j]!;
    }
  }

  solve(): ConvexSolution {
    let changes = 0;
    let solved = true;
    for (let next = this.#mostViolated(); next !== undefined && solved; next = this.#mostViolated()) {
      let pressure = 0;
      for (let taken = false; !taken && solved; changes++) {
        const step = this.#step(next, pressure);
        pressure = step.pressure;
        taken = step.taken;
        solved = step.possible && changes < MAX_CHANGES;
      }
    }
    const multipliers = new Float64Array(this.#m);
    this.#working.index.forEach((i, k) => {
      if (i !== SLACK) multipliers[i] = this.#working.multiplier[k]!;
    });
    return { x: this.#x.slice(0, this.#n), multipliers, slack: this.#x[this.#n]!, solved };
  }

  /** n_i of constraint i in the form n_i' (x, t) >= ...: the negative row, with the slack's share at the end. */
  #normal(i: number): Float64Array {
    const n = this.#n;
    const normal = new Float64Array(n + 1);
    if (i === SLACK) {
      normal[n] = 1;
      return normal;
    }
    for (let k = 0; k < n; k++) normal[k] = -this.#program.rows[i * n + k]!;
    if (i < this.#program.elastic) normal[n] = 1;
    return normal;
  }

  /** By how much constraint i is broken; negative when it is kept. */
  #violation(i: number): number {
    const x = this.#x;
    const n = this.#n;
    if (i === SLACK) return -x[n]!;
    let sum = -this.#program.bounds[i]!;
    for (let k = 0; k < n; k++) sum += this.#program.rows[i * n + k]! * x[k]!;
    return i < this.#program.elastic ? sum - x[n]! : sum;
  }

  #mostViolated(): number | undefined {
    let worst = TOLERANCE;
    let found: number | undefined;
    for (let i = SLACK; i < this.#m; i++) {
      const violation = this.#violation(i);
      if (violation <= worst || this.#working.index.includes(i)) continue;
      worst = violation;
      found = i;
    }
    return found;
  }

  /**
   * Towards constraint `next`, whose multiplier is `pressure` so far: the whole way, which takes it in, or until the
   * multiplier of an active constraint reaches 0, which lets that one go.
   *   r = (N' H^-1 N)^-1 N' H^-1 n,   z = H^-1 (n - N r)
   */
  #step(
    next: number,
    pressure: number,
  ): { readonly pressure: number; readonly taken: boolean; readonly possible: boolean } {
    const { index, multiplier } = this.#working;
    const normal = this.#normal(next);
    const { r, z } = this.#direction(normal);
    const along = dot(z, normal);
    const whole = along > DEPENDENT * dot(normal, normal) ? this.#violation(next) / along : Infinity;
    let length = whole;
    let leaving = -1;
    for (let k = 0; k < index.length; k++) {
      if (r[k]! > 0 && multiplier[k]! / r[k]! < length) {
        length = multiplier[k]! / r[k]!;
        leaving = k;
      }
    }
    if (length === Infinity) return { pressure, taken: false, possible: false };
    for (let k = 0; k < index.length; k++) multiplier[k]! -= length * r[k]!;
    if (whole !== Infinity) for (let k = 0; k < z.length; k++) this.#x[k]! += length * z[k]!;
    if (leaving >= 0) {
      index.splice(leaving, 1);
      multiplier.splice(leaving, 1);
      return { pressure: pressure + length, taken: false, possible: true };
    }
    index.push(next);
    multiplier.push(pressure + length);
    return { pressure: pressure + length, taken: true, possible: true };
  }

  #direction(normal: Float64Array): { readonly r: Float64Array; readonly z: Float64Array } {
    const normals = this.#working.index.map((i) => this.#normal(i));
    const size = normals.length;
    const r = new Float64Array(size);
    const gram = new Float64Array(size * size);
    const turned = normals.map((column) => this.#times(column));
    for (let i = 0; i < size; i++) {
      r[i] = dot(turned[i]!, normal);
      for (let j = 0; j < size; j++) gram[i * size + j] = dot(turned[i]!, normals[j]!);
    }
    solveInPlace(gram, r, size);
    const z = this.#times(normal);
    for (let k = 0; k < z.length; k++) for (let i = 0; i < size; i++) z[k]! -= turned[i]![k]! * r[i]!;
    return { r, z };
  }

  /** H^-1 y */
  #times(y: Float64Array): Float64Array {
    const size = this.#n + 1;
    const out = new Float64Array(size);
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) out[i]! += this.#inverse[i * size + j]! * y[j]!;
    return out;
  }
}

function inverseWithSlack(hessian: Float64Array, n: number): Float64Array {
  const inverse = invert(hessian, n);
  const out = new Float64Array((n + 1) * (n + 1));
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[i * (n + 1) + j] = inverse[i * n + j]!;
  out[out.length - 1] = 1 / SLACK_CURVATURE;
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
