/**
 * PPO as one writes it with tfjs and its documentation at hand: layers models for actor and critic, `predict` to act on
 * the whole vector of environments, a loss of plain tf ops, `variableGrads`, `tf.train.adam`. It is the named baseline
 * of bench/ppo.ts and the same algorithm as src/agents/ppo.ts: GAE with bootstrap at truncation, clipped surrogate,
 * advantages standardised by minibatch, global norm clip, orthogonal start. Nothing is done badly on purpose: one predict
 * a step, no sync inside the gradient, everything tidied.
 */
import type { NamedTensorMap, Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { Sequential } from '@tensorflow/tfjs-layers';
import type { Tf } from '../src/agents/backend.ts';
import { generalisedAdvantages } from '../src/agents/gae.ts';
import { initialiseMlp, layersOf, mlpShape } from '../src/agents/network.ts';
import { RandomStream } from '../src/base/random.ts';
import { normal, uniform } from '../src/base/realMath.ts';
import type { VectorEnv } from '../src/env/gym/types.ts';
import type { PpoSettings } from './ppoTasks.ts';

type Layers = typeof import('@tensorflow/tfjs-layers');

/** Log probability of an action under outputs, elementwise in the rows. */
interface Head {
  readonly outputs: number;
  /** Random draw for one row of outputs: the action, and its log probability. */
  sample(outputs: Float32Array, row: number, action: Float32Array): number;
  /** What maximises probability. */
  best(outputs: Float32Array, row: number, action: Float32Array): void;
  logProb(outputs: Tensor, actions: Float32Array, rows: number): Tensor;
}

export class NaivePpo {
  readonly #tf: Tf;
  readonly #env: VectorEnv;
  readonly #settings: PpoSettings;
  readonly #rows: number;
  readonly #actor: Sequential;
  readonly #critic: Sequential;
  readonly #logStd: Variable;
  readonly #head: Head;
  readonly #optimizer;
  readonly #random: RandomStream;
  readonly #memory;
  #observations: Float32Array;
  /** Of all transitions so far. */
  rewardSum = 0;

  constructor(tf: Tf, layers: Layers, env: VectorEnv, settings: PpoSettings, seed: number) {
    this.#tf = tf;
    this.#env = env;
    this.#settings = settings;
    this.#rows = env.numEnvs * env.agentsPerEnv;
    this.#random = RandomStream.fromSeed(seed, 'naive');
    this.#logStd = tf.variable(tf.fill([env.actionSize], settings.initialLogStd));
    this.#head = env.actionChoices === undefined ? this.#gaussian() : this.#categorical(env.actionChoices[0]!);
    const start = RandomStream.fromSeed(seed, 'naive/init');
    const body = [env.observationSize, ...settings.hidden];
    this.#actor = mlp(tf, layers, [...body, this.#head.outputs], 0.01, start);
    this.#critic = mlp(tf, layers, [...body, 1], 1, start);
    this.#optimizer = tf.train.adam(settings.learningRate, 0.9, 0.999, 1e-5);
    this.#memory = memoryOf(settings.rolloutSteps, this.#rows, env);
    this.#observations = env.reset(seed).slice();
  }

  /** One rollout and its epochs of minibatches. Returns transitions lived. */
  update(): number {
    this.#collect();
    const { advantages, returns } = this.#estimate();
    const { epochs, minibatchSize } = this.#settings;
    const order = new Uint32Array(advantages.length).map((_, i) => i);
    for (let epoch = 0; epoch < epochs; epoch++) {
      this.#random.shuffle(order);
      for (let from = 0; from + minibatchSize <= order.length; from += minibatchSize) {
        this.#learn(order.subarray(from, from + minibatchSize), advantages, returns);
      }
    }
    return advantages.length;
  }

  /** Deterministic actions, rows x actionSize. */
  act(observations: Float32Array, rows: number, actions: Float32Array): void {
    const outputs = this.#predict(this.#actor, observations, rows);
    const size = this.#env.actionSize;
    for (let row = 0; row < rows; row++) this.#head.best(outputs, row, actions.subarray(row * size, (row + 1) * size));
  }

  close(): void {
    this.#actor.dispose();
    this.#critic.dispose();
    this.#optimizer.dispose();
    this.#logStd.dispose();
    this.#env.close();
  }

  #collect(): void {
    const memory = this.#memory;
    const { actionSize, observationSize } = this.#env;
    const issued = new Float32Array(this.#rows * actionSize);
    for (let t = 0; t < this.#settings.rolloutSteps; t++) {
      const from = t * this.#rows;
      memory.observations.set(this.#observations, from * observationSize);
      const outputs = this.#predict(this.#actor, this.#observations, this.#rows);
      memory.values.set(this.#predict(this.#critic, this.#observations, this.#rows), from);
      for (let row = 0; row < this.#rows; row++) {
        const at = (from + row) * actionSize;
        const action = memory.actions.subarray(at, at + actionSize);
        memory.logProbs[from + row] = this.#head.sample(outputs, row, action);
        for (let d = 0; d < actionSize; d++) issued[row * actionSize + d] = this.#issued(action[d]!);
      }
      const step = this.#env.step(issued);
      memory.rewards.set(step.rewards, from);
      for (const reward of step.rewards) this.rewardSum += reward;
      memory.terminated.set(step.terminated, from);
      memory.truncated.set(step.truncated, from);
      if (step.truncated.includes(1)) {
        memory.finalValues.set(this.#predict(this.#critic, step.finalObservations, this.#rows), from);
      }
      this.#observations = step.observations.slice();
    }
  }

  #issued(action: number): number {
    return this.#env.actionChoices === undefined ? Math.min(Math.max(action, -1), 1) : action;
  }

  #predict(model: Sequential, observations: Float32Array, rows: number): Float32Array {
    const tf = this.#tf;
    return tf.tidy(() => {
      const x = tf.tensor2d(observations, [rows, this.#env.observationSize]);
      return (model.predict(x) as Tensor).dataSync() as Float32Array;
    });
  }

  #estimate(): { advantages: Float32Array; returns: Float32Array } {
    const { rolloutSteps, gamma, lambda } = this.#settings;
    const memory = this.#memory;
    const advantages = new Float32Array(memory.rewards.length);
    const returns = new Float32Array(memory.rewards.length);
    const lastValues = this.#predict(this.#critic, this.#observations, this.#rows);
    const input = { ...memory, lastValues, steps: rolloutSteps, rows: this.#rows, gamma, lambda };
    generalisedAdvantages(input, advantages, returns);
    return { advantages, returns };
  }

  #learn(rows: Uint32Array, allAdvantages: Float32Array, allReturns: Float32Array): void {
    const tf = this.#tf;
    const { clip, valueCoefficient, maxGradNorm } = this.#settings;
    const { observationSize, actionSize } = this.#env;
    const n = rows.length;
    tf.tidy(() => {
      const observations = tf.tensor2d(pick(this.#memory.observations, rows, observationSize), [n, observationSize]);
      const actions = pick(this.#memory.actions, rows, actionSize);
      const oldLogProbs = tf.tensor1d(pick(this.#memory.logProbs, rows, 1));
      const raw = tf.tensor1d(pick(allAdvantages, rows, 1));
      const { mean, variance } = tf.moments(raw);
      const advantages = tf.div(tf.sub(raw, mean), tf.add(tf.sqrt(variance), 1e-8));
      const returns = tf.tensor1d(pick(allReturns, rows, 1));
      const loss = (): Scalar => {
        const outputs = this.#actor.apply(observations, { training: true }) as Tensor;
        const ratio = tf.exp(tf.sub(this.#head.logProb(outputs, actions, n), oldLogProbs));
        const clipped = tf.mul(tf.clipByValue(ratio, 1 - clip, 1 + clip), advantages);
        const policyLoss = tf.neg(tf.mean(tf.minimum(tf.mul(ratio, advantages), clipped)));
        const values = tf.reshape(this.#critic.apply(observations, { training: true }) as Tensor, [n]);
        const valueLoss = tf.mean(tf.square(tf.sub(values, returns)));
        return tf.add(policyLoss, tf.mul(valueLoss, 0.5 * valueCoefficient)) as Scalar;
      };
      const { grads } = tf.variableGrads(loss, this.#variables());
      this.#optimizer.applyGradients(clipByGlobalNorm(tf, grads, maxGradNorm));
    });
  }

  #variables(): Variable[] {
    const of = (model: Sequential): Variable[] => model.trainableWeights.map((weight) => weight.read() as Variable);
    const own = [...of(this.#actor), ...of(this.#critic)];
    return this.#env.actionChoices === undefined ? [...own, this.#logStd] : own;
  }

  #gaussian(): Head {
    const tf = this.#tf;
    const size = this.#env.actionSize;
    return {
      outputs: size,
      sample: (outputs, row, action) => {
        const logStd = this.#logStd.dataSync();
        let logProb = 0;
        for (let d = 0; d < size; d++) {
          const z = normal(this.#random);
          action[d] = outputs[row * size + d]! + Math.exp(logStd[d]!) * z;
          logProb -= 0.5 * z * z + logStd[d]! + HALF_LN_2PI;
        }
        return logProb;
      },
      best: (outputs, row, action) => {
        for (let d = 0; d < size; d++) action[d] = Math.min(Math.max(outputs[row * size + d]!, -1), 1);
      },
      logProb: (outputs, actions, rows) => {
        const z = tf.div(tf.sub(tf.tensor2d(actions, [rows, size]), outputs), tf.exp(this.#logStd));
        const each = tf.sub(tf.mul(tf.square(z), -0.5), tf.add(this.#logStd, HALF_LN_2PI));
        return tf.sum(each, 1);
      },
    };
  }

  #categorical(choices: number): Head {
    const tf = this.#tf;
    const rowOf = (outputs: Float32Array, row: number): number[] => [
      ...outputs.subarray(row * choices, (row + 1) * choices),
    ];
    return {
      outputs: choices,
      sample: (outputs, row, action) => {
        const logits = rowOf(outputs, row);
        const top = Math.max(...logits);
        const weights = logits.map((logit) => Math.exp(logit - top));
        const total = weights.reduce((sum, w) => sum + w, 0);
        let left = uniform(this.#random) * total;
        const chosen = Math.max(
          weights.findIndex((w) => (left -= w) < 0),
          0,
        );
        action[0] = chosen;
        return Math.log(weights[chosen]! / total);
      },
      best: (outputs, row, action) => {
        const logits = rowOf(outputs, row);
        action[0] = logits.indexOf(Math.max(...logits));
      },
      logProb: (outputs, actions) => {
        const chosen = tf.oneHot(tf.tensor1d(Int32Array.from(actions), 'int32'), choices);
        return tf.sum(tf.mul(tf.logSoftmax(outputs as Tensor2D), chosen), 1);
      },
    };
  }
}

const HALF_LN_2PI = 0.5 * Math.log(2 * Math.PI);

/** Dense layers, relu but for the last, with the initial weights that ours would draw. */
function mlp(tf: Tf, layers: Layers, sizes: readonly number[], outputGain: number, random: RandomStream): Sequential {
  const model = layers.sequential();
  sizes.slice(1).forEach((units, l) => {
    const activation = l === sizes.length - 2 ? 'linear' : 'relu';
    model.add(layers.layers.dense({ units, activation, inputShape: [sizes[l]!] }));
  });
  const shape = mlpShape(sizes, 'relu');
  const start = new Float32Array(shape.to);
  initialiseMlp(start, shape, outputGain, random);
  tf.tidy(() => {
    const weights = layersOf(start, shape).flatMap(({ inSize, outSize, weights, bias }) => [
      tf.transpose(tf.tensor2d(Float32Array.from(weights), [outSize, inSize])),
      tf.tensor1d(Float32Array.from(bias)),
    ]);
    model.setWeights(weights);
  });
  return model;
}

function clipByGlobalNorm(tf: Tf, grads: NamedTensorMap, maxNorm: number): { name: string; tensor: Tensor }[] {
  const norm = tf.sqrt(tf.addN(Object.values(grads).map((grad) => tf.sum(tf.square(grad)))));
  const scale = tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1);
  return Object.entries(grads).map(([name, grad]) => ({ name, tensor: tf.mul(grad, scale) }));
}

function pick(x: Float32Array, rows: Uint32Array, width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, k) => out.set(x.subarray(row * width, (row + 1) * width), k * width));
  return out;
}

function memoryOf(steps: number, rows: number, { observationSize, actionSize }: VectorEnv) {
  const size = steps * rows;
  return {
    observations: new Float32Array(size * observationSize),
    actions: new Float32Array(size * actionSize),
    logProbs: new Float32Array(size),
    values: new Float32Array(size),
    finalValues: new Float32Array(size),
    rewards: new Float32Array(size),
    terminated: new Uint8Array(size),
    truncated: new Uint8Array(size),
  };
}
