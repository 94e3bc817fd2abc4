import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkEnv,
  checkMultiAgentEnv,
  contains,
  DiscreteActions,
  EpisodeStatistics,
  make,
  makeMultiAgent,
  MultiAgentEnv,
  MultiDiscreteActions,
  NamedObservations,
  RandomStream,
  Recorder,
  recordingFromJsonl,
  recordingToJsonl,
  register,
  replay,
  RescaleAction,
  sample,
  TimeLimit,
  unflatten,
  type Env,
  type OutputSpec,
  type StepResult,
} from '../../src/env/index.ts';
import { fitOutput, scaleOutput } from '../../src/grid/interface.ts';
import { actionFor } from '../../src/env/gym/wrappers/setpoints.ts';
import { drain } from '../support/drainTask.ts';

const VOLTAGE = 'voltage-ieee33-v1';
const NOTHING = new Float32Array(4).fill(-0.6);
const FULL = new Float32Array(4).fill(1);

beforeAll(() => register(drain));

function liveOn(env: Env, action: Float32Array): StepResult[] {
  const results: StepResult[] = [];
  do results.push(env.step(action));
  while (!results.at(-1)!.terminated && !results.at(-1)!.truncated);
  return results;
}

describe('wrappers keep the contract, alone and stacked', () => {
  const wrapped: Record<string, () => Env> = {
    TimeLimit: () => new TimeLimit(make('drain-v1'), 3),
    EpisodeStatistics: () => new EpisodeStatistics(make('drain-v1')),
    RescaleAction: () => new RescaleAction(make('drain-v1')),
    Recorder: () => new Recorder(make('drain-v1')),
    DiscreteActions: () => new DiscreteActions(make('drain-v1'), [NOTHING, FULL]),
    levels: () => DiscreteActions.levels(make('drain-v1'), 2, [-1, 0, 1]),
    MultiDiscreteActions: () => new MultiDiscreteActions(make('drain-v1'), 5),
    NamedObservations: () => new NamedObservations(make('drain-v1')),
    stack: () =>
      new Recorder(
        new EpisodeStatistics(
          new TimeLimit(new MultiDiscreteActions(new RescaleAction(new NamedObservations(make('drain-v1'))), 3), 7),
        ),
      ),
    'stack on the feeder': () =>
      new EpisodeStatistics(new RescaleAction(new NamedObservations(new TimeLimit(make(VOLTAGE), 40)))),
  };
  for (const [name, create] of Object.entries(wrapped)) it(name, () => checkEnv(create));
});

describe('TimeLimit', () => {
  it('truncates with a hash, and leaves what the task ended terminated', () => {
    const env = new TimeLimit(make('drain-v1'), 5);
    env.reset({ seed: 1 });
    const last = liveOn(env, NOTHING).at(-1)!;
    expect(last).toMatchObject({
      terminated: false,
      truncated: true,
      info: { step: 5, trajectoryHash: env.trajectoryHash() },
    });
    expect(() => env.step(NOTHING)).toThrow('env.ended');
    env.reset({ seed: 1 });
    const drained = liveOn(env, FULL);
    expect(drained.length).toBe(5);
    expect(drained.at(-1)).toMatchObject({ terminated: true, truncated: false });
  });

  it('longer than the task changes nothing', () => {
    const [plain, limited] = [make('drain-v1'), new TimeLimit(make('drain-v1'), 1000)];
    plain.reset({ seed: 2 });
    limited.reset({ seed: 2 });
    expect(liveOn(limited, NOTHING)).toEqual(liveOn(plain, NOTHING));
    expect(() => new TimeLimit(plain, 0)).toThrow('env.wrapper');
  });
});

