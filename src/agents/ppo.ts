/**
 * Proximal policy optimisation (Schulman et al. 2017), one file that reads alone: continuous and discrete actions,
 * generalised advantages, bootstrap at truncation, early stop on KL, value normalisation, an optional central critic,
 * and limits kept by Lagrange multipliers (Ray et al. 2019). Metrics and implementation details, numbered and sourced:
 * docs/agents/ppo.md.
 *
 * One flat Float32Array holds actor, critic and log-standard-deviations. Acting, losses and Adam run on it in typed arrays;
 * tfjs computes the matrix products of forward and backward passes (gradient.ts). Everything random comes from seeded
 * streams, exp and ln are realMath's, so one seed on one backend gives one sequence of bytes.
 */
import { fail } from '../base/errors.ts';
import { RandomStream, type RandomState } from '../base/random.ts';
import { expReal, lnReal, normal, uniform } from '../base/realMath.ts';
import { stateFromJson, stateToJson } from '../env/gym/jsonState.ts';
import type { TaskState } from '../env/gym/task.ts';
import type { BranchingVectorEnv, EnvState, VectorEnv, VectorStep } from '../env/gym/types.ts';
import { Adam, clipGlobalNorm, type AdamState } from './adam.ts';
import { describeBackend, loadBackend, type Backend } from './backend.ts';
import { generalisedAdvantages } from './gae.ts';
import { MlpGradient } from './gradient.ts';
import { parameterDigest, type Learner, type LearnerResult, type LimitUse, type Progress } from './learner.ts';
import { initialiseMlp, layersOf, MlpRunner, mlpShape, type HiddenActivation, type MlpShape } from './network.ts';
import { addIntervalGradient, addL1Gradient, roundToGrid } from './regulariser.ts';

/** A limit on the mean cost per step of one of the environment's `costNames`. */
export interface PpoLimit {
  readonly name: string;
  readonly limit: number;
  /** Most by which an update may move the multiplier. */
  readonly learningRate: number;
}

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
  /** The critic predicts returns less their running mean, over their running standard deviation. */
  readonly normaliseValues: boolean;
  /** What the critic sees: the agent's own observation, or those of all agents of its copy and which one it is. */
  readonly critic: 'own' | 'all';
  /** Limits on the environment's costs; the learner maximises return subject to them. */
  readonly limits: readonly PpoLimit[];
  /** Weight of the sum of absolute actor weights in the loss. */
  readonly l1: number;
  /** Weight of the actor's output half width over the whole input box in the loss. */
  readonly intervalWeight: number;
  /** From this share of training on the actor acts and is differentiated with weights on an integer grid; 1: never. */
  readonly quantiseFromShare: number;
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
  normaliseValues: false,
  critic: 'own',
  limits: [],
  l1: 0,
  intervalWeight: 0,
  quantiseFromShare: 1,
};

export interface PpoResult extends LearnerResult {
  readonly stats: readonly Progress[];
}

/**
 * @throws `agents.ppo` for a setting outside its bounds, `agents.diverged` on a number that is not finite,
 * `agents.backend` when no backend was passed and wasm does not load.
 */
export async function trainPpo(
  config: PpoConfig,
  makeVectorEnv: () => VectorEnv,
  onProgress?: (progress: Progress) => void | Promise<void>,
  backend?: Backend,
): Promise<PpoResult> {
  const learner = createPpo(config, makeVectorEnv(), backend ?? (await loadBackend()));
  const stats: Progress[] = [];
  try {
    while (!learner.done) {
      const progress = learner.update();
      stats.push(progress);
      await onProgress?.(progress);
    }
    return { ...learner.result(), stats };
  } finally {
    learner.close();
  }
}

/** Resets the environment with the seed. The learner owns it from here on. @throws `agents.ppo`. */
export function createPpo(config: PpoConfig, env: VectorEnv, backend: Backend): Learner {
  checkConfig(config);
  return new PpoLearner(config, env, backend);
}

interface PpoState extends TaskState {
  readonly updates: number;
  readonly lastReturn: number | null;
  readonly params: Float32Array;
  readonly adam: AdamState;
  readonly act: RandomState;
  readonly shuffle: RandomState;
  readonly rewardScale: readonly number[];
  readonly valueScales: readonly (readonly number[])[];
  readonly multipliers: readonly number[];
  readonly runningReturns: Float64Array;
}

class PpoLearner implements Learner {
  readonly #config: PpoConfig;
  readonly #env: VectorEnv;
  readonly #backend: Backend;
  readonly #rows: number;
  readonly #updates: number;
  readonly #model: Model;
  readonly #params: Float32Array;
  /** What acts and is differentiated: the parameters, or their integer grid. */
  readonly #gridParams: Float32Array;
  readonly #adam: Adam;
  readonly #actRandom: RandomStream;
  readonly #shuffleRandom: RandomStream;
  readonly #rollout: Rollout;
  readonly #rewardScale = new RunningDeviation();
  readonly #valueScales: readonly ValueScale[];
  /** Which of the environment's costs each limit is on. */
  readonly #costAt: readonly number[];
  readonly #multipliers: Float64Array;
  readonly #costUse: Float64Array;
  readonly #runningReturns: Float64Array;
  readonly #startedMs = performance.now();
  readonly #observations: Float32Array;
  /** Updates made, and transitions of this process. */
  #made = 0;
  #steps = 0;
  #lastReturn: number | undefined;

