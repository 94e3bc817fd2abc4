/**
 * A daily power schedule as a policy: piecewise-linear in the second of the day, made by hand from relu
 * units, with the state of charge in two-sided envelopes and 0 W as the fallback. The rule-based dispatch
 * baseline, and the smallest useful artifact.
 *
 * x = floor((t - 43200) * 3/4 + 1/2), exact for t a multiple of 4 s. Segment j from (x_j, p_j) to
 * (x_{j+1}, p_{j+1}) is one relu unit that rises from 0 at x_j to its cut at 32767 at x_{j+1}, so
 * y(x) = y_0 + sum_j (y_{j+1} - y_j) / 32767 * h_j(x): errors of one segment do not reach the next.
 */
import { fail } from '../../base/errors.ts';
import { I32_MAX } from '../../base/fixed.ts';
import { MAX_SCALE_SHIFT, POLICY_LIMITS, type DenseLayer, type LoadedPolicy } from '../../contracts/policy/artifact.ts';
import { rowBound } from '../../contracts/policy/checks.ts';
import { buildPolicy } from '../../contracts/policy/codec.ts';
import { createExecutor } from '../../contracts/policy/execute.ts';
import {
  normaliseInput,
  UNIT_INTEGER,
  type EnvelopeSpec,
  type InputSpec,
  type OutputSpec,
  type PolicyInterface,
} from '../../grid/interface.ts';
import { frozen, type FrozenPolicy, type Quantisation } from './frozenPolicy.ts';
import { ratedRange } from './measure.ts';

export interface Schedule {
  /** Seconds of the UTC day, ascending, multiples of 4 in [0, 86400]; before the first and after the last the end values hold. */
  readonly knotsS: readonly number[];
  /** W at each knot, export (discharge) positive, within +-pMaxW. */
  readonly pW: readonly number[];
  /** Rated power, W. */
  readonly pMaxW: number;
  /** At or below: no discharge. 1e-6. */
  readonly socFloorMicro: number;
  /** At or above: no charge. 1e-6. */
  readonly socCeilingMicro: number;
  /** Width over which the bounds open from 0 to pMaxW, 1e-6; default 1. */
  readonly taperMicro?: number;
}

/** A straight piece of the schedule in network units: x in quarter-thirds of a second, y with 32767 = the peak. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly rise: number;
}

const DAY_S = 86400;
const KNOT_STEP_S = 4;
const SOC_ONE = 1000000;
const TIME: InputSpec = { n: 'time.day', u: 's', lo: 0, hi: DAY_S - 1, c: 43200, m: 3, t: 2 };
const SOC: InputSpec = { n: 'soc', u: 'ratio.e-6', lo: 0, hi: SOC_ONE, c: 500000, m: 1, t: 4 };
/** A piece is cut further until rounding its slope costs at most this many counts of y. */
const SLOPE_COUNTS = 2;

/** @throws `freeze.schedule`. */
export function schedulePolicy(schedule: Schedule): FrozenPolicy {
  checkSchedule(schedule);
  const peakW = schedule.pW.reduce((held, p) => Math.max(held, Math.abs(p)), 1);
  const shared = scheduleInterface(schedule, peakW);
  const layers = scheduleLayers(schedule, peakW);
  const artifact = buildPolicy({ interface: shared, layers, head: { kind: 'cont' } });
  return frozen(artifact, measureSchedule(schedule, artifact, boundCounts(layers), peakW));
}

/** The schedule itself, W at second tS: what the policy is measured against. */
export function schedulePower({ knotsS, pW }: Pick<Schedule, 'knotsS' | 'pW'>, tS: number): number {
  const next = knotsS.findIndex((knot) => tS < knot);
  if (next === 0) return pW[0]!;
  if (next < 0) return pW[pW.length - 1]!;
  const [t0, t1, p0, p1] = [knotsS[next - 1]!, knotsS[next]!, pW[next - 1]!, pW[next]!];
  return p0 + ((p1 - p0) * (tS - t0)) / (t1 - t0);
}

