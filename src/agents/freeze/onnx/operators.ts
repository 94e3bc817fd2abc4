/** What is read of each operator besides its constants: attributes, clip bounds, and shapes that stay flat. */
import { fail } from '../../../base/errors.ts';
import { isDefaultDomain, type OnnxNode } from './model.ts';
import { DOUBLE, FLOAT, scalarOf, type Constant } from './tensors.ts';

/** A node of the chain: which of its inputs is computed, and the constants at the others. */
export interface ChainNode {
  readonly node: OnnxNode;
  /** "Gemm /0/Gemm", for people. */
  readonly label: string;
  readonly computedAt: number;
  /** By position; undefined where the input is left out or computed. */
  readonly constants: readonly (Constant | undefined)[];
}

/** The value that flows: rank, declared batch (-1 unknown), elements a row where known. */
export interface FlowShape {
  readonly rank: number;
  readonly batch: number;
  readonly size: number | undefined;
}

const CHAIN_OPERATORS = new Set([
  'Gemm',
  'MatMul',
  'Add',
  'Relu',
  'Tanh',
  'Clip',
  'Flatten',
  'Identity',
  'Reshape',
  'Cast',
]);

/** Attributes each operator may carry; any other would mean something this reader does not know. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  Gemm: ['alpha', 'beta', 'transA', 'transB'],
  Clip: ['min', 'max'],
  Flatten: ['axis'],
  Reshape: ['allowzero'],
  Cast: ['to', 'saturate'],
};
/** How many inputs each may have, least and most. */
const INPUTS: Readonly<Record<string, readonly [number, number]>> = {
  Gemm: [2, 3],
  MatMul: [2, 2],
  Add: [2, 2],
  Clip: [1, 3],
  Reshape: [2, 2],
};

/** Operator, attributes, number of inputs and, of a Cast, its target. @throws `onnx.operator`. */
export function checkNode({ operator, domain, attributes, inputs }: OnnxNode, label: string): void {
  if (!isDefaultDomain(domain)) throw unsupported(label, `domain ${domain}`);
  if (!CHAIN_OPERATORS.has(operator)) throw unsupported(label, operator);
  const known = ATTRIBUTES[operator] ?? [];
  const strange = [...attributes.keys()].find((name) => !known.includes(name));
  if (strange !== undefined) throw unsupported(label, `attribute ${strange}`);
  const [least, most] = INPUTS[operator] ?? [1, 1];
  if (inputs.length < least || inputs.length > most) throw unsupported(label, `${inputs.length} inputs`);
  const to = attributes.get('to')?.integer;
  if (operator === 'Cast' && to !== FLOAT && to !== DOUBLE) throw unsupported(label, `Cast to data type ${to}`);
}

export function unsupported(label: string, got: unknown): Error {
  return fail('onnx.operator', { expected: { node: label, oneOf: [...CHAIN_OPERATORS] }, got });
}

export function labelOf({ operator, name, outputs }: OnnxNode): string {
  return `${operator} ${name === '' ? (outputs[0] ?? '') : name}`;
}

/** [min, max]: inputs from operator set 11 on, attributes before. */
export function clipBounds(
  { node, constants, computedAt, label }: ChainNode,
  opset: number,
): readonly [number, number] {
  if (computedAt !== 0) throw unsupported(label, `the computed value as input ${computedAt}`);
  if (opset < 11 ? node.inputs.length > 1 : node.attributes.size > 0)
    throw unsupported(label, 'bounds as another operator set writes them');
  const bound = (at: 1 | 2, name: string, otherwise: number): number => {
    if (opset < 11) return node.attributes.get(name)?.float ?? otherwise;
    const constant = constants[at];
    return constant === undefined ? otherwise : scalarOf(constant);
  };
  const [lo, hi] = [bound(1, 'min', -Infinity), bound(2, 'max', Infinity)];
  if (!(lo < hi)) throw unsupported(label, `Clip to ${lo}..${hi}`);
  return [lo, hi];
}

/** Flatten from the axis after the batch, or of what is flat. */
export function checkFlatten({ node, label }: ChainNode, shape: FlowShape): FlowShape {
  const axis = node.attributes.get('axis')?.integer ?? 1;
  if (axis !== 1 && axis !== 1 - shape.rank) throw unsupported(label, `axis ${axis} of rank ${shape.rank}`);
  return { ...shape, rank: 2 };
}

/** Reshape to [batch, all the rest], in the ways that is written. */
export function checkReshape({ node, label, constants, computedAt }: ChainNode, shape: FlowShape): FlowShape {
  const target = constants[1];
  if (computedAt !== 0 || target?.isInteger !== true)
    throw unsupported(label, 'a shape that is not a constant of int64');
  const [batch, size] = target.values;
  const isZeroKept = node.attributes.get('allowzero')?.integer === 1;
  const isBatch = batch === -1 || batch === shape.batch || (batch === 0 && !isZeroKept);
  const isRest = size === shape.size || (size === -1 && batch !== -1);
  if (target.values.length !== 2 || !isBatch || !isRest) {
    throw fail('onnx.shape', {
      expected: { node: label, shape: [-1, shape.size ?? 'all'] },
      got: Array.from(target.values),
    });
  }
  return { ...shape, rank: 2 };
}
