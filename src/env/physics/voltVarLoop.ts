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
import { invert } from './linear.ts';

const NEWTON_STEPS = 60;
const LINE_STEPS = 40;
/** Largest |F| that counts as solved, pu of reactive power. */
const TOLERANCE_PU = 1e-13;
/** A full step is taken unless it overshoots: the slope along it turned positive by more than this share. */
const OVERSHOOT = 0.1;
/** Own reactance added to every site, as a share of the largest: two sites at one bus would make X singular. */
const REGULARISATION = 1e-6;
/** How far from a knot a voltage must be for its piece not to depend on rounding, pu. */
const CLEAR_PU = 1e-9;

/** Which part of phi a voltage is on: a saturated side, or the piece of the curve by index from -1. */
const AT_UPPER = -2;
const AT_LOWER = -3;

export class VoltVarLoop {
  readonly n: number;
  /** Inputs of a settlement: base share, its limit and the capability in pu, per site. */
  readonly offset: Float64Array;
  readonly limit: Float64Array;
  readonly capabilityPu: Float64Array;
  /** Result: reactive injection in pu, per site. */
  readonly qPu: Float64Array;
  /** By `linearise`: how far the settlement moved the reactive injections, pu. */
  readonly movedPu: Float64Array;
  /** Undefined: the offset alone is the share. */
  curve: RealCurve | undefined;

  /** X as regularised, and its inverse. */
  readonly #x: Float64Array;
  readonly #xInverse: Float64Array;
  readonly #v: Float64Array;
  readonly #trial: Float64Array;
  readonly #phi: Float64Array;
  readonly #slope: Float64Array;
  readonly #part: Int32Array;
  readonly #f: Float64Array;
  readonly #direction: Float64Array;
  /** X^-1 - diag(factoredSlope), eliminated: multipliers below the diagonal, the rest on and above. */
  readonly #factors: Float64Array;
  readonly #factoredSlope: Float64Array;

  /** `sensitivityPu`: dV/dQ, row-major n x n, pu per pu. */
  constructor(n: number, sensitivityPu: Float64Array) {
    this.n = n;
    this.#x = regularised(sensitivityPu, n);
    this.#xInverse = invert(this.#x, n);
    this.offset = new Float64Array(n);
    this.limit = new Float64Array(n);
    this.capabilityPu = new Float64Array(n);
    this.qPu = new Float64Array(n);
    this.movedPu = new Float64Array(n);
    this.#v = new Float64Array(n);
    this.#trial = new Float64Array(n);
    this.#phi = new Float64Array(n);
    this.#slope = new Float64Array(n);
    this.#part = new Int32Array(n);
    this.#f = new Float64Array(n);
    this.#direction = new Float64Array(n);
    this.#factors = new Float64Array(n * n);
    this.#factoredSlope = new Float64Array(n).fill(NaN);
  }

  /**
   * Update `qPu` towards the joint fixed point, from site voltages solved for the present `qPu`; returns the largest
   * change, pu. Where what is injected is within `tolerancePu` of the curves already, it is put on the curves as it is.
   */
  settle(vSitePu: Float64Array, tolerancePu = TOLERANCE_PU): number {
    const worst = this.#residualAtStart(vSitePu);
    if (worst > tolerancePu && !this.#staysFlat(vSitePu)) this.#newton(vSitePu, worst);
    const { n, qPu } = this;
    const phi = this.#phi;
    let change = 0;
    for (let i = 0; i < n; i++) {
      const q = phi[i]!;
      const moved = Math.abs(q - qPu[i]!);
      if (moved > change) change = moved;
      qPu[i] = q;
    }
    return change;
  }

  /**
   * Settle to `tolerancePu`, and describe the devices by the straight line of the piece that each one settled on:
   * `slope`, pu per pu, and in `qPu` its reactive power on that line at the present voltage.
   */
  linearise(vSitePu: Float64Array, slope: Float64Array, tolerancePu: number): void {
    for (let i = 0; i < this.n; i++) this.movedPu[i] = this.qPu[i]!;
    this.settle(vSitePu, tolerancePu);
    for (let i = 0; i < this.n; i++) this.movedPu[i] = this.qPu[i]! - this.movedPu[i]!;
    for (let i = 0; i < this.n; i++) {
      slope[i] = this.#slope[i]!;
      if (slope[i] !== 0) this.qPu[i]! -= slope[i]! * (this.#v[i]! - vSitePu[i]!);
    }
  }

  /** The power flow was solved with those lines: `qPu` is moved along them to the new voltages. */
  follow(beforePu: Float64Array, afterPu: Float64Array, slope: Float64Array): void {
    for (let i = 0; i < this.n; i++) this.qPu[i]! += slope[i]! * (afterPu[i]! - beforePu[i]!);
  }

  #newton(v0: Float64Array, first: number): void {
    let worst = first;
    for (let step = 0; step < NEWTON_STEPS && worst > TOLERANCE_PU; step++) worst = this.#newtonStep(v0);
  }

  /** One step from #v, whose residual and slopes are current; returns the new residual. */
  #newtonStep(v0: Float64Array): number {
    const { n } = this;
    const v = this.#v;
    const trial = this.#trial;
    this.#solveDirection();
    const d = this.#direction;
    const before = this.#along();
    for (let i = 0; i < n; i++) trial[i] = v[i]! + d[i]!;
    let worst = this.#residual(trial, v0);
    if (worst > TOLERANCE_PU && this.#along() > -OVERSHOOT * before) worst = this.#lineSearch(v0, -OVERSHOOT * before);
    for (let i = 0; i < n; i++) v[i] = trial[i]!;
    return worst;
  }

  /** (X^-1 - diag phi') d = -F: positive definite, so no pivoting. Slopes seldom change, so factors are kept. */
  #solveDirection(): void {
    const { n } = this;
    if (this.#slopesChanged()) this.#factorise();
    const a = this.#factors;
    const f = this.#f;
    const d = this.#direction;
    for (let i = 0; i < n; i++) {
      const row = i * n;
      let sum = -f[i]!;
      for (let k = 0; k < i; k++) sum -= a[row + k]! * d[k]!;
      d[i] = sum;
    }
    for (let i = n - 1; i >= 0; i--) {
      const row = i * n;
      let sum = d[i]!;
      for (let j = i + 1; j < n; j++) sum -= a[row + j]! * d[j]!;
      d[i] = sum / a[row + i]!;
    }
  }

  #slopesChanged(): boolean {
    const slope = this.#slope;
    const factored = this.#factoredSlope;
    for (let i = 0; i < slope.length; i++) if (slope[i] !== factored[i]) return true;
    return false;
  }

