/** First-order optimisation on a flat parameter vector, in typed arrays: 0.25 ms a variable is what tfjs' own costs. */
import type { TaskState } from '../env/gym/task.ts';

/** Scales to `maxNorm` when longer (0: never). Returns the norm before. */
export function clipGlobalNorm(gradient: Float32Array, maxNorm: number): number {
  let squares = 0;
  for (let i = 0; i < gradient.length; i++) squares += gradient[i]! * gradient[i]!;
  const norm = Math.sqrt(squares);
  if (maxNorm > 0 && norm > maxNorm) {
    const scale = maxNorm / norm;
    for (let i = 0; i < gradient.length; i++) gradient[i]! *= scale;
  }
  return norm;
}

export interface AdamState extends TaskState {
  readonly m: Float64Array;
  readonly v: Float64Array;
  readonly beta1Power: number;
  readonly beta2Power: number;
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1) over parameters `from` .. `to` of a flat vector, moments in double:
 *   m = b1 m + (1-b1) g,  v = b2 v + (1-b2) g^2,  x -= rate * (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)
 */
export class Adam {
  readonly #from: number;
  readonly #epsilon: number;
  readonly #m: Float64Array;
  readonly #v: Float64Array;
  #beta1Power = 1;
  #beta2Power = 1;

  constructor(size: number, options: { readonly from?: number; readonly epsilon?: number } = {}) {
    this.#from = options.from ?? 0;
    this.#epsilon = options.epsilon ?? 1e-5;
    this.#m = new Float64Array(size);
    this.#v = new Float64Array(size);
  }

  step(params: Float32Array, gradient: Float32Array, learningRate: number): void {
    const [beta1, beta2] = [0.9, 0.999];
    this.#beta1Power *= beta1;
    this.#beta2Power *= beta2;
    const m = this.#m;
    const v = this.#v;
    const from = this.#from;
    // Both corrections taken out of the loop: rate / (1-b1^t) * m / (sqrt(v) / sqrt(1-b2^t) + eps)
    const rate = learningRate / (1 - this.#beta1Power);
    const root = 1 / Math.sqrt(1 - this.#beta2Power);
    const epsilon = this.#epsilon;
    for (let i = 0; i < m.length; i++) {
      const g = gradient[from + i]!;
      const first = beta1 * m[i]! + (1 - beta1) * g;
      const second = beta2 * v[i]! + (1 - beta2) * g * g;
      m[i] = first;
      v[i] = second;
      params[from + i]! -= (rate * first) / (Math.sqrt(second) * root + epsilon);
    }
  }

  getState(): AdamState {
    return { m: this.#m.slice(), v: this.#v.slice(), beta1Power: this.#beta1Power, beta2Power: this.#beta2Power };
  }

  setState({ m, v, beta1Power, beta2Power }: AdamState): void {
    this.#m.set(m);
    this.#v.set(v);
    this.#beta1Power = beta1Power;
    this.#beta2Power = beta2Power;
  }
}
