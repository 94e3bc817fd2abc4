/**
 * Golden states: Gymnasium 1.4.0, numpy 2.4.6, Python 3.11. `env = gym.make(id).unwrapped; env.reset(seed=0)`, then
 * `env.state = np.array(start)` and `env.step` with the actions below; the torque of the pendulum as a float64 array
 * `np.array([2 * a])`. A row is [step, ...env.state, reward].
 */
import { describe, it, expect } from 'vitest';
import { makeCartPole } from '../../../src/agents/classic/cartPole.ts';
import { makePendulum } from '../../../src/agents/classic/pendulum.ts';
import type { ClassicVectorEnv } from '../../../src/agents/classic/vectorEnv.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { uniform } from '../../../src/base/realMath.ts';
import { checkVectorEnv } from '../../../src/env/gym/checkVectorEnv.ts';
import { stateFromJson } from '../../../src/env/gym/jsonState.ts';
import type { EnvState, VectorEnv } from '../../../src/env/gym/types.ts';

type Row = readonly number[];

const SWING: readonly Row[] = [
  [1, 2.4999427054038983, -0.0011458919220325159, -6.31025],
  [2, 2.5073298374698534, 0.14774264131910006, -6.253713661608989],
  [8, 2.986282888472395, 2.6365811581776293, -8.603118249952475],
  [16, 3.87138740738874, 1.3053783626283577, -6.355330951865784],
  [32, 2.575280589322142, -1.4390773052463282, -7.450722337307628],
  [64, 2.701846683770318, -2.0099348311124805, -8.512242544701614],
];
/** Through the limit of speed and over two turns. */
const SPIN: readonly Row[] = [
  [1, -2.6, 8.0, -15.245],
  [4, -1.4647447769138173, 7.182811408678505, -9.120122719777099],
  [40, 11.637207355363197, 6.5178349718385835, -6.382706220116162],
];
/** Ends where the pole falls. */
const BALANCE: readonly Row[] = [
  [1, 0.029599999999999998, 0.1745261466416398, 0.0402, -0.2697989554581428, 1],
  [2, 0.033090522932832794, -0.021145731285509284, 0.034804020890837145, 0.03528735016463186, 1],
  [8, 0.03429232849267984, -0.024511825119644642, 0.03677915037028591, 0.10959120995708127, 1],
  [32, 0.041648613476774926, -0.04906144476048349, 0.14937575714669915, 0.6578115333695491, 1],
];
const FALL: Row = [37, 0.0363074805352381, 0.1337115007968907, 0.22520177472642686, 0.646174880158026];
/** Ends where the cart leaves the track. */
const OFF_TRACK: Row = [7, 2.414270903542694, 0.7041228229084755, 0.018041675810031483, 0.3093770528089681];

function stateOf(env: ClassicVectorEnv): Float64Array {
  return (stateFromJson(env.getState()) as unknown as { state: Float64Array }).state;
}

/** Rows of the same steps as `golden`. */
function follow(env: ClassicVectorEnv, start: Row, golden: readonly Row[], action: (k: number) => number): number[][] {
  env.startFrom(start);
  const steps = new Set(golden.map((row) => row[0]));
  const seen: number[][] = [];
  for (let k = 0; k < golden.at(-1)![0]!; k++) {
    const { rewards } = env.step(Float32Array.of(action(k)));
    if (steps.has(k + 1)) seen.push([k + 1, ...stateOf(env), rewards[0]!]);
  }
  return seen;
}

function expectRows(seen: readonly Row[], golden: readonly Row[]): void {
  expect(seen.length).toBe(golden.length);
  golden.forEach((row, i) => {
    row.slice(0, -1).forEach((value, j) => expect(Math.abs(seen[i]![j]! - value)).toBeLessThan(1e-12));
    // Rewards are float32.
    expect(seen[i]!.at(-1)).toBe(Math.fround(row.at(-1)!));
  });
}

/** Speed in shares of the greatest. */
function slowed(numEnvs: number): VectorEnv {
  const env = makePendulum(numEnvs);
  const scaled = (seen: Float32Array): Float32Array => seen.map((x, i) => (i % 3 === 2 ? x / 8 : x));
  return {
    ...{ id: env.id, numEnvs, agentsPerEnv: 1, observationSize: 3, actionSize: 1 },
    reset: (seed) => scaled(env.reset(seed)),
    step(actions) {
      const step = env.step(actions);
      const { observations, finalObservations } = step;
      return { ...step, observations: scaled(observations), finalObservations: scaled(finalObservations) };
    },
    close: () => env.close(),
  };
}

