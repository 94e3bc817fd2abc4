/**
 * A day-ahead price: hourly, in currency per MWh.
 *
 * price(h) = level(day, h) + swing(day) x shape(h) + noise(h) + spike(h)
 *   level: 43.1 on workdays, 35.9 at weekends, plus a daily autoregressive part (sd 3.2), straight from noon to noon.
 *   shape: morning and evening peaks over a night and an early-afternoon trough, mean 0 over the day.
 *   swing: log-normal, how strong the day's shape is. noise: Ornstein-Uhlenbeck, time constant 3 h, sd 2.9.
 *   spike: a Poisson process; height Pareto from 25 with tail index 2.2, capped at 3000, decaying over 1.5 h.
 * Body matched to the hourly prices of RL-ADN, September 2020. That month has no spike: they are an assumption, and
 * `spikesPerDay: 0` leaves them out. Time is local. See docs/reference/series.md.
 */
import { expReal, normal } from '../../../base/realMath.ts';
import type { RandomStream } from '../../../base/random.ts';
import {
  betweenNoons,
  bumpAt,
  checkRequest,
  dayLevel,
  HOUR_MS,
  isWeekend,
  ouNoise,
  pareto,
  poissonTimes,
  streamOf,
  type DayRequest,
} from './tracks.ts';
import { toStep } from '../scalar.ts';

export interface PriceRequest extends DayRequest {
  /** Mean number of spikes a day; 0.06: two a month. */
  readonly spikesPerDay?: number;
}

const WORKDAY = 43.1;
const WEEKEND = 35.9;
const LEVEL_SD = 3.2;
const LEVEL_KEEP = 0.6;
const SWING_LN_SD = 0.45;
const NOISE_SD = 2.9;
const NOISE_TAU_H = 3;
const SPIKES_PER_DAY = 0.06;
const SPIKE_FROM = 25;
const SPIKE_TAIL = 2.2;
const SPIKE_CAP = 3000;
const SPIKE_DECAY_H = 1.5;
const HOURS = 24;

const SHAPE = centred(Float64Array.from({ length: HOURS }, (_, h) => rawShape(h + 0.5)));

/** 24 h / stepMs prices, currency per MWh. @throws `env.taskArgument`. */
export function syntheticPricePerMwh(request: PriceRequest): Float64Array {
  checkRequest(request, HOUR_MS);
  const { seed, day, stepMs, spikesPerDay = SPIKES_PER_DAY } = request;
  const level = betweenNoons(
    (d) => (isWeekend(d) ? WEEKEND : WORKDAY) + LEVEL_SD * dayLevel(seed, 'price', d, LEVEL_KEEP),
    day,
  );
  const swing = betweenNoons((d) => swingOf(seed, d), day);
  const noise = ouNoise({
    seed,
    purpose: 'price/noise',
    block: day,
    blocks: 1,
    stepsPerBlock: HOURS,
    tauSteps: NOISE_TAU_H,
    draw: normal,
  });
  const price = Float64Array.from(
    { length: HOURS },
    (_, h) => level(h + 0.5) + swing(h + 0.5) * SHAPE[h]! + NOISE_SD * noise[h]!,
  );
  addSpikes(price, streamOf(seed, 'price/spikes', day - 1), spikesPerDay, -HOURS);
  addSpikes(price, streamOf(seed, 'price/spikes', day), spikesPerDay, 0);
  return toStep(price, HOUR_MS, stepMs);
}

function swingOf(seed: number | string, day: number): number {
  const x = normal(streamOf(seed, 'price/swing', day));
  return expReal(SWING_LN_SD * x - (SWING_LN_SD * SWING_LN_SD) / 2);
}

/** The spikes of the day that begins `offsetH` hours from this one's midnight. */
function addSpikes(price: Float64Array, stream: RandomStream, perDay: number, offsetH: number): void {
  for (const at of poissonTimes(stream, perDay / HOURS, HOURS)) {
    const first = Math.floor(at);
    const height = Math.min(SPIKE_CAP, SPIKE_FROM * pareto(stream, SPIKE_TAIL));
    for (let h = Math.max(0, first + offsetH); h < HOURS; h++)
      price[h]! += height * expReal((first + offsetH - h) / SPIKE_DECAY_H);
  }
}

function rawShape(hour: number): number {
  return 12.5 * bumpAt(hour, 8, 2.3) + 17.5 * bumpAt(hour, 19.8, 2.7);
}

function centred(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return values.map((x) => x - mean);
}
