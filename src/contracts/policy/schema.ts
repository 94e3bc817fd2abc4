/**
 * Reading the decoded document of an artifact into memory: keys, kinds, integer ranges, names, units and
 * tensor lengths (docs/spec/policy.md 3.2 to 3.5, 3.12). What relates one part to another is in checks.ts.
 */
import { compareText } from '../../base/bytes.ts';
import type { Document } from '../../base/cbor.ts';
import { fail, type ErrorCode } from '../../base/errors.ts';
import { I32_MAX, I32_MIN } from '../../base/fixed.ts';
import { isId } from '../../base/record.ts';
import type { EnvelopeSpec, FallbackSpec, InputSpec, OutputSpec, StateSpec } from '../../grid/interface.ts';
import { UNIT_INTEGER } from '../../grid/interface.ts';
import { isUnit, UNIT_SCALE, type Unit } from '../../grid/units.ts';
import {
  MAX_HARDTANH_EXPONENT,
  MAX_LAYER_SHIFT,
  MAX_SCALE_SHIFT,
  POLICY_LIMITS,
  POLICY_VERSION,
  type Activation,
  type DenseLayer,
  type PolicyHead,
  type PolicyParts,
} from './artifact.ts';
import { int16Values, int32Values } from './tensors.ts';

type Fields<K extends string> = { readonly [P in K]: Document };

const ACTIVATIONS: readonly Activation[] = ['relu', 'hardtanh', 'tanh', 'identity'];

/** @throws `policy.schema`, `policy.version`, `policy.limits`, `policy.range`, `policy.name`, `policy.unit`, `policy.tensor`. */
export function readParts(document: Document): PolicyParts {
  const top = fieldsOf(document, 'artifact', ['v', 'in', 'layers', 'head', 'env', 'fb', 'st']);
  if (top.v !== POLICY_VERSION) throw fail('policy.version', { expected: POLICY_VERSION, got: top.v });
  const inputs = list(top.in, 'in', 1, POLICY_LIMITS.inputs).map((item, i) => readInput(item, `in[${i}]`));
  const layers = list(top.layers, 'layers', 1, POLICY_LIMITS.layers).map((item, i) => readLayer(item, `layers[${i}]`));
  const { head, outputs } = readHead(top.head);
  const envelopes = list(top.env, 'env', 0, POLICY_LIMITS.envelopes).map((item, i) => readEnvelope(item, `env[${i}]`));
  const fallback = list(top.fb, 'fb', 0, POLICY_LIMITS.outputs).map((item, i) => readFallback(item, `fb[${i}]`));
  const state = list(top.st, 'st', 0, POLICY_LIMITS.state).map((item, i) => readState(item, `st[${i}]`));
  return { interface: { inputs, outputs, envelopes, fallback, state }, layers, head };
}

function readInput(item: Document, at: string): InputSpec {
  const f = fieldsOf(item, at, ['n', 'u', 'lo', 'hi', 'c', 'm', 't']);
  const { lo, hi } = readBox(f, at);
  return {
    n: name(f.n, `${at}.n`),
    u: unit(f.u, `${at}.u`),
    lo,
    hi,
    c: integer(f.c, `${at}.c`, lo, hi),
    m: integer(f.m, `${at}.m`, 1, UNIT_INTEGER),
    t: integer(f.t, `${at}.t`, 0, MAX_SCALE_SHIFT),
  };
}

function readLayer(item: Document, at: string): DenseLayer {
  const activation = readActivation(item, at);
  const keys = ['i', 'o', 's', 'w', 'b', 'a'] as const;
  const f = fieldsOf(item, at, activation === 'hardtanh' ? [...keys, 'k'] : keys) as Fields<
    (typeof keys)[number] | 'k'
  >;
  const inSize = integer(f.i, `${at}.i`, 1, POLICY_LIMITS.width, 'policy.limits');
  const outSize = integer(f.o, `${at}.o`, 1, POLICY_LIMITS.width, 'policy.limits');
  return {
    inSize,
    outSize,
    shift: integer(f.s, `${at}.s`, 0, MAX_LAYER_SHIFT),
    weights: int16Values(tensor(f.w, `${at}.w`, 2 * inSize * outSize)),
    bias: int32Values(tensor(f.b, `${at}.b`, 4 * outSize)),
    activation,
    exponent: activation === 'hardtanh' ? integer(f.k, `${at}.k`, 0, MAX_HARDTANH_EXPONENT) : 0,
  };
}

