/**
 * Bootstrap, interquartile mean and probability of improvement against numbers worked by hand and against scipy 1.17.1,
 * rliable 1.2.0 and numpy 2.4.6:
 *
 *   x = [0.91, 1.37, 0.42, 2.05, 1.11, 0.77, 1.64, 0.98, 1.23, 3.1, 0.66, 1.49]
 *   scipy.stats.trim_mean(x, .25); rliable.metrics.aggregate_iqm(x[:, None]); np.percentile(x, [2.5, 50, 97.5])
 *   scipy.stats.bootstrap((x,), np.mean, n_resamples=1000000, method='percentile', random_state=1)
 *   scipy.stats.bootstrap((x,), trim_mean at .25, n_resamples=1000000, method='percentile', random_state=2)
 *   rliable.library.get_interval_estimates({'a': x[:, None]}, [mean, iqm], reps=100000): the same to 0.002
 *   crossed: g = y[i[:, :, None], j[:, None, :]] with i, j of rng.integers, percentiles of means of 1 000 000 draws
 */
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  differenceOf,
  estimate,
  improvementOf,
  inShapeOf,
  interquartileMean,
  meanOf,
  quantile,
  resample,
  resampleMeans,
  sampleOf,
  type Sample,
} from '../../../src/agents/evaluation/statistics.ts';

const X = [0.91, 1.37, 0.42, 2.05, 1.11, 0.77, 1.64, 0.98, 1.23, 3.1, 0.66, 1.49];

function intervals(sample: Sample, options = {}) {
  const [drawn] = resample([sample], options);
  return {
    mean: estimate(meanOf(sample.values), drawn!.mean, sample),
    iqm: estimate(interquartileMean(sample.values), drawn!.iqm, sample),
  };
}

describe('interquartile mean', () => {
  it('is that of scipy and rliable, for every remainder of n by 4', () => {
    expect(interquartileMean(X)).toBeCloseTo(1.1816666666666666, 14);
    const first = [1, 2, 3, 4, 5, 7].map((n) => interquartileMean(X.slice(0, n)));
    [0.91, 1.14, 0.9, 1.14, 1.13, 1.16].forEach((expected, i) => expect(first[i]).toBeCloseTo(expected, 14));
  });

  it('forgets the ends: one value gone wild in four changes nothing', () => {
    expect(interquartileMean([1, 2, 3, 1e9])).toBe(2.5);
    expect(interquartileMean([-1e9, 2, 3, 4])).toBe(2.5);
  });
});

describe('quantile', () => {
  it("is numpy's default, linear between neighbours", () => {
    const sorted = [...X].sort((a, b) => a - b);
    expect(quantile(sorted, 0.025)).toBeCloseTo(0.486, 12);
    expect(quantile(sorted, 0.5)).toBeCloseTo(1.17, 12);
    expect(quantile(sorted, 0.975)).toBeCloseTo(2.81125, 12);
    expect([quantile(sorted, 0), quantile(sorted, 1)]).toEqual([0.42, 3.1]);
  });
});

