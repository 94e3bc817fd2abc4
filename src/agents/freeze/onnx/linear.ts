/** Gemm, MatMul and Add as weights [outSize][inSize] and bias [outSize]. */
import { fail } from '../../../base/errors.ts';
import { unsupported, type ChainNode } from './operators.ts';
import type { Constant } from './tensors.ts';

export interface Linear {
  readonly inSize: number;
  readonly outSize: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array | undefined;
}

/** An input left out. */
const NOTHING: Constant = { name: '', dims: [], values: [], isRounded: false, isInteger: true };

/** @throws `onnx.operator`, `onnx.shape`. */
export function linearOf(link: ChainNode, notes: string[]): Linear {
  const { node, label, computedAt, constants } = link;
  if (computedAt !== 0) throw unsupported(label, `the computed value as input ${computedAt}`);
  const isGemm = node.operator === 'Gemm';
  const flag = (name: string): boolean => (node.attributes.get(name)?.integer ?? 0) !== 0;
  if (isGemm && flag('transA')) throw unsupported(label, 'transA = 1');
  const matrix = matrixOf(label, constants[1]);
  const isOutFirst = isGemm && flag('transB');
  const [first, second] = matrix.dims as [number, number];
  const [inSize, outSize] = isOutFirst ? [second, first] : [first, second];
  const weights = isOutFirst ? matrix.values : outFirst(matrix.values, inSize, outSize);
  const bias = constants[2] && biasOf(link, constants[2], outSize);
  const factor = (name: string, values: Float32Array): Float32Array => times(link, name, values, notes);
  return { inSize, outSize, weights: isGemm ? factor('alpha', weights) : weights, bias: bias && factor('beta', bias) };
}

/** [], [1], [n] or [1, n] to [n]. @throws `onnx.shape`. */
export function biasOf({ label }: ChainNode, constant: Constant | undefined, outSize: number): Float32Array {
  const { name, dims, values, isInteger } = constant ?? NOTHING;
  const isRow = dims.length < 2 || (dims.length === 2 && dims[0] === 1);
  if (isInteger || !isRow || (values.length !== 1 && values.length !== outSize)) {
    throw fail('onnx.shape', { expected: { node: label, bias: [outSize] }, got: { tensor: name, dims } });
  }
  return values.length === outSize ? (values as Float32Array) : new Float32Array(outSize).fill(values[0]!);
}

function matrixOf(label: string, constant: Constant | undefined): { dims: readonly number[]; values: Float32Array } {
  const { name, dims, values, isInteger } = constant ?? NOTHING;
  if (dims.length !== 2 || isInteger || values.length === 0) {
    throw fail('onnx.shape', { expected: { node: label, weights: 'a matrix' }, got: { tensor: name, dims } });
  }
  return { dims, values: values as Float32Array };
}

function outFirst(values: Float32Array, inSize: number, outSize: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < inSize; i++) for (let o = 0; o < outSize; o++) result[o * inSize + i] = values[i * outSize + o]!;
  return result;
}

/** alpha or beta of a Gemm, taken into the constant. */
function times(
  { node, label }: ChainNode,
  name: 'alpha' | 'beta' | (string & {}),
  values: Float32Array,
  notes: string[],
): Float32Array {
  const factor = node.attributes.get(name)?.float ?? 1;
  if (factor === 1) return values;
  const product = values.map((value) => value * factor);
  if (!product.every(Number.isFinite)) throw unsupported(label, `${name} = ${factor}, which leaves float32`);
  notes.push(`${label}: ${name} = ${factor} multiplied in, rounded to float32`);
  return product;
}
