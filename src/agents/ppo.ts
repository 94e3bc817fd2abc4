/**
 * Proximal policy optimisation for continuous actions (Schulman et al. 2017), one file that reads alone.
 * Metrics and implementation details, numbered and sourced: docs/agents/ppo.md.
 *
 * One flat Float32Array holds actor, critic and log-standard-deviations. Acting and Adam run on it in typed
 * arrays; tfjs computes gradients only. Everything random comes from one seeded stream, exp and ln on the
 * JS side are realMath's, so one seed on one backend gives one sequence of bytes.
 */
import { toHex } from '../base/bytes.ts';
import { fail } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import { RandomStream } from '../base/random.ts';
import { expReal, normal } from '../base/realMath.ts';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { VectorEnv, VectorStep } from '../env/gym/types.ts';
import { describeBackend, loadBackend, type Backend, type Tf } from './backend.ts';
import type { FloatLayer } from './freeze/floatPolicy.ts';
import { generalisedAdvantages } from './gae.ts';
import {
  initialiseMlp,
  layersOf,
  MlpRunner,
  mlpShape,
  type Activation,
  type HiddenActivation,
  type MlpShape,
} from './network.ts';

export interface PpoConfig {
  readonly seed: number;
  /** Transitions in all (one row for one step is one); rounded up to whole updates. */
  readonly totalSteps: number;
  /** Steps of every row between two updates. */
  readonly rolloutSteps: number;
  readonly epochs: number;
  readonly minibatchSize: number;
  readonly hidden: readonly number[];
  readonly activation: HiddenActivation;
  readonly learningRate: number;
  /** Linearly to 0 over training. */
  readonly annealLearningRate: boolean;
  readonly gamma: number;
  readonly lambda: number;
  readonly clip: number;
  readonly valueCoefficient: number;
  readonly entropyCoefficient: number;
  readonly maxGradNorm: number;
  /** Stop the epochs of an update once the mean KL of one exceeds this; 0: never. */
  readonly targetKl: number;
  readonly initialLogStd: number;
  readonly minLogStd: number;
  /** Divide rewards by their running standard deviation. */
  readonly normaliseRewards: boolean;
}

export const PPO_DEFAULTS: Omit<PpoConfig, 'seed' | 'totalSteps'> = {
  rolloutSteps: 64,
  epochs: 4,
  minibatchSize: 1024,
  hidden: [32, 32],
  activation: 'relu',
  learningRate: 1e-3,
  annealLearningRate: true,
  gamma: 0.99,
  lambda: 0.95,
  clip: 0.2,
  valueCoefficient: 0.5,
  entropyCoefficient: 0,
  maxGradNorm: 0.5,
  targetKl: 0.05,
  initialLogStd: -0.7,
  minLogStd: -4,
  normaliseRewards: true,
};

/** One line of the training log; every field is explained in docs/agents/ppo.md. */
export interface PpoProgress {
  readonly update: number;
  readonly updates: number;
  readonly steps: number;
  readonly stepsPerSecond: number;
  readonly meanReward: number;
  /** undefined until an episode has ended. */
  readonly meanReturn: number | undefined;
  readonly policyLoss: number;
  readonly valueLoss: number;
  readonly explainedVariance: number;
  readonly entropy: number;
  readonly approxKl: number;
  readonly clipFraction: number;
  readonly gradNorm: number;
  readonly learningRate: number;
  readonly logStd: number;
  readonly epochs: number;
  /** Tensors alive after the update: constant, or there is a leak. */
  readonly tensors: number;
  /** First 16 hex digits of SHA-256 over the parameter bytes: two trainers compare these. */
  readonly digest: string;
  readonly backend: string;
}

export interface PpoResult {
  /** The deterministic policy: the mean of the Gaussian, to be clipped to [-1, 1]. */
  readonly layers: readonly FloatLayer[];
  /** The flat vector: actor, critic, log-standard-deviations. */
  readonly parameters: Float32Array;
  readonly stats: readonly PpoProgress[];
  readonly backend: Omit<Backend, 'tf'>;
  readonly seed: number;
  readonly steps: number;
  readonly seconds: number;
}

export type MakeVectorEnv = () => VectorEnv;

/**
 * @throws `agents.ppo` for a setting outside its bounds, `agents.ppoDiverged` on a number that is not finite,
 * `agents.backend` when no backend was passed and wasm does not load.
 */
