import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, it, expect } from 'vitest';
import { loadBackend, type Tf } from '../../src/agents/backend.ts';
import { initialiseMlp, MlpRunner, mlpShape, runnerOf, type HiddenActivation } from '../../src/agents/network.ts';
import { Adam, clipGlobalNorm } from '../../src/agents/adam.ts';
import { MlpGradient } from '../../src/agents/gradient.ts';
import { formatProgress, parameterDigest, type Progress } from '../../src/agents/learner.ts';
import { lossGradient, trainPpo, type PpoConfig } from '../../src/agents/ppo.ts';
import { RandomStream } from '../../src/base/random.ts';
import { normal, uniform } from '../../src/base/realMath.ts';
import type { VectorStep } from '../../src/env/gym/types.ts';
import { ToyLineEnv } from './support/toyEnv.ts';
import { makeToy, TOY_CONFIG } from './support/trainToy.ts';

const SETTINGS = { clip: 0.2, valueCoefficient: 0.5, entropyCoefficient: 0.01 };

/** The toy line with every step changed on its way to the learner. */
function makeChangedToy(change: (step: VectorStep) => void): () => ToyLineEnv {
  class ChangedToy extends ToyLineEnv {
    override step(actions: Float32Array): VectorStep {
      const step = super.step(actions);
      change(step);
      return step;
    }
  }
  return () => new ChangedToy(32);
}

/** Of the wasm binary that the pinned digests below were made on. */
const PINNED_BACKEND = 'simd sha256:77ebb28a6d34f371';

function problem(seed: number, hidden: HiddenActivation) {
  const actor = mlpShape([3, 8, 2], hidden);
  const critic = mlpShape([3, 8, 1], hidden, actor.to);
  const params = new Float32Array(critic.to + 2);
  const stream = RandomStream.fromSeed(seed, 'loss');
  initialiseMlp(params, actor, 0.5, stream);
  initialiseMlp(params, critic, 1, stream);
  params.fill(-0.5, critic.to);
  const size = 32;
  const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => normal(stream));
  const observations = draw(size * 3);
  const mini = {
    size,
    observations,
    criticObservations: observations,
    actions: draw(size * 2).map((a) => 0.6 * a),
    // Near the current policy's own log probabilities, so that some ratios clip and some do not.
    logProbs: Float32Array.from({ length: size }, () => -1 - 1.5 * uniform(stream)),
    advantages: draw(size),
    targets: draw(size),
  };
  return { model: { actor, critic, logStdAt: critic.to }, params, mini };
}

/** The gradient on a backend: [policyLoss, valueLoss, approxKl, clipFraction, entropy]. */
function gradientOn(tf: Tf, { model, params, mini }: ReturnType<typeof problem>, gradient: Float32Array) {
  const actorGradient = new MlpGradient(tf, model.actor);
  const criticGradient = new MlpGradient(tf, model.critic);
  const nets = { ...model, choices: undefined, actorGradient, criticGradient };
  const metrics = lossGradient(nets, SETTINGS, params, mini, gradient);
  actorGradient.dispose();
  criticGradient.dispose();
  return metrics;
}

/** The loss of docs/agents/ppo.md in double precision with the built-in Math, as an oracle. */
function lossOracle({ model, mini }: ReturnType<typeof problem>, params: Float32Array): number {
  const mean = new Float32Array(mini.size * 2);
  const value = new Float32Array(mini.size);
  new MlpRunner(model.actor).run(params, mini.observations, mini.size, mean);
  new MlpRunner(model.critic).run(params, mini.observations, mini.size, value);
  const logStd = [...params.slice(model.logStdAt)];
  let policy = 0;
  let squares = 0;
  for (let k = 0; k < mini.size; k++) {
    let logProb = 0;
    logStd.forEach((s, d) => {
      const z = (mini.actions[2 * k + d]! - mean[2 * k + d]!) / Math.exp(s);
      logProb -= 0.5 * z * z + s + 0.5 * Math.log(2 * Math.PI);
    });
    const ratio = Math.exp(logProb - mini.logProbs[k]!);
    const clipped = Math.min(Math.max(ratio, 0.8), 1.2);
    policy -= Math.min(ratio * mini.advantages[k]!, clipped * mini.advantages[k]!);
    squares += (value[k]! - mini.targets[k]!) ** 2;
  }
  const entropy = logStd.reduce((sum, s) => sum + s + 0.5 * Math.log(2 * Math.PI * Math.E), 0);
  return (policy + 0.25 * squares) / mini.size - 0.01 * entropy;
}

