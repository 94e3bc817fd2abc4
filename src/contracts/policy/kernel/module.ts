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
import { laneBlocks, laneLayer, laneRows, laneTanhPass } from './laneCode.ts';
import { laneHead, laneNormaliser } from './laneScaling.ts';
import { AT, HEADER, LANES, LAYER, PAGES } from './layout.ts';
import type { KernelKind } from './pack.ts';
import { scalarLayer, scalarTanh } from './scalarCode.ts';
import { blockFunction, layerFunction, rowsFunction, tanhFunction, tanhPassFunction } from './simdCode.ts';

/** SHA-256 of the bytes of `kernelModule`. */
export const MODULE_SHA256: Readonly<Record<KernelKind, string>> = {
  simd: '9f0cc55a3eb6bfb364170b97eefe13dd8a35fad2131fb5a5cc8e11cd03aa941b',
  scalar: 'b59ba2ef6489c51a3d0d1a28efbbd7b76c4384a8a1c6c59576073f039656299b',
};

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
  const around = addAround(m);
  const { fallback } = around;
  if (kind === 'scalar') {
    const one = m.add(networkFunction(1, { ...around, layer: m.add(scalarLayer(m.add(scalarTanh()))) }));
    addEntries(m, { one, several: one, fallback, together: 1 });
  } else {
    const { oneLayer, laneLayers } = addSimdLayers(m);
    const one = m.add(networkFunction(1, { ...around, layer: oneLayer }));
    const normalise = m.add(laneNormaliser());
    const several = m.add(
      networkFunction(LANES, { ...around, normalise, layer: laneLayers, narrowHead: m.add(laneHead()) }),
    );
    addEntries(m, { one, several, fallback, together: LANES });
  }
  return assembleModule(m.functions, PAGES);
}

/** Everything but the layers. */
function addAround(m: ModuleWriter): Omit<NetworkFunctions, 'layer'> & { readonly fallback: number } {
  const normalise = m.add(normaliser());
  const head = m.add(headFunction());
  const interpolate = m.add(interpolator());
  const envelopes = m.add(envelopeFunction(interpolate));
  const fallback = m.add(fallbackFunction(interpolate, envelopes), 'fallback');
  return { normalise, head, envelopes, fallback };
}

/** Layers of one inference and of eight. */
function addSimdLayers(m: ModuleWriter): { readonly oneLayer: number; readonly laneLayers: number } {
  const tanh = m.add(tanhFunction());
  const blocks = Object.fromEntries([4, 2, 1].map((width) => [width, m.add(blockFunction(width))]));
  const rows = m.add(rowsFunction());
  const tanhPass = m.add(tanhPassFunction(tanh));
  const oneLayer = m.add(layerFunction({ blocks, rows, tanhPass }));
  const laneLayers = m.add(laneLayer(m.add(laneBlocks()), m.add(laneRows()), m.add(laneTanhPass(tanh))));
  return { oneLayer, laneLayers };
}

interface NetworkFunctions {
  /** Of as many as the network takes. */
  readonly normalise: number;
  /** Of one. */
  readonly head: number;
  /** Of all together, for heads within i32. */
  readonly narrowHead?: number;
  readonly envelopes: number;
  readonly layer: number;
}

/** (raw address, out address): 3.2 to 3.5 for so many vectors in a row, nothing missing. */
function networkFunction(
  together: number,
  { normalise, head, narrowHead, envelopes, layer }: NetworkFunctions,
): WasmFunction {
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
  // a pair of activations of every lane, then the next pair
  const skip = i32.const(2 * (together - 1));
  const heads = each((m) =>
    call(
      head,
      i32.add(source.get, i32.const(4 * m)),
      skip,
      i32.const(AT.z + 4 * m),
      i32.const(4 * together),
      vector(out, HEADER.outputBytes, m),
    ),
  );
  return f.end([
    ...call(normalise, raw.get, i32.const(AT.xEven)),
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
    ...(narrowHead === undefined ? heads : when(header(HEADER.narrow), call(narrowHead, source.get, out.get), heads)),
    ...when(
      header(HEADER.envelopes),
      each((m) => call(envelopes, vector(raw, HEADER.inputBytes, m), i32.const(0), vector(out, HEADER.outputBytes, m))),
    ),
  ]);
}

interface Entries {
  readonly one: number;
  /** Of `together` in a row. */
  readonly several: number;
  readonly fallback: number;
  readonly together: number;
}

function addEntries(m: ModuleWriter, entries: Entries): void {
  m.add(singleFunction(entries.one), 'single');
  m.add(batchFunction(entries), 'batch');
  m.add(fleetFunction(entries), 'fleet');
}

/** (): the first raw vector to the first output vector. */
function singleFunction(one: number): WasmFunction {
  return new FunctionWriter().end(call(one, i32.const(AT.raw), i32.const(AT.out)));
}

/** (count): nothing missing. */
function batchFunction(entries: Entries): WasmFunction {
  const f = new FunctionWriter();
  const count = f.param();
  const raw = f.local();
  const out = f.local();
  return f.end([
    ...raw.set(i32.const(AT.raw)),
    ...out.set(i32.const(AT.out)),
    ...throughVectors(entries, { count, raw, out }, () => []),
  ]);
}

/** (count): a missing mask each; flag 1 where the fallback answered, whatever the network had made of it. */
function fleetFunction(entries: Entries): WasmFunction {
  const f = new FunctionWriter();
  const count = f.param();
  const raw = f.local();
  const out = f.local();
  const mask = f.local();
  const flag = f.local();
  const answer = (m: number): Code => {
    const at = (base: Local, word: number): Code => i32.add(base.get, i32.mul(header(word), i32.const(m)));
    const missing = i32.load(mask.get, 4 * m);
    return when(
      missing,
      [
        ...call(entries.fallback, at(raw, HEADER.inputBytes), missing, at(out, HEADER.outputBytes)),
        ...i32.store8(flag.get, i32.const(1), m),
      ],
      i32.store8(flag.get, i32.const(0), m),
    );
  };
  return f.end([
    ...raw.set(i32.const(AT.raw)),
    ...out.set(i32.const(AT.out)),
    ...mask.set(i32.const(AT.masks)),
    ...flag.set(i32.const(AT.flags)),
    ...throughVectors(entries, { count, raw, out }, (vectors) => [
      ...Array.from({ length: vectors }, (_, m) => m).flatMap(answer),
      ...advance(mask, 4 * vectors),
      ...advance(flag, vectors),
    ]),
  ]);
}

/** All vectors, `together` at a time and the rest one by one; `then` follows each call of a network. */
function throughVectors(
  { one, several, together }: Entries,
  { count, raw, out }: { readonly count: Local; readonly raw: Local; readonly out: Local },
  then: (vectors: number) => Code,
): Code {
  const step = (index: number, vectors: number): Code => [
    ...call(index, raw.get, out.get),
    ...then(vectors),
    ...raw.set(i32.add(raw.get, i32.mul(header(HEADER.inputBytes), i32.const(vectors)))),
    ...out.set(i32.add(out.get, i32.mul(header(HEADER.outputBytes), i32.const(vectors)))),
    ...advance(count, 0 - vectors),
  ];
  return [
    ...loopWhile(i32.ge(count.get, i32.const(together)), step(several, together)),
    ...(together === 1 ? [] : loopWhile(count.get, step(one, 1))),
  ];
}
