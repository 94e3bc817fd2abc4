/**
 * From tables to feeder series.
 *
 * `measuredSeries`: columns `load.<bus id>` (required for none; a bus without one consumes nothing), `q.<bus id>`
 * (else q = p x the bus's nominal ratio), `pv.<bus id>` for the sites' buses.
 * `rlAdnSeries`: the RL-ADN distribution (34 nodes, kW) mapped onto the 33-bus feeder.
 */
import { fail } from '../../base/errors.ts';
import type { Asset } from '../../grid/asset.ts';
import { DAY_MS } from '../../grid/interval.ts';
import type { Network } from '../../grid/network.ts';
import { columnIndex, type SeriesTable } from './csv.ts';
import type { FeederSeries } from './series.ts';

export interface PlaceOptions {
  readonly network: Network;
  readonly sites: readonly Asset[];
  /** Divides or equals the table's step; the table's values are held. Default 300 000. */
  readonly stepMs?: number;
}

export interface RlAdnOptions extends PlaceOptions {
  /**
   * `feeder` (default): loads divided by the peak of the 34-node sum and brought to a peak of 0.5 x nominal; PV
   * columns divided by their own peak and brought to the sites' PV peak. `raw`: kW as in the file.
   */
  readonly scale?: 'feeder' | 'raw';
}

export interface RlAdnReport {
  /** Peak of the sum over the file's nodes, W: what loads are divided by. */
  readonly peakSumW: number;
  /** Peak of the sum over the mapped nodes after scaling, W. */
  readonly feederPeakW: number;
  /** Load values below zero (back-feed inside a node): kept as they are. */
  readonly negativeLoads: number;
}

const RL_ADN_NODES = 34;
/** Load peak as a share of nominal. */
const LOAD_SHARE = 0.5;
/** Nodes 2..33 go to buses 2..33; node 1 would sit on the slack bus and node 34 has no bus. */
const FIRST_NODE = 2;
const LAST_NODE = 33;

/** @throws `series.header`, `series.rows` off the grid of intervals, `env.taskArgument`. */
export function rlAdnSeries(table: SeriesTable, options: RlAdnOptions): { series: FeederSeries; report: RlAdnReport } {
  const { network, sites, scale = 'feeder' } = options;
  const nominalP = network.buses.reduce((sum, bus) => sum + bus.loadPW, 0);
  const nominalQ = network.buses.reduce((sum, bus) => sum + bus.loadQVar, 0);
  const nodes = Array.from({ length: RL_ADN_NODES }, (_, i) => columnIndex(table, `active_power_node_${i + 1}`));
  const peakSumW = peakOfSum(table, nodes);
  const loadFactor = scale === 'raw' ? 1 : (LOAD_SHARE * nominalP) / peakSumW;
  const mapped = nodes.slice(FIRST_NODE - 1, LAST_NODE);
  const loads = network.buses.map((bus): Source => {
    const inside = bus.id >= FIRST_NODE && bus.id <= LAST_NODE;
    return inside ? { column: nodes[bus.id - 1]!, factor: loadFactor } : NOTHING;
  });
  const pvs = sites.map((site): Source => {
    const column = columnIndex(table, `renewable_active_power_node_${site.bus}`);
    const peak = peakOfSum(table, [column]);
    return { column, factor: scale === 'raw' || peak <= 0 ? 1 : site.pvPeakW / peak };
  });
  const reactive = loads.map(({ column, factor }) => ({ column, factor: (factor * nominalQ) / nominalP }));
  const series = place(table, options, loads, reactive, pvs, `RL-ADN 34-node series, scale ${scale}`);
  return {
    series,
    report: {
      peakSumW,
      feederPeakW: peakOfSum(table, mapped) * loadFactor,
      negativeLoads: countNegative(table, mapped),
    },
  };
}

