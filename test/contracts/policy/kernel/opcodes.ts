/** Reads a WebAssembly module instruction by instruction, knowing every opcode of 2.0, so that nothing is skipped over. */

export interface ModuleScan {
  readonly sections: readonly number[];
  /** `0x6a`, or `0xfd 0xba` for a prefixed one, each once. */
  readonly opcodes: ReadonlySet<string>;
  readonly instructions: number;
  /** [min, max] pages; max undefined: growable without bound. */
  readonly memory: readonly [number, number | undefined];
}

const CODE = 10;
const MEMORY = 5;
const SIMD = 0xfd;
const V128_CONST = 0x0c;
const SHUFFLE = 0x0d;

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    if (this.ended) throw new Error('module ends early');
    return this.#bytes[this.at++]!;
  }

  leb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if ((byte & 128) === 0) return value;
    }
  }

  take(length: number): Reader {
    const part = new Reader(this.#bytes.subarray(this.at, this.at + length));
    this.at += length;
    return part;
  }
}

export function scanModule(bytes: Uint8Array): ModuleScan {
  const reader = new Reader(bytes);
  reader.take(8);
  const sections: number[] = [];
  const opcodes = new Set<string>();
  let instructions = 0;
  let memory: readonly [number, number | undefined] = [0, undefined];
  while (!reader.ended) {
    const id = reader.byte();
    sections.push(id);
    const body = reader.take(reader.leb());
    if (id === MEMORY) memory = readMemory(body);
    if (id === CODE) {
      for (let left = body.leb(); left > 0; left--) instructions += readFunction(body.take(body.leb()), opcodes);
    }
  }
  return { sections, opcodes, instructions, memory };
}

function readMemory(body: Reader): readonly [number, number | undefined] {
  if (body.leb() !== 1) throw new Error('one memory expected');
  const limited = body.byte() === 1;
  return [body.leb(), limited ? body.leb() : undefined];
}

function readFunction(body: Reader, opcodes: Set<string>): number {
  for (let runs = body.leb(); runs > 0; runs--) {
    body.leb();
    body.byte();
  }
  let count = 0;
  for (; !body.ended; count++) opcodes.add(readInstruction(body));
  return count;
}

function readInstruction(body: Reader): string {
  const opcode = body.byte();
  if (opcode === SIMD) return `0xfd ${hex(readSimd(body))}`;
  if (opcode === 0x02 || opcode === 0x03 || opcode === 0x04)
    body.byte(); // block, loop, if: void
  else if (opcode === 0x0c || opcode === 0x0d || opcode === 0x10)
    body.leb(); // br, br_if, call
  else if (opcode >= 0x20 && opcode <= 0x24)
    body.leb(); // locals and globals
  else if (opcode >= 0x28 && opcode <= 0x3e)
    skipLebs(body, 2); // loads and stores
  else if (opcode === 0x3f || opcode === 0x40)
    body.byte(); // memory.size, memory.grow
  else if (opcode === 0x41 || opcode === 0x42)
    body.leb(); // constants; sign does not matter here
  else if (opcode === 0x43) body.take(4);
  else if (opcode === 0x44) body.take(8);
  else if (!PLAIN.has(opcode) && !(opcode >= 0x45 && opcode <= 0xc4)) throw new Error(`unknown opcode ${hex(opcode)}`);
  return hex(opcode);
}

function skipLebs(body: Reader, count: number): void {
  for (let n = 0; n < count; n++) body.leb();
}

/** unreachable, nop, else, end, return, drop, select */
const PLAIN = new Set([0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b]);

function readSimd(body: Reader): number {
  const opcode = body.leb();
  if (opcode <= 0x0b || opcode === 0x5c || opcode === 0x5d) skipLebs(body, 2);
  else if (opcode === V128_CONST || opcode === SHUFFLE) body.take(16);
  else if (opcode >= 0x15 && opcode <= 0x22) body.byte();
  else if (opcode >= 0x54 && opcode <= 0x5b)
    skipLebs(body, 3); // the lane fits one byte
  else if (opcode > 0xff) throw new Error(`relaxed or unknown SIMD opcode ${hex(opcode)}`);
  return opcode;
}

function hex(opcode: number): string {
  return `0x${opcode.toString(16).padStart(2, '0')}`;
}

/** Of f32 and f64 by the tables of the core specification: loads, stores, constants, comparisons, arithmetic, conversions. */
export function isFloat(opcode: string): boolean {
  const [first, second] = opcode.split(' ').map(Number) as [number, number?];
  return second === undefined ? isScalarFloat(first) : isVectorFloat(second);
}

function isScalarFloat(op: number): boolean {
  const ranges = [
    [0x2a, 0x2b],
    [0x38, 0x39],
    [0x43, 0x44],
    [0x5b, 0x66],
    [0x8b, 0xa6],
    [0xa8, 0xab],
    [0xae, 0xbf],
  ] as const;
  return ranges.some(([from, to]) => op >= from && op <= to);
}

function isVectorFloat(op: number): boolean {
  const ranges = [
    [0x13, 0x14],
    [0x1f, 0x22],
    [0x41, 0x4c],
    [0x5e, 0x5f],
    [0x67, 0x6a],
    [0x74, 0x75],
    [0x7a, 0x7a],
    [0x94, 0x94],
    [0xe0, 0xff],
  ] as const;
  return ranges.some(([from, to]) => op >= from && op <= to);
}
