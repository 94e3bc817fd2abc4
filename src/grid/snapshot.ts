/**
 * What one asset knows at one instant, as integers. Environment and ledger fill the same structure:
 * the environment from physics, the ledger from signed reading bytes. A policy sees nothing else.
 */
import { saturateI32 } from '../base/fixed.ts';
import { UNIT_SCALE, type Unit } from './units.ts';

export interface ChannelSpec {
  /** Stable id used in reading bytes; never reused. */
  readonly id: number;
  readonly unit: Unit;
  /**
   * measured: signed by the meter, id below 16. derived: known to the dispatcher (time, tariff, terms of the
   * deployment). local: measured at the device and not part of a reading, so for environments and edge execution.
   */
  readonly source: 'measured' | 'derived' | 'local';
  readonly meaning: string;
}

/** Index = channel id, below 31. Names are the `in[].n` of artifacts. */
export const CHANNELS = {
  'v.own': { id: 0, unit: 'v.pu.e-6', source: 'measured', meaning: 'voltage at the terminals' },
  'p.own': { id: 1, unit: 'w', source: 'measured', meaning: 'active power, export positive' },
  'q.own': { id: 2, unit: 'var', source: 'measured', meaning: 'reactive power, injection positive' },
  'p.pv': { id: 3, unit: 'w', source: 'measured', meaning: 'PV power behind the same inverter' },
  soc: { id: 4, unit: 'ratio.e-6', source: 'measured', meaning: 'state of charge of the battery' },
  'f.grid': { id: 5, unit: 'hz.e-3', source: 'measured', meaning: 'grid frequency' },
  'time.day': {
    id: 6,
    unit: 's',
    source: 'derived',
    meaning: 'UTC second of day at the start of the dispatched interval',
  },
  'sens.own': {
    id: 7,
    unit: 'ratio.e-6',
    source: 'derived',
    meaning: 'own-bus dV/dQ of the deployment, 1e-6 pu per Mvar',
  },
  'load.own': { id: 8, unit: 'w', source: 'local', meaning: 'load behind the same meter, import positive' },
  'p.potential': { id: 9, unit: 'w', source: 'local', meaning: 'power a renewable source could give now' },
  'f.dev': { id: 10, unit: 'hz.e-6', source: 'local', meaning: 'grid frequency less its nominal value' },
  'f.delta': { id: 11, unit: 'hz.e-6', source: 'local', meaning: 'change of grid frequency over the last 0.5 s' },
  'p.tie': { id: 12, unit: 'w', source: 'local', meaning: 'power flowing out of the own area over its ties' },
  'p.feeder': { id: 13, unit: 'w', source: 'local', meaning: 'power drawn from the grid at the feeder head' },
  'price.now': {
    id: 14,
    unit: 'cur.e-6.per-mwh',
    source: 'derived',
    meaning: 'energy price of the interval acted on, in 1e-6 of the currency per MWh',
  },
  'price.6h': { id: 15, unit: 'cur.e-6.per-mwh', source: 'derived', meaning: 'energy price forecast for 6 h ahead' },
  'price.12h': { id: 16, unit: 'cur.e-6.per-mwh', source: 'derived', meaning: 'energy price forecast for 12 h ahead' },
  'price.24h': { id: 17, unit: 'cur.e-6.per-mwh', source: 'derived', meaning: 'energy price forecast for 24 h ahead' },
  'carbon.now': { id: 18, unit: 'ratio.e-6', source: 'derived', meaning: 'carbon intensity, 1e-6 kg CO2 per kWh' },
  'carbon.6h': { id: 19, unit: 'ratio.e-6', source: 'derived', meaning: 'carbon intensity forecast for 6 h ahead' },
  'time.week': { id: 20, unit: 's', source: 'derived', meaning: 'second of the week, from Monday 0 h UTC' },
  'time.year': { id: 21, unit: 'idx', source: 'derived', meaning: 'day of the year, UTC, from 0' },
  'v.min': { id: 22, unit: 'v.pu.e-6', source: 'derived', meaning: 'lowest voltage reported in the deployment' },
  'v.max': { id: 23, unit: 'v.pu.e-6', source: 'derived', meaning: 'highest voltage reported in the deployment' },
  'ace.own': { id: 24, unit: 'w', source: 'derived', meaning: 'area control error of the own area, surplus positive' },
  'load.share': {
    id: 25,
    unit: 'ratio.e-6',
    source: 'local',
    meaning: 'load behind the same meter, import positive, 1e-6 of rated battery power',
  },
  'need.dear': {
    id: 26,
    unit: 'ratio.e-6',
    source: 'local',
    meaning: 'stored energy that the dear hours ahead are expected to take, 1e-6 of rated energy',
  },
  'spare.dear': {
    id: 27,
    unit: 'ratio.e-6',
    source: 'local',
    meaning: 'PV surplus expected to be stored before the dear hours begin, 1e-6 of rated energy',
  },
  'time.cheap': {
    id: 28,
    unit: 's',
    source: 'derived',
    meaning: 'until the last interval as cheap as now before the dear hours begin',
  },
  'price.rise': {
    id: 29,
    unit: 'ratio.e-6',
    source: 'derived',
    meaning: 'mean price of the dear hours ahead, 1e-6 of the price now',
  },
} as const satisfies Record<string, ChannelSpec>;

export type Channel = keyof typeof CHANNELS;
export const CHANNEL_NAMES: readonly Channel[] = (Object.keys(CHANNELS) as Channel[]).sort(
  (a, b) => CHANNELS[a].id - CHANNELS[b].id,
);
const CHANNEL_COUNT = CHANNEL_NAMES.length;

export function isChannel(name: string): name is Channel {
  return Object.hasOwn(CHANNELS, name);
}

export interface Snapshot {
  /** i32 by channel id; meaningful only where `present` has the bit. */
  readonly values: Int32Array;
  /** Bit `1 << id` is set when the channel has a fresh value. */
  present: number;
}

export function createSnapshot(): Snapshot {
  return { values: new Int32Array(CHANNEL_COUNT), present: 0 };
}

export function clearSnapshot(snapshot: Snapshot): void {
  snapshot.present = 0;
}

/** Store an integer already in the channel's unit; outside i32 it saturates (spec/policy.md 3.2). NaN is no reading: missing. */
export function setChannel(snapshot: Snapshot, channel: Channel, value: number): void {
  setChannelById(snapshot, CHANNELS[channel].id, value);
}

/** As `setChannel`, for a hot path that holds the id of its channel. */
export function setChannelById(snapshot: Snapshot, id: number, value: number): void {
  if (Number.isNaN(value)) return;
  snapshot.values[id] = saturateI32(value);
  snapshot.present |= 1 << id;
}

/** undefined when missing or stale. */
export function getChannel(snapshot: Snapshot, channel: Channel): number | undefined {
  const { id } = CHANNELS[channel];
  return (snapshot.present & (1 << id)) === 0 ? undefined : snapshot.values[id];
}

/** The one place where a real measurement becomes an integer: floor(value * scale + 1/2), at the meter. */
export function quantise(siValue: number, unit: Unit): number {
  return quantiseBy(siValue, UNIT_SCALE[unit]);
}

/** As `quantise`, for a hot path that holds the scale of its unit. */
export function quantiseBy(siValue: number, scale: number): number {
  return saturateI32(Math.floor(siValue * scale + 0.5));
}
