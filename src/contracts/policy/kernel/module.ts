/**
 * The two kernel modules, assembled from source: a pure function of this folder, the same bytes on every machine, so
 * their SHA-256 is pinned here. Each exports its memory and the entry points `single`, `fallback`, `batch`, `fleet`.
 */
import {
  assembleModule,
  FunctionWriter,
  type Code,
  type Local,
  type ModuleFunction,
  type WasmFunction,
} from './assembler.ts';
import {
  advance,
  envelopeFunction,
  fallbackFunction,
  header,
  headFunction,
  interpolator,
  normaliser,
} from './envelopeCode.ts';
import { call, i32, loopWhile, when } from './instructions.ts';
import { AT, HEADER, LAYER, PAGES, X_SLOT, Z_SLOT } from './layout.ts';
import type { KernelKind } from './pack.ts';
import { scalarLayer, scalarTanh } from './scalarCode.ts';
import { blockFunction, layerFunction, offsetBy, rowsFunction, tanhFunction } from './simdCode.ts';

/** SHA-256 of the bytes of `kernelModule`. */
export const MODULE_SHA256: Readonly<Record<KernelKind, string>> = {
  simd: 'afd8873e0d87ec0ddfebafb8672d9ff832b3c114cf2998f99a39723c63e90717',
  scalar: '82c86692f295a005a720248cdf4abf8c21fe6be61505c5e6eeafb1d5f9bd8ac4',
};

/** Inferences that `batch` and `fleet` take side by side. */
const TOGETHER: Readonly<Record<KernelKind, number>> = { simd: 2, scalar: 1 };

/** Collects functions; an index is where a function stands. */
class ModuleWriter {
  readonly functions: ModuleFunction[] = [];

  add(code: WasmFunction, name?: string): number {
    this.functions.push(name === undefined ? { code } : { name, code });
    return this.functions.length - 1;
  }
}

export function kernelModule(kind: KernelKind): Uint8Array {
  const m = new ModuleWriter();
  const normalise = m.add(normaliser());
  const head = m.add(headFunction());
  const interpolate = m.add(interpolator());
  const envelopes = m.add(envelopeFunction(interpolate));
  const fallback = m.add(fallbackFunction(interpolate, envelopes), 'fallback');
  const layer = kind === 'simd' ? simdLayers(m) : [m.add(scalarLayer(m.add(scalarTanh())))];
  const network = (together: number, index: number): number =>
    m.add(networkFunction(together, { normalise, head, envelopes, layer: index }));
  const one = network(1, layer[0]!);
  const several = layer[1] === undefined ? one : network(TOGETHER[kind], layer[1]);
  m.add(singleFunction(one), 'single');
  m.add(batchFunction(TOGETHER[kind], one, several), 'batch');
  m.add(fleetFunction(TOGETHER[kind], { one, several, fallback }), 'fleet');
  return assembleModule(m.functions, PAGES);
}

/** Layers of one inference and of several. */
function simdLayers(m: ModuleWriter): readonly number[] {
  const rows = m.add(rowsFunction());
  const tanh = m.add(tanhFunction());
  const blocks = (inferences: number, widths: readonly number[]): Readonly<Record<number, number>> =>
    Object.fromEntries(widths.map((width) => [width, m.add(blockFunction(inferences, width))]));
  return [
    m.add(layerFunction(1, { rows, tanh, blocks: blocks(1, [8, 4, 2, 1]) })),
    m.add(layerFunction(TOGETHER.simd, { rows, tanh, blocks: blocks(TOGETHER.simd, [4, 2, 1]) })),
  ];
}

interface NetworkFunctions {
  readonly normalise: number;
  readonly head: number;
  readonly envelopes: number;
  readonly layer: number;
}

