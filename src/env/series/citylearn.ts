/**
 * Homes in the folder format of the CityLearn challenge 2022: `schema.json` names for every building a CSV of load and
 * PV, one of prices, one of carbon intensity and one of weather, and gives the ratings of battery and PV.
 *
 *   building CSV   month, hour (1 to 24, the hour that ends), non_shiftable_load kWh per step, solar_generation W per
 *                  kW installed; other columns are not read
 *   pricing        electricity_pricing and its _predicted_1, _2, _3, for 6, 12 and 24 h later, currency per kWh
 *   carbon         carbon_intensity, kg CO2 per kWh
 *   weather        not read: no task here sees it
 *   schema         electrical_storage.attributes capacity kWh, nominal_power kW, efficiency of a round trip: its square
 *                  root is applied each way. pv.attributes.nominal_power kW. Selling pays nothing.
 *
 * The CSVs have no time column. Rows are put on a clock that starts at `startMs`, and go through the reader of ./csv.ts,
 * so what is wrong with a row is reported by file and line, and rows that cannot be read are filled by holding. A
 * row whose month or hour is not that of the clock, or with a load or PV below zero, is reported and kept.
 */
import { fail, isGridPactError } from '../../base/errors.ts';
import type { BatteryModel } from '../physics/battery.ts';
import { columnIndex, readSeriesCsv, type SeriesIssue, type SeriesTable } from './csv.ts';
import { checkHome, type HomeSeries } from './home.ts';

export interface CityLearnIssue {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly code: SeriesIssue['code'] | 'series.clock' | 'series.negative' | 'series.missing';
  readonly message: string;
}

export interface CityLearnOptions {
  /** Building names; all that the schema includes and whose file is given. */
  readonly buildings?: readonly string[];
  /** Clock of the first row; 2016-07-31T23:00, where the challenge's year begins. */
  readonly startMs?: number;
}

/** What is read of a schema. */
interface Schema {
  readonly seconds_per_time_step: number;
  readonly buildings: Readonly<Record<string, Building>>;
}

interface Building {
  readonly include?: boolean;
  readonly energy_simulation: string;
  readonly pricing: string;
  readonly carbon_intensity: string;
  readonly electrical_storage: { readonly attributes: BatteryAttributes };
  readonly pv: { readonly attributes: { readonly nominal_power: number } };
}

interface BatteryAttributes {
  readonly capacity: number;
  readonly efficiency: number;
  readonly nominal_power: number;
}

/** 2016-07-31T23:00. */
const CHALLENGE_START_MS = 1470006000000;
const KILO = 1000;
const SCHEMA = 'schema.json';

/**
 * The homes of a folder, given its files by name. Weather files need not be given.
 * @throws `series.schema` when the schema or a file that all share is missing or malformed; `series.header`,
 * `series.rows`, `env.series` when a table cannot be used.
 */
export function readCityLearn(
  files: ReadonlyMap<string, string>,
  options: CityLearnOptions = {},
): { homes: readonly HomeSeries[]; issues: readonly CityLearnIssue[] } {
  const schema = readSchema(textOf(files, SCHEMA));
  const issues: CityLearnIssue[] = [];
  const reader = new Reader(files, options.startMs ?? CHALLENGE_START_MS, schema.seconds_per_time_step * KILO, issues);
  const wanted =
    options.buildings ?? Object.keys(schema.buildings).filter((name) => isGiven(files, schema, name, issues));
  return { homes: wanted.map((name) => reader.home(name, buildingOf(schema, name))), issues };
}

/** The files that reading those buildings needs, the schema apart. @throws `series.schema`. */
export function cityLearnFiles(schemaText: string, buildings?: readonly string[]): readonly string[] {
  const schema = readSchema(schemaText);
  const names = (buildings ?? Object.keys(schema.buildings)).flatMap((name) => {
    const { energy_simulation, pricing, carbon_intensity } = buildingOf(schema, name);
    return [energy_simulation, pricing, carbon_intensity];
  });
  return [...new Set(names)];
}

function textOf(files: ReadonlyMap<string, string>, name: string): string {
  const text = files.get(name);
  if (text === undefined) throw fail('series.schema', { expected: `a file ${name}`, got: [...files.keys()] });
  return text;
}

