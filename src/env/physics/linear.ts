/** Solve A x = b for a small dense row-major matrix by elimination without pivoting; A is destroyed, b becomes x. */
export function solveInPlace(a: Float64Array, b: Float64Array, n: number): void {
  for (let k = 0; k < n; k++) eliminateBelow(a, b, n, k);
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i]!;
    for (let j = i + 1; j < n; j++) sum -= a[i * n + j]! * b[j]!;
    b[i] = sum / a[i * n + i]!;
  }
}

function eliminateBelow(a: Float64Array, b: Float64Array, n: number, k: number): void {
  const pivot = 1 / a[k * n + k]!;
  for (let i = k + 1; i < n; i++) {
    const factor = a[i * n + k]! * pivot;
    if (factor === 0) continue;
    for (let j = k + 1; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!;
    b[i]! -= factor * b[k]!;
  }
}

/** Inverse of a symmetric positive definite row-major matrix, column by column. */
export function invert(a: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let column = 0; column < n; column++) {
    const unit = new Float64Array(n);
    unit[column] = 1;
    solveInPlace(a.slice(), unit, n);
    for (let row = 0; row < n; row++) out[row * n + column] = unit[row]!;
  }
  return out;
}
