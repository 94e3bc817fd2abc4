/**
 * States as JSON and back without losing a bit: typed arrays, -0, NaN and the infinities, which JSON has no words for.
 *   Float64Array [1, -0]  ->  {"$f64": "AAAAAAAA8D8AAAAAAAAAgA=="}, little-endian      -0 alone  ->  {"$number": "-0"}
 */
import { fromBase64, toBase64 } from '../../base/bytes.ts';
import { fail } from '../../base/errors.ts';
import type { TaskState } from './task.ts';
import type { EnvState, Json } from './types.ts';

const ARRAYS = {
  $f64: Float64Array,
  $f32: Float32Array,
  $i32: Int32Array,
  $u32: Uint32Array,
  $i16: Int16Array,
  $u8: Uint8Array,
} as const;
const NUMBER = '$number';

/** @throws `env.state` for what is neither data nor a typed array of the list above. */
export function stateToJson(state: TaskState): EnvState {
  return encode(state) as EnvState;
}

/** @throws `env.state`. */
export function stateFromJson(json: Json | undefined): TaskState {
  const state = decode(json);
  if (typeof state !== 'object' || state === null) throw fail('env.state', { expected: 'a state' });
  return state as TaskState;
}

function encode(value: unknown): Json {
  if (typeof value === 'number') return isPlain(value) ? value : { [NUMBER]: spell(value) };
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (Array.isArray(value)) return value.map(encode);
  for (const [tag, type] of Object.entries(ARRAYS)) {
    if (value instanceof type) {
      return { [tag]: toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
    }
  }
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) {
    throw fail('env.state', { expected: 'numbers, text, arrays and plain objects', got: String(value) });
  }
  // As JSON.stringify has it: what is undefined is not there.
  const present = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(present.map(([key, part]) => [key, encode(part)]));
}

function decode(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(decode);
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json);
  const [tag, content] = entries[0] ?? [];
  if (tag === NUMBER) return Number(content);
  if (tag !== undefined && Object.hasOwn(ARRAYS, tag)) {
    return decodeArray(tag as keyof typeof ARRAYS, content);
  }
  return Object.fromEntries(entries.map(([key, part]) => [key, decode(part)]));
}

function decodeArray(tag: keyof typeof ARRAYS, content: unknown): unknown {
  const type = ARRAYS[tag];
  try {
    const { buffer } = fromBase64(content as string);
    return new type(buffer as ArrayBuffer);
  } catch (cause) {
    throw fail('env.state', { expected: `${tag}: whole numbers of ${type.BYTES_PER_ELEMENT} bytes in base64`, cause });
  }
}

function isPlain(x: number): boolean {
  return Number.isFinite(x) && !Object.is(x, -0);
}

function spell(x: number): string {
  return Object.is(x, -0) ? '-0' : String(x);
}
