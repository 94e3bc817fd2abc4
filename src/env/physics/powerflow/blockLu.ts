/**
 * Sparse LU of a matrix of small blocks with symmetric structure: 2x2 where a node has two unknowns, 1x1 where it
 * has one. The pattern is analysed once into flat integer programs; factoring and solving are straight runs
 * through them. Pivots are the diagonal blocks in the given order, never searched for: the matrices of power
 * flow are dominated by their diagonal blocks, and a singular one is reported.
 *
 * All values stand in one Float64Array in the order in which elimination meets them. Per pivot k:
 *   D_k | U_kj for every j of its structure | L_ik for every i of its structure
 * where a structure lists two-unknown nodes before one-unknown ones, and each block is row-major.
 */
import type { Elimination } from './ordering.ts';

/** A pivot smaller than this is singular; per-unit admittances of real networks are above 1e-6. */
const SINGULAR = 1e-30;

export class BlockLu {
  readonly nodeCount: number;
  /** Length of the value array. */
  readonly valueCount: number;
  /** 2x2 blocks' worth of multiply-subtracts in one factorisation, as a measure of fill. */
  readonly updateCount: number;
  /** Position of each node in the elimination. */
  readonly position: Int32Array;

  /** Per pivot: size, two-unknown count, one-unknown count, then the target of every block update. */
  readonly #factorProgram: Int32Array;
  /** Per pivot: size, two-unknown count, one-unknown count, then where its structure stands in the right side. */
  readonly #solveProgram: Int32Array;
  readonly #solveStart: Int32Array;
  readonly #valueStart: Int32Array;
  readonly #offsets: ReadonlyMap<number, number>;

  /** @param size per node, 1 or 2 */
  constructor({ order, structure }: Elimination, size: ArrayLike<number>) {
    const n = order.length;
    this.nodeCount = n;
    this.position = new Int32Array(n);
    order.forEach((node, k) => (this.position[node] = k));
    const sizes = Int32Array.from(order, (node) => size[node]!);
    const rows = structure.map((nodes) => bySize(nodes, this.position, sizes));
    const { starts, offsets, length } = layout(rows, sizes);
    this.valueCount = length;
    this.#valueStart = starts;
    this.#offsets = offsets;
    this.#factorProgram = factorProgram(rows, sizes, (i, j) => offsets.get(i * n + j)!);
    const solve = solveProgram(rows, sizes);
    this.#solveProgram = solve.program;
    this.#solveStart = solve.starts;
    this.updateCount = this.#factorProgram.length - 3 * n;
  }

  /** Where the block of two positions stands among the values; -1 when it is not in the pattern. */
  offset(i: number, j: number): number {
    return this.#offsets.get(i * this.nodeCount + j) ?? -1;
  }

