/**
 * Synthetic days for a feeder: seeded, documented, the same bits on every engine (only + - * /, sqrt and the
 * functions of base/realMath are used).
 *
 * Load of bus b = nominal_b x scale x season(day) x level(day) x shape(hour) x (1 + noise_b).
 *   shape: base 0.42 plus bumps at 7:45, 13:00 and 19:30, scaled so that its greatest value is 1 (evening).
 *   season: 1 in mid January, 0.82 in mid July. level: uniform 0.92..1 per day.
 *   noise_b: first-order autoregressive, time constant 1 h, standard deviation 8 %. Power factor as nominal.
 * PV of site s = peak_s x clear(hour, day) x transmittance_s.
 *   clear: (sine of the sun's elevation at 15 degrees latitude)^1.15, scaled to 1 at midsummer noon (12:00 UTC).
 *   transmittance: 1 - depth x cover(z_s - threshold); z_s = sqrt(rho) shared + sqrt(1-rho) local, both
 *   autoregressive with time constant 12 min: fast clouds, partly common to the feeder. A day is clear
 *   (probability 0.35), broken (0.45) or overcast (0.2), which sets threshold and depth.
 *
 * Days are indexed; day d is 2023-01-01 + d, its random stream is that of (seed, d) alone. A day is a test day
 * when d mod 5 = 4, else a training day: `trainDay` and `testDay` enumerate the two and cannot meet.
 */
import { cosReal, expReal, lnReal, sinReal, uniform } from '../../base/realMath.ts';
import { RandomStream } from '../../base/random.ts';
import { DAY_MS } from '../../grid/interval.ts';
import type { Asset } from '../../grid/asset.ts';
import type { Network } from '../../grid/network.ts';
import { fail } from '../../base/errors.ts';
import type { FeederSeries } from './series.ts';

export interface SyntheticDayOptions {
  readonly seed: number | string;
  /** Day index, integer >= 0. */
  readonly day: number;
  readonly network: Network;
  readonly sites: readonly Asset[];
  /** Load peak as a share of nominal load; default 0.5. */
  readonly scale?: number;
  /** Divides a day; default 300 000. */
  readonly stepMs?: number;
}

/** 2023-01-01T00:00:00Z. */
export const SYNTHETIC_EPOCH_MS = 1672531200000;
const TEST_EVERY = 5;
const TWO_PI = 6.283185307179586;
const MS_PER_HOUR = 3600000;
const MS_PER_MINUTE = 60000;

const NOISE_TIME_CONSTANT_MIN = 60;
const NOISE_SD = 0.08;
const CLOUD_TIME_CONSTANT_MIN = 12;
const CLOUD_SHARED = 0.6;
const MIN_LOAD_FACTOR = 0.05;

interface Weather {
  readonly until: number;
  readonly threshold: number;
  readonly depth: number;
}
/** Cumulative probability, where cloud begins in standard deviations, how much light it takes. */
const WEATHERS: readonly Weather[] = [
  { until: 0.35, threshold: 2.2, depth: 0.5 },
  { until: 0.8, threshold: 0.1, depth: 0.65 },
  { until: 1, threshold: -1.6, depth: 0.75 },
];

/** The i-th training day, i >= 0. */
export function trainDay(i: number): number {
  return i + Math.floor(i / (TEST_EVERY - 1));
}

/** The i-th test day, i >= 0. */
export function testDay(i: number): number {
  return TEST_EVERY * i + TEST_EVERY - 1;
}

export function isTestDay(day: number): boolean {
  return day % TEST_EVERY === TEST_EVERY - 1;
}

/** One day. @throws `env.taskArgument`. */
export function syntheticDay(options: SyntheticDayOptions): FeederSeries {
  const { seed, day, network, sites, scale = 0.5, stepMs = 300000 } = options;
  if (!Number.isSafeInteger(day) || day < 0 || !(stepMs > 0) || DAY_MS % stepMs !== 0 || !(scale >= 0)) {
    throw fail('env.taskArgument', {
      expected: 'day >= 0, stepMs dividing a day, scale >= 0',
      got: { day, stepMs, scale },
    });
  }
  const stream = RandomStream.fromSeed(`${seed}/${day}`, 'series/synthetic');
  const steps = DAY_MS / stepMs;
  const buses = network.buses.length;
  const series = {
    stepMs,
    startMs: SYNTHETIC_EPOCH_MS + day * DAY_MS,
    steps,
    loadPW: new Float64Array(steps * buses),
    loadQVar: new Float64Array(steps * buses),
    pvW: new Float64Array(steps * sites.length),
    provenance: `synthetic day ${day}, seed ${seed}, scale ${scale}`,
  };
  fillLoad(series, network, stream, scale * season(day) * (0.92 + 0.08 * uniform(stream)));
  fillPv(series, sites, stream, day);
  return series;
}

/** A u32 as uniform with mean 0 and variance 1: cheap, and normal enough after the filters below. */
function kick(u32: number): number {
  return (u32 / 4294967296 - 0.5) * 3.4641016151377544;
}

