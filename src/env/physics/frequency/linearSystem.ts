/**
 * A linear system dx/dt = A x + B u put together from block diagrams: lags, gains, sums and integrators. A block
 * whose time constant is 0 passes its input through, so a reduced model (no governor lag, say) has fewer states
 * instead of a stiff one.
 */
import { solveInPlace } from '../linear.ts';

/** A signal: a linear expression of states and inputs. */
export interface Row {
  readonly x: Float64Array;
  readonly u: Float64Array;
}

export interface LinearSystem {
  readonly states: number;
  readonly inputs: number;
  /** Row-major states x states. */
  readonly a: Float64Array;
  /** Row-major states x inputs. */
  readonly b: Float64Array;
}

export class BlockDiagram {
  readonly #states: number;
  readonly #inputs: number;
  readonly #derivatives: (Row | undefined)[] = [];

  /** `states`: an upper bound on how many will be made. */
  constructor(states: number, inputs: number) {
    this.#states = states;
    this.#inputs = inputs;
  }

  /** A new state and its signal; what it follows is said by `follows`. */
  state(): { readonly index: number; readonly row: Row } {
    const index = this.#derivatives.push(undefined) - 1;
    const row = this.sum();
    row.x[index] = 1;
    return { index, row };
  }

  /** dx_index/dt = derivative. */
  follows(index: number, derivative: Row): void {
    this.#derivatives[index] = derivative;
  }

  input(index: number): Row {
    const row = this.sum();
    row.u[index] = 1;
    return row;
  }

  /** Sum of gain x signal; 0 without terms. */
  sum(...terms: readonly (readonly [gain: number, signal: Row])[]): Row {
    const row: Row = { x: new Float64Array(this.#states), u: new Float64Array(this.#inputs) };
    for (const [gain, signal] of terms) {
      for (let i = 0; i < row.x.length; i++) row.x[i]! += gain * signal.x[i]!;
      for (let i = 0; i < row.u.length; i++) row.u[i]! += gain * signal.u[i]!;
    }
    return row;
  }

  /** T dy/dt = input - y. */
  lag(input: Row, timeConstantS: number): Row {
    if (timeConstantS === 0) return input;
    const { index, row } = this.state();
    this.follows(index, this.sum([1 / timeConstantS, input], [-1 / timeConstantS, row]));
    return row;
  }

  /** Gains on the states that exist, for reading a signal off a running system. */
  trim(row: Row): Row {
    return { x: row.x.slice(0, this.#derivatives.length), u: row.u };
  }

  build(): LinearSystem {
    const states = this.#derivatives.length;
    const inputs = this.#inputs;
    const a = new Float64Array(states * states);
    const b = new Float64Array(states * inputs);
    this.#derivatives.forEach((row, i) => {
      if (row === undefined) return;
      a.set(row.x.subarray(0, states), i * states);
      b.set(row.u, i * inputs);
    });
    return { states, inputs, a, b };
  }
}

/** One step of the trapezoidal rule: x1 = phi x0 + gamma u, u held (or its mean) over the step. */
export interface TrapezoidalStep {
  readonly dtS: number;
  /** Row-major states x states. */
  readonly phi: Float64Array;
  /** Row-major states x inputs. */
  readonly gamma: Float64Array;
}

/**
 *   (I - h/2 A) x1 = (I + h/2 A) x0 + h B u
 */
export function trapezoidalStep(system: LinearSystem, dtS: number): TrapezoidalStep {
  const { states: n, inputs: m, a, b } = system;
  const left = identityPlus(a, n, -dtS / 2);
  return {
    dtS,
    phi: solveColumns(left, identityPlus(a, n, dtS / 2), n, n),
    gamma: solveColumns(
      left,
      b.map((x) => x * dtS),
      n,
      m,
    ),
  };
}

function identityPlus(a: Float64Array, n: number, factor: number): Float64Array {
  const out = a.map((x) => factor * x);
  for (let i = 0; i < n; i++) out[i * n + i]! += 1;
  return out;
}

function solveColumns(left: Float64Array, right: Float64Array, n: number, columns: number): Float64Array {
  const out = new Float64Array(n * columns);
  for (let c = 0; c < columns; c++) {
    const rhs = Float64Array.from({ length: n }, (_, i) => right[i * columns + c]!);
    solveInPlace(left.slice(), rhs, n);
    for (let i = 0; i < n; i++) out[i * columns + c] = rhs[i]!;
  }
  return out;
}
