/**
 * An ONNX file as far as a chain of dense layers needs it: nodes, their attributes, constants, names of inputs and
 * outputs. Field numbers are those of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3); fields
 * that are not read are skipped, subgraphs and functions among them, so that nesting is five messages at most.
 */
import { fail } from '../../../base/errors.ts';
import { malformed, MessageReader } from './protobuf.ts';

export const ONNX_LIMITS = {
  bytes: 8 * 1024 * 1024,
  nodes: 4096,
  initializers: 4096,
  /** Inputs or outputs of the graph; parts of a tensor. */
  values: 256,
  /** Inputs or outputs of a node. */
  names: 64,
  attributes: 32,
  rank: 8,
  integers: 64,
} as const;

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  /** Views of the file; whichever of them the writer chose. */
  readonly rawData: Uint8Array | undefined;
  readonly floatData: readonly Uint8Array[];
  readonly doubleData: readonly Uint8Array[];
  readonly int64Data: readonly number[];
  readonly isExternal: boolean;
  readonly isSegment: boolean;
}

export interface OnnxAttribute {
  readonly name: string;
  readonly float: number | undefined;
  readonly integer: number | undefined;
  readonly integers: readonly number[];
  readonly tensor: OnnxTensor | undefined;
}

export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  /** An empty name is an input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxValue {
  readonly name: string;
  /** undefined: not declared. A dimension of -1 has no fixed size. */
  readonly dims: readonly number[] | undefined;
}

export interface OnnxModel {
  /** Of the default operator set. */
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Without those that an initializer gives a value. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** @throws `onnx.malformed`, `onnx.limits`, `onnx.graph`. */
export function readModel(bytes: Uint8Array): OnnxModel {
  if (bytes.length > ONNX_LIMITS.bytes)
    throw fail('onnx.limits', { expected: { bytes: ONNX_LIMITS.bytes }, got: bytes.length });
  const reader = new MessageReader(bytes);
  let opset = 0;
  let graph: MessageReader | undefined;
  while (reader.next()) {
    if (reader.field === 7) {
      if (graph !== undefined) throw malformed('one graph', 'two');
      graph = reader.message();
    } else if (reader.field === 8) opset = readOpset(reader.message()) ?? opset;
  }
  if (graph === undefined) throw malformed('an ONNX model', 'no graph');
  if (opset < 7) throw fail('onnx.operator', { expected: 'operator set 7 or newer', got: opset });
  return { opset, ...readGraph(graph) };
}

/** Version of the default domain; undefined for another. */
function readOpset(reader: MessageReader): number | undefined {
  let domain = '';
  let version = 0;
  while (reader.next()) {
    if (reader.field === 1) domain = reader.text();
    else if (reader.field === 2) version = reader.integer();
  }
  return isDefaultDomain(domain) ? version : undefined;
}

export function isDefaultDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

function readGraph(reader: MessageReader): Omit<OnnxModel, 'opset'> {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  while (reader.next()) {
    if (reader.field === 1) push(nodes, () => readNode(reader.message()), 'nodes');
    else if (reader.field === 5) addInitializer(initializers, readTensor(reader.message()));
    else if (reader.field === 11) push(inputs, () => readValue(reader.message()), 'values');
    else if (reader.field === 12) push(outputs, () => readValue(reader.message()), 'values');
  }
  return { nodes, initializers, inputs: inputs.filter(({ name }) => !initializers.has(name)), outputs };
}

/** What is one too many is not read. */
function push<T>(into: T[], read: () => T, limit: keyof typeof ONNX_LIMITS): void {
  if (into.length >= ONNX_LIMITS[limit])
    throw fail('onnx.limits', { expected: { [limit]: ONNX_LIMITS[limit] }, got: 'more' });
  into.push(read());
}

function addInitializer(initializers: Map<string, OnnxTensor>, tensor: OnnxTensor): void {
  if (initializers.has(tensor.name)) throw fail('onnx.graph', { expected: 'one value a name', got: tensor.name });
  initializers.set(tensor.name, tensor);
  if (initializers.size > ONNX_LIMITS.initializers) {
    throw fail('onnx.limits', { expected: { initializers: ONNX_LIMITS.initializers }, got: 'more' });
  }
}

function readNode(reader: MessageReader): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let [name, operator, domain] = ['', '', ''];
  while (reader.next()) {
    if (reader.field === 1) push(inputs, () => reader.text(), 'names');
    else if (reader.field === 2) push(outputs, () => reader.text(), 'names');
    else if (reader.field === 3) name = reader.text();
    else if (reader.field === 4) operator = reader.text();
    else if (reader.field === 5) addAttribute(attributes, readAttribute(reader.message()));
    else if (reader.field === 7) domain = reader.text();
  }
  return { name, operator, domain, inputs, outputs, attributes };
}

