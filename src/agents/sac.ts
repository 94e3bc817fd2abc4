/**
 * Soft actor-critic (Haarnoja et al. 2018) for continuous actions, one file that reads alone: squashed Gaussian actor,
 * twin critics with slow targets, automatic temperature, bootstrap at truncation, and limits kept by Lagrange
 * multipliers. Metrics and implementation details, numbered and sourced: docs/agents/sac.md.
 *
 * One flat Float32Array holds actor, both critics and the logarithm of the temperature. Acting, losses and Adam run on
 * it in typed arrays; tfjs computes the matrix products of forward and backward passes (gradient.ts). Everything random
 * comes from seeded streams, exp, ln and tanh are realMath's, so one seed on one backend gives one sequence of bytes.
 */
import { fail } from '../base/errors.ts';
import { RandomStream, type RandomState } from '../base/random.ts';
import { expReal, lnReal, normal, tanhReal, uniform } from '../base/realMath.ts';
import { stateFromJson, stateToJson } from '../env/gym/jsonState.ts';
import type { TaskState } from '../env/gym/task.ts';
import type { BranchingVectorEnv, EnvState, VectorEnv, VectorStep } from '../env/gym/types.ts';
import { Adam, type AdamState } from './adam.ts';
import { describeBackend, type Backend } from './backend.ts';
import type { FloatLayer } from './freeze/floatPolicy.ts';
import { MlpGradient } from './gradient.ts';
import { parameterDigest, type Learner, type LearnerResult, type LimitUse, type Progress } from './learner.ts';
import { initialiseMlp, layersOf, MlpRunner, mlpShape, type HiddenActivation, type MlpShape } from './network.ts';
import { makeTransitions, Replay, type Transitions } from './replay.ts';

/** A limit on the mean cost per step of one of the environment's `costNames`. */
export interface SacLimit {
  readonly name: string;
  readonly limit: number;
  /** Most by which an update may move the multiplier. */
  readonly learningRate: number;
}

export interface SacConfig {
  readonly seed: number;
  /** Transitions in all (one row for one step is one); rounded up to whole updates. */
  readonly totalSteps: number;
  /** Steps of every row, learning included, in one call of `update`: log lines and checkpoints stand between. */
  readonly rolloutSteps: number;
  /** Transitions of uniformly random actions before anything is learnt. */
  readonly learningStarts: number;
  /** Gradient steps per transition; a fraction is carried over. */
  readonly updatesPerStep: number;
  readonly batchSize: number;
  /** Transitions kept; the oldest give way. */
  readonly bufferSize: number;
  readonly hidden: readonly number[];
  readonly activation: HiddenActivation;
  readonly actorLearningRate: number;
  readonly criticLearningRate: number;
  readonly temperatureLearningRate: number;
  /** Of all three rates, linearly to 0 over training. */
  readonly annealLearningRate: boolean;
  readonly gamma: number;
  /** Share of the critics that their targets take over in a gradient step. */
  readonly tau: number;
  readonly initialTemperature: number;
  /** Entropy that the temperature is steered to, per action dimension. */
  readonly targetEntropyPerAction: number;
  readonly rewardScale: number;
  /** Limits on the environment's costs; the learner maximises return subject to them. */
  readonly limits: readonly SacLimit[];
}

export const SAC_DEFAULTS: Omit<SacConfig, 'seed' | 'totalSteps'> = {
  rolloutSteps: 200,
  learningStarts: 1000,
  updatesPerStep: 1,
  batchSize: 256,
  bufferSize: 100000,
  hidden: [64, 64],
  activation: 'relu',
  actorLearningRate: 1e-3,
  criticLearningRate: 1e-3,
  temperatureLearningRate: 1e-3,
  annealLearningRate: false,
  gamma: 0.99,
  tau: 0.005,
  initialTemperature: 1,
  targetEntropyPerAction: -1,
  rewardScale: 1,
  limits: [],
};

