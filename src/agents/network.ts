/**
 * Dense networks on one flat Float32Array, for acting: typed arrays only, no tfjs (a tfjs call costs more than
 * the whole network at batch 1). Sums run in double and each layer's result is rounded to float32, which agrees
 * with tfjs to 1e-6 and is the same on every engine.
 */
import { fail } from '../base/errors.ts';
import type { RandomStream } from '../base/random.ts';
import { normal, tanhReal } from '../base/realMath.ts';
import type { FloatLayer } from './freeze/floatPolicy.ts';

export type HiddenActivation = 'relu' | 'hardtanh' | 'tanh';
export type Activation = HiddenActivation | 'identity';

/** Where a layer's parameters lie in the flat vector. */
export interface LayerShape {
  readonly inSize: number;
  readonly outSize: number;
  readonly weightsAt: number;
  readonly biasAt: number;
  readonly activation: Activation;
}

export interface MlpShape {
  readonly layers: readonly LayerShape[];
  readonly inputSize: number;
  readonly outputSize: number;
  /** First parameter and one past the last in the flat vector. */
  readonly from: number;
  readonly to: number;
}

/** Layer after layer, weights then bias, from `from` on. The last layer is identity. */
export function mlpShape(sizes: readonly number[], hidden: HiddenActivation, from = 0): MlpShape {
  if (sizes.length < 2 || sizes.some((n) => !Number.isInteger(n) || n < 1)) {
    throw fail('agents.network', { expected: 'two or more positive layer sizes', got: sizes });
  }
  let at = from;
  const layers = sizes.slice(1).map((outSize, l): LayerShape => {
    const inSize = sizes[l]!;
    const weightsAt = at;
    const biasAt = weightsAt + inSize * outSize;
    at = biasAt + outSize;
    return { inSize, outSize, weightsAt, biasAt, activation: l === sizes.length - 2 ? 'identity' : hidden };
  });
  return { layers, inputSize: sizes[0]!, outputSize: sizes.at(-1)!, from, to: at };
}

/** Orthogonal weights of gain sqrt(2) in hidden layers and `outputGain` in the last; biases 0. */
export function initialiseMlp(params: Float32Array, shape: MlpShape, outputGain: number, stream: RandomStream): void {
  shape.layers.forEach((layer, l) => {
    const gain = l === shape.layers.length - 1 ? outputGain : Math.SQRT2;
    params.set(orthogonal(layer.outSize, layer.inSize, gain, stream), layer.weightsAt);
    params.fill(0, layer.biasAt, layer.biasAt + layer.outSize);
  });
}

/** Rows taken together: a weight is loaded once for all of them. What comes out of a row does not depend on the others. */
const TOGETHER = 4;

/** A forward pass bound to one shape; buffers are its own, so calls allocate nothing. */
export class MlpRunner {
  readonly #shape: MlpShape;
  /** width x TOGETHER. */
  readonly #a: Float32Array;
  readonly #b: Float32Array;

  constructor(shape: MlpShape) {
    const width = Math.max(...shape.layers.map((layer) => Math.max(layer.inSize, layer.outSize)));
    this.#shape = shape;
    this.#a = new Float32Array(width * TOGETHER);
    this.#b = new Float32Array(width * TOGETHER);
  }

  /** inputs: rows x inputSize. outputs: rows x outputSize, overwritten. */
  run(params: Float32Array, inputs: Float32Array, rows: number, outputs: Float32Array): void {
    const together = rows - (rows % TOGETHER);
    for (let row = 0; row < together; row += TOGETHER) this.#pass(params, inputs, row, TOGETHER, outputs);
    for (let row = together; row < rows; row++) this.#pass(params, inputs, row, 1, outputs);
  }

  #pass(params: Float32Array, inputs: Float32Array, row: number, count: 1 | 4, outputs: Float32Array): void {
    const { layers, inputSize, outputSize } = this.#shape;
    let x = this.#a;
    let y = this.#b;
    for (let k = 0; k < count; k++) {
      for (let i = 0; i < inputSize; i++) x[i * count + k] = inputs[(row + k) * inputSize + i]!;
    }
    for (const layer of layers) {
      if (count === 1) dense(params, layer, x, y);
      else denseOfFour(params, layer, x, y);
      [x, y] = [y, x];
    }
    for (let k = 0; k < count; k++) {
      for (let o = 0; o < outputSize; o++) outputs[(row + k) * outputSize + o] = x[o * count + k]!;
    }
  }
}

/** Copies the parameters out of the flat vector. */
export function layersOf(params: Float32Array, shape: MlpShape): FloatLayer[] {
  return shape.layers.map(({ inSize, outSize, weightsAt, biasAt, activation }) => ({
    inSize,
    outSize,
    weights: params.slice(weightsAt, weightsAt + inSize * outSize),
    bias: params.slice(biasAt, biasAt + outSize),
    activation,
  }));
}

/** The function of a list of layers, for acting: writes the output vector. @throws `agents.network` when sizes do not chain. */
export function runnerOf(
  layers: readonly FloatLayer[],
): (inputs: Float32Array, rows: number, outputs: Float32Array) => void {
  layers.forEach((layer, l) => checkLayer(layer, layers[l - 1]?.outSize ?? layer.inSize));
  let at = 0;
  const shapes = layers.map(({ inSize, outSize, activation }): LayerShape => {
    const weightsAt = at;
    const biasAt = at + inSize * outSize;
    at = biasAt + outSize;
    return { inSize, outSize, weightsAt, biasAt, activation };
  });
  const params = new Float32Array(at);
  shapes.forEach((shape, l) => {
    params.set(layers[l]!.weights, shape.weightsAt);
    params.set(layers[l]!.bias, shape.biasAt);
  });
  const runner = new MlpRunner({
    layers: shapes,
    inputSize: shapes[0]!.inSize,
    outputSize: shapes.at(-1)!.outSize,
    from: 0,
    to: at,
  });
  return (inputs, rows, outputs) => runner.run(params, inputs, rows, outputs);
}