/** Read first, because it decides whether `k` belongs to the layer. */
function readActivation(item: Document, at: string): Activation {
  const a = isMap(item) ? item['a'] : undefined;
  const activation = ACTIVATIONS.find((one) => one === a);
  if (activation === undefined)
    throw fail('policy.schema', { expected: { at: `${at}.a`, oneOf: ACTIVATIONS }, got: show(a) });
  return activation;
}

function readHead(item: Document): { head: PolicyHead; outputs: readonly OutputSpec[] } {
  const kind = isMap(item) ? item['k'] : undefined;
  if (kind === 'cont') {
    const f = fieldsOf(item, 'head', ['k', 'out']);
    const outputs = outputList(f.out).map((one, d) => readContinuousOutput(one, `head.out[${d}]`));
    return { head: { kind }, outputs };
  }
  if (kind !== 'disc')
    throw fail('policy.schema', { expected: { at: 'head.k', oneOf: ['cont', 'disc'] }, got: show(kind) });
  const f = fieldsOf(item, 'head', ['k', 'out', 'tab']);
  const outputs = outputList(f.out).map((one, d) => readDiscreteOutput(one, `head.out[${d}]`));
  const table = int32Values(vector(f.tab, 'head.tab', 'policy.head'));
  return { head: { kind, actions: actionCount(table, outputs.length), table }, outputs };
}

function outputList(value: Document): readonly Document[] {
  return list(value, 'head.out', 1, POLICY_LIMITS.outputs);
}

/** Rows of the table; not a whole number of rows is caught here, too many or few in checks.ts. */
function actionCount(table: Int32Array, outputs: number): number {
  let rows = 0;
  while (rows * outputs < table.length) rows++;
  if (rows * outputs !== table.length) {
    throw fail('policy.tensor', { expected: { at: 'head.tab', multipleOf: 4 * outputs }, got: 4 * table.length });
  }
  return rows;
}

function readContinuousOutput(item: Document, at: string): OutputSpec {
  const f = fieldsOf(item, at, ['n', 'u', 'm', 't', 'c', 'lo', 'hi']);
  return {
    n: name(f.n, `${at}.n`),
    u: unit(f.u, `${at}.u`),
    m: integer(f.m, `${at}.m`, -I32_MAX, I32_MAX),
    t: integer(f.t, `${at}.t`, 0, MAX_SCALE_SHIFT),
    c: integer(f.c, `${at}.c`, I32_MIN, I32_MAX),
    ...readBox(f, at),
  };
}

function readDiscreteOutput(item: Document, at: string): OutputSpec {
  const f = fieldsOf(item, at, ['n', 'u', 'lo', 'hi']);
  return { n: name(f.n, `${at}.n`), u: unit(f.u, `${at}.u`), m: 0, t: 0, c: 0, ...readBox(f, at) };
}

function readEnvelope(item: Document, at: string): EnvelopeSpec {
  const f = fieldsOf(item, at, ['d', 'sk', 'si', 'r', 'l', 'h']);
  if (f.sk !== 'in' && f.sk !== 'out') {
    throw fail('policy.schema', { expected: { at: `${at}.sk`, oneOf: ['in', 'out'] }, got: show(f.sk) });
  }
  const sources = f.sk === 'in' ? POLICY_LIMITS.inputs : POLICY_LIMITS.outputs;
  return {
    d: integer(f.d, `${at}.d`, 0, POLICY_LIMITS.outputs - 1, 'policy.envelope'),
    sk: f.sk,
    si: integer(f.si, `${at}.si`, 0, sources - 1, 'policy.envelope'),
    r: knots(f.r, `${at}.r`, 'policy.envelope'),
    l: knots(f.l, `${at}.l`, 'policy.envelope'),
    h: knots(f.h, `${at}.h`, 'policy.envelope'),
  };
}

function readFallback(item: Document, at: string): FallbackSpec {
  const f = fieldsOf(item, at, ['si', 'r', 'y', 'z']);
  return {
    si: integer(f.si, `${at}.si`, 0, POLICY_LIMITS.inputs - 1, 'policy.fallback'),
    r: knots(f.r, `${at}.r`, 'policy.fallback'),
    y: knots(f.y, `${at}.y`, 'policy.fallback'),
    z: integer(f.z, `${at}.z`, I32_MIN, I32_MAX, 'policy.fallback'),
  };
}