/** Resets the environment with the seed. The learner owns it from here on. @throws `agents.sac`. */
export function createSac(config: SacConfig, env: VectorEnv, backend: Backend): Learner {
  checkConfig(config, env);
  return new SacLearner(config, env, backend);
}

interface SacState extends TaskState {
  readonly updates: number;
  readonly gradientSteps: number;
  readonly lastReturn: number | null;
  readonly params: Float32Array;
  readonly targets: Float32Array;
  readonly actorAdam: AdamState;
  readonly criticAdam: AdamState;
  readonly temperatureAdam: AdamState;
  readonly act: RandomState;
  readonly learn: RandomState;
  readonly replay: TaskState;
  readonly multipliers: readonly number[];
  readonly runningReturns: Float64Array;
}

class SacLearner implements Learner {
  readonly #config: SacConfig;
  readonly #env: VectorEnv;
  readonly #backend: Backend;
  readonly #rows: number;
  readonly #updates: number;
  readonly #model: Model;
  readonly #params: Float32Array;
  /** Laid out as the parameters; only the critics' part is used. */
  readonly #targets: Float32Array;
  readonly #gradient: Float32Array;
  readonly #actorAdam: Adam;
  readonly #criticAdam: Adam;
  readonly #temperatureAdam: Adam;
  readonly #actRandom: RandomStream;
  readonly #learnRandom: RandomStream;
  readonly #replay: Replay;
  readonly #batch: Transitions;
  /** Which of the environment's costs each limit is on. */
  readonly #costAt: readonly number[];
  readonly #multipliers: Float64Array;
  readonly #runningReturns: Float64Array;
  readonly #observations: Float32Array;
  readonly #now: Squashed;
  readonly #next: Squashed;
  readonly #step: Transitions;
  readonly #heads: Float32Array;
  readonly #issued: Squashed;
  readonly #targetValues: Float32Array;
  readonly #startedMs = performance.now();
  #lastReturn: number | undefined;
  #gradientSteps = 0;
  /** Updates made, and transitions of this process. */
  #made = 0;
  #steps = 0;

  constructor(config: SacConfig, env: VectorEnv, backend: Backend) {
    this.#config = config;
    this.#env = env;
    this.#backend = backend;
    this.#rows = env.numEnvs * env.agentsPerEnv;
    this.#updates = Math.ceil(config.totalSteps / (this.#rows * config.rolloutSteps));
    this.#costAt = config.limits.map(({ name }) => costIndex(env, name));
    this.#multipliers = new Float64Array(config.limits.length);
    this.#model = makeModel(config, env, backend);
    this.#params = initialParameters(this.#model, config);
    this.#targets = this.#params.slice();
    this.#gradient = new Float32Array(this.#params.length);
    const { actor, critics, temperatureAt } = this.#model;
    this.#actorAdam = new Adam(actor.to, { epsilon: ADAM_EPSILON });
    this.#criticAdam = new Adam(critics[1].to - actor.to, { from: actor.to, epsilon: ADAM_EPSILON });
    this.#temperatureAdam = new Adam(1, { from: temperatureAt, epsilon: ADAM_EPSILON });
    this.#actRandom = RandomStream.fromSeed(config.seed, 'sac/act');
    this.#learnRandom = RandomStream.fromSeed(config.seed, 'sac/learn');
    const sizes = { observation: env.observationSize, action: env.actionSize, costs: config.limits.length };
    this.#replay = new Replay(config.bufferSize, sizes);
    this.#batch = makeTransitions(config.batchSize, sizes);
    this.#step = makeTransitions(this.#rows, sizes);
    this.#runningReturns = new Float64Array(this.#rows);
    this.#heads = new Float32Array(this.#rows * 2 * env.actionSize);
    this.#issued = makeSquashed(this.#rows, env.actionSize);
    this.#now = makeSquashed(config.batchSize, env.actionSize);
    this.#next = makeSquashed(config.batchSize, env.actionSize);
    this.#targetValues = new Float32Array(config.batchSize);
    this.#observations = env.reset(config.seed).slice();
  }