describe('EpisodeStatistics', () => {
  it('sums the rewards of an episode and keeps one record of each', () => {
    const env = new EpisodeStatistics(make('drain-v1'));
    env.reset({ seed: 3 });
    const results = liveOn(env, NOTHING);
    const sum = results.reduce((total, { reward }) => total + reward, 0);
    const { info } = results.at(-1)!;
    expect(info).toMatchObject({ episodeReturn: sum, episodeSteps: 20, trajectoryHash: env.trajectoryHash() });
    env.reset();
    env.step(NOTHING);
    env.reset();
    liveOn(env, FULL);
    expect(env.episodes.map(({ episodeSteps, terminated }) => [episodeSteps, terminated])).toEqual([
      [20, false],
      [5, true],
    ]);
  });
});

describe('RescaleAction', () => {
  it('issues what was asked for in physical units, to the nearest integer output', () => {
    const env = new RescaleAction(make('drain-v1'));
    expect(env.units.map(({ name, unit, low, high }) => [name, unit, low, high])).toEqual([
      ['p', 'W', -1000, 4000],
      ['q', 'var', -2000, 2000],
      ['p', 'W', -1000, 4000],
      ['q', 'var', -2000, 2000],
    ]);
    expect([env.actionSpace.low[0], env.actionSpace.high[3]]).toEqual([-1000, 2000]);
    // A seed under which the meter of both assets works at first.
    env.reset({ seed: 5 });
    env.step(Float32Array.of(1234, -555, 4000, 9e9));
    const { port } = env.env.copy;
    expect(Array.from(port.missing)).toEqual([0, 0]);
    expect(Array.from(port.issued)).toEqual([1234, -555, 4000, 2000]);
    expect(() => env.step(Float32Array.of(NaN, 0, 0, 0))).toThrow('env.action');
    expect(() => new RescaleAction(env)).toThrow('env.wrapper');
  });

  it('inverts the integer head to half of its resolution over any range', () => {
    const range = fc.tuple(fc.integer({ min: -2e9, max: 2e9 }), fc.integer({ min: 1, max: 4e9 }));
    fc.assert(
      fc.property(range, fc.double({ min: 0, max: 1, noNaN: true }), ([lo, width], share) => {
        const hi = Math.min(2147483647, lo + width);
        const spec: OutputSpec = fitOutput('p', 'w', lo, hi);
        const wanted = Math.round(lo + share * (hi - lo));
        const y = actionFor(spec, wanted) * 32768;
        const resolution = spec.m / 2 ** spec.t;
        expect(Number.isInteger(y)).toBe(true);
        expect(Math.abs(scaleOutput(spec, y) - wanted)).toBeLessThanOrEqual(resolution / 2 + 1);
      }),
    );
  });

  it('speaks of shares and volts in their own units', () => {
    const env = new RescaleAction(make(VOLTAGE));
    expect(env.units[0]).toEqual({ name: 'offset', unit: '1', low: -0.8, high: 0.8 });
    env.reset({ seed: 3 });
    env.step(new Float32Array(6).fill(0.4));
    // 800 000 x 16 384 / 32 768
    expect(Array.from(env.env.copy.port.issued)).toEqual(Array.from({ length: 6 }, () => 400000));
  });
});

