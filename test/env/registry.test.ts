/** Every registered task keeps the contract: as one environment, as many, by agent, in wrappers, through its state. */
import { describe, expect, it } from 'vitest';
import {
  checkEnv,
  checkMultiAgentEnv,
  checkVectorEnv,
  EpisodeStatistics,
  make,
  makeMultiAgent,
  makeVector,
  MultiAgentEnv,
  NamedObservations,
  RandomStream,
  RescaleAction,
  sample,
  taskDefinition,
  taskIds,
  TimeLimit,
  type CheckOptions,
  type Env,
} from '../../src/env/index.ts';

interface Entry {
  /** Steps of an episode as one environment, where a whole one takes long. */
  readonly limit?: number;
  /** Other than the defaults, to keep an episode short. */
  readonly args?: object;
  readonly options?: CheckOptions;
}

/** Only what a task needs to be checked in seconds; a new task is checked without an entry. */
const ENTRIES: Readonly<Record<string, Entry>> = {
  'voltage-ieee33-hard-v1': { args: { stepMs: 900000 } },
  'voltage-case-v1': { args: { stepMs: 900000 } },
  'voltage-ieee69-v1': { args: { stepMs: 900000 } },
  'voltage-ieee14-v1': { args: { stepMs: 900000 } },
  'voltage-ieee118-v1': { args: { stepMs: 1800000 } },
  'stacked-ieee33-v1': { limit: 30 },
};

/** When a task does not say how long its episodes are. */
const STEPS = 2000;

describe.each(taskIds().map((id) => ({ id })))('$id', ({ id }) => {
  const { args = {}, options: given = {}, limit } = ENTRIES[id] ?? {};
  const { about } = taskDefinition(id);
  const options = { steps: about?.episodeSteps ?? STEPS, ...given };
  const create = (): Env => make(id, args);

  it('keeps the contract of an environment', () => {
    checkEnv(() => (limit === undefined ? create() : new TimeLimit(create(), limit)), options);
  });

  it('keeps the contract of a vector environment', () => {
    checkVectorEnv((numEnvs) => makeVector(id, numEnvs, args), options);
  });

  it('keeps the contract seen by agent', () => {
    checkMultiAgentEnv(
      () => (limit === undefined ? makeMultiAgent(id, args) : new MultiAgentEnv(new TimeLimit(create(), limit))),
      options,
    );
  });

  it('keeps the contract in physical units, by name, under a limit', () => {
    checkEnv(() => new EpisodeStatistics(new RescaleAction(new NamedObservations(new TimeLimit(create(), 6)))), given);
  });

  it('lives as one the life of copy 0 of many', () => {
    const [env, vector] = [create(), makeVector(id, 2, args)];
    const stream = RandomStream.fromSeed(3, 'test');
    expect(Array.from(env.reset({ seed: 8 }).observation)).toEqual(Array.from(rowsOf(vector.reset(8), env)));
    for (let k = 0; k < 10; k++) {
      const action = sample(env.actionSpace, stream);
      const { observation, terminated, truncated } = env.step(action);
      const step = vector.step(Float32Array.of(...action, ...action));
      const ended = terminated || truncated;
      const rows = rowsOf(ended ? step.finalObservations : step.observations, env);
      expect(Array.from(observation)).toEqual(Array.from(rows));
      if (ended) break;
    }
  });

  it('refuses an argument that it does not have', () => {
    expect(() => make(id, { ...args, 'no such argument': 1 })).toThrow('env.taskArgument');
  });
});

function rowsOf(rows: Float32Array, env: Env): Float32Array {
  if (env.observationSpace.kind !== 'box') throw new Error('a task shows a box');
  return rows.subarray(0, env.observationSpace.low.length);
}
