/** The conformance files: they are what their generator writes, and the reference executor agrees with every row. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts';
import { encodeDocument, type Document } from '../../../src/base/cbor.ts';
import { isGridPactError } from '../../../src/base/errors.ts';
import { sha256 } from '../../../src/base/hash.ts';
import { encodeArtifact, loadArtifact } from '../../../src/contracts/policy/codec.ts';
import {
  argmax,
  createExecutor,
  evaluateLayer,
  roundShift,
  tanhInteger,
} from '../../../src/contracts/policy/execute.ts';
import { int16Bytes, int16Values, int32Values } from '../../../src/contracts/policy/tensors.ts';
import {
  applyEnvelopes,
  evaluateTable,
  normaliseInput,
  scaleOutput,
  type EnvelopeSpec,
} from '../../../src/grid/interface.ts';
import { CONFORMANCE, conformanceFiles } from '../../../tools/conformance.ts';
import type { ArithmeticCase } from '../../../tools/conformance/arithmetic.ts';
import { digestOf, type ArtifactCase } from '../../../tools/conformance/artifacts.ts';
import type { LoaderCase } from '../../../tools/conformance/loader.ts';
import type { PackedBytes } from '../../../tools/conformance/packed.ts';
import { dense, plainOutput } from './samples.ts';

function casesOf<T>(suite: string): readonly T[] {
  return (JSON.parse(readFileSync(join(CONFORMANCE, `${suite}.json`), 'utf8')) as { cases: T[] }).cases;
}

function unpack(parts: PackedBytes): Uint8Array {
  return fromHex(parts.map((part) => (typeof part === 'string' ? part : part[0].repeat(part[1]))).join(''));
}

/** CID, or code of refusal. */
function outcome(bytes: Uint8Array): string {
  try {
    return loadArtifact(bytes).cid;
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
}

function layerOf(
  w: readonly number[],
  x: readonly number[],
  ...rest: [number, number, 'relu' | 'identity' | 'hardtanh', number]
): number {
  const [b, s, activation, k] = rest;
  const z = new Int32Array(1);
  evaluateLayer(dense([w], [b], s, activation, k), Int32Array.from(x), z);
  return z[0]!;
}

function envelopeOf(env: readonly EnvelopeSpec[], raw: readonly (number | null)[], start: readonly number[]): number[] {
  const out = Int32Array.from(start);
  const mask = raw.reduce<number>((held, r, i) => (r === null ? held | (1 << i) : held), 0);
  applyEnvelopes(
    env,
    Int32Array.from(raw, (r) => r ?? 0),
    mask,
    out,
  );
  return Array.from(out);
}

function tanhDigest(from: number, to: number): string {
  return toHex(sha256(int16Bytes(Int16Array.from({ length: to - from + 1 }, (_, i) => tanhInteger(from + i)))));
}

const input = { n: 'x', u: 'idx' } as const;
/** op -> function of the columns but the last. */
const OPS: Readonly<Record<string, (...given: never[]) => unknown>> = {
  round: roundShift,
  relu: (z: number) => layerOf([0], [0], z, 0, 'relu', 0),
  hardtanh: (k: number, z: number) => layerOf([0], [0], z, 0, 'hardtanh', k),
  tanh: tanhInteger,
  tanhDigest,
  row: (w: number[], x: number[], b: number, s: number) => layerOf(w, x, b, s, 'identity', 0),
  normalise: (lo: number, hi: number, c: number, m: number, t: number, r: number) =>
    normaliseInput({ ...input, lo, hi, c, m, t }, r),
  head: (lo: number, hi: number, c: number, m: number, t: number, z: number) =>
    scaleOutput({ ...plainOutput('p'), lo, hi, c, m, t }, z),
  table: evaluateTable,
  argmax: (z: number[]) => argmax(Int32Array.from(z)),
  envelope: envelopeOf,
};

it('the files are what `npm run docs:conformance` writes, and small', () => {
  let total = 0;
  for (const [name, text] of Object.entries(conformanceFiles())) {
    const file = join(CONFORMANCE, name);
    expect(readFileSync(file, 'utf8') === text, `${name} is up to date`).toBe(true);
    total += statSync(file).size;
  }
  expect(total).toBeLessThan(300000);
});

describe('arithmetic', () => {
  const cases = casesOf<ArithmeticCase>('arithmetic');

  it('A1 to A12 are all there', () => {
    expect(new Set(cases.map(({ id }) => id))).toEqual(new Set(Array.from({ length: 12 }, (_, n) => `A${n + 1}`)));
  });

  it.each(cases.map((one) => [`${one.id} ${one.title} (${one.op})`, one] as const))(
    '%s',
    (_label, { op, columns, rows }) => {
      const got = rows.map((row) => (OPS[op] as (...given: unknown[]) => unknown)(...row.slice(0, -1)));
      expect(got).toEqual(rows.map((row) => row.at(-1)));
      expect(rows.every((row) => row.length === columns.length)).toBe(true);
    },
  );
});

describe('loader', () => {
  const cases = casesOf<LoaderCase>('loader');

  it('L1 to L6 are all there', () => {
    expect(new Set(cases.map(({ id }) => id))).toEqual(new Set(['L1', 'L2', 'L3', 'L4', 'L5', 'L6']));
  });

  it.each(labelled(cases.filter(({ refused }) => refused !== undefined)))('%s', (_label, { bytes, refused }) => {
    expect(outcome(unpack(bytes as PackedBytes))).toBe(refused);
  });

  it.each(labelled(cases.filter(({ id }) => id === 'L1' || id === 'L3')))('%s', (_label, { bytes, cid }) => {
    const data = unpack(bytes as PackedBytes);
    expect(outcome(data)).toBe(cid);
    expect(toHex(encodeArtifact(loadArtifact(data)))).toBe(toHex(data));
  });

  it.each(labelled(cases.filter(({ id }) => id === 'L4')))('%s', (_label, { document, cid }) => {
    expect(outcome(encodeDocument(fromJson(document)))).toBe(cid);
  });

  it.each(labelled(cases.filter(({ id }) => id === 'L5')))('%s', (_label, { type, hex, values }) => {
    const read = type === 'i16' ? int16Values : int32Values;
    expect(Array.from(read(fromHex(String(hex))))).toEqual(values);
  });

  it.each(labelled(cases.filter(({ id }) => id === 'L6')))('%s', (_label, { bytes, loaded, sha256: digest }) => {
    const data = unpack(bytes as PackedBytes);
    const { cid } = loadArtifact(data);
    let loads = '';
    for (let at = 0; at < 8 * data.length; at++) {
      const flipped = data.slice();
      flipped[at >> 3]! ^= 1 << (at & 7);
      const got = outcome(flipped);
      expect(got).not.toBe(cid);
      loads += got.includes('.') ? '0' : '1';
    }
    expect({ loaded: loads.replaceAll('0', '').length, digest: toHex(sha256(utf8(loads))) }).toEqual({
      loaded,
      digest,
    });
  });
});

function labelled(cases: readonly LoaderCase[]): [string, LoaderCase][] {
  return cases.map((one) => [
    `${one.id} ${one.title}${typeof one['refused'] === 'string' ? `: ${one['refused']}` : ''}`,
    one,
  ]);
}

/** Byte strings are {"hex": ...}. */
function fromJson(value: unknown): Document {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value !== 'object' || value === null) return value as number | string;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]![0] === 'hex') return fromHex(String(entries[0]![1]));
  return Object.fromEntries(entries.map(([key, item]) => [key, fromJson(item)] as const));
}