describe('discrete actions', () => {
  it('choose a row, one coordinate, or a level of each', () => {
    const issued = (env: Env & { env: { copy: { port: { issued: Int32Array } } } }, ...action: number[]): number[] => {
      env.reset({ seed: 5 });
      env.step(Float32Array.from(action));
      return Array.from(env.env.copy.port.issued);
    };
    const head = (u: number): number => scaleOutput(fitOutput('p', 'w', -1000, 4000), u * 32768);
    const table = new DiscreteActions(make('drain-v1'), [NOTHING, Float32Array.of(0.5, 0, 0.25, 0)]);
    expect(issued(table, 1)).toEqual([head(0.5), 0, head(0.25), 0]);
    const levels = DiscreteActions.levels(make('drain-v1'), 2, [-0.5, 0.5]);
    expect(issued(levels, 0)).toEqual([head(0), 0, head(-0.5), 0]);
    const grid = new MultiDiscreteActions(make('drain-v1'), [[0], [0, 0.5], [0.25, 0.5, 0.75], [0]]);
    expect(grid.actionSpace).toEqual({ kind: 'multiDiscrete', nvec: [1, 2, 3, 1] });
    expect(issued(grid, 0, 1, 2, 0)).toEqual([
      head(0),
      scaleOutput(fitOutput('q', 'var', -2000, 2000), 16384),
      head(0.75),
      0,
    ]);
    const even = new MultiDiscreteActions(make('drain-v1'), 3);
    expect(even.levels.map((row) => Array.from(row))).toEqual(Array.from({ length: 4 }, () => [-1, 0, 1]));
    expect(() => even.step(Float32Array.of(0, 0, 0, 3))).toThrow('env.action');
    expect(() => table.step(Float32Array.of(2))).toThrow('env.action');
  });

  it('refuse tables that are no actions of the environment inside', () => {
    const env = make('drain-v1');
    expect(() => new DiscreteActions(env, [])).toThrow('env.wrapper');
    expect(() => new DiscreteActions(env, [[0, 0]])).toThrow('env.wrapper');
    expect(() => new DiscreteActions(env, [[0, 0, 0, 2]])).toThrow('env.wrapper');
    expect(() => DiscreteActions.levels(env, 4, [0])).toThrow('env.wrapper');
    expect(() => new MultiDiscreteActions(env, 1)).toThrow('env.wrapper');
    expect(() => new MultiDiscreteActions(env, [[0], [0], [0]])).toThrow('env.wrapper');
    expect(() => new MultiDiscreteActions(new MultiDiscreteActions(env, 2), 2)).toThrow('env.wrapper');
  });
});

describe('NamedObservations', () => {
  it('names every number and shows the integer, unit and value behind it', () => {
    const env = new NamedObservations(make(VOLTAGE));
    const { observation } = env.reset({ seed: 4 });
    const { copy } = env.env;
    const byName = unflatten(env.observationSpace, observation) as Record<string, Record<string, Float32Array>>;
    expect(Object.keys(byName)).toEqual(['agent-0', 'agent-1', 'agent-2', 'agent-3', 'agent-4', 'agent-5']);
    expect(Object.keys(byName['agent-3']!)).toEqual(copy.shape.observationNames);
    expect(byName['agent-3']!['time.day']![0]).toBe(observation[3 * 7 + 4]);
    const named = env.named()['agent-3']!;
    const raw = copy.port.raw[3 * 7]!;
    expect(named['v.own']).toEqual({ raw, value: raw / 1e6, unit: 'pu', missing: false });
    expect(named['p.pv']!.unit).toBe('W');
    expect(() => new NamedObservations(env)).toThrow('env.wrapper');
  });

  it('says what is missing', () => {
    const env = new NamedObservations(make(VOLTAGE, { missingRate: 1 }));
    env.reset({ seed: 4 });
    const named = env.named()['agent-0']!;
    expect([named['v.own']!.missing, named['time.day']!.missing, named['prev']!.missing]).toEqual([true, false, false]);
  });
});

