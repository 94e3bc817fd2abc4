/** Readers of CAISO marginal emissions, GMLC grid frequency and scalar CSV: the given files by their figures, damage by line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import { readGridFrequency, scaleToP99 } from '../../src/env/series/gridFrequency.ts';
import { readMoerCsv } from '../../src/env/series/moer.ts';
import { quantile, readScalarCsv, resample, type ScalarSeries } from '../../src/env/series/scalar.ts';
import { hasShared, readShared, SHARED } from '../support/matpower.ts';

const MOER = 'data/caiso-moer/2019-06.csv.gz';
const FREQUENCY = 'data/grid-frequency/day-1s-first-half.csv';

function outcome(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;
const least = (values: Float64Array): number => values.reduce((a, b) => Math.min(a, b), Infinity);
const greatest = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b), -Infinity);

describe.skipIf(!hasShared(MOER))('CAISO marginal emissions, June 2019', () => {
  const { series, report } = readMoerCsv(gunzipSync(readFileSync(join(SHARED, MOER))).toString('utf8'));

  it('has 32 days of 5 min with 36 forecast steps and nothing wrong', () => {
    expect([series.values.length, series.stepMs, series.horizon]).toEqual([9216, 300000, 36]);
    expect(new Date(series.startMs).toISOString()).toBe('2019-05-31T00:00:00.000Z');
    expect(series.forecast).toHaveLength(9216 * 36);
    expect(report).toEqual({ issues: [], goodRows: 9216, badRows: 0, filledRows: 0 });
  });

  it('has the figures of the file', () => {
    expect(series.values[0]).toBe(0.11080418570825);
    expect(series.forecast[36 + 1]).toBe(0.10705081749274914);
    expect([least(series.values), greatest(series.values)]).toEqual([0, 0.66375]);
    expect(mean(series.values)).toBeCloseTo(0.22607, 5);
    expect(series.values.filter((x) => x === 0)).toHaveLength(495);
  });
});

describe('marginal emissions, damaged', () => {
  const rows = Array.from({ length: 12 }, (_, i) => `2024-03-01T00:${String(i * 5).padStart(2, '0')}:00Z,0.${i},0.5`);
  const file = (changed: readonly string[], header = 'time,moer,f1'): string => [header, ...changed].join('\n');

  it('keeps what is implausible and names its line', () => {
    const changed = [...rows];
    changed[4] = '2024-03-01T00:20:00Z,-0.1,0.5';
    changed[7] = '2024-03-01T00:35:00Z,0.7,99';
    const { series, report } = readMoerCsv(file(changed));
    expect(report.issues.map(({ line, code }) => `${line} ${code}`)).toEqual(['6 series.range', '9 series.range']);
    expect(series.values[4]).toBe(-0.1);
    expect(series.forecast[7]).toBe(99);
  });

  it('refuses other columns', () => {
    expect(outcome(() => readMoerCsv(file(rows, 'time,moer,f2')))).toBe('series.header');
    expect(outcome(() => readMoerCsv(file(rows, 'time,co2,f1')))).toBe('series.header');
    expect(
      outcome(() =>
        readMoerCsv(
          file(
            rows.map((row) => row.replace(/,0\.5$/, '')),
            'time,moer',
          ),
        ),
      ),
    ).toBe('accepted');
  });
});

describe.skipIf(!hasShared(FREQUENCY))('GMLC grid frequency, first half of a day', () => {
  const text = hasShared(FREQUENCY) ? readShared(FREQUENCY) : '';

  it('has 12 h of seconds, within 54 mHz of 60 Hz, and nothing wrong', () => {
    const { series, report } = readGridFrequency(text);
    expect(report).toEqual({ issues: [], goodRows: 43200, badRows: 0, filledRows: 0 });
    expect([series.values.length, series.stepMs, series.unit]).toEqual([43200, 1000, 'Hz']);
    expect(greatest(series.values)).toBeCloseTo(0.054, 9);
    expect(least(series.values)).toBeCloseTo(-0.045, 9);
    expect(mean(series.values)).toBeCloseTo(-0.0017282, 6);
    expect(quantile(series.values.map(Math.abs), 0.99)).toBeCloseTo(0.0312, 9);
    expect(readGridFrequency(text, { place: 2 }).series.values).toEqual(series.values);
  });

  it('is scaled by 6.41 to a p99 of 0.2 Hz', () => {
    const { series, factor } = scaleToP99(readGridFrequency(text).series);
    expect(factor).toBeCloseTo(0.2 / 0.0312, 6);
    expect(quantile(series.values.map(Math.abs), 0.99)).toBeCloseTo(0.2, 12);
    expect(greatest(series.values)).toBeCloseTo((0.054 * 0.2) / 0.0312, 6);
  });

  it('finds seconds that were taken out or put in twice', () => {
    const lines = text.split('\n');
    const cut = [...lines.slice(0, 20000), ...lines.slice(20060)].join('\n');
    const gap = readGridFrequency(cut);
    expect(gap.report.issues.map(({ line, code }) => `${line} ${code}`)).toEqual(['20001 series.gap']);
    expect([gap.series.values.length, gap.report.filledRows]).toEqual([43200, 60]);
    const twice = [...lines.slice(0, 5000), ...lines.slice(4990)].join('\n');
    expect(readGridFrequency(twice).report).toMatchObject({ badRows: 9, filledRows: 0 });
    // The last of the ten copies is one second off: less than rounding and slack.
    expect(readGridFrequency(twice).series.values).toHaveLength(43201);
  });

  it('starts where the file starts', () => {
    const { series } = readGridFrequency(text.split('\n').slice(7200).join('\n'));
    expect([series.startMs, series.values.length]).toEqual([7200000, 36000]);
  });
});

describe('grid frequency, damaged', () => {
  const rows = Array.from({ length: 100 }, (_, t) => `${(t / 3600).toFixed(8)},1.0001,1.0002,1,1`);

  it('reports every bad row with its line', () => {
    const changed = [...rows];
    changed[10] = '0.0028,1.0,1.0,1';
    changed[20] = '0.0055,abc,1,1,1';
    changed[30] = '0.0083,60.01,1,1,1';
    changed[40] = '-1,1,1,1,1';
    changed[50] = '0.0001,1,1,1,1';
    const { report } = readGridFrequency(changed.join('\r\n'), { maxBadShare: 0.1 });
    expect(report.issues.map(({ line, code }) => `${line} ${code}`)).toEqual([
      '11 series.row',
      '21 series.row',
      '31 series.range',
      // Three rows were lost by now: more than rounding and slack explain.
      '32 series.gap',
      '41 series.row',
      '51 series.order',
    ]);
    expect(outcome(() => readGridFrequency(changed.join('\n'), { maxBadShare: 0.04 }))).toBe('series.rows');
    expect(outcome(() => readGridFrequency(''))).toBe('series.rows');
  });

  it('reads 50 Hz and the other place', () => {
    const { series } = readGridFrequency(rows.join('\n'), { nominalHz: 50, place: 2 });
    expect(series.values[5]).toBeCloseTo(0.01, 12);
  });
});

describe('scalar CSV', () => {
  const text = [
    'time,price [EUR/MWh],tariff [$/kWh],carbon [g/kWh],load [kW],f [mHz]',
    '2024-03-01T00:00:00Z,51.2,0.2,230,1.1,-12',
    '2024-03-01T01:00:00Z,-3,0.2,180,0.4,7',
    '2024-03-01T02:00:00Z,8,0.3,190,0.5,9',
  ].join('\n');

  it('brings units in the header to one each', () => {
    const read = (options: Parameters<typeof readScalarCsv>[1]): number[] => [
      ...readScalarCsv(text, options).series.values,
    ];
    expect(read({ unit: '/MWh', column: 'price' })).toEqual([51.2, -3, 8]);
    expect(read({ unit: '/MWh', column: 'tariff' })).toEqual([200, 200, 300]);
    expect(read({ unit: 'kg/kWh' })).toEqual([0.23, 0.18, 0.19]);
    expect(read({ unit: 'W' })).toEqual([1100, 400, 500]);
    expect(read({ unit: 'Hz' }).map((x) => x.toFixed(12))).toEqual([
      '-0.012000000000',
      '0.007000000000',
      '0.009000000000',
    ]);
  });

  it('refuses a column that is absent, ambiguous, of another unit or of none it knows', () => {
    expect(outcome(() => readScalarCsv(text, { unit: '/MWh' }))).toBe('series.header');
    expect(outcome(() => readScalarCsv(text, { unit: 'W', column: 'price' }))).toBe('series.header');
    expect(outcome(() => readScalarCsv(text, { unit: 'W', column: 'x' }))).toBe('series.header');
    expect(outcome(() => readScalarCsv(text, { unit: 'var' }))).toBe('series.header');
    expect(outcome(() => readScalarCsv(text.replace('g/kWh', 'lb/MWh'), { unit: 'W' }))).toBe('series.header');
    expect(outcome(() => readScalarCsv(text.replace('EUR/MWh', 'EURO/MWh'), { unit: 'W' }))).toBe('series.header');
    expect(outcome(() => readScalarCsv(text.replace('[kW]', '[EURkW]'), { unit: 'W' }))).toBe('series.header');
  });

  it('refuses a file beyond all bounds before it reads it', () => {
    expect(outcome(() => readScalarCsv(' '.repeat(250000001), { unit: 'W' }))).toBe('series.rows');
    expect(outcome(() => readGridFrequency(' '.repeat(250000001)))).toBe('series.rows');
  });
});

describe('resampling', () => {
  const series: ScalarSeries = {
    unit: 'Hz',
    startMs: 0,
    stepMs: 1000,
    values: Float64Array.of(0, 2, 4, 1, 7),
    provenance: '',
  };

  it('averages, holds, or draws lines', () => {
    expect([...resample(series, 2000).values]).toEqual([1, 2.5]);
    expect([...resample(series, 500).values]).toEqual([0, 0, 2, 2, 4, 4, 1, 1, 7, 7]);
    expect([...resample(series, 500, 'linear').values]).toEqual([0, 1, 2, 3, 4, 2.5, 1, 4, 7, 7]);
    expect(resample(series, 20, 'linear').values).toHaveLength(250);
    expect(resample(series, 1000).values).toEqual(series.values);
  });

  it('refuses steps that do not fit', () => {
    for (const step of [0, -1000, NaN, 300, 1500, 6000, 1e-9]) {
      expect(outcome(() => resample(series, step))).toBe('env.taskArgument');
    }
  });

  it('keeps the mean', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 6, maxLength: 60 }), (list) => {
        const whole = list.slice(0, list.length - (list.length % 6));
        const given = { ...series, values: Float64Array.from(whole) };
        for (const step of [500, 2000, 3000, 6000]) {
          expect(mean(resample(given, step).values)).toBeCloseTo(mean(given.values), 12);
        }
      }),
    );
  });

  it('refuses to scale what never moves', () => {
    expect(outcome(() => scaleToP99({ ...series, values: new Float64Array(5) }))).toBe('env.taskArgument');
  });
});

describe('damage', () => {
  const moer = [
    'time,moer,f1',
    '2024-03-01T00:00:00Z,0.2,0.3',
    '2024-03-01T00:05:00Z,0.2,0.3',
    '2024-03-01T00:10:00Z,0.2,0.3',
  ];
  const frequency = Array.from({ length: 20 }, (_, t) => `${(t / 3600).toFixed(8)},1.0001,1.0002,1,1`);
  const readers = [
    { name: 'marginal emissions', sound: moer.join('\n'), read: readMoerCsv },
    { name: 'grid frequency', sound: frequency.join('\n'), read: (text: string) => readGridFrequency(text) },
    {
      name: 'scalar',
      sound: moer.join('\n').replace('moer', 'moer [kg/kWh]'),
      read: (text: string) => readScalarCsv(text, { unit: 'kg/kWh' }),
    },
  ];

  it.each(readers)(
    '$name: any text gives a finite series that accounts for every row, or a code',
    ({ sound, read }) => {
      const hole = fc.tuple(
        fc.nat({ max: sound.length }),
        fc.nat({ max: 8 }),
        fc.oneof(fc.string(), fc.constantFrom('\n', ',', '9e999', '-', '\u0000')),
      );
      const broken = fc
        .array(hole, { maxLength: 4 })
        .map((holes) =>
          holes.reduce((text, [at, length, put]) => text.slice(0, at) + put + text.slice(at + length), sound),
        );
      const bytes = fc.uint8Array({ maxLength: 300 }).map((b) => new TextDecoder('latin1').decode(b));
      fc.assert(
        fc.property(fc.oneof({ weight: 4, arbitrary: broken }, fc.string(), bytes), (text) => {
          let result;
          try {
            result = read(text);
          } catch (error) {
            if (isGridPactError(error) && error.code.startsWith('series.')) return;
            throw error;
          }
          const { series, report } = result;
          expect(series.values.every(Number.isFinite)).toBe(true);
          expect(series.values.length).toBe(report.goodRows + report.filledRows);
          const rows = text.split(/\r?\n/).filter((line) => line.trim() !== '').length;
          expect(report.goodRows + report.badRows).toBe(rows - (text.includes('time') ? 1 : 0));
        }),
        { numRuns: 1500 },
      );
    },
  );
});