describe('Pendulum-v1', () => {
  const torques = [1, -1, 0.25, -0.5, 0, 0.625, -0.125, 1];

  it('moves and is rewarded as in Gymnasium', () => {
    expectRows(
      follow(makePendulum(), [2.5, -0.75], SWING, (k) => torques[k % 8]!),
      SWING,
    );
    expectRows(
      follow(makePendulum(), [-3, 7.9], SPIN, () => 1.5),
      SPIN,
    );
  });

  it('shows cos, sin and speed; is truncated after 200 steps and begins anew in the same step', () => {
    const env = makePendulum(2);
    const seen = env.startFrom([0, 1, Math.PI / 2, -2]);
    [1, 0, 1, 0, 1, -2].forEach((value, i) => expect(seen[i]).toBeCloseTo(value, 9));
    env.reset(3);
    for (let k = 0; k < 199; k++) expect(env.step(new Float32Array(2)).truncated).toEqual(Uint8Array.of(0, 0));
    const last = stateOf(env).slice();
    const step = env.step(new Float32Array(2));
    expect(step.truncated).toEqual(Uint8Array.of(1, 1));
    expect(step.terminated).toEqual(Uint8Array.of(0, 0));
    // What the old episode ended in follows from its last state, what is observed from the new one.
    const speed = last[1]! + 15 * Math.sin(last[0]!) * 0.05;
    expect(step.finalObservations[2]).toBeCloseTo(Math.min(Math.max(speed, -8), 8), 5);
    expect(step.observations[2]).toBe(Math.fround(stateOf(env)[1]!));
    expect(Math.abs(step.observations[2]!)).toBeLessThan(1);
  });

  it('starts everywhere on the circle', () => {
    const env = makePendulum(400);
    const angles = [0, 1, 2, 3].map(() => 0);
    env.reset(8);
    const state = stateOf(env);
    for (let c = 0; c < 400; c++) {
      expect(Math.abs(state[2 * c + 1]!)).toBeLessThanOrEqual(1);
      angles[Math.floor(((state[2 * c]! + Math.PI) / (2 * Math.PI)) * 4)]!++;
    }
    for (const count of angles) expect(count).toBeGreaterThan(70);
  });
});

describe('CartPole-v1', () => {
  const pushes = [1, 0, 0, 1, 1, 0, 1, 0];

  it('moves as in Gymnasium', () => {
    expectRows(
      follow(makeCartPole(), [0.03, -0.02, 0.04, 0.01], BALANCE, (k) => pushes[k % 8]!),
      BALANCE,
    );
  });

  it.each([
    ['pole', [0.03, -0.02, 0.04, 0.01], FALL, (k: number) => pushes[k % 8]!],
    ['cart', [2.3, 0.9, 0, 0], OFF_TRACK, (k: number) => k % 2],
  ] as const)('is terminated by the %s in the same step as in Gymnasium, with reward 1', (_, start, golden, push) => {
    const env = makeCartPole();
    env.startFrom(start);
    for (let k = 0; k < golden[0]! - 1; k++) expect(env.step(Float32Array.of(push(k))).terminated[0]).toBe(0);
    const step = env.step(Float32Array.of(push(golden[0]! - 1)));
    expect([step.terminated[0], step.truncated[0], step.rewards[0]]).toEqual([1, 0, 1]);
    golden.slice(1).forEach((value, i) => expect(step.finalObservations[i]).toBeCloseTo(value, 6));
    for (const value of step.observations) expect(Math.abs(value)).toBeLessThanOrEqual(0.05);
  });

  it('is truncated after 500 steps', () => {
    const env = makeCartPole();
    // Leans against where the pole falls and where it has been.
    let seen = env.reset(1);
    let steps = 0;
    for (let ended = false; !ended; steps++) {
      const push = seen[2]! + 0.3 * seen[3]! + 0.02 * seen[0]! + 0.05 * seen[1]! > 0 ? 1 : 0;
      const step = env.step(Float32Array.of(push));
      seen = step.observations;
      ended = step.truncated[0] === 1;
      expect(step.terminated[0]).toBe(0);
    }
    expect(steps).toBe(500);
  });

  it.each([[2], [-1], [0.5], [NaN]])('refuses the action %d', (action) => {
    const env = makeCartPole();
    env.reset(1);
    expect(() => env.step(Float32Array.of(action))).toThrow(expect.objectContaining({ code: 'env.action' }));
  });
});

describe('Classic control side by side', () => {
  it('keeps the contract of a vector environment; what is seen is not within [-1, 1] until it is scaled', () => {
    expect(() => checkVectorEnv((n) => makePendulum(n))).toThrow('observation.inSpace');
    expect(() => checkVectorEnv(slowed)).not.toThrow();
  });

  it.each([
    ['Pendulum-v1', makePendulum],
    ['CartPole-v1', makeCartPole],
  ])('%s goes on from a state that went through JSON, alone or as a clone', (_, make) => {
    const draw = RandomStream.fromSeed(5, 'actions');
    const act = (): Float32Array => Float32Array.from({ length: 3 }, () => (uniform(draw) < 0.5 ? 0 : 1));
    const env = make(3);
    env.reset(7);
    for (let k = 0; k < 30; k++) env.step(act());
    const text = JSON.stringify(env.getState());
    const clone = env.clone();
    const revived = make(3);
    revived.setState(JSON.parse(text) as EnvState);
    for (let k = 0; k < 250; k++) {
      const actions = act();
      const step = env.step(actions);
      for (const other of [clone.step(actions), revived.step(actions)]) {
        expect({ ...other, finalObservations: 0 }).toEqual({ ...step, finalObservations: 0 });
      }
    }
    expect(JSON.stringify(revived.getState())).toBe(JSON.stringify(env.getState()));
    expect(() => make(2).setState(env.getState())).toThrow(expect.objectContaining({ code: 'env.state' }));
  });

  it('gives a copy the same life whatever stands beside it', () => {
    const [alone, wide] = [makeCartPole(1), makeCartPole(3)];
    expect(alone.reset(4)).toEqual(wide.reset(4).slice(0, 4));
    for (let k = 0; k < 60; k++) {
      const push = k % 3 === 0 ? 1 : 0;
      const seen = alone.step(Float32Array.of(push)).observations;
      expect(seen).toEqual(wide.step(Float32Array.of(push, 1, 0)).observations.slice(0, 4));
    }
    expect(() => makeCartPole().step(Float32Array.of(1))).toThrow(expect.objectContaining({ code: 'env.ended' }));
  });
});
