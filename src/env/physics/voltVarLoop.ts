/**
 * The local volt-var loops of several inverters, settled together against a linear picture of the feeder.
 * Each inverter injects q_i = phi_i(v_i) = clamp(offset_i + curve(v_i), +-limit_i) * capability_i, falling in v_i.
 * Given voltages v0 solved for reactive powers q0, `settle` finds
 *   v = v0 + X (phi(v) - q0)
 * by semi-smooth Newton; X is positive definite and phi falls, so the solution is unique for any slope. When
 * Newton cycles between pieces, coordinate bisection (a descent of the equivalent convex problem) takes over.
 */
import { pieceAt, shareOnPiece, type RealCurve } from './curve.ts';
import { solveInPlace } from './linear.ts';

const NEWTON_STEPS = 12;
const COORDINATE_ROUNDS = 200;
const BISECTIONS = 54;
const COORDINATE_TOLERANCE_PU = 1e-12;
/** Added to a piece number while the clamp holds the share, to tell it from the free piece. */
const HELD_LOW = 1000;
const HELD_HIGH = 2000;

export class VoltVarLoop {
  readonly n: number;
  /** Inputs of a settlement: base share, its limit and the capability in pu, per site. */
  readonly offset: Float64Array;
  readonly limit: Float64Array;
  readonly capabilityPu: Float64Array;
  /** Result: reactive injection in pu, per site. */
  readonly qPu: Float64Array;
  curve: RealCurve | undefined;

  readonly #x: Float64Array;
  readonly #v: Float64Array;
  readonly #phi: Float64Array;
  readonly #slope: Float64Array;
  readonly #piece: Int32Array;
  readonly #matrix: Float64Array;
  readonly #rhs: Float64Array;
  #moved = false;

  /** `sensitivityPu`: dV/dQ, row-major n x n, pu per pu. */
  constructor(n: number, sensitivityPu: Float64Array) {
    this.n = n;
    this.#x = sensitivityPu;
    this.offset = new Float64Array(n);
    this.limit = new Float64Array(n);
    this.capabilityPu = new Float64Array(n);
    this.qPu = new Float64Array(n);
    this.#v = new Float64Array(n);
    this.#phi = new Float64Array(n);
    this.#slope = new Float64Array(n);
    this.#piece = new Int32Array(n);
    this.#matrix = new Float64Array(n * n);
    this.#rhs = new Float64Array(n);
  }

  /** Share of site i at voltage v, in [-limit, limit]. */
  shareAt(i: number, v: number): number {
    const wanted =
      this.offset[i]! + (this.curve === undefined ? 0 : shareOnPiece(this.curve, pieceAt(this.curve, v), v));
    return Math.min(Math.max(wanted, -this.limit[i]!), this.limit[i]!);
  }

  /** Update `qPu` towards the joint fixed point, from site voltages solved for the present `qPu`; returns the largest change, pu. */
  settle(vSitePu: Float64Array): number {
    this.#v.set(vSitePu);
    if (!this.#newton(vSitePu)) this.#coordinates(vSitePu);
    let change = 0;
    for (let i = 0; i < this.n; i++) {
      const q = this.#phi[i]!;
      change = Math.max(change, Math.abs(q - this.qPu[i]!));
      this.qPu[i] = q;
    }
    return change;
  }

  /** True when the pieces stopped changing, which makes the linear solution exact. */
  #newton(v0: Float64Array): boolean {
    let active = this.#linearise();
    for (let step = 0; step < NEWTON_STEPS; step++) {
      if (active) this.#solveLinear(v0);
      else this.#explicit(v0);
      active = this.#linearise();
      if (!this.#moved) return true;
    }
    return false;
  }

  /** phi, its slope and its piece at the present v. Returns whether any slope is non-zero. */
  #linearise(): boolean {
    let active = false;
    this.#moved = false;
    for (let i = 0; i < this.n; i++) {
      const piece = this.#evaluate(i, this.#v[i]!);
      if (piece !== this.#piece[i]) this.#moved = true;
      this.#piece[i] = piece;
      if (this.#slope[i] !== 0) active = true;
    }
    return active;
  }

  #evaluate(i: number, v: number): number {
    const { curve } = this;
    const limit = this.limit[i]!;
    const capability = this.capabilityPu[i]!;
    const piece = curve === undefined ? 0 : pieceAt(curve, v);
    const wanted = this.offset[i]! + (curve === undefined ? 0 : shareOnPiece(curve, piece, v));
    if (wanted > limit || wanted < -limit) {
      this.#phi[i] = wanted > 0 ? limit * capability : -limit * capability;
      this.#slope[i] = 0;
      return wanted > 0 ? HELD_HIGH : HELD_LOW;
    }
    this.#phi[i] = wanted * capability;
    this.#slope[i] = curve === undefined || piece < 0 ? 0 : curve.slope[piece]! * capability;
    return piece;
  }

  /** All slopes zero: v = v0 + X (phi - q0). */
  #explicit(v0: Float64Array): void {
    const { n } = this;
    for (let i = 0; i < n; i++) {
      let sum = v0[i]!;
      for (let j = 0; j < n; j++) sum += this.#x[i * n + j]! * (this.#phi[j]! - this.qPu[j]!);
      this.#v[i] = sum;
    }
  }

  /** (I - X D) v' = v0 + X (phi - D v - q0), D = diag(phi') <= 0: every leading minor is positive, no pivoting. */
  #solveLinear(v0: Float64Array): void {
    const { n } = this;
    const v = this.#v;
    const matrix = this.#matrix;
    const rhs = this.#rhs;
    for (let i = 0; i < n; i++) {
      let sum = v0[i]!;
      for (let j = 0; j < n; j++) {
        const x = this.#x[i * n + j]!;
        matrix[i * n + j] = (i === j ? 1 : 0) - x * this.#slope[j]!;
        sum += x * (this.#phi[j]! - this.#slope[j]! * v[j]! - this.qPu[j]!);
      }
      rhs[i] = sum;
    }
    solveInPlace(matrix, rhs, n);
    v.set(rhs);
  }

  /** Gauss-Seidel on q with an exact scalar solve per site: v - x_ii phi_i(v) rises strictly in v. */
  #coordinates(v0: Float64Array): void {
    for (let i = 0; i < this.n; i++) this.#evaluate(i, this.#v[i]!);
    for (let round = 0; round < COORDINATE_ROUNDS; round++) {
      let moved = 0;
      for (let i = 0; i < this.n; i++) moved = Math.max(moved, this.#solveCoordinate(v0, i));
      if (moved < COORDINATE_TOLERANCE_PU) return;
    }
  }

  #solveCoordinate(v0: Float64Array, i: number): number {
    const { n } = this;
    let rest = v0[i]! - this.#x[i * n + i]! * this.qPu[i]!;
    for (let j = 0; j < n; j++) if (j !== i) rest += this.#x[i * n + j]! * (this.#phi[j]! - this.qPu[j]!);
    const own = this.#x[i * n + i]!;
    const reach = own * this.limit[i]! * this.capabilityPu[i]!;
    let lo = rest - reach;
    let hi = rest + reach;
    for (let k = 0; k < BISECTIONS; k++) {
      const mid = 0.5 * (lo + hi);
      this.#evaluate(i, mid);
      if (mid - own * this.#phi[i]! > rest) hi = mid;
      else lo = mid;
    }
    const v = 0.5 * (lo + hi);
    const moved = Math.abs(v - this.#v[i]!);
    this.#v[i] = v;
    this.#evaluate(i, v);
    return moved;
  }
}
