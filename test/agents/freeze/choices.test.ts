/** Policies that choose among actions: logits frozen, the greatest picks a row of the action table. */
import { describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/agents/backend.ts';
import { makeCartPole } from '../../../src/agents/classic/cartPole.ts';
import { floatPolicyFunction } from '../../../src/agents/freeze/floatFunction.ts';
import type { FloatLayer, FloatPolicy } from '../../../src/agents/freeze/floatPolicy.ts';
import { freezePolicy } from '../../../src/agents/freeze/freeze.ts';
import { freezeModel } from '../../../src/agents/freeze/freezeModel.ts';
import { createPpo, PPO_DEFAULTS } from '../../../src/agents/ppo.ts';
import { isGridPactError } from '../../../src/base/errors.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { loadArtifact } from '../../../src/contracts/policy/codec.ts';
import { createExecutor } from '../../../src/contracts/policy/execute.ts';
import { fitInput, UNIT_INTEGER, type PolicyInterface } from '../../../src/grid/interface.ts';
import { randomFloatPolicy } from './floats.ts';

/** What CartPole's observations span at work: m, m/s, rad, rad/s; measured as 1e-6 of each. */
const SPAN = [2.4, 4, 0.21, 4];

/** One output, the force in N as W would be: -10 or +10. */
function cartPoleInterface(): PolicyInterface {
  return {
    inputs: SPAN.map((span, i) => fitInput(`x.${i}`, 'idx', -span * 1e6, span * 1e6)),
    outputs: [{ n: 'push', u: 'idx', m: 0, t: 0, c: 0, lo: -10, hi: 10 }],
    envelopes: [],
    fallback: [{ si: 0, r: [0], y: [-10], z: 10 }],
    state: [],
  };
}

/** The learner saw observations as they are, the contract sees shares of their span. */
function forShares(layers: readonly FloatLayer[]): FloatLayer[] {
  const [first, ...others] = layers;
  return [{ ...first!, weights: first!.weights.map((w, at) => w * SPAN[at % 4]!) }, ...others];
}

async function trainCartPole(): Promise<readonly FloatLayer[]> {
  const shape = { ...PPO_DEFAULTS, rolloutSteps: 128, minibatchSize: 256, epochs: 10 };
  const config = { ...shape, seed: 3, totalSteps: 8192, normaliseRewards: false, normaliseValues: true };
  const learner = createPpo(config, makeCartPole(16), await loadBackend('wasm'));
  while (!learner.done) learner.update();
  const { layers } = learner.result();
  learner.close();
  return layers;
}

/** Steps until the pole falls, per episode, at most 500; `choose`: from raw inputs to the force. */
function balance(choose: (raw: Int32Array, out: Int32Array) => void): { steps: number[]; pushes: number[] } {
  const env = makeCartPole(1);
  const raw = new Int32Array(4);
  const out = new Int32Array(1);
  const steps: number[] = [];
  const pushes: number[] = [];
  for (let episode = 0; episode < 5; episode++) {
    let observation = env.reset(episode);
    for (let t = 1; ; t++) {
      for (let i = 0; i < 4; i++) raw[i] = Math.floor(observation[i]! * 1e6 + 0.5);
      choose(raw, out);
      pushes.push(out[0]!);
      const step = env.step(Float32Array.of(out[0]! > 0 ? 1 : 0));
      observation = step.observations;
      if (step.terminated[0] === 0 && step.truncated[0] === 0) continue;
      steps.push(t);
      break;
    }
  }
  return { steps, pushes };
}

describe('a policy that chooses', () => {
  it('trained by PPO on CartPole, frozen, balances as long as before', async () => {
    const policy: FloatPolicy = {
      layers: forShares(await trainCartPole()),
      interface: cartPoleInterface(),
      actionTable: Int32Array.of(-10, 10),
    };
    const { artifact, bytes, quantisation } = freezeModel(policy, { points: 5000, boxes: 50 });
    expect(artifact.head).toEqual({ kind: 'disc', actions: 2, table: Int32Array.of(-10, 10) });
    expect(loadArtifact(bytes).cid).toBe(artifact.cid);
    expect(quantisation.maxError).toBeLessThan(0.001);
    expect(quantisation.bound).toBeGreaterThanOrEqual(quantisation.maxError);
    expect(quantisation.choice!.changed).toBeLessThan(0.001);
    expect(quantisation.choice!.changedBeyondMargin).toBe(0);
    const executor = createExecutor(artifact);
    const float = floatPolicyFunction(policy);
    const integer = balance((raw, out) => executor.runNetwork(raw, out));
    const real = balance((raw, out) => float(raw, 0, out));
    expect(Math.min(...real.steps)).toBeGreaterThan(30);
    expect(Math.abs(sum(integer.steps) - sum(real.steps))).toBeLessThan(0.2 * sum(real.steps));
    expect(new Set(integer.pushes)).toEqual(new Set([-10, 10]));
  }, 60000);

  it('reports the share of points at which another action is chosen, apart from those that hardly matter', () => {
    // logits that differ by 1e-5 of their range, which 16-bit weights cannot tell apart
    const { interface: shared } = choosing(2, 2);
    const weights = Float32Array.of(0.3, 0.300003);
    const layer: FloatLayer = { inSize: 1, outSize: 2, weights, bias: new Float32Array(2), activation: 'identity' };
    const policy = { layers: [layer], interface: shared, actionTable: Int32Array.of(-5, 5) };
    const { choice, outputs, maxError } = freezeModel(policy, { points: 20000, boxes: 20 }).quantisation;
    expect(outputs).toEqual([]);
    expect(choice!.changed).toBeCloseTo(0.5, 1);
    expect(choice!.changedBeyondMargin).toBe(0);
    expect([choice!.margin, choice!.maxError]).toEqual([0.001, maxError]);
  });

  it('the bound on logits is above what is measured, and tight', () => {
    const policy = choosing(8, 4);
    const { artifact, quantisation } = freezeModel(policy, { points: 5000, boxes: 200 });
    expect(quantisation.bound).toBeGreaterThanOrEqual(quantisation.choice!.maxError);
    expect(quantisation.bound).toBeLessThan(30 * quantisation.choice!.maxError);
    expect(artifact.layers.at(-1)!.shift).toBe(0);
  });

  it('the lowest index wins ties in reals as it does in integers', () => {
    const layer: FloatLayer = {
      inSize: 1,
      outSize: 3,
      weights: new Float32Array(3),
      bias: Float32Array.of(0, 1, 1),
      activation: 'identity',
    };
    const { interface: shared } = choosing(3, 3);
    const policy = { layers: [layer], interface: shared, actionTable: Int32Array.of(-5, 0, 5) };
    const out = new Int32Array(1);
    createExecutor(freezeModel(policy, { points: 10 }).artifact).runNetwork(Int32Array.of(UNIT_INTEGER), out);
    expect(out[0]).toBe(0);
    floatPolicyFunction(policy)(Int32Array.of(UNIT_INTEGER), 0, out);
    expect(out[0]).toBe(0);
  });

  it('a table that does not fit the logits, leaves the outputs or follows a clamped layer is refused', () => {
    const policy = choosing(4, 3);
    const code = (changed: Partial<FloatPolicy>): string => {
      try {
        freezeModel({ ...policy, ...changed }, { points: 10 });
      } catch (error) {
        if (isGridPactError(error)) return error.code;
        throw error;
      }
      return 'accepted';
    };
    expect(code({ actionTable: Int32Array.of(-5, 5) })).toBe('freeze.shape');
    expect(code({ actionTable: Int32Array.of(-11, 0, 5) })).toBe('policy.head');
    const [hidden, last] = [policy.layers[0]!, policy.layers[1]!];
    expect(code({ layers: [hidden, { ...last, activation: 'hardtanh' }] })).toBe('freeze.shape');
    expect(code({})).toBe('accepted');
    expect(freezePolicy(policy, { points: 10 }).cid).toBe(freezeModel(policy, { points: 10 }).cid);
  });
});

function choosing(width: number, actions: number): FloatPolicy {
  const random = randomFloatPolicy(RandomStream.fromSeed(11, 'choices'), [1, width, actions]);
  const { inputs } = random.interface;
  return {
    layers: random.layers,
    interface: { ...cartPoleInterface(), inputs },
    actionTable: Int32Array.from({ length: actions }, (_, a) => a * 5 - 5),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