  constructor(config: PpoConfig, env: VectorEnv, backend: Backend) {
    this.#config = config;
    this.#env = env;
    this.#backend = backend;
    this.#rows = env.numEnvs * env.agentsPerEnv;
    const batch = this.#rows * config.rolloutSteps;
    if (config.minibatchSize > batch) {
      const expected = `minibatchSize <= rows * rolloutSteps = ${batch}`;
      throw fail('agents.ppo', { expected, got: config.minibatchSize });
    }
    this.#updates = Math.ceil(config.totalSteps / batch);
    this.#model = makeModel(config, env, backend);
    this.#params = initialParameters(this.#model, config);
    this.#gridParams = this.#params.slice();
    this.#adam = new Adam(this.#params.length);
    this.#actRandom = RandomStream.fromSeed(config.seed, 'ppo/act');
    this.#shuffleRandom = RandomStream.fromSeed(config.seed, 'ppo/shuffle');
    this.#rollout = makeRollout(config, env, this.#model);
    this.#valueScales = this.#rollout.streams.map((_, k) => new ValueScale(k === 0 ? LEAST_DEVIATION : 1));
    this.#costAt = config.limits.map(({ name }) => costIndex(env, name));
    this.#multipliers = new Float64Array(config.limits.length);
    this.#costUse = new Float64Array(config.limits.length);
    this.#runningReturns = new Float64Array(this.#rows);
    this.#observations = env.reset(config.seed).slice();
  }

  get done(): boolean {
    return this.#made >= this.#updates;
  }

  /** One rollout, then its epochs of minibatches. */
  update(): Progress {
    const learningRate = this.#learningRate();
    const episodes = this.#collect();
    this.#evaluate(episodes);
    this.#estimate();
    const learnt = this.#learn(learningRate);
    if (episodes.count > 0) this.#lastReturn = episodes.sum / episodes.count;
    this.#made++;
    this.#steps += this.#rollout.size;
    return this.#report(episodes.meanReward, learningRate, learnt);
  }