  #factorise(): void {
    const { n } = this;
    const a = this.#factors;
    a.set(this.#xInverse);
    this.#factoredSlope.set(this.#slope);
    for (let i = 0; i < n; i++) a[i * n + i]! -= this.#slope[i]!;
    for (let k = 0; k < n; k++) {
      const pivot = 1 / a[k * n + k]!;
      for (let i = k + 1; i < n; i++) {
        const factor = a[i * n + k]! * pivot;
        a[i * n + k] = factor;
        if (factor === 0) continue;
        for (let j = k + 1; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!;
      }
    }
  }

  /** Slope of the convex function along the direction. */
  #along(): number {
    const d = this.#direction;
    const f = this.#f;
    let sum = 0;
    for (let i = 0; i < d.length; i++) sum += d[i]! * f[i]!;
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

  /**
   * True when phi is constant at v0 and still so where the settlement ends, v0 + X (phi - q0), with every site on the
   * part of phi it began on: then phi is the answer, as Newton would find.
   */
  #staysFlat(v0: Float64Array): boolean {
    const { n } = this;
    const slope = this.#slope;
    const f = this.#f;
    const x = this.#x;
    for (let i = 0; i < n; i++) if (slope[i] !== 0) return false;
    for (let i = 0; i < n; i++) {
      const row = i * n;
      let v = v0[i]!;
      for (let j = 0; j < n; j++) v -= x[row + j]! * f[j]!;
      if (this.#partAt(i, v - CLEAR_PU) !== this.#part[i] || this.#partAt(i, v + CLEAR_PU) !== this.#part[i]) {
        return false;
      }
    }
    return true;
  }

  /** Begin at v = v0: F, phi and phi', where F = q0 - phi; returns max |F|. */
  #residualAtStart(v0: Float64Array): number {
    const { n, qPu } = this;
    const f = this.#f;
    const phi = this.#phi;
    const v = this.#v;
    for (let i = 0; i < n; i++) v[i] = v0[i]!;
    this.#evaluate(v);
    let worst = 0;
    for (let i = 0; i < n; i++) {
      const sum = qPu[i]! - phi[i]!;
      f[i] = sum;
      const size = Math.abs(sum);
      if (size > worst) worst = size;
    }
    return worst;
  }

  /** F, phi and phi' at v; returns max |F|. */
  #residual(v: Float64Array, v0: Float64Array): number {
    const { n, qPu } = this;
    const xInverse = this.#xInverse;
    const f = this.#f;
    const phi = this.#phi;
    this.#evaluate(v);
    let worst = 0;
    for (let i = 0; i < n; i++) {
      const row = i * n;
      let sum = qPu[i]! - phi[i]!;
      for (let j = 0; j < n; j++) sum += xInverse[row + j]! * (v[j]! - v0[j]!);
      f[i] = sum;
      const size = Math.abs(sum);
      if (size > worst) worst = size;
    }
    return worst;
  }

  /** phi, phi' and the part of phi at v, all sites in one loop: it runs several times an interval. */
  #evaluate(v: Float64Array): void {
    const { n, curve, offset, limit, capabilityPu } = this;
    const phi = this.#phi;
    const slope = this.#slope;
    const part = this.#part;
    for (let i = 0; i < n; i++) {
      const at = v[i]!;
      const most = limit[i]!;
      const capability = capabilityPu[i]!;
      const piece = curve === undefined ? -1 : pieceAt(curve, at);
      const wanted = offset[i]! + (curve === undefined ? 0 : shareOnPiece(curve, piece, at));
      if (wanted >= most || wanted <= -most) {
        phi[i] = wanted > 0 ? most * capability : -most * capability;
        slope[i] = 0;
        part[i] = wanted > 0 ? AT_UPPER : AT_LOWER;
      } else {
        phi[i] = wanted * capability;
        slope[i] = piece < 0 ? 0 : curve!.slope[piece]! * capability;
        part[i] = piece;
      }
    }
  }

  #partAt(i: number, v: number): number {
    const { curve } = this;
    const limit = this.limit[i]!;
    const piece = curve === undefined ? -1 : pieceAt(curve, v);
    const wanted = this.offset[i]! + (curve === undefined ? 0 : shareOnPiece(curve, piece, v));
    if (wanted >= limit || wanted <= -limit) return wanted > 0 ? AT_UPPER : AT_LOWER;
    return piece;
  }
}

function regularised(x: Float64Array, n: number): Float64Array {
  const copy = x.slice();
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, copy[i * n + i]!);
  for (let i = 0; i < n; i++) copy[i * n + i]! += REGULARISATION * (largest > 0 ? largest : 1);
  return copy;
}
