/** Event files are what TensorBoard reads: frames with masked CRC-32C, Event and Summary messages. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crc32c, EventFile, progressScalars } from '../../../src/agents/training/tensorBoard.ts';
import { ManualClock } from '../../../src/base/clock.ts';

let room: string;
beforeAll(() => void (room = mkdtempSync(join(tmpdir(), 'gridpact-events-'))));
afterAll(() => rmSync(room, { recursive: true, force: true }));

/** CRC-32C one bit at a time, not by table. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  return Number(crc ^ 0xffffffffn);
}

function masked(bytes: Uint8Array): number {
  const crc = BigInt(slowCrc(bytes));
  return Number((((crc >> 15n) | ((crc << 17n) & 0xffffffffn)) + 0xa282ead8n) & 0xffffffffn);
}

/** Data of every frame, checksums checked. */
function frames(file: Buffer): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(masked(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(masked(data));
    out.push(data);
    at += 16 + length;
  }
  return out;
}

type Fields = Map<number, (bigint | Buffer)[]>;

/** A protobuf message by field number: varints as bigint, the rest as bytes. */
function message(data: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = data[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = Number(varint());
    const wire = key & 7;
    const size = wire === 0 ? 0 : wire === 1 ? 8 : wire === 5 ? 4 : Number(varint());
    const value = wire === 0 ? varint() : data.subarray(at, at + size);
    if (wire !== 0) at += size;
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  expect(at).toBe(data.length);
  return fields;
}

function scalarsOf(event: Fields): Record<string, number> {
  const values = (event.get(5) ?? []).flatMap((summary) => message(summary as Buffer).get(1) ?? []);
  return Object.fromEntries(
    values.map((value) => {
      const fields = message(value as Buffer);
      return [String(fields.get(1)![0]), (fields.get(2)![0] as Buffer).readFloatLE(0)];
    }),
  );
}

describe('CRC-32C', () => {
  it('gives the values of RFC 3720, B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });
});

describe('an event file', () => {
  const scalars = { 'train/meanReturn': -1.5, 'time/stepsPerSecond': 12345.678, 'ppo/approxKl': 1e-7 };

  it('is decoded to what was written', () => {
    const clock = new ManualClock(1700000000250);
    const file = new EventFile(room, clock);
    clock.set(1700000001500);
    file.write(2304, scalars);
    file.write(5_000_000_000, {});
    const [version, first, second] = frames(readFileSync(file.path)).map(message);
    expect(file.path).toMatch(/events\.out\.tfevents\.1700000000\.gridpact$/);
    expect(String(version!.get(3)![0])).toBe('brain.Event:2');
    expect((version!.get(1)![0] as Buffer).readDoubleLE(0)).toBe(1700000000.25);
    expect((first!.get(1)![0] as Buffer).readDoubleLE(0)).toBe(1700000001.5);
    expect(first!.get(2)).toEqual([2304n]);
    const read = scalarsOf(first!);
    expect(Object.keys(read)).toEqual(Object.keys(scalars));
    for (const [tag, value] of Object.entries(scalars)) expect(read[tag]).toBe(Math.fround(value));
    expect(second!.get(2)).toEqual([5_000_000_000n]);
  });

  it('of a run that goes on says from which step older events no longer count', () => {
    const file = new EventFile(room, new ManualClock(1700000005000), 4608);
    const start = message(frames(readFileSync(file.path))[1]!);
    expect(start.get(2)).toEqual([4608n]);
    expect(message(start.get(7)![0] as Buffer).get(1)).toEqual([1n]);
  });

  it('holds every number of an update', () => {
    const progress = {
      algorithm: 'ppo',
      update: 2,
      updates: 9,
      steps: 80,
      totalSteps: 400,
      seconds: 1,
      stepsPerSecond: 80,
      meanReward: 0.5,
      meanReturn: undefined,
      limits: [{ name: 'band', use: 0.1, limit: 0.2, multiplier: 3 }],
      learningRate: 0.01,
      metrics: { approxKl: 0.02 },
      tensors: 7,
      digest: 'x',
      backend: 'wasm',
    } as const;
    expect(progressScalars(progress)).toEqual({
      'train/meanReward': 0.5,
      'train/learningRate': 0.01,
      'time/stepsPerSecond': 80,
      'time/tensors': 7,
      'limits/band': 0.1,
      'limits/band.limit': 0.2,
      'limits/band.multiplier': 3,
      'ppo/approxKl': 0.02,
    });
  });

  it('is read by TensorBoard itself where Python has it', (context) => {
    const python = process.env['GRIDPACT_PYTHON'] ?? 'python3';
    if (spawnSync(python, ['-c', 'import tensorboard']).status !== 0) context.skip(`no tensorboard for ${python}`);
    const folder = mkdtempSync(join(room, 'python-'));
    const file = new EventFile(folder, new ManualClock(1700000000000));
    for (let step = 0; step < 5; step++) file.write(step, { a: step / 2 });
    const program =
      'import sys;from tensorboard.backend.event_processing.event_accumulator import EventAccumulator as E;' +
      'e=E(sys.argv[1]);e.Reload();print([(s.step,s.value) for s in e.Scalars("a")])';
    const { stdout, stderr } = spawnSync(python, ['-c', program, folder], { encoding: 'utf8' });
    expect(stdout.trim(), stderr).toBe('[(0, 0.0), (1, 0.5), (2, 1.0), (3, 1.5), (4, 2.0)]');
  });
});
