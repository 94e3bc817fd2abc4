/** The WebAssembly instructions the kernel is written in. None is of f32 or f64, none is relaxed, none grows memory. */
import { signed, unsigned, type Code } from './assembler.ts';

type Operation = (...operands: readonly Code[]) => Code;
type Load = (address: Code, offset?: number) => Code;
type Store = (address: Code, value: Code, offset?: number) => Code;

const VOID = 0x40;
const SIMD = 0xfd;

function operation(...opcode: readonly number[]): Operation {
  return (...operands) => [...operands.flat(), ...opcode];
}

function simd(opcode: number): Operation {
  return operation(SIMD, ...unsigned(opcode));
}

/** `align` is the exponent of the natural alignment. */
function load(align: number, ...opcode: readonly number[]): Load {
  return (address, offset = 0) => [...address, ...opcode, align, ...unsigned(offset)];
}

function store(align: number, ...opcode: readonly number[]): Store {
  return (address, value, offset = 0) => [...address, ...value, ...opcode, align, ...unsigned(offset)];
}

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: load(2, 0x28),
  load16: load(1, 0x2e),
  store: store(2, 0x36),
  store8: store(0, 0x3a),
  store16: store(1, 0x3b),
  isZero: operation(0x45),
  eq: operation(0x46),
  lt: operation(0x48),
  gt: operation(0x4a),
  le: operation(0x4c),
  ge: operation(0x4e),
  add: operation(0x6a),
  sub: operation(0x6b),
  mul: operation(0x6c),
  and: operation(0x71),
  or: operation(0x72),
  shl: operation(0x74),
  shr: operation(0x75),
  wrap: operation(0xa7),
};

export const i64 = {
  const: (value: number): Code => [0x42, ...signed(value)],
  load: load(3, 0x29),
  lt: operation(0x53),
  gt: operation(0x55),
  add: operation(0x7c),
  sub: operation(0x7d),
  mul: operation(0x7e),
  div: operation(0x7f),
  shr: operation(0x87),
  extend: operation(0xac),
  /** Of an i32 that is 0 or 1. */
  fromBit: operation(0xad),
};

export const v128 = {
  load: load(4, SIMD, 0x00),
  load64Splat: load(3, SIMD, 0x0a),
  load32Splat: load(2, SIMD, 0x09),
  load32Lane: (address: Code, vector: Code, lane: number): Code => [...address, ...vector, SIMD, 0x56, 2, 0, lane],
  store: store(4, SIMD, 0x0b),
  store32Lane: (address: Code, vector: Code, lane: number): Code => [...address, ...vector, SIMD, 0x5a, 2, 0, lane],
  store64: (address: Code, vector: Code): Code => [...address, ...vector, SIMD, 0x5b, 3, 0, 0],
  /** Lanes of the concatenation of both, as bytes. */
  shuffle: (a: Code, b: Code, bytes: readonly number[]): Code => [...a, ...b, SIMD, 0x0d, ...bytes],
  or: simd(0x50),
  xor: simd(0x51),
};

export const i16x8 = {
  splat: simd(0x10),
  narrow: simd(0x85),
  min: simd(0x96),
  max: simd(0x98),
};

export const i32x4 = {
  splat: simd(0x11),
  lane: (vector: Code, lane: number): Code => [...vector, SIMD, 0x1b, lane],
  abs: simd(0xa0),
  shl: simd(0xab),
  shr: simd(0xac),
  add: simd(0xae),
  sub: simd(0xb1),
  and: simd(0x4e),
  min: simd(0xb6),
  minUnsigned: simd(0xb7),
  max: simd(0xb8),
  dot: simd(0xba),
};

export const i64x2 = {
  shrUnsigned: simd(0xcd),
  add: simd(0xce),
  /** Products of the first two and of the last two lanes of i32. */
  mulLow: simd(0xdc),
  mulHigh: simd(0xdd),
};

/** a where the condition is not 0, else b. */
export const select = operation(0x1b);

export function call(index: number, ...operands: readonly Code[]): Code {
  return [...operands.flat(), 0x10, ...unsigned(index)];
}

export function when(condition: Code, then: Code, otherwise: Code = []): Code {
  const rest = otherwise.length === 0 ? [] : [0x05, ...otherwise];
  return [...condition, 0x04, VOID, ...then, ...rest, 0x0b];
}

/** Runs the body, then again as long as the condition holds. */
export function repeat(body: Code, condition: Code): Code {
  return [0x03, VOID, ...body, ...condition, 0x0d, 0, 0x0b];
}

/** Part after part over and over; leaves after a part whose `exits` entry holds, or when `again` no longer does. */
export function partedLoop(parts: readonly Code[], exits: readonly Code[], again: Code): Code {
  const body = parts.flatMap((part, n) => [...part, ...(n < exits.length ? [...exits[n]!, 0x0d, 1] : [])]);
  return [0x02, VOID, 0x03, VOID, ...body, ...again, 0x0d, 0, 0x0b, 0x0b];
}

export function loopWhile(condition: Code, body: Code): Code {
  return when(condition, repeat(body, condition));
}

export function returns(value: Code): Code {
  return [...value, 0x0f];
}
