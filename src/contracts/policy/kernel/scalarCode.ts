/** Dense layers and tanh without SIMD: four outputs at a time, so that an activation is loaded once for four products. */
import { FunctionWriter, type Code, type Local, type WasmFunction } from './assembler.ts';
import { advance, clampTo, isMode, layerField } from './envelopeCode.ts';
import { call, i32, repeat, select, when } from './instructions.ts';
import { AT, LAYER } from './layout.ts';

const OUTPUTS = [0, 1, 2, 3];

/** (layer, source x, target x). */
export function scalarLayer(tanh: number): WasmFunction {
  const f = new FunctionWriter();
  const layer = f.param();
  const source = f.param();
  const target = f.param();
  const weights = f.local();
  const bias = f.local();
  const left = f.local();
  const at = f.local();
  const end = f.local();
  const shift = f.local();
  const lo = f.local();
  const hi = f.local();
  const x = f.local();
  const z = f.local();
  const to = f.local();
  const sums = OUTPUTS.map(() => f.local());
  const addProduct = (sum: Local, o: number): Code =>
    sum.set(i32.add(sum.get, i32.mul(x.get, i32.load16(weights.get, 2 * o))));
  return f.end([
    ...weights.set(layerField(layer, LAYER.weights)),
    ...bias.set(layerField(layer, LAYER.bias)),
    ...left.set(layerField(layer, LAYER.vectors)),
    ...shift.set(layerField(layer, LAYER.shift)),
    ...lo.set(layerField(layer, LAYER.lo)),
    ...hi.set(layerField(layer, LAYER.hi)),
    ...end.set(i32.add(source.get, i32.shl(layerField(layer, LAYER.inputs), i32.const(1)))),
    ...z.set(i32.const(AT.z)),
    ...to.set(target.get),
    ...repeat(
      [
        ...at.set(source.get),
        ...sums.flatMap((sum, o) => sum.set(i32.load(bias.get, 4 * o))),
        ...repeat(
          [...x.set(i32.load16(at.get)), ...sums.flatMap(addProduct), ...advance(at, 2), ...advance(weights, 8)],
          i32.lt(at.get, end.get),
        ),
        ...sums.flatMap((sum, o) => [
          ...sum.set(i32.shr(sum.get, shift.get)),
          ...i32.store(z.get, sum.get, 4 * o),
          ...clampTo(sum, lo.get, hi.get, i32),
          ...i32.store16(to.get, sum.get, 2 * o),
        ]),
        ...advance(bias, 16),
        ...advance(z, 16),
        ...advance(to, 8),
        ...advance(left, -1),
      ],
      left.get,
    ),
    ...when(isMode(layer, 'tanh'), call(tanh, layerField(layer, LAYER.outputs), i32.const(AT.z), target.get)),
  ]);
}

/** (count, source z, target x): 3.4. */
export function scalarTanh(): WasmFunction {
  const f = new FunctionWriter();
  const count = f.param();
  const z = f.param();
  const x = f.param();
  const value = f.local();
  const a = f.local();
  const entry = f.local();
  const y = f.local();
  const from = i32.load16(entry.get);
  return f.end([
    ...repeat(
      [
        ...value.set(i32.load(z.get)),
        // |z| fits i32: 3.6 keeps z above -2^31
        ...a.set(select(value.get, i32.sub(i32.const(0), value.get), i32.gt(value.get, i32.const(0)))),
        ...clampTo(a, i32.const(0), i32.const(524287), i32),
        ...entry.set(i32.add(i32.const(AT.tanh), i32.shl(i32.shr(a.get, i32.const(10)), i32.const(1)))),
        // y = T[i] + (((T[i+1] - T[i])*f + 512) >> 10)
        ...y.set(
          i32.add(
            from,
            i32.shr(
              i32.add(
                i32.mul(i32.sub(i32.load16(entry.get, 2), from), i32.and(a.get, i32.const(1023))),
                i32.const(512),
              ),
              i32.const(10),
            ),
          ),
        ),
        ...i32.store16(x.get, select(i32.sub(i32.const(0), y.get), y.get, i32.lt(value.get, i32.const(0)))),
        ...advance(z, 4),
        ...advance(x, 2),
        ...advance(count, -1),
      ],
      count.get,
    ),
  ]);
}
