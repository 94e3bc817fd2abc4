/**
 * Dense layers on i16 lanes. Four outputs by two inputs make one v128 of weights; a pair of activations is broadcast
 * and `i32x4.dot_i16x8_s` adds its two products to four sums. 3.6 bounds every partial sum, so any order is exact.
 */
import { FunctionWriter, V128, type Code, type Local, type WasmFunction } from './assembler.ts';
import { advance, clampTo, isMode, layerField } from './envelopeCode.ts';
import { call, i16x8, i32, i32x4, loopWhile, repeat, v128, when } from './instructions.ts';
import { AT, LAYER, X_SLOT, Z_SLOT } from './layout.ts';

const V = 16;
/** Pairs of inputs a turn of the unrolled loop takes. */
const UNROLL = 4;

/**
 * One block of outputs for `inferences` side by side: `width` vectors of four outputs.
 * (layer, weights, bytes of weights per pair, first output, source x) with results to `target` x or to z.
 */
export function blockFunction(inferences: number, width: number): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const weights = f.param();
  const stride = f.param();
  const first = f.param();
  const source = f.param();
  const target = f.param();
  const pairs = f.local();
  const shift = f.local();
  const at = f.local();
  const sums = Array.from({ length: inferences }, () => f.vectors(width));
  const xs = f.vectors(inferences);
  const w = f.local(V128);
  const lo = f.local(V128);
  const hi = f.local(V128);
  const pair = (n: number): Code => [
    ...xs.flatMap((x, m) => x.set(v128.load32Splat(source.get, m * X_SLOT + 4 * n))),
    ...Array.from({ length: width }, (_, b) => b).flatMap((b) =>
      inferences === 1
        ? addDot(sums[0]![b]!, xs[0]!, v128.load(weights.get, V * b))
        : [...w.set(v128.load(weights.get, V * b)), ...xs.flatMap((x, m) => addDot(sums[m]![b]!, x, w.get))],
    ),
    ...weights.set(i32.add(weights.get, stride.get)),
  ];
  return f.end([
    ...at.set(i32.add(layerField(layer, LAYER.bias), i32.shl(first.get, i32.const(2)))),
    ...sums.flatMap((row) => row.flatMap((sum, b) => sum.set(v128.load(at.get, V * b)))),
    ...pairs.set(layerField(layer, LAYER.pairs)),
    ...loopWhile(i32.ge(pairs.get, i32.const(UNROLL)), [
      ...Array.from({ length: UNROLL }, (_, n) => n).flatMap(pair),
      ...advance(source, 4 * UNROLL),
      ...advance(pairs, -UNROLL),
    ]),
    ...loopWhile(pairs.get, [...pair(0), ...advance(source, 4), ...advance(pairs, -1)]),
    ...shift.set(layerField(layer, LAYER.shift)),
    ...sums.flat().flatMap((sum) => sum.set(i32x4.shr(sum.get, shift.get))),
    ...when(
      i32.isZero(layerField(layer, LAYER.mode)),
      [
        ...lo.set(i16x8.splat(layerField(layer, LAYER.lo))),
        ...hi.set(i16x8.splat(layerField(layer, LAYER.hi))),
        ...at.set(i32.add(target.get, i32.shl(first.get, i32.const(1)))),
        ...sums.flatMap((row, m) => storeClamped(row, at, m * X_SLOT, lo, hi)),
      ],
      [
        ...at.set(i32.add(i32.const(AT.z), i32.shl(first.get, i32.const(2)))),
        ...sums.flatMap((row, m) => row.flatMap((sum, b) => v128.store(at.get, sum.get, m * Z_SLOT + V * b))),
      ],
    ),
  ]);
}

function addDot(sum: Local, x: Local, w: Code): Code {
  return sum.set(i32x4.add(sum.get, i32x4.dot(x.get, w)));
}

/** narrow saturates at i16; the rest of a clamp is two instructions. */
function storeClamped(sums: readonly Local[], at: Local, offset: number, lo: Local, hi: Local): Code {
  const stores: number[] = [];
  for (let b = 0; b < sums.length; b += 2) {
    const narrow = i16x8.narrow(sums[b]!.get, (sums[b + 1] ?? sums[b]!).get);
    stores.push(...v128.store(at.get, i16x8.min(i16x8.max(narrow, lo.get), hi.get), offset + 8 * b));
  }
  return stores;
}

export interface LayerFunctions {
  /** Function index of a block by its width, 8 or 4 (of strides of 8 vectors too), 2, 1. */
  readonly blocks: Readonly<Record<number, number>>;
  readonly rows: number;
  readonly tanh: number;
}

