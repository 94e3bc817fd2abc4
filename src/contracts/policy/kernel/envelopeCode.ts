/** Kernel functions around the network: input normaliser, head, piecewise-linear tables, envelopes, fallback. */
import { FunctionWriter, I32, I64, type Code, type Local, type WasmFunction } from './assembler.ts';
import { call, i32, i64, loopWhile, repeat, returns, select, when } from './instructions.ts';
import { AT, ENVELOPE, FALLBACK, HEADER, INPUT, LAYER, MODE, OUTPUT } from './layout.ts';

/** A word of the header, of a policy that is loaded. */
export function header(word: number): Code {
  return i32.load(i32.const(AT.header + word));
}

export function advance(pointer: Local, bytes: number): Code {
  return pointer.set(i32.add(pointer.get, i32.const(bytes)));
}

/** min and max of i32 or i64 in place. */
export function clampTo(
  x: Local,
  lo: Code,
  hi: Code,
  { lt, gt }: { readonly lt: typeof i32.lt; readonly gt: typeof i32.gt },
): Code {
  return [...x.set(select(lo, x.get, lt(x.get, lo))), ...x.set(select(hi, x.get, gt(x.get, hi)))];
}

/** (raw address, x address): 3.2 for every input, i32 to i16. */
export function normaliser(): WasmFunction {
  const f = new FunctionWriter();
  const raw = f.param();
  const x = f.param();
  const spec = f.local();
  const end = f.local();
  const r = f.local();
  const lo = f.local();
  const hi = f.local();
  return f.end([
    ...spec.set(i32.const(AT.inputs)),
    ...end.set(i32.add(raw.get, header(HEADER.inputBytes))),
    ...repeat(
      [
        ...r.set(i32.load(raw.get)),
        ...lo.set(i32.load(spec.get, INPUT.lo)),
        ...hi.set(i32.load(spec.get, INPUT.hi)),
        ...clampTo(r, lo.get, hi.get, i32),
        // x = clamp((r*m + k) >> t, -32767, 32767)
        ...r.set(
          i32.wrap(
            i64.shr(
              i64.add(i64.mul(i64.extend(r.get), i64.load(spec.get, INPUT.m)), i64.load(spec.get, INPUT.k)),
              i64.load(spec.get, INPUT.t),
            ),
          ),
        ),
        ...clampTo(r, i32.const(-32767), i32.const(32767), i32),
        ...i32.store16(x.get, r.get),
        ...advance(raw, 4),
        ...advance(x, 2),
        ...advance(spec, INPUT.size),
      ],
      i32.lt(raw.get, end.get),
    ),
  ]);
}

/** The activation after this one: pairs lie `2 + 2*skip` bytes apart, the two of a pair side by side, pairs at 4. */
function nextActivation(x: Local, skip: Local): Code {
  return x.set(i32.add(i32.add(x.get, i32.const(2)), i32.mul(i32.and(x.get, i32.const(2)), skip.get)));
}

/** (x address, skip, z address, bytes between sums, out address): 3.5(a) from the last layer's i16, or 3.5(b) from its i32. */
export function headFunction(): WasmFunction {
  const f = new FunctionWriter();
  const x = f.param();
  const skip = f.param();
  const z = f.param();
  const apart = f.param();
  const out = f.param();
  const end = f.local();
  const spec = f.local();
  const i = f.local();
  const best = f.local();
  const top = f.local();
  const lo = f.local(I64);
  const hi = f.local(I64);
  const p = f.local(I64);
  const continuous = [
    ...spec.set(i32.const(AT.outputs)),
    ...repeat(
      [
        // p = clamp(((y*m + half) >> t) + c, lo, hi)
        ...p.set(
          i64.add(
            i64.shr(
              i64.add(
                i64.mul(i64.extend(i32.load16(x.get)), i64.load(spec.get, OUTPUT.m)),
                i64.load(spec.get, OUTPUT.half),
              ),
              i64.load(spec.get, OUTPUT.t),
            ),
            i64.load(spec.get, OUTPUT.c),
          ),
        ),
        ...lo.set(i64.load(spec.get, OUTPUT.lo)),
        ...hi.set(i64.load(spec.get, OUTPUT.hi)),
        ...clampTo(p, lo.get, hi.get, i64),
        ...i32.store(out.get, i32.wrap(p.get)),
        ...nextActivation(x, skip),
        ...advance(out, 4),
        ...advance(spec, OUTPUT.size),
      ],
      i32.lt(out.get, end.get),
    ),
  ];
  const discrete = [
    ...best.set(i32.const(0)),
    ...top.set(i32.load(z.get)),
    ...i.set(i32.const(1)),
    ...loopWhile(i32.lt(i.get, header(HEADER.actions)), [
      ...z.set(i32.add(z.get, apart.get)),
      ...when(i32.gt(i32.load(z.get), top.get), [...best.set(i.get), ...top.set(i32.load(z.get))]),
      ...advance(i, 1),
    ]),
    ...i.set(i32.add(i32.const(AT.actions), i32.mul(best.get, header(HEADER.outputBytes)))),
    ...repeat([...i32.store(out.get, i32.load(i.get)), ...advance(out, 4), ...advance(i, 4)], i32.lt(out.get, end.get)),
  ];
  return f.end([
    ...end.set(i32.add(out.get, header(HEADER.outputBytes))),
    ...when(header(HEADER.actions), discrete, continuous),
  ]);
}