describe('artifacts', () => {
  const cases = casesOf<ArtifactCase>('artifacts');

  it.each(cases.map((one) => [`${one.name}: ${one.title}`, one] as const))(
    '%s',
    (_label, { bytes, cid, gas, digests, rows }) => {
      const policy = loadArtifact(unpack(bytes));
      expect({ cid: policy.cid, gas: policy.gas }).toEqual({ cid, gas });
      const executor = createExecutor(policy);
      for (const { raw, suspended, out: expected } of rows) {
        const out = new Int32Array(policy.interface.outputs.length);
        const present = Int32Array.from(raw, (r) => r ?? 0);
        const mask = raw.reduce<number>((held, r, i) => (r === null ? held | (1 << Math.min(i, 31)) : held), 0);
        if (suspended === true) executor.runFallback(present, mask, out);
        else expect(executor.run(present, mask, out)).toBe(mask === 0 ? 'network' : 'fallback');
        expect(Array.from(out)).toEqual(expected);
      }
      for (const [count, digest] of Object.entries(digests)) expect(digestOf(policy, Number(count))).toBe(digest);
    },
  );

  it('between them they have every part of the format', () => {
    const policies = cases.map(({ bytes }) => loadArtifact(unpack(bytes)));
    const activations = new Set(policies.flatMap(({ layers }) => layers.map(({ activation }) => activation)));
    expect(activations).toEqual(new Set(['relu', 'hardtanh', 'tanh', 'identity']));
    expect(new Set(policies.map(({ head }) => head.kind))).toEqual(new Set(['cont', 'disc']));
    expect(policies.some(({ interface: { envelopes } }) => envelopes.length === 16)).toBe(true);
    expect(policies.some(({ interface: { state } }) => state.length > 0)).toBe(true);
    expect(policies.some(({ layers }) => layers.reduce((n, { weights }) => n + weights.length, 0) === 65536)).toBe(
      true,
    );
    expect(policies.some(({ layers }) => layers.length === 4 && layers.every(({ outSize }) => outSize === 1))).toBe(
      true,
    );
  });
});
