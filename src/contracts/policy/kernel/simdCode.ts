/**
 * Dense layers on i16 lanes: `i32x4.dot_i16x8_s` adds two products to each of four sums. 3.6 bounds every partial sum,
 * so any order is exact. One inference has four outputs in the lanes of a vector, eight side by side have four
 * inferences in them; both read the same packed weights, four outputs by two inputs a vector.
 */
import { FunctionWriter, V128, type Code, type Local, type WasmFunction } from './assembler.ts';
import { advance, clampTo, isMode, layerField } from './envelopeCode.ts';
import { call, i16x8, i32, i32x4, loopWhile, partedLoop, repeat, v128, when } from './instructions.ts';
import { AT, LAYER } from './layout.ts';

const V = 16;
const ALL = [0, 1, 2, 3];

/** One lane of i32 in all four. */
function broadcast(vector: Code, lane: number): Code {
  return v128.shuffle(
    vector,
    vector,
    ALL.flatMap(() => ALL.map((byte) => 4 * lane + byte)),
  );
}

export function addDot(sum: Local, x: Code, w: Code): Code {
  return sum.set(i32x4.add(sum.get, i32x4.dot(x, w)));
}

/**
 * (layer, weights, first output, source x, target x): `width` vectors of outputs of one inference. The loop may leave
 * after half of its body: what may be read after it must be computed by then, which keeps the compiler from loading
 * more weights ahead than there are registers.
 */
export function blockFunction(width: number): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const weights = f.param();
  const first = f.param();
  const source = f.param();
  const target = f.param();
  const left = f.local();
  const at = f.local();
  const sums = f.vectors(width);
  const xs = f.local(V128);
  const x = f.local(V128);
  const rows = [weights, ...Array.from({ length: width - 1 }, () => f.local())];
  const pair = (n: number): Code => [
    ...x.set(broadcast(xs.get, n)),
    ...sums.flatMap((sum, b) => addDot(sum, x.get, v128.load(rows[b]!.get, V * n))),
  ];
  return f.end([
    ...at.set(i32.add(layerField(layer, LAYER.bias), i32.shl(first.get, i32.const(2)))),
    ...sums.flatMap((sum, b) => sum.set(v128.load(at.get, V * b))),
    ...rows.slice(1).flatMap((row, b) => row.set(behindFours(layer, rows[b]!))),
    ...left.set(layerField(layer, LAYER.pairs)),
    ...partedLoop(
      [
        [...xs.set(v128.load(source.get)), ...pair(0), ...pair(1)],
        [
          ...pair(2),
          ...pair(3),
          ...advance(source, V),
          ...rows.flatMap((row) => advance(row, 4 * V)),
          ...advance(left, -4),
        ],
      ],
      [i32.le(left.get, i32.const(2))],
      i32.gt(left.get, i32.const(0)),
    ),
    ...left.set(layerField(layer, LAYER.shift)),
    ...sums.flatMap((sum) => sum.set(i32x4.shr(sum.get, left.get))),
    ...when(
      isMode(layer, 'clamp'),
      [
        ...at.set(i32.add(target.get, i32.shl(first.get, i32.const(1)))),
        ...x.set(i16x8.splat(layerField(layer, LAYER.lo))),
        ...xs.set(i16x8.splat(layerField(layer, LAYER.hi))),
        ...storeClamped(sums, at, x, xs),
      ],
      [
        ...at.set(i32.add(i32.const(AT.z), i32.shl(first.get, i32.const(2)))),
        ...sums.flatMap((sum, b) => v128.store(at.get, sum.get, V * b)),
      ],
    ),
  ]);
}

/** narrow saturates at i16; the rest of a clamp is two instructions. */
function storeClamped(sums: readonly Local[], at: Local, lo: Local, hi: Local): Code {
  const stores: number[] = [];
  for (let b = 0; b < sums.length; b += 2) {
    const narrow = i16x8.narrow(sums[b]!.get, (sums[b + 1] ?? sums[b]!).get);
    stores.push(...v128.store(at.get, i16x8.min(i16x8.max(narrow, lo.get), hi.get), 8 * b));
  }
  return stores;
}

export interface LayerFunctions {
  /** Of blocks of four, two and one vectors. */
  readonly blocks: Readonly<Record<number, number>>;
  readonly rows: number;
  readonly tanhPass: number;
}

