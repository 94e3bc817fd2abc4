/** Trains on the toy line in a process of its own and prints the digest of the parameters. */
import { loadBackend } from '../../../src/agents/backend.ts';
import { parameterDigest } from '../../../src/agents/learner.ts';
import { PPO_DEFAULTS, trainPpo, type PpoConfig } from '../../../src/agents/ppo.ts';
import { ToyLineEnv } from './toyEnv.ts';

export const TOY_CONFIG: PpoConfig = {
  ...PPO_DEFAULTS,
  seed: 7,
  totalSteps: 49152,
  rolloutSteps: 64,
  minibatchSize: 512,
  gamma: 0.9,
};

export const makeToy = (): ToyLineEnv => new ToyLineEnv(32);

if (process.argv[2] === 'run') {
  const result = await trainPpo({ ...TOY_CONFIG, totalSteps: 8192 }, makeToy, undefined, await loadBackend('wasm'));
  process.stdout.write(parameterDigest(result.parameters));
}
