/**
 * The commonest case, one rotor with one fleet by the trapezoidal rule, several times faster than the general way and
 * bit for bit the same, for up to LONE_STATES states: everything that changes from step to step is in local variables. See FrequencySimulator,
 * whose names these are, for the reasons; its arrays are read at the start of a run and written at the end.
 */
import type { TrapezoidalStep } from './linearSystem.ts';

export const LONE_STATES = 4;

export interface LoneFleet {
  readonly x: Float64Array;
  readonly forced: Float64Array;
  readonly xIntegral: Float64Array;
  /** All of length 1, or by piece of the one curve. */
  readonly powerPu: Float64Array;
  readonly storedPuS: Float64Array;
  readonly pIntegral: Float64Array;
  readonly setpointPu: Float64Array;
  readonly gain: Float64Array;
  readonly seen: Float64Array;
  readonly piece: Int32Array;
  readonly knots: Float64Array;
  readonly intercepts: Float64Array;
  readonly slopes: Float64Array;
  readonly inputs: number;
  readonly port: number;
  readonly perLag: number;
  readonly ramp: number;
  readonly pMax: number;
  readonly eMin: number;
  readonly eMax: number;
  readonly emptyGain: number;
  readonly fullGain: number;
  readonly perDischarged: number;
  readonly perCharged: number;
  /** Scratch: a reciprocal by piece. */
  readonly perPiece: Float64Array;
}