export async function trainPpo(
  config: PpoConfig,
  makeVectorEnv: MakeVectorEnv,
  onProgress?: (progress: PpoProgress) => void | Promise<void>,
  backend?: Backend,
): Promise<PpoResult> {
  checkConfig(config);
  const chosen = backend ?? (await loadBackend());
  const env = makeVectorEnv();
  try {
    const trainer = new PpoTrainer(config, env, chosen);
    while (!trainer.done) {
      const progress = trainer.update();
      await onProgress?.(progress);
    }
    return trainer.result();
  } finally {
    env.close();
  }
}

class PpoTrainer {
  readonly #config: PpoConfig;
  readonly #env: VectorEnv;
  readonly #backend: Backend;
  readonly #rows: number;
  readonly #updates: number;
  readonly #model: Model;
  readonly #params: Float32Array;
  readonly #adam: Adam;
  readonly #actRandom: RandomStream;
  readonly #shuffleRandom: RandomStream;
  readonly #rollout: Rollout;
  readonly #rewardScale = new RunningDeviation();
  readonly #runningReturns: Float64Array;
  readonly #stats: PpoProgress[] = [];
  readonly #startedMs = performance.now();
  #observations: Float32Array;
  #lastReturn: number | undefined;

  constructor(config: PpoConfig, env: VectorEnv, backend: Backend) {
    this.#config = config;
    this.#env = env;
    this.#backend = backend;
    this.#rows = env.numEnvs * env.agentsPerEnv;
    const batch = this.#rows * config.rolloutSteps;
    if (config.minibatchSize > batch) {
      throw fail('agents.ppo', {
        expected: `minibatchSize <= rows * rolloutSteps = ${batch}`,
        got: config.minibatchSize,
      });
    }
    this.#updates = Math.ceil(config.totalSteps / batch);
    this.#model = makeModel(config, env.observationSize, env.actionSize);
    this.#params = initialParameters(this.#model, config);
    this.#adam = new Adam(this.#params.length);
    this.#actRandom = RandomStream.fromSeed(config.seed, 'ppo/act');
    this.#shuffleRandom = RandomStream.fromSeed(config.seed, 'ppo/shuffle');
    this.#rollout = makeRollout(config.rolloutSteps, this.#rows, env.observationSize, env.actionSize);
    this.#runningReturns = new Float64Array(this.#rows);
    this.#observations = env.reset(config.seed).slice();
  }

  get done(): boolean {
    return this.#stats.length >= this.#updates;
  }

  /** One rollout, then its epochs of minibatches. */
  update(): PpoProgress {
    const episodes = this.#collect();
    this.#estimate();
    const learningRate = this.#learningRate();
    const learnt = this.#learn(learningRate);
    if (episodes.count > 0) this.#lastReturn = episodes.sum / episodes.count;
    const progress = this.#report(episodes.meanReward, learningRate, learnt);
    this.#stats.push(progress);
    return progress;
  }