function checkLayer(layer: FloatLayer, inSize: number): void {
  const ok =
    layer.inSize === inSize &&
    layer.weights.length === layer.inSize * layer.outSize &&
    layer.bias.length === layer.outSize;
  if (!ok) {
    throw fail('agents.network', {
      expected: `${inSize} inputs, weights [out][in], bias [out]`,
      got: [layer.inSize, layer.outSize, layer.weights.length, layer.bias.length],
    });
  }
}

/**
 * y_o = act(sum_i W[o][i] x_i + b_o), four sums side by side: each is added up in the order of its inputs, so it is the
 * same number, and a processor need not wait for one addition before it begins the next.
 */
function dense(params: Float32Array, layer: LayerShape, x: Float32Array, y: Float32Array): void {
  const { inSize, outSize, weightsAt, biasAt, activation } = layer;
  let o = 0;
  for (; o + 3 < outSize; o += 4) {
    const at = weightsAt + o * inSize;
    const [at1, at2, at3] = [at + inSize, at + 2 * inSize, at + 3 * inSize];
    let sum = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let i = 0; i < inSize; i++) {
      const xi = x[i]!;
      sum += params[at + i]! * xi;
      sum1 += params[at1 + i]! * xi;
      sum2 += params[at2 + i]! * xi;
      sum3 += params[at3 + i]! * xi;
    }
    y[o] = sum + params[biasAt + o]!;
    y[o + 1] = sum1 + params[biasAt + o + 1]!;
    y[o + 2] = sum2 + params[biasAt + o + 2]!;
    y[o + 3] = sum3 + params[biasAt + o + 3]!;
  }
  for (; o < outSize; o++) {
    const at = weightsAt + o * inSize;
    let sum = 0;
    for (let i = 0; i < inSize; i++) sum += params[at + i]! * x[i]!;
    y[o] = sum + params[biasAt + o]!;
  }
  if (activation !== 'identity') activate(y, outSize, activation);
}

/**
 * The same of four rows at once, x and y with the row as last index: each sum has the order of `dense`, so each row the
 * same bits, in 0.7 of the time.
 */
function denseOfFour(params: Float32Array, layer: LayerShape, x: Float32Array, y: Float32Array): void {
  const { inSize, outSize, weightsAt, biasAt, activation } = layer;
  for (let o = 0; o < outSize; o += 2) {
    // Two outputs, or the last one twice.
    const second = o + 1 < outSize ? o + 1 : o;
    const first = weightsAt + o * inSize;
    const other = weightsAt + second * inSize;
    let [a0, a1, a2, a3] = [0, 0, 0, 0];
    let [b0, b1, b2, b3] = [0, 0, 0, 0];
    for (let i = 0; i < inSize; i++) {
      const v = params[first + i]!;
      const w = params[other + i]!;
      const x0 = x[4 * i]!;
      const x1 = x[4 * i + 1]!;
      const x2 = x[4 * i + 2]!;
      const x3 = x[4 * i + 3]!;
      a0 += v * x0;
      a1 += v * x1;
      a2 += v * x2;
      a3 += v * x3;
      b0 += w * x0;
      b1 += w * x1;
      b2 += w * x2;
      b3 += w * x3;
    }
    write(y, 4 * o, params[biasAt + o]!, a0, a1, a2, a3);
    write(y, 4 * second, params[biasAt + second]!, b0, b1, b2, b3);
  }
  if (activation !== 'identity') activate(y, 4 * outSize, activation);
}

function write(y: Float32Array, at: number, bias: number, s0: number, s1: number, s2: number, s3: number): void {
  y[at] = s0 + bias;
  y[at + 1] = s1 + bias;
  y[at + 2] = s2 + bias;
  y[at + 3] = s3 + bias;
}

function activate(y: Float32Array, size: number, activation: HiddenActivation): void {
  for (let o = 0; o < size; o++) {
    const z = y[o]!;
    if (activation === 'relu') y[o] = z > 0 ? z : 0;
    else if (activation === 'hardtanh') y[o] = z > 1 ? 1 : z < -1 ? -1 : z;
    else y[o] = tanhReal(z);
  }
}

/** Rows (or columns, whichever are fewer) orthonormal times gain: Gram-Schmidt on normal draws, + - * / sqrt only. */
function orthogonal(rows: number, columns: number, gain: number, stream: RandomStream): Float32Array {
  const tall = rows > columns;
  const count = tall ? columns : rows;
  const size = tall ? rows : columns;
  const basis = Array.from({ length: count }, () => new Float64Array(size));
  basis.forEach((vector, k) => {
    do {
      for (let i = 0; i < size; i++) vector[i] = normal(stream);
      for (let j = 0; j < k; j++) subtractProjection(vector, basis[j]!);
    } while (!normalise(vector));
  });
  const weights = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) weights[r * columns + c] = gain * (tall ? basis[c]![r]! : basis[r]![c]!);
  }
  return weights;
}

function subtractProjection(vector: Float64Array, onto: Float64Array): void {
  let dot = 0;
  for (let i = 0; i < vector.length; i++) dot += vector[i]! * onto[i]!;
  for (let i = 0; i < vector.length; i++) vector[i]! -= dot * onto[i]!;
}

/** false when what is left is too short to be a direction (then it is drawn again). */
function normalise(vector: Float64Array): boolean {
  let squares = 0;
  for (const x of vector) squares += x * x;
  if (squares < 1e-12) return false;
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
  return true;
}
