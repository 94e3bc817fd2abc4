/** Cases A1 to A12: inputs by hand, expected values by the BigInt oracle of the tests, not by the code under test. */
import { toHex } from '../../src/base/bytes.ts';
import { I32_MAX, I32_MIN, pow2 } from '../../src/base/fixed.ts';
import { sha256 } from '../../src/base/hash.ts';
import { RandomStream } from '../../src/base/random.ts';
import { rowBound } from '../../src/contracts/policy/checks.ts';
import { int16Bytes } from '../../src/contracts/policy/tensors.ts';
import { halfUnit, type EnvelopeSpec } from '../../src/grid/interface.ts';
import {
  floorDiv,
  half,
  oracleEnvelopes,
  oracleHead,
  oracleLayer,
  oracleNormalise,
  oracleTable,
  oracleTanh,
} from '../../test/contracts/policy/oracle.ts';
import { dense, plainOutput, randomLayer } from '../../test/contracts/policy/samples.ts';

/** One row of values in the order of `columns`. */
export interface ArithmeticCase {
  readonly id: string;
  readonly title: string;
  readonly op: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export function arithmeticCases(): ArithmeticCase[] {
  return [
    round('A1', 'ties (2k+1)*2^(s-1) round up, s = 1..30', tieRows()),
    round('A2', 'the largest accumulators that 3.6 allows', largestRows()),
    round('A3', 's = 0 does not round', [0, 1, -1, 2147483646, I32_MAX, -I32_MAX].map(pair(0))),
    round('A4', 'negative halves round up', [-1, 1, -3, 3, -5, 5].map(pair(1))),
    {
      id: 'A5',
      title: 'relu around its ends',
      op: 'relu',
      columns: ['z', 'y'],
      rows: [-I32_MAX, -1, 0, 1, 32766, 32767, 32768, I32_MAX].map((z) => [z, unit('relu', 0, z)]),
    },
    { id: 'A6', title: 'hardtanh around +-2^k', op: 'hardtanh', columns: ['k', 'z', 'y'], rows: hardtanhRows() },
    { id: 'A7', title: 'tanh at samples', op: 'tanh', columns: ['z', 'y'], rows: tanhRows() },
    tanhDigest(),
    {
      id: 'A8',
      title: 'one row, whatever the order and the grouping of its sum',
      op: 'row',
      columns: ['w', 'x', 'b', 's', 'z'],
      rows: sumRows(),
    },
    normaliser('A9', 'input normaliser at and beyond its ends, t = 0 and t = 40', normaliserEnds()),
    normaliser('A10', 'the widest products of the normaliser', normaliserWidest()),
    {
      id: 'A10',
      title: 'the widest products of the head',
      op: 'head',
      columns: ['lo', 'hi', 'c', 'm', 't', 'z', 'p'],
      rows: headRows(),
    },
    {
      id: 'A10',
      title: 'a fallback segment whose product is 2^53-1',
      op: 'table',
      columns: ['r', 'y', 'at', 'value'],
      rows: tableRows(),
    },
    { id: 'A11', title: 'the lowest index wins ties', op: 'argmax', columns: ['z', 'index'], rows: argmaxRows() },
    {
      id: 'A12',
      title: 'envelopes: knots, between, ends, rounding by sign, order, a missing source',
      op: 'envelope',
      columns: ['env', 'raw', 'start', 'out'],
      rows: envelopeRows(),
    },
  ];
}

/** (acc + r(s)) >> s in exact integers. */
function exact(acc: number, s: number): number {
  return Number(floorDiv(BigInt(acc) + half(s), 1n << BigInt(s)));
}

function round(id: string, title: string, pairs: readonly (readonly [number, number])[]): ArithmeticCase {
  const rows = pairs.map(([acc, s]) => [acc, s, exact(acc, s)]);
  return { id, title, op: 'round', columns: ['acc', 's', 'z'], rows };
}

function pair(s: number): (acc: number) => [number, number] {
  return (acc) => [acc, s];
}

function tieRows(): [number, number][] {
  const rows: [number, number][] = [];
  for (let s = 1; s <= 30; s++) {
    const tie = pow2(s - 1);
    const most = Math.floor((I32_MAX - tie) / tie);
    const odd = most % 2 === 1 ? most : most - 1;
    for (const n of new Set([1, 3, odd])) if (n <= odd) rows.push([n * tie, s], [-n * tie, s]);
  }
  return rows;
}

function largestRows(): [number, number][] {
  const rows: [number, number][] = [];
  for (let s = 0; s <= 30; s++) {
    const most = I32_MAX - halfUnit(s);
    rows.push([most, s], [-most, s], [most - 1, s]);
  }
  return rows;
}

/** One unit with no weights and z as its bias, through the oracle. */
function unit(activation: 'relu' | 'hardtanh', exponent: number, z: number): number {
  return Number(oracleLayer(dense([[0]], [z], 0, activation, exponent), [0n])[0]);
}

function hardtanhRows(): number[][] {
  const rows: number[][] = [];
  for (let k = 0; k <= 14; k++) {
    const q = pow2(k);
    for (const z of [q - 1, q, q + 1, 1 - q, -q, -q - 1]) rows.push([k, z, unit('hardtanh', k, z)]);
  }
  return rows;
}

function tanhRows(): number[][] {
  const at = [0, 1, 1023, 1024, 1025, 40000, 65536, 200000, 523263, 523264, 524286, 524287, 524288, I32_MAX];
  return at.flatMap((z) => [z, -z]).map((z) => [z === 0 ? 0 : z, Number(oracleTanh(BigInt(z)))]);
}

function tanhDigest(): ArithmeticCase {
  const values = Int16Array.from({ length: 1048577 }, (_, i) => Number(oracleTanh(BigInt(i - 524288))));
  return {
    id: 'A7',
    title: 'tanh of every z from..to: SHA-256 of the results as i16, little-endian',
    op: 'tanhDigest',
    columns: ['from', 'to', 'sha256'],
    rows: [[-524288, 524288, toHex(sha256(int16Bytes(values)))]],
  };
}

function sumRows(): unknown[][] {
  const stream = RandomStream.fromSeed(8, 'conformance');
  const layers = Array.from({ length: 12 }, (_, n) =>
    randomLayer(stream, new Int32Array(1 + 5 * n).fill(32767), 1, 'identity'),
  );
  // At the limit of 3.6 in both signs: the sums reach +-(2^31-1) at a corner and cancel at the other.
  const edge = dense([[32767, -32767]], [0], 7, 'identity');
  edge.bias[0] = I32_MAX - rowBound(edge, 0, [32767, 32767]);
  const cases = layers.map((layer) => [
    layer,
    Array.from(layer.weights, () => stream.below(65535) - 32767),
  ]) as (readonly [typeof edge, number[]])[];
  const corners = [
    [32767, -32767],
    [-32767, 32767],
    [32767, 32767],
  ].map((x) => [edge, x] as const);
  return [...cases, ...corners].map(([layer, x]) => {
    const z = oracleLayer(layer, x.map(BigInt))[0];
    return [Array.from(layer.weights), x, layer.bias[0], layer.shift, Number(z)];
  });
}

type Constants = readonly [lo: number, hi: number, c: number, m: number, t: number];

function normaliser(id: string, title: string, rows: readonly (readonly [Constants, number])[]): ArithmeticCase {
  return {
    id,
    title,
    op: 'normalise',
    columns: ['lo', 'hi', 'c', 'm', 't', 'r', 'x'],
    rows: rows.map(([constants, r]) => {
      const [lo, hi, c, m, t] = constants;
      return [...constants, r, Number(oracleNormalise({ lo, hi, c, m, t }, r))];
    }),
  };
}

function normaliserEnds(): [Constants, number][] {
  const specs: Constants[] = [
    [-1000, 2000, 100, 32767, 0],
    [-1000, 2000, 100, 32767, 40],
    [-9, 9, 0, 1, 1],
    [5, 5, 5, 32767, 0],
    [49000, 51000, 50000, 32767, 10],
  ];
  return specs.flatMap((spec) => {
    const [lo, hi, c] = spec;
    const at = [lo - 1, lo, lo + 1, c - 1, c, c + 1, c + 3, hi - 1, hi, hi + 1, I32_MIN, I32_MAX];
    return at.map((r): [Constants, number] => [spec, r]);
  });
}

function normaliserWidest(): [Constants, number][] {
  const rows: [Constants, number][] = [];
  for (const c of [I32_MIN, -1, 0, I32_MAX]) {
    for (const t of [0, 1, 16, 17, 31, 32, 39, 40]) {
      for (const r of [I32_MIN, -1, 12345677, I32_MAX]) rows.push([[I32_MIN, I32_MAX, c, 32767, t], r]);
    }
  }
  return rows;
}

function headRows(): number[][] {
  const rows: number[][] = [];
  for (const m of [I32_MAX, -I32_MAX, 10240, -1]) {
    for (const t of [0, 1, 14, 31, 40]) {
      for (const c of [I32_MIN, 0, I32_MAX]) {
        for (const z of [I32_MIN, -32767, -1, 1, 12345, I32_MAX]) {
          const spec = { ...plainOutput('p'), lo: I32_MIN, hi: I32_MAX, c, m, t };
          rows.push([spec.lo, spec.hi, c, m, t, z, Number(oracleHead(spec, BigInt(z)))]);
        }
      }
    }
  }
  return rows;
}

function tableRows(): unknown[][] {
  // 2^53-1 = 6361 * 69431 * 20394401
  const [rise, width] = [6361 * 69431, 20394401];
  const steep = { r: [-7, width - 7], y: [1 - rise, 1] };
  const falling = { r: [-7, width - 7], y: [1, 1 - rise] };
  const three = { r: [-10, 0, 3], y: [5, -5, 5] };
  const rows = (table: typeof three, at: readonly number[]): unknown[][] =>
    at.map((x) => [table.r, table.y, x, Number(oracleTable(table.r, table.y, BigInt(x), floorDiv))]);
  const wide = [I32_MIN, -7, -6, 0, 1234567, width - 9, width - 8, width - 7, I32_MAX];
  return [...rows(steep, wide), ...rows(falling, wide), ...rows(three, [-11, -10, -9, -1, 0, 1, 2, 3, 4])];
}

function argmaxRows(): unknown[][] {
  const rows: (readonly [number[], number])[] = [
    [[1, 5, 5, 2], 1],
    [[7, 7, 7], 0],
    [[-9, -3, -3], 1],
    [[I32_MIN, I32_MIN], 0],
    [[I32_MIN, I32_MAX, I32_MAX], 1],
    [[0, 0, 1], 2],
  ];
  return rows.map((row) => [...row]);
}

function envelopeRows(): unknown[][] {
  const rows: unknown[][] = [];
  const add = (env: readonly EnvelopeSpec[], raw: readonly (number | null)[], start: readonly number[]): void => {
    const missing = new Set(raw.flatMap((r, i) => (r === null ? [i] : [])));
    const out = start.map(BigInt);
    const present = raw.map((r) => r ?? 0);
    oracleEnvelopes(env, present, missing, out);
    rows.push([env, raw, start, out.map(Number)]);
  };
  const one = (l: number[], h: number[]): EnvelopeSpec[] => [{ d: 0, sk: 'in', si: 0, r: [0, 3], l, h }];
  for (const raw of [I32_MIN, -1, 0, 1, 2, 3, 4, I32_MAX]) {
    add(one([-100, -100], [10, 40]), [raw], [1000]);
    add(one([0, 10], [50, 50]), [raw], [-1000]);
    add(one([0, -10], [50, 50]), [raw], [-1000]);
    add(one([-50, -50], [0, 10]), [raw], [1000]);
    add(one([-50, -50], [0, -10]), [raw], [1000]);
  }
  const conflict: EnvelopeSpec[] = [
    { d: 0, sk: 'in', si: 0, r: [0], l: [100], h: [200] },
    { d: 0, sk: 'in', si: 0, r: [0], l: [-50], h: [-10] },
    { d: 1, sk: 'out', si: 0, r: [-20, 0], l: [0, 0], h: [7, 27] },
  ];
  add(conflict, [0], [0, 500]);
  add(conflict.toReversed(), [0], [0, 500]);
  add([{ d: 0, sk: 'in', si: 1, r: [0], l: [0], h: [1] }], [0, null], [1000]);
  add([{ d: 0, sk: 'in', si: 1, r: [0], l: [0], h: [1] }], [0, 0], [1000]);
  return rows;
}
