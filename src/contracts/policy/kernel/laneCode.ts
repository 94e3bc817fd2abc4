/** Dense layers of eight inferences side by side: a vector holds the same sum of four of them. */
import { FunctionWriter, V128, type Code, type Local, type WasmFunction } from './assembler.ts';
import { advance, isMode, layerField } from './envelopeCode.ts';
import { call, i16x8, i32, i32x4, loopWhile, partedLoop, repeat, v128, when } from './instructions.ts';
import { AT, LAYER } from './layout.ts';
import { addDot, behindFours } from './simdCode.ts';

export const V = 16;
/** Bytes of a pair of activations, or of a sum, of eight inferences. */
export const ROW = 32;
export const HALVES = [0, 1];
export const OUTPUTS = [0, 1, 2, 3];
/** Of hidden layers that freezing makes of networks with inputs and activations near their full range. */
const USUAL_SHIFTS = [13, 15];
/** Pairs of inputs a turn of the loop takes. */
const UNROLL = 3;

/** (layer, source x, target x): four outputs of eight inferences after four others. */
export function laneBlocks(): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const source = f.param();
  const target = f.param();
  const outputs = f.local();
  const bias = f.local();
  const z = f.local();
  const row = f.local();
  const weights = f.local();
  const x = f.local();
  const left = f.local();
  const sums = OUTPUTS.map(() => f.vectors(HALVES.length));
  const xs = f.vectors(HALVES.length);
  const w = f.local(V128);
  const all = sums.flat();
  const pair = (n: number): Code => [
    ...xs.flatMap((one, h) => one.set(v128.load(x.get, ROW * n + V * h))),
    ...sums.flatMap((both, o) => [
      ...w.set(v128.load32Splat(weights.get, 4 * o)),
      ...both.flatMap((sum, h) => addDot(sum, xs[h]!.get, w.get)),
    ]),
    ...advance(weights, V),
    ...(n === UNROLL - 1 ? [...advance(x, ROW * UNROLL), ...advance(left, -UNROLL)] : []),
  ];
  const sumUp = [
    ...sums.flatMap(([a, b], o) => [...a!.set(v128.load32Splat(bias.get, 4 * o)), ...b!.set(a!.get)]),
    ...x.set(source.get),
    ...weights.set(row.get),
    ...left.set(layerField(layer, LAYER.pairs)),
    ...partedLoop(
      Array.from({ length: UNROLL }, (_, n) => pair(n)),
      Array.from({ length: UNROLL - 1 }, (_, n) => i32.eq(left.get, i32.const(n + 1))),
      left.get,
    ),
    ...left.set(layerField(layer, LAYER.shift)),
    ...shiftAll(all, left),
  ];
  const store = when(
    isMode(layer, 'clamp'),
    [
      ...xs[0]!.set(i16x8.splat(layerField(layer, LAYER.lo))),
      ...xs[1]!.set(i16x8.splat(layerField(layer, LAYER.hi))),
      // one output of all eight as i16, which saturates; then two of them, inference by inference
      ...sums.flatMap(([a, b]) => a!.set(i16x8.min(i16x8.max(i16x8.narrow(a!.get, b!.get), xs[0]!.get), xs[1]!.get))),
      ...[0, 2].flatMap((o) =>
        HALVES.flatMap((h) => v128.store(target.get, interleaved(sums[o]![0]!, sums[o + 1]![0]!, h), V * (o + h))),
      ),
    ],
    sums.flatMap((both, o) => both.flatMap((sum, h) => v128.store(z.get, sum.get, ROW * o + V * h))),
  );
  return f.end([
    ...outputs.set(layerField(layer, LAYER.vectors)),
    ...bias.set(layerField(layer, LAYER.bias)),
    ...z.set(i32.const(AT.z)),
    ...row.set(layerField(layer, LAYER.weights)),
    ...repeat(
      [
        ...sumUp,
        ...store,
        ...row.set(behindFours(layer, row)),
        ...advance(bias, V),
        ...advance(z, 4 * ROW),
        ...advance(target, 2 * ROW),
        ...advance(outputs, -1),
      ],
      outputs.get,
    ),
  ]);
}

/** A shift by a constant is one instruction of the machine, by a variable four. */
function shiftAll(sums: readonly Local[], shift: Local): Code {
  const by = (amount: Code): Code => sums.flatMap((sum) => sum.set(i32x4.shr(sum.get, amount)));
  return USUAL_SHIFTS.reduceRight<Code>(
    (otherwise, usual) => when(i32.eq(shift.get, i32.const(usual)), by(i32.const(usual)), otherwise),
    by(shift.get),
  );
}

