/**
 * Deviation of grid frequency from nominal, Hz, at 1 s.
 *
 * df(t) = mean + slow + swing + fast + hour(t) + event(t)
 *   slow: Ornstein-Uhlenbeck, time constant 480 s, sd 10.9 mHz: the balance the market leaves to regulation.
 *   swing: a damped oscillation of period 72 s, sd 6.6 mHz: regulation chasing it. fast: Ornstein-Uhlenbeck, 0.8 s,
 *   sd 1.5 mHz, from heavy-tailed kicks. hour: a dip or lift of about 6 mHz around every full hour, when schedules ramp.
 *   event: loss of a unit or of a load, Poisson, height Pareto from 40 mHz with tail index 2.5, capped at 500 mHz, built
 *   up in seconds and restored in minutes; 4 of 5 downwards.
 * All but the events matched to 12 h of a 60 Hz interconnection (GMLC); that half day has no event: they are an
 * assumption, and `eventsPerDay: 0` leaves them out. See docs/reference/series.md.
 */
import { expReal, normal, uniform } from '../../../base/realMath.ts';
import { fail } from '../../../base/errors.ts';
import type { RandomStream } from '../../../base/random.ts';
import {
  checkRequest,
  HOUR_MS,
  kick,
  ouNoise,
  pareto,
  poissonTimes,
  resonantNoise,
  streamOf,
  type DayRequest,
} from './tracks.ts';
import { toStep } from '../scalar.ts';

export interface FrequencyRequest extends DayRequest {
  /** Whole hours of the day that are wanted; 0 and 24. */
  readonly fromHour?: number;
  readonly toHour?: number;
  /** Mean number of losses of a unit or load a day; 2. */
  readonly eventsPerDay?: number;
}

const NATIVE_MS = 1000;
const HOUR_S = 3600;
const MEAN_HZ = -0.0005;
const SLOW_SD_HZ = 0.0109;
const SLOW_TAU_S = 480;
const SWING_SD_HZ = 0.0066;
const SWING_PERIOD_S = 72;
const SWING_TAU_S = 21;
const FAST_SD_HZ = 0.0015;
const FAST_TAU_S = 0.8;
const HOUR_MEAN_HZ = -0.006;
const HOUR_SD_HZ = 0.006;
const HOUR_WIDTH_S = 240;
const EVENTS_PER_DAY = 2;
const EVENT_FROM_HZ = 0.04;
const EVENT_TAIL = 2.5;
const EVENT_CAP_HZ = 0.5;
const EVENT_RISE_S = 3;
const EVENT_FALL_S = 180;
const DOWN_SHARE = 0.8;

/** Deviations over the hours asked for, Hz; at most 500 steps a second. @throws `env.taskArgument`. */
export function syntheticFrequencyDeviationHz(request: FrequencyRequest): Float64Array {
  checkRequest(request, NATIVE_MS);
  const { seed, day, stepMs, fromHour = 0, toHour = 24, eventsPerDay = EVENTS_PER_DAY } = request;
  checkHours(fromHour, toHour, stepMs);
  const block = day * 24 + fromHour;
  const common = { seed, block, blocks: toHour - fromHour, stepsPerBlock: HOUR_S };
  const slow = ouNoise({ ...common, purpose: 'frequency/slow', tauSteps: SLOW_TAU_S });
  const swing = resonantNoise({
    ...common,
    purpose: 'frequency/swing',
    tauSteps: SWING_TAU_S,
    periodSteps: SWING_PERIOD_S,
  });
  const fast = ouNoise({ ...common, purpose: 'frequency/fast', tauSteps: FAST_TAU_S, draw: heavyKick });
  const out = slow.map((x, t) => MEAN_HZ + SLOW_SD_HZ * x + SWING_SD_HZ * swing[t]! + FAST_SD_HZ * fast[t]!);
  for (let boundary = 0; boundary <= toHour - fromHour; boundary++)
    addHour(out, seed, block + boundary, boundary * HOUR_S);
  for (let hour = -1; hour < toHour - fromHour; hour++)
    addEvents(out, seed, block + hour, hour * HOUR_S, eventsPerDay / 24);
  return toStep(out, NATIVE_MS, stepMs);
}

function checkHours(fromHour: number, toHour: number, stepMs: number): void {
  const whole = Number.isSafeInteger(fromHour) && Number.isSafeInteger(toHour) && fromHour >= 0 && toHour <= 24;
  if (!whole || fromHour >= toHour || HOUR_MS % stepMs !== 0 || stepMs < 2) {
    throw fail('env.taskArgument', {
      expected: 'whole hours 0 <= from < to <= 24, stepMs from 2 that divides an hour',
      got: { fromHour, toHour, stepMs },
    });
  }
}

/** Mean 0, variance 1: one kick in forty is six times as large as the rest. */
function heavyKick(stream: RandomStream): number {
  const wide = stream.next() < 107374182;
  return (wide ? 6 : 1) * 0.7302967433402214 * kick(stream);
}

function addHour(out: Float64Array, seed: number | string, hour: number, centre: number): void {
  const height = HOUR_MEAN_HZ + HOUR_SD_HZ * normal(streamOf(seed, 'frequency/hour', hour));
  const reach = 4 * HOUR_WIDTH_S;
  for (let t = Math.max(0, centre - reach); t < Math.min(out.length, centre + reach); t++) {
    const z = (t - centre) / HOUR_WIDTH_S;
    out[t]! += height * expReal((-z * z) / 2);
  }
}

/** Events of one hour, as far as they reach: exp(-t/fall) - exp(-t/rise). */
function addEvents(out: Float64Array, seed: number | string, hour: number, offset: number, perHour: number): void {
  const stream = streamOf(seed, 'frequency/events', hour);
  for (const at of poissonTimes(stream, perHour, 1)) {
    const height =
      Math.min(EVENT_CAP_HZ, EVENT_FROM_HZ * pareto(stream, EVENT_TAIL)) * (uniform(stream) < DOWN_SHARE ? -1 : 1);
    const start = offset + Math.floor(at * HOUR_S);
    const end = Math.min(out.length, start + HOUR_S);
    for (let t = Math.max(0, start); t < end; t++) {
      out[t]! += height * (expReal((start - t) / EVENT_FALL_S) - expReal((start - t) / EVENT_RISE_S));
    }
  }
}
