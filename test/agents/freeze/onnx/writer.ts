/** A protobuf writer for ONNX files of tests, good and bad. Field numbers are those of onnx.proto3. */
import { concatBytes, utf8 } from '../../../../src/base/bytes.ts';

export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

/** Integer field. */
export function int(field: number, value: number | bigint): Uint8Array {
  return concatBytes(varint(field * 8), varint(value));
}

/** Text, bytes or message field; `length` may lie. */
export function data(field: number, value: Uint8Array | string, length?: number | bigint): Uint8Array {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return concatBytes(varint(field * 8 + 2), varint(length ?? bytes.length), bytes);
}

function float(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concatBytes(varint(field * 8 + 5), bytes);
}

export function floats(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return bytes;
}

interface TensorParts {
  readonly type?: number;
  /** raw_data unless as floatData. */
  readonly raw?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int64Data?: readonly number[];
  readonly extra?: Uint8Array;
}

export function tensor(name: string, dims: readonly (number | bigint)[], parts: TensorParts): Uint8Array {
  const { type = 1, raw, floatData, int64Data, extra = new Uint8Array(0) } = parts;
  return concatBytes(
    ...dims.map((dim) => int(1, dim)),
    int(2, type),
    floatData === undefined ? new Uint8Array(0) : data(4, floats(floatData)),
    int64Data === undefined ? new Uint8Array(0) : data(7, concatBytes(...int64Data.map(varint))),
    data(8, name),
    raw === undefined ? new Uint8Array(0) : data(9, raw),
    extra,
  );
}

export type AttributeValue = number | bigint | readonly number[] | Uint8Array;

/** bigint: i; number: f; list: ints; bytes: a tensor. */
function attribute(name: string, value: AttributeValue): Uint8Array {
  const body =
    typeof value === 'bigint'
      ? int(3, value)
      : typeof value === 'number'
        ? float(2, value)
        : value instanceof Uint8Array
          ? data(5, value)
          : data(8, concatBytes(...value.map(varint)));
  return data(5, concatBytes(data(1, name), body));
}

/** "Gemm x,w,b -> y". */
export function node(text: string, attributes: Readonly<Record<string, AttributeValue>> = {}, domain = ''): Uint8Array {
  const [left, outputs] = text.split(' -> ') as [string, string];
  const [operator, inputs = ''] = left.split(' ') as [string, string?];
  return concatBytes(
    ...(inputs === '' ? [] : inputs.split(',').map((name) => data(1, name === '_' ? '' : name))),
    ...outputs.split(',').map((name) => data(2, name)),
    data(3, `the ${operator}`),
    data(4, operator),
    ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    domain === '' ? new Uint8Array(0) : data(7, domain),
  );
}

/** -1: a dimension with a name instead of a size. */
function value(name: string, dims: readonly number[] | undefined): Uint8Array {
  if (dims === undefined) return data(1, name);
  const shape = concatBytes(...dims.map((dim) => data(1, dim < 0 ? data(2, 'batch') : int(1, dim))));
  return concatBytes(data(1, name), data(2, data(1, concatBytes(int(1, 1), data(2, shape)))));
}

export interface GraphParts {
  readonly nodes: readonly Uint8Array[];
  readonly tensors?: readonly Uint8Array[];
  readonly inputs?: Readonly<Record<string, readonly number[] | undefined>>;
  readonly outputs?: Readonly<Record<string, readonly number[] | undefined>>;
  readonly opset?: number;
}

export function model(parts: GraphParts): Uint8Array {
  const { nodes, tensors = [], inputs = { x: [-1, 2] }, outputs = { y: undefined }, opset = 17 } = parts;
  const graph = concatBytes(
    ...nodes.map((one) => data(1, one)),
    data(2, 'graph'),
    ...tensors.map((one) => data(5, one)),
    ...Object.entries(inputs).map(([name, dims]) => data(11, value(name, dims))),
    ...Object.entries(outputs).map(([name, dims]) => data(12, value(name, dims))),
  );
  return concatBytes(int(1, 8), data(8, int(2, opset)), data(7, graph));
}
