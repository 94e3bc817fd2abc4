/**
 * What makes a network cheaper to prove things about, as gradients on its flat parameters: small weights, a small output
 * range over the whole input box, and weights that already lie on the integer grid of the frozen policy.
 */
import type { LayerShape, MlpShape } from './network.ts';

/** Adds d/dw of weight * sum |w| over the weights of a network, biases left out. */
export function addL1Gradient(params: Float32Array, shape: MlpShape, weight: number, gradient: Float32Array): void {
  for (const { weightsAt, biasAt } of shape.layers) {
    for (let i = weightsAt; i < biasAt; i++) gradient[i]! += weight * Math.sign(params[i]!);
  }
}

/**
 * Adds the gradient of weight * R and returns R, the mean half width of the outputs when every input runs over [-1, 1] and
 * no activation cuts anything off: what interval bounds of the trained network can be at most.
 *   r_0 = 1,  r_l = |W_l| r_{l-1},  R = mean r_L
 *   g_L = 1 / outputs,  g_{l-1} = |W_l|^T g_l,  dR/dW_l[o][i] = sign(W_l[o][i]) g_l[o] r_{l-1}[i]
 */
export function addIntervalGradient(
  params: Float32Array,
  shape: MlpShape,
  weight: number,
  gradient: Float32Array,
): number {
  const { layers, inputSize, outputSize } = shape;
  const radii: Float64Array[] = [new Float64Array(inputSize).fill(1)];
  for (const layer of layers) radii.push(radiiAfter(params, layer, radii.at(-1)!));
  let g = new Float64Array(outputSize).fill(1 / outputSize);
  for (let l = layers.length - 1; l >= 0; l--) g = addLayer(params, layers[l]!, radii[l]!, g, weight, gradient);
  return radii.at(-1)!.reduce((sum, r) => sum + r, 0) / outputSize;
}

function radiiAfter(params: Float32Array, { inSize, outSize, weightsAt }: LayerShape, r: Float64Array): Float64Array {
  const after = new Float64Array(outSize);
  for (let o = 0; o < outSize; o++) {
    for (let i = 0; i < inSize; i++) after[o]! += Math.abs(params[weightsAt + o * inSize + i]!) * r[i]!;
  }
  return after;
}

function addLayer(
  params: Float32Array,
  { inSize, outSize, weightsAt }: LayerShape,
  r: Float64Array,
  g: Float64Array,
  weight: number,
  gradient: Float32Array,
): Float64Array<ArrayBuffer> {
  const before = new Float64Array(inSize);
  for (let o = 0; o < outSize; o++) {
    for (let i = 0; i < inSize; i++) {
      const at = weightsAt + o * inSize + i;
      const w = params[at]!;
      gradient[at]! += weight * Math.sign(w) * g[o]! * r[i]!;
      before[i]! += Math.abs(w) * g[o]!;
    }
  }
  return before;
}

/**
 * Writes to `out` the parameters of a network as integers could hold them: every layer's weights on a grid of a power of
 * two, the finest on which the largest is within int16. Gradients taken there and applied to the real parameters are
 * the straight-through estimator.
 */
export function roundToGrid(params: Float32Array, shape: MlpShape, out: Float32Array): void {
  for (const { weightsAt, biasAt, outSize } of shape.layers) {
    let largest = 0;
    for (let i = weightsAt; i < biasAt; i++) largest = Math.max(largest, Math.abs(params[i]!));
    let scale = 1;
    while (scale > 2 ** -24 && largest * scale > 32767) scale /= 2;
    while (scale < 2 ** 30 && largest * scale * 2 <= 32767) scale *= 2;
    for (let i = weightsAt; i < biasAt + outSize; i++) out[i] = Math.floor(params[i]! * scale + 0.5) / scale;
  }
}
