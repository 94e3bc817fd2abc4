/** Memory of the wasm backend only grows, and a leak ends in `Aborted()`: what is alive must not grow with training. */
import { describe, expect, it } from 'vitest';
import { loadBackend, type Tf } from '../../src/agents/backend.ts';
import { makePendulum } from '../../src/agents/classic/pendulum.ts';
import type { Learner } from '../../src/agents/learner.ts';
import { createPpo, PPO_DEFAULTS } from '../../src/agents/ppo.ts';
import { createSac, SAC_DEFAULTS } from '../../src/agents/sac.ts';

const UPDATES = 1000;
const SHARED = { seed: 1, hidden: [8, 8] };

/** Tensors, buffers and bytes alive, as one text. */
function alive(tf: Tf): string {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  return `${numTensors} tensors, ${numDataBuffers} buffers, ${numBytes} bytes`;
}

/** Every count seen from the second update that learns to the last, and what is left once the learner is closed. */
function countsOf(tf: Tf, learner: Learner, learnsFrom: number): { during: Set<string>; after: string } {
  const during = new Set<string>();
  let updates = 0;
  while (!learner.done) {
    const { tensors } = learner.update();
    if (++updates > learnsFrom) during.add(alive(tf));
    expect(tensors).toBe(tf.memory().numTensors);
  }
  expect(updates).toBeGreaterThanOrEqual(UPDATES + learnsFrom);
  learner.close();
  return { during, after: alive(tf) };
}

describe(`tensors alive over ${UPDATES} updates`, () => {
  it('of PPO: one count, and none left', async () => {
    const backend = await loadBackend('wasm');
    const before = alive(backend.tf);
    // The clock cuts all episodes every 25th update, and the critic is asked about those too.
    const config = { ...PPO_DEFAULTS, ...SHARED, rolloutSteps: 8, minibatchSize: 16, epochs: 2 };
    const learner = createPpo({ ...config, totalSteps: (UPDATES + 1) * 32 }, makePendulum(4), backend);
    const { during, after } = countsOf(backend.tf, learner, 1);
    expect([...during]).toHaveLength(1);
    expect(after).toBe(before);
  }, 30_000);

  it('of SAC: one count, and none left', async () => {
    const backend = await loadBackend('wasm');
    const before = alive(backend.tf);
    const config = { ...SAC_DEFAULTS, ...SHARED, rolloutSteps: 1, learningStarts: 40, batchSize: 16 };
    const learner = createSac({ ...config, totalSteps: UPDATES + 50 }, makePendulum(1), backend);
    const { during, after } = countsOf(backend.tf, learner, 50);
    expect([...during]).toHaveLength(1);
    expect(after).toBe(before);
  }, 30_000);
});