describe('Recorder', () => {
  const play = (env: Recorder, seed?: number): void => {
    const stream = RandomStream.fromSeed(7, 'test');
    env.reset(seed === undefined ? {} : { seed });
    for (let k = 0; k < 4; k++) env.step(sample(env.actionSpace, stream));
  };

  it('is lived again to the same hash from a seed, a state, and JSON Lines', () => {
    const env = new Recorder(make('drain-v1'));
    play(env, 12);
    const seeded = env.recording();
    expect(seeded).toMatchObject({ id: 'drain-v1', start: { seed: 12 }, trajectoryHash: env.trajectoryHash() });
    replay(make('drain-v1'), seeded);
    play(env);
    const stated = env.recording();
    expect(stated.trajectoryHash).not.toBe(seeded.trajectoryHash);
    replay(make('drain-v1'), recordingFromJsonl(recordingToJsonl(stated)));
    expect(recordingFromJsonl(recordingToJsonl(seeded))).toEqual(seeded);
    expect(recordingToJsonl(seeded).trimEnd().split('\n').length).toBe(6);
  });

  it('goes on in a clone, and begins anew from a state', () => {
    const env = new Recorder(make('drain-v1'));
    play(env, 3);
    const twin = env.clone();
    expect(twin.recording()).toEqual(env.recording());
    twin.setState(env.getState());
    twin.step(NOTHING);
    expect(twin.recording().steps.length).toBe(1);
    replay(make('drain-v1'), twin.recording());
  });

  it('finds a changed reward, action, hash or environment', () => {
    const env = new Recorder(make('drain-v1'));
    play(env, 12);
    const good = env.recording();
    const steps = (change: object): typeof good => ({
      ...good,
      steps: good.steps.map((step, k) => (k === 2 ? { ...step, ...change } : step)),
    });
    const wrong = [
      steps({ reward: good.steps[2]!.reward + 1e-6 }),
      steps({ action: [0, 0, 0, 0] }),
      steps({ truncated: true }),
      { ...good, trajectoryHash: '0'.repeat(64) },
      { ...good, start: { seed: 13 } },
      { ...good, id: VOLTAGE },
    ];
    for (const recording of wrong) expect(() => replay(make('drain-v1'), recording)).toThrow('env.recording');
    expect(() => new Recorder(make('drain-v1')).recording()).toThrow('env.recording');
  });

  it('names the line of a damaged file', () => {
    const env = new Recorder(make('drain-v1'));
    play(env, 12);
    const lines = recordingToJsonl(env.recording()).trimEnd().split('\n');
    const damaged = (at: number, line: string): string => lines.map((good, i) => (i === at ? line : good)).join('\n');
    expect(() => recordingFromJsonl('')).toThrow('line 1');
    expect(() => recordingFromJsonl(damaged(0, '{"format":"other"}'))).toThrow('line 1');
    expect(() => recordingFromJsonl(damaged(2, '{"action":'))).toThrow('line 3');
    expect(() => recordingFromJsonl(damaged(3, '{"action":[1],"reward":"a"}'))).toThrow('line 4');
    expect(() => recordingFromJsonl(lines.slice(0, -1).join('\n'))).toThrow('line 5');
  });
});

describe('the view by agent', () => {
  it('is the flat view of the same copy', () => {
    checkMultiAgentEnv(() => makeMultiAgent('drain-v1'));
    checkMultiAgentEnv(() => new MultiAgentEnv(new TimeLimit(new RescaleAction(make('drain-v1')), 6)));
  });

  it('clones, saves, and tells who acts', () => {
    const env = makeMultiAgent('drain-v1');
    expect(env.agents).toEqual([]);
    const { observations } = env.reset({ seed: 1 });
    expect(Object.keys(observations)).toEqual(['agent-0', 'agent-1']);
    expect(contains(env.observationSpace, observations['agent-1']!)).toBe(true);
    const actions = { 'agent-0': Float32Array.of(0.1, 0.2), 'agent-1': Float32Array.of(0.3, 0.4) };
    env.step(actions);
    const [twin, revived] = [env.clone(), makeMultiAgent('drain-v1')];
    revived.setState(JSON.parse(JSON.stringify(env.getState())));
    expect(revived.agents).toEqual(env.possibleAgents);
    const next = env.step(actions);
    expect(twin.step(actions)).toEqual(next);
    expect(revived.step(actions)).toEqual(next);
  });

  it('wants one action of each agent, by name', () => {
    const env = makeMultiAgent('drain-v1');
    env.reset({ seed: 1 });
    const one = Float32Array.of(0, 0);
    expect(() => env.step({ 'agent-0': one })).toThrow('env.action');
    expect(() => env.step({ 'agent-0': one, 'agent-2': one })).toThrow('env.action');
    expect(() => env.step({ 'agent-0': one, 'agent-1': Float32Array.of(0) })).toThrow('env.action');
    expect(() => env.step({ 'agent-0': one, 'agent-1': one, 'agent-2': one })).toThrow('env.action');
    expect(() => new MultiAgentEnv(new MultiDiscreteActions(make('drain-v1'), 2))).toThrow('env.wrapper');
  });
});