/** (layer, source x, target x): one layer of one inference. */
export function layerFunction({ blocks, rows, tanhPass }: LayerFunctions): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const source = f.param();
  const target = f.param();
  const weights = f.local();
  const first = f.local();
  const left = f.local();
  const block = (width: number): Code => [
    ...call(blocks[width]!, layer.get, weights.get, first.get, source.get, target.get),
    ...advance(first, 4 * width),
    ...advance(left, 0 - width),
    ...Array.from({ length: width }, () => weights.set(behindFours(layer, weights))).flat(),
  ];
  return f.end([
    ...when(layerField(layer, LAYER.rows), call(rows, layer.get, source.get, target.get), [
      ...weights.set(layerField(layer, LAYER.weights)),
      ...left.set(layerField(layer, LAYER.vectors)),
      ...loopWhile(i32.ge(left.get, i32.const(4)), block(4)),
      ...when(i32.ge(left.get, i32.const(2)), block(2)),
      ...when(left.get, block(1)),
    ]),
    ...when(isMode(layer, 'tanh'), call(tanhPass, layer.get, target.get)),
  ]);
}

/** Behind the weights of four outputs: two vectors for each four inputs. */
export function behindFours(layer: Local, weights: Local): Code {
  return i32.add(weights.get, i32.shl(layerField(layer, LAYER.quads), i32.const(5)));
}

/** (layer, target x): tanh of the sums in z. */
export function tanhPassFunction(tanh: number): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const target = f.param();
  const left = f.local();
  const z = f.local();
  const y = f.local(V128);
  return f.end([
    ...z.set(i32.const(AT.z)),
    ...left.set(layerField(layer, LAYER.vectors)),
    ...repeat(
      [
        ...y.set(call(tanh, v128.load(z.get))),
        ...v128.store64(target.get, i16x8.narrow(y.get, y.get)),
        ...advance(z, V),
        ...advance(target, 8),
        ...advance(left, -1),
      ],
      left.get,
    ),
  ]);
}

/** (layer, source x, target x): outputs one by one, eight inputs at a time. */
export function rowsFunction(): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const source = f.param();
  const target = f.param();
  const weights = f.local();
  const bias = f.local();
  const z = f.local();
  const left = f.local();
  const at = f.local();
  const end = f.local();
  const sum = f.local(V128);
  const value = f.local();
  const lo = f.local();
  const hi = f.local();
  const swapped = (...order: readonly number[]): Code =>
    i32x4.add(
      sum.get,
      v128.shuffle(
        sum.get,
        sum.get,
        order.flatMap((lane) => ALL.map((byte) => 4 * lane + byte)),
      ),
    );
  return f.end([
    ...weights.set(layerField(layer, LAYER.weights)),
    ...bias.set(layerField(layer, LAYER.bias)),
    ...left.set(layerField(layer, LAYER.outputs)),
    ...lo.set(layerField(layer, LAYER.lo)),
    ...hi.set(layerField(layer, LAYER.hi)),
    ...end.set(i32.add(source.get, i32.shl(layerField(layer, LAYER.octets), i32.const(4)))),
    ...z.set(i32.const(AT.z)),
    ...repeat(
      [
        ...at.set(source.get),
        ...sum.set(i32x4.splat(i32.const(0))),
        ...repeat(
          [...addDot(sum, v128.load(at.get), v128.load(weights.get)), ...advance(at, V), ...advance(weights, V)],
          i32.lt(at.get, end.get),
        ),
        ...sum.set(swapped(2, 3, 0, 1)),
        ...sum.set(i32x4.add(swapped(1, 0, 3, 2), v128.load32Splat(bias.get))),
        ...value.set(i32.shr(i32x4.lane(sum.get, 0), layerField(layer, LAYER.shift))),
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

/** (four sums) -> 3.4 of them. */
export function tanhFunction(): WasmFunction {
  const f = new FunctionWriter();
  const z = f.param(V128);
  const value = f.local(V128);
  const fraction = f.local(V128);
  const entry = f.local(V128);
  const sign = f.local(V128);
  const splat = (n: number): Code => i32x4.splat(i32.const(n));
  const gather = (lane: number): Code =>
    // T[i] and T[i+1] as one i32
    entry.set(
      v128.load32Lane(i32.add(i32.const(AT.tanh), i32.shl(i32x4.lane(value.get, lane), i32.const(1))), entry.get, lane),
    );
  return f.end(
    [
      ...sign.set(i32x4.shr(z.get, i32.const(31))),
      ...value.set(i32x4.minUnsigned(i32x4.abs(z.get), splat(524287))),
      ...fraction.set(i32x4.and(value.get, splat(1023))),
      ...value.set(i32x4.shr(value.get, i32.const(10))),
      ...ALL.flatMap(gather),
      // T[i] + (((T[i+1] - T[i])*f + 512) >> 10) = (T[i]*(1024 - f) + T[i+1]*f + 512) >> 10
      ...fraction.set(v128.or(i32x4.sub(splat(1024), fraction.get), i32x4.shl(fraction.get, i32.const(16)))),
      ...value.set(i32x4.shr(i32x4.add(i32x4.dot(entry.get, fraction.get), splat(512)), i32.const(10))),
      ...i32x4.sub(v128.xor(value.get, sign.get), sign.get),
    ],
    [V128],
  );
}
