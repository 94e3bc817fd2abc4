/**
 * What the generators of synthetic series are made of: random tracks that can be asked for any day alone. Every
 * purpose and day has a random stream of its own, so day d is the same whether or not any other day was made, and
 * runs on into day d + 1: what remembers is warmed up on the days (or hours) before it.
 * Only + - * /, sqrt and base/realMath: the same bits on every engine.
 */
import { RandomStream } from '../../../base/random.ts';
import { cosReal, expReal, lnReal, normal, uniform } from '../../../base/realMath.ts';
import { fail } from '../../../base/errors.ts';
import { DAY_MS } from '../../../grid/interval.ts';

export interface DayRequest {
  readonly seed: number | string;
  /** Day index, integer >= 0; day 0 is 2023-01-01, a Sunday. `trainDay` and `testDay` of synthetic.ts part them. */
  readonly day: number;
  /** Divides a day, and divides or is a multiple of the generator's own step. */
  readonly stepMs: number;
}

export const HOUR_MS = 3600000;
const TWO_PI = 6.283185307179586;

/** @throws `env.taskArgument`. */
export function checkRequest({ day, stepMs }: DayRequest, nativeMs: number): void {
  const fits = stepMs > 0 && DAY_MS % stepMs === 0 && (stepMs % nativeMs === 0 || nativeMs % stepMs === 0);
  if (!Number.isSafeInteger(day) || day < 0 || !fits) {
    throw fail('env.taskArgument', {
      expected: `day >= 0, stepMs that divides a day and divides or is a multiple of ${nativeMs}`,
      got: { day, stepMs },
    });
  }
}

/** The one stream of a purpose and a key, usually a day; days before 0 exist as what day 0 remembers. */
export function streamOf(seed: number | string, purpose: string, key: number | string): RandomStream {
  return RandomStream.fromSeed(`${seed}/${key}`, `series/${purpose}`);
}

/** Uniform with mean 0 and variance 1: cheap, and normal enough once filtered. */
export function kick(stream: RandomStream): number {
  return (stream.next() / 4294967296 - 0.5) * 3.4641016151377544;
}

const LEVEL_MEMORY_DAYS = 14;

/**
 * A number a day with mean 0 and variance 1, first-order autoregressive over days with factor `keep`: a moving
 * average of the last 15 days' own draws, so that no day before them is needed.
 */
export function dayLevel(seed: number | string, purpose: string, day: number, keep: number): number {
  let sum = 0;
  let squares = 0;
  let weight = 1;
  for (let j = 0; j <= LEVEL_MEMORY_DAYS; j++) {
    sum += weight * normal(streamOf(seed, `${purpose}/level`, day - j));
    squares += weight * weight;
    weight *= keep;
  }
  return sum / Math.sqrt(squares);
}

/** `level` of a day holds at noon and runs straight to the next noon: no step at midnight. Hour in [0, 24). */
export function betweenNoons(level: (day: number) => number, day: number): (hour: number) => number {
  const [before, now, after] = [level(day - 1), level(day), level(day + 1)];
  return (hour) =>
    hour < 12 ? before + ((now - before) * (hour + 12)) / 24 : now + ((after - now) * (hour - 12)) / 24;
}

export interface NoiseOptions {
  readonly seed: number | string;
  readonly purpose: string;
  /** First block, and how many follow each other; a block is whatever has a stream of its own: a day, an hour. */
  readonly block: number;
  readonly blocks: number;
  readonly stepsPerBlock: number;
  /** Time constant in steps; a block should hold several. */
  readonly tauSteps: number;
  /** Draw with mean 0 and variance 1; `kick`. */
  readonly draw?: (stream: RandomStream) => number;
}

/** Ornstein-Uhlenbeck noise of variance 1 at `blocks * stepsPerBlock` steps, warmed up on the block before. */
export function ouNoise(options: NoiseOptions): Float64Array {
  const keep = expReal(-1 / options.tauSteps);
  const drive = Math.sqrt(1 - keep * keep);
  let x = 0;
  return filtered(options, (shock) => (x = keep * x + drive * shock));
}

/**
 * A damped oscillation kicked at every step, variance 1: autocorrelation exp(-k/tau) (cos wk + ...), period in steps.
 *   x_t = 2 r cos(w) x_{t-1} - r^2 x_{t-2} + g e_t,  r = exp(-1/tau)
 */
export function resonantNoise(options: NoiseOptions & { readonly periodSteps: number }): Float64Array {
  const w = TWO_PI / options.periodSteps;
  const r2 = expReal(-2 / options.tauSteps);
  const a = 2 * Math.sqrt(r2) * cosReal(w);
  // var x = g^2 (1 + r^2) / ((1 - r^2) (1 + r^4 - 2 r^2 cos 2w))
  const drive = Math.sqrt(((1 - r2) * (1 + r2 * r2 - 2 * r2 * cosReal(2 * w))) / (1 + r2));
  let x = 0;
  let old = 0;
  return filtered(options, (shock) => {
    const next = a * x - r2 * old + drive * shock;
    old = x;
    return (x = next);
  });
}

function filtered(options: NoiseOptions, step: (shock: number) => number): Float64Array {
  const { seed, purpose, block, blocks, stepsPerBlock, draw = kick } = options;
  const out = new Float64Array(blocks * stepsPerBlock);
  for (let b = -1; b < blocks; b++) {
    const stream = streamOf(seed, purpose, block + b);
    for (let t = 0; t < stepsPerBlock; t++) {
      const value = step(draw(stream));
      if (b >= 0) out[b * stepsPerBlock + t] = value;
    }
  }
  return out;
}

/** A Gaussian bump of height 1 on the clock face; hours. */
export function bumpAt(hour: number, at: number, width: number): number {
  const d = hour - at;
  const wrapped = d > 12 ? d - 24 : d < -12 ? d + 24 : d;
  return expReal(-(wrapped * wrapped) / (2 * width * width));
}

/** Cosine of the year with its peak on `peakDay`. */
export function yearCosine(day: number, peakDay: number): number {
  return cosReal((TWO_PI * ((day - peakDay) % 365)) / 365);
}

/** Saturday or Sunday: day 0 is a Sunday. */
export function isWeekend(day: number): boolean {
  const weekday = ((day % 7) + 7) % 7;
  return weekday === 0 || weekday === 6;
}

/** Mean 1. */
export function exponential(stream: RandomStream): number {
  return -lnReal(1 - uniform(stream));
}

/** At least 1, P(X > x) = x^-tail. */
export function pareto(stream: RandomStream, tail: number): number {
  return expReal(exponential(stream) / tail);
}

/** Times of a Poisson process over [0, span), `rate` per unit of span. */
export function poissonTimes(stream: RandomStream, rate: number, span: number): number[] {
  const times: number[] = [];
  if (!(rate > 0)) return times;
  for (let t = exponential(stream) / rate; t < span; t += exponential(stream) / rate) times.push(t);
  return times;
}