  /** A <- L and U in place, diagonal blocks inverted. False when a pivot is singular or not a number. */
  factor(a: Float64Array): boolean {
    const program = this.#factorProgram;
    const end = program.length;
    let pc = 0;
    let d = 0;
    while (pc < end) {
      const size = program[pc]!;
      const n2 = program[pc + 1]!;
      const n1 = program[pc + 2]!;
      pc += 3;
      if (size === 2) {
        const d0 = a[d]!;
        const d1 = a[d + 1]!;
        const d2 = a[d + 2]!;
        const d3 = a[d + 3]!;
        const det = d0 * d3 - d1 * d2;
        if (!(Math.abs(det) > SINGULAR)) return false;
        const scale = 1 / det;
        const i0 = d3 * scale;
        const i1 = -d1 * scale;
        const i2 = -d2 * scale;
        const i3 = d0 * scale;
        a[d] = i0;
        a[d + 1] = i1;
        a[d + 2] = i2;
        a[d + 3] = i3;
        const u = d + 4;
        let l = u + 4 * n2 + 2 * n1;
        const lMid = l + 4 * n2;
        const lEnd = lMid + 2 * n1;
        const uMid = u + 4 * n2;
        const uEnd = uMid + 2 * n1;
        while (l < lMid) {
          // L = A_ik D^-1, then A_ij -= L U_kj
          const b0 = a[l]!;
          const b1 = a[l + 1]!;
          const b2 = a[l + 2]!;
          const b3 = a[l + 3]!;
          const l0 = b0 * i0 + b1 * i2;
          const l1 = b0 * i1 + b1 * i3;
          const l2 = b2 * i0 + b3 * i2;
          const l3 = b2 * i1 + b3 * i3;
          a[l] = l0;
          a[l + 1] = l1;
          a[l + 2] = l2;
          a[l + 3] = l3;
          l += 4;
          let s = u;
          for (; s < uMid; s += 4) {
            const t = program[pc++]!;
            const u0 = a[s]!;
            const u1 = a[s + 1]!;
            const u2 = a[s + 2]!;
            const u3 = a[s + 3]!;
            a[t]! -= l0 * u0 + l1 * u2;
            a[t + 1]! -= l0 * u1 + l1 * u3;
            a[t + 2]! -= l2 * u0 + l3 * u2;
            a[t + 3]! -= l2 * u1 + l3 * u3;
          }
          for (; s < uEnd; s += 2) {
            const t = program[pc++]!;
            const u0 = a[s]!;
            const u1 = a[s + 1]!;
            a[t]! -= l0 * u0 + l1 * u1;
            a[t + 1]! -= l2 * u0 + l3 * u1;
          }
        }
        while (l < lEnd) {
          const b0 = a[l]!;
          const b1 = a[l + 1]!;
          const l0 = b0 * i0 + b1 * i2;
          const l1 = b0 * i1 + b1 * i3;
          a[l] = l0;
          a[l + 1] = l1;
          l += 2;
          let s = u;
          for (; s < uMid; s += 4) {
            const t = program[pc++]!;
            a[t]! -= l0 * a[s]! + l1 * a[s + 2]!;
            a[t + 1]! -= l0 * a[s + 1]! + l1 * a[s + 3]!;
          }
          for (; s < uEnd; s += 2) {
            const t = program[pc++]!;
            a[t]! -= l0 * a[s]! + l1 * a[s + 1]!;
          }
        }
        d = lEnd;
      } else {
        const pivot = a[d]!;
        if (!(Math.abs(pivot) > SINGULAR)) return false;
        const inverse = 1 / pivot;
        a[d] = inverse;
        const u = d + 1;
        let l = u + 2 * n2 + n1;
        const lMid = l + 2 * n2;
        const lEnd = lMid + n1;
        const uMid = u + 2 * n2;
        const uEnd = uMid + n1;
        while (l < lMid) {
          const l0 = a[l]! * inverse;
          const l1 = a[l + 1]! * inverse;
          a[l] = l0;
          a[l + 1] = l1;
          l += 2;
          let s = u;
          for (; s < uMid; s += 2) {
            const t = program[pc++]!;
            const u0 = a[s]!;
            const u1 = a[s + 1]!;
            a[t]! -= l0 * u0;
            a[t + 1]! -= l0 * u1;
            a[t + 2]! -= l1 * u0;
            a[t + 3]! -= l1 * u1;
          }
          for (; s < uEnd; s++) {
            const t = program[pc++]!;
            const u0 = a[s]!;
            a[t]! -= l0 * u0;
            a[t + 1]! -= l1 * u0;
          }
        }
        while (l < lEnd) {
          const l0 = a[l]! * inverse;
          a[l] = l0;
          l++;
          let s = u;
          for (; s < uMid; s += 2) {
            const t = program[pc++]!;
            a[t]! -= l0 * a[s]!;
            a[t + 1]! -= l0 * a[s + 1]!;
          }
          for (; s < uEnd; s++) a[program[pc++]!]! -= l0 * a[s]!;
        }
        d = lEnd;
      }
    }
    return true;
  }

  /** b <- A^-1 b by the factors in `a`; two slots a position, the second unused where the node has one unknown. */
  solve(a: Float64Array, b: Float64Array): void {
    this.#forward(a, b);
    this.#backward(a, b);
  }

