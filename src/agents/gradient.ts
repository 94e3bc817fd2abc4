/**
 * Forward and backward passes of a dense network on tfjs, written out: the learners compute their losses in typed
 * arrays and hand the derivative at the outputs back. tfjs does the matrix products, which is where the time goes, and
 * nothing is taped, watched or kept between two minibatches.
 *
 * Why not tf.grads: it differentiates matMul into matMul with transpose flags, which the wasm kernels run fifteen times
 * slower than a transpose and a plain matMul; it sums biases with a reduction that costs more than the product; and every
 * small elementwise step of a loss is a kernel call. bench/ppo.ts measures what this form gains.
 */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { fail } from '../base/errors.ts';
import type { Tf } from './backend.ts';
import type { Activation, LayerShape, MlpShape } from './network.ts';

/** One network of a flat parameter vector: forward, then as many backward passes as there are losses, then `release`. */
export class MlpGradient {
  readonly shape: MlpShape;
  readonly #tf: Tf;
  readonly #ones = new Map<number, Tensor2D>();
  /** What each layer took in, and what the last gave out. */
  #taken: Tensor2D[] = [];
  /** x^T of the first layer, made in JS while it is read. */
  #inputs: Float32Array = new Float32Array(0);
  #params: Float32Array = new Float32Array(0);
  #rows = 0;

  constructor(tf: Tf, shape: MlpShape) {
    this.#tf = tf;
    this.shape = shape;
  }

  /** x: rows x inputSize, row-major. Returns rows x outputSize, the caller's to keep. */
  forward(params: Float32Array, x: Float32Array, rows: number): Float32Array {
    if (x.length !== rows * this.shape.inputSize) {
      throw fail('agents.network', { expected: `${rows} x ${this.shape.inputSize} inputs`, got: x.length });
    }
    this.release();
    const tf = this.#tf;
    this.#params = params;
    this.#inputs = x;
    this.#rows = rows;
    let h = tf.tensor2d(x, [rows, this.shape.inputSize]);
    this.#taken.push(h);
    for (const layer of this.shape.layers) {
      h = tf.tidy(() => dense(tf, layer, params, h));
      this.#taken.push(h);
    }
    return h.dataSync() as Float32Array;
  }