/** (r address, v address, last knot, at, 1 to round up) -> value: 3.5(c). */
export function interpolator(): WasmFunction {
  const f = new FunctionWriter();
  const r = f.param();
  const v = f.param();
  const last = f.param();
  const at = f.param();
  const up = f.param();
  const product = f.local(I64);
  const width = f.local(I64);
  const quotient = f.local(I64);
  const end = f.local();
  const knot = (pointer: Local, offset: number): Code => i64.extend(i32.load(pointer.get, offset));
  const rest = i64.sub(product.get, i64.mul(quotient.get, width.get));
  return f.end(
    [
      ...when(i32.le(at.get, i32.load(r.get)), returns(i32.load(v.get))),
      ...end.set(i32.shl(last.get, i32.const(2))),
      ...when(i32.ge(at.get, i32.load(i32.add(r.get, end.get))), returns(i32.load(i32.add(v.get, end.get)))),
      ...loopWhile(i32.ge(at.get, i32.load(r.get, 4)), [...advance(r, 4), ...advance(v, 4)]),
      // v_j + (v_{j+1} - v_j)*(at - r_j) / (r_{j+1} - r_j); i64.div_s rounds toward zero
      ...product.set(i64.mul(i64.sub(knot(v, 4), knot(v, 0)), i64.sub(i64.extend(at.get), knot(r, 0)))),
      ...width.set(i64.sub(knot(r, 4), knot(r, 0))),
      ...quotient.set(i64.div(product.get, width.get)),
      ...when(
        up.get,
        quotient.set(i64.add(quotient.get, i64.fromBit(i64.gt(rest, i64.const(0))))),
        quotient.set(i64.sub(quotient.get, i64.fromBit(i64.lt(rest, i64.const(0))))),
      ),
      ...i32.add(i32.load(v.get), i32.wrap(quotient.get)),
    ],
    [I32],
  );
}

/** (raw address, missing mask, out address): 3.5(c), in list order. */
export function envelopeFunction(interpolate: number): WasmFunction {
  const f = new FunctionWriter();
  const raw = f.param();
  const mask = f.param();
  const out = f.param();
  const spec = f.local();
  const left = f.local();
  const at = f.local();
  const p = f.local();
  const lower = f.local();
  const upper = f.local();
  const field = (offset: number): Code => i32.load(spec.get, offset);
  const bound = (values: number, up: number): Code =>
    call(interpolate, field(ENVELOPE.r), field(values), field(ENVELOPE.last), at.get, i32.const(up));
  const target = i32.add(out.get, field(ENVELOPE.target));
  return f.end([
    ...spec.set(i32.const(AT.envelopes)),
    ...left.set(header(HEADER.envelopes)),
    ...loopWhile(left.get, [
      ...when(i32.isZero(i32.and(mask.get, field(ENVELOPE.bit))), [
        ...at.set(i32.load(i32.add(select(out.get, raw.get, field(ENVELOPE.fromOutput)), field(ENVELOPE.source)))),
        ...p.set(i32.load(target)),
        ...lower.set(bound(ENVELOPE.l, 1)),
        ...upper.set(bound(ENVELOPE.h, 0)),
        ...clampTo(p, lower.get, upper.get, i32),
        ...i32.store(target, p.get),
      ]),
      ...advance(spec, ENVELOPE.size),
      ...advance(left, -1),
    ]),
  ]);
}

/** (raw address, missing mask, out address): 3.8, envelopes included. */
export function fallbackFunction(interpolate: number, envelopes: number): WasmFunction {
  const f = new FunctionWriter();
  const raw = f.param();
  const mask = f.param();
  const out = f.param();
  const spec = f.local();
  const at = f.local();
  const field = (offset: number): Code => i32.load(spec.get, offset);
  const source = i32.load(i32.add(raw.get, field(FALLBACK.source)));
  const table = [field(FALLBACK.r), field(FALLBACK.y), field(FALLBACK.last), source, i32.const(0)];
  return f.end([
    ...spec.set(i32.const(AT.fallback)),
    ...at.set(out.get),
    ...repeat(
      [
        ...when(
          i32.and(mask.get, field(FALLBACK.bit)),
          i32.store(at.get, field(FALLBACK.z)),
          i32.store(at.get, call(interpolate, ...table)),
        ),
        ...advance(spec, FALLBACK.size),
        ...advance(at, 4),
      ],
      i32.lt(at.get, i32.add(out.get, header(HEADER.outputBytes))),
    ),
    ...call(envelopes, raw.get, mask.get, out.get),
  ]);
}

/** A field of the layer record at `layer`. */
export function layerField(layer: Local, offset: number): Code {
  return i32.load(layer.get, offset);
}

export function isMode(layer: Local, mode: keyof typeof MODE): Code {
  return i32.eq(layerField(layer, LAYER.mode), i32.const(MODE[mode]));
}
