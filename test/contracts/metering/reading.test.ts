import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { compareReadings } from '../../../src/contracts/metering/precedence.ts';
import {
  DEVICE_BATCH,
  MAX_BATCH_READINGS,
  STORED_READING,
  storeReading,
  type MeterValues,
  type Reading,
  type StoredReading,
} from '../../../src/contracts/metering/reading.ts';
import { CHANNELS, CHANNEL_NAMES } from '../../../src/grid/snapshot.ts';

const VALUES: MeterValues = { interval: 7, pW: -5, qVar: 6, vMicroPu: 1000000, eStorageMilliWh: -9, quality: 0 };

function batchOf(...readings: readonly Reading[]): Uint8Array {
  return DEVICE_BATCH.encode({ device: 'd', context: 1, firstCounter: 1, readings });
}

describe('device batches', () => {
  it('bytes of one of each kind', () => {
    const bytes = batchOf(
      { kind: 'observation', tMs: 1000, present: 0b10001, values: [1000000, -1] },
      { kind: 'meter', ...VALUES },
      { kind: 'correction', ...VALUES, revision: 3 },
    );
    const meter = '0700000000000000' + 'fbffffff' + '06000000' + '40420f00' + 'f7ffffffffffffff' + '00';
    expect(toHex(bytes)).toBe(
      [
        '0164' + '01000000' + '0100000000000000' + '0300',
        '01' + '1400' + 'e803000000000000' + '1100' + '0200' + '40420f00' + 'ffffffff',
        '02' + '1d00' + meter,
        '03' + '1f00' + meter + '0300',
      ].join(''),
    );
  });

  it('as many values as bits, ascending by channel', () => {
    const observe = (present: number, values: readonly number[]): Reading => ({
      kind: 'observation',
      tMs: 0,
      present,
      values,
    });
    expect(() => batchOf(observe(0b11, [1]))).toThrow('record.malformed');
    expect(() => batchOf(observe(0b1, [1, 2]))).toThrow('record.malformed');
    expect(() => batchOf(observe(0, []))).not.toThrow();
  });

  it('a meter speaks for measured channels only', () => {
    for (const name of CHANNEL_NAMES) {
      const { id, source } = CHANNELS[name];
      const make = (): Uint8Array => batchOf({ kind: 'observation', tMs: 0, present: 1 << id, values: [1] });
      if (source === 'measured') expect(make).not.toThrow();
      else expect(make).toThrow('record.malformed');
    }
    expect(() => batchOf({ kind: 'observation', tMs: 0, present: 1 << 12, values: [1] })).toThrow('record.malformed');
  });

  it('derived channels are refused on the way in, not only on the way out', () => {
    const bytes = batchOf({ kind: 'observation', tMs: 0, present: 1, values: [5] });
    const at = toHex(bytes).indexOf('0100010005000000') / 2;
    const forged = bytes.map((byte, i) => (i === at ? 1 << CHANNELS['sens.own'].id : byte));
    expect(() => DEVICE_BATCH.decode(bytes)).not.toThrow();
    expect(() => DEVICE_BATCH.decode(forged)).toThrow('record.malformed');
  });

  it('an unknown kind, a wrong inner length, too many readings', () => {
    const bytes = batchOf({ kind: 'meter', ...VALUES });
    const kindAt = 2 + 4 + 8 + 2;
    expect(() => DEVICE_BATCH.decode(bytes.map((b, i) => (i === kindAt ? 4 : b)))).toThrow('record.malformed');
    expect(() => DEVICE_BATCH.decode(bytes.map((b, i) => (i === kindAt ? 3 : b)))).toThrow('record.malformed');
    expect(() => DEVICE_BATCH.decode(bytes.map((b, i) => (i === kindAt + 1 ? b + 1 : b)))).toThrow('record.malformed');
    const many = Array.from({ length: MAX_BATCH_READINGS + 1 }, (): Reading => ({ kind: 'meter', ...VALUES }));
    expect(() => batchOf(...many)).toThrow('record.malformed');
    expect(() => batchOf(...many.slice(1))).not.toThrow();
  });
});

describe('which reading counts', () => {
  const reading = fc
    .record({ rank: fc.nat(1), revision: fc.nat(3), pW: fc.integer({ min: -3, max: 3 }) })
    .map(({ rank, revision, pW }) => storeReading({ ...VALUES, pW }, rank, revision));

  it('a total order: antisymmetric, transitive, equal only when the same', () => {
    fc.assert(
      fc.property(reading, reading, reading, (a, b, c) => {
        expect(Math.sign(compareReadings(a, b))).toBe(-Math.sign(compareReadings(b, a)) + 0);
        expect(compareReadings(a, b) === 0).toBe(toHex(STORED_READING.encode(a)) === toHex(STORED_READING.encode(b)));
        if (compareReadings(a, b) >= 0 && compareReadings(b, c) >= 0) {
          expect(compareReadings(a, c)).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('authority before revision before hash', () => {
    const of = (rank: number, revision: number, pW: number): StoredReading =>
      storeReading({ ...VALUES, pW }, rank, revision);
    expect(compareReadings(of(1, 0, 0), of(0, 65535, 0))).toBeGreaterThan(0);
    expect(compareReadings(of(0, 2, 0), of(0, 1, 9))).toBeGreaterThan(0);
    const [a, b] = [of(0, 1, 1), of(0, 1, 2)];
    expect(Math.sign(compareReadings(a, b))).toBe(toHex(a.hash) > toHex(b.hash) ? 1 : -1);
  });

  it('the hash covers rank, revision and every value', () => {
    const base = storeReading(VALUES, 0, 0);
    const others = [
      storeReading(VALUES, 1, 0),
      storeReading(VALUES, 0, 1),
      ...(Object.keys(VALUES) as (keyof MeterValues)[]).map((key) =>
        storeReading({ ...VALUES, [key]: VALUES[key] + 1 }, 0, 0),
      ),
    ];
    const hashes = [base, ...others].map(({ hash }) => toHex(hash));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
