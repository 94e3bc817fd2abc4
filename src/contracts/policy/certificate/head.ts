/**
 * From the last layer's units to the claimed outputs, on ranges: scaling, envelopes and action table of 3.5. After the
 * network every output is min(max(s, a), b) of its scaled unit s, whatever envelopes stand in between: a and b are
 * known as ranges, because envelopes read raw inputs and other outputs.
 */
import { evaluateTable, halfUnit, UNIT_INTEGER, type EnvelopeSpec, type OutputSpec } from '../../../grid/interface.ts';
import { shiftFloor } from '../../../base/fixed.ts';
import type { Ranges } from './backward.ts';

/** floor((clamp(y)*m + r(t)) / 2^t) + c, before the output's own clamp. */
export function scaledUnit({ m, t, c }: OutputSpec, unit: number): number {
  const y = Math.min(Math.max(unit, 0 - UNIT_INTEGER), UNIT_INTEGER);
  return shiftFloor(y * m + halfUnit(t), t) + c;
}

/** An envelope with its lower table turned over, so that one floor-rounding evaluation serves both sides. */
export interface EnvelopeTables extends EnvelopeSpec {
  /** -l: lower(r) = -evaluateTable(r, negated, at), because ceil(x) = -floor(-x). */
  readonly negated: readonly number[];
}

export function envelopeTables(envelopes: readonly EnvelopeSpec[]): readonly EnvelopeTables[] {
  return envelopes.map((envelope) => ({ ...envelope, negated: envelope.l.map((l) => 0 - l) }));
}

/** Smallest value of a table over from..to: each segment is monotone, so at an end or a knot between. */
export function tableLeast(r: readonly number[], v: readonly number[], from: number, to: number): number {
  let least = Math.min(evaluateTable(r, v, from), evaluateTable(r, v, to));
  for (let j = 0; j < r.length; j++) if (r[j]! > from && r[j]! < to) least = Math.min(least, v[j]!);
  return least;
}

export function tableGreatest(r: readonly number[], v: readonly number[], from: number, to: number): number {
  let greatest = Math.max(evaluateTable(r, v, from), evaluateTable(r, v, to));
  for (let j = 0; j < r.length; j++) if (r[j]! > from && r[j]! < to) greatest = Math.max(greatest, v[j]!);
  return greatest;
}

/** Ranges of the outputs of one run. Arrays are [outputs] or, for what an envelope reads and gives, [envelopes]. */
export class HeadBounds {
  readonly lo: number[];
  readonly hi: number[];
  /** Every output is at most min(max(s, floorHi), capHi) and at least min(max(s, floorLo), capLo). */
  readonly floorLo: number[];
  readonly floorHi: number[];
  readonly capLo: number[];
  readonly capHi: number[];
  /** Per envelope: what it read, its bounds, and whether its output certainly lay between them. */
  readonly sourceLo: number[];
  readonly sourceHi: number[];
  readonly isIdle: boolean[];
  readonly #outputs: readonly OutputSpec[];
  readonly #envelopes: readonly EnvelopeTables[];

  constructor(outputs: readonly OutputSpec[], envelopes: readonly EnvelopeTables[]) {
    const zeros = (): number[] => new Array<number>(outputs.length).fill(0);
    [this.lo, this.hi, this.floorLo, this.floorHi, this.capLo, this.capHi] = [0, 0, 0, 0, 0, 0].map(zeros) as [
      number[],
      number[],
      number[],
      number[],
      number[],
      number[],
    ];
    this.sourceLo = envelopes.map(() => 0);
    this.sourceHi = envelopes.map(() => 0);
    this.isIdle = envelopes.map(() => true);
    this.#outputs = outputs;
    this.#envelopes = envelopes;
  }

  /** Continuous: from the ranges of the last layer's units. A negative m turns them over. */
  setUnits(unitLo: Ranges, unitHi: Ranges, rawLo: Ranges, rawHi: Ranges): void {
    for (let d = 0; d < this.#outputs.length; d++) {
      const spec = this.#outputs[d]!;
      const low = scaledUnit(spec, spec.m >= 0 ? unitLo[d]! : unitHi[d]!);
      const high = scaledUnit(spec, spec.m >= 0 ? unitHi[d]! : unitLo[d]!);
      this.lo[d] = Math.min(Math.max(low, spec.lo), spec.hi);
      this.hi[d] = Math.min(Math.max(high, spec.lo), spec.hi);
      this.floorLo[d] = this.floorHi[d] = spec.lo;
      this.capLo[d] = this.capHi[d] = spec.hi;
    }
    this.#envelope(rawLo, rawHi);
  }

  /** Discrete: one row of the action table. */
  setAction(table: Int32Array, action: number, rawLo: Ranges, rawHi: Ranges): void {
    const { length } = this.#outputs;
    for (let d = 0; d < length; d++) this.lo[d] = this.hi[d] = table[action * length + d]!;
    this.#envelope(rawLo, rawHi);
  }

  #envelope(rawLo: Ranges, rawHi: Ranges): void {
    for (let e = 0; e < this.#envelopes.length; e++) {
      const { d, sk, si, r, h, negated } = this.#envelopes[e]!;
      const from = (this.sourceLo[e] = sk === 'in' ? rawLo[si]! : this.lo[si]!);
      const to = (this.sourceHi[e] = sk === 'in' ? rawHi[si]! : this.hi[si]!);
      const lowerLo = 0 - tableGreatest(r, negated, from, to);
      const lowerHi = 0 - tableLeast(r, negated, from, to);
      const upperLo = tableLeast(r, h, from, to);
      const upperHi = tableGreatest(r, h, from, to);
      this.isIdle[e] = this.lo[d]! >= lowerHi && this.hi[d]! <= upperLo;
      for (const held of [this.lo, this.floorLo, this.capLo]) held[d] = Math.min(Math.max(held[d]!, lowerLo), upperLo);
      for (const held of [this.hi, this.floorHi, this.capHi]) held[d] = Math.min(Math.max(held[d]!, lowerHi), upperHi);
    }
  }
}
