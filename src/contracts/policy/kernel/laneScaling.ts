/** Input normaliser and continuous head of eight inferences side by side. */
import { FunctionWriter, V128, type Code, type Local, type WasmFunction } from './assembler.ts';
import { advance, header } from './envelopeCode.ts';
import { i32, i32x4, i64x2, repeat, v128, when } from './instructions.ts';
import { HALVES, OUTPUTS, paired, ROW, V } from './laneCode.ts';
import { AT, HEADER, INPUT, OUTPUT } from './layout.ts';

/** (raw address, x address): 3.2 of eight vectors, input by input. */
export function laneNormaliser(): WasmFunction {
  const f = new FunctionWriter();
  const raw = f.param();
  const x = f.param();
  const spec = f.local();
  const end = f.local();
  const odd = f.local();
  const shift = f.local();
  const at = f.local();
  const v = f.local(V128);
  const m = f.local(V128);
  const k = f.local(V128);
  const nextRaw = at.set(i32.add(at.get, header(HEADER.inputBytes)));
  const half = (h: number): Code => [
    ...OUTPUTS.flatMap((lane) => [...v.set(v128.load32Lane(at.get, v.get, lane)), ...nextRaw]),
    ...v.set(i32x4.min(i32x4.max(v.get, v128.load32Splat(spec.get, INPUT.lo)), v128.load32Splat(spec.get, INPUT.hi))),
    // x = clamp((r*m + k) >> t, -32767, 32767)
    ...v.set(i32x4.sub(scaled(v, m, k, shift), v128.load32Splat(spec.get, INPUT.back))),
    ...v.set(i32x4.min(i32x4.max(v.get, i32x4.splat(i32.const(-32767))), i32x4.splat(i32.const(32767)))),
    ...when(odd.get, v128.store(x.get, paired(v128.load(x.get, V * h), v.get), V * h), v128.store(x.get, v.get, V * h)),
  ];
  return f.end([
    ...spec.set(i32.const(AT.inputs)),
    ...end.set(i32.add(spec.get, i32.mul(header(HEADER.inputs), i32.const(INPUT.size)))),
    ...repeat(
      [
        ...at.set(raw.get),
        ...shift.set(i32.load(spec.get, INPUT.t)),
        ...m.set(v128.load32Splat(spec.get, INPUT.m)),
        ...k.set(v128.load64Splat(spec.get, INPUT.raised)),
        ...HALVES.flatMap(half),
        ...when(odd.get, advance(x, ROW)),
        ...odd.set(i32.sub(i32.const(1), odd.get)),
        ...advance(raw, 4),
        ...advance(spec, INPUT.size),
      ],
      i32.lt(spec.get, end.get),
    ),
  ]);
}

const LOW_WORDS = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];

/** The low words of (v*m + k) >> shift, k so large that no sum is negative. */
function scaled(v: Local, m: Local, k: Local, shift: Local): Code {
  const half = (multiply: typeof i64x2.mulLow): Code =>
    i64x2.shrUnsigned(i64x2.add(multiply(v.get, m.get), k.get), shift.get);
  return v128.shuffle(half(i64x2.mulLow), half(i64x2.mulHigh), LOW_WORDS);
}

/** (x address, out address): 3.5(a) of eight vectors, output by output, where HEADER.narrow says it may. */
export function laneHead(): WasmFunction {
  const f = new FunctionWriter();
  const x = f.param();
  const out = f.param();
  const spec = f.local();
  const end = f.local();
  const odd = f.local();
  const shift = f.local();
  const at = f.local();
  const v = f.local(V128);
  const m = f.local(V128);
  const k = f.local(V128);
  const half = (h: number): Code => [
    ...v.set(v128.load(x.get, V * h)),
    ...when(i32.isZero(odd.get), v.set(i32x4.shl(v.get, i32.const(16)))),
    ...v.set(i32x4.shr(v.get, i32.const(16))),
    // p = clamp(((y*m + half) >> t) + c, lo, hi)
    ...v.set(i32x4.add(scaled(v, m, k, shift), v128.load32Splat(spec.get, OUTPUT.moved))),
    ...v.set(i32x4.min(i32x4.max(v.get, v128.load32Splat(spec.get, OUTPUT.lo)), v128.load32Splat(spec.get, OUTPUT.hi))),
    ...OUTPUTS.flatMap((lane) => [
      ...v128.store32Lane(at.get, v.get, lane),
      ...at.set(i32.add(at.get, header(HEADER.outputBytes))),
    ]),
  ];
  return f.end([
    ...spec.set(i32.const(AT.outputs)),
    ...end.set(i32.add(out.get, header(HEADER.outputBytes))),
    ...repeat(
      [
        ...at.set(out.get),
        ...shift.set(i32.load(spec.get, OUTPUT.t)),
        ...m.set(v128.load32Splat(spec.get, OUTPUT.m)),
        ...k.set(v128.load64Splat(spec.get, OUTPUT.raised)),
        ...HALVES.flatMap(half),
        ...when(odd.get, advance(x, ROW)),
        ...odd.set(i32.sub(i32.const(1), odd.get)),
        ...advance(out, 4),
        ...advance(spec, OUTPUT.size),
      ],
      i32.lt(out.get, end.get),
    ),
  ]);
}