function fillLoad(series: FeederSeries, network: Network, stream: RandomStream, level: number): void {
  const buses = network.buses.length;
  const shape = loadShape(series.steps, series.stepMs);
  const keep = expReal(-series.stepMs / (NOISE_TIME_CONSTANT_MIN * MS_PER_MINUTE));
  const drive = Math.sqrt(1 - keep * keep);
  const nominalP = Float64Array.from(network.buses, (bus) => bus.loadPW);
  const nominalQ = Float64Array.from(network.buses, (bus) => bus.loadQVar);
  const { loadPW, loadQVar } = series;
  const draws = new Uint32Array(buses);
  stream.fill(draws);
  const noise = Float64Array.from(draws, kick);
  for (let t = 0; t < series.steps; t++) {
    stream.fill(draws);
    const now = level * shape[t]!;
    const row = t * buses;
    for (let b = 0; b < buses; b++) {
      const x = keep * noise[b]! + drive * kick(draws[b]!);
      noise[b] = x;
      const varied = 1 + NOISE_SD * x;
      const factor = now * (varied > MIN_LOAD_FACTOR ? varied : MIN_LOAD_FACTOR);
      loadPW[row + b] = nominalP[b]! * factor;
      loadQVar[row + b] = nominalQ[b]! * factor;
    }
  }
}

function season(day: number): number {
  return 0.91 + 0.09 * cosReal((TWO_PI * ((day % 365) - 15)) / 365);
}

const SHAPES = new Map<number, Float64Array>();

function loadShape(steps: number, stepMs: number): Float64Array {
  const known = SHAPES.get(stepMs);
  if (known !== undefined) return known;
  const shape = Float64Array.from({ length: steps }, (_, t) => rawShape(((t + 0.5) * stepMs) / MS_PER_HOUR));
  const peak = shape.reduce((a, b) => Math.max(a, b), 0);
  for (let t = 0; t < steps; t++) shape[t]! /= peak;
  SHAPES.set(stepMs, shape);
  return shape;
}

function rawShape(hour: number): number {
  return 0.36 + 0.22 * bump(hour, 7.75, 1.6) + 0.12 * bump(hour, 13, 2.5) + 0.56 * bump(hour, 19.5, 2.2);
}

function bump(hour: number, at: number, width: number): number {
  const d = hour - at;
  const wrapped = d > 12 ? d - 24 : d < -12 ? d + 24 : d;
  return expReal(-(wrapped * wrapped) / (2 * width * width));
}

function fillPv(series: FeederSeries, sites: readonly Asset[], stream: RandomStream, day: number): void {
  const draw = uniform(stream);
  const weather = WEATHERS.find((w) => draw < w.until)!;
  const keep = expReal(-series.stepMs / (CLOUD_TIME_CONSTANT_MIN * MS_PER_MINUTE));
  const drive = Math.sqrt(1 - keep * keep);
  const own = Math.sqrt(1 - CLOUD_SHARED);
  const common = Math.sqrt(CLOUD_SHARED);
  const local = Float64Array.from(sites, () => kick(stream.next()));
  let shared = kick(stream.next());
  const clear = clearDay(series.steps, series.stepMs, day);
  const draws = new Uint32Array(1 + sites.length);
  for (let t = 0; t < series.steps; t++) {
    stream.fill(draws);
    shared = keep * shared + drive * kick(draws[0]!);
    for (let s = 0; s < sites.length; s++) {
      const x = keep * local[s]! + drive * kick(draws[s + 1]!);
      local[s] = x;
      const cover = smoothStep(common * shared + own * x - weather.threshold);
      series.pvW[t * sites.length + s] = sites[s]!.pvPeakW * clear[t]! * (1 - weather.depth * cover);
    }
  }
}

/** 0 below -0.5, 1 above 0.5, smooth between: a cloud edge. */
function smoothStep(x: number): number {
  const u = Math.min(Math.max(x + 0.5, 0), 1);
  return u * u * (3 - 2 * u);
}

/** Latitude 15 degrees. sin(elevation) = sin(lat) sin(decl) + cos(lat) cos(decl) cos(hour angle) */
const SIN_LAT = 0.25881904510252074;
const COS_LAT = 0.9659258262890683;
/** The sun passes overhead at this latitude. */
const NOON_MAX = 1;

/** Clear-sky shares by step length and day of the year: the sun is the same for every seed. */
const CLEAR = new Map<number, Float64Array[]>();

function clearDay(steps: number, stepMs: number, day: number): Float64Array {
  const days = CLEAR.get(stepMs) ?? [];
  CLEAR.set(stepMs, days);
  const declination = 0.4091 * sinReal((TWO_PI * ((day % 365) - 79)) / 365);
  const sine = SIN_LAT * sinReal(declination);
  const cosine = COS_LAT * cosReal(declination);
  return (days[day % 365] ??= Float64Array.from({ length: steps }, (_, t) =>
    clearSky(((t + 0.5) * stepMs) / MS_PER_HOUR, sine, cosine),
  ));
}

/** `sine`, `cosine`: the parts of the elevation that the day decides. */
function clearSky(hour: number, sine: number, cosine: number): number {
  const hourAngle = (TWO_PI * (hour - 12)) / 24;
  const elevation = sine + cosine * cosReal(hourAngle);
  return elevation <= 0 ? 0 : Math.min(1, expReal(1.15 * lnReal(elevation / NOON_MAX)));
}
