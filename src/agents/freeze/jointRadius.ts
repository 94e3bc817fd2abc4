/**
 * max |sum_u s_u c_u sum_k D_uk e_k| over all |s_u| <= 1, |e_k| <= 1: what units that may each be on or off can add to an
 * output when they share the errors e_k. Term by term it is sum |c_u D_uk|; the matrix knows better, because no choice of
 * signs makes all terms of a row and of a column agree:
 *   s^T N e <= sqrt(sum p) sqrt(sum q) sigma(P^-1/2 N Q^-1/2),  N = diag(c) D, any p, q > 0
 * with p, q the norms of rows and columns. sigma^2 is the greatest eigenvalue of a Gram matrix, bounded by a number t for
 * which Cholesky's method goes through on t I - gram (Rump, "Verification of positive definiteness", 2006).
 */

const POWER_STEPS = 12;
const TRIES = 12;
/** Over the rounding of the Gram matrix and of the factorisation, as a share of the trace: gamma_n is 1e-13 at n = 1000. */
const ROUNDING = 1e-11;

export class JointRadius {
  readonly #units: number;
  /** sum_k D_uk D_vk / q_k */
  readonly #gram: Float64Array;
  readonly #rowNorm: Float64Array;
  #columnSum = 0;
  readonly #scaled: Float64Array;
  readonly #factor: Float64Array;
  readonly #vector: Float64Array;
  readonly #next: Float64Array;

  constructor(units: number) {
    this.#units = units;
    this.#gram = new Float64Array(units * units);
    this.#rowNorm = new Float64Array(units);
    this.#scaled = new Float64Array(units * units);
    this.#factor = new Float64Array(units * units);
    this.#vector = new Float64Array(units);
    this.#next = new Float64Array(units);
  }

  /** d: [units][columns]. */
  set(d: Float64Array, columns: number): void {
    const m = this.#units;
    const inverse = new Float64Array(columns);
    this.#columnSum = 0;
    for (let k = 0; k < columns; k++) {
      let squares = 0;
      for (let u = 0; u < m; u++) squares += d[u * columns + k]! * d[u * columns + k]!;
      const q = Math.sqrt(squares);
      this.#columnSum += q;
      inverse[k] = q > 0 ? 1 / q : 0;
    }
    for (let u = 0; u < m; u++) {
      for (let v = 0; v <= u; v++) {
        let sum = 0;
        for (let k = 0; k < columns; k++) sum += d[u * columns + k]! * inverse[k]! * d[v * columns + k]!;
        this.#gram[u * m + v] = this.#gram[v * m + u] = sum;
      }
      this.#rowNorm[u] = Math.sqrt(this.#gram[u * m + u]!);
    }
  }

  /** c: [units], >= 0. Infinity where no bound was found. */
  bound(c: Float64Array): number {
    const m = this.#units;
    let rowSum = 0;
    for (let u = 0; u < m; u++) rowSum += c[u]! * this.#rowNorm[u]!;
    if (rowSum === 0 || this.#columnSum === 0) return 0;
    let trace = 0;
    // p_u = c_u |row u|: row u of P^-1/2 N is D_u sqrt(c_u / |row u|)
    for (let u = 0; u < m; u++) {
      const ru = this.#rowNorm[u]! > 0 ? Math.sqrt(c[u]! / this.#rowNorm[u]!) : 0;
      for (let v = 0; v < m; v++) {
        const rv = this.#rowNorm[v]! > 0 ? Math.sqrt(c[v]! / this.#rowNorm[v]!) : 0;
        this.#scaled[u * m + v] = ru * rv * this.#gram[u * m + v]!;
      }
      trace += this.#scaled[u * m + u]!;
    }
    let t = 1.02 * this.#power() + ROUNDING * trace;
    for (let n = 0; n < TRIES; n++, t *= 1.05) {
      if (this.#isAbove(t - ROUNDING * trace)) return Math.sqrt(rowSum * this.#columnSum * t) * (1 + 1e-9);
    }
    return Infinity;
  }

  /** About the greatest eigenvalue, from below. */
  #power(): number {
    const m = this.#units;
    this.#vector.fill(1);
    for (let u = 0; u < m; u++) this.#vector[u] = 1 + (u % 7) / 7;
    let value = 0;
    for (let step = 0; step < POWER_STEPS; step++) {
      let squares = 0;
      let before = 0;
      for (let u = 0; u < m; u++) before += this.#vector[u]! * this.#vector[u]!;
      for (let u = 0; u < m; u++) {
        let sum = 0;
        for (let v = 0; v < m; v++) sum += this.#scaled[u * m + v]! * this.#vector[v]!;
        this.#next[u] = sum;
        squares += sum * sum;
      }
      value = Math.sqrt(squares / before);
      if (squares === 0) return 0;
      const scale = 1 / Math.sqrt(squares);
      for (let u = 0; u < m; u++) this.#vector[u] = this.#next[u]! * scale;
    }
    return value;
  }

  /** Whether t I - gram has a Cholesky factor. */
  #isAbove(t: number): boolean {
    const m = this.#units;
    const factor = this.#factor;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = (i === j ? t : 0) - this.#scaled[i * m + j]!;
        for (let k = 0; k < j; k++) sum -= factor[i * m + k]! * factor[j * m + k]!;
        if (i !== j) {
          factor[i * m + j] = sum / factor[j * m + j]!;
          continue;
        }
        if (!(sum > 0)) return false;
        factor[i * m + i] = Math.sqrt(sum);
      }
    }
    return true;
  }
}
