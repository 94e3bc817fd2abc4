import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, it, expect } from 'vitest';
import { deviceCurve } from '../../src/agents/baselines/controllers.ts';
import { evaluateDays, meanMetrics, policyController } from '../../src/agents/evaluate.ts';
import { floatPolicyFunction } from '../../src/agents/freeze/floatFunction.ts';
import { loadRecipe, parseRecipe, recipeDigest, trainFromRecipe } from '../../src/agents/recipe.ts';
import { make } from '../../src/env/gym/registry.ts';
import { testDay } from '../../src/env/series/synthetic.ts';

const pathOf = (name: string): string => fileURLToPath(new URL(`../../train/${name}.json`, import.meta.url));
const DEMO = pathOf('voltage-ieee33-demo');
const documentOf = async (path: string): Promise<Record<string, object>> =>
  JSON.parse(await readFile(path, 'utf8')) as Record<string, object>;

describe('training recipes', () => {
  it.each(['voltage-ieee33', 'voltage-ieee33-demo'])('%s is a recipe and names every setting', async (name) => {
    const document = await documentOf(pathOf(name));
    const recipe = await loadRecipe(pathOf(name));
    expect(recipe.name).toBe(name);
    expect(Object.keys(document['ppo']!).sort()).toEqual(Object.keys(recipe.ppo).sort());
    expect(recipe.args).toMatchObject({ stepMs: 300000, reward: { lossScaleW: 50000 } });
  });

  it('has one digest whatever the order of keys, and another for another value', async () => {
    const document = await documentOf(DEMO);
    const reordered = Object.fromEntries(Object.entries(document).reverse());
    const digest = recipeDigest(await parseRecipe(document));
    expect(recipeDigest(await parseRecipe(reordered))).toBe(digest);
    const other = { ...document, ppo: { ...document['ppo'], gamma: 0.5 } };
    expect(recipeDigest(await parseRecipe(other))).not.toBe(digest);
  });

  it('gives the policy the interface of the task it names', async () => {
    const document = await documentOf(DEMO);
    const ppo = { ...document['ppo'], rolloutSteps: 60, minibatchSize: 60 };
    const task = 'frequency-area1-v1';
    const recipe = await parseRecipe({ ...document, task, args: {}, numEnvs: 2, ppo });
    const { policy } = await trainFromRecipe(recipe, { seed: 1, totalSteps: 120 });
    expect(policy.interface).toEqual(make(task).copy.port.policy);
  });

  it('refuses what is not one, and says where', async () => {
    const document = await documentOf(DEMO);
    const refused = async (change: object, where: string): Promise<void> =>
      expect(parseRecipe({ ...document, ...change })).rejects.toMatchObject({
        code: 'train.recipe',
        expected: expect.stringContaining(where) as string,
      });
    await refused({ format: 'gridpact-recipe/2' }, 'format');
    await refused({ name: 'Has Spaces' }, 'name');
    await refused({ task: 'cartpole-v1' }, 'task');
    await refused({ colour: 'blue' }, 'recipe');
    await refused({ numEnvs: 0 }, 'numEnvs');
    await refused({ backend: 'gpu' }, 'backend');
    await refused({ args: { split: 'test' } }, 'args');
    await refused({ args: { reward: { lossScaleW: 1 } } }, 'args.reward.barrierWeight');
    await refused({ ppo: { ...document['ppo'], gamma: 1.1 } }, 'ppo.gamma');
    await refused({ ppo: { ...document['ppo'], hidden: [] } }, 'ppo.hidden');
    await refused({ ppo: { gamma: 0.5 } }, 'ppo.totalSteps');
    await refused({ ppo: { ...document['ppo'], seconds: 60 } }, 'ppo');
    await expect(loadRecipe('train/absent.json')).rejects.toMatchObject({ code: 'train.recipe' });
  });

  it('leaves the values of task arguments to the task', async () => {
    const recipe = await parseRecipe({ ...(await documentOf(DEMO)), args: { observationDelay: 3 } });
    await expect(trainFromRecipe(recipe, { seed: 1 })).rejects.toMatchObject({ code: 'env.taskArgument' });
  });

  it('refuses a quantity of another dimension', async () => {
    const document = { ...(await documentOf(DEMO)), args: { stepMs: '5 kW' } };
    await expect(parseRecipe(document)).rejects.toMatchObject({ code: 'base.unit' });
  });

  it('trains: a sixth of the demo recipe keeps every bus in band and loses less than the inverters alone', async () => {
    const recipe = await loadRecipe(DEMO);
    const options = { seed: 1, totalSteps: 66000 };
    const { policy, training } = await trainFromRecipe(recipe, options);
    const days = [testDay(2), testDay(12)];
    const mine = meanMetrics(
      evaluateDays(days, policyController('ppo', policy.interface, floatPolicyFunction(policy))),
    );
    const alone = meanMetrics(evaluateDays(days, deviceCurve()));
    expect(mine.outOfBandShare).toBe(0);
    expect(mine.lossMwh).toBeLessThan(0.95 * alone.lossMwh);
    expect(training.backend.name).toBe('wasm');
    const again = await trainFromRecipe(recipe, { ...options, totalSteps: 7000 });
    const twice = await trainFromRecipe(recipe, { ...options, totalSteps: 7000 });
    expect(twice.training.parameters).toEqual(again.training.parameters);
  }, 60000);
});