/** `steps` steps, frequency deviations to `trace` if given. */
export function runLone(lone: LoneFleet, step: TrapezoidalStep, steps: number, trace: Float64Array | undefined): void {
  const { x, xIntegral, knots, intercepts, slopes, perPiece } = lone;
  const { perLag, ramp, pMax, eMin, eMax, emptyGain, fullGain, perDischarged, perCharged } = lone;
  const { phi, gamma, dtS: h } = step;
  const n = x.length;
  // States that do not exist stay 0.
  const a00 = cell(phi, n, 0, 0);
  const a01 = cell(phi, n, 0, 1);
  const a02 = cell(phi, n, 0, 2);
  const a03 = cell(phi, n, 0, 3);
  const a10 = cell(phi, n, 1, 0);
  const a11 = cell(phi, n, 1, 1);
  const a12 = cell(phi, n, 1, 2);
  const a13 = cell(phi, n, 1, 3);
  const a20 = cell(phi, n, 2, 0);
  const a21 = cell(phi, n, 2, 1);
  const a22 = cell(phi, n, 2, 2);
  const a23 = cell(phi, n, 2, 3);
  const a30 = cell(phi, n, 3, 0);
  const a31 = cell(phi, n, 3, 1);
  const a32 = cell(phi, n, 3, 2);
  const a33 = cell(phi, n, 3, 3);
  const f0 = lone.forced[0]!;
  const f1 = 1 < n ? lone.forced[1]! : 0;
  const f2 = 2 < n ? lone.forced[2]! : 0;
  const f3 = 3 < n ? lone.forced[3]! : 0;
  const half0 = 0.5 * gamma[lone.port]!;
  const half1 = 1 < n ? 0.5 * gamma[1 * lone.inputs + lone.port]! : 0;
  const half2 = 2 < n ? 0.5 * gamma[2 * lone.inputs + lone.port]! : 0;
  const half3 = 3 < n ? 0.5 * gamma[3 * lone.inputs + lone.port]! : 0;
  let x0 = x[0]!;
  let x1 = 1 < n ? x[1]! : 0;
  let x2 = 2 < n ? x[2]! : 0;
  let x3 = 3 < n ? x[3]! : 0;
  let sum0 = xIntegral[0]!;
  let sum1 = 1 < n ? xIntegral[1]! : 0;
  let sum2 = 2 < n ? xIntegral[2]! : 0;
  let sum3 = 3 < n ? xIntegral[3]! : 0;
  const gain = lone.gain[0]!;
  const setpoint = lone.setpointPu[0]!;
  const halfH = h / 2;
  const kappa = halfH * perLag;
  const share = 1 / (1 + kappa);
  const steep = kappa * gain * share;
  const reach = half0;
  for (let k = 0; k < slopes.length; k++) perPiece[k] = 1 / (1 - reach * steep * slopes[k]!);
  const rampStep = halfH * ramp;
  let j = lone.piece[0]!;
  let seen = lone.seen[0]!;
  let p = lone.powerPu[0]!;
  let stored = lone.storedPuS[0]!;
  let delivered = lone.pIntegral[0]!;

  for (let k = 0; k < steps; k++) {
    const room = (stored - eMin) * emptyGain;
    const space = (eMax - stored) * fullGain;
    const high = room < pMax ? room : pMax;
    const low = -(space < pMax ? space : pMax);
    while (seen > knots[j]!) j++;
    while (j > 0 && seen < knots[j - 1]!) j--;
    const wanted = gain * (intercepts[j]! + slopes[j]! * seen) + setpoint;
    const asked = wanted > high ? high : wanted < low ? low : wanted;
    const rate = (asked - p) * perLag;
    const q = p + halfH * (rate > ramp ? ramp : rate < -ramp ? -ramp : rate);
    const rampHigh = q + rampStep;
    const rampLow = q - rampStep;
    const limitHigh = (q + kappa * high) * share;
    const limitLow = (q + kappa * low) * share;
    const base = (q + kappa * setpoint) * share;
    const top = limitHigh > rampHigh ? rampHigh : limitHigh < rampLow ? rampLow : limitHigh;
    const bottom = limitLow > rampHigh ? rampHigh : limitLow < rampLow ? rampLow : limitLow;

    const elsewhere = f0 + a00 * x0 + a01 * x1 + a02 * x2 + a03 * x3 + half0 * p;
    const next1 = f1 + a10 * x0 + a11 * x1 + a12 * x2 + a13 * x3 + half1 * p;
    const next2 = f2 + a20 * x0 + a21 * x1 + a22 * x2 + a23 * x3 + half2 * p;
    const next3 = f3 + a30 * x0 + a31 * x1 + a32 * x2 + a33 * x3 + half3 * p;
    let way = 0;
    for (;;) {
      seen = (elsewhere + reach * (base + steep * intercepts[j]!)) * perPiece[j]!;
      if (way >= 0 && seen > knots[j]!) {
        way = 1;
        j++;
      } else if (way <= 0 && j > 0 && seen < knots[j - 1]!) {
        way = -1;
        j--;
      } else break;
    }
    const line = base + steep * (intercepts[j]! + slopes[j]! * seen);
    const p1 = line > top ? top : line < bottom ? bottom : line;
    seen = elsewhere + reach * p1;
    const y1 = next1 + half1 * p1;
    const y2 = next2 + half2 * p1;
    const y3 = next3 + half3 * p1;
    sum0 += halfH * (x0 + seen);
    sum1 += halfH * (x1 + y1);
    sum2 += halfH * (x2 + y2);
    sum3 += halfH * (x3 + y3);
    x0 = seen;
    x1 = y1;
    x2 = y2;
    x3 = y3;
    const energy = halfH * (p + p1);
    delivered += energy;
    stored -= energy > 0 ? energy * perDischarged : energy * perCharged;
    p = p1;
    if (trace !== undefined) trace[k] = seen;
  }

  // What does not exist lies outside the arrays, where writes do nothing.
  x[0] = x0;
  xIntegral[0] = sum0;
  x[1] = x1;
  xIntegral[1] = sum1;
  x[2] = x2;
  xIntegral[2] = sum2;
  x[3] = x3;
  xIntegral[3] = sum3;
  lone.piece[0] = j;
  lone.seen[0] = seen;
  lone.powerPu[0] = p;
  lone.storedPuS[0] = stored;
  lone.pIntegral[0] = delivered;
}

function cell(phi: Float64Array, n: number, i: number, c: number): number {
  return i < n && c < n ? phi[i * n + c]! : 0;
}
