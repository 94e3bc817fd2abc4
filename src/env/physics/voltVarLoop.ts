/**
 * The local volt-var loops of several inverters, settled together against a linear picture of the feeder.
 * Each inverter injects q_i = phi_i(v_i) = clamp(offset_i + curve(v_i), +-limit_i) * capability_i, never rising in v_i.
 * Given voltages v0 solved for reactive powers q0, `settle` finds v = v0 + X (phi(v) - q0), that is
 *   F(v) = X^-1 (v - v0) + q0 - phi(v) = 0,
 * the gradient of a strictly convex, piecewise quadratic function. Newton with a line search on that function
 * therefore reaches the one solution in finitely many steps, however steep the curves are.
 * X only has to be near the truth: where the power flow agrees (v = v0), phi(v) = q0 whatever X was.
 */
import { pieceAt, shareOnPiece, type RealCurve } from './curve.ts';
import { invert, solveInPlace } from './linear.ts';

const NEWTON_STEPS = 60;
const LINE_STEPS = 40;
/** Largest |F| that counts as solved, pu of reactive power. */
const TOLERANCE_PU = 1e-13;
/** A full step is taken unless it overshoots: the slope along it turned positive by more than this share. */
const OVERSHOOT = 0.1;
/** Own reactance added to every site, as a share of the largest: two sites at one bus would make X singular. */
const REGULARISATION = 1e-6;

export class VoltVarLoop {
  readonly n: number;
  /** Inputs of a settlement: base share, its limit and the capability in pu, per site. */
  readonly offset: Float64Array;
  readonly limit: Float64Array;
  readonly capabilityPu: Float64Array;
  /** Result: reactive injection in pu, per site. */
  readonly qPu: Float64Array;
  /** Undefined: the offset alone is the share. */
  curve: RealCurve | undefined;

  readonly #xInverse: Float64Array;
  readonly #v: Float64Array;
  readonly #trial: Float64Array;
  readonly #phi: Float64Array;
  readonly #slope: Float64Array;
  readonly #f: Float64Array;
  readonly #direction: Float64Array;
  readonly #matrix: Float64Array;

  /** `sensitivityPu`: dV/dQ, row-major n x n, pu per pu. */
  constructor(n: number, sensitivityPu: Float64Array) {
    this.n = n;
    this.#xInverse = regularisedInverse(sensitivityPu, n);
    this.offset = new Float64Array(n);
    this.limit = new Float64Array(n);
    this.capabilityPu = new Float64Array(n);
    this.qPu = new Float64Array(n);
    this.#v = new Float64Array(n);
    this.#trial = new Float64Array(n);
    this.#phi = new Float64Array(n);
    this.#slope = new Float64Array(n);
    this.#f = new Float64Array(n);
    this.#direction = new Float64Array(n);
    this.#matrix = new Float64Array(n * n);
  }

  /** Update `qPu` towards the joint fixed point, from site voltages solved for the present `qPu`; returns the largest change, pu. */
  settle(vSitePu: Float64Array): number {
    const v = this.#v;
    for (let i = 0; i < this.n; i++) v[i] = vSitePu[i]!;
    let worst = this.#residual(v, vSitePu);
    for (let step = 0; step < NEWTON_STEPS && worst > TOLERANCE_PU; step++) worst = this.#newtonStep(vSitePu);
    let change = 0;
    for (let i = 0; i < this.n; i++) {
      const q = this.#phi[i]!;
      const moved = Math.abs(q - this.qPu[i]!);
      if (moved > change) change = moved;
      this.qPu[i] = q;
    }
    return change;
  }

  /** One step from #v, whose residual and slopes are current; returns the new residual. */
  #newtonStep(v0: Float64Array): number {
    const { n } = this;
    const v = this.#v;
    const trial = this.#trial;
    const d = this.#direction;
    // (X^-1 - diag phi') d = -F: positive definite, so no pivoting
    this.#matrix.set(this.#xInverse);
    for (let i = 0; i < n; i++) {
      this.#matrix[i * n + i]! -= this.#slope[i]!;
      d[i] = -this.#f[i]!;
    }
    solveInPlace(this.#matrix, d, n);
    const before = this.#along();
    for (let i = 0; i < n; i++) trial[i] = v[i]! + d[i]!;
    let worst = this.#residual(trial, v0);
    if (this.#along() > -OVERSHOOT * before && worst > TOLERANCE_PU) worst = this.#lineSearch(v0, -OVERSHOOT * before);
    v.set(trial);
    return worst;
  }

  /** Slope of the convex function along the direction. */
  #along(): number {
    let sum = 0;
    for (let i = 0; i < this.n; i++) sum += this.#direction[i]! * this.#f[i]!;
    return sum;
  }

  /** The slope rises along the direction from below -small to above small: bisect until it is between. */
  #lineSearch(v0: Float64Array, small: number): number {
    let lo = 0;
    let hi = 1;
    let worst = 0;
    for (let k = 0; k < LINE_STEPS; k++) {
      const t = 0.5 * (lo + hi);
      for (let i = 0; i < this.n; i++) this.#trial[i] = this.#v[i]! + t * this.#direction[i]!;
      worst = this.#residual(this.#trial, v0);
      const slope = this.#along();
      if (slope > small) hi = t;
      else if (slope < -small) lo = t;
      else break;
    }
    return worst;
  }

  /** F, phi and phi' at v; returns max |F|. */
  #residual(v: Float64Array, v0: Float64Array): number {
    const { n } = this;
    let worst = 0;
    for (let i = 0; i < n; i++) {
      this.#evaluate(i, v[i]!);
      let sum = this.qPu[i]! - this.#phi[i]!;
      for (let j = 0; j < n; j++) sum += this.#xInverse[i * n + j]! * (v[j]! - v0[j]!);
      this.#f[i] = sum;
      const size = Math.abs(sum);
      if (size > worst) worst = size;
    }
    return worst;
  }

  #evaluate(i: number, v: number): void {
    const { curve } = this;
    const limit = this.limit[i]!;
    const capability = this.capabilityPu[i]!;
    const piece = curve === undefined ? -1 : pieceAt(curve, v);
    const wanted = this.offset[i]! + (curve === undefined ? 0 : shareOnPiece(curve, piece, v));
    if (wanted >= limit || wanted <= -limit) {
      this.#phi[i] = wanted > 0 ? limit * capability : -limit * capability;
      this.#slope[i] = 0;
    } else {
      this.#phi[i] = wanted * capability;
      this.#slope[i] = curve === undefined || piece < 0 ? 0 : curve.slope[piece]! * capability;
    }
  }
}

function regularisedInverse(x: Float64Array, n: number): Float64Array {
  const copy = x.slice();
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, copy[i * n + i]!);
  for (let i = 0; i < n; i++) copy[i * n + i]! += REGULARISATION * (largest > 0 ? largest : 1);
  return invert(copy, n);
}
