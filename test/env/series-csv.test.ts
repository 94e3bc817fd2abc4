import { describe, expect, it } from 'vitest';
import { isGridPactError, type ErrorCode } from '../../src/base/errors.ts';
import { ieee33Sites } from '../../src/env/cases/ieee33Sites.ts';
import { IEEE33 } from '../../src/env/cases/ieee33.ts';
import { parseTimeMs, readSeriesCsv } from '../../src/env/series/csv.ts';
import { measuredSeries, rlAdnSeries, splitDays } from '../../src/env/series/feederSeries.ts';
import { hasShared, readShared } from '../support/matpower.ts';

const sites = ieee33Sites();

function csv(rows: readonly string[], header = 'time,load.2 [kW],pv.13 [MW]'): string {
  return [header, ...rows].join('\n');
}

function code(text: string, options = {}): ErrorCode | 'accepted' {
  try {
    readSeriesCsv(text, options);
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

const HOUR = Array.from({ length: 12 }, (_, i) => `2024-03-01T00:${String(i * 5).padStart(2, '0')}:00Z,${i},0.${i}`);

describe('measured series as CSV', () => {
  it('reads units into W and spaces rows evenly', () => {
    const { table, report } = readSeriesCsv(csv(HOUR));
    expect(table.columns).toEqual(['load.2', 'pv.13']);
    expect([table.startMs, table.stepMs, table.steps]).toEqual([Date.UTC(2024, 2, 1), 300000, 12]);
    expect(Array.from(table.values.subarray(4, 6))).toEqual([2000, 200000]);
    expect(report).toEqual({ issues: [], goodRows: 12, badRows: 0, filledRows: 0 });
  });

  it('names the line of every bad row, of order and of gaps, and holds the last good row', () => {
    const rows = [...HOUR];
    rows[3] = '2024-03-01T00:15:00Z,abc,0.3';
    rows[6] = '2024-03-01T00:25:00Z,6,0.6';
    rows[9] = '2024-02-31T00:45:00Z,8,0.1';
    rows[10] = '2024-03-01T00:51:00Z,8,0.1';
    const { table, report } = readSeriesCsv(csv(rows), { maxBadShare: 0.5 });
    expect(report.issues.map(({ line, code }) => `${line} ${code}`)).toEqual([
      '5 series.row',
      '6 series.gap',
      '8 series.order',
      '9 series.gap',
      '11 series.row',
      '12 series.grid',
      '13 series.gap',
    ]);
    expect([report.goodRows, report.badRows, report.filledRows]).toEqual([8, 4, 4]);
    expect([table.stepMs, table.steps]).toEqual([300000, 12]);
    expect(table.values[3 * 2]).toBe(2000);
  });

  it('refuses garbage by code', () => {
    expect(code('')).toBe('series.header');
    expect(code('when,load.2\n2024-01-01T00:00Z,1')).toBe('series.header');
    expect(code(csv(HOUR, 'time,load.2 [kW],load.2 [kW]'))).toBe('series.header');
    expect(code(csv(HOUR, 'time,load.2 [furlong],pv.13'))).toBe('series.header');
    expect(code(csv(HOUR, 'time,=1+1,pv.13'))).toBe('series.header');
    expect(code(csv(HOUR.slice(0, 1)))).toBe('series.rows');
    expect(code(csv(HOUR.map((row, i) => (i % 3 === 0 ? 'x' : row))))).toBe('series.rows');
    expect(code(csv(HOUR.map((row) => row.replace(/,\d+,/, ',NaN,'))))).toBe('series.rows');
    expect(code(csv([...HOUR, '2033-03-01T00:00:00Z,1,1']))).toBe('series.rows');
  });

  it('reads instants with offsets and refuses dates that do not exist', () => {
    expect(parseTimeMs('2020-09-01 00:15:00+00:00')).toBe(Date.UTC(2020, 8, 1, 0, 15));
    expect(parseTimeMs('2020-09-01T02:15+02:00')).toBe(Date.UTC(2020, 8, 1, 0, 15));
    expect(parseTimeMs('2020-02-29T00:00:00Z')).toBe(Date.UTC(2020, 1, 29));
    expect(parseTimeMs('2021-02-29T00:00:00Z')).toBeUndefined();
    expect(parseTimeMs('2021-02-28T24:00:00Z')).toBeUndefined();
    expect(parseTimeMs('1/2/2020')).toBeUndefined();
    expect(parseTimeMs('2020-13-01T00:00:00Z')).toBeUndefined();
    expect(parseTimeMs('2020-01-01T00:00:00+24:00')).toBeUndefined();
    expect(parseTimeMs('0050-01-01T00:00:00Z')).toBe(Date.parse('0050-01-01T00:00:00Z'));
  });

  it('keeps milliseconds, so that rows of one second do not fall on one instant', () => {
    expect(parseTimeMs('2020-01-01T00:00:00.25Z')).toBe(Date.UTC(2020, 0, 1, 0, 0, 0, 250));
    expect(parseTimeMs('2020-01-01T00:00:00.1234567Z')).toBe(Date.UTC(2020, 0, 1, 0, 0, 0, 123));
    const rows = Array.from({ length: 10 }, (_, i) => `2024-03-01T00:00:00.${i}Z,${i},0`);
    expect(readSeriesCsv(csv(rows)).table).toMatchObject({ stepMs: 100, steps: 10 });
  });

  it('leaves out a number too large to hold', () => {
    const rows = HOUR.map((row, i) => (i === 7 ? row.replace(/,\d+,/, ',9e999,') : row));
    const { table, report } = readSeriesCsv(csv(rows), { maxBadShare: 0.1 });
    expect(report.issues.map(({ line, code: c }) => `${line} ${c}`)).toEqual(['9 series.row', '10 series.gap']);
    expect(table.values.every(Number.isFinite)).toBe(true);
  });

  it('refuses a short file that asks for a table beyond memory', () => {
    const names = Array.from({ length: 60000 }, (_, c) => `c${c}`);
    const row = (second: number): string =>
      `${new Date(Date.UTC(2024, 0, 1) + second * 1000).toISOString()}${',1'.repeat(names.length)}`;
    const text = csv([row(0), row(1), row(2), row(900)], ['time', ...names].join(','));
    expect(code(text)).toBe('series.rows');
  });

  it('refuses instants between the intervals of a day: a day of it would begin after midnight', () => {
    const { table } = readSeriesCsv(csv(HOUR.map((row) => row.replace(':00Z', ':30Z'))));
    expect(() => measuredSeries(table, { network: IEEE33, sites })).toThrow(/series\.rows.*2024-03-01T00:00:30/);
  });

  it('places generic columns on buses, q by nominal power factor, and splits whole days', () => {
    const rows = Array.from({ length: 2 * 96 + 10 }, (_, i) => {
      const t = new Date(Date.UTC(2024, 0, 1, 22, 30) + i * 900000).toISOString().slice(0, 19);
      return `${t}Z,100,0.5`;
    });
    const { table } = readSeriesCsv(csv(rows));
    const series = measuredSeries(table, { network: IEEE33, sites });
    expect([series.stepMs, series.steps]).toEqual([300000, rows.length * 3]);
    expect([series.loadPW[1], series.loadQVar[1], series.pvW[0], series.loadPW[2]]).toEqual([100000, 60000, 500000, 0]);
    const days = splitDays(series);
    expect(days.map((day) => new Date(day.startMs).toISOString())).toEqual([
      '2024-01-02T00:00:00.000Z',
      '2024-01-03T00:00:00.000Z',
    ]);
    expect(days[0]!.steps).toBe(288);
  });
});

describe.skipIf(!hasShared('data/rl-adn'))('RL-ADN 34-node series (needs shared data)', () => {
  const { table, report } = readSeriesCsv(
    hasShared('data/rl-adn') ? readShared('data/rl-adn/34-node-2020-09.csv') : csv(HOUR),
    {
      defaultUnit: 'kW',
    },
  );

  it('is read whole', () => {
    expect(report).toEqual({ issues: [], goodRows: 2880, badRows: 0, filledRows: 0 });
    expect(table.columns.length).toBe(69);
  });

  it('maps nodes 2..33 onto the feeder: 6.482 MW peak to 1.857 MW, negative loads kept and counted', () => {
    const placed = rlAdnSeries(table, { network: IEEE33, sites });
    expect(placed.report.peakSumW / 1e6).toBeCloseTo(6.482, 3);
    expect(placed.report.negativeLoads).toBe(165);
    const { series } = placed;
    expect(series.steps).toBe(2880 * 3);
    expect(series.loadPW[0]).toBe(0);
    const factor = 1857500 / placed.report.peakSumW;
    expect(series.loadPW[33 + 1]! / factor).toBeCloseTo(122564.5, 6);
    expect(series.loadQVar[1]! / series.loadPW[1]!).toBeCloseTo(2.3 / 3.715, 12);
    expect(Math.max(...series.pvW)).toBeCloseTo(sites[0]!.pvPeakW, 6);
    expect(series.loadPW.filter((p) => p < 0).length).toBe(165 * 3);
    expect(splitDays(series).length).toBe(30);
  });

  it('keeps kW as they stand when asked for raw', () => {
    const { series } = rlAdnSeries(table, { network: IEEE33, sites, scale: 'raw', stepMs: 900000 });
    expect(series.steps).toBe(2880);
    expect(series.loadPW[1]).toBeCloseTo(122564.5, 9);
  });
});