/** @throws `series.header` when no load column fits the network, `series.rows` off the grid, `env.taskArgument`. */
export function measuredSeries(table: SeriesTable, options: PlaceOptions): FeederSeries {
  const { network, sites } = options;
  const source = (name: string): Source => {
    const column = table.columns.indexOf(name);
    return column < 0 ? NOTHING : { column, factor: 1 };
  };
  const loads = network.buses.map((bus) => source(`load.${bus.id}`));
  if (loads.every((load) => load.column < 0)) columnIndex(table, `load.${network.buses[1]?.id ?? 1}`);
  const reactive = network.buses.map((bus, b) => {
    const own = source(`q.${bus.id}`);
    if (own.column >= 0 || bus.loadPW === 0) return own;
    return { column: loads[b]!.column, factor: bus.loadQVar / bus.loadPW };
  });
  return place(
    table,
    options,
    loads,
    reactive,
    sites.map((site) => source(`pv.${site.bus}`)),
    'measured CSV',
  );
}

/** Whole UTC days of a series, as views on its arrays. */
export function splitDays(series: FeederSeries): FeederSeries[] {
  const perDay = DAY_MS / series.stepMs;
  const first = Math.ceil(((DAY_MS - (series.startMs % DAY_MS)) % DAY_MS) / series.stepMs);
  const days: FeederSeries[] = [];
  for (let at = first; at + perDay <= series.steps; at += perDay) days.push(slice(series, at, perDay));
  return days;
}

function slice(series: FeederSeries, at: number, steps: number): FeederSeries {
  const part = (all: Float64Array): Float64Array => {
    const width = all.length / series.steps;
    return all.subarray(at * width, (at + steps) * width);
  };
  return {
    ...series,
    startMs: series.startMs + at * series.stepMs,
    steps,
    loadPW: part(series.loadPW),
    loadQVar: part(series.loadQVar),
    pvW: part(series.pvW),
  };
}

interface Source {
  /** -1: always zero. */
  readonly column: number;
  readonly factor: number;
}

const NOTHING: Source = { column: -1, factor: 0 };

function place(
  table: SeriesTable,
  { stepMs = 300000 }: PlaceOptions,
  loads: readonly Source[],
  reactive: readonly Source[],
  pvs: readonly Source[],
  provenance: string,
): FeederSeries {
  const hold = table.stepMs / stepMs;
  if (!Number.isSafeInteger(hold) || hold < 1) {
    throw fail('env.taskArgument', { expected: `stepMs that divides ${table.stepMs}`, got: stepMs });
  }
  if (table.startMs % stepMs !== 0) {
    throw fail('series.rows', {
      expected: `rows at whole multiples of ${stepMs} ms since midnight UTC`,
      got: new Date(table.startMs).toISOString(),
    });
  }
  const steps = table.steps * hold;
  return {
    stepMs,
    startMs: table.startMs,
    steps,
    loadPW: spread(table, loads, steps, hold),
    loadQVar: spread(table, reactive, steps, hold),
    pvW: spread(table, pvs, steps, hold),
    provenance: `${provenance}, ${table.stepMs} ms held to ${stepMs} ms`,
  };
}

function spread(table: SeriesTable, sources: readonly Source[], steps: number, hold: number): Float64Array {
  const out = new Float64Array(steps * sources.length);
  const width = table.columns.length;
  sources.forEach(({ column, factor }, i) => {
    if (column < 0) return;
    for (let t = 0; t < steps; t++) {
      out[t * sources.length + i] = table.values[Math.floor(t / hold) * width + column]! * factor;
    }
  });
  return out;
}

function peakOfSum(table: SeriesTable, columns: readonly number[]): number {
  const width = table.columns.length;
  let peak = 0;
  for (let t = 0; t < table.steps; t++) {
    let sum = 0;
    for (const column of columns) sum += table.values[t * width + column]!;
    peak = Math.max(peak, sum);
  }
  return peak;
}

function countNegative(table: SeriesTable, columns: readonly number[]): number {
  const width = table.columns.length;
  let count = 0;
  for (let t = 0; t < table.steps; t++)
    for (const column of columns) if (table.values[t * width + column]! < 0) count++;
  return count;
}
