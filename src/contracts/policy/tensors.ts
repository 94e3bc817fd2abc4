/**
 * Little-endian tensors of artifacts and digests. Always through DataView: typed-array views would take
 * the byte order of the host. Writing refuses what would not read back the same.
 */
import { assertInt, I32_MAX, I32_MIN } from '../../base/fixed.ts';

/** @throws `base.integer` for a value outside i16. */
export function int16Bytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setInt16(2 * i, assertInt(values[i], -32768, 32767, 'i16'), true);
  return bytes;
}

/** @throws `base.integer` for a value outside i32. */
export function int32Bytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setInt32(4 * i, assertInt(values[i], I32_MIN, I32_MAX, 'i32'), true);
  return bytes;
}

/** `bytes.length` must be even. */
export function int16Values(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Int16Array(bytes.length >> 1);
  for (let i = 0; i < values.length; i++) values[i] = view.getInt16(2 * i, true);
  return values;
}

/** `bytes.length` must be a multiple of 4. */
export function int32Values(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Int32Array(bytes.length >> 2);
  for (let i = 0; i < values.length; i++) values[i] = view.getInt32(4 * i, true);
  return values;
}