/** (raw address, out address): 3.2 to 3.5 for so many vectors in a row, nothing missing. */
function networkFunction(together: number, { normalise, head, envelopes, layer }: NetworkFunctions): WasmFunction {
  const f = new FunctionWriter();
  const raw = f.param();
  const out = f.param();
  const source = f.local();
  const target = f.local();
  const held = f.local();
  const spec = f.local();
  const end = f.local();
  const vector = (base: Local, word: number, m: number): Code =>
    m === 0 ? base.get : i32.add(base.get, i32.mul(header(word), i32.const(m)));
  const each = (body: (m: number) => Code): Code => Array.from({ length: together }, (_, m) => m).flatMap(body);
  return f.end([
    ...each((m) => call(normalise, vector(raw, HEADER.inputBytes, m), i32.const(AT.xEven + m * X_SLOT))),
    ...source.set(i32.const(AT.xEven)),
    ...target.set(i32.const(AT.xOdd)),
    ...spec.set(i32.const(AT.layers)),
    ...end.set(i32.add(spec.get, i32.mul(header(HEADER.layers), i32.const(LAYER.size)))),
    ...loopWhile(i32.lt(spec.get, end.get), [
      ...call(layer, spec.get, source.get, target.get),
      ...held.set(source.get),
      ...source.set(target.get),
      ...target.set(held.get),
      ...advance(spec, LAYER.size),
    ]),
    ...each((m) =>
      call(head, offsetBy(source, m * X_SLOT), i32.const(AT.z + m * Z_SLOT), vector(out, HEADER.outputBytes, m)),
    ),
    ...when(
      header(HEADER.envelopes),
      each((m) => call(envelopes, vector(raw, HEADER.inputBytes, m), i32.const(0), vector(out, HEADER.outputBytes, m))),
    ),
  ]);
}

/** (): the first raw vector to the first output vector. */
function singleFunction(one: number): WasmFunction {
  return new FunctionWriter().end(call(one, i32.const(AT.raw), i32.const(AT.out)));
}

/** (count): nothing missing. */
function batchFunction(together: number, one: number, several: number): WasmFunction {
  const f = new FunctionWriter();
  const count = f.param();
  const raw = f.local();
  const out = f.local();
  const step = (index: number, vectors: number): Code => [
    ...call(index, raw.get, out.get),
    ...forward(raw, out, vectors),
    ...advance(count, 0 - vectors),
  ];
  return f.end([
    ...raw.set(i32.const(AT.raw)),
    ...out.set(i32.const(AT.out)),
    ...loopWhile(i32.ge(count.get, i32.const(together)), step(several, together)),
    ...(together === 1 ? [] : loopWhile(count.get, step(one, 1))),
  ]);
}

function forward(raw: Local, out: Local, vectors: number): Code {
  const on = (pointer: Local, word: number): Code =>
    pointer.set(i32.add(pointer.get, i32.mul(header(word), i32.const(vectors))));
  return [...on(raw, HEADER.inputBytes), ...on(out, HEADER.outputBytes)];
}

/** (count): a missing mask each; flag 1 where the fallback answered. Neighbours with nothing missing go together. */
function fleetFunction(
  together: number,
  { one, several, fallback }: { readonly one: number; readonly several: number; readonly fallback: number },
): WasmFunction {
  const f = new FunctionWriter();
  const count = f.param();
  const raw = f.local();
  const out = f.local();
  const mask = f.local();
  const flag = f.local();
  const forwardAll = (vectors: number): Code => [
    ...forward(raw, out, vectors),
    ...advance(mask, 4 * vectors),
    ...advance(flag, vectors),
    ...advance(count, 0 - vectors),
  ];
  const masks = (vectors: number): Code =>
    Array.from({ length: vectors }, (_, m) => i32.load(mask.get, 4 * m)).reduce((a, b) => i32.or(a, b));
  const flags = (vectors: number, value: number): Code =>
    Array.from({ length: vectors }, (_, m) => m).flatMap((m) => i32.store8(flag.get, i32.const(value), m));
  const alone = [
    ...when(
      masks(1),
      [...call(fallback, raw.get, masks(1), out.get), ...flags(1, 1)],
      [...call(one, raw.get, out.get), ...flags(1, 0)],
    ),
    ...forwardAll(1),
  ];
  const side = [...call(several, raw.get, out.get), ...flags(together, 0), ...forwardAll(together)];
  const fits = i32.ge(count.get, i32.const(together));
  return f.end([
    ...raw.set(i32.const(AT.raw)),
    ...out.set(i32.const(AT.out)),
    ...mask.set(i32.const(AT.masks)),
    ...flag.set(i32.const(AT.flags)),
    ...loopWhile(count.get, together === 1 ? alone : when(fits, when(masks(together), alone, side), alone)),
  ]);
}