function addAttribute(attributes: Map<string, OnnxAttribute>, attribute: OnnxAttribute): void {
  if (attributes.has(attribute.name)) throw malformed('an attribute once', attribute.name);
  if (attributes.size >= ONNX_LIMITS.attributes) {
    throw fail('onnx.limits', { expected: { attributes: ONNX_LIMITS.attributes }, got: 'more' });
  }
  attributes.set(attribute.name, attribute);
}

function readAttribute(reader: MessageReader): OnnxAttribute {
  const integers: number[] = [];
  let name = '';
  let float: number | undefined;
  let integer: number | undefined;
  let tensor: OnnxTensor | undefined;
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) float = reader.float();
    else if (reader.field === 3) integer = reader.integer();
    else if (reader.field === 5) tensor = readTensor(reader.message());
    else if (reader.field === 8) reader.integers(integers, ONNX_LIMITS.integers);
  }
  return { name, float, integer, integers, tensor };
}

function readTensor(reader: MessageReader): OnnxTensor {
  const dims: number[] = [];
  const floatData: Uint8Array[] = [];
  const doubleData: Uint8Array[] = [];
  const int64Data: number[] = [];
  let rawData: Uint8Array | undefined;
  let [name, dataType, isExternal, isSegment] = ['', 0, false, false];
  while (reader.next()) {
    if (reader.field === 1) reader.integers(dims, ONNX_LIMITS.rank);
    else if (reader.field === 2) dataType = reader.integer();
    else if (reader.field === 3) isSegment = true;
    else if (reader.field === 4) push(floatData, () => reader.bytes(), 'values');
    else if (reader.field === 7) reader.integers(int64Data, ONNX_LIMITS.integers);
    else if (reader.field === 8) name = reader.text();
    else if (reader.field === 9) rawData = reader.bytes();
    else if (reader.field === 10) push(doubleData, () => reader.bytes(), 'values');
    else if (reader.field === 13) isExternal = true;
    else if (reader.field === 14) isExternal ||= reader.integer() !== 0;
  }
  return { name, dims, dataType, rawData, floatData, doubleData, int64Data, isExternal, isSegment };
}

/** ValueInfoProto: name = 1, type = 2 { tensor_type = 1 { shape = 2 { dim = 1 { dim_value = 1 } } } }. */
function readValue(reader: MessageReader): OnnxValue {
  let name = '';
  let dims: readonly number[] | undefined;
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) dims = readType(reader.message());
  }
  return { name, dims };
}

function readType(reader: MessageReader): readonly number[] | undefined {
  let dims: readonly number[] | undefined;
  while (reader.next()) {
    if (reader.field !== 1) continue;
    const tensor = reader.message();
    while (tensor.next()) if (tensor.field === 2) dims = readShape(tensor.message());
  }
  return dims;
}

function readShape(reader: MessageReader): readonly number[] {
  const dims: number[] = [];
  while (reader.next()) if (reader.field === 1) push(dims, () => readDimension(reader.message()), 'rank');
  return dims;
}

function readDimension(reader: MessageReader): number {
  let size = -1;
  while (reader.next()) if (reader.field === 1) size = reader.integer();
  return size;
}
