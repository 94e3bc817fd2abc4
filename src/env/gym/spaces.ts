/** Constructors and membership of spaces. */
import type { BoxSpace, Space } from './types.ts';

/** A box with the same bounds in every coordinate. */
export function box(shape: readonly number[], low: number, high: number): BoxSpace {
  const size = shape.reduce((a, b) => a * b, 1);
  return { kind: 'box', shape, low: new Float32Array(size).fill(low), high: new Float32Array(size).fill(high) };
}

export function spaceSize(space: Space): number {
  return space.kind === 'discrete' ? 1 : space.low.length;
}

/** Is the value in the space? Bounds are inclusive; NaN is in none. */
export function contains(space: Space, value: Float32Array): boolean {
  if (value.length !== spaceSize(space)) return false;
  if (space.kind === 'discrete') return Number.isInteger(value[0]) && value[0]! >= 0 && value[0]! < space.n;
  return value.every((x, i) => x >= space.low[i]! && x <= space.high[i]!);
}