function readSchema(text: string): Schema {
  let schema: Partial<Schema>;
  try {
    schema = JSON.parse(text) as Partial<Schema>;
  } catch (cause) {
    throw fail('series.schema', { expected: 'JSON', got: text.slice(0, 80), cause });
  }
  const { seconds_per_time_step: step = 3600, buildings } = schema;
  if (!(Number.isSafeInteger(step) && step > 0) || typeof buildings !== 'object' || buildings === null) {
    throw fail('series.schema', { expected: 'seconds_per_time_step and buildings', got: Object.keys(schema) });
  }
  return { seconds_per_time_step: step, buildings };
}

function buildingOf(schema: Schema, name: string): Building {
  const building = schema.buildings[name];
  const storage = building?.electrical_storage?.attributes;
  const numbers = [
    storage?.capacity,
    storage?.efficiency,
    storage?.nominal_power,
    building?.pv?.attributes?.nominal_power,
  ];
  const paths = [building?.energy_simulation, building?.pricing, building?.carbon_intensity];
  const valid = numbers.every((x) => Number.isFinite(x) && x! >= 0) && paths.every((p) => typeof p === 'string');
  if (building === undefined || !valid) {
    throw fail('series.schema', {
      expected: `${name} with energy_simulation, pricing, carbon_intensity, electrical_storage and pv`,
      got: building ?? Object.keys(schema.buildings),
    });
  }
  return building;
}

/** Data sets are shared without the homes that others are tested on. */
function isGiven(files: ReadonlyMap<string, string>, schema: Schema, name: string, issues: CityLearnIssue[]): boolean {
  const { include = true, energy_simulation: file } = buildingOf(schema, name);
  if (!include) return false;
  if (files.has(file)) return true;
  const before = textOf(files, SCHEMA).split(`"${name}"`)[0]!;
  const line = before.split('\n').length;
  issues.push({ file: SCHEMA, line, code: 'series.missing', message: `no file ${file}; ${name} is left out` });
  return false;
}

class Reader {
  readonly #files: ReadonlyMap<string, string>;
  readonly #startMs: number;
  readonly #stepMs: number;
  readonly #issues: CityLearnIssue[];
  /** Tables that buildings share are read, and their problems reported, once. */
  readonly #tables = new Map<string, SeriesTable>();

  constructor(files: ReadonlyMap<string, string>, startMs: number, stepMs: number, issues: CityLearnIssue[]) {
    this.#files = files;
    this.#startMs = startMs;
    this.#stepMs = stepMs;
    this.#issues = issues;
  }

  home(name: string, building: Building): HomeSeries {
    const file = building.energy_simulation;
    const own = this.#table(file, ['month', 'hour', 'non_shiftable_load', 'solar_generation']);
    const ahead = ['1', '2', '3'].map((k) => `electricity_pricing_predicted_${k}`);
    const prices = this.#table(building.pricing, ['electricity_pricing', ...ahead]);
    const carbon = this.#table(building.carbon_intensity, ['carbon_intensity']);
    this.#checkClock(file, own);
    this.#checkSigns(file, own);
    checkPrices(building.pricing, prices);
    const column = (table: SeriesTable, at: string): Float64Array => columnOf(table, at);
    const load = column(own, 'non_shiftable_load');
    const pv = column(own, 'solar_generation');
    const hours = this.#stepMs / 3600000;
    const pvKw = building.pv.attributes.nominal_power;
    return checkHome({
      name,
      stepMs: this.#stepMs,
      startMs: this.#startMs,
      steps: own.steps,
      loadW: load.map((kwh) => (kwh * KILO) / hours),
      pvW: pv.map((w) => w * pvKw),
      pricePerKwh: column(prices, 'electricity_pricing'),
      exportPricePerKwh: new Float64Array(own.steps),
      carbonKgPerKwh: column(carbon, 'carbon_intensity'),
      priceAhead: { h6: column(prices, ahead[0]!), h12: column(prices, ahead[1]!), h24: column(prices, ahead[2]!) },
      battery: batteryOf(building.electrical_storage.attributes),
      provenance: `CityLearn ${name}, ${file}`,
    });
  }

