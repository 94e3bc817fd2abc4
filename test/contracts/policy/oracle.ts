/** The executor written a second time, in BigInt and straight from the specification: the oracle of the tests. */
import type { LoadedPolicy, DenseLayer } from '../../../src/contracts/policy/artifact.ts';
import type { EnvelopeSpec, OutputSpec } from '../../../src/grid/interface.ts';

export function floorDiv(a: bigint, b: bigint): bigint {
  const q = a / b;
  return a % b !== 0n && a < 0n ? q - 1n : q;
}

function ceilDiv(a: bigint, b: bigint): bigint {
  return -floorDiv(-a, b);
}

function clamp(x: bigint, lo: bigint, hi: bigint): bigint {
  const up = x < lo ? lo : x;
  return up > hi ? hi : up;
}

export function half(s: number): bigint {
  return s === 0 ? 0n : 1n << BigInt(s - 1);
}

const UNIT = 32767n;
const SCALE = 10n ** 60n;

/** e^(i/32) * SCALE by its series: 60 digits, truncated per term. */
function expOver32(i: number): bigint {
  let term = SCALE;
  let sum = SCALE;
  for (let n = 1; term > 0n; n++) {
    term = (term * BigInt(i)) / (32n * BigInt(n));
    sum += term;
  }
  return sum;
}

/** T[i] = round(32767 * tanh(i/64)), tanh(x) = (e^2x - 1) / (e^2x + 1); the nearest tie is 1e-3 away. */
export function exactTanhTable(): Int16Array {
  const table = new Int16Array(513);
  for (let i = 0; i <= 512; i++) {
    const e = expOver32(i);
    table[i] = Number(floorDiv(2n * UNIT * (e - SCALE) + (e + SCALE), 2n * (e + SCALE)));
  }
  return table;
}

const TABLE = exactTanhTable();

export function oracleTanh(z: bigint): bigint {
  const magnitude = z < 0n ? -z : z;
  const a = magnitude > 524287n ? 524287n : magnitude;
  const i = Number(a / 1024n);
  const from = BigInt(TABLE[i]!);
  const y = from + floorDiv((BigInt(TABLE[i + 1]!) - from) * (a % 1024n) + 512n, 1024n);
  return z < 0n ? -y : y;
}

export function oracleNormalise(
  spec: { lo: number; hi: number; c: number; m: number; t: number },
  raw: number,
): bigint {
  const v = clamp(BigInt(raw), BigInt(spec.lo), BigInt(spec.hi)) - BigInt(spec.c);
  return clamp(floorDiv(v * BigInt(spec.m) + half(spec.t), 1n << BigInt(spec.t)), -UNIT, UNIT);
}

export function oracleLayer(layer: DenseLayer, x: readonly bigint[]): bigint[] {
  return Array.from(layer.bias, (b, o) => {
    let sum = BigInt(b) + half(layer.shift);
    for (let i = 0; i < layer.inSize; i++) sum += BigInt(layer.weights[o * layer.inSize + i]!) * x[i]!;
    const z = floorDiv(sum, 1n << BigInt(layer.shift));
    if (layer.activation === 'relu') return clamp(z, 0n, UNIT);
    if (layer.activation === 'hardtanh') return clamp(z, -(1n << BigInt(layer.exponent)), 1n << BigInt(layer.exponent));
    return layer.activation === 'tanh' ? oracleTanh(z) : z;
  });
}

export function oracleTable(r: readonly number[], v: readonly number[], x: bigint, divide: typeof floorDiv): bigint {
  const last = r.length - 1;
  if (x <= BigInt(r[0]!)) return BigInt(v[0]!);
  if (x >= BigInt(r[last]!)) return BigInt(v[last]!);
  const j = r.findLastIndex((knot) => BigInt(knot) <= x);
  const dv = BigInt(v[j + 1]!) - BigInt(v[j]!);
  return BigInt(v[j]!) + divide(dv * (x - BigInt(r[j]!)), BigInt(r[j + 1]!) - BigInt(r[j]!));
}

/** 3.5(c), in place on p. */
export function oracleEnvelopes(
  envelopes: readonly EnvelopeSpec[],
  raw: ArrayLike<number>,
  missing: ReadonlySet<number>,
  p: bigint[],
): void {
  for (const { d, sk, si, r, l, h } of envelopes) {
    if (sk === 'in' && missing.has(si)) continue;
    const x = sk === 'in' ? BigInt(raw[si]!) : p[si]!;
    const raised = p[d]! < oracleTable(r, l, x, ceilDiv) ? oracleTable(r, l, x, ceilDiv) : p[d]!;
    const upper = oracleTable(r, h, x, floorDiv);
    p[d] = raised > upper ? upper : raised;
  }
}

/** 3.5(a). */
export function oracleHead(spec: OutputSpec, z: bigint): bigint {
  const y = clamp(z, -UNIT, UNIT);
  const scaled = floorDiv(y * BigInt(spec.m) + half(spec.t), 1n << BigInt(spec.t));
  return clamp(scaled + BigInt(spec.c), BigInt(spec.lo), BigInt(spec.hi));
}

/** `suspended`: the fallback answers although nothing is missing. */
export function oracleRun(
  policy: LoadedPolicy,
  raw: Int32Array,
  missing: ReadonlySet<number>,
  suspended = false,
): number[] {
  const { inputs, outputs, fallback } = policy.interface;
  let p: bigint[];
  if (missing.size > 0 || suspended) {
    p = fallback.map(({ si, r, y, z }) =>
      missing.has(si) ? BigInt(z) : oracleTable(r, y, BigInt(raw[si]!), floorDiv),
    );
  } else {
    let x = inputs.map((spec, i) => oracleNormalise(spec, raw[i]!));
    for (const layer of policy.layers) x = oracleLayer(layer, x);
    p = outputs.map((spec, d) => {
      if (policy.head.kind === 'disc') {
        const best = x.reduce((held, z, o) => (z > x[held]! ? o : held), 0);
        return BigInt(policy.head.table[best * outputs.length + d]!);
      }
      return oracleHead(spec, x[d]!);
    });
  }
  oracleEnvelopes(policy.interface.envelopes, raw, missing, p);
  return p.map(Number);
}