  result(): PpoResult {
    const { tf: _tf, ...backend } = this.#backend;
    return {
      layers: layersOf(this.#params, this.#model.actor),
      parameters: this.#params.slice(),
      stats: this.#stats,
      backend,
      seed: this.#config.seed,
      steps: this.#stats.length * this.#rollout.size,
      seconds: this.#seconds(),
    };
  }

  #seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  #learningRate(): number {
    const { learningRate, annealLearningRate } = this.#config;
    return annealLearningRate ? learningRate * (1 - this.#stats.length / this.#updates) : learningRate;
  }

  #collect(): { meanReward: number; sum: number; count: number } {
    const { rolloutSteps } = this.#config;
    const rollout = this.#rollout;
    const episodes = { meanReward: 0, sum: 0, count: 0 };
    for (let t = 0; t < rolloutSteps; t++) {
      const from = t * this.#rows;
      rollout.observations.set(this.#observations, from * rollout.observationSize);
      this.#act(from);
      const step = this.#env.step(rollout.clippedActions);
      this.#record(step, from, episodes);
      this.#observations.set(step.observations);
    }
    this.#model.criticRunner.run(this.#params, this.#observations, this.#rows, rollout.lastValues);
    episodes.meanReward /= rollout.size;
    return episodes;
  }

  /** a = mu + exp(logStd) * normal; the environment gets a clipped to [-1, 1], the gradient sees a itself. */
  #act(from: number): void {
    const { actor, actorRunner, criticRunner, logStdAt } = this.#model;
    const { actions, clippedActions, logProbs, values, means } = this.#rollout;
    const size = actor.outputSize;
    actorRunner.run(this.#params, this.#observations, this.#rows, means);
    criticRunner.run(this.#params, this.#observations, this.#rows, values.subarray(from, from + this.#rows));
    for (let row = 0; row < this.#rows; row++) {
      let logProb = -size * HALF_LN_2PI;
      for (let d = 0; d < size; d++) {
        const logStd = this.#params[logStdAt + d]!;
        const z = normal(this.#actRandom);
        const at = (from + row) * size + d;
        actions[at] = means[row * size + d]! + expReal(logStd) * z;
        clippedActions[row * size + d] = Math.min(Math.max(actions[at]!, -1), 1);
        logProb -= 0.5 * z * z + logStd;
      }
      logProbs[from + row] = logProb;
    }
  }

  #record(step: VectorStep, from: number, episodes: { meanReward: number; sum: number; count: number }): void {
    const rollout = this.#rollout;
    rollout.rewards.set(step.rewards, from);
    rollout.terminated.set(step.terminated, from);
    rollout.truncated.set(step.truncated, from);
    let anyTruncated = false;
    for (let row = 0; row < this.#rows; row++) {
      episodes.meanReward += step.rewards[row]!;
      this.#runningReturns[row]! += step.rewards[row]!;
      if (step.terminated[row] === 0 && step.truncated[row] === 0) continue;
      anyTruncated ||= step.truncated[row] !== 0;
      episodes.sum += this.#runningReturns[row]!;
      episodes.count++;
      this.#runningReturns[row] = 0;
    }
    if (anyTruncated) {
      const values = rollout.finalValues.subarray(from, from + this.#rows);
      this.#model.criticRunner.run(this.#params, step.finalObservations, this.#rows, values);
    }
  }

  #estimate(): void {
    const { rolloutSteps, gamma, lambda, normaliseRewards } = this.#config;
    const rollout = this.#rollout;
    if (normaliseRewards) this.#rewardScale.scale(rollout.rewards);
    generalisedAdvantages(
      { ...rollout, steps: rolloutSteps, rows: this.#rows, gamma, lambda },
      rollout.advantages,
      rollout.returns,
    );
  }

  #learn(learningRate: number): Learnt {
    const { epochs, targetKl } = this.#config;
    const sums = new Float64Array(METRICS + 1);
    let batches = 0;
    let epoch = 0;
    for (let stop = false; epoch < epochs && !stop; epoch++) {
      const kl = this.#epoch(learningRate, sums);
      batches += this.#batchesPerEpoch();
      stop = targetKl > 0 && kl > targetKl;
    }
    const [policyLoss, valueLoss, approxKl, clipFraction, gradNorm] = Array.from(sums, (sum) => sum / batches);
    return {
      policyLoss: policyLoss!,
      valueLoss: valueLoss!,
      approxKl: approxKl!,
      clipFraction: clipFraction!,
      gradNorm: gradNorm!,
      epochs: epoch,
    };
  }

  #batchesPerEpoch(): number {
    return Math.floor(this.#rollout.size / this.#config.minibatchSize);
  }

  /** Whole minibatches of one shuffle; the remainder, different rows each time, waits for the next shuffle. */
  #epoch(learningRate: number, sums: Float64Array): number {
    const { minibatchSize } = this.#config;
    const rollout = this.#rollout;
    this.#shuffleRandom.shuffle(rollout.order);
    const batches = this.#batchesPerEpoch();
    let kl = 0;
    for (let k = 0; k < batches; k++) {
      gatherMinibatch(rollout, k * minibatchSize, minibatchSize);
      const metrics = this.#minibatch(learningRate);
      for (let m = 0; m < metrics.length; m++) sums[m]! += metrics[m]!;
      kl += metrics[2]!;
    }
    return kl / batches;
  }

  /** Gradient, clip by global norm, Adam. Returns the loss metrics and the norm before clipping. */
  #minibatch(learningRate: number): Float64Array {
    const gradient = this.#model.gradient;
    const metrics = lossGradient(
      this.#backend.tf,
      this.#model,
      this.#config,
      this.#params,
      this.#rollout.mini,
      gradient,
    );
    const norm = clipGlobalNorm(gradient, this.#config.maxGradNorm);
    if (!Number.isFinite(norm))
      throw fail('agents.ppoDiverged', { expected: 'a finite gradient', got: `norm ${norm}` });
    this.#adam.step(this.#params, gradient, learningRate);
    const { logStdAt } = this.#model;
    for (let i = logStdAt; i < this.#params.length; i++) {
      this.#params[i] = Math.max(this.#params[i]!, this.#config.minLogStd);
    }
    return Float64Array.of(...metrics, norm);
  }

  #report(meanReward: number, learningRate: number, learnt: Learnt): PpoProgress {
    const rollout = this.#rollout;
    const logStds = this.#params.subarray(this.#model.logStdAt);
    const logStd = logStds.reduce((sum, x) => sum + x, 0) / logStds.length;
    const steps = (this.#stats.length + 1) * rollout.size;
    return {
      update: this.#stats.length + 1,
      updates: this.#updates,
      steps,
      stepsPerSecond: steps / this.#seconds(),
      meanReward,
      meanReturn: this.#lastReturn,
      policyLoss: learnt.policyLoss,
      valueLoss: learnt.valueLoss,
      explainedVariance: explainedVariance(rollout.values, rollout.returns),
      // Gaussian: sum_d (logStd_d + ln(2 pi e) / 2)
      entropy: logStds.length * (logStd + HALF_LN_2PI + 0.5),
      approxKl: learnt.approxKl,
      clipFraction: learnt.clipFraction,
      gradNorm: learnt.gradNorm,
      learningRate,
      logStd,
      epochs: learnt.epochs,
      tensors: this.#backend.tf.memory().numTensors,
      digest: parameterDigest(this.#params),
      backend: describeBackend(this.#backend),
    };
  }
}

/** A log line; the backend is on every one. */
export function formatProgress(p: PpoProgress): string {
  const number = (x: number | undefined, digits = 4): string => (x === undefined ? '-' : x.toPrecision(digits));
  return [
    `update ${p.update}/${p.updates}`,
    `steps ${p.steps}`,
    `${Math.round(p.stepsPerSecond)} steps/s`,
    `reward ${number(p.meanReward)}`,
    `return ${number(p.meanReturn)}`,
    `kl ${number(p.approxKl, 2)}`,
    `clip ${number(p.clipFraction, 2)}`,
    `entropy ${number(p.entropy, 3)}`,
    `ev ${number(p.explainedVariance, 2)}`,
    `grad ${number(p.gradNorm, 2)}`,
    `lr ${number(p.learningRate, 2)}`,
    `params ${p.digest}`,
    `backend ${p.backend}`,
  ].join('  ');
}

/** First 16 hex digits of SHA-256 over the little-endian float32 bytes. */
export function parameterDigest(params: Float32Array): string {
  return toHex(sha256(new Uint8Array(params.buffer, params.byteOffset, params.byteLength))).slice(0, 16);
}

// ---- model -------------------------------------------------------------------------------------------------

/** ln(2 pi) / 2 */
const HALF_LN_2PI = 0.9189385332046727;
const METRICS = 4;

interface Learnt {
  readonly policyLoss: number;
  readonly valueLoss: number;
  readonly approxKl: number;
  readonly clipFraction: number;
  readonly gradNorm: number;
  readonly epochs: number;
}

interface Model {
  readonly actor: MlpShape;
  readonly critic: MlpShape;
  readonly logStdAt: number;
  readonly actorRunner: MlpRunner;
  readonly criticRunner: MlpRunner;
  readonly gradient: Float32Array;
}

function makeModel(config: PpoConfig, observationSize: number, actionSize: number): Model {
  const actor = mlpShape([observationSize, ...config.hidden, actionSize], config.activation);
  const critic = mlpShape([observationSize, ...config.hidden, 1], config.activation, actor.to);
  return {
    actor,
    critic,
    logStdAt: critic.to,
    actorRunner: new MlpRunner(actor),
    criticRunner: new MlpRunner(critic),
    gradient: new Float32Array(critic.to + actionSize),
  };
}

function initialParameters(model: Model, config: PpoConfig): Float32Array {
  const params = new Float32Array(model.gradient.length);
  const stream = RandomStream.fromSeed(config.seed, 'ppo/init');
  initialiseMlp(params, model.actor, 0.01, stream);
  initialiseMlp(params, model.critic, 1, stream);
  params.fill(config.initialLogStd, model.logStdAt);
  return params;
}

// ---- rollout -----------------------------------------------------------------------------------------------

interface Minibatch {
  readonly size: number;
  readonly observations: Float32Array;
  readonly actions: Float32Array;
  readonly logProbs: Float32Array;
  readonly advantages: Float32Array;
  readonly returns: Float32Array;
}

interface Rollout {
  readonly size: number;
  readonly observationSize: number;
  readonly actionSize: number;
  readonly observations: Float32Array;
  readonly actions: Float32Array;
  readonly logProbs: Float32Array;
  readonly values: Float32Array;
  readonly rewards: Float32Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly finalValues: Float32Array;
  readonly lastValues: Float32Array;
  readonly advantages: Float32Array;
  readonly returns: Float32Array;
  readonly order: Uint32Array;
  readonly means: Float32Array;
  readonly clippedActions: Float32Array;
  mini: Minibatch;
}

function makeRollout(steps: number, rows: number, observationSize: number, actionSize: number): Rollout {
  const size = steps * rows;
  return {
    size,
    observationSize,
    actionSize,
    observations: new Float32Array(size * observationSize),
    actions: new Float32Array(size * actionSize),
    logProbs: new Float32Array(size),
    values: new Float32Array(size),
    rewards: new Float32Array(size),
    terminated: new Uint8Array(size),
    truncated: new Uint8Array(size),
    finalValues: new Float32Array(size),
    lastValues: new Float32Array(rows),
    advantages: new Float32Array(size),
    returns: new Float32Array(size),
    order: Uint32Array.from({ length: size }, (_, i) => i),
    means: new Float32Array(rows * actionSize),
    clippedActions: new Float32Array(rows * actionSize),
    mini: makeMinibatch(0, observationSize, actionSize),
  };
}

function makeMinibatch(size: number, observationSize: number, actionSize: number): Minibatch {
  return {
    size,
    observations: new Float32Array(size * observationSize),
    actions: new Float32Array(size * actionSize),
    logProbs: new Float32Array(size),
    advantages: new Float32Array(size),
    returns: new Float32Array(size),
  };
}

function gatherMinibatch(rollout: Rollout, from: number, size: number): void {
  if (rollout.mini.size !== size) rollout.mini = makeMinibatch(size, rollout.observationSize, rollout.actionSize);
  const { mini, observationSize: n, actionSize: d } = rollout;
  for (let k = 0; k < size; k++) {
    const at = rollout.order[from + k]!;
    for (let i = 0; i < n; i++) mini.observations[k * n + i] = rollout.observations[at * n + i]!;
    for (let i = 0; i < d; i++) mini.actions[k * d + i] = rollout.actions[at * d + i]!;
    mini.logProbs[k] = rollout.logProbs[at]!;
    mini.advantages[k] = rollout.advantages[at]!;
    mini.returns[k] = rollout.returns[at]!;
  }
  standardise(mini.advantages);
}

/** (x - mean) / (deviation + 1e-8), in place. */
function standardise(x: Float32Array): void {
  let mean = 0;
  for (const value of x) mean += value;
  mean /= x.length;
  let squares = 0;
  for (const value of x) squares += (value - mean) * (value - mean);
  const scale = 1 / (Math.sqrt(squares / x.length) + 1e-8);
  for (let i = 0; i < x.length; i++) x[i] = (x[i]! - mean) * scale;
}

/** 1 - Var(returns - values) / Var(returns); 0 when the returns do not vary. */
function explainedVariance(values: Float32Array, returns: Float32Array): number {
  const variance = (f: (i: number) => number): number => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < returns.length; i++) {
      sum += f(i);
      squares += f(i) * f(i);
    }
    return squares / returns.length - (sum / returns.length) * (sum / returns.length);
  };
  const total = variance((i) => returns[i]!);
  return total > 0 ? 1 - variance((i) => returns[i]! - values[i]!) / total : 0;
}

/** Divides by the standard deviation of everything seen so far (no shift: the sign of a reward is kept). */
class RunningDeviation {
  #count = 0;
  #sum = 0;
  #squares = 0;

