import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it, expect } from 'vitest';
import { deviceCurve } from '../../src/agents/baselines/controllers.ts';
import { loadRecipe, parseRecipe, recipeDigest, recipeDocument } from '../../src/agents/recipe.ts';
import { trainFromRecipe } from '../../src/agents/training/session.ts';
import { make } from '../../src/env/gym/registry.ts';
import { testDay } from '../../src/env/series/synthetic.ts';
import { VOLTAGE_REWARD } from '../../src/env/tasks/voltageReward.ts';
import { voltageDays } from '../support/voltageDay.ts';

const pathOf = (name: string): string => fileURLToPath(new URL(`../../train/${name}.json`, import.meta.url));
const DEMO = pathOf('voltage-ieee33-demo');
const documentOf = async (path: string): Promise<Record<string, object>> =>
  JSON.parse(await readFile(path, 'utf8')) as Record<string, object>;

/** A recipe file of the demo with another piece of text in it; what loading it says. */
async function loadText(name: string, text: string): Promise<{ code?: string; expected?: string; got?: unknown }> {
  const folder = await mkdtemp(join(tmpdir(), 'gridpact-recipe-'));
  const path = join(folder, name);
  try {
    await writeFile(path, text);
    await loadRecipe(path);
    return {};
  } catch (error) {
    const { code, expected, got } = error as { code: string; expected: string; got: unknown };
    return { code, expected: expected.replaceAll(path, name).replaceAll(folder, 'FOLDER'), got };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const TOML = `
format = "gridpact-recipe/2"
name = "small"
task = "frequency-area1-v1"
numEnvs = 2
algorithm = "ppo"
[args]
episodeMs = "10 s"
[ppo]
totalSteps = 400
rolloutSteps = 20
minibatchSize = 40
`;

describe('training recipes', () => {
  it.each(['voltage-ieee33', 'voltage-ieee33-demo'])('%s is a recipe', async (name) => {
    const recipe = await loadRecipe(pathOf(name));
    expect(recipe.name).toBe(name);
    expect(recipe.args).toMatchObject({ stepMs: 300000, reward: { lossScaleW: 50000 } });
  });

  it('has one digest whatever the order of keys, and another for another value', async () => {
    const document = await documentOf(DEMO);
    const reordered = Object.fromEntries(Object.entries(document).reverse());
    const digest = recipeDigest(await parseRecipe(document));
    expect(recipeDigest(await parseRecipe(reordered))).toBe(digest);
    const other = { ...document, ppo: { ...document['ppo'], gamma: 0.5 } };
    expect(recipeDigest(await parseRecipe(other))).not.toBe(digest);
    const described = { ...document, description: 'another text', seeds: [4, 5] };
    expect(recipeDigest(await parseRecipe(described))).toBe(digest);
  });

  it('is read again from what it became', async () => {
    const recipe = await loadRecipe(DEMO);
    const again = await parseRecipe(JSON.parse(JSON.stringify(recipeDocument(recipe))));
    expect(again).toEqual(recipe);
    expect(recipeDigest(again)).toBe(recipeDigest(recipe));
  });

  it('gives the policy the interface of the task it names', async () => {
    const document = await documentOf(DEMO);
    const ppo = { ...document['ppo'], rolloutSteps: 60, minibatchSize: 60 };
    const task = 'frequency-area1-v1';
    const recipe = await parseRecipe({ ...document, task, args: {}, numEnvs: 2, ppo });
    const { policy } = await trainFromRecipe(recipe, { seed: 1, totalSteps: 120 });
    expect(policy.interface).toEqual(make(task).copy.port.policy);
    expect(policy.calibration).toHaveLength(4 * 60 * policy.interface.inputs.length);
  });

  it('refuses a quantity of another dimension', async () => {
    const document = { ...(await documentOf(DEMO)), args: { stepMs: '5 kW' } };
    await expect(parseRecipe(document)).rejects.toMatchObject({ code: 'train.recipe', got: '5 kW' });
  });

  it('trains: a sixth of the demo recipe keeps every bus in band and loses less than the inverters alone', async () => {
    const recipe = await loadRecipe(DEMO);
    const options = { seed: 1, totalSteps: 66000 };
    const { policy, training } = await trainFromRecipe(recipe, options);
    const days = [testDay(2), testDay(12)];
    const mine = voltageDays(days, policy);
    const alone = voltageDays(days, deviceCurve());
    expect(mine.outOfBandShare).toBe(0);
    expect(mine.lossMwh).toBeLessThan(0.95 * alone.lossMwh);
    expect(training.backend.name).toBe('wasm');
    const again = await trainFromRecipe(recipe, { ...options, totalSteps: 7000 });
    const twice = await trainFromRecipe(recipe, { ...options, totalSteps: 7000 });
    expect(twice.training.parameters).toEqual(again.training.parameters);
  }, 60000);
});

describe('what is wrong with a recipe is told with file, key, expected and got', () => {
  it('reads the recipe that the cases below spoil', async () => {
    expect(await loadText('small.toml', TOML)).toEqual({});
  });

  it.each<[what: string, from: string, to: string, expected: string, got: unknown]>([
    ['unknown key', 'numEnvs', 'numEnv', 'numEnv: a known key, such as numEnvs', 'unknown key numEnv'],
    [
      'unknown key of a section',
      'rolloutSteps',
      'rollout_steps',
      'ppo.rollout_steps: a known key, such as rolloutSteps',
      'unknown key rollout_steps',
    ],
    [
      'unknown argument',
      'episodeMs',
      'episodMs',
      'args.episodMs: a known argument of frequency-area1-v1, such as episodeMs',
      'unknown key episodMs',
    ],
    ['wrong type', 'numEnvs = 2', 'numEnvs = "two"', 'numEnvs: an integer in [1, 4096]', 'text "two"'],
    [
      'wrong type of a section',
      'totalSteps = 400',
      'totalSteps = 400.5',
      'ppo.totalSteps: an integer in [1, 10000000000]',
      400.5,
    ],
    ['wrong type of an argument', '"10 s"', 'true', 'args.episodeMs: number', true],
    ['impossible value', 'totalSteps = 400', 'totalSteps = 0', 'ppo.totalSteps: an integer in [1, 10000000000]', 0],
    [
      'impossible value of an argument',
      '"10 s"',
      '"-1 s"',
      'args.episodeMs: a finite number within [1, 86400000]',
      '-1000',
    ],
    [
      'impossible together',
      'minibatchSize = 40',
      'minibatchSize = 41',
      'ppo.minibatchSize: at most 40, the transitions of a rollout (2 copies x 1 agents x 20 steps)',
      41,
    ],
    ['a seed twice', 'numEnvs = 2', 'numEnvs = 2\nseeds = [3, 4, 3]', 'seeds: each seed once', '3 twice'],
    [
      'a rollout that no memory holds',
      'numEnvs = 2',
      'numEnvs = 4096',
      'ppo.rolloutSteps: at most 3855 with 4096 copies x 1 agents',
      100000,
    ],
    ['unknown task', 'frequency-area1-v1', 'frequency-area9-v1', '(nearest: frequency-area1-v1)', 'frequency-area9-v1'],
    ['unknown algorithm', 'algorithm = "ppo"', 'algorithm = "dqn"', 'algorithm: one of ppo, sac', 'dqn'],
    ['unknown backend', 'numEnvs = 2', 'numEnvs = 2\nbackend = "gpu"', 'backend: one of auto, node, wasm, cpu', 'gpu'],
    ['missing key', 'totalSteps = 400', '', 'ppo.totalSteps: an integer', 'nothing'],
    ['missing section', /\[ppo\][^]*/.exec(TOML)![0], '', 'ppo: a table', 'nothing'],
    [
      'missing series',
      'episodeMs',
      'series = "absent.csv"\nepisodeMs',
      'args.series: a CSV of measured frequency that can be read',
      'FOLDER/absent.csv (ENOENT)',
    ],
    ['a section that is not used', '[ppo]', '[sac]\n[ppo]', 'sac: nothing, for algorithm = "ppo"', 'a table'],
    ['the test split', 'episodeMs', 'split = "test"\nepisodeMs', 'args.split: nothing', 'test'],
    [
      'a limit of a task without costs',
      'numEnvs = 2',
      'numEnvs = 2\nlimits = [{ name = "x", limit = 1 }]',
      'limits[0]: no limits',
      'x',
    ],
    [
      'an older format',
      'recipe/2',
      'recipe/1',
      'format: gridpact-recipe/2; a recipe of format 1 becomes one',
      'gridpact-recipe/1',
    ],
    ['what is not TOML', 'numEnvs = 2', 'numEnvs = ', 'document: TOML', 'line 5, column 11: '],
  ])('%s', async (_what, from, to, expected, got) => {
    const text = TOML.replace(from, to);
    const said = await loadText('small.toml', got === 100000 ? text.replace('Steps = 20', 'Steps = 100000') : text);
    expect(said.code).toBe('train.recipe');
    expect(said.expected).toContain(`small.toml: `);
    expect(said.expected).toContain(expected);
    const seen = typeof said.got === 'string' ? said.got.slice(-(got as string).length) : said.got;
    if (String(got).startsWith('line ')) expect(said.got).toContain(got);
    else if (String(got).startsWith('FOLDER')) expect(said.got).toMatch(/absent\.csv \(ENOENT\)$/);
    else expect(seen).toEqual(got);
  });

  it('a table of an argument is checked like any other, and filled from the task', async () => {
    const recipe = (reward: string): string =>
      TOML.replace('frequency-area1-v1', 'voltage-ieee33-v1').replace('episodeMs = "10 s"', `reward = ${reward}`);
    const unknown = await loadText('small.toml', recipe('{ barierWeight = 3 }'));
    expect(unknown.expected).toBe('small.toml: args.reward.barierWeight: a known key, such as barrierWeight');
    const wrong = await loadText('small.toml', recipe('{ barrierWeight = "much" }'));
    expect(wrong).toMatchObject({ expected: 'small.toml: args.reward.barrierWeight: a finite number', got: 'much' });
    const { args } = await parseRecipe({ ...(await documentOf(DEMO)), args: { reward: { lossScaleW: '40 kW' } } });
    expect(args['reward']).toEqual({ ...VOLTAGE_REWARD, lossScaleW: 40000 });
  });

  it.each([
    ['learningStarts = 400', 'sac.learningStarts: below 400, the steps of the recipe', 400],
    ['bufferSize = 10_000_000', 'sac.bufferSize: at most ', 10000000],
  ])('SAC with %s, which would learn nothing or fit no checkpoint', async (setting, expected, got) => {
    const text = TOML.replace('"ppo"', '"sac"').replace(
      /\[ppo\][^]*/,
      `[sac]\ntotalSteps = 400\nlearningStarts = 100\n`,
    );
    expect(await loadText('small.toml', text)).toEqual({});
    const spoilt = setting.startsWith('learningStarts')
      ? text.replace('learningStarts = 100', setting)
      : text + setting;
    const said = await loadText('small.toml', spoilt);
    expect(said).toMatchObject({ code: 'train.recipe', got });
    expect(said.expected).toContain(expected);
  });

  it('JSON that is not JSON has a line', async () => {
    const said = await loadText('small.json', '{\n  "format": 1,\n  2}');
    expect(said.expected).toContain('small.json: document: JSON');
    expect(said.got).toContain('line 3, column 3');
  });

  it('a file that is not there', async () => {
    await expect(loadRecipe('train/absent.toml')).rejects.toMatchObject({
      code: 'train.recipe',
      expected: 'train/absent.toml: document: a file that can be read',
      got: 'ENOENT',
    });
  });
});
