/** The float twin of a policy's network as ONNX bytes: Gemm and Relu nodes, batch size free. Protobuf by hand. */
import type { LoadedPolicy } from '../src/contracts/policy/artifact.ts';

type Bytes = readonly number[];

const FLOAT = 1;
const VARINT = 0;
const LENGTH = 2;
/** Of ModelProto 8 with opset 13. */
const IR_VERSION = 8;
const OPSET = 13;

function varint(value: number): Bytes {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

function number(field: number, value: number): Bytes {
  return [...varint(field * 8 + VARINT), ...varint(value)];
}

function bytes(field: number, content: Bytes): Bytes {
  return [...varint(field * 8 + LENGTH), ...varint(content.length), ...content];
}

function text(field: number, value: string): Bytes {
  return bytes(field, [...Buffer.from(value)]);
}

/** AttributeProto: an integer. */
function attribute(name: string, value: number): Bytes {
  return bytes(5, [...text(1, name), ...number(3, value), ...number(20, 2)]);
}

function node(op: string, inputs: readonly string[], output: string, attributes: Bytes = []): Bytes {
  return bytes(1, [...inputs.flatMap((name) => text(1, name)), ...text(2, output), ...text(4, op), ...attributes]);
}

function tensor(name: string, dims: readonly number[], values: Float32Array): Bytes {
  const raw = [...new Uint8Array(values.buffer)];
  return bytes(5, [...dims.flatMap((dim) => number(1, dim)), ...number(2, FLOAT), ...text(8, name), ...bytes(9, raw)]);
}

/** ValueInfoProto of float [batch][size]. */
function value(field: number, name: string, size: number): Bytes {
  const shape = [...bytes(1, text(2, 'batch')), ...bytes(1, number(1, size))];
  const type = bytes(1, [...number(1, FLOAT), ...bytes(2, shape)]);
  return bytes(field, [...text(1, name), ...bytes(2, type)]);
}

/** Weights and biases in units of 1, x of +-1: what the integers stand for. Input `x`, output `y`. */
export function onnxModel({ interface: { inputs, outputs }, layers }: LoadedPolicy): Uint8Array {
  const graph: number[] = [];
  const tensors: number[] = [];
  layers.forEach(({ inSize, outSize, weights, bias, shift, activation }, l) => {
    const from = l === 0 ? 'x' : `h${l - 1}`;
    const to = l === layers.length - 1 ? 'y' : `h${l}`;
    const sums = activation === 'relu' ? `z${l}` : to;
    tensors.push(
      ...tensor(
        `w${l}`,
        [outSize, inSize],
        Float32Array.from(weights, (w) => w / 2 ** shift),
      ),
    );
    tensors.push(
      ...tensor(
        `b${l}`,
        [outSize],
        Float32Array.from(bias, (b) => b / 2 ** (shift + 15)),
      ),
    );
    graph.push(...node('Gemm', [from, `w${l}`, `b${l}`], sums, attribute('transB', 1)));
    if (activation === 'relu') graph.push(...node('Relu', [sums], to));
  });
  const body = [
    ...graph,
    ...text(2, 'policy'),
    ...tensors,
    ...value(11, 'x', inputs.length),
    ...value(12, 'y', outputs.length),
  ];
  const opset = bytes(8, [...text(1, ''), ...number(2, OPSET)]);
  return Uint8Array.from([...number(1, IR_VERSION), ...bytes(7, body), ...opset]);
}
