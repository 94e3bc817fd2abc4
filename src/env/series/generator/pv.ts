/**
 * PV output of one home as a share of its rated power, every 5 min, for homes and their dispatch. (The feeder tasks have
 * clouds of their own, in ../synthetic.ts.)
 *
 * pv(t) = 0.87 x clear(hour, day) x haze(day) x (1 - depth x cover(t))
 *   clear: (sine of the sun's elevation at 34 degrees north)^1.25, 1 for a sun overhead; noon is at 12:00 local.
 *   sky of a day: autoregressive over days, cloudier in winter; it sets haze and how much of the day is covered.
 *   cover: a smooth threshold of Ornstein-Uhlenbeck noise, part of 12 min and part of 3 h, the sky shared by all homes
 *   of a seed and a part each home's own: this is what makes ramps.
 * Matched to homes 2 and 3 of CityLearn 2022 phase 1, hourly. See docs/reference/series.md.
 */
import { cosReal, expReal, lnReal, sinReal } from '../../../base/realMath.ts';
import { checkRequest, dayLevel, ouNoise, yearCosine, type DayRequest } from './tracks.ts';
import { toStep } from '../scalar.ts';

export interface PvRequest extends DayRequest {
  /** Which home, integer >= 0; 0. */
  readonly home?: number;
}

const NATIVE_MS = 300000;
const STEPS = 288;
const TWO_PI = 6.283185307179586;
const SIN_LAT = 0.5591929034707469;
const COS_LAT = 0.8290375725550416;
const PEAK = 0.87;
const SKY_KEEP = 0.7;
const DEPTH = 0.85;
const FAST_TAU_STEPS = 2.4;
const SLOW_TAU_STEPS = 36;

/** 24 h / stepMs shares of rated power, 0 to 1. @throws `env.taskArgument`. */
export function syntheticPvShare(request: PvRequest): Float64Array {
  checkRequest(request, NATIVE_MS);
  const { seed, day, stepMs, home = 0 } = request;
  const sky = skyOf(seed, day);
  const haze = 1 - 0.25 * smoothStep(sky / 2 + 0.5);
  const shared = noiseOf(seed, 'shared', day, SLOW_TAU_STEPS);
  const fast = noiseOf(seed, 'fast', day, FAST_TAU_STEPS);
  const own = noiseOf(`${seed}/home-${home}`, 'own', day, FAST_TAU_STEPS);
  const pv = Float64Array.from({ length: STEPS }, (_, t) => {
    const noise = 0.75 * shared[t]! + 0.5 * fast[t]! + 0.43 * own[t]!;
    const cover = smoothStep((noise + 1.6 * sky) / 2 + 0.5);
    return PEAK * clearSky((t + 0.5) / 12, day) * haze * (1 - DEPTH * cover);
  });
  return toStep(pv, NATIVE_MS, stepMs);
}

function noiseOf(seed: number | string, name: string, day: number, tauSteps: number): Float64Array {
  return ouNoise({ seed, purpose: `pv/${name}`, block: day, blocks: 1, stepsPerBlock: STEPS, tauSteps });
}

/** Clear below about -1, overcast above 1. */
function skyOf(seed: number | string, day: number): number {
  return -0.75 + 0.25 * yearCosine(day, 5) + 0.6 * dayLevel(seed, 'pv/sky', day, SKY_KEEP);
}

function smoothStep(x: number): number {
  const u = Math.min(Math.max(x, 0), 1);
  return u * u * (3 - 2 * u);
}

/** sin(elevation) = sin(lat) sin(decl) + cos(lat) cos(decl) cos(hour angle) */
function clearSky(hour: number, day: number): number {
  const declination = 0.4091 * sinReal((TWO_PI * ((day % 365) - 79)) / 365);
  const elevation =
    SIN_LAT * sinReal(declination) + COS_LAT * cosReal(declination) * cosReal((TWO_PI * (hour - 12)) / 24);
  return elevation <= 0 ? 0 : Math.min(1, expReal(1.25 * lnReal(elevation)));
}
