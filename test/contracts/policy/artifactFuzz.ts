/**
 * Mutated artifacts against the loader: each case is a function of seed and number, so that a run can be cut anywhere
 * and one case lived again. What must hold: an answer or a GridPact error with a code of the loader, soon; what is
 * accepted is canonical, keeps its meaning when encoded again, and runs without leaving its bounds.
 */
import * as dagCbor from '@ipld/dag-cbor';
import { concatBytes, equalBytes } from '../../../src/base/bytes.ts';
import { isGridPactError } from '../../../src/base/errors.ts';
import { RandomStream } from '../../../src/base/random.ts';
import type { LoadedPolicy } from '../../../src/contracts/policy/artifact.ts';
import { encodeArtifact, loadArtifact } from '../../../src/contracts/policy/codec.ts';
import { createExecutor } from '../../../src/contracts/policy/execute.ts';
import { randomParts, tinyParts } from './samples.ts';

export interface FuzzReport {
  readonly cases: number;
  /** Code, or 'accepted', to how often. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Per kind of mutation: cases, and how many of them were accepted. */
  readonly kinds: Readonly<Record<string, readonly [number, number]>>;
  readonly slowestMs: number;
  /** What should not have happened, by case. */
  readonly failures: readonly string[];
}

const CODE = /^(cbor|policy)\.[a-zA-Z]+$/;

/** Cases from..from+count-1 of a seed. */
export function fuzzArtifacts(seed: number, from: number, count: number): FuzzReport {
  const outcomes: Record<string, number> = {};
  const kinds: Record<string, [number, number]> = {};
  const failures: string[] = [];
  let slowestMs = 0;
  for (let n = from; n < from + count; n++) {
    const { kind, bytes } = fuzzCase(seed, n);
    const startMs = performance.now();
    const result = judge(bytes);
    slowestMs = Math.max(slowestMs, steadyMs(bytes, performance.now() - startMs));
    if (!CODE.test(result) && result !== 'accepted') failures.push(`case ${n} (${kind}): ${result}`);
    outcomes[result] = (outcomes[result] ?? 0) + 1;
    const of = (kinds[kind] ??= [0, 0]);
    of[0]++;
    if (result === 'accepted') of[1]++;
  }
  return { cases: count, outcomes: sorted(outcomes), kinds: sorted(kinds), slowestMs, failures };
}

/** A slow case is timed again: other work of the machine is no property of the loader. */
function steadyMs(bytes: Uint8Array, firstMs: number): number {
  let best = firstMs;
  for (let n = 0; n < 3 && best > 5; n++) {
    const startMs = performance.now();
    judge(bytes);
    best = Math.min(best, performance.now() - startMs);
  }
  return best;
}

function sorted<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** 'accepted', a code, or what went wrong in words. */
function judge(bytes: Uint8Array): string {
  const given = bytes.slice();
  try {
    const policy = loadArtifact(bytes);
    if (!equalBytes(bytes, given)) return 'the loader changed its bytes';
    return wrongOf(policy, bytes) ?? 'accepted';
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

function wrongOf(policy: LoadedPolicy, bytes: Uint8Array): string | undefined {
  if (!equalBytes(encodeArtifact(policy), bytes)) return 'accepted, but not the canonical encoding';
  const { inputs, outputs } = policy.interface;
  const executor = createExecutor(policy);
  const out = new Int32Array(outputs.length);
  for (const raw of [inputs.map(({ lo }) => lo), inputs.map(({ hi }) => hi)]) {
    for (const mask of [0, 1]) {
      executor.run(Int32Array.from(raw), mask, out);
      if (outputs.some(({ lo, hi }, d) => out[d]! < lo || out[d]! > hi)) return 'accepted, but leaves its bounds';
    }
  }
  return undefined;
}

interface FuzzCase {
  readonly kind: string;
  readonly bytes: Uint8Array;
}

/** Originals: the tiny one and one of each of many seeds, small ones so that a mutation meets structure. */
const ORIGINALS: readonly Uint8Array[] = [
  encodeArtifact(tinyParts()),
  ...Array.from({ length: 31 }, (_, seed) => encodeArtifact(randomParts(RandomStream.fromSeed(seed, 'fuzz'), 5))),
];

export function fuzzCase(seed: number, n: number): FuzzCase {
  const stream = RandomStream.fromSeed(`${seed}/${n}`, 'artifact-fuzz');
  const original = ORIGINALS[stream.below(ORIGINALS.length)]!;
  const [kind, mutate] = KINDS[stream.below(KINDS.length)]!;
  return { kind, bytes: mutate(original, stream) };
}

type Mutation = (bytes: Uint8Array, stream: RandomStream) => Uint8Array;

const KINDS: readonly (readonly [string, Mutation])[] = [
  ['bits', flipBits],
  ['bytes', setBytes],
  ['splice', splice],
  ['cut', cut],
  ['head', changeHead],
  ['length', changeLength],
  ['spelling', spellDifferently],
  ['nesting', nest],
  ['value', changeValue],
  ['keys', changeKeys],
  ['noise', noise],
];

function flipBits(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const result = bytes.slice();
  for (let n = 1 + stream.below(3); n > 0; n--) result[stream.below(result.length)]! ^= 1 << stream.below(8);
  return result;
}

function setBytes(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const result = bytes.slice();
  const at = stream.below(result.length);
  for (let n = stream.below(9); n >= 0 && at + n < result.length; n--) result[at + n] = stream.below(256);
  return result;
}

function splice(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const other = ORIGINALS[stream.below(ORIGINALS.length)]!;
  const [a, b] = [stream.below(bytes.length), stream.below(other.length)];
  return stream.below(2) === 0
    ? concatBytes(bytes.subarray(0, a), other.subarray(b))
    : concatBytes(bytes.subarray(0, a), other.subarray(b, b + stream.below(64)), bytes.subarray(a));
}

function cut(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const at = stream.below(bytes.length);
  return concatBytes(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + stream.below(40))));
}