  get done(): boolean {
    return this.#made >= this.#updates;
  }

  /** `rolloutSteps` steps of the environment, each followed by the gradient steps that are due. */
  update(): Progress {
    const lived: Lived = { reward: 0, returns: 0, episodes: 0, costs: this.#costAt.map(() => 0) };
    const sums = new Float64Array(METRIC_NAMES.length);
    const before = this.#gradientSteps;
    for (let t = 0; t < this.#config.rolloutSteps; t++) {
      this.#live(lived);
      const due = this.#gradientStepsDue(this.#made * this.#size() + (t + 1) * this.#rows);
      for (; this.#gradientSteps < due; this.#gradientSteps++) this.#learn(sums);
    }
    for (let m = 0; m < sums.length; m++) sums[m]! /= Math.max(this.#gradientSteps - before, 1);
    const learningRate = this.#config.actorLearningRate * this.#annealed();
    this.#made++;
    this.#steps += this.#size();
    if (lived.episodes > 0) this.#lastReturn = lived.returns / lived.episodes;
    const limits = this.#moveMultipliers(lived.costs);
    return this.#report(lived.reward / this.#size(), learningRate, sums, limits);
  }

  result(): LearnerResult {
    const { tf: _tf, ...backend } = this.#backend;
    return {
      layers: meanLayers(this.#params, this.#model.actor),
      parameters: this.#params.slice(),
      backend,
      seed: this.#config.seed,
      steps: this.#made * this.#size(),
      seconds: this.#seconds(),
    };
  }

  /** @throws `env.state` when the environment cannot be saved. */
  getState(): EnvState {
    const state: SacState = {
      updates: this.#made,
      gradientSteps: this.#gradientSteps,
      lastReturn: this.#lastReturn ?? null,
      params: this.#params.slice(),
      targets: this.#targets.slice(),
      actorAdam: this.#actorAdam.getState(),
      criticAdam: this.#criticAdam.getState(),
      temperatureAdam: this.#temperatureAdam.getState(),
      act: this.#actRandom.getState(),
      learn: this.#learnRandom.getState(),
      replay: this.#replay.getState(),
      multipliers: Array.from(this.#multipliers),
      runningReturns: this.#runningReturns.slice(),
    };
    return { learner: stateToJson(state), env: branching(this.#env).getState() };
  }

  setState(json: EnvState): void {
    const state = stateFromJson(json['learner']) as SacState;
    if (state.targets?.length !== this.#params.length || state.multipliers?.length !== this.#multipliers.length) {
      throw fail('env.state', {
        expected: `a checkpoint of ${this.#params.length} parameters and ${this.#multipliers.length} limits`,
        got: [state.targets?.length, state.multipliers?.length],
      });
    }
    this.#replay.setState(state.replay);
    this.#observations.set(branching(this.#env).setState(json['env'] as EnvState));
    this.#made = state.updates;
    this.#gradientSteps = state.gradientSteps;
    this.#lastReturn = state.lastReturn ?? undefined;
    this.#params.set(state.params);
    this.#targets.set(state.targets);
    this.#actorAdam.setState(state.actorAdam);
    this.#criticAdam.setState(state.criticAdam);
    this.#temperatureAdam.setState(state.temperatureAdam);
    this.#actRandom.setState(state.act);
    this.#learnRandom.setState(state.learn);
    this.#multipliers.set(state.multipliers);
    this.#runningReturns.set(state.runningReturns);
  }

  close(): void {
    const { actorNow, actorNext, criticGradients } = this.#model;
    for (const gradient of [actorNow, actorNext, ...criticGradients]) gradient.dispose();
    this.#env.close();
  }

  #seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  /** Transitions of one update. */
  #size(): number {
    return this.#rows * this.#config.rolloutSteps;
  }

  #annealed(): number {
    return this.#config.annealLearningRate ? 1 - this.#made / this.#updates : 1;
  }

  #gradientStepsDue(lived: number): number {
    const { learningStarts, updatesPerStep } = this.#config;
    return Math.floor(Math.max(0, lived - learningStarts) * updatesPerStep);
  }

  // ---- one step of the environment ---------------------------------------------------------------------------

  #live(lived: Lived): void {
    const step = this.#step;
    step.observations.set(this.#observations);
    this.#act();
    const given = this.#env.step(step.actions);
    this.#record(given, lived);
    for (let row = 0; row < this.#rows; row++) this.#replay.add(step, row);
    this.#observations.set(given.observations);
  }

  /** Uniform until learning starts, then drawn from the actor. */
  #act(): void {
    const { actions } = this.#step;
    if (this.#gradientSteps === 0) {
      for (let i = 0; i < actions.length; i++) actions[i] = 2 * uniform(this.#actRandom) - 1;
      return;
    }
    this.#model.actorRunner.run(this.#params, this.#observations, this.#rows, this.#heads);
    squash(this.#heads, this.#actRandom, this.#issued);
    actions.set(this.#issued.actions);
  }

  #record(given: VectorStep, lived: Lived): void {
    const { rewards, terminated, nextObservations } = this.#step;
    const width = this.#env.observationSize;
    rewards.set(given.rewards);
    terminated.set(given.terminated);
    nextObservations.set(given.observations);
    this.#recordCosts(given, lived);
    for (let row = 0; row < this.#rows; row++) {
      lived.reward += given.rewards[row]!;
      this.#runningReturns[row]! += given.rewards[row]!;
      if (given.terminated[row] === 0 && given.truncated[row] === 0) continue;
      const [from, to] = [row * width, (row + 1) * width];
      nextObservations.set(given.finalObservations.subarray(from, to), from);
      lived.returns += this.#runningReturns[row]!;
      lived.episodes++;
      this.#runningReturns[row] = 0;
    }
  }

  #recordCosts({ costs }: VectorStep, lived: Lived): void {
    const width = this.#env.costNames?.length ?? 0;
    const kept = this.#costAt.length;
    for (let k = 0; k < kept; k++) {
      for (let row = 0; row < this.#rows; row++) {
        const cost = costs![row * width + this.#costAt[k]!]!;
        this.#step.costs[row * kept + k] = cost;
        lived.costs[k]! += cost;
      }
    }
  }

  /** lambda_k += rate * clamp(use / limit - 1, +-1), never below 0: dual ascent with bounded steps. */
  #moveMultipliers(costs: readonly number[]): LimitUse[] {
    return this.#config.limits.map(({ name, limit, learningRate }, k) => {
      const use = costs[k]! / this.#size();
      const excess = Math.min(Math.max(use / limit - 1, -1), 1);
      const multiplier = Math.max(0, this.#multipliers[k]! + learningRate * excess);
      this.#multipliers[k] = multiplier;
      return { name, use, limit, multiplier };
    });
  }

  // ---- one gradient step -------------------------------------------------------------------------------------

  /** Critics, actor, temperature, targets, in this order; adds the metrics of METRIC_NAMES to `sums`. */
  #learn(sums: Float64Array): void {
    const { actorNow, temperatureAt } = this.#model;
    const { batchSize, targetEntropyPerAction, temperatureLearningRate } = this.#config;
    const batch = this.#batch;
    this.#replay.sample(this.#learnRandom, batch);
    this.#gradient.fill(0);
    const heads = actorNow.forward(this.#params, batch.observations, batchSize);
    squash(heads, this.#learnRandom, this.#now);
    const temperature = expReal(this.#params[temperatureAt]!);
    const entropy = -mean(this.#now.logProbs);

    const criticLoss = this.#learnCritics(temperature);
    const { actorLoss, meanQ } = this.#learnActor(temperature);
    if (!Number.isFinite(criticLoss + actorLoss)) {
      throw fail('agents.diverged', { expected: 'finite losses', got: { criticLoss, actorLoss } });
    }
    // L = ln(temperature) * (entropy - target), the entropy held
    this.#gradient[temperatureAt] = entropy - targetEntropyPerAction * this.#env.actionSize;
    this.#temperatureAdam.step(this.#params, this.#gradient, temperatureLearningRate * this.#annealed());
    this.#moveTargets();
    [criticLoss, actorLoss, meanQ, entropy, temperature].forEach((value, m) => (sums[m]! += value));
  }

  /**
   *   y = r + gamma (1 - terminated) (min_k Q'_k(s', a') - temperature ln pi(a'|s')),  a' drawn now
   *   L = sum_k mean((Q_k(s, a) - y)^2) / 2
   */
  #learnCritics(temperature: number): number {
    const { actorNext, criticGradients } = this.#model;
    const { batchSize, criticLearningRate } = this.#config;
    const batch = this.#batch;
    const heads = actorNext.forward(this.#params, batch.nextObservations, batchSize);
    actorNext.release();
    squash(heads, this.#learnRandom, this.#next);
    const ahead = join(batch.nextObservations, this.#next.actions, batchSize);
    const [q1, q2] = criticGradients.map((critic) => critic.forward(this.#targets, ahead, batchSize));
    this.#setTargetValues(q1!, q2!, temperature);
    const taken = join(batch.observations, batch.actions, batchSize);
    let loss = 0;
    for (const critic of criticGradients) {
      const q = critic.forward(this.#params, taken, batchSize);
      const slopes = new Float32Array(batchSize);
      for (let k = 0; k < batchSize; k++) {
        const error = q[k]! - this.#targetValues[k]!;
        loss += (error * error) / (2 * batchSize);
        slopes[k] = error / batchSize;
      }
      critic.backward(slopes, this.#gradient);
    }
    this.#criticAdam.step(this.#params, this.#gradient, criticLearningRate * this.#annealed());
    return loss;
  }

  #setTargetValues(q1: Float32Array, q2: Float32Array, temperature: number): void {
    const { gamma, rewardScale, limits } = this.#config;
    const { rewards, costs, terminated } = this.#batch;
    const share = 1 / (1 + this.#multipliers.reduce((sum, x) => sum + x, 0));
    for (let k = 0; k < q1.length; k++) {
      // r = (scale r - sum_j lambda_j cost_j / limit_j) / (1 + sum_j lambda_j)
      let reward = rewardScale * rewards[k]!;
      for (let j = 0; j < limits.length; j++) {
        reward -= (this.#multipliers[j]! * costs[k * limits.length + j]!) / limits[j]!.limit;
      }
      const soft = Math.min(q1[k]!, q2[k]!) - temperature * this.#next.logProbs[k]!;
      this.#targetValues[k] = share * reward + gamma * (1 - terminated[k]!) * soft;
    }
  }

  /** L = mean(temperature ln pi(a|s) - min_k Q_k(s, a)), a = tanh(mu + sigma noise) drawn before; the critics are held. */
  #learnActor(temperature: number): { actorLoss: number; meanQ: number } {
    const { actorNow, criticGradients } = this.#model;
    const { batchSize, actorLearningRate } = this.#config;
    const { observations } = this.#batch;
    const [first, second] = criticGradients;
    const taken = join(observations, this.#now.actions, batchSize);
    const q1 = first.forward(this.#params, taken, batchSize);
    const q2 = second.forward(this.#params, taken, batchSize);
    const lower1 = q1.map((q, k) => (q <= q2[k]! ? 1 : 0));
    const slopes1 = first.backward(lower1, undefined, true);
    const slopes2 = second.backward(
      lower1.map((one) => 1 - one),
      undefined,
      true,
    );
    first.release();
    second.release();
    const slopes = slopes1.map((slope, i) => slope + slopes2[i]!);
    actorNow.backward(actorSlopes(this.#now, slopes, temperature, this.#env.observationSize), this.#gradient);
    actorNow.release();
    this.#actorAdam.step(this.#params, this.#gradient, actorLearningRate * this.#annealed());
    const meanQ = mean(q1.map((q, k) => Math.min(q, q2[k]!)));
    return { actorLoss: temperature * mean(this.#now.logProbs) - meanQ, meanQ };
  }

  /** target += tau (critic - target) */
  #moveTargets(): void {
    const { actor, critics } = this.#model;
    const { tau } = this.#config;
    for (let i = actor.to; i < critics[1].to; i++) {
      this.#targets[i]! += tau * (this.#params[i]! - this.#targets[i]!);
    }
  }

  #report(meanReward: number, learningRate: number, sums: Float64Array, limits: readonly LimitUse[]): Progress {
    const metrics = METRIC_NAMES.map((name, m) => [name, sums[m]!] as const);
    return {
      algorithm: 'sac',
      update: this.#made,
      updates: this.#updates,
      steps: this.#made * this.#size(),
      totalSteps: this.#updates * this.#size(),
      seconds: this.#seconds(),
      stepsPerSecond: this.#steps / this.#seconds(),
      meanReward,
      meanReturn: this.#lastReturn,
      limits,
      learningRate,
      metrics: { ...Object.fromEntries(metrics), gradientSteps: this.#gradientSteps },
      tensors: this.#backend.tf.memory().numTensors,
      digest: parameterDigest(this.#params),
      backend: describeBackend(this.#backend),
    };
  }
}

// ---- model -------------------------------------------------------------------------------------------------

/** ln(2 pi) / 2, and ln 2 */
const HALF_LN_2PI = 0.9189385332046727;
const LN2 = 0.6931471805599453;
/** Bounds of the actor's log-standard-deviations. */
const MIN_LOG_STD = -5;
const MAX_LOG_STD = 2;
const ADAM_EPSILON = 1e-8;
const METRIC_NAMES = ['criticLoss', 'actorLoss', 'meanQ', 'entropy', 'temperature'] as const;

/** Sums over the steps of an update. */
interface Lived {
  reward: number;
  returns: number;
  episodes: number;
  readonly costs: number[];
}

/** Layouts in the flat vector, and who runs them. */
interface Model {
  /** Outputs: a mean for each action, then a log-standard-deviation before its bounds for each. */
  readonly actor: MlpShape;
  readonly critics: readonly [MlpShape, MlpShape];
  /** ln of the temperature. */
  readonly temperatureAt: number;
  readonly actorRunner: MlpRunner;
  /** Two of the same actor: what one passed forward waits for its backward pass while the other looks ahead. */
  readonly actorNow: MlpGradient;
  readonly actorNext: MlpGradient;
  readonly criticGradients: readonly [MlpGradient, MlpGradient];
}

function makeModel({ hidden, activation }: SacConfig, env: VectorEnv, { tf }: Backend): Model {
  const { observationSize, actionSize } = env;
  const actor = mlpShape([observationSize, ...hidden, 2 * actionSize], activation);
  const criticSizes = [observationSize + actionSize, ...hidden, 1];
  const first = mlpShape(criticSizes, activation, actor.to);
  const second = mlpShape(criticSizes, activation, first.to);
  return {
    actor,
    critics: [first, second],
    temperatureAt: second.to,
    actorRunner: new MlpRunner(actor),
    actorNow: new MlpGradient(tf, actor),
    actorNext: new MlpGradient(tf, actor),
    criticGradients: [new MlpGradient(tf, first), new MlpGradient(tf, second)],
  };
}

function initialParameters({ actor, critics, temperatureAt }: Model, config: SacConfig): Float32Array {
  const params = new Float32Array(temperatureAt + 1);
  const stream = RandomStream.fromSeed(config.seed, 'sac/init');
  initialiseMlp(params, actor, 0.01, stream);
  for (const critic of critics) initialiseMlp(params, critic, 1, stream);
  params[temperatureAt] = lnReal(config.initialTemperature);
  return params;
}

/** The deterministic policy tanh(mu): of the last layer the means' half, squashed. */
function meanLayers(params: Float32Array, actor: MlpShape): FloatLayer[] {
  const layers = layersOf(params, actor);
  const { inSize, outSize, weights, bias } = layers.pop()!;
  const actions = outSize / 2;
  const head = { inSize, outSize: actions, weights: weights.slice(0, actions * inSize), bias: bias.slice(0, actions) };
  return [...layers, { ...head, activation: 'tanh' }];
}

// ---- squashed Gaussian -------------------------------------------------------------------------------------

/** Actions drawn from the actor, and what their gradient needs; rows x actions, `logProbs` per row. */
export interface Squashed {
  readonly actions: Float32Array;
  readonly logProbs: Float32Array;
  /** sigma * noise: what the draw added to the mean. */
  readonly offsets: Float64Array;
  /** d logStd / d head. */
  readonly logStdSlopes: Float64Array;
}

export function makeSquashed(rows: number, actionSize: number): Squashed {
  return {
    actions: new Float32Array(rows * actionSize),
    logProbs: new Float32Array(rows),
    offsets: new Float64Array(rows * actionSize),
    logStdSlopes: new Float64Array(rows * actionSize),
  };
}

/**
 * heads: rows x (means, then x of logStd = lo + (hi - lo) (tanh x + 1) / 2).
 *   u = mu + sigma e,  a = tanh u
 *   ln pi = sum_d (-e^2/2 - logStd - ln(2 pi)/2 - ln(1 - a^2)),  ln(1 - tanh^2 u) = 2 (ln 2 - |u| - ln(1 + exp(-2|u|)))
 */
export function squash(heads: Float32Array, stream: RandomStream, out: Squashed): void {
  const rows = out.logProbs.length;
  const size = out.actions.length / rows;
  const half = (MAX_LOG_STD - MIN_LOG_STD) / 2;
  for (let row = 0; row < rows; row++) {
    let logProb = 0;
    for (let d = 0; d < size; d++) {
      const at = row * size + d;
      const bent = tanhReal(heads[row * 2 * size + size + d]!);
      const logStd = MIN_LOG_STD + half * (bent + 1);
      const e = normal(stream);
      const offset = expReal(logStd) * e;
      const u = heads[row * 2 * size + d]! + offset;
      const far = Math.abs(u);
      const tail = expReal(-2 * far);
      const bend = 2 * (LN2 - far - lnReal(1 + tail));
      const a = (1 - tail) / (1 + tail);
      out.actions[at] = u < 0 ? -a : a;
      out.offsets[at] = offset;
      out.logStdSlopes[at] = half * (1 - bent * bent);
      logProb -= 0.5 * e * e + logStd + HALF_LN_2PI + bend;
    }
    out.logProbs[row] = logProb;
  }
}

/**
 * dL/dheads of L = mean(temperature ln pi - Q), the noise held. qSlopes: rows x (observations, actions), dQ/d(s, a).
 *   d ln pi/du = 2 a,  g = (2 a temperature - (1 - a^2) dQ/da) / n
 *   dL/dmu = g,  dL/dlogStd = g sigma e - temperature / n
 */
export function actorSlopes(
  { actions, logProbs, offsets, logStdSlopes }: Squashed,
  qSlopes: Float32Array,
  temperature: number,
  observationSize: number,
): Float32Array {
  const rows = logProbs.length;
  const size = actions.length / rows;
  const out = new Float32Array(rows * 2 * size);
  for (let row = 0; row < rows; row++) {
    for (let d = 0; d < size; d++) {
      const at = row * size + d;
      const a = actions[at]!;
      const q = qSlopes[row * (observationSize + size) + observationSize + d]!;
      const g = (2 * a * temperature - (1 - a * a) * q) / rows;
      out[row * 2 * size + d] = g;
      out[row * 2 * size + size + d] = (g * offsets[at]! - temperature / rows) * logStdSlopes[at]!;
    }
  }
  return out;
}

/** Row by row: observations, then actions. */
function join(observations: Float32Array, actions: Float32Array, rows: number): Float32Array {
  const n = observations.length / rows;
  const d = actions.length / rows;
  const out = new Float32Array(rows * (n + d));
  for (let row = 0; row < rows; row++) {
    const at = row * (n + d);
    for (let i = 0; i < n; i++) out[at + i] = observations[row * n + i]!;
    for (let i = 0; i < d; i++) out[at + n + i] = actions[row * d + i]!;
  }
  return out;
}

function mean(x: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]!;
  return sum / x.length;
}

function costIndex(env: VectorEnv, name: string): number {
  const at = env.costNames?.indexOf(name) ?? -1;
  if (at < 0) {
    const known = env.costNames?.join(', ') ?? '';
    throw fail('agents.sac', { expected: `limits.name: a cost of ${env.id} (${known || 'it has none'})`, got: name });
  }
  return at;
}

function branching(env: VectorEnv): BranchingVectorEnv {
  if ('getState' in env && 'setState' in env) return env as BranchingVectorEnv;
  throw fail('env.state', { expected: 'an environment that can be saved', got: env.id });
}

// ---- settings ----------------------------------------------------------------------------------------------

/** Bounds of every number in a SacConfig; recipes are checked against the same table. */
export const SAC_BOUNDS: Record<
  Exclude<keyof SacConfig, 'hidden' | 'activation' | 'annealLearningRate' | 'limits'>,
  readonly [number, number, 'integer' | 'real']
> = {
  seed: [0, 4294967295, 'integer'],
  totalSteps: [1, 1e10, 'integer'],
  rolloutSteps: [1, 1e5, 'integer'],
  learningStarts: [1, 1e8, 'integer'],
  updatesPerStep: [0, 100, 'real'],
  batchSize: [1, 1e5, 'integer'],
  bufferSize: [1, 1e7, 'integer'],
  actorLearningRate: [0, 1, 'real'],
  criticLearningRate: [0, 1, 'real'],
  temperatureLearningRate: [0, 1, 'real'],
  gamma: [0, 1, 'real'],
  tau: [0, 1, 'real'],
  initialTemperature: [1e-6, 1e3, 'real'],
  targetEntropyPerAction: [-10, 1, 'real'],
  rewardScale: [1e-6, 1e6, 'real'],
};

function checkConfig(config: SacConfig, env: VectorEnv): void {
  for (const [name, [lo, hi, kind]] of Object.entries(SAC_BOUNDS)) {
    const value = config[name as keyof typeof SAC_BOUNDS];
    const ok = value >= lo && value <= hi && (kind === 'real' || Number.isInteger(value));
    if (!ok) throw fail('agents.sac', { expected: `${name}: ${kind} in [${lo}, ${hi}]`, got: value });
  }
  if (!['relu', 'hardtanh', 'tanh'].includes(config.activation)) {
    throw fail('agents.sac', { expected: 'activation: relu, hardtanh or tanh', got: config.activation });
  }
  for (const { name, limit, learningRate } of config.limits) {
    if (!(limit > 0 && limit < Infinity && learningRate >= 0 && learningRate <= 100)) {
      const expected = `limits.${name}: limit above 0, learningRate in [0, 100]`;
      throw fail('agents.sac', { expected, got: { limit, learningRate } });
    }
  }
  if (env.actionChoices !== undefined) {
    throw fail('agents.sac', { expected: 'continuous actions', got: `${env.id} with choices` });
  }
}
