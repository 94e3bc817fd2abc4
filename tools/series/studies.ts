/** Which series stand beside which in docs/reference/series.md, and which of their statistics. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ieee33Sites } from '../../src/env/cases/ieee33Sites.ts';
import { columnIndex, readSeriesCsv } from '../../src/env/series/csv.ts';
import { syntheticCarbonKgPerKwh } from '../../src/env/series/generator/carbon.ts';
import { syntheticFrequencyDeviationHz } from '../../src/env/series/generator/frequency.ts';
import { syntheticLoadW } from '../../src/env/series/generator/load.ts';
import { syntheticPricePerMwh } from '../../src/env/series/generator/price.ts';
import { syntheticPvShare } from '../../src/env/series/generator/pv.ts';
import { readGridFrequency } from '../../src/env/series/gridFrequency.ts';
import { readMoerCsv } from '../../src/env/series/moer.ts';
import { ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { readShared, SHARED } from '../../test/support/matpower.ts';
import {
  autocorrelation,
  crossingsPerDay,
  dayCorrelation,
  dayMeans,
  kurtosis,
  mean,
  percentile,
  ramps,
  sd,
  shapeShare,
  spectrumSlope,
  tailIndex,
  type Sample,
} from './statistics.ts';

export interface Column {
  readonly title: string;
  readonly measured: boolean;
  readonly sample: () => Sample;
}

export type Row = readonly [title: string, value: (sample: Sample) => number];

export interface Study {
  readonly id: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Column against which mean days are correlated: the last row of the table. */
  readonly matchedTo: number;
}

/** Everything is generated with this seed. */
const SEED = 1;
const HOUR_MS = 3600000;
const YEAR = 365;

function generated(title: string, days: number, stepsPerDay: number, make: (day: number) => Float64Array): Column {
  return { title, measured: false, sample: () => ({ stepsPerDay, values: joined(days, make) }) };
}

function measured(title: string, stepsPerDay: number, values: () => Float64Array): Column {
  return { title, measured: true, sample: () => ({ stepsPerDay, values: values() }) };
}

