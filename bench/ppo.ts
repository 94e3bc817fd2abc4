/**
 * PPO end to end, rollout and update: ours on wasm (and on the native addon where it loads) beside bench/naivePpo.ts on
 * wasm and Stable-Baselines3, on one task with one network and the same minibatches. Then what was learnt: mean return
 * of the deterministic policy after the same number of transitions, several seeds.
 */
import * as layers from '@tensorflow/tfjs-layers';
import { describeBackend, loadBackend, type Backend } from '../src/agents/backend.ts';
import { runnerOf } from '../src/agents/network.ts';
import { createPpo } from '../src/agents/ppo.ts';
import type { VectorEnv } from '../src/env/gym/types.ts';
import { measureRate, type Bench, type BenchOptions, type Measurement, type Workload } from './harness.ts';
import { NaivePpo } from './naivePpo.ts';
import { ppoPeer, type PeerRate } from './peers.ts';
import { configOf, PPO_TASKS, type PpoTask } from './ppoTasks.ts';

const ROUNDS = 2;

/** Deterministic: observations of `rows` rows to actions. */
type Act = (observations: Float32Array, rows: number, actions: Float32Array) => void;

interface Contender {
  readonly name: string;
  readonly terms: string;
  /** A training that never ends. */
  start(task: PpoTask): Workload & { close(): void };
  /** Trained for the task's number of transitions. */
  train(task: PpoTask, seed: number): { readonly act: Act; close(): void };
}

export const ppoBench: Bench = async function* (options) {
  const wasm = await loadBackend('wasm');
  const wanted = (metric: string): boolean => metric.includes(options.only);
  for (const task of PPO_TASKS) {
    yield* speeds(task, [ours(wasm), naive(wasm)], options, wanted);
    yield* returns(task, [ours(wasm), naive(wasm)], options, wanted);
  }
  const native = await nativeBackend();
  if (native === undefined) return;
  for (const task of PPO_TASKS) {
    yield* speeds(task, [ours(native)], { ...options, withPeers: false }, wanted);
  }
};

/** `ppo.wasm.stepsPerSecond` is CartPole-v1; other tasks stand in the name. */
function metricName(contender: string, task: PpoTask, what: string): string {
  const middle = task === PPO_TASKS[0] ? '' : `${task.id.replace(/-v\d+$/, '').toLowerCase()}.`;
  return `ppo.${contender}.${middle}${what}`;
}

async function nativeBackend(): Promise<Backend | undefined> {
  try {
    return await loadBackend('node');
  } catch (error) {
    process.stderr.write(`ppo.node skipped: no native addon (${JSON.stringify((error as { got?: unknown }).got)})\n`);
    return undefined;
  }
}

// ---- speed -------------------------------------------------------------------------------------------------

async function* speeds(
  task: PpoTask,
  contenders: readonly Contender[],
  { seconds, withPeers }: BenchOptions,
  wanted: (metric: string) => boolean,
): AsyncGenerator<Measurement> {
  const names = contenders.map(({ name }) => metricName(name, task, 'stepsPerSecond'));
  if (!names.some(wanted)) return;
  const running = contenders.map((contender) => contender.start(task));
  const best = contenders.map(() => 0);
  let peer: PeerRate | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    running.forEach((workload, k) => {
      best[k] = Math.max(best[k]!, measureRate(workload, seconds / ROUNDS).best);
    });
    if (!withPeers || task.peer === undefined || (round > 0 && peer === undefined)) continue;
    const rate = ppoPeer('rate', seconds / ROUNDS, { task: task.peer, ...task.settings });
    if (rate !== undefined && rate.value > (peer?.value ?? 0)) peer = rate;
  }
  const own = contenders.map((contender, k): Measurement => {
    const { name, terms } = contender;
    const checksum = running[k]!.checksum();
    return {
      metric: names[k]!,
      contender: name,
      value: best[k]!,
      unit: 'steps/s',
      terms: terms + termsOf(task),
      checksum,
    };
  });
  yield* beside(own, peer);
  running.forEach((workload) => workload.close());
}

/** The first of `own` against the others and the peer, then the others alone. */
function* beside([first, ...others]: readonly Measurement[], peer: PeerRate | undefined): Generator<Measurement> {
  const against = others.map(({ contender, value, terms }) => ({ peer: contender!, value, note: terms }));
  const all = peer === undefined ? against : [...against, peer];
  if (all.length === 0) yield first!;
  for (const { peer: name, value, note } of all) yield { ...first!, peer: name, peerValue: value, peerNote: note };
  yield* others;
}

function termsOf({ id, settings }: PpoTask): string {
  const { numEnvs, rolloutSteps, epochs, minibatchSize, hidden } = settings;
  return `${id}, ${numEnvs} copies x ${rolloutSteps} steps, minibatch ${minibatchSize}, ${epochs} epochs, ${hidden.join('-')} relu`;
}

// ---- returns -----------------------------------------------------------------------------------------------

