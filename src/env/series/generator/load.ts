/**
 * Load of one household, W: a base that never sleeps, heating and cooling that follow the season, and appliances.
 *
 * load(t) = size x [ base + climate(day) x climateShape(h) x (1 + noise) ] + appliances(t)
 *   size: a home's own, log-normal. climate: larger in summer and (less) in winter, with a daily autoregressive part.
 *   appliances: a Poisson process whose rate follows the hour (more in the morning, most in the evening, flatter and
 *   higher at weekends); each use has a log-normal power and an exponential length and runs on past midnight.
 * Matched to homes 1 to 3 of CityLearn 2022 phase 1 taken together, hourly. Time is local. See docs/reference/series.md.
 */
import { expReal, normal, uniform } from '../../../base/realMath.ts';
import {
  betweenNoons,
  bumpAt,
  checkRequest,
  dayLevel,
  exponential,
  isWeekend,
  ouNoise,
  poissonTimes,
  streamOf,
  yearCosine,
  type DayRequest,
} from './tracks.ts';
import { toStep } from '../scalar.ts';

export interface LoadRequest extends DayRequest {
  /** Which home, integer >= 0: its size, habits and luck are its own, the climate is shared. 0. */
  readonly home?: number;
}

/** The generator's own step. */
const NATIVE_MS = 300000;
const STEPS = 288;
const BASE_W = 200;
const SIZE_LN_SD = 0.12;
const CLIMATE_W = 540;
const CLIMATE_LN_SD = 0.65;
const CLIMATE_KEEP = 0.9;
const NOISE_SD = 0.35;
const NOISE_TAU_STEPS = 36;
const USES_PER_DAY = 5.5;
const WEEKEND_USES = 1.18;
const USE_W = 1450;
const USE_LN_SD = 0.4;
const USE_HOURS = 1;
/** Uses longer than this do not occur, so that only the day before can reach into a day. */
const LONGEST_H = 6;

/** 24 h / stepMs powers, W, positive consumes. @throws `env.taskArgument`. */
export function syntheticLoadW(request: LoadRequest): Float64Array {
  checkRequest(request, NATIVE_MS);
  const { seed, day, stepMs, home = 0 } = request;
  const own = `${seed}/home-${home}`;
  const size = expReal(SIZE_LN_SD * normal(streamOf(own, 'load/size', 0)));
  const climate = betweenNoons((d) => climateOf(seed, own, d), day);
  const noise = ouNoise({
    seed: own,
    purpose: 'load/noise',
    block: day,
    blocks: 1,
    stepsPerBlock: STEPS,
    tauSteps: NOISE_TAU_STEPS,
  });
  const load = Float64Array.from({ length: STEPS }, (_, t) => {
    const hour = (t + 0.5) / 12;
    const heat = climate(hour) * climateShape(hour) * Math.max(0.1, 1 + NOISE_SD * noise[t]!);
    return size * (BASE_W + CLIMATE_W * heat);
  });
  addUses(load, own, day - 1, -24);
  addUses(load, own, day, 0);
  return toStep(load, NATIVE_MS, stepMs);
}

/** Mean about 1: summer over winter over spring, and a part of each day's own, half of it the neighbourhood's. */
function climateOf(seed: number | string, own: string, day: number): number {
  const season = 0.82 + 0.42 * yearCosine(day, 210) + 0.28 * yearCosine(2 * day, 20);
  const x =
    0.7 * dayLevel(seed, 'load/climate', day, CLIMATE_KEEP) + 0.714 * dayLevel(own, 'load/climate', day, CLIMATE_KEEP);
  return Math.max(0.15, season) * expReal(CLIMATE_LN_SD * x - (CLIMATE_LN_SD * CLIMATE_LN_SD) / 2);
}

function climateShape(hour: number): number {
  return 0.4 + 1.25 * bumpAt(hour, 18.5, 4.5);
}

/** Chance of a use beginning, relative to its largest. */
function useShape(hour: number, weekend: boolean): number {
  const evening = bumpAt(hour, 19, 2.8);
  return 0.2 + (weekend ? 0.45 : 0.3) * bumpAt(hour, 10.5, 3.5) + 0.55 * evening;
}

/** Thinned from the largest rate; the draws of a use are made whether or not it is kept. */
function addUses(load: Float64Array, own: string, day: number, offsetH: number): void {
  const stream = streamOf(own, 'load/uses', day);
  const weekend = isWeekend(day);
  const perHour = (USES_PER_DAY * (weekend ? WEEKEND_USES : 1)) / 24 / 0.43;
  for (const at of poissonTimes(stream, perHour, 24)) {
    const kept = uniform(stream) < useShape(at, weekend);
    const powerW = USE_W * expReal(USE_LN_SD * normal(stream) - (USE_LN_SD * USE_LN_SD) / 2);
    const hours = Math.min(LONGEST_H, USE_HOURS * exponential(stream));
    if (kept) spread(load, powerW, at + offsetH, at + offsetH + hours);
  }
}

/** Adds a power between two hours, in proportion to how much of each step it covers. */
function spread(load: Float64Array, powerW: number, fromH: number, toH: number): void {
  const from = Math.max(0, fromH * 12);
  const to = Math.min(load.length, toH * 12);
  for (let t = Math.floor(from); t < to; t++) load[t]! += powerW * (Math.min(to, t + 1) - Math.max(from, t));
}
