/**
 * A small assembler of WebAssembly modules: code is a list of bytes, an instruction is a function that puts its
 * operands before its opcode. Only what the kernel needs; formats are those of the WebAssembly core specification 2.0.
 */

export type Code = readonly number[];

export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;
export type ValueType = typeof I32 | typeof I64 | typeof V128;

/** A parameter or local of a function. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

export interface WasmFunction {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

export interface ModuleFunction {
  /** Exported under this name; none: internal. */
  readonly name?: string;
  readonly code: WasmFunction;
}

/** LEB128, unsigned. */
export function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

/** LEB128 of an i32. */
export function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 127) | 128);
    rest >>= 7;
  }
  return [...bytes, rest & 127];
}

/** Lays out the parameters and locals of one function while its body is written. */
export class FunctionWriter {
  readonly #params: ValueType[] = [];
  readonly #locals: ValueType[] = [];

  /** Before any local. */
  param(type: ValueType = I32): Local {
    this.#params.push(type);
    return localAt(this.#params.length - 1);
  }

  local(type: ValueType = I32): Local {
    this.#locals.push(type);
    return localAt(this.#params.length + this.#locals.length - 1);
  }

  vectors(count: number): readonly Local[] {
    return Array.from({ length: count }, () => this.local(V128));
  }

  end(body: Code, results: readonly ValueType[] = []): WasmFunction {
    return { params: this.#params, results, locals: this.#locals, body };
  }
}

function localAt(index: number): Local {
  const get = [0x20, ...unsigned(index)];
  return { get, set: (value) => [...value, 0x21, ...unsigned(index)] };
}

const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const FUNCTION_TYPE = 0x60;
const EXPORT_FUNCTION = 0;
const EXPORT_MEMORY = 2;
const END = 0x0b;

/** Exports a memory of exactly so many pages as `memory` beside the named functions; imports nothing. */
export function assembleModule(functions: readonly ModuleFunction[], pages: number): Uint8Array {
  const exported = functions.flatMap(({ name }, i) =>
    name === undefined ? [] : [[...text(name), EXPORT_FUNCTION, ...unsigned(i)]],
  );
  return Uint8Array.from([
    ...MAGIC,
    ...section(
      1,
      functions.map(({ code }) => functionType(code)),
    ),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(5, [[1, ...unsigned(pages), ...unsigned(pages)]]),
    ...section(7, [[...text('memory'), EXPORT_MEMORY, 0], ...exported]),
    ...section(
      10,
      functions.map(({ code }) => sized([...localRuns(code.locals), ...code.body, END])),
    ),
  ]);
}

function functionType({ params, results }: WasmFunction): Code {
  return [FUNCTION_TYPE, ...unsigned(params.length), ...params, ...unsigned(results.length), ...results];
}

/** Locals as runs of one type each. */
function localRuns(types: readonly ValueType[]): Code {
  const runs: { type: ValueType; count: number }[] = [];
  for (const type of types) {
    const last = runs[runs.length - 1];
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  return [...unsigned(runs.length), ...runs.flatMap(({ type, count }) => [...unsigned(count), type])];
}

function section(id: number, items: readonly Code[]): Code {
  return [id, ...sized([...unsigned(items.length), ...items.flat()])];
}

function sized(bytes: Code): Code {
  return [...unsigned(bytes.length), ...bytes];
}

function text(name: string): Code {
  return sized(Array.from(name, (letter) => letter.charCodeAt(0)));
}
