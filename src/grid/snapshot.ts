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
  /** measured: signed by the meter. derived: known to the ledger (time, terms of the deployment). */
  readonly source: 'measured' | 'derived';
  readonly meaning: string;
}

/** Index = channel id. Names are the `in[].n` of artifacts. */
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

/** Store an integer already in the channel's unit; outside i32 it saturates (spec/policy.md 3.2). */
export function setChannel(snapshot: Snapshot, channel: Channel, value: number): void {
  const { id } = CHANNELS[channel];
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
  return saturateI32(Math.floor(siValue * UNIT_SCALE[unit] + 0.5));
}