function checkSchedule({ knotsS, pW, pMaxW, socFloorMicro, socCeilingMicro, taperMicro = 1 }: Schedule): void {
  need(Number.isSafeInteger(pMaxW) && pMaxW >= 1 && pMaxW <= I32_MAX, 'pMaxW: 1..2^31-1 W', pMaxW);
  need(knotsS.length >= 2 && knotsS.length === pW.length, 'two knots or more, one power each', [
    knotsS.length,
    pW.length,
  ]);
  knotsS.forEach((t, j) => {
    const whole = Number.isSafeInteger(t) && t % KNOT_STEP_S === 0 && t >= 0 && t <= DAY_S;
    need(whole && (j === 0 || t > knotsS[j - 1]!), `knotsS[${j}]: ascending multiples of 4 s in [0, 86400]`, t);
  });
  pW.forEach((p, j) => need(Number.isSafeInteger(p) && Math.abs(p) <= pMaxW, `pW[${j}]: whole W within +-pMaxW`, p));
  const band = [socFloorMicro, taperMicro, socCeilingMicro];
  need(band.every(Number.isSafeInteger) && taperMicro >= 1, 'floor, taper >= 1 and ceiling: integers', band);
  const open =
    socFloorMicro >= 0 && socFloorMicro + taperMicro <= socCeilingMicro - taperMicro && socCeilingMicro <= SOC_ONE;
  need(open, '0 <= floor, floor + taper <= ceiling - taper, ceiling <= 1000000', band);
}

function need(condition: boolean, expected: string, got: unknown): void {
  if (!condition) throw fail('freeze.schedule', { expected, got });
}

function scheduleInterface(schedule: Schedule, peakW: number): PolicyInterface {
  const { pMaxW } = schedule;
  const output: OutputSpec = { n: 'p.set', u: 'w', ...powerScale(peakW), c: 0, lo: -pMaxW, hi: pMaxW };
  return {
    inputs: [TIME, SOC],
    outputs: [output],
    envelopes: [socEnvelope(schedule)],
    fallback: [{ si: 0, r: [0], y: [0], z: 0 }],
    state: [],
  };
}

/** m / 2^t = peakW / 32767 with as many digits as m has room for. */
function powerScale(peakW: number): { m: number; t: number } {
  let t = MAX_SCALE_SHIFT;
  while (Math.floor((peakW * 2 ** t) / UNIT_INTEGER + 0.5) > I32_MAX) t--;
  return { m: Math.floor((peakW * 2 ** t) / UNIT_INTEGER + 0.5), t };
}

/** No discharge at or below the floor, no charge at or above the ceiling; full power in between. */
function socEnvelope({ pMaxW, socFloorMicro, socCeilingMicro, taperMicro = 1 }: Schedule): EnvelopeSpec {
  const knots = [
    { r: socFloorMicro, l: -pMaxW, h: 0 },
    { r: socFloorMicro + taperMicro, l: -pMaxW, h: pMaxW },
    { r: socCeilingMicro - taperMicro, l: -pMaxW, h: pMaxW },
    { r: socCeilingMicro, l: 0, h: pMaxW },
  ].filter(({ r }, j, all) => j === 0 || r > all[j - 1]!.r);
  return { d: 0, sk: 'in', si: 1, r: knots.map(({ r }) => r), l: knots.map(({ l }) => l), h: knots.map(({ h }) => h) };
}

function scheduleLayers({ knotsS, pW }: Schedule, peakW: number): [DenseLayer, DenseLayer] {
  const x = knotsS.map((t) => ((t - TIME.c) * TIME.m) / KNOT_STEP_S);
  const y = pW.map((p) => (p * UNIT_INTEGER) / peakW);
  const segments = x.slice(1).map((to, j): Piece => ({ from: x[j]!, to, rise: y[j + 1]! - y[j]! }));
  const moving = segments.filter(({ rise }) => rise !== 0);
  const narrowest = moving.reduce((held, { from, to }) => Math.min(held, to - from), UNIT_INTEGER);
  const shift = rampShift(narrowest);
  const pieces = moving.flatMap((segment) => cut(segment, shift));
  need(
    pieces.length <= POLICY_LIMITS.width,
    'at most 256 pieces: fewer knots, or no ramp so short beside one so long',
    pieces.length,
  );
  return [rampLayer(pieces, shift), sumLayer(pieces, y[0]!)];
}

/** The largest s with 2^s <= narrowest, so that the steepest weight, ceil(32767 * 2^s / narrowest), is at most 32767. */
function rampShift(narrowest: number): number {
  let shift = 0;
  while (2 ** (shift + 1) <= narrowest) shift++;
  return shift;
}

/**
 * A slope is rounded by up to 2^-s, so over a piece by width/2^s of 32767 of its rise; halving both quarters it.
 * A piece narrower than 2^s would need a weight above 32767.
 */
