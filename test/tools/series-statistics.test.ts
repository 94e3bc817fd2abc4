/** docs/reference/series.md holds, cell by cell, what the generators and the measured files give today. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SERIES_DOC, statisticsTable, tableOf } from '../../tools/seriesStatistics.ts';
import { autocorrelation, kurtosis, percentile, spectrumSlope, tailIndex } from '../../tools/series/statistics.ts';
import { STUDIES } from '../../tools/series/studies.ts';
import { RandomStream } from '../../src/base/random.ts';
import { expReal, normal, uniform } from '../../src/base/realMath.ts';
import { hasShared } from '../support/matpower.ts';
import { REPO_ROOT } from '../support/repo.ts';

const page = readFileSync(join(REPO_ROOT, SERIES_DOC), 'utf8');
const DATA = ['citylearn-2022-phase-1', 'rl-adn', 'caiso-moer', 'grid-frequency'];
const withMeasured = DATA.every((folder) => hasShared(`data/${folder}`));

describe(`series page${withMeasured ? '' : ' (no reference data: measured columns not compared)'}`, () => {
  it.each(STUDIES.map((study) => [study.id, study] as const))('%s', (id, study) => {
    const stated = tableOf(page, id);
    const made = statisticsTable(study, withMeasured);
    expect(stated.head).toEqual(made.head);
    expect(stated.rows.map(([title]) => title).slice(0, study.rows.length)).toEqual(study.rows.map(([title]) => title));
    made.rows.forEach((row, r) =>
      row.forEach((cell, c) => {
        if (cell !== '') expect(`${row[0]!} | ${stated.rows[r]![c]!}`).toBe(`${row[0]!} | ${cell}`);
      }),
    );
  });

  /** Study, row, measured column, generated column, greatest difference as a share of the measured value. */
  const close: readonly (readonly [string, string, number, number, number])[] = [
    ['price', 'mean', 1, 3, 0.05],
    ['price', 'standard deviation', 1, 3, 0.1],
    ['price', 'step change, standard deviation', 1, 3, 0.1],
    ['price', 'autocorrelation, 24 h', 1, 3, 0.1],
    ['load', 'mean', 2, 4, 0.1],
    ['load', 'standard deviation', 2, 4, 0.1],
    ['load', '99th percentile', 2, 4, 0.1],
    ['load', 'autocorrelation, 1 h', 2, 5, 0.1],
    ['pv', 'mean', 2, 4, 0.1],
    ['pv', 'standard deviation', 2, 4, 0.1],
    ['pv', 'step change, standard deviation', 2, 4, 0.1],
    ['carbon-average', 'standard deviation', 1, 2, 0.05],
    ['carbon-average', 'autocorrelation, 12 h', 1, 2, 0.1],
    ['carbon-marginal', 'mean', 1, 2, 0.1],
    ['carbon-marginal', 'standard deviation', 1, 2, 0.15],
    ['carbon-marginal', 'autocorrelation, 1 h', 1, 2, 0.1],
    ['frequency', 'standard deviation', 1, 2, 0.05],
    ['frequency', 'step change, standard deviation', 1, 2, 0.05],
    ['frequency', 'autocorrelation, 10 s', 1, 2, 0.05],
    ['frequency', 'autocorrelation, 60 s', 1, 2, 0.05],
    ['frequency', 'autocorrelation, 300 s', 1, 2, 0.05],
    ['frequency', 'spectrum slope, 15 to 100 mHz', 1, 2, 0.1],
  ];
  it.each(close)('%s: %s is near the measured one', (id, title, from, to, share) => {
    const row = tableOf(page, id).rows.find(([name]) => name === title)!;
    const [was, is] = [Number(row[from]), Number(row[to])];
    expect(Math.abs(is - was)).toBeLessThan(share * Math.abs(was));
  });
});

describe('the statistics themselves', () => {
  const stream = RandomStream.fromSeed(3, 'test/statistics');
  const noise = Float64Array.from({ length: 200000 }, () => normal(stream));

  it('know a normal distribution, a uniform one and a power law', () => {
    expect(kurtosis(noise)).toBeCloseTo(0, 1);
    expect(percentile(noise, 97.5)).toBeCloseTo(1.96, 1);
    expect(kurtosis(noise.map(() => uniform(stream)))).toBeCloseTo(-1.2, 1);
    // X = U^(-1/2.5) has P(X > x) = x^-2.5
    const power = noise.map(() => (1 - uniform(stream)) ** (-1 / 2.5));
    expect(tailIndex(power)).toBeGreaterThan(2.3);
    expect(tailIndex(power)).toBeLessThan(2.7);
  });

  it('know an autoregressive process by its autocorrelation and spectrum', () => {
    const keep = expReal(-1 / 50);
    let x = 0;
    const process = noise.map((e) => (x = keep * x + e));
    expect(autocorrelation(process, 50)).toBeCloseTo(expReal(-1), 1);
    // Far above 1/(2 pi 50) Hz power falls as f^-2, far below it is flat.
    expect(spectrumSlope(process, 1, 0.02, 0.1)).toBeCloseTo(-2, 0);
    expect(Math.abs(spectrumSlope(noise, 1, 0.02, 0.4))).toBeLessThan(0.05);
  });
});