describe('PPO loss gradient', () => {
  it.each<HiddenActivation>(['relu', 'hardtanh', 'tanh'])(
    'is the slope of the loss (%s, central differences)',
    async (hidden) => {
      const { tf } = await loadBackend('wasm');
      const setup = problem(11, hidden);
      const { model, params } = setup;
      const gradient = new Float32Array(params.length);
      const metrics = gradientOn(tf, setup, gradient);
      expect(metrics[3]).toBeGreaterThan(0.1);
      expect(metrics[3]).toBeLessThan(0.9);
      const stream = RandomStream.fromSeed(2, 'directions');
      for (let trial = 0; trial < 12; trial++) {
        // One random coordinate block each: a direction over all parameters would hide a wrong one.
        const from = stream.below(params.length - 1);
        const h = 1e-3;
        const shifted = (by: number): Float32Array => params.map((x, i) => (i === from ? x + by : x));
        const slope = (lossOracle(setup, shifted(h)) - lossOracle(setup, shifted(-h))) / (2 * h);
        expect(gradient[from]).toBeCloseTo(slope, 2);
      }
      for (const at of [model.logStdAt, model.logStdAt + 1]) {
        const shifted = (by: number): Float32Array => params.map((x, i) => (i === at ? x + by : x));
        const slope = (lossOracle(setup, shifted(1e-3)) - lossOracle(setup, shifted(-1e-3))) / 2e-3;
        expect(gradient[at]).toBeCloseTo(slope, 2);
      }
    },
  );

  it('is the same on wasm and cpu to float precision', async () => {
    const setup = problem(3, 'relu');
    const onWasm = new Float32Array(setup.params.length);
    const onCpu = new Float32Array(setup.params.length);
    gradientOn((await loadBackend('wasm')).tf, setup, onWasm);
    gradientOn((await loadBackend('cpu')).tf, setup, onCpu);
    onWasm.forEach((g, i) => expect(onCpu[i]).toBeCloseTo(g, 4));
  });
});

describe('Adam and the global norm', () => {
  it('takes a first step of the learning rate against the sign, then the hand-worked second', () => {
    const adam = new Adam(1);
    const x = Float32Array.of(1);
    adam.step(x, Float32Array.of(2), 0.1);
    // mHat = 2, vHat = 4: 0.1 * 2 / (2 + 1e-5)
    expect(x[0]).toBeCloseTo(0.9000005, 6);
    adam.step(x, Float32Array.of(-1), 0.1);
    // m = 0.9*0.2-0.1 = 0.08, mHat = 0.08/0.19;  v = 0.999*0.004+0.001 = 0.004996, vHat = 0.004996/0.001999
    expect(x[0]).toBeCloseTo(0.9000005 - (0.1 * (0.08 / 0.19)) / (Math.sqrt(0.004996 / 0.001999) + 1e-5), 6);
  });

  it('shortens only what is longer', () => {
    const g = Float32Array.of(3, 4);
    expect(clipGlobalNorm(g, 10)).toBe(5);
    expect([...g]).toEqual([3, 4]);
    expect(clipGlobalNorm(g, 1)).toBe(5);
    expect(g[0]).toBeCloseTo(0.6, 6);
    expect(g[1]).toBeCloseTo(0.8, 6);
  });
});

