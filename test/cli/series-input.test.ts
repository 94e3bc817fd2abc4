import { describe, it, expect } from 'vitest';
import { loadSeries, type SeriesRequest } from '../../src/cli/seriesInput.ts';
import { readFileSync } from 'node:fs';
import { isTestDay, SYNTHETIC_EPOCH_MS } from '../../src/env/series/synthetic.ts';
import { ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { DAY_MS } from '../../src/grid/interval.ts';
import { sharedFile } from '../support/repo.ts';

const REQUEST: SeriesRequest = { file: undefined, start: 0, days: 1, scale: 'feeder', intervals: undefined };
const RL_ADN = sharedFile('data', 'rl-adn', '34-node-2020-09.csv');

describe('synthetic days of a simulation', () => {
  it('are test days, the first as it stands', async () => {
    const { series } = await loadSeries({ ...REQUEST, start: 1 });
    const day = (series.startMs - SYNTHETIC_EPOCH_MS) / DAY_MS;
    expect(isTestDay(day)).toBe(true);
    expect(series.loadPW).toEqual(ieee33Day(day).loadPW);
  });

  it('follow each other end to end and may be cut short', async () => {
    const { series, report } = await loadSeries({ ...REQUEST, days: 2, intervals: 300 });
    expect(series.steps).toBe(300);
    expect(report).toMatchObject({ source: 'synthetic', days: 2, steps: 300 });
    expect(series.pvW.slice(288 * 6)).toEqual(ieee33Day(9).pvW.slice(0, 12 * 6));
  });
});

describe.skipIf(RL_ADN === undefined)('the RL-ADN distribution (needs shared data)', () => {
  const request = { ...REQUEST, file: RL_ADN };

  it('every load below zero is named with its line and columns', async () => {
    const { report } = await loadSeries(request);
    expect(report).toMatchObject({ source: 'rl-adn', goodRows: 2880, badRows: 0, filledRows: 0 });
    const lines = readFileSync(RL_ADN!, 'utf8').split('\n');
    const names = lines[0]!.split(',');
    let below = 0;
    lines.slice(1).forEach((line, i) => {
      const cells = line.split(',');
      const bad = names.filter((_, c) => c >= 2 && c <= 33 && Number(cells[c]) < 0);
      below += bad.length;
      const issue = report.issues.find((one) => one.line === i + 2);
      expect(issue?.message).toBe(bad.length === 0 ? undefined : `below zero, kept: ${bad.join(', ')}`);
    });
    expect(report.negativeLoads).toBe(below);
    expect(below).toBeGreaterThan(0);
  });

  it('days are those of the file; one too many is a usage error', async () => {
    const { series } = await loadSeries({ ...request, start: 29 });
    expect(new Date(series.startMs).toISOString()).toBe('2020-09-30T00:00:00.000Z');
    await expect(loadSeries({ ...request, start: 29, days: 2 })).rejects.toThrow(/cli\.usage.*at most 30/);
  });

  it('raw: the powers of the file, in W', async () => {
    const { series } = await loadSeries({ ...request, scale: 'raw' });
    expect(series.loadPW[1]).toBeCloseTo(122564.5, 6);
  });
});