  /**
   * outputGradient: dL/dy, rows x outputSize. Adds dL/dparameter to `gradient`, which is laid out as the parameters;
   * undefined: the parameters are held. Returns dL/dx, rows x inputSize, when asked for.
   *   dz = dy * act'(y),  dx = dz W,  dW = dz^T x,  db = dz^T 1
   */
  backward(outputGradient: Float32Array, gradient: Float32Array | undefined, wantInputs: true): Float32Array;
  backward(outputGradient: Float32Array, gradient: Float32Array | undefined, wantInputs?: false): undefined;
  backward(
    outputGradient: Float32Array,
    gradient: Float32Array | undefined,
    wantInputs = false,
  ): Float32Array | undefined {
    const tf = this.#tf;
    const { layers, outputSize } = this.shape;
    // tidy walks what it returns for tensors, element by element: an array is read outside.
    const inputGradient = tf.tidy(() => {
      let dy = tf.tensor2d(outputGradient, [this.#rows, outputSize]);
      for (let l = layers.length - 1; l >= 0; l--) {
        const layer = layers[l]!;
        const dz = layer.activation === 'identity' ? dy : tf.mul(dy, slope(tf, this.#taken[l + 1]!, layer.activation));
        if (gradient !== undefined) this.#accumulate(l, dz as Tensor2D, gradient);
        if (l > 0 || wantInputs) dy = tf.matMul(dz as Tensor2D, weightsOf(tf, layer, this.#params));
      }
      return wantInputs ? dy : undefined;
    }) as Tensor2D | undefined;
    if (inputGradient === undefined) return undefined;
    const values = inputGradient.dataSync() as Float32Array;
    inputGradient.dispose();
    return values;
  }

  /** Frees what the last forward pass kept. */
  release(): void {
    this.#tf.dispose(this.#taken);
    this.#taken = [];
  }

  /** Frees everything. */
  dispose(): void {
    this.release();
    this.#tf.dispose([...this.#ones.values()]);
    this.#ones.clear();
  }

  #accumulate(l: number, dz: Tensor2D, gradient: Float32Array): void {
    const tf = this.#tf;
    const { inSize, outSize, weightsAt, biasAt } = this.shape.layers[l]!;
    const x = this.#taken[l]!;
    // Transposing the narrower of the two costs less: either side of the product may be turned.
    if (inSize < outSize) {
      const turned = l === 0 ? this.#inputsTurned() : (tf.transpose(x) as Tensor2D);
      addTurned(gradient, weightsAt, tf.matMul(turned, dz).dataSync() as Float32Array, inSize, outSize);
      add(gradient, biasAt, tf.matMul(this.#onesRow(), dz));
      return;
    }
    const turned = tf.transpose(dz) as Tensor2D;
    add(gradient, weightsAt, tf.matMul(turned, x));
    add(gradient, biasAt, tf.matMul(turned, tf.reshape(this.#onesRow(), [this.#rows, 1])));
  }

  #inputsTurned(): Tensor2D {
    const { inputSize } = this.shape;
    const turned = new Float32Array(this.#inputs.length);
    const rows = this.#rows;
    for (let i = 0; i < inputSize; i++) {
      for (let r = 0; r < rows; r++) turned[i * rows + r] = this.#inputs[r * inputSize + i]!;
    }
    return this.#tf.tensor2d(turned, [inputSize, rows]);
  }

  /** 1 x rows, kept per number of rows; the number of tensors stays flat as long as minibatches have few sizes. */
  #onesRow(): Tensor2D {
    let row = this.#ones.get(this.#rows);
    if (row === undefined) {
      row = this.#tf.keep(this.#tf.ones([1, this.#rows]));
      this.#ones.set(this.#rows, row);
    }
    return row;
  }
}

/** y = act(x W^T + b): one fused kernel where the activation is relu or none. W^T is turned here, in JS. */
function dense(tf: Tf, layer: LayerShape, params: Float32Array, x: Tensor2D): Tensor2D {
  const { inSize, outSize, weightsAt, biasAt, activation } = layer;
  const turned = new Float32Array(inSize * outSize);
  for (let o = 0; o < outSize; o++) {
    for (let i = 0; i < inSize; i++) turned[i * outSize + o] = params[weightsAt + o * inSize + i]!;
  }
  const a: Tensor = x;
  const b: Tensor = tf.tensor2d(turned, [inSize, outSize]);
  const bias = tf.tensor1d(params.slice(biasAt, biasAt + outSize));
  const z = tf.fused.matMul({ a, b, bias, activation: activation === 'relu' ? 'relu' : 'linear' }) as Tensor2D;
  if (activation === 'relu' || activation === 'identity') return z;
  return activation === 'hardtanh' ? tf.clipByValue(z, -1, 1) : tf.tanh(z);
}

function weightsOf(tf: Tf, { inSize, outSize, weightsAt, biasAt }: LayerShape, params: Float32Array): Tensor2D {
  return tf.tensor2d(params.slice(weightsAt, biasAt), [outSize, inSize]);
}

/** Derivative as a function of the output: relu y > 0, hardtanh |y| < 1, tanh 1 - y^2. */
function slope(tf: Tf, y: Tensor2D, activation: Activation): Tensor {
  if (activation === 'relu') return tf.step(y);
  if (activation === 'hardtanh') return tf.step(tf.sub(1, tf.abs(y)));
  return tf.sub(1, tf.square(y));
}

function add(gradient: Float32Array, at: number, part: Tensor): void {
  const values = part.dataSync() as Float32Array;
  for (let k = 0; k < values.length; k++) gradient[at + k]! += values[k]!;
}

/** values: inSize x outSize; gradient: outSize x inSize from `at`. */
function addTurned(gradient: Float32Array, at: number, values: Float32Array, inSize: number, outSize: number): void {
  for (let i = 0; i < inSize; i++) {
    for (let o = 0; o < outSize; o++) gradient[at + o * inSize + i]! += values[i * outSize + o]!;
  }
}