interface Head {
  readonly at: number;
  readonly major: number;
  readonly value: number;
  readonly next: number;
}

/** The heads of all items of a canonical document. */
function headsOf(bytes: Uint8Array): Head[] {
  const heads: Head[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const [major, info] = [bytes[at]! >> 5, bytes[at]! & 31];
    const width = info < 24 ? 0 : 1 << (info - 24);
    const values = [info, view.getUint8, view.getUint16, 0, view.getUint32] as const;
    const read = values[width];
    const value = typeof read === 'function' ? read.call(view, at + 1) : info;
    const next = at + 1 + width;
    heads.push({ at, major, value, next });
    at = major === 2 || major === 3 ? next + value : next;
  }
  return heads;
}

function anyHead(bytes: Uint8Array, stream: RandomStream): Head {
  const heads = headsOf(bytes);
  return heads[stream.below(heads.length)]!;
}

function withHead(bytes: Uint8Array, head: Head, replacement: Uint8Array): Uint8Array {
  return concatBytes(bytes.subarray(0, head.at), replacement, bytes.subarray(head.next));
}

/** A head of `width` bytes of argument, shortest or not. */
function writeHead(major: number, value: bigint, width: 0 | 1 | 2 | 4 | 8): Uint8Array {
  if (width === 0) return Uint8Array.of((major << 5) | Number(value & 31n));
  const bytes = new Uint8Array(1 + width);
  bytes[0] = (major << 5) | (24 + [1, 2, 4, 8].indexOf(width));
  for (let i = width, rest = value; i > 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n);
  return bytes;
}

/** Any first byte in place of an item's: other kinds, tags, floats, simple values, indefinite lengths, reserved. */
function changeHead(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const chosen = [0xf4, 0xf5, 0xf6, 0xf7, 0xf9, 0xfa, 0xfb, 0xff, 0xc0, 0xd8, 0x9f, 0xbf, 0x5f, 0x7f, 0x1c, 0x3d];
  const first = stream.below(2) === 0 ? chosen[stream.below(chosen.length)]! : stream.below(256);
  return withHead(bytes, anyHead(bytes, stream), concatBytes(Uint8Array.of(first), bytes.subarray(0, stream.below(9))));
}

