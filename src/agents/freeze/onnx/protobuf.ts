/**
 * The protobuf wire format, as much as an ONNX file needs: a cursor over fields of one message. Nothing is allocated
 * by a length that the bytes do not hold, groups (obsolete) are refused, and nesting is only what a caller descends into.
 * https://protobuf.dev/programming-guides/encoding/
 */
import { fail, type GridPactError } from '../../../base/errors.ts';

/** Of a field: how its value is written. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const LONGEST_VARINT = 10;

const NAME_BYTES = 1024;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One message: `next()` until false, then the value of the field by one of the readers, or nothing to skip it. */
export class MessageReader {
  /** Field number, and how it is written. */
  field = 0;
  #wire = 0;
  #at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  /** Where the value of the field begins and ends; bytes alone for length-delimited ones. */
  #from = 0;
  #varint: number | bigint = 0;
  #isLast = false;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
    this.#end = end;
  }

  /** To the next field; false at the end of the message. @throws `onnx.malformed`. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const key = this.#readVarint();
    if (key > 0xffffffff || key < 8) throw malformed('a field number in 1..2^29-1', `key ${key}`);
    this.field = Number(key) >>> 3;
    this.#wire = Number(key) & 7;
    this.#skipValue();
    return true;
  }

  /** An int64 or int32; negative ones are written as their two's complement. */
  integer(): number {
    if (this.#wire !== WIRE.varint) throw this.#wrongWire('an integer');
    return safeInteger(this.#varint);
  }

  float(): number {
    if (this.#wire !== WIRE.fixed32) throw this.#wrongWire('a float');
    return this.#view.getFloat32(this.#from, true);
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    if (this.#wire !== WIRE.bytes) throw this.#wrongWire('bytes');
    return this.#bytes.subarray(this.#from, this.#at);
  }

  message(): MessageReader {
    if (this.#wire !== WIRE.bytes) throw this.#wrongWire('a message');
    return new MessageReader(this.#bytes, this.#from, this.#at);
  }

  /** A name: at most 1 024 bytes of UTF-8. */
  text(): string {
    const bytes = this.bytes();
    if (bytes.length > NAME_BYTES)
      throw fail('onnx.limits', { expected: { nameBytes: NAME_BYTES }, got: bytes.length });
    try {
      return utf8.decode(bytes);
    } catch {
      throw malformed('a name in UTF-8', `${bytes.length} other bytes`);
    }
  }

  /** Repeated integers, packed or one at a time, onto `into`, which holds at most `most`. */
  integers(into: number[], most: number): void {
    if (this.#wire === WIRE.varint) return pushBounded(into, this.integer(), most);
    const inner = new MessageReader(this.#bytes, this.#valueStart(), this.#at);
    while (inner.#at < inner.#end) pushBounded(into, safeInteger(inner.#readVarint()), most);
  }

  #valueStart(): number {
    if (this.#wire !== WIRE.bytes) throw this.#wrongWire('integers');
    return this.#from;
  }

  #skipValue(): void {
    this.#from = this.#at;
    if (this.#wire === WIRE.varint) this.#varint = this.#readVarint();
    else if (this.#wire === WIRE.fixed64) this.#advance(8);
    else if (this.#wire === WIRE.fixed32) this.#advance(4);
    else if (this.#wire === WIRE.bytes) {
      const length = this.#readVarint();
      this.#from = this.#at;
      if (length > this.#end - this.#at) throw malformed(`at most ${this.#end - this.#at} bytes`, `${length}`);
      this.#advance(Number(length));
    } else throw malformed('wire type 0, 1, 2 or 5', this.#wire);
  }

  #advance(count: number): void {
    if (count > this.#end - this.#at) throw malformed(`${count} bytes`, `${this.#end - this.#at}`);
    this.#at += count;
  }

  /** A number below 2^53, which nearly all are; a bigint from there on. Four, four and two bytes of seven bits. */
  #readVarint(): number | bigint {
    const low = this.#sevens(4);
    const middle = this.#isLast ? 0 : this.#sevens(4);
    const high = this.#isLast ? 0 : this.#sevens(2);
    if (!this.#isLast) throw malformed(`a varint of at most ${LONGEST_VARINT} bytes`, 'a longer one');
    if (high === 0 && middle < 0x2000000) return middle * 0x10000000 + low;
    return BigInt.asUintN(64, (BigInt(high) << 56n) | (BigInt(middle) << 28n) | BigInt(low));
  }

  /** Up to `most` bytes of a varint; `#isLast` then says whether it ended. */
  #sevens(most: number): number {
    let value = 0;
    this.#isLast = false;
    for (let n = 0; n < most && !this.#isLast; n++) {
      const byte = this.#byte();
      value |= (byte & 127) << (7 * n);
      this.#isLast = byte < 128;
    }
    return value;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw malformed('a whole varint', 'the end of the message');
    return this.#bytes[this.#at++]!;
  }

  #wrongWire(what: string): GridPactError {
    return malformed(`${what} in field ${this.field}`, `wire type ${this.#wire}`);
  }
}

export function malformed(expected: string, got: unknown): GridPactError {
  return fail('onnx.malformed', { expected, got });
}

function safeInteger(value: number | bigint): number {
  const signed = typeof value === 'number' ? value : Number(BigInt.asIntN(64, value));
  if (!Number.isSafeInteger(signed)) throw malformed('an integer within 2^53', `${value}`);
  return signed;
}

function pushBounded(into: number[], value: number, most: number): void {
  if (into.length >= most) throw fail('onnx.limits', { expected: { integersInList: most }, got: 'more' });
  into.push(value);
}
