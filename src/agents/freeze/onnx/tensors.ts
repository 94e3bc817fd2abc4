/** Constants of an ONNX graph as numbers: little-endian whatever the host, lengths held to the shape, nothing but finite. */
import { fail } from '../../../base/errors.ts';
import { POLICY_LIMITS } from '../../../contracts/policy/artifact.ts';
import { ONNX_LIMITS, type OnnxTensor } from './model.ts';

/** TensorProto.DataType: what can be read, and the name of what is likely to be met besides. */
export const FLOAT = 1;
const INT64 = 7;
export const DOUBLE = 11;
const TYPE_NAMES: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  16: 'bfloat16',
};

/** A constant: row-major values, float32 for floats. */
export interface Constant {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array | readonly number[];
  /** Rounded from float64. */
  readonly isRounded: boolean;
  readonly isInteger: boolean;
}

/** @throws `onnx.tensor`. */
export function readConstant(tensor: OnnxTensor, name = tensor.name): Constant {
  const { dims, dataType, isExternal, isSegment } = tensor;
  if (isExternal) throw refused(name, 'data inside the file', 'external data');
  if (isSegment) throw refused(name, 'a whole tensor', 'a segment');
  if (dims.some((dim) => dim < 0)) throw refused(name, 'dimensions of 0 or more', dims);
  // Sizes are small integers or the product is a float too large to be any length: both compare rightly below.
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (count > POLICY_LIMITS.weights)
    throw fail('onnx.limits', { expected: { values: POLICY_LIMITS.weights }, got: { tensor: name, dims } });
  if (dataType === INT64) {
    return { name, dims, values: readIntegers(tensor, name, count), isRounded: false, isInteger: true };
  }
  if (dataType !== FLOAT && dataType !== DOUBLE) {
    throw refused(name, 'float32 or float64', TYPE_NAMES[dataType] ?? `data type ${dataType}`);
  }
  const values = readFloats(tensor, name, count);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw refused(name, 'finite values in float32', { at, value: String(values[at]) });
  return { name, dims, values, isRounded: dataType === DOUBLE, isInteger: false };
}

/** A constant that must be one float, of shape [] or [1]. */
export function scalarOf({ name, values, isInteger }: Constant): number {
  if (values.length !== 1 || isInteger) throw refused(name, 'one float', `${values.length} values`);
  return values[0]!;
}

function readFloats(tensor: OnnxTensor, name: string, count: number): Float32Array {
  const isDouble = tensor.dataType === DOUBLE;
  const size = isDouble ? 8 : 4;
  const parts = tensor.rawData === undefined ? (isDouble ? tensor.doubleData : tensor.floatData) : [tensor.rawData];
  checkLength(
    name,
    parts.reduce((sum, { length }) => sum + length, 0),
    size * count,
  );
  const values = new Float32Array(count);
  let at = 0;
  for (const part of parts) {
    if (part.length % size !== 0) throw refused(name, `a multiple of ${size} bytes`, part.length);
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    for (let from = 0; from < part.length; from += size) {
      values[at++] = isDouble ? view.getFloat64(from, true) : view.getFloat32(from, true);
    }
  }
  return values;
}

function readIntegers({ rawData, int64Data }: OnnxTensor, name: string, count: number): readonly number[] {
  if (rawData === undefined) {
    checkLength(name, 8 * int64Data.length, 8 * count);
    return int64Data;
  }
  checkLength(name, rawData.length, 8 * count);
  if (count > ONNX_LIMITS.integers) throw refused(name, `at most ${ONNX_LIMITS.integers} integers`, count);
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: count }, (_, i) => Number(view.getBigInt64(8 * i, true)));
}

function checkLength(name: string, got: number, expected: number): void {
  if (got !== expected) throw refused(name, `${expected} bytes, as its shape says`, got);
}

function refused(tensor: string, expected: string, got: unknown): Error {
  return fail('onnx.tensor', { expected, got: { tensor, value: got } });
}
