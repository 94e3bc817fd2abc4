/** Setpoints in physical units and the network outputs that stand for them: the inverse of `scaleOutput`. */
import { clamp } from '../../../base/fixed.ts';
import { scaleOutput, UNIT_INTEGER, type InputSpec, type OutputSpec } from '../../../grid/interface.ts';
import { UNIT_SCALE, type Unit } from '../../../grid/units.ts';
import { NETWORK_SCALE } from '../policyPort.ts';

/** What one count x UNIT_SCALE of a unit is called. */
const SI_NAME: Readonly<Record<Unit, string>> = {
  'hz.e-3': 'Hz',
  'hz.e-6': 'Hz',
  w: 'W',
  var: 'var',
  wh: 'Wh',
  'wh.e-3': 'Wh',
  'v.pu.e-6': 'pu',
  'ratio.e-3': '1',
  'ratio.e-6': '1',
  'cur.e-6.per-mwh': 'currency/MWh',
  s: 's',
  ms: 's',
  idx: '1',
};

/** A coordinate as a person reads it. */
export interface Quantity {
  readonly name: string;
  /** Of the real value: 'W', 'Hz', 'pu', '1' ... */
  readonly unit: string;
  /** Real values. */
  readonly low: number;
  readonly high: number;
}

export function quantityOf({ n, u, lo, hi }: InputSpec | OutputSpec): Quantity {
  return { name: n, unit: SI_NAME[u], low: realOf(u, lo), high: realOf(u, hi) };
}

/** Integer counts to the real value. */
export function realOf(unit: Unit, counts: number): number {
  return counts / UNIT_SCALE[unit];
}

/** The action in [-1, 1] whose setpoint, before envelopes, is nearest to the real value; beyond lo or hi the end of the range. */
export function actionFor(spec: OutputSpec, real: number): number {
  const wanted = clamp(real * UNIT_SCALE[spec.u], spec.lo, spec.hi);
  // p = floor((y m + 2^(t-1)) / 2^t) + c, solved for y
  // An output of one value: any action gives it.
  if (spec.m === 0) return 0;
  const middle = Math.floor(((wanted - spec.c) * 2 ** spec.t) / spec.m + 0.5);
  let best = clamp(middle, -UNIT_INTEGER, UNIT_INTEGER);
  for (const y of [best - 1, best + 1]) {
    if (Math.abs(y) <= UNIT_INTEGER && distance(spec, y, wanted) < distance(spec, best, wanted)) best = y;
  }
  return best / NETWORK_SCALE;
}

function distance(spec: OutputSpec, y: number, wanted: number): number {
  return Math.abs(scaleOutput(spec, y) - wanted);
}
