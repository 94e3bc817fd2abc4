/**
 * TensorBoard event files, written by hand: TFRecord frames around three protobuf messages.
 *   frame    u64 LE length, masked crc32c of those 8 bytes, data, masked crc32c of data
 *   Event    1 wall_time double, 2 step int64, 3 file_version string, 5 summary message, 7 session_log message
 *   Summary  1 value message, repeated;  Value  1 tag string, 2 simple_value float
 * (tensorflow/core/util/event.proto, framework/summary.proto, lib/io/record_writer.h)
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Progress } from '../learner.ts';

const MS_PER_S = 1000;

export class EventFile {
  readonly path: string;
  readonly #clock: Clock;

  /** `fromStep`: events from that step on in older files of the folder count no more. */
  constructor(folder: string, clock: Clock, fromStep?: number) {
    const nowS = clock.nowMs() / MS_PER_S;
    this.path = join(folder, `events.out.tfevents.${String(Math.floor(nowS)).padStart(10, '0')}.gridpact`);
    this.#clock = clock;
    this.#append([...doubleField(1, nowS), ...bytesField(3, utf8('brain.Event:2'))]);
    if (fromStep !== undefined) {
      const started = [...varintField(1, 1)];
      this.#append([...doubleField(1, nowS), ...varintField(2, fromStep), ...bytesField(7, started)]);
    }
  }

  /** One event at transition `step`. */
  write(step: number, scalars: Readonly<Record<string, number>>): void {
    const summary = Object.entries(scalars).flatMap(([tag, value]) =>
      bytesField(1, [...bytesField(1, utf8(tag)), ...floatField(2, value)]),
    );
    const wallTimeS = this.#clock.nowMs() / MS_PER_S;
    this.#append([...doubleField(1, wallTimeS), ...varintField(2, step), ...bytesField(5, summary)]);
  }

  #append(event: readonly number[]): void {
    appendFileSync(this.path, frame(Uint8Array.from(event)));
  }
}

/** What is drawn of an update. */
export function progressScalars(progress: Progress): Record<string, number> {
  const { meanReward, meanReturn, learningRate, stepsPerSecond, tensors, limits, metrics, algorithm } = progress;
  const scalars: Record<string, number> = {
    'train/meanReward': meanReward,
    ...(meanReturn === undefined ? {} : { 'train/meanReturn': meanReturn }),
    'train/learningRate': learningRate,
    'time/stepsPerSecond': stepsPerSecond,
    'time/tensors': tensors,
  };
  for (const { name, use, limit, multiplier } of limits) {
    scalars[`limits/${name}`] = use;
    scalars[`limits/${name}.limit`] = limit;
    scalars[`limits/${name}.multiplier`] = multiplier;
  }
  for (const [name, value] of Object.entries(metrics)) scalars[`${algorithm}/${name}`] = value;
  return scalars;
}

function frame(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(16 + data.length);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(out.subarray(0, 8)), true);
  out.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return out;
}

// ---- protobuf ----------------------------------------------------------------------------------------------

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function varintField(field: number, value: number): number[] {
  return [field * 8 + VARINT, ...varint(value)];
}

function bytesField(field: number, content: ArrayLike<number>): number[] {
  return [field * 8 + BYTES, ...varint(content.length), ...Array.from(content)];
}

function doubleField(field: number, value: number): number[] {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return [field * 8 + FIXED64, ...bytes];
}

function floatField(field: number, value: number): number[] {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [field * 8 + FIXED32, ...bytes];
}

// ---- crc32c ------------------------------------------------------------------------------------------------

/** Castagnoli, reflected. */
const POLYNOMIAL = 0x82f63b78;
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = (c & 1) === 1 ? (c >>> 1) ^ POLYNOMIAL : c >>> 1;
  return c;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

/** ((crc >> 15) | (crc << 17)) + 0xa282ead8: so that a checksum of checksums is none. */
function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