  /** b_i -= L_ik b_k */
  #forward(a: Float64Array, b: Float64Array): void {
    const program = this.#solveProgram;
    const n = this.nodeCount;
    let pc = 0;
    let l = 0;
    for (let k = 0; k < n; k++) {
      const size = program[pc]!;
      const n2 = program[pc + 1]!;
      const n1 = program[pc + 2]!;
      pc += 3;
      const y0 = b[2 * k]!;
      if (size === 2) {
        const y1 = b[2 * k + 1]!;
        l += 4 + 4 * n2 + 2 * n1;
        for (const mid = pc + n2; pc < mid; pc++, l += 4) {
          const r = program[pc]!;
          b[r]! -= a[l]! * y0 + a[l + 1]! * y1;
          b[r + 1]! -= a[l + 2]! * y0 + a[l + 3]! * y1;
        }
        for (const end = pc + n1; pc < end; pc++, l += 2) b[program[pc]!]! -= a[l]! * y0 + a[l + 1]! * y1;
      } else {
        l += 1 + 2 * n2 + n1;
        for (const mid = pc + n2; pc < mid; pc++, l += 2) {
          const r = program[pc]!;
          b[r]! -= a[l]! * y0;
          b[r + 1]! -= a[l + 1]! * y0;
        }
        for (const end = pc + n1; pc < end; pc++, l++) b[program[pc]!]! -= a[l]! * y0;
      }
    }
  }

  /** x_k = D_k^-1 (b_k - sum of U_kj x_j) */
  #backward(a: Float64Array, b: Float64Array): void {
    const program = this.#solveProgram;
    const starts = this.#solveStart;
    const values = this.#valueStart;
    for (let k = this.nodeCount - 1; k >= 0; k--) {
      let pc = starts[k]!;
      const d = values[k]!;
      const size = program[pc]!;
      const n2 = program[pc + 1]!;
      const n1 = program[pc + 2]!;
      pc += 3;
      let x0 = b[2 * k]!;
      if (size === 2) {
        let x1 = b[2 * k + 1]!;
        let u = d + 4;
        for (const mid = pc + n2; pc < mid; pc++, u += 4) {
          const r = program[pc]!;
          const b0 = b[r]!;
          const b1 = b[r + 1]!;
          x0 -= a[u]! * b0 + a[u + 1]! * b1;
          x1 -= a[u + 2]! * b0 + a[u + 3]! * b1;
        }
        for (const end = pc + n1; pc < end; pc++, u += 2) {
          const b0 = b[program[pc]!]!;
          x0 -= a[u]! * b0;
          x1 -= a[u + 1]! * b0;
        }
        b[2 * k] = a[d]! * x0 + a[d + 1]! * x1;
        b[2 * k + 1] = a[d + 2]! * x0 + a[d + 3]! * x1;
      } else {
        let u = d + 1;
        for (const mid = pc + n2; pc < mid; pc++, u += 2) {
          const r = program[pc]!;
          x0 -= a[u]! * b[r]! + a[u + 1]! * b[r + 1]!;
        }
        for (const end = pc + n1; pc < end; pc++, u++) x0 -= a[u]! * b[program[pc]!]!;
        b[2 * k] = a[d]! * x0;
      }
    }
  }
}

/** Positions of a structure, two-unknown nodes first, each group in elimination order. */
function bySize(nodes: readonly number[], position: Int32Array, sizes: Int32Array): number[] {
  return nodes.map((node) => position[node]!).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
}

type Rows = readonly (readonly number[])[];

function layout(rows: Rows, sizes: Int32Array): { starts: Int32Array; offsets: Map<number, number>; length: number } {
  const n = rows.length;
  const starts = new Int32Array(n);
  const offsets = new Map<number, number>();
  let at = 0;
  const place = (i: number, j: number): void => {
    offsets.set(i * n + j, at);
    at += sizes[i]! * sizes[j]!;
  };
  rows.forEach((row, k) => {
    starts[k] = at;
    place(k, k);
    for (const j of row) place(k, j);
    for (const i of row) place(i, k);
  });
  return { starts, offsets, length: at };
}

function header(row: readonly number[], k: number, sizes: Int32Array): [size: number, n2: number, n1: number] {
  const n2 = row.filter((j) => sizes[j] === 2).length;
  return [sizes[k]!, n2, row.length - n2];
}

function factorProgram(rows: Rows, sizes: Int32Array, offset: (i: number, j: number) => number): Int32Array {
  const program: number[] = [];
  rows.forEach((row, k) => {
    program.push(...header(row, k, sizes));
    for (const i of row) for (const j of row) program.push(offset(i, j));
  });
  return Int32Array.from(program);
}

function solveProgram(rows: Rows, sizes: Int32Array): { program: Int32Array; starts: Int32Array } {
  const program: number[] = [];
  const starts = new Int32Array(rows.length);
  rows.forEach((row, k) => {
    starts[k] = program.length;
    program.push(...header(row, k, sizes), ...row.map((j) => 2 * j));
  });
  return { program: Int32Array.from(program), starts };
}