  result(): LearnerResult {
    const { tf: _tf, ...backend } = this.#backend;
    return {
      layers: layersOf(this.#actorParams(), this.#model.actor),
      parameters: this.#params.slice(),
      backend,
      seed: this.#config.seed,
      steps: this.#made * this.#rollout.size,
      seconds: this.#seconds(),
    };
  }

  /** @throws `env.state` when the environment cannot be saved. */
  getState(): EnvState {
    const state: PpoState = {
      updates: this.#made,
      lastReturn: this.#lastReturn ?? null,
      params: this.#params.slice(),
      adam: this.#adam.getState(),
      act: this.#actRandom.getState(),
      shuffle: this.#shuffleRandom.getState(),
      rewardScale: this.#rewardScale.getState(),
      valueScales: this.#valueScales.map((scale) => scale.getState()),
      multipliers: Array.from(this.#multipliers),
      runningReturns: this.#runningReturns.slice(),
    };
    return { learner: stateToJson(state), env: branching(this.#env).getState() };
  }

  setState(json: EnvState): void {
    const state = stateFromJson(json['learner']) as PpoState;
    if (state.params?.length !== this.#params.length || state.multipliers?.length !== this.#multipliers.length) {
      throw fail('env.state', {
        expected: `a checkpoint of ${this.#params.length} parameters and ${this.#multipliers.length} limits`,
        got: [state.params?.length, state.multipliers?.length],
      });
    }
    this.#observations.set(branching(this.#env).setState(json['env'] as EnvState));
    this.#made = state.updates;
    this.#lastReturn = state.lastReturn ?? undefined;
    this.#params.set(state.params);
    this.#adam.setState(state.adam);
    this.#actRandom.setState(state.act);
    this.#shuffleRandom.setState(state.shuffle);
    this.#rewardScale.setState(state.rewardScale);
    this.#valueScales.forEach((scale, k) => scale.setState(state.valueScales[k]!));
    this.#multipliers.set(state.multipliers);
    this.#runningReturns.set(state.runningReturns);
  }

  close(): void {
    this.#model.actorGradient.dispose();
    this.#model.criticGradient.dispose();
    this.#env.close();
  }

  #seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  #learningRate(): number {
    const { learningRate, annealLearningRate } = this.#config;
    return annealLearningRate ? learningRate * (1 - this.#made / this.#updates) : learningRate;
  }

  #actorParams(): Float32Array {
    const { quantiseFromShare } = this.#config;
    if (quantiseFromShare >= 1 || this.#made < quantiseFromShare * this.#updates) return this.#params;
    this.#gridParams.set(this.#params);
    roundToGrid(this.#params, this.#model.actor, this.#gridParams);
    return this.#gridParams;
  }

  // ---- one rollout -------------------------------------------------------------------------------------------

  #collect(): Episodes {
    const { rolloutSteps } = this.#config;
    const rollout = this.#rollout;
    const params = this.#actorParams();
    const episodes: Episodes = { meanReward: 0, sum: 0, count: 0, cutAt: [], cutViews: [] };
    this.#costUse.fill(0);
    for (let t = 0; t < rolloutSteps; t++) {
      const from = t * this.#rows;
      rollout.observations.set(this.#observations, from * rollout.observationSize);
      this.#model.actorRunner.run(params, this.#observations, this.#rows, rollout.heads);
      if (this.#env.actionChoices === undefined) this.#actContinuous(from);
      else this.#actDiscrete(from, this.#env.actionChoices);
      const step = this.#env.step(rollout.issued);
      this.#record(step, from, episodes);
      this.#observations.set(step.observations);
    }
    episodes.meanReward /= rollout.size;
    for (let k = 0; k < this.#costUse.length; k++) this.#costUse[k]! /= rollout.size;
    return episodes;
  }

  /** a = mu + exp(logStd) * normal; the environment gets a clipped to [-1, 1], the gradient sees a itself. */
  #actContinuous(from: number): void {
    const { logStdAt } = this.#model;
    const { actions, issued, logProbs, heads, actionSize: size } = this.#rollout;
    const deviations = this.#params.slice(logStdAt).map(expReal);
    for (let row = 0; row < this.#rows; row++) {
      let logProb = -size * HALF_LN_2PI;
      for (let d = 0; d < size; d++) {
        const z = normal(this.#actRandom);
        const at = (from + row) * size + d;
        actions[at] = heads[row * size + d]! + deviations[d]! * z;
        issued[row * size + d] = Math.min(Math.max(actions[at]!, -1), 1);
        logProb -= 0.5 * z * z + this.#params[logStdAt + d]!;
      }
      logProbs[from + row] = logProb;
    }
  }

  /** One choice a dimension, drawn from softmax(logits). */
  #actDiscrete(from: number, choices: readonly number[]): void {
    const { actions, issued, logProbs, heads, actionSize: size } = this.#rollout;
    const { outputSize } = this.#model.actor;
    const logP = new Float64Array(Math.max(...choices));
    for (let row = 0; row < this.#rows; row++) {
      let at = row * outputSize;
      let logProb = 0;
      for (let d = 0; d < size; d++) {
        logSoftmax(heads, at, choices[d]!, logP);
        const chosen = sample(logP, choices[d]!, this.#actRandom);
        actions[(from + row) * size + d] = chosen;
        issued[row * size + d] = chosen;
        logProb += logP[chosen]!;
        at += choices[d]!;
      }
      logProbs[from + row] = logProb;
    }
  }

  #record(step: VectorStep, from: number, episodes: Episodes): void {
    const rollout = this.#rollout;
    rollout.streams[0]!.rewards.set(step.rewards, from);
    rollout.terminated.set(step.terminated, from);
    rollout.truncated.set(step.truncated, from);
    this.#recordCosts(step, from);
    for (let row = 0; row < this.#rows; row++) {
      episodes.meanReward += step.rewards[row]!;
      this.#runningReturns[row]! += step.rewards[row]!;
      if (step.terminated[row] === 0 && step.truncated[row] === 0) continue;
      if (step.truncated[row] !== 0) {
        episodes.cutAt.push(from + row);
        episodes.cutViews.push(this.#criticView(step.finalObservations, row));
      }
      episodes.sum += this.#runningReturns[row]!;
      episodes.count++;
      this.#runningReturns[row] = 0;
    }
  }

  /** Stream k + 1 is the cost of limit k as a multiple of what is allowed. */
  #recordCosts(step: VectorStep, from: number): void {
    const width = this.#env.costNames?.length ?? 0;
    this.#config.limits.forEach(({ limit }, k) => {
      const { rewards } = this.#rollout.streams[k + 1]!;
      for (let row = 0; row < this.#rows; row++) {
        const cost = step.costs![row * width + this.#costAt[k]!]!;
        rewards[from + row] = cost / limit;
        this.#costUse[k]! += cost;
      }
    });
  }

  /** What the critic sees of `row`: its observation, or those of its copy's agents and a one for its own place. */
  #criticView(observations: Float32Array, row: number): Float32Array {
    const view = new Float32Array(this.#model.critic.inputSize);
    this.#writeCriticView(observations, row, view, 0);
    return view;
  }

  #writeCriticView(observations: Float32Array, row: number, out: Float32Array, at: number): void {
    const { observationSize: n } = this.#rollout;
    const agents = this.#env.agentsPerEnv;
    const own = this.#config.critic === 'own';
    const first = own ? row : row - (row % agents);
    const count = own ? n : n * agents;
    for (let i = 0; i < count; i++) out[at + i] = observations[first * n + i]!;
    if (!own) for (let a = 0; a < agents; a++) out[at + count + a] = a === row % agents ? 1 : 0;
  }

  /** Values of everything the rollout saw, in a few large passes of the critic. */
  #evaluate({ cutAt, cutViews }: Episodes): void {
    const rollout = this.#rollout;
    const width = this.#model.critic.inputSize;
    if (this.#config.critic === 'all') {
      for (let at = 0; at < rollout.size; at++) {
        this.#writeCriticView(rollout.observations, at, rollout.criticObservations, at * width);
      }
    }
    this.#values(rollout.criticObservations, rollout.size, (stream, at, value) => (stream.values[at] = value));
    const last = new Float32Array(this.#rows * width);
    for (let row = 0; row < this.#rows; row++) this.#writeCriticView(this.#observations, row, last, row * width);
    this.#values(last, this.#rows, (stream, row, value) => (stream.lastValues[row] = value));
    const cut = new Float32Array(cutAt.length * width);
    cutViews.forEach((view, k) => cut.set(view, k * width));
    this.#values(cut, cutAt.length, (stream, k, value) => (stream.finalValues[cutAt[k]!] = value));
  }

  #values(views: Float32Array, count: number, write: (stream: Stream, at: number, value: number) => void): void {
    const { critic, criticGradient } = this.#model;
    const { streams } = this.#rollout;
    const width = critic.inputSize;
    for (let from = 0; from < count; from += VALUE_CHUNK) {
      const rows = Math.min(VALUE_CHUNK, count - from);
      const heads = criticGradient.forward(this.#params, views.subarray(from * width, (from + rows) * width), rows);
      for (let k = 0; k < streams.length; k++) {
        const { mean, deviation } = this.#valueScales[k]!;
        for (let i = 0; i < rows; i++) {
          write(streams[k]!, from + i, heads[i * streams.length + k]! * deviation + mean);
        }
      }
    }
    criticGradient.release();
  }

  /** Advantages and value targets. */
  #estimate(): void {
    const { rolloutSteps, gamma, lambda, normaliseRewards, normaliseValues } = this.#config;
    const rollout = this.#rollout;
    const { terminated, truncated } = rollout;
    if (normaliseRewards) this.#rewardScale.scale(rollout.streams[0]!.rewards);
    for (const stream of rollout.streams) {
      const input = { ...stream, terminated, truncated, steps: rolloutSteps, rows: this.#rows, gamma, lambda };
      generalisedAdvantages(input, stream.advantages, stream.returns);
    }
    this.#moveMultipliers();
    this.#combine();
    if (normaliseValues) rollout.streams.forEach(({ returns }, k) => this.#rescale(k, returns));
  }

  /** lambda_k += rate * clamp(use / limit - 1, +-1), never below 0: dual ascent with bounded steps. */
  #moveMultipliers(): void {
    this.#config.limits.forEach(({ limit, learningRate }, k) => {
      const excess = Math.min(Math.max(this.#costUse[k]! / limit - 1, -1), 1);
      this.#multipliers[k] = Math.max(0, this.#multipliers[k]! + learningRate * excess);
    });
  }

  /** A = (A_reward - sum_k lambda_k A_cost_k) / (1 + sum_k lambda_k) */
  #combine(): void {
    const { advantages, streams } = this.#rollout;
    const share = 1 / (1 + this.#multipliers.reduce((sum, x) => sum + x, 0));
    for (let i = 0; i < advantages.length; i++) {
      let a = streams[0]!.advantages[i]!;
      for (let k = 1; k < streams.length; k++) a -= this.#multipliers[k - 1]! * streams[k]!.advantages[i]!;
      advantages[i] = a * share;
    }
  }

  /** New mean and deviation of a stream; the last layer is changed so that the critic goes on saying the same (PopArt). */
  #rescale(k: number, returns: Float32Array): void {
    const scale = this.#valueScales[k]!;
    const { mean, deviation } = scale;
    scale.take(returns);
    const ratio = deviation / scale.deviation;
    const { inSize, weightsAt, biasAt } = this.#model.critic.layers.at(-1)!;
    for (let i = 0; i < inSize; i++) this.#params[weightsAt + k * inSize + i]! *= ratio;
    this.#params[biasAt + k] = this.#params[biasAt + k]! * ratio + (mean - scale.mean) / scale.deviation;
  }

  // ---- one update --------------------------------------------------------------------------------------------

  #learn(learningRate: number): Learnt {
    const { epochs, targetKl } = this.#config;
    const sums = new Float64Array(METRIC_NAMES.length);
    let batches = 0;
    let epoch = 0;
    this.#rollout.order.forEach((_, i, order) => (order[i] = i));
    for (let stop = false; epoch < epochs && !stop; epoch++) {
      const kl = this.#epoch(learningRate, sums);
      batches += this.#batchesPerEpoch();
      stop = targetKl > 0 && kl > targetKl;
    }
    const metrics = Object.fromEntries(METRIC_NAMES.map((name, m) => [name, sums[m]! / batches]));
    return { metrics: metrics as Learnt['metrics'], epochs: epoch };
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
      gatherMinibatch(rollout, k * minibatchSize, minibatchSize, this.#valueScales);
      const metrics = this.#minibatch(learningRate);
      for (let m = 0; m < metrics.length; m++) sums[m]! += metrics[m]!;
      kl += metrics[KL_AT]!;
    }
    return kl / batches;
  }

  /** Gradient, regularisers, clip by global norm, Adam. */
  #minibatch(learningRate: number): readonly number[] {
    const { l1, intervalWeight, maxGradNorm, minLogStd } = this.#config;
    const { actor, gradient, logStdAt } = this.#model;
    const params = this.#actorParams();
    const losses = lossGradient(this.#model, this.#config, params, this.#rollout.mini, gradient);
    if (l1 > 0) addL1Gradient(params, actor, l1, gradient);
    if (intervalWeight > 0) addIntervalGradient(params, actor, intervalWeight, gradient);
    const norm = clipGlobalNorm(gradient, maxGradNorm);
    if (!Number.isFinite(norm)) {
      throw fail('agents.diverged', { expected: 'a finite gradient', got: `norm ${norm}` });
    }
    this.#adam.step(this.#params, gradient, learningRate);
    for (let i = logStdAt; i < this.#params.length; i++) this.#params[i] = Math.max(this.#params[i]!, minLogStd);
    return [...losses, norm];
  }

  #report(meanReward: number, learningRate: number, { metrics, epochs }: Learnt): Progress {
    const { values, returns } = this.#rollout.streams[0]!;
    const logStds = this.#params.subarray(this.#model.logStdAt);
    const limits = this.#config.limits.map(({ name, limit }, k): LimitUse => {
      return { name, use: this.#costUse[k]!, limit, multiplier: this.#multipliers[k]! };
    });
    return {
      algorithm: 'ppo',
      update: this.#made,
      updates: this.#updates,
      steps: this.#made * this.#rollout.size,
      totalSteps: this.#updates * this.#rollout.size,
      seconds: this.#seconds(),
      stepsPerSecond: this.#steps / this.#seconds(),
      meanReward,
      meanReturn: this.#lastReturn,
      limits,
      learningRate,
      metrics: {
        ...metrics,
        explainedVariance: explainedVariance(values, returns),
        epochs,
        ...(logStds.length === 0 ? {} : { logStd: logStds.reduce((sum, x) => sum + x, 0) / logStds.length }),
      },
      tensors: this.#backend.tf.memory().numTensors,
      digest: parameterDigest(this.#params),
      backend: describeBackend(this.#backend),
    };
  }
}

// ---- model -------------------------------------------------------------------------------------------------

/** ln(2 pi) / 2 */
const HALF_LN_2PI = 0.9189385332046727;
/** Rows of one forward pass of the critic over a rollout: bounds the memory of the backend. */
const VALUE_CHUNK = 8192;
const METRIC_NAMES = ['policyLoss', 'valueLoss', 'approxKl', 'clipFraction', 'entropy', 'gradNorm'] as const;
const KL_AT = METRIC_NAMES.indexOf('approxKl');

interface Learnt {
  readonly metrics: Readonly<Record<(typeof METRIC_NAMES)[number], number>>;
  readonly epochs: number;
}

interface Episodes {
  meanReward: number;
  sum: number;
  count: number;
  /** Transitions that the clock cut, and what the critic would see of the observation they ended in. */
  readonly cutAt: number[];
  readonly cutViews: Float32Array[];
}

/** Layouts in the flat vector, and who runs them. */
export interface Model {
  readonly actor: MlpShape;
  readonly critic: MlpShape;
  /** First of the log-standard-deviations; there are none with discrete actions. */
  readonly logStdAt: number;
  readonly choices: readonly number[] | undefined;
  readonly actorRunner: MlpRunner;
  readonly actorGradient: MlpGradient;
  readonly criticGradient: MlpGradient;
  readonly gradient: Float32Array;
}

function makeModel(config: PpoConfig, env: VectorEnv, { tf }: Backend): Model {
  const { observationSize, actionSize, actionChoices: choices, agentsPerEnv } = env;
  const { hidden, activation } = config;
  const heads = choices === undefined ? actionSize : choices.reduce((sum, n) => sum + n, 0);
  const seen = config.critic === 'own' ? observationSize : agentsPerEnv * (observationSize + 1);
  const actor = mlpShape([observationSize, ...hidden, heads], activation);
  const critic = mlpShape([seen, ...hidden, 1 + config.limits.length], activation, actor.to);
  return {
    actor,
    critic,
    logStdAt: critic.to,
    choices,
    actorRunner: new MlpRunner(actor),
    actorGradient: new MlpGradient(tf, actor),
    criticGradient: new MlpGradient(tf, critic),
    gradient: new Float32Array(critic.to + (choices === undefined ? actionSize : 0)),
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

function costIndex(env: VectorEnv, name: string): number {
  const at = env.costNames?.indexOf(name) ?? -1;
  if (at < 0) {
    const known = env.costNames?.join(', ') ?? '';
    throw fail('agents.ppo', { expected: `limits.name: a cost of ${env.id} (${known || 'it has none'})`, got: name });
  }
  return at;
}

function branching(env: VectorEnv): BranchingVectorEnv {
  if ('getState' in env && 'setState' in env) return env as BranchingVectorEnv;
  throw fail('env.state', { expected: `an environment that can be saved`, got: env.id });
}

// ---- rollout -----------------------------------------------------------------------------------------------

/** What the rewards and values of one signal are: the reward itself, or the cost of a limit. */
interface Stream {
  readonly rewards: Float32Array;
  readonly values: Float32Array;
  readonly finalValues: Float32Array;
  readonly lastValues: Float32Array;
  readonly advantages: Float32Array;
  readonly returns: Float32Array;
}

interface Minibatch {
  readonly size: number;
  readonly observations: Float32Array;
  readonly criticObservations: Float32Array;
  readonly actions: Float32Array;
  readonly logProbs: Float32Array;
  readonly advantages: Float32Array;
  /** size x streams, as the critic predicts them. */
  readonly targets: Float32Array;
}

interface Rollout {
  readonly size: number;
  readonly observationSize: number;
  readonly criticSize: number;
  readonly actionSize: number;
  readonly observations: Float32Array;
  /** The same array where the critic sees no more. */
  readonly criticObservations: Float32Array;
  readonly actions: Float32Array;
  readonly logProbs: Float32Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly advantages: Float32Array;
  readonly streams: readonly Stream[];
  readonly order: Uint32Array;
  /** Of one step: outputs of the actor, and what goes to the environment. */
  readonly heads: Float32Array;
  readonly issued: Float32Array;
  readonly mini: Minibatch;
}

function makeRollout(config: PpoConfig, env: VectorEnv, model: Model): Rollout {
  const rows = env.numEnvs * env.agentsPerEnv;
  const size = config.rolloutSteps * rows;
  const { observationSize, actionSize } = env;
  const criticSize = model.critic.inputSize;
  const observations = new Float32Array(size * observationSize);
  const n = config.minibatchSize;
  return {
    size,
    observationSize,
    criticSize,
    actionSize,
    observations,
    criticObservations: config.critic === 'own' ? observations : new Float32Array(size * criticSize),
    actions: new Float32Array(size * actionSize),
    logProbs: new Float32Array(size),
    terminated: new Uint8Array(size),
    truncated: new Uint8Array(size),
    advantages: new Float32Array(size),
    streams: Array.from({ length: 1 + config.limits.length }, () => makeStream(size, rows)),
    order: new Uint32Array(size),
    heads: new Float32Array(rows * model.actor.outputSize),
    issued: new Float32Array(rows * actionSize),
    mini: {
      size: n,
      observations: new Float32Array(n * observationSize),
      criticObservations: new Float32Array(n * criticSize),
      actions: new Float32Array(n * actionSize),
      logProbs: new Float32Array(n),
      advantages: new Float32Array(n),
      targets: new Float32Array(n * (1 + config.limits.length)),
    },
  };
}

function makeStream(size: number, rows: number): Stream {
  return {
    rewards: new Float32Array(size),
    values: new Float32Array(size),
    finalValues: new Float32Array(size),
    lastValues: new Float32Array(rows),
    advantages: new Float32Array(size),
    returns: new Float32Array(size),
  };
}

function gatherMinibatch(rollout: Rollout, from: number, size: number, scales: readonly ValueScale[]): void {
  const { mini, order, streams } = rollout;
  copyRows(rollout.observations, rollout.observationSize, order, from, mini.observations);
  copyRows(rollout.criticObservations, rollout.criticSize, order, from, mini.criticObservations);
  copyRows(rollout.actions, rollout.actionSize, order, from, mini.actions);
  copyRows(rollout.logProbs, 1, order, from, mini.logProbs);
  copyRows(rollout.advantages, 1, order, from, mini.advantages);
  for (let s = 0; s < streams.length; s++) {
    const { mean, deviation } = scales[s]!;
    for (let k = 0; k < size; k++) {
      mini.targets[k * streams.length + s] = (streams[s]!.returns[order[from + k]!]! - mean) / deviation;
    }
  }
  standardise(mini.advantages);
}

/** Rows order[from], order[from + 1], ... of x until `out` is full. */
function copyRows(x: Float32Array, width: number, order: Uint32Array, from: number, out: Float32Array): void {
  const rows = out.length / width;
  for (let k = 0; k < rows; k++) {
    const at = order[from + k]! * width;
    for (let i = 0; i < width; i++) out[k * width + i] = x[at + i]!;
  }
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
      const x = f(i);
      sum += x;
      squares += x * x;
    }
    return squares / returns.length - (sum / returns.length) * (sum / returns.length);
  };
  const total = variance((i) => returns[i]!);
  return total > 0 ? 1 - variance((i) => returns[i]! - values[i]!) / total : 0;
}

/** Deviation over mean that sums of squares can still tell from none. */
const LEAST_VARIATION = 1e-5;

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
    // What never varied has no scale of its own: such rewards stay as they are.
    if (deviation <= LEAST_VARIATION * Math.abs(mean)) return;
    for (let i = 0; i < x.length; i++) x[i]! /= deviation + 1e-8;
  }

  getState(): readonly number[] {
    return [this.#count, this.#sum, this.#squares];
  }

  setState([count, sum, squares]: readonly number[]): void {
    this.#count = count!;
    this.#sum = sum!;
    this.#squares = squares!;
  }
}

/** Of the returns of rewards. */
const LEAST_DEVIATION = 1e-4;

/** Mean and standard deviation of the returns, forgetting slowly; 0 and 1 until something is taken in. */
class ValueScale {
  mean = 0;
  deviation = 1;
  readonly #least: number;
  #weight = 0;
  #sum = 0;
  #squares = 0;

  /** @param least that the deviation is taken for: 1, the limit itself, for a cost that may never be met. */
  constructor(least: number) {
    this.#least = least;
  }

  /** Exponential averages with a tenth of weight for what is new, corrected for their start at 0. */
  take(returns: Float32Array): void {
    let sum = 0;
    let squares = 0;
    for (const x of returns) {
      sum += x;
      squares += x * x;
    }
    this.#weight = 0.9 * this.#weight + 0.1;
    this.#sum = 0.9 * this.#sum + (0.1 * sum) / returns.length;
    this.#squares = 0.9 * this.#squares + (0.1 * squares) / returns.length;
    this.#settle();
  }

  getState(): readonly number[] {
    return [this.#weight, this.#sum, this.#squares];
  }

  setState([weight, sum, squares]: readonly number[]): void {
    this.#weight = weight!;
    this.#sum = sum!;
    this.#squares = squares!;
    this.#settle();
  }

  #settle(): void {
    if (this.#weight === 0) return;
    this.mean = this.#sum / this.#weight;
    const variance = this.#squares / this.#weight - this.mean * this.mean;
    this.deviation = Math.sqrt(Math.max(variance, this.#least * this.#least));
  }
}

// ---- loss and gradient -------------------------------------------------------------------------------------

/**
 * Gradient of policyLoss + valueCoefficient * valueLoss - entropyCoefficient * entropy over one minibatch into
 * `gradient`. Returns [policyLoss, valueLoss, approxKl, clipFraction, entropy]. Leaves no tensor behind.
 *   policyLoss = -mean(min(r A, clip(r, 1-c, 1+c) A)),  r = exp(logp - logp_old),  valueLoss = mean_k sum_s (V_s - R_s)^2 / 2
 */
export function lossGradient(
  model: Omit<Model, 'actorRunner' | 'gradient'>,
  config: Pick<PpoConfig, 'clip' | 'valueCoefficient' | 'entropyCoefficient'>,
  params: Float32Array,
  mini: Minibatch,
  gradient: Float32Array,
): readonly number[] {
  const { actorGradient, criticGradient } = model;
  gradient.fill(0);
  const heads = actorGradient.forward(params, mini.observations, mini.size);
  const loss =
    model.choices === undefined
      ? continuousLoss(heads, params, model.logStdAt, config, mini, gradient)
      : discreteLoss(heads, model.choices, config, mini);
  actorGradient.backward(heads, gradient);
  actorGradient.release();
  const values = criticGradient.forward(params, mini.criticObservations, mini.size);
  const valueLoss = valueGradient(values, config.valueCoefficient, mini);
  criticGradient.backward(values, gradient);
  criticGradient.release();
  return [loss.policyLoss, valueLoss, loss.approxKl, loss.clipFraction, loss.entropy];
}

interface PolicyLoss {
  policyLoss: number;
  approxKl: number;
  clipFraction: number;
  entropy: number;
}

/** values become valueCoefficient * (V - R) / n. Returns mean sum_s (V - R)^2 / 2. */
function valueGradient(values: Float32Array, valueCoefficient: number, { targets, size }: Minibatch): number {
  let squares = 0;
  const share = valueCoefficient / size;
  for (let i = 0; i < values.length; i++) {
    const error = values[i]! - targets[i]!;
    squares += error * error;
    values[i] = share * error;
  }
  return squares / (2 * size);
}

/**
 * Adds one transition to the sums and returns dL/dlogp of it:
 *   -r A / n where r A <= clip(r) A, else 0
 */
function clippedObjective(logProb: number, mini: Minibatch, k: number, clip: number, sums: PolicyLoss): number {
  const logRatio = logProb - mini.logProbs[k]!;
  const ratio = expReal(logRatio);
  const advantage = mini.advantages[k]!;
  const gain = ratio * advantage;
  const clipped = Math.min(Math.max(ratio, 1 - clip), 1 + clip) * advantage;
  sums.policyLoss -= Math.min(gain, clipped) / mini.size;
  // k3 estimator of KL(old || new): (r - 1) - ln r, never negative.
  sums.approxKl += (ratio - 1 - logRatio) / mini.size;
  if (Math.abs(ratio - 1) > clip) sums.clipFraction += 1 / mini.size;
  return gain <= clipped ? -gain / mini.size : 0;
}

/**
 * means become dL/dmu; the log-standard-deviations' part goes into `gradient`.
 *   z = (a - mu) / sigma,  logp = -sum(z^2)/2 - sum(logStd) - d ln(2 pi)/2
 *   dlogp/dmu = z / sigma,  dlogp/dlogStd = z^2 - 1,  entropy = sum(logStd + ln(2 pi e)/2)
 */
function continuousLoss(
  means: Float32Array,
  params: Float32Array,
  logStdAt: number,
  { clip, entropyCoefficient }: Pick<PpoConfig, 'clip' | 'entropyCoefficient'>,
  mini: Minibatch,
  gradient: Float32Array,
): PolicyLoss {
  const size = params.length - logStdAt;
  const inverse = Float64Array.from({ length: size }, (_, d) => expReal(-params[logStdAt + d]!));
  const sums: PolicyLoss = { policyLoss: 0, approxKl: 0, clipFraction: 0, entropy: size * (HALF_LN_2PI + 0.5) };
  let constant = -size * HALF_LN_2PI;
  for (let d = 0; d < size; d++) {
    constant -= params[logStdAt + d]!;
    sums.entropy += params[logStdAt + d]!;
  }
  const slopes = new Float64Array(size).fill(-entropyCoefficient);
  const z = new Float64Array(size);
  for (let k = 0; k < mini.size; k++) {
    let logProb = constant;
    for (let d = 0; d < size; d++) {
      z[d] = (mini.actions[k * size + d]! - means[k * size + d]!) * inverse[d]!;
      logProb -= 0.5 * z[d]! * z[d]!;
    }
    const slope = clippedObjective(logProb, mini, k, clip, sums);
    for (let d = 0; d < size; d++) {
      means[k * size + d] = slope * z[d]! * inverse[d]!;
      slopes[d]! += slope * (z[d]! * z[d]! - 1);
    }
  }
  for (let d = 0; d < size; d++) gradient[logStdAt + d]! += slopes[d]!;
  return sums;
}

/**
 * logits become dL/dlogits, one softmax a dimension.
 *   logp = sum_d log softmax(l_d)[a_d],  dlogp/dl_j = [j = a] - p_j,  H = -sum_j p_j ln p_j,  dH/dl_j = -p_j (ln p_j + H)
 */
function discreteLoss(
  logits: Float32Array,
  choices: readonly number[],
  { clip, entropyCoefficient }: Pick<PpoConfig, 'clip' | 'entropyCoefficient'>,
  mini: Minibatch,
): PolicyLoss {
  const sums: PolicyLoss = { policyLoss: 0, approxKl: 0, clipFraction: 0, entropy: 0 };
  const width = choices.reduce((sum, n) => sum + n, 0);
  const logP = choices.map((n) => new Float64Array(n));
  for (let k = 0; k < mini.size; k++) {
    let logProb = 0;
    let at = k * width;
    choices.forEach((n, d) => {
      logSoftmax(logits, at, n, logP[d]!);
      logProb += logP[d]![mini.actions[k * choices.length + d]!]!;
      at += n;
    });
    const slope = clippedObjective(logProb, mini, k, clip, sums);
    at = k * width;
    choices.forEach((n, d) => {
      const entropy = entropyOf(logP[d]!);
      sums.entropy += entropy / mini.size;
      const chosen = mini.actions[k * choices.length + d]!;
      for (let j = 0; j < n; j++) {
        const p = expReal(logP[d]![j]!);
        logits[at + j] =
          slope * ((j === chosen ? 1 : 0) - p) + (entropyCoefficient / mini.size) * p * (logP[d]![j]! + entropy);
      }
      at += n;
    });
  }
  return sums;
}

/** l_j - max - ln sum exp(l - max), of n logits from `at`. */
function logSoftmax(logits: Float32Array, at: number, n: number, out: Float64Array): void {
  let max = -Infinity;
  for (let j = 0; j < n; j++) max = Math.max(max, logits[at + j]!);
  let sum = 0;
  for (let j = 0; j < n; j++) sum += expReal(logits[at + j]! - max);
  const shift = max + lnReal(sum);
  for (let j = 0; j < n; j++) out[j] = logits[at + j]! - shift;
}

function entropyOf(logP: Float64Array): number {
  let entropy = 0;
  for (const x of logP) entropy -= expReal(x) * x;
  return entropy;
}

/** Of the first n; the last takes what rounding leaves. */
function sample(logP: Float64Array, n: number, stream: RandomStream): number {
  let left = uniform(stream);
  for (let j = 0; j < n - 1; j++) {
    left -= expReal(logP[j]!);
    if (left < 0) return j;
  }
  return n - 1;
}

// ---- settings ----------------------------------------------------------------------------------------------

/** Bounds of every number in a PpoConfig; recipes are checked against the same table. */
export const PPO_BOUNDS: Record<
  Exclude<
    keyof PpoConfig,
    'hidden' | 'activation' | 'annealLearningRate' | 'normaliseRewards' | 'normaliseValues' | 'critic' | 'limits'
  >,
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
  l1: [0, 1, 'real'],
  intervalWeight: [0, 1, 'real'],
  quantiseFromShare: [0, 1, 'real'],
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
  if (!['own', 'all'].includes(config.critic)) {
    throw fail('agents.ppo', { expected: 'critic: own or all', got: config.critic });
  }
  for (const { name, limit, learningRate } of config.limits) {
    if (!(limit > 0 && limit < Infinity && learningRate >= 0 && learningRate <= 100)) {
      const expected = `limits.${name}: limit above 0, learningRate in [0, 100]`;
      throw fail('agents.ppo', { expected, got: { limit, learningRate } });
    }
  }
}
