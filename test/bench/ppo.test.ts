import * as layers from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { NaivePpo } from '../../bench/naivePpo.ts';
import { configOf, PPO_TASKS, type PpoSettings } from '../../bench/ppoTasks.ts';
import { loadBackend } from '../../src/agents/backend.ts';
import { createPpo } from '../../src/agents/ppo.ts';

const SMALL = { numEnvs: 4, rolloutSteps: 50, minibatchSize: 40, epochs: 2, hidden: [8, 8] } as const;

describe.each(PPO_TASKS)('bench ppo on $id', (task) => {
  const settings: PpoSettings = { ...task.settings, ...SMALL };

  it('runs ours and the naive one for as many transitions a round, and neither keeps tensors', async () => {
    const backend = await loadBackend('wasm');
    const alive = (): number => backend.tf.memory().numTensors;
    const ours = createPpo(configOf(settings, 1e6, 1), task.make(4), backend);
    const naive = new NaivePpo(backend.tf, layers, task.make(4), settings, 1);
    expect(ours.update().steps).toBe(naive.update());
    const before = alive();
    ours.update();
    naive.update();
    expect(alive()).toBe(before);
    ours.close();
    naive.close();
  });

  it('acts for any number of rows with actions that the task takes', async () => {
    const backend = await loadBackend('wasm');
    const env = task.make(2);
    const naive = new NaivePpo(backend.tf, layers, task.make(4), settings, 1);
    const rows = 2 * env.agentsPerEnv;
    const actions = new Float32Array(rows * env.actionSize).fill(Number.NaN);
    naive.act(env.reset(1), rows, actions);
    expect(() => env.step(actions)).not.toThrow();
    naive.close();
    env.close();
  });
});
