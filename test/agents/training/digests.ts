/** Parameter digests of small trainings: both algorithms, every activation, sizes that do and do not fill SIMD lanes. */
import { parameterDigest } from '../../../src/agents/learner.ts';
import { trainFromRecipe } from '../../../src/agents/training/session.ts';
import { loaded, SMALL_PPO, SMALL_SAC } from './recipes.ts';

export async function trainDigests(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const train = async (name: string, document: object): Promise<void> => {
    const { training } = await trainFromRecipe(await loaded(document), { seed: 5 });
    found[`${name} ${training.backend.detail.split(' ')[0]!}`] = parameterDigest(training.parameters);
  };
  const ppo = (activation: string, hidden: readonly number[]): Promise<void> =>
    train(`ppo ${activation} ${hidden.join('x')}`, { ...SMALL_PPO, ppo: { ...SMALL_PPO.ppo, activation, hidden } });
  await ppo('relu', [17, 5]);
  await ppo('hardtanh', [8]);
  await ppo('tanh', [32, 32]);
  await train('sac', { ...SMALL_SAC, sac: { ...SMALL_SAC.sac, hidden: [32, 32], batchSize: 33 } });
  return found;
}
