/** From the chain of nodes to dense layers with activations: what belongs together is joined, exactly or not at all. */
import { fail } from '../../../base/errors.ts';
import type { FloatLayer } from '../floatPolicy.ts';
import type { Activation } from '../../../contracts/policy/artifact.ts';
import type { Chain } from './graph.ts';
import { linearOf, biasOf } from './linear.ts';
import { checkFlatten, checkReshape, clipBounds, unsupported, type ChainNode, type FlowShape } from './operators.ts';

interface Pending {
  readonly inSize: number;
  readonly outSize: number;
  readonly weights: Float32Array;
  bias: Float32Array | undefined;
}

/** Range of the value an activation gives, which a clip that follows may already contain. */
const RANGES: Readonly<Record<Activation, readonly [number, number]>> = {
  relu: [0, Infinity],
  hardtanh: [-1, 1],
  tanh: [-1, 1],
  identity: [-Infinity, Infinity],
};

/** @throws `onnx.operator`, `onnx.shape`, `onnx.tensor`. */
export function buildLayers(chain: Chain, opset: number, notes: string[]): FloatLayer[] {
  const builder = new LayerBuilder(chain, opset, notes);
  for (const link of chain.nodes) builder.add(link);
  return builder.finish(chain.output);
}

class LayerBuilder {
  readonly #layers: FloatLayer[] = [];
  readonly #notes: string[];
  readonly #opset: number;
  #shape: FlowShape;
  #pending: Pending | undefined;
  /** The value as it stands is this times what the last layer gives: a power of two that the next weights take in. */
  #scale = 1;

  constructor({ input }: Chain, opset: number, notes: string[]) {
    this.#notes = notes;
    this.#opset = opset;
    const { dims } = input;
    if (dims !== undefined && dims.length < 2) {
      throw fail('onnx.shape', { expected: 'an input with a batch axis first', got: { input: input.name, dims } });
    }
    const sizes = dims?.slice(1);
    const size = sizes?.every((dim) => dim >= 0) === true ? sizes.reduce((a, b) => a * b, 1) : undefined;
    this.#shape = { rank: dims?.length ?? 2, batch: dims?.[0] ?? -1, size };
  }

  add(link: ChainNode): void {
    const { node, constants } = link;
    for (const constant of constants) {
      if (constant?.isRounded === true) this.#notes.push(`${constant.name}: float64, rounded to float32`);
    }
    if (node.operator === 'Gemm' || node.operator === 'MatMul') this.#linear(link);
    else if (node.operator === 'Add') this.#add(link);
    else if (node.operator === 'Relu') this.#activate(link, 'relu');
    else if (node.operator === 'Tanh') this.#activate(link, 'tanh');
    else if (node.operator === 'Clip') this.#clip(link);
    else if (node.operator === 'Flatten') this.#shape = checkFlatten(link, this.#shape);
    else if (node.operator === 'Reshape') this.#shape = checkReshape(link, this.#shape);
  }

  finish(output: string): FloatLayer[] {
    if (this.#pending !== undefined) this.#push('identity');
    const last = this.#layers[this.#layers.length - 1];
    if (last === undefined) throw fail('onnx.shape', { expected: 'at least one dense layer', got: 'none' });
    if (last.activation === 'relu') {
      throw fail('onnx.operator', { expected: `${output} from a dense layer, Tanh or Clip to +-1`, got: 'Relu' });
    }
    if (this.#scale !== 1) {
      throw fail('onnx.operator', { expected: `${output} clipped at +-1`, got: `Clip at +-${this.#scale}` });
    }
    return this.#layers;
  }

  #linear(link: ChainNode): void {
    if (this.#pending !== undefined)
      throw unsupported(link.label, 'a dense layer right after another, no activation between');
    if (this.#shape.rank !== 2)
      throw fail('onnx.shape', { expected: { node: link.label, rank: 2 }, got: this.#shape.rank });
    const linear = linearOf(link, this.#notes);
    if (this.#shape.size !== undefined && this.#shape.size !== linear.inSize) {
      throw fail('onnx.shape', { expected: { node: link.label, inputs: this.#shape.size }, got: linear.inSize });
    }
    this.#pending = { ...linear, weights: scaled(linear.weights, this.#scale, link.label) };
    this.#scale = 1;
    this.#shape = { ...this.#shape, size: linear.outSize };
  }

  #add(link: ChainNode): void {
    if (this.#pending === undefined) throw unsupported(link.label, 'Add where no dense layer comes before');
    if (this.#pending.bias !== undefined) throw unsupported(link.label, 'Add to a layer that has a bias');
    this.#pending.bias = biasOf(link, link.constants[1 - link.computedAt], this.#pending.outSize);
  }

  #activate(link: ChainNode, activation: 'relu' | 'tanh'): void {
    if (this.#pending !== undefined) return this.#push(activation);
    const after = this.#layers[this.#layers.length - 1]?.activation;
    if (activation === 'relu' && after === 'relu') return;
    throw unsupported(
      link.label,
      after === undefined ? 'an activation before any layer' : `${activation} after ${after}`,
    );
  }

  #clip(link: ChainNode): void {
    const [lo, hi] = clipBounds(link, this.#opset);
    if (lo === -Infinity && hi === Infinity) return;
    if (this.#pending === undefined) return this.#clipAgain(link, lo, hi);
    if (lo === 0 && hi === Infinity) return this.#push('relu');
    if (lo !== -hi || hi <= 0 || !isPowerOfTwo(hi)) {
      throw unsupported(link.label, `Clip to ${lo}..${hi}, neither +-1 nor +-2^k nor 0..infinity`);
    }
    // clip(z, +-2^k) = 2^k * clip(z / 2^k, +-1), exactly
    const { weights, bias } = this.#pending;
    if (hi !== 1) {
      this.#pending = {
        ...this.#pending,
        weights: scaled(weights, 1 / hi, link.label),
        bias: bias && scaled(bias, 1 / hi, link.label),
      };
      this.#notes.push(`${link.label}: bound ${hi} folded into the weights on both sides, exactly`);
    }
    this.#push('hardtanh');
    this.#scale = hi;
  }

  /** A clip of what is inside its bounds already does nothing. */
  #clipAgain(link: ChainNode, lo: number, hi: number): void {
    const after = this.#layers[this.#layers.length - 1]?.activation;
    if (after === undefined) throw unsupported(link.label, 'Clip before any layer');
    const [least, most] = RANGES[after].map((end) => end * this.#scale) as [number, number];
    if (lo > least || hi < most) throw unsupported(link.label, `Clip to ${lo}..${hi} after ${after}`);
  }

  #push(activation: Activation): void {
    const { inSize, outSize, weights, bias } = this.#pending!;
    this.#layers.push({ inSize, outSize, weights, bias: bias ?? new Float32Array(outSize), activation });
    this.#pending = undefined;
  }
}

function isPowerOfTwo(value: number): boolean {
  let power = value;
  while (power > 1) power /= 2;
  while (power < 1) power *= 2;
  return power === 1;
}

/** Times a power of two; refused where float32 cannot hold the product. */
function scaled(values: Float32Array, factor: number, label: string): Float32Array {
  if (factor === 1) return values;
  const product = values.map((value) => value * factor);
  if (values.some((value, n) => product[n]! !== value * factor)) {
    throw unsupported(label, `a bound of ${Math.max(factor, 1 / factor)} that float32 weights cannot take in`);
  }
  return product;
}