function cut({ from, to, rise }: Piece, shift: number): Piece[] {
  const cost = (count: number): number => (((to - from) / count / 2 ** shift) * Math.abs(rise)) / count / UNIT_INTEGER;
  const most = Math.floor((to - from) / 2 ** shift);
  let count = 1;
  while (cost(count) > SLOPE_COUNTS && count < most) count++;
  const ends = Array.from({ length: count + 1 }, (_, n) => from + Math.round(((to - from) * n) / count));
  return ends.slice(1).map((end, n) => ({ from: ends[n]!, to: end, rise: (rise * (end - ends[n]!)) / (to - from) }));
}

/** h = clamp((w*(x - from)) >> s, 0, 32767), w rounded up so that h stands at 32767 from `to` on. */
function rampLayer(pieces: readonly Piece[], shift: number): DenseLayer {
  const outSize = Math.max(1, pieces.length);
  const weights = new Int16Array(2 * outSize);
  const bias = new Int32Array(outSize);
  pieces.forEach(({ from, to }, o) => {
    const w = Math.ceil((UNIT_INTEGER * 2 ** shift) / (to - from));
    weights[2 * o] = w;
    bias[o] = -w * from;
  });
  return { inSize: 2, outSize, shift, weights, bias, activation: 'relu', exponent: 0 };
}

/** y = (sum_j v_j*h_j + b) >> s with the largest s that fits; partial sums of v are rounded, not each v. */
function sumLayer(pieces: readonly Piece[], y0: number): DenseLayer {
  const inSize = Math.max(1, pieces.length);
  const xmax = new Int32Array(inSize).fill(UNIT_INTEGER);
  for (let shift = 30; shift >= 0; shift--) {
    const layer: DenseLayer = {
      inSize,
      outSize: 1,
      shift,
      weights: new Int16Array(inSize),
      bias: new Int32Array(1),
      activation: 'identity',
      exponent: 0,
    };
    if (fillSum(layer, pieces, y0) && rowBound(layer, 0, xmax) <= I32_MAX) return layer;
  }
  throw fail('freeze.schedule', { expected: 'a total variation that fits 32-bit sums', got: pieces.length });
}

function fillSum({ weights, bias, shift }: DenseLayer, pieces: readonly Piece[], y0: number): boolean {
  const unit = 2 ** shift;
  const start = Math.round(y0 * unit);
  if (Math.abs(start) > I32_MAX) return false;
  bias[0] = start;
  let risen = 0;
  let placed = 0;
  for (const [o, { rise }] of pieces.entries()) {
    risen += (rise * unit) / UNIT_INTEGER;
    const v = Math.round(risen) - placed;
    if (Math.abs(v) > UNIT_INTEGER) return false;
    weights[o] = v;
    placed += v;
  }
  return true;
}

/** Counts of y by which the network can miss the schedule: slopes, ramp rounding, sum rounding, last rounding. */
function boundCounts([ramp, sum]: readonly [DenseLayer, DenseLayer]): number {
  const unit = 2 ** sum.shift;
  let worst = 0;
  for (let o = 0; o < ramp.outSize; o++) {
    const w = ramp.weights[2 * o]!;
    if (w === 0) continue;
    // h is over by at most width/2^s (slope rounded up), and off by 1/2 (rounding).
    const counts = UNIT_INTEGER / w + 0.5;
    worst = Math.max(worst, (counts * Math.abs(sum.weights[o]!)) / unit);
  }
  return worst + (0.5 * UNIT_INTEGER) / unit + 0.5 / unit + 0.5;
}

/** Against the schedule at every time the input can tell apart, that is at every multiple of 4 s, before the envelopes. */
function measureSchedule(schedule: Schedule, artifact: LoadedPolicy, counts: number, peakW: number): Quantisation {
  const executor = createExecutor(artifact);
  const x = new Int32Array(2);
  const out = new Int32Array(1);
  const range = ratedRange(artifact.interface.outputs[0]!);
  let maxError = 0;
  let sum = 0;
  let points = 0;
  for (let tS = 0; tS < DAY_S; tS += KNOT_STEP_S, points++) {
    x[0] = normaliseInput(TIME, tS);
    executor.inferNetwork(x, out);
    const error = Math.abs(out[0]! - schedulePower(schedule, tS)) / range;
    maxError = Math.max(maxError, error);
    sum += error;
  }
  // counts of y to W, and the last floor
  const bound = Math.min(1, ((counts * peakW) / UNIT_INTEGER + 1) / range);
  return { maxError, meanError: sum / points, points, bound };
}