describe('bootstrap', () => {
  it('gives the intervals of scipy and rliable for mean and interquartile mean', () => {
    const { mean, iqm } = intervals(sampleOf([X]), { resamples: 100000 });
    expect(mean.value).toBeCloseTo(1.3108333333333333, 14);
    expect(Math.abs(mean.low! - 0.958333)).toBeLessThan(0.005);
    expect(Math.abs(mean.high! - 1.733333)).toBeLessThan(0.005);
    expect(Math.abs(iqm.low! - 0.873333)).toBeLessThan(0.005);
    expect(Math.abs(iqm.high! - 1.595)).toBeLessThan(0.005);
  });

  it('draws seeds whole: the crossed intervals of numpy on 3 seeds x 4 scenarios', () => {
    const { mean, iqm } = intervals(
      sampleOf([
        [1, 2, 4, 3],
        [1.5, 2.5, 4.25, 2],
        [0.5, 3, 5, 3.5],
      ]),
      { resamples: 100000 },
    );
    expect(mean.value).toBe(2.6875);
    expect([mean.low, mean.high].map((x) => x!.toFixed(1))).toEqual(['1.5', '4.0']);
    expect(iqm.value).toBeCloseTo(2.6666666666666665, 14);
    expect(Math.abs(iqm.low! - 1.25)).toBeLessThan(0.03);
    expect(Math.abs(iqm.high! - 4.25)).toBeLessThan(0.03);
  });

  it('by hand: two scenarios at -1 and +1 give -1, 0, 1 in 1, 2, 1 of 4 draws', () => {
    const sample = sampleOf([[-1, 1]]);
    const { mean } = resample([sample])[0]!;
    const share = (x: number) => mean.filter((y) => y === x).length / mean.length;
    expect(Math.abs(share(-1) - 0.25)).toBeLessThan(0.02);
    expect(Math.abs(share(0) - 0.5)).toBeLessThan(0.02);
    expect(share(-1) + share(0) + share(1)).toBe(1);
    expect(intervals(sample).mean).toEqual({ value: 0, low: -1, high: 1 });
  });

  it('two seeds that differ by 2 on every scenario: the spread is that of the seeds, however many scenarios', () => {
    const row = (x: number) => new Array<number>(200).fill(x);
    const { mean } = intervals(sampleOf([row(0), row(2)]), { resamples: 1000 });
    expect(mean).toEqual({ value: 1, low: 0, high: 2 });
  });

  it('gives a point for what never varies, and no interval for a single scenario', () => {
    expect(intervals(sampleOf([[3, 3, 3]]), { resamples: 50 }).mean).toEqual({ value: 3, low: 3, high: 3 });
    expect(intervals(sampleOf([[3], [4]]), { resamples: 50 }).mean).toEqual({ value: 3.5 });
  });

  it('a resample is the data repeated as often as drawn: its mean and interquartile mean are those of the copies', () => {
    const value = fc.double({ min: -5, max: 5, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 9 }), fc.integer(), (values, seed) => {
        // The mean of n in one place and 0 elsewhere is how often that place was drawn.
        const places = values.map((_, k) => sampleOf([values.map((_, i) => (i === k ? values.length : 0))]));
        const drawn = resample([sampleOf([values]), ...places], { resamples: 20, seed });
        for (let r = 0; r < 20; r++) {
          const copies = values.flatMap((x, k) => new Array<number>(drawn[k + 1]!.mean[r]!).fill(x));
          expect(copies).toHaveLength(values.length);
          expect(drawn[0]!.mean[r]).toBeCloseTo(meanOf(copies), 12);
          expect(drawn[0]!.iqm[r]).toBeCloseTo(interquartileMean(copies), 12);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is seeded, whatever else is resampled beside', () => {
    const [a, b] = [sampleOf([X]), sampleOf([X.map((x) => 2 * x)])];
    expect(resample([a])[0]).toEqual(resample([a, b])[0]);
    expect(resample([a], { seed: 2 })[0]).not.toEqual(resample([a])[0]);
    expect(resampleMeans([a, b])).toEqual(resample([a, b]).map(({ mean }) => mean));
    expect(resample([])).toEqual([]);
  });
});

describe('pairs', () => {
  const a = sampleOf([
    [1, 2, 3, 4],
    [2, 2, 2, 2],
  ]);
  const b = sampleOf([[2, 2, 2, 5]]);

  it('differences are taken scenario by scenario, one row against each seed', () => {
    expect(Array.from(differenceOf(a, b).values)).toEqual([-1, 0, 1, -1, 0, 0, 0, -3]);
    expect(Array.from(inShapeOf(a, b).values)).toEqual([2, 2, 2, 5, 2, 2, 2, 5]);
  });

  it('the probability of improvement counts ties half: 5 of 8', () => {
    expect(Array.from(improvementOf(a, b, 'less').values)).toEqual([1, 0.5, 0, 1, 0.5, 0.5, 0.5, 1]);
    expect(meanOf(improvementOf(a, b, 'less').values)).toBe(0.625);
    expect(meanOf(improvementOf(a, b, 'more').values)).toBe(0.375);
  });

  it('refuses what does not pair up, is empty or is not finite', () => {
    expect(() => differenceOf(b, a)).toThrow(/agents.evaluate/);
    expect(() => differenceOf(a, sampleOf([[1]]))).toThrow(/agents.evaluate/);
    expect(() => resample([a, b])).toThrow(/agents.evaluate/);
    expect(() => sampleOf([])).toThrow(/agents.evaluate/);
    expect(() => sampleOf([[]])).toThrow(/agents.evaluate/);
    expect(() => sampleOf([[1, 2], [1]])).toThrow(/agents.evaluate/);
    expect(() => sampleOf([[1, Number.NaN]])).toThrow(/agents.evaluate/);
  });
});
