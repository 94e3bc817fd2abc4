/** Recipes that train in a second: 25 updates on frequency-area1, with what makes resuming hard. */
import { parseRecipe, type LoadedRecipe } from '../../../src/agents/recipe.ts';

const COMMON = {
  format: 'gridpact-recipe/2',
  task: 'frequency-area1-v1',
  args: { episodeMs: '6 s' },
  numEnvs: 2,
  checkpointUpdates: 4,
};

export const SMALL_PPO = {
  ...COMMON,
  name: 'small-ppo',
  algorithm: 'ppo',
  ppo: { totalSteps: 500, rolloutSteps: 10, minibatchSize: 20, hidden: [8], normaliseValues: true, gamma: 0.9 },
};

export const SMALL_SAC = {
  ...COMMON,
  name: 'small-sac',
  algorithm: 'sac',
  sac: { totalSteps: 500, rolloutSteps: 10, learningStarts: 60, batchSize: 16, bufferSize: 200, hidden: [8] },
};

export const loaded = (document: object): Promise<LoadedRecipe> => parseRecipe(document);