describe('PPO on the toy line', () => {
  it('learns to stand on the goal, with a constant tensor count and the backend on every line', async () => {
    const lines: Progress[] = [];
    const result = await trainPpo(TOY_CONFIG, makeToy, (p) => void lines.push(p));
    expect(lines.length).toBe(24);
    expect(lines[0]!.meanReward).toBeLessThan(-0.3);
    expect(lines.at(-1)!.meanReward).toBeGreaterThan(-0.04);
    expect(new Set(lines.map((p) => p.tensors)).size).toBe(1);
    for (const p of lines) expect(formatProgress(p)).toMatch(/backend wasm tfjs-core 4\.22\.0 \(/);
    const act = runnerOf(result.layers);
    const action = new Float32Array(2);
    act(Float32Array.of(0.5, -0.5, -0.5, 0.5), 2, action);
    expect(action[0]).toBeLessThan(-0.5);
    expect(action[1]).toBeGreaterThan(0.5);
  });

  it('gives identical parameter bytes for one seed, in this process and in another', async () => {
    const config: PpoConfig = { ...TOY_CONFIG, totalSteps: 8192 };
    const first = await trainPpo(config, makeToy);
    const second = await trainPpo(config, makeToy);
    expect(second.parameters).toEqual(first.parameters);
    const script = fileURLToPath(new URL('./support/trainToy.ts', import.meta.url));
    const elsewhere = execFileSync(process.execPath, ['--import', 'tsx', script, 'run'], { encoding: 'utf8' });
    expect(elsewhere).toBe(parameterDigest(first.parameters));
    const other = await trainPpo({ ...config, seed: 8 }, makeToy);
    expect(other.parameters).not.toEqual(first.parameters);
  });

  it('gives the bytes it always gave', async ({ skip }) => {
    const { detail } = await loadBackend('wasm');
    if (detail !== PINNED_BACKEND) skip(`pinned on ${PINNED_BACKEND}, here ${detail}`);
    const { parameters } = await trainPpo({ ...TOY_CONFIG, totalSteps: 8192 }, makeToy);
    expect(parameterDigest(parameters)).toBe('5e6dcf40eb7991a8');
  });

  it('takes the value beyond a truncation from the final observation, and reads no other', async () => {
    const config: PpoConfig = { ...TOY_CONFIG, totalSteps: 8192 };
    const poison = (where: 0 | 1) =>
      makeChangedToy(({ finalObservations, truncated }) => {
        truncated.forEach((cut, row) => {
          if (cut === where) finalObservations.fill(9, 2 * row, 2 * row + 2);
        });
      });
    const plain = await trainPpo(config, makeToy);
    expect((await trainPpo(config, poison(0))).parameters).toEqual(plain.parameters);
    expect((await trainPpo(config, poison(1))).parameters).not.toEqual(plain.parameters);
  });

  it('learns alike from rewards a thousand times as large', async () => {
    const config: PpoConfig = { ...TOY_CONFIG, totalSteps: 8192 };
    const larger = makeChangedToy(({ rewards }) => rewards.forEach((r, row) => (rewards[row] = 1024 * r)));
    const [plain, scaled] = [await trainPpo(config, makeToy), await trainPpo(config, larger)];
    plain.parameters.forEach((x, i) => expect(scaled.parameters[i]).toBeCloseTo(x, 3));
    expect(scaled.stats[0]!.meanReward).toBeCloseTo(1024 * plain.stats[0]!.meanReward, 3);
  });

  it('anneals its rate to 0, holds the floor of the deviation, and explains at most everything', async () => {
    const config: PpoConfig = { ...TOY_CONFIG, minLogStd: TOY_CONFIG.initialLogStd };
    const { stats } = await trainPpo(config, makeToy);
    stats.forEach(({ learningRate, metrics: { logStd, explainedVariance } }, k) => {
      expect(learningRate).toBeCloseTo(config.learningRate * (1 - k / stats.length), 12);
      expect(logStd).toBeGreaterThanOrEqual(Math.fround(config.minLogStd));
      expect(explainedVariance).toBeLessThanOrEqual(1);
    });
    expect(stats.at(-1)!.metrics['explainedVariance']).toBeGreaterThan(0.3);
    const free = await trainPpo(TOY_CONFIG, makeToy);
    expect(free.stats.at(-1)!.metrics['logStd']).toBeLessThan(config.minLogStd);
  });

  it('stops the epochs of an update at the KL limit', async () => {
    const config: PpoConfig = { ...TOY_CONFIG, totalSteps: 4096, learningRate: 0.02, epochs: 10, targetKl: 0.01 };
    const { stats } = await trainPpo(config, makeToy);
    expect(stats[0]!.metrics['epochs']).toBeLessThan(10);
  });

  it('refuses settings outside their bounds', async () => {
    await expect(trainPpo({ ...TOY_CONFIG, gamma: 1.5 }, makeToy)).rejects.toMatchObject({ code: 'agents.ppo' });
    await expect(trainPpo({ ...TOY_CONFIG, minibatchSize: 1e5 }, makeToy)).rejects.toMatchObject({
      code: 'agents.ppo',
    });
  });
});
