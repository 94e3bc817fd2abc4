/** Interval k = [kD, (k+1)D), UTC milliseconds since the epoch. */
import { floorDiv } from '../base/fixed.ts';

export const DAY_MS = 86400000;

export function intervalAt(tMs: number, dMs: number): number {
  return floorDiv(tMs, dMs);
}

export function intervalStartMs(k: number, dMs: number): number {
  return k * dMs;
}

export function intervalEndMs(k: number, dMs: number): number {
  return (k + 1) * dMs;
}

/** UTC second of day. */
export function secondOfDay(tMs: number): number {
  return floorDiv(tMs - floorDiv(tMs, DAY_MS) * DAY_MS, 1000);
}
