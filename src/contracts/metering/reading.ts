/**
 * Device-signed readings, byte for byte (docs/spec/ledger.md). A device signs one batch per send:
 * observations (what it sees now), meter readings (totals of a finished interval), corrections.
 * Counters run on from `firstCounter`, one a reading, so that loss shows and replay is refused.
 */
import { fail } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import { concatBytes } from '../../base/bytes.ts';
import { bytesField, i32, i53, id, layout, listField, u16, u32, u53, u8 } from '../../base/record.ts';
import type { Field, RecordOf } from '../../base/record.ts';
import { CHANNELS, CHANNEL_NAMES } from '../../grid/snapshot.ts';

/** What a meter may say; derived channels (time, terms of the deployment) are the ledger's own. */
const MEASURED_MASK = CHANNEL_NAMES.reduce(
  (mask, name) => (CHANNELS[name].source === 'measured' ? mask | (1 << CHANNELS[name].id) : mask),
  0,
);

const READING_KIND = { observation: 1, meter: 2, correction: 3 } as const;
/** Readings in one batch: bounds the work a single signature can ask for. */
export const MAX_BATCH_READINGS = 64;

const OBSERVATION = layout('observation', {
  /** UTC ms of the measurement. */
  tMs: u53,
  /** Bit `1 << channel id` for each value that follows, ascending. */
  present: u16,
  values: listField(i32, 16),
});

const meterFields = {
  interval: u53,
  /** Mean active power, W, export positive. */
  pW: i32,
  /** Mean reactive power, var, injection positive. */
  qVar: i32,
  /** Mean voltage, 1e-6 pu. */
  vMicroPu: i32,
  /** Net energy out of storage at the AC side, mWh, discharge positive. */
  eStorageMilliWh: i53,
  /** 0 measured, 1 substitute value. */
  quality: u8,
};
const METER = layout('meter', meterFields);
const CORRECTION = layout('correction', { ...meterFields, revision: u16 });

export type Observation = RecordOf<{ tMs: typeof u53; present: typeof u16; values: Field<readonly number[]> }>;
export type MeterValues = RecordOf<typeof meterFields>;

export type Reading =
  | ({ readonly kind: 'observation' } & Observation)
  | ({ readonly kind: 'meter' } & MeterValues)
  | ({ readonly kind: 'correction'; readonly revision: number } & MeterValues);

/** A tagged union: u8 kind, then the record of that kind. */
const READING: Field<Reading> = {
  type: 'reading',
  write(reading) {
    const kind = READING_KIND[reading.kind];
    if (reading.kind === 'observation') return withKind(kind, OBSERVATION.encode(checkObservation(reading)));
    if (reading.kind === 'meter') return withKind(kind, METER.encode(reading));
    return withKind(kind, CORRECTION.encode(reading));
  },
  read(bytes, at) {
    const kind = u8.read(bytes, at);
    const length = u16.read(bytes, kind.next);
    const next = length.next + length.value;
    if (next > bytes.length) throw fail('record.malformed', { expected: 'reading', got: 'end of bytes' });
    return { value: decodeReading(kind.value, bytes.slice(length.next, next)), next };
  },
};

function withKind(kind: number, record: Uint8Array): Uint8Array {
  return concatBytes(u8.write(kind), u16.write(record.length), record);
}

function decodeReading(kind: number, bytes: Uint8Array): Reading {
  if (kind === READING_KIND.observation) return { kind: 'observation', ...checkObservation(OBSERVATION.decode(bytes)) };
  if (kind === READING_KIND.meter) return { kind: 'meter', ...METER.decode(bytes) };
  if (kind === READING_KIND.correction) return { kind: 'correction', ...CORRECTION.decode(bytes) };
  throw fail('record.malformed', { expected: 'reading kind 1, 2 or 3', got: kind });
}

function checkObservation<T extends Observation>(observation: T): T {
  let bits = 0;
  for (let c = 0; c < 16; c++) if ((observation.present & (1 << c)) !== 0) bits++;
  if (bits !== observation.values.length || (observation.present & ~MEASURED_MASK) !== 0) {
    throw fail('record.malformed', { expected: `${bits} values of measured channels`, got: observation.values.length });
  }
  return observation;
}

export const DEVICE_BATCH = layout('deviceBatch', {
  device: id,
  /** A meter's session: a greater one starts the counter afresh. */
  context: u32,
  firstCounter: u53,
  readings: listField(READING, MAX_BATCH_READINGS),
});
export type DeviceBatch = ReturnType<typeof DEVICE_BATCH.decode>;

/** What is kept of a meter reading, with what decides between rivals. */
export const STORED_READING = layout('storedReading', {
  ...meterFields,
  /** 0 the device itself, 1 the metering authority. */
  rank: u8,
  revision: u16,
  hash: bytesField(32),
});
export type StoredReading = ReturnType<typeof STORED_READING.decode>;

export function storeReading(reading: MeterValues, rank: number, revision: number): StoredReading {
  const { interval, pW, qVar, vMicroPu, eStorageMilliWh, quality } = reading;
  const values = { interval, pW, qVar, vMicroPu, eStorageMilliWh, quality };
  const hash = sha256(concatBytes(u8.write(rank), u16.write(revision), METER.encode(values)));
  return { ...values, rank, revision, hash };
}