  #table(file: string, columns: readonly string[]): SeriesTable {
    const known = this.#tables.get(file);
    if (known !== undefined) return known;
    const text = textOf(this.#files, file);
    const { table, report } = inFile(file, () => {
      const read = readSeriesCsv(withClock(text, columns, this.#startMs, this.#stepMs));
      checkEnds(read, text, this.#startMs);
      return read;
    });
    for (const issue of report.issues) this.#issues.push({ file, ...issue });
    this.#tables.set(file, table);
    return table;
  }

  /** The row of an hour is named by the hour that it ends. */
  #checkClock(file: string, table: SeriesTable): void {
    const month = columnOf(table, 'month');
    const hour = columnOf(table, 'hour');
    for (let t = 0; t < table.steps; t++) {
      // A held row has been reported as a gap.
      if (table.lines[t] === table.lines[t - 1]) continue;
      const clock = new Date(this.#startMs + t * this.#stepMs);
      if (month[t] === clock.getUTCMonth() + 1 && hour[t] === clock.getUTCHours() + 1) continue;
      const message = `month ${month[t]}, hour ${hour[t]} where the clock has ${clock.toISOString().slice(0, 16)}; kept`;
      this.#report({ file, line: table.lines[t]!, code: 'series.clock', message });
    }
  }

  #checkSigns(file: string, table: SeriesTable): void {
    for (const name of ['non_shiftable_load', 'solar_generation']) {
      const values = columnOf(table, name);
      for (let t = 0; t < table.steps; t++) {
        if (values[t]! >= 0) continue;
        this.#report({ file, line: table.lines[t]!, code: 'series.negative', message: `${name} below zero; kept` });
      }
    }
  }

  /** A held row repeats the line it was held from. */
  #report(issue: CityLearnIssue): void {
    const last = this.#issues.at(-1);
    if (last?.line !== issue.line || last.code !== issue.code || last.file !== issue.file) this.#issues.push(issue);
  }
}

/** Selling pays nothing, so that a price below zero would make it dearer than buying. */
function checkPrices(file: string, table: SeriesTable): void {
  const price = columnOf(table, 'electricity_pricing');
  const t = price.findIndex((p) => p < 0);
  if (t < 0) return;
  throw fail('series.rows', { expected: 'prices of 0 or more', got: { file, line: table.lines[t], price: price[t] } });
}

/** What `read` throws, with the name of the file. */
function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isGridPactError(cause)) throw cause;
    throw fail(cause.code, { expected: cause.expected, got: { file, found: cause.got }, cause });
  }
}

/** Between good rows a bad one is held; before the first there is nothing to hold, and files would no longer line up. */
function checkEnds({ table, report }: ReturnType<typeof readSeriesCsv>, text: string, startMs: number): void {
  const lines = text.split(/\r?\n/);
  const last = lines.findLastIndex((line) => line.trim() !== '') + 1;
  if (table.startMs === startMs && table.lines.at(-1) === last) return;
  throw fail('series.rows', { expected: 'a first and a last row that can be read', got: report.issues.slice(0, 5) });
}

function columnOf(table: SeriesTable, name: string): Float64Array {
  const c = columnIndex(table, name);
  return Float64Array.from({ length: table.steps }, (_, t) => table.values[t * table.columns.length + c]!);
}

/** The named columns behind a time column, line by line where they stood. @throws `series.header`. */
function withClock(text: string, columns: readonly string[], startMs: number, stepMs: number): string {
  const [header = '', ...rows] = text.split(/\r?\n/);
  const names = header
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((cell) => cell.trim());
  const at = columns.map((name) => names.indexOf(name));
  if (at.includes(-1))
    throw fail('series.header', { expected: `columns ${columns.join(', ')}`, got: header.slice(0, 80) });
  let t = 0;
  const lines = rows.map((row) => {
    if (row.trim() === '') return '';
    const cells = row.split(',');
    return [new Date(startMs + t++ * stepMs).toISOString(), ...at.map((i) => cells[i] ?? '')].join(',');
  });
  return [`time,${columns.join(',')}`, ...lines].join('\n');
}

function batteryOf({ capacity, efficiency, nominal_power: kw }: BatteryAttributes): BatteryModel {
  const oneWay = Math.sqrt(efficiency);
  const ratedWh = capacity * KILO;
  return { pMaxW: kw * KILO, etaCharge: oneWay, etaDischarge: oneWay, eMinWh: 0, eMaxWh: ratedWh, ratedWh };
}
