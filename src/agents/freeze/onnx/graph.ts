/**
 * From the graph to its one chain: walked back from the chosen output to an input, so that branches that do not reach
 * the output (a value head) are never looked at. Constants are folded on the way, as far as exporters leave that to do.
 */
import { fail } from '../../../base/errors.ts';
import { isDefaultDomain, type OnnxModel, type OnnxNode, type OnnxTensor, type OnnxValue } from './model.ts';
import { checkNode, labelOf, unsupported, type ChainNode } from './operators.ts';
import { DOUBLE, FLOAT, readConstant, type Constant } from './tensors.ts';

export interface Chain {
  readonly input: OnnxValue;
  readonly output: string;
  /** From input to output. */
  readonly nodes: readonly ChainNode[];
  /** Outputs and inputs of the graph that were left aside. */
  readonly ignored: readonly string[];
}

/** Longer ones cannot be a policy of at most four layers, whatever stands between them. */
const LONGEST_CHAIN = 64;
const DEEPEST_FOLD = 16;

/** @throws `onnx.graph`, `onnx.operator`, `onnx.tensor`, `onnx.limits`. */
export function findChain(model: OnnxModel, chosen: string | undefined): Chain {
  const output = chooseOutput(model, chosen);
  const graph = new Graph(model);
  const nodes: ChainNode[] = [];
  let name = output;
  for (let input = graph.inputOf(name); input === undefined; input = graph.inputOf(name)) {
    const link = graph.linkTo(name);
    nodes.push(link);
    if (nodes.length > LONGEST_CHAIN)
      throw fail('onnx.graph', { expected: { nodesAtMost: LONGEST_CHAIN }, got: 'more, or a cycle' });
    name = link.node.inputs[link.computedAt]!;
  }
  const ignored = [...model.outputs, ...model.inputs]
    .map((value) => value.name)
    .filter((one) => one !== output && one !== name);
  return { input: graph.inputOf(name)!, output, nodes: nodes.reverse(), ignored };
}

function chooseOutput({ outputs }: OnnxModel, chosen: string | undefined): string {
  const names = outputs.map(({ name }) => name);
  const shown = names.slice(0, 16);
  if (names.length === 0) throw fail('onnx.graph', { expected: 'an output', got: 'none' });
  if (chosen === undefined && names.length > 1)
    throw fail('onnx.graph', { expected: 'the name of one output', got: shown });
  const output = chosen ?? names[0]!;
  if (!names.includes(output)) throw fail('onnx.graph', { expected: { oneOf: shown }, got: output });
  return output;
}

class Graph {
  readonly #model: OnnxModel;
  readonly #producers = new Map<string, OnnxNode>();
  readonly #read = new Map<string, Constant>();

  constructor(model: OnnxModel) {
    this.#model = model;
    for (const node of model.nodes) {
      for (const name of node.outputs) {
        if (name === '') continue;
        if (this.#producers.has(name) || model.initializers.has(name)) {
          throw fail('onnx.graph', { expected: 'one value a name', got: name });
        }
        this.#producers.set(name, node);
      }
    }
  }

  inputOf(name: string): OnnxValue | undefined {
    const input = this.#model.inputs.find((value) => value.name === name);
    if (input !== undefined && this.#producers.has(name)) {
      throw fail('onnx.graph', { expected: 'one value a name', got: name });
    }
    return input;
  }

  /** The node that gives a computed value. */
  linkTo(name: string): ChainNode {
    const node = this.#producer(name);
    const label = labelOf(node);
    checkNode(node, label);
    if (node.outputs[0] !== name || node.outputs.length > 1) throw unsupported(label, `output ${name} besides others`);
    const constants = node.inputs.map((input) => (input === '' ? undefined : this.#constant(input, 0)));
    const computed = node.inputs.flatMap((input, i) => (input !== '' && constants[i] === undefined ? [i] : []));
    if (computed.length !== 1) {
      const got = { node: label, computedInputs: computed.map((i) => node.inputs[i]) };
      throw fail('onnx.graph', { expected: 'one computed input and constants', got });
    }
    return { node, label, computedAt: computed[0]!, constants };
  }

  #producer(name: string): OnnxNode {
    const node = this.#producers.get(name);
    if (node === undefined)
      throw fail('onnx.graph', { expected: 'a node, constant or input that gives it', got: name });
    return node;
  }

  /** Once, however often it is named. */
  #initial(tensor: OnnxTensor): Constant {
    const constant = this.#read.get(tensor.name) ?? readConstant(tensor);
    this.#read.set(tensor.name, constant);
    return constant;
  }

  /** undefined: not a constant. */
  #constant(name: string, depth: number): Constant | undefined {
    const initializer = this.#model.initializers.get(name);
    if (initializer !== undefined) return this.#initial(initializer);
    const node = this.#producers.get(name);
    if (node === undefined || !isDefaultDomain(node.domain) || !FOLDED.has(node.operator)) return undefined;
    if (node.operator === 'Constant') return constantOf(node, name);
    if (depth >= DEEPEST_FOLD)
      throw fail('onnx.graph', { expected: { constantsFolded: DEEPEST_FOLD }, got: 'more, or a cycle' });
    const from = node.inputs.length === 1 ? this.#constant(node.inputs[0]!, depth + 1) : undefined;
    return from && fold(node, from);
  }
}

const FOLDED = new Set(['Constant', 'Identity', 'Cast', 'Transpose']);

function constantOf(node: OnnxNode, name: string): Constant {
  const value = node.attributes.get('value')?.tensor;
  if (value !== undefined) return readConstant(value, name);
  const float = node.attributes.get('value_float')?.float;
  if (float === undefined) throw unsupported(labelOf(node), [...node.attributes.keys()]);
  if (!Number.isFinite(float))
    throw fail('onnx.tensor', { expected: 'finite values', got: { tensor: name, value: String(float) } });
  return { name, dims: [], values: Float32Array.of(float), isRounded: false, isInteger: false };
}

function fold(node: OnnxNode, from: Constant): Constant {
  if (node.operator === 'Identity') return from;
  if (node.operator === 'Transpose') return transpose(node, from);
  const to = node.attributes.get('to')?.integer;
  if (from.isInteger || (to !== FLOAT && to !== DOUBLE)) throw unsupported(labelOf(node), `Cast to data type ${to}`);
  return from;
}

function transpose(node: OnnxNode, from: Constant): Constant {
  const [rows, columns] = from.dims;
  const order = node.attributes.get('perm')?.integers ?? [1, 0];
  if (from.dims.length !== 2 || from.isInteger || order.join() !== '1,0') {
    throw unsupported(labelOf(node), { dims: from.dims, perm: order });
  }
  const values = new Float32Array(from.values.length);
  for (let n = 0; n < values.length; n++) values[n] = from.values[(n % rows!) * columns! + Math.floor(n / rows!)]!;
  return { ...from, dims: [columns!, rows!], values };
}
