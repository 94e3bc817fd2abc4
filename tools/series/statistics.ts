/** Statistics of an evenly spaced series, for docs/reference/series.md. Each is a number; NaN where it does not apply. */

export interface Sample {
  readonly values: Float64Array;
  readonly stepsPerDay: number;
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function moment(values: ArrayLike<number>, power: number): number {
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - centre) ** power;
  return sum / values.length;
}

export function sd(values: ArrayLike<number>): number {
  return Math.sqrt(moment(values, 2));
}

/** Excess: 0 for a normal distribution. */
export function kurtosis(values: ArrayLike<number>): number {
  return moment(values, 4) / moment(values, 2) ** 2 - 3;
}

/** Linear between ranks. */
export function percentile(values: Float64Array, p: number): number {
  const sorted = values.slice().sort();
  const at = (p / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  const high = sorted[Math.ceil(at)]!;
  return low + (high - low) * (at - Math.floor(at));
}

export function ramps(values: Float64Array): Float64Array {
  return Float64Array.from({ length: values.length - 1 }, (_, t) => values[t + 1]! - values[t]!);
}

/** At a lag in steps. */
export function autocorrelation(values: Float64Array, lag: number): number {
  const centre = mean(values);
  let sum = 0;
  for (let t = 0; t + lag < values.length; t++) sum += (values[t]! - centre) * (values[t + lag]! - centre);
  return sum / (values.length - lag) / moment(values, 2);
}

export function correlation(a: Float64Array, b: Float64Array): number {
  const [ma, mb] = [mean(a), mean(b)];
  let sum = 0;
  for (let t = 0; t < a.length; t++) sum += (a[t]! - ma) * (b[t]! - mb);
  return sum / a.length / (sd(a) * sd(b));
}

function days({ values, stepsPerDay }: Sample): Float64Array[] {
  const count = Math.floor(values.length / stepsPerDay);
  return Array.from({ length: count }, (_, d) => values.subarray(d * stepsPerDay, (d + 1) * stepsPerDay));
}

/** Mean over days, step by step. */
export function meanDay(sample: Sample): Float64Array {
  const all = days(sample);
  return Float64Array.from({ length: sample.stepsPerDay }, (_, t) => mean(all.map((day) => day[t]!)));
}

/** Share of the variance that the mean day explains. */
export function shapeShare(sample: Sample): number {
  return moment(meanDay(sample), 2) / moment(sample.values, 2);
}

/** Mean correlation of a day with the mean day; days that never change are left out. */
export function dayCorrelation(sample: Sample): number {
  const shape = meanDay(sample);
  const moving = days(sample).filter((day) => sd(day) > 0);
  return mean(moving.map((day) => correlation(day, shape)));
}

export function dayMeans(sample: Sample): Float64Array {
  return Float64Array.from(days(sample), (day) => mean(day));
}

/** Hill estimator over the largest 1 % of the values: P(X > x) ~ x^-index. */
export function tailIndex(values: Float64Array): number {
  const sorted = values.slice().sort().reverse();
  const k = Math.max(5, Math.floor(sorted.length / 100));
  const from = sorted[k]!;
  let sum = 0;
  for (let i = 0; i < k; i++) sum += Math.log(sorted[i]! / from);
  return k / sum;
}

/** Times a day that the series rises through a level. */
export function crossingsPerDay({ values, stepsPerDay }: Sample, level: number): number {
  let count = 0;
  for (let t = 1; t < values.length; t++) if (values[t]! > level && values[t - 1]! <= level) count++;
  return (count * stepsPerDay) / values.length;
}

/** Least-squares slope of log power density over log frequency between two frequencies (Welch, Hann, half overlap). */
export function spectrumSlope(values: Float64Array, stepS: number, fromHz: number, toHz: number): number {
  const n = 4096;
  const power = welch(values, n);
  const x: number[] = [];
  const y: number[] = [];
  for (let k = 1; k < n / 2; k++) {
    const f = k / (n * stepS);
    if (f < fromHz || f >= toHz) continue;
    x.push(Math.log(f));
    y.push(Math.log(power[k]!));
  }
  const [mx, my] = [mean(x), mean(y)];
  const over = x.reduce((sum, xi, i) => sum + (xi - mx) * (y[i]! - my), 0);
  return over / x.reduce((sum, xi) => sum + (xi - mx) ** 2, 0);
}

function welch(values: Float64Array, n: number): Float64Array {
  const power = new Float64Array(n / 2);
  for (let at = 0; at + n <= values.length; at += n / 2) {
    const part = values.slice(at, at + n);
    const centre = mean(part);
    const re = part.map((x, t) => (x - centre) * (0.5 - 0.5 * Math.cos((2 * Math.PI * t) / n)));
    const im = new Float64Array(n);
    fft(re, im);
    for (let k = 0; k < n / 2; k++) power[k]! += re[k]! * re[k]! + im[k]! * im[k]!;
  }
  return power;
}

/** In place, radix 2. */
function fft(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n / 2;
    for (; (j & bit) !== 0; bit /= 2) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    [re[i], re[j]] = [re[j]!, re[i]!];
    [im[i], im[j]] = [im[j]!, im[i]!];
  }
  for (let size = 2; size <= n; size *= 2) {
    for (let k = 0; k < size / 2; k++) {
      const angle = (-2 * Math.PI * k) / size;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      for (let a = k; a < n; a += size) {
        const b = a + size / 2;
        const [x, y] = [re[b]! * c - im[b]! * s, re[b]! * s + im[b]! * c];
        re[b] = re[a]! - x;
        im[b] = im[a]! - y;
        re[a]! += x;
        im[a]! += y;
      }
    }
  }
}