function joined(days: number, make: (day: number) => Float64Array): Float64Array {
  const parts = Array.from({ length: days }, (_, day) => make(day));
  const out = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Column of a CityLearn file by name; rows have no time of their own but follow hour upon hour. */
function cityLearn(file: string, column: string): Float64Array {
  const [header = '', ...rows] = readShared(`data/citylearn-2022-phase-1/${file}`).trim().split(/\r?\n/);
  const at = header.split(',').indexOf(column);
  // The first row is the last hour of a day.
  return Float64Array.from(rows.slice(1), (row) => Number(row.split(',')[at]));
}

function rlAdn(column: string): Float64Array {
  const { table } = readSeriesCsv(readShared('data/rl-adn/34-node-2020-09.csv'));
  const at = columnIndex(table, column);
  return Float64Array.from({ length: table.steps }, (_, t) => table.values[t * table.columns.length + at]!);
}

/** Of its own largest value. */
function perPeak(values: Float64Array): Float64Array {
  const peak = values.reduce((a, b) => Math.max(a, b), 0);
  return values.map((x) => x / peak);
}

function everyFourth(values: Float64Array): Float64Array {
  return values.filter((_, t) => t % 4 === 1);
}

const LEVEL: readonly Row[] = [
  ['mean', ({ values }) => mean(values)],
  ['standard deviation', ({ values }) => sd(values)],
  ['1st percentile', ({ values }) => percentile(values, 1)],
  ['median', ({ values }) => percentile(values, 50)],
  ['99th percentile', ({ values }) => percentile(values, 99)],
  ['greatest', ({ values }) => percentile(values, 100)],
  ['kurtosis, excess', ({ values }) => kurtosis(values)],
];

const DAILY: readonly Row[] = [
  ['variance explained by the mean day', shapeShare],
  ['correlation of a day with the mean day', dayCorrelation],
  ['standard deviation of day means', (sample) => sd(dayMeans(sample))],
  ['autocorrelation of day means, 1 day', (sample) => autocorrelation(dayMeans(sample), 1)],
];

const RAMPS: readonly Row[] = [
  ['step change, 1st percentile', ({ values }) => percentile(ramps(values), 1)],
  ['step change, 99th percentile', ({ values }) => percentile(ramps(values), 99)],
  ['step change, standard deviation', ({ values }) => sd(ramps(values))],
  ['step change, kurtosis', ({ values }) => kurtosis(ramps(values))],
];

const TAIL: readonly Row[] = [
  ['spikes a day (rises through twice the median)', (s) => crossingsPerDay(s, 2 * percentile(s.values, 50))],
  ['tail index (Hill, largest 1 %)', ({ values }) => tailIndex(values)],
];

function lags(...all: readonly (readonly [title: string, lag: number])[]): readonly Row[] {
  return all.map(([title, lag]) => [`autocorrelation, ${title}`, ({ values }) => autocorrelation(values, lag)]);
}

const HOURLY_LAGS = lags(['1 h', 1], ['4 h', 4], ['12 h', 12], ['24 h', 24], ['7 days', 168]);

const price: Study = {
  id: 'price',
  columns: [
    measured('RL-ADN, Sept 2020', 24, () => everyFourth(rlAdn('price'))),
    measured('CityLearn tariff', 24, () => cityLearn('pricing.csv', 'electricity_pricing').map((x) => 1000 * x)),
    generated('generated, no spikes', YEAR, 24, (day) =>
      syntheticPricePerMwh({ seed: SEED, day, stepMs: HOUR_MS, spikesPerDay: 0 }),
    ),
    generated('generated', YEAR, 24, (day) => syntheticPricePerMwh({ seed: SEED, day, stepMs: HOUR_MS })),
  ],
  rows: [...LEVEL, ...TAIL, ...DAILY, ...RAMPS, ...HOURLY_LAGS],
  matchedTo: 0,
};

const load: Study = {
  id: 'load',
  columns: [
    ...[1, 2, 3].map((n) =>
      measured(`CityLearn home ${n}`, 24, () => cityLearn(`Building_${n}.csv`, 'non_shiftable_load')),
    ),
    ...[0, 1, 2].map((home) =>
      generated(`generated home ${home}`, YEAR, 24, (day) =>
        syntheticLoadW({ seed: SEED, day, stepMs: HOUR_MS, home }).map((x) => x / 1000),
      ),
    ),
  ],
  rows: [...LEVEL, ...TAIL, ...DAILY, ...RAMPS, ...HOURLY_LAGS],
  matchedTo: 1,
};

const pv: Study = {
  id: 'pv',
  columns: [
    ...[1, 2, 3].map((n) =>
      measured(`CityLearn home ${n}`, 24, () =>
        cityLearn(`Building_${n}.csv`, 'solar_generation').map((x) => x / 1000),
      ),
    ),
    generated('generated home 0', YEAR, 24, (day) => syntheticPvShare({ seed: SEED, day, stepMs: HOUR_MS })),
  ],
  rows: [...LEVEL, ...DAILY, ...RAMPS, ...HOURLY_LAGS],
  matchedTo: 1,
};

const QUARTER_LAGS = lags(['15 min', 1], ['1 h', 4], ['12 h', 48], ['24 h', 96]);
const QUARTER_MS = 900000;
/** Of site 13, the first of the six. */
const FIRST_SITE_BUS = 13;

const feederPv: Study = {
  id: 'feeder-pv',
  columns: [
    measured('RL-ADN, any node', 96, () => perPeak(rlAdn('renewable_active_power_node_13'))),
    generated(`feeder, site ${FIRST_SITE_BUS}`, 30, 96, (day) => {
      // September, as measured: the first of January plus 243 days.
      const series = ieee33Day(day + 243, { stepMs: QUARTER_MS });
      const sites = ieee33Sites();
      return Float64Array.from({ length: 96 }, (_, t) => series.pvW[t * sites.length]! / sites[0]!.pvPeakW);
    }),
  ],
  rows: [...LEVEL, ...DAILY, ...RAMPS, ...QUARTER_LAGS],
  matchedTo: 0,
};

const feederLoad: Study = {
  id: 'feeder-load',
  columns: [
    measured('RL-ADN, sum of 34 nodes', 96, () => perPeak(rlAdnSum())),
    generated('feeder, sum of loads', 30, 96, (day) => {
      const series = ieee33Day(day + 243, { stepMs: QUARTER_MS });
      const buses = series.loadPW.length / 96;
      const sum = (t: number): number => mean(series.loadPW.subarray(t * buses, (t + 1) * buses)) * buses;
      return Float64Array.from({ length: 96 }, (_, t) => sum(t) / 1857500);
    }),
  ],
  rows: [...LEVEL, ...DAILY, ...RAMPS, ...QUARTER_LAGS],
  matchedTo: 0,
};

function rlAdnSum(): Float64Array {
  const { table } = readSeriesCsv(readShared('data/rl-adn/34-node-2020-09.csv'));
  const nodes = Array.from({ length: 34 }, (_, i) => columnIndex(table, `active_power_node_${i + 1}`));
  const at = (t: number, c: number): number => table.values[t * table.columns.length + c]!;
  return Float64Array.from({ length: table.steps }, (_, t) => nodes.reduce((sum, c) => sum + at(t, c), 0));
}

const carbonAverage: Study = {
  id: 'carbon-average',
  columns: [
    measured('CityLearn', 24, () => cityLearn('carbon_intensity.csv', 'carbon_intensity')),
    generated('generated, average', YEAR, 24, (day) =>
      syntheticCarbonKgPerKwh({ seed: SEED, day, stepMs: HOUR_MS, kind: 'average' }),
    ),
  ],
  rows: [...LEVEL, ...DAILY, ...RAMPS, ...HOURLY_LAGS],
  matchedTo: 0,
};

/** Local clock of the measured month: daylight time of California. */
const CALIFORNIA_STEPS = 7 * 12;

const carbonMarginal: Study = {
  id: 'carbon-marginal',
  columns: [
    measured('CAISO, June 2019', 288, () => {
      const gz = readFileSync(join(SHARED, 'data/caiso-moer/2019-06.csv.gz'));
      return readMoerCsv(gunzipSync(gz).toString('utf8')).series.values.slice(CALIFORNIA_STEPS);
    }),
    generated('generated, marginal', 120, 288, (day) => syntheticCarbonKgPerKwh({ seed: SEED, day, stepMs: 300000 })),
  ],
  rows: [
    ...LEVEL,
    ['share of steps at 0', ({ values }) => values.filter((x) => x === 0).length / values.length],
    ['share of steps at the cap', ({ values }) => values.filter((x) => x === 0.66375).length / values.length],
    ...DAILY,
    ...RAMPS,
    ...lags(['5 min', 1], ['15 min', 3], ['1 h', 12], ['2 h', 24], ['6 h', 72], ['24 h', 288]),
  ],
  matchedTo: 0,
};

const milli = (values: Float64Array): Float64Array => values.map((x) => 1000 * x);

const frequency: Study = {
  id: 'frequency',
  columns: [
    measured('GMLC, 12 h', 43200, () =>
      milli(readGridFrequency(readShared('data/grid-frequency/day-1s-first-half.csv')).series.values),
    ),
    ...[0, 2].map((eventsPerDay) =>
      generated(eventsPerDay === 0 ? 'generated, no events' : 'generated', 4, 86400, (day) =>
        milli(syntheticFrequencyDeviationHz({ seed: SEED, day, stepMs: 1000, eventsPerDay })),
      ),
    ),
  ],
  rows: [
    ...LEVEL.filter(([title]) => title !== 'median'),
    ['99th percentile of the magnitude', ({ values }) => percentile(values.map(Math.abs), 99)],
    ['tail index of the magnitude', ({ values }) => tailIndex(values.map(Math.abs))],
    ...RAMPS,
    ...lags(
      ['1 s', 1],
      ['5 s', 5],
      ['10 s', 10],
      ['30 s', 30],
      ['60 s', 60],
      ['120 s', 120],
      ['300 s', 300],
      ['600 s', 600],
    ),
    ['spectrum slope, 0.5 to 3 mHz', ({ values }) => spectrumSlope(values, 1, 0.0005, 0.003)],
    ['spectrum slope, 3 to 15 mHz', ({ values }) => spectrumSlope(values, 1, 0.003, 0.015)],
    ['spectrum slope, 15 to 100 mHz', ({ values }) => spectrumSlope(values, 1, 0.015, 0.1)],
    ['spectrum slope, 100 to 450 mHz', ({ values }) => spectrumSlope(values, 1, 0.1, 0.45)],
    ['mean within 3 min of the full hour, less the mean', ({ values }) => hourMean(values) - mean(values)],
  ],
  matchedTo: -1,
};

function hourMean(values: Float64Array): number {
  return mean(values.filter((_, t) => t % 3600 < 180 || t % 3600 >= 3420));
}

export const STUDIES: readonly Study[] = [
  price,
  load,
  pv,
  carbonAverage,
  carbonMarginal,
  frequency,
  feederLoad,
  feederPv,
];