/** (layer, source x, target x): one layer for `inferences` side by side. */
export function layerFunction(inferences: number, { blocks, rows, tanh }: LayerFunctions): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const source = f.param();
  const target = f.param();
  const weights = f.local();
  const first = f.local();
  const left = f.local();
  const perPair = f.local();
  const each = (body: (x: number, z: number) => Code): Code =>
    Array.from({ length: inferences }, (_, m) => m).flatMap((m) => body(m * X_SLOT, m * Z_SLOT));
  const widest = blocks[8] === undefined ? 4 : 8;
  const block = (width: number, offset: number, stride: number): Code =>
    call(
      blocks[width]!,
      layer.get,
      i32.add(weights.get, i32.const(V * offset)),
      i32.const(V * stride),
      i32.add(first.get, i32.const(4 * offset)),
      source.get,
      target.get,
    );
  /** A packed block of `width` vectors, in parts where none is as wide, and on to the next. */
  const packed = (width: number): Code => [
    ...(width > widest ? [...block(widest, 0, width), ...block(widest, widest, width)] : block(width, 0, width)),
    ...advance(first, 4 * width),
    ...advance(left, 0 - width),
    ...weights.set(i32.add(weights.get, i32.mul(perPair.get, i32.const(V * width)))),
  ];
  return f.end([
    ...when(
      layerField(layer, LAYER.rows),
      each((x, z) => call(rows, layer.get, offsetBy(source, x), offsetBy(target, x), i32.const(AT.z + z))),
      [
        ...weights.set(layerField(layer, LAYER.weights)),
        ...left.set(layerField(layer, LAYER.vectors)),
        ...perPair.set(layerField(layer, LAYER.pairs)),
        ...first.set(i32.const(0)),
        ...loopWhile(i32.ge(left.get, i32.const(8)), packed(8)),
        ...[4, 2, 1].flatMap((width) => when(i32.ge(left.get, i32.const(width)), packed(width))),
      ],
    ),
    ...when(
      isMode(layer, 'tanh'),
      each((x, z) => call(tanh, layerField(layer, LAYER.outputs), i32.const(AT.z + z), offsetBy(target, x))),
    ),
  ]);
}

export function offsetBy(pointer: Local, bytes: number): Code {
  return bytes === 0 ? pointer.get : i32.add(pointer.get, i32.const(bytes));
}

/** (layer, source x, target x, target z): outputs one by one, eight inputs at a time. */
export function rowsFunction(): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const source = f.param();
  const target = f.param();
  const z = f.param();
  const weights = f.local();
  const bias = f.local();
  const left = f.local();
  const at = f.local();
  const end = f.local();
  const sum = f.local(V128);
  const value = f.local();
  const lo = f.local();
  const hi = f.local();
  return f.end([
    ...weights.set(layerField(layer, LAYER.weights)),
    ...bias.set(layerField(layer, LAYER.bias)),
    ...left.set(layerField(layer, LAYER.outputs)),
    ...lo.set(layerField(layer, LAYER.lo)),
    ...hi.set(layerField(layer, LAYER.hi)),
    ...end.set(i32.add(source.get, layerField(layer, LAYER.rowBytes))),
    ...repeat(
      [
        ...at.set(source.get),
        ...sum.set(i32x4.splat(i32.const(0))),
        ...repeat(
          [
            ...sum.set(i32x4.add(sum.get, i32x4.dot(v128.load(at.get), v128.load(weights.get)))),
            ...advance(at, V),
            ...advance(weights, V),
          ],
          i32.lt(at.get, end.get),
        ),
        ...sum.set(i32x4.add(sum.get, v128.shuffle(sum.get, sum.get, lanes(2, 3, 0, 1)))),
        ...sum.set(i32x4.add(sum.get, v128.shuffle(sum.get, sum.get, lanes(1, 0, 3, 2)))),
        ...value.set(i32.shr(i32.add(i32x4.lane(sum.get, 0), i32.load(bias.get)), layerField(layer, LAYER.shift))),
        ...i32.store(z.get, value.get),
        ...clampTo(value, lo.get, hi.get, i32),
        ...i32.store16(target.get, value.get),
        ...advance(bias, 4),
        ...advance(z, 4),
        ...advance(target, 2),
        ...advance(left, -1),
      ],
      left.get,
    ),
  ]);
}

function lanes(...order: readonly number[]): readonly number[] {
  return order.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
}

/** (count, source z, target x): 3.4, four at a time; stores up to three past the end. */
export function tanhFunction(): WasmFunction {
  const f = new FunctionWriter();
  const count = f.param();
  const z = f.param();
  const x = f.param();
  const value = f.local(V128);
  const sign = f.local(V128);
  const fraction = f.local(V128);
  const entry = f.local(V128);
  const splat = (n: number): Code => i32x4.splat(i32.const(n));
  const gather = (lane: number): Code =>
    entry.set(
      v128.load32Lane(
        // T[i] and T[i+1] as one i32; 2*i is a multiple of 2, so its address need not be of 4
        i32.add(i32.const(AT.tanh), i32.shl(i32x4.lane(value.get, lane), i32.const(1))),
        entry.get,
        lane,
      ),
    );
  return f.end([
    ...repeat(
      [
        ...value.set(v128.load(z.get)),
        ...sign.set(i32x4.shr(value.get, i32.const(31))),
        ...value.set(i32x4.minUnsigned(i32x4.abs(value.get), splat(524287))),
        ...fraction.set(i32x4.and(value.get, splat(1023))),
        ...value.set(i32x4.shr(value.get, i32.const(10))),
        ...[0, 1, 2, 3].flatMap(gather),
        // T[i] + (((T[i+1] - T[i])*f + 512) >> 10) = (T[i]*(1024 - f) + T[i+1]*f + 512) >> 10
        ...fraction.set(v128.or(i32x4.sub(splat(1024), fraction.get), i32x4.shl(fraction.get, i32.const(16)))),
        ...value.set(i32x4.shr(i32x4.add(i32x4.dot(entry.get, fraction.get), splat(512)), i32.const(10))),
        ...value.set(i32x4.sub(v128.xor(value.get, sign.get), sign.get)),
        ...v128.store64(x.get, i16x8.narrow(value.get, value.get)),
        ...advance(z, V),
        ...advance(x, 8),
        ...advance(count, -4),
      ],
      i32.gt(count.get, i32.const(0)),
    ),
  ]);
}