  scale(x: Float32Array): void {
    for (const value of x) {
      this.#count++;
      this.#sum += value;
      this.#squares += value * value;
    }
    const mean = this.#sum / this.#count;
    const deviation = Math.sqrt(Math.max(this.#squares / this.#count - mean * mean, 0));
    for (let i = 0; i < x.length; i++) x[i]! /= deviation + 1e-8;
  }
}

// ---- loss and gradient -------------------------------------------------------------------------------------

/**
 * Gradient of policyLoss + valueCoefficient * valueLoss - entropyCoefficient * entropy over one minibatch into
 * `gradient`. Returns [policyLoss, valueLoss, approxKl, clipFraction]. Leaves no tensor behind.
 */
export function lossGradient(
  tf: Tf,
  model: Pick<Model, 'actor' | 'critic' | 'logStdAt'>,
  config: Pick<PpoConfig, 'clip' | 'valueCoefficient' | 'entropyCoefficient'>,
  params: Float32Array,
  mini: Minibatch,
  gradient: Float32Array,
): Float32Array {
  const { actor, critic, logStdAt } = model;
  let metrics: Tensor | undefined;
  const grads = tf.tidy(() => {
    const observations = tf.tensor2d(mini.observations, [mini.size, actor.inputSize]);
    const targets = targetTensors(tf, mini, actor.outputSize);
    const inputs = [...layerTensors(tf, params, actor), ...layerTensors(tf, params, critic)];
    const logStd = tf.tensor1d(params.slice(logStdAt));
    const { grads: found } = tf.valueAndGrads((...tensors: Tensor[]) => {
      const split = 2 * actor.layers.length;
      const mean = forward(tf, actor, observations, tensors.slice(0, split));
      const value = forward(tf, critic, observations, tensors.slice(split, -1));
      const loss = fusedLoss(tf, config, mean, value, tensors.at(-1) as Tensor1D, targets);
      metrics = loss.metrics;
      return loss.total;
    })([...inputs, logStd]);
    return found;
  });
  // Synchronised here, after the tape is closed: one read per parameter block.
  scatter(grads, [...blocks(actor), ...blocks(critic), logStdAt], gradient);
  const read = metrics!.dataSync() as Float32Array;
  tf.dispose([...grads, metrics!]);
  return read;
}

interface Targets {
  readonly actions: Tensor2D;
  readonly logProbs: Tensor2D;
  readonly advantages: Tensor2D;
  readonly returns: Tensor2D;
}

function targetTensors(tf: Tf, mini: Minibatch, actionSize: number): Targets {
  const column = (x: Float32Array): Tensor2D => tf.tensor2d(x, [mini.size, 1]);
  return {
    actions: tf.tensor2d(mini.actions, [mini.size, actionSize]),
    logProbs: column(mini.logProbs),
    advantages: column(mini.advantages),
    returns: column(mini.returns),
  };
}

function layerTensors(tf: Tf, params: Float32Array, shape: MlpShape): Tensor[] {
  return shape.layers.flatMap(({ inSize, outSize, weightsAt, biasAt }) => [
    tf.tensor2d(params.slice(weightsAt, biasAt), [outSize, inSize]),
    tf.tensor1d(params.slice(biasAt, biasAt + outSize)),
  ]);
}

function blocks(shape: MlpShape): number[] {
  return shape.layers.flatMap(({ weightsAt, biasAt }) => [weightsAt, biasAt]);
}

function scatter(grads: readonly Tensor[], at: readonly number[], gradient: Float32Array): void {
  grads.forEach((grad, i) => gradient.set(grad.dataSync() as Float32Array, at[i]));
}

function forward(tf: Tf, shape: MlpShape, x: Tensor2D, tensors: readonly Tensor[]): Tensor2D {
  return shape.layers.reduce(
    (h, layer, l) => dense(tf, h, tensors[2 * l] as Tensor2D, tensors[2 * l + 1] as Tensor1D, layer.activation),
    x,
  );
}

/**
 * y = act(x W^T + b) with its own gradient: tfjs would differentiate matMul into matMul with transpose flags,
 * which the wasm kernels run an order of magnitude slower than a transpose followed by a plain matMul.
 *   dz = dy * act'(y),  dx = dz W,  dW = dz^T x,  db = sum_rows dz
 */
function dense(tf: Tf, x: Tensor2D, w: Tensor2D, b: Tensor1D, activation: Activation): Tensor2D {
  return tf.customGrad((...args: unknown[]) => {
    const [xs, ws, bs, save] = args as [Tensor2D, Tensor2D, Tensor1D, (tensors: Tensor[]) => void];
    const y = activate(tf, tf.add(tf.matMul(xs, tf.transpose(ws)), bs), activation);
    save([xs, ws, y]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [x0, w0, y0] = saved as [Tensor2D, Tensor2D, Tensor2D];
      const dz = activation === 'identity' ? (dy as Tensor2D) : tf.mul(dy as Tensor2D, slope(tf, y0, activation));
      return [tf.matMul(dz, w0), tf.matMul(tf.transpose(dz), x0), tf.sum(dz, 0)];
    };
    return { value: y, gradFunc };
  })(x, w, b) as Tensor2D;
}

function activate(tf: Tf, z: Tensor2D, activation: Activation): Tensor2D {
  if (activation === 'relu') return tf.relu(z);
  if (activation === 'hardtanh') return tf.clipByValue(z, -1, 1);
  return activation === 'tanh' ? tf.tanh(z) : z;
}

/** Derivative as a function of the output: relu y > 0, hardtanh |y| < 1, tanh 1 - y^2. */
function slope(tf: Tf, y: Tensor2D, activation: Activation): Tensor2D {
  if (activation === 'relu') return tf.step(y);
  if (activation === 'hardtanh') return tf.step(tf.sub(1, tf.abs(y)));
  return tf.sub(1, tf.square(y));
}

/**
 * The whole PPO loss as one differentiable step, value and gradients together (n rows, d actions):
 *   z = (a - mu) / sigma,  logp = -sum(z^2)/2 - sum(logStd) - d ln(2 pi)/2,  r = exp(logp - logp_old)
 *   policyLoss = -mean(min(r A, clip(r, 1-c, 1+c) A)),  valueLoss = mean((V - R)^2) / 2
 *   dL/dlogp = -r A / n where r A <= clip(r) A, else 0;  dlogp/dmu = z / sigma;  dlogp/dlogStd = z^2 - 1
 */
function fusedLoss(
  tf: Tf,
  config: Pick<PpoConfig, 'clip' | 'valueCoefficient' | 'entropyCoefficient'>,
  mean: Tensor2D,
  value: Tensor2D,
  logStd: Tensor1D,
  targets: Targets,
): { total: Scalar; metrics: Tensor } {
  const { clip, valueCoefficient, entropyCoefficient } = config;
  const n = targets.actions.shape[0];
  const d = targets.actions.shape[1];
  let metrics: Tensor | undefined;
  const total = tf.customGrad((...args: unknown[]) => {
    const [mu, v, ls, save] = args as [Tensor2D, Tensor2D, Tensor1D, (tensors: Tensor[]) => void];
    const inverseSigma = tf.exp(tf.neg(ls));
    const z = tf.mul(tf.sub(targets.actions, mu), inverseSigma);
    const z2 = tf.square(z);
    const sumLogStd = tf.sum(ls);
    const logProb = tf.sub(tf.mul(tf.sum(z2, 1, true), -0.5), tf.add(sumLogStd, d * HALF_LN_2PI));
    const logRatio = tf.sub(logProb, targets.logProbs);
    const ratio = tf.exp(logRatio);
    const gain = tf.mul(ratio, targets.advantages);
    const clipped = tf.mul(tf.clipByValue(ratio, 1 - clip, 1 + clip), targets.advantages);
    const error = tf.sub(v, targets.returns);

    const policyLoss = tf.neg(tf.mean(tf.minimum(gain, clipped)));
    const valueLoss = tf.mul(tf.mean(tf.square(error)), 0.5);
    // k3 estimator of KL(old || new): mean((r - 1) - ln r), never negative.
    const kl = tf.mean(tf.sub(tf.sub(ratio, 1), logRatio));
    const clipFraction = tf.mean(tf.step(tf.sub(tf.abs(tf.sub(ratio, 1)), clip)));
    metrics = tf.keep(tf.stack([policyLoss, valueLoss, kl, clipFraction]));

    const active = tf.sub(1, tf.step(tf.sub(gain, clipped)));
    const dLogProb = tf.mul(tf.mul(gain, active), -1 / n);
    const dMu = tf.mul(dLogProb, tf.mul(z, inverseSigma));
    const dLogStd = tf.sub(tf.sum(tf.mul(dLogProb, tf.sub(z2, 1)), 0), entropyCoefficient);
    save([dMu, tf.mul(error, valueCoefficient / n), dLogStd]);
    const loss = tf.sub(
      tf.add(policyLoss, tf.mul(valueLoss, valueCoefficient)),
      tf.mul(tf.add(sumLogStd, d * (HALF_LN_2PI + 0.5)), entropyCoefficient),
    );
    return { value: loss, gradFunc: (dy: Tensor, saved: Tensor[]) => saved.map((grad) => tf.mul(grad, dy)) };
  })(mean, value, logStd);
  return { total: total as Scalar, metrics: metrics! };
}

// ---- optimiser ---------------------------------------------------------------------------------------------

/** Scales to `maxNorm` when longer (0: never). Returns the norm before. */
export function clipGlobalNorm(gradient: Float32Array, maxNorm: number): number {
  let squares = 0;
  for (const g of gradient) squares += g * g;
  const norm = Math.sqrt(squares);
  if (maxNorm > 0 && norm > maxNorm) {
    const scale = maxNorm / norm;
    for (let i = 0; i < gradient.length; i++) gradient[i]! *= scale;
  }
  return norm;
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1) on the flat vector, moments in double:
 *   m = b1 m + (1-b1) g,  v = b2 v + (1-b2) g^2,  x -= rate * (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)
 */
export class Adam {
  readonly #m: Float64Array;
  readonly #v: Float64Array;
  #beta1Power = 1;
  #beta2Power = 1;

  constructor(size: number) {
    this.#m = new Float64Array(size);
    this.#v = new Float64Array(size);
  }

  step(params: Float32Array, gradient: Float32Array, learningRate: number): void {
    const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-5];
    this.#beta1Power *= beta1;
    this.#beta2Power *= beta2;
    const m = this.#m;
    const v = this.#v;
    for (let i = 0; i < params.length; i++) {
      const g = gradient[i]!;
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
      const mHat = m[i]! / (1 - this.#beta1Power);
      const vHat = v[i]! / (1 - this.#beta2Power);
      params[i]! -= (learningRate * mHat) / (Math.sqrt(vHat) + epsilon);
    }
  }
}

// ---- settings ----------------------------------------------------------------------------------------------

/** Bounds of every number in a PpoConfig; recipes are checked against the same table. */
export const PPO_BOUNDS: Record<
  Exclude<keyof PpoConfig, 'hidden' | 'activation' | 'annealLearningRate' | 'normaliseRewards'>,
  readonly [number, number, 'integer' | 'real']
> = {
  seed: [0, 4294967295, 'integer'],
  totalSteps: [1, 1e10, 'integer'],
  rolloutSteps: [1, 1e5, 'integer'],
  epochs: [1, 100, 'integer'],
  minibatchSize: [1, 1e6, 'integer'],
  learningRate: [0, 1, 'real'],
  gamma: [0, 1, 'real'],
  lambda: [0, 1, 'real'],
  clip: [0, 1, 'real'],
  valueCoefficient: [0, 100, 'real'],
  entropyCoefficient: [0, 100, 'real'],
  maxGradNorm: [0, 1e6, 'real'],
  targetKl: [0, 100, 'real'],
  initialLogStd: [-20, 5, 'real'],
  minLogStd: [-20, 5, 'real'],
};

function checkConfig(config: PpoConfig): void {
  for (const [name, [lo, hi, kind]] of Object.entries(PPO_BOUNDS)) {
    const value = config[name as keyof typeof PPO_BOUNDS];
    const ok = value >= lo && value <= hi && (kind === 'real' || Number.isInteger(value));
    if (!ok) throw fail('agents.ppo', { expected: `${name}: ${kind} in [${lo}, ${hi}]`, got: value });
  }
  if (!['relu', 'hardtanh', 'tanh'].includes(config.activation)) {
    throw fail('agents.ppo', { expected: 'activation: relu, hardtanh or tanh', got: config.activation });
  }
}