function readState(item: Document, at: string): StateSpec {
  const f = fieldsOf(item, at, ['i', 'd', 'z']);
  return {
    i: integer(f.i, `${at}.i`, 0, POLICY_LIMITS.inputs - 1, 'policy.state'),
    d: integer(f.d, `${at}.d`, 0, POLICY_LIMITS.outputs - 1, 'policy.state'),
    z: integer(f.z, `${at}.z`, I32_MIN, I32_MAX, 'policy.state'),
  };
}

function readBox(f: Fields<'lo' | 'hi'>, at: string): { lo: number; hi: number } {
  const lo = integer(f.lo, `${at}.lo`, I32_MIN, I32_MAX);
  return { lo, hi: integer(f.hi, `${at}.hi`, lo, I32_MAX) };
}

/** Exactly the keys given: none missing, none unknown. */
function fieldsOf<K extends string>(value: Document | undefined, at: string, keys: readonly K[]): Fields<K> {
  if (!isMap(value)) throw fail('policy.schema', { expected: { at, kind: 'map' }, got: show(value) });
  for (const key of keys) {
    if (!Object.hasOwn(value, key)) throw fail('policy.schema', { expected: { at, key }, got: 'no such key' });
  }
  const unknown = Object.keys(value)
    .sort(compareText)
    .find((key) => !(keys as readonly string[]).includes(key));
  if (unknown !== undefined) throw fail('policy.schema', { expected: { at, keys }, got: { key: unknown } });
  return value as Fields<K>;
}

function list(value: Document, at: string, min: number, max: number): readonly Document[] {
  if (!Array.isArray(value)) throw fail('policy.schema', { expected: { at, kind: 'array' }, got: show(value) });
  const items = value as readonly Document[];
  if (items.length < min || items.length > max) {
    throw fail('policy.limits', { expected: { at, min, max }, got: items.length });
  }
  return items;
}

function integer(value: Document, at: string, min: number, max: number, code: ErrorCode = 'policy.range'): number {
  if (typeof value !== 'number') throw fail('policy.schema', { expected: { at, kind: 'integer' }, got: show(value) });
  if (value < min || value > max) throw fail(code, { expected: { at, min, max }, got: value });
  return value;
}

function byteString(value: Document, at: string): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw fail('policy.schema', { expected: { at, kind: 'bytes' }, got: show(value) });
  return value;
}

function tensor(value: Document, at: string, length: number): Uint8Array {
  const bytes = byteString(value, at);
  if (bytes.length !== length) throw fail('policy.tensor', { expected: { at, bytes: length }, got: bytes.length });
  return bytes;
}

/** i32 each, of any length that holds at least one. */
function vector(value: Document, at: string, code: ErrorCode): Uint8Array {
  const bytes = byteString(value, at);
  if ((bytes.length & 3) !== 0) throw fail('policy.tensor', { expected: { at, multipleOf: 4 }, got: bytes.length });
  if (bytes.length === 0) throw fail(code, { expected: { at, min: 1 }, got: 0 });
  return bytes;
}

function knots(value: Document, at: string, code: ErrorCode): readonly number[] {
  const values = Array.from(int32Values(vector(value, at, code)));
  if (values.length > POLICY_LIMITS.knots) {
    throw fail('policy.limits', { expected: { at, max: POLICY_LIMITS.knots }, got: values.length });
  }
  return values;
}

function name(value: Document, at: string): string {
  if (typeof value !== 'string') throw fail('policy.schema', { expected: { at, kind: 'text' }, got: show(value) });
  if (!isId(value)) throw fail('policy.name', { expected: { at, characters: '1..32 of [a-z0-9._/-]' }, got: value });
  return value;
}

function unit(value: Document, at: string): Unit {
  if (typeof value !== 'string') throw fail('policy.schema', { expected: { at, kind: 'text' }, got: show(value) });
  if (!isUnit(value))
    throw fail('policy.unit', { expected: { at, oneOf: Object.keys(UNIT_SCALE).sort(compareText) }, got: value });
  return value;
}

function isMap(value: Document | undefined): value is { readonly [key: string]: Document } {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** What stands there instead, short enough for an error line. */
function show(value: Document | undefined): string | number {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return value.slice(0, 80);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return Array.isArray(value) ? 'array' : 'map';
}