/** Another length or count, by one or by far. */
function changeLength(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const heads = headsOf(bytes).filter(({ major }) => major > 1);
  const head = heads[stream.below(heads.length)]!;
  const far = [2n ** 16n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
  const near = BigInt(head.value) + BigInt([-1, 1, 2, 7][stream.below(4)]!);
  const value = stream.below(2) === 0 ? far[stream.below(far.length)]! : near < 0n ? 0n : near;
  const widths = [1, 2, 4, 8] as const;
  const shortest = value < 24n ? 0 : widths.find((width) => value < 1n << BigInt(8 * width))!;
  return withHead(bytes, head, writeHead(head.major, value, shortest));
}

/** The same content with a longer head somewhere: never canonical. */
function spellDifferently(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const head = anyHead(bytes, stream);
  const wider = ([1, 2, 4, 8] as const).filter((width) => width > head.next - head.at - 1);
  return withHead(bytes, head, writeHead(head.major, BigInt(head.value), wider[stream.below(wider.length)]!));
}

/** Arrays or maps in arrays or maps, a few deep or very deep, in place of an item or around everything. */
function nest(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const depth = [1, 5, 6, 7, 100, 10000][stream.below(6)]!;
  const opening = [Uint8Array.of(0x81), Uint8Array.of(0xa1, 0x61, 0x61), Uint8Array.of(0x9f)][stream.below(3)]!;
  const wrapping = new Uint8Array(depth * opening.length);
  for (let n = 0; n < depth; n++) wrapping.set(opening, n * opening.length);
  const { at } = anyHead(bytes, stream);
  return concatBytes(bytes.subarray(0, at), wrapping, bytes.subarray(at));
}

type Loose = Record<string, unknown> | unknown[];

/** Every place of a decoded document: its holder and its key. */
function places(value: unknown, found: [Loose, string | number][] = []): [Loose, string | number][] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return found;
  for (const key of Object.keys(value)) {
    found.push([value as Loose, key]);
    places((value as Record<string, unknown>)[key], found);
  }
  return found;
}

const VALUES = [0, 1, -1, 2, 15, 16, 30, 31, 40, 41, 63, 64, 255, 256, 257, 32767, 32768, -32768, 65536];
const WIDE = [2147483647, -2147483648, 2147483648, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
const TEXTS = [
  '',
  'a',
  'relu',
  'tanh',
  'hardtanh',
  'identity',
  'cont',
  'disc',
  'in',
  'out',
  'w',
  'idx',
  '__proto__',
  'é',
  'A',
];

/** A value of a place becomes another, canonical again: what is left is for the schema and the checks. */
function changeValue(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const document = dagCbor.decode<Loose>(bytes);
  for (let n = 1 + stream.below(2); n > 0; n--) {
    const all = places(document);
    const [holder, key] = all[stream.below(all.length)]!;
    const record = holder as Record<string, unknown>;
    record[key] = anotherValue(record[key], all, stream);
  }
  return dagCbor.encode(document);
}

function anotherValue(old: unknown, all: readonly [Loose, string | number][], stream: RandomStream): unknown {
  const kind = stream.below(8);
  if (kind === 0) return TEXTS[stream.below(TEXTS.length)]!;
  if (kind === 1) {
    const [holder, key] = all[stream.below(all.length)]!;
    return structuredClone((holder as Record<string, unknown>)[key]);
  }
  if (kind === 2) return Uint8Array.from({ length: stream.below(20) }, () => stream.below(256));
  if (old instanceof Uint8Array && old.length > 0) return setBytes(old, stream);
  if (typeof old === 'number' && kind < 6) return old + [-1, 1, 2, -2][stream.below(4)]!;
  return [...VALUES, ...WIDE][stream.below(VALUES.length + WIDE.length)]!;
}

/** Keys gone, new, or in another order. */
function changeKeys(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const kind = stream.below(3);
  if (kind === 0) return swapItems(bytes, stream);
  const document = dagCbor.decode<Loose>(bytes);
  const all = places(document);
  const [holder, key] = all[stream.below(all.length)]!;
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (kind === 1) Reflect.deleteProperty(holder, key);
  else holder[['k', 'x', 'tab', 'constructor', '__proto__.x'][stream.below(5)]!] = stream.below(40);
  return dagCbor.encode(document);
}

/** Two neighbouring entries of a map of scalars change places. */
function swapItems(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const heads = headsOf(bytes);
  const at = stream.below(Math.max(1, heads.length - 4));
  const ends = [0, 2, 4].map((n) => heads[at + n]?.at ?? bytes.length) as [number, number, number];
  const [a, b, c] = ends;
  return concatBytes(bytes.subarray(0, a), bytes.subarray(b, c), bytes.subarray(a, b), bytes.subarray(c));
}

function noise(_bytes: Uint8Array, stream: RandomStream): Uint8Array {
  return Uint8Array.from({ length: stream.below(300) }, () => stream.below(256));
}