/** The first or the second four i16 of both, in turns. */
function interleaved(a: Local, b: Local, half: number): Code {
  const bytes = OUTPUTS.flatMap((lane) => {
    const at = 8 * half + 2 * lane;
    return [at, at + 1, 16 + at, 16 + at + 1];
  });
  return v128.shuffle(a.get, b.get, bytes);
}

/** i32 lanes of two outputs as i16 pairs: even i16 of one, odd of the other moved up. */
export function paired(a: Code, b: Code): Code {
  const lane = (n: number): number[] => [4 * n, 4 * n + 1, 16 + 4 * n + 2, 16 + 4 * n + 3];
  return v128.shuffle(a, i32x4.shl(b, i32.const(16)), OUTPUTS.flatMap(lane));
}

/** (layer, source x, target x): one layer of eight inferences. */
export function laneLayer(blocks: number, rows: number, tanhPass: number): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const source = f.param();
  const target = f.param();
  return f.end([
    ...when(
      layerField(layer, LAYER.rows),
      call(rows, layer.get, source.get, target.get),
      call(blocks, layer.get, source.get, target.get),
    ),
    ...when(isMode(layer, 'tanh'), call(tanhPass, layer.get, target.get)),
  ]);
}

/** (layer, target x): tanh of the sums in z, of two outputs at a time. */
export function laneTanhPass(tanh: number): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const target = f.param();
  const left = f.local();
  const z = f.local();
  return f.end([
    ...z.set(i32.const(AT.z)),
    ...left.set(layerField(layer, LAYER.outputs)),
    ...repeat(
      [
        ...HALVES.flatMap((h) =>
          v128.store(
            target.get,
            paired(call(tanh, v128.load(z.get, V * h)), call(tanh, v128.load(z.get, ROW + V * h))),
            V * h,
          ),
        ),
        ...advance(z, 2 * ROW),
        ...advance(target, ROW),
        ...advance(left, -2),
      ],
      i32.gt(left.get, i32.const(0)),
    ),
  ]);
}

/** (layer, source x, target x): outputs one by one, eight inputs at a time. */
export function laneRows(): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const source = f.param();
  const target = f.param();
  const weights = f.local();
  const bias = f.local();
  const z = f.local();
  const left = f.local();
  const octets = f.local();
  const at = f.local();
  const odd = f.local();
  const sums = f.vectors(HALVES.length);
  const w = f.local(V128);
  const one = f.local(V128);
  const pair = (n: number): Code => [
    ...one.set(v128.load32Splat(weights.get, 4 * n)),
    ...sums.flatMap((sum, h) => addDot(sum, v128.load(at.get, ROW * n + V * h), one.get)),
  ];
  return f.end([
    ...weights.set(layerField(layer, LAYER.weights)),
    ...bias.set(layerField(layer, LAYER.bias)),
    ...z.set(i32.const(AT.z)),
    ...odd.set(i32.const(0)),
    ...left.set(layerField(layer, LAYER.outputs)),
    ...repeat(
      [
        ...sums.flatMap((sum) => sum.set(v128.load32Splat(bias.get))),
        ...at.set(source.get),
        ...octets.set(layerField(layer, LAYER.octets)),
        ...loopWhile(octets.get, [
          ...OUTPUTS.flatMap(pair),
          ...advance(at, 4 * ROW),
          ...advance(weights, V),
          ...advance(octets, -1),
        ]),
        ...octets.set(layerField(layer, LAYER.shift)),
        ...sums.flatMap((sum) => sum.set(i32x4.shr(sum.get, octets.get))),
        ...sums.flatMap((sum, h) => v128.store(z.get, sum.get, V * h)),
        ...w.set(i32x4.splat(layerField(layer, LAYER.lo))),
        ...one.set(i32x4.splat(layerField(layer, LAYER.hi))),
        ...sums.flatMap((sum) => sum.set(i32x4.min(i32x4.max(sum.get, w.get), one.get))),
        ...when(
          odd.get,
          [
            ...sums.flatMap((sum, h) => v128.store(target.get, paired(v128.load(target.get, V * h), sum.get), V * h)),
            ...advance(target, ROW),
          ],
          sums.flatMap((sum, h) => v128.store(target.get, sum.get, V * h)),
        ),
        ...odd.set(i32.sub(i32.const(1), odd.get)),
        ...advance(bias, 4),
        ...advance(z, ROW),
        ...advance(left, -1),
      ],
      left.get,
    ),
  ]);
}