async function* returns(
  task: PpoTask,
  contenders: readonly Contender[],
  { seeds, withPeers }: BenchOptions,
  wanted: (metric: string) => boolean,
): AsyncGenerator<Measurement> {
  const names = contenders.map(({ name }) => metricName(name, task, 'meanReturn'));
  if (seeds === 0 || !names.some(wanted)) return;
  const each = Array.from({ length: seeds }, (_, k) => k + 1);
  const own = contenders.map((contender, k): Measurement => {
    const samples = each.map((seed) => said(names[k]!, seed, returnOf(contender, task, seed)));
    const terms = `${contender.terms}${termsOf(task)}; ${task.settings.returnSteps} transitions, ${task.episodes} episodes, seeds 1..${seeds}`;
    return {
      metric: names[k]!,
      contender: contender.name,
      value: mean(samples),
      samples,
      unit: 'return',
      terms,
      checksum: mean(samples),
    };
  });
  yield* beside(own, withPeers ? peerReturn(task, each) : undefined);
}

function peerReturn(task: PpoTask, seeds: readonly number[]): PeerRate | undefined {
  if (task.peer === undefined) return undefined;
  const found: PeerRate[] = [];
  for (const seed of seeds) {
    const one = ppoPeer('return', seed, { task: task.peer, ...task.settings });
    if (one === undefined) return undefined;
    said(one.peer, seed, one.value);
    found.push(one);
  }
  const samples = found.map(({ value }) => value);
  return { ...found[0]!, value: mean(samples), note: `${found[0]!.note}; each seed: ${samples.join(', ')}` };
}

/** Trainings take minutes: one line on stderr for each. */
function said(what: string, seed: number, value: number): number {
  process.stderr.write(`${what}, seed ${seed}: ${value.toFixed(2)}\n`);
  return value;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

function returnOf(contender: Contender, task: PpoTask, seed: number): number {
  const trained = contender.train(task, seed);
  const value = evaluate(task.make(EVALUATION_COPIES), trained.act, task.episodes);
  trained.close();
  return value;
}

const EVALUATION_COPIES = 10;
const EVALUATION_SEED = 20000;

/** Mean return of a row's episode over the first `episodes` / copies episodes of every copy, the same starts for all. */
function evaluate(env: VectorEnv, act: Act, episodes: number): number {
  const rows = env.numEnvs * env.agentsPerEnv;
  const left = new Int32Array(rows).fill(episodes / env.numEnvs);
  const actions = new Float32Array(rows * env.actionSize);
  let observations = env.reset(EVALUATION_SEED);
  let sum = 0;
  while (left.some((n) => n > 0)) {
    act(observations, rows, actions);
    const step = env.step(actions);
    for (let row = 0; row < rows; row++) {
      if (left[row] === 0) continue;
      sum += step.rewards[row]!;
      if (step.terminated[row] === 1 || step.truncated[row] === 1) left[row]!--;
    }
    observations = step.observations;
  }
  env.close();
  return sum / (env.agentsPerEnv * episodes);
}

// ---- contenders --------------------------------------------------------------------------------------------

const ENDLESS = 1e9;

function ours(backend: Backend): Contender {
  return {
    name: backend.name,
    terms: `src/agents/ppo.ts, ${describeBackend(backend)}, `,
    start(task) {
      const learner = createPpo(configOf(task.settings, ENDLESS, 1), task.make(task.settings.numEnvs), backend);
      let steps = 0;
      let sum = 0;
      return {
        batch() {
          const progress = learner.update();
          const made = progress.steps - steps;
          steps = progress.steps;
          sum += progress.meanReward;
          return made;
        },
        checksum: () => sum,
        close: () => learner.close(),
      };
    },
    train(task, seed) {
      const config = configOf(task.settings, task.settings.returnSteps, seed);
      const env = task.make(task.settings.numEnvs);
      const learner = createPpo(config, env, backend);
      while (!learner.done) learner.update();
      const run = runnerOf(learner.result().layers);
      return { act: actWith(run, env), close: () => learner.close() };
    },
  };
}

/** Clipped to [-1, 1], or the first of the largest outputs. */
function actWith(run: ReturnType<typeof runnerOf>, { actionChoices, actionSize }: VectorEnv): Act {
  if (actionChoices === undefined) {
    return (observations, rows, actions) => {
      run(observations, rows, actions);
      for (let k = 0; k < actions.length; k++) actions[k] = Math.min(Math.max(actions[k]!, -1), 1);
    };
  }
  const width = actionChoices[0]!;
  if (actionSize !== 1) throw new Error('one choice an action');
  return (observations, rows, actions) => {
    const outputs = new Float32Array(rows * width);
    run(observations, rows, outputs);
    for (let row = 0; row < rows; row++) {
      const own = outputs.subarray(row * width, (row + 1) * width);
      actions[row] = own.indexOf(Math.max(...own));
    }
  };
}

function naive(backend: Backend): Contender {
  const make = (task: PpoTask, seed: number): NaivePpo =>
    new NaivePpo(backend.tf, layers, task.make(task.settings.numEnvs), task.settings, seed);
  return {
    name: 'naive',
    terms: `bench/naivePpo.ts, ${describeBackend(backend)}, `,
    start(task) {
      const learner = make(task, 1);
      return { batch: () => learner.update(), checksum: () => learner.rewardSum, close: () => learner.close() };
    },
    train(task, seed) {
      const learner = make(task, seed);
      let steps = 0;
      while (steps < task.settings.returnSteps) steps += learner.update();
      const act: Act = (observations, rows, actions) => learner.act(observations, rows, actions);
      return { act, close: () => learner.close() };
    },
  };
}
