/** A sweep: random draws, successive halving, the same result whether it was cut off or not. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRecipe } from '../../../src/agents/recipe.ts';
import { loadSweep, ranking, survivors, type TrialState } from '../../../src/agents/training/sweep.ts';
import { runCli } from '../../../src/cli/app.ts';
import { SMALL_PPO } from './recipes.ts';

let room: string;
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'gridpact-sweep-'));
  writeFileSync(join(room, 'small.json'), JSON.stringify(SMALL_PPO));
});
afterAll(() => rmSync(room, { recursive: true, force: true }));

const SWEEP = `
format = "gridpact-sweep/1"
name = "small-sweep"
recipe = "small.json"
trials = 5
eta = 3
minSteps = 100
episodes = 2
[space]
"ppo.learningRate" = { logUniform = [1e-4, 1e-1] }
"ppo.gamma" = { uniform = [0.5, 0.99] }
"ppo.epochs" = { integer = [1, 3] }
"args.episodeMs" = { choices = [4000, 6000] }
`;

function written(text: string): string {
  const path = join(room, 'sweep.toml');
  writeFileSync(path, text);
  return path;
}

async function run(out: string): Promise<{ status: number; document: Record<string, unknown> }> {
  let said = '';
  const stdout = { write: (text: string) => (said += text) };
  const args = ['sweep', written(SWEEP), '--out', join(room, out), '--workers', '2', '--json'];
  const status = await runCli(args, { stdout, stderr: { write: () => undefined }, env: {}, nowMs: () => 0 });
  return { status, document: JSON.parse(said) as Record<string, unknown> };
}

describe('the draws', () => {
  it('are the same each time, within their ranges, four digits long', async () => {
    const path = written(SWEEP.replace('trials = 5', 'trials = 60'));
    const [one, two] = [await loadSweep(path), await loadSweep(path)];
    expect(two.digest).toBe(one.digest);
    expect(one.rungs).toEqual([100, 300, 500]);
    const drawn = one.trials.map((trial) => trial.drawn as Record<string, number>);
    const rates = drawn.map((d) => d['ppo.learningRate']!);
    expect(rates.every((x) => x >= 1e-4 && x <= 1e-1 && x === Number(x.toPrecision(4)))).toBe(true);
    // Log-uniform: half of them below the geometric middle.
    expect(rates.filter((x) => x < 10 ** -2.5).length).toBeGreaterThan(18);
    expect(rates.filter((x) => x < 10 ** -2.5).length).toBeLessThan(42);
    expect(new Set(drawn.map((d) => d['ppo.epochs']))).toEqual(new Set([1, 2, 3]));
    expect(new Set(drawn.map((d) => d['args.episodeMs']))).toEqual(new Set([4000, 6000]));
    for (const { drawn: values, recipe } of one.trials) expect(recipe.ppo!.gamma).toBe(values['ppo.gamma']);
  });

  it.each<[what: string, from: string, to: string, code: string, expected: string]>([
    ['an unknown key', 'minSteps', 'minStep', 'train.sweep', 'sweep.toml: minStep: a known key, such as minSteps'],
    [
      'an unknown kind of range',
      'uniform = [0.5',
      'uniforn = [0.5',
      'train.sweep',
      'space.ppo.gamma.uniforn: a known key, such as uniform',
    ],
    [
      'a range out of order',
      '[1e-4, 1e-1]',
      '[1e-1, 1e-4]',
      'train.sweep',
      'space.ppo.learningRate.logUniform: two numbers, 0 < low < high',
    ],
    [
      'a first rung beyond the end',
      'minSteps = 100',
      'minSteps = 1000',
      'train.sweep',
      'minSteps: at most 500, the steps of the recipe',
    ],
    [
      'a path that the recipe has not',
      'ppo.epochs',
      'ppo.epoch',
      'train.recipe',
      'trial 0: ppo.epoch: a known key, such as epochs',
    ],
    [
      'a value that the recipe may not have',
      '[0.5, 0.99]',
      '[1.5, 2]',
      'train.recipe',
      'trial 0: ppo.gamma: a number in [0, 1]',
    ],
    [
      'a recipe that is not there',
      'small.json',
      'absent.json',
      'train.recipe',
      'absent.json: document: a file that can be read',
    ],
  ])('%s is told with file, key, expected and got', async (_what, from, to, code, expected) => {
    const refused = loadSweep(written(SWEEP.replace(from, to)));
    await expect(refused).rejects.toMatchObject({ code, expected: expect.stringContaining(expected) as string });
  });
});

describe('successive halving', () => {
  const states: TrialState[] = [
    { id: 0, scores: [1, 5] },
    { id: 1, scores: [3, 4, 9] },
    { id: 2, scores: [2] },
    { id: 3, scores: [], failed: 'diverged' },
    { id: 4, scores: [3, 4] },
    { id: 5, scores: [0] },
    { id: 6, scores: [1] },
  ];

  it('takes the best 1/eta of a rung to the next, the earlier of equals first', () => {
    expect(survivors({ eta: 2 }, states, 0)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(survivors({ eta: 2 }, states, 1)).toEqual([0, 1, 2, 4]);
    expect(survivors({ eta: 4 }, states, 1)).toEqual([1, 4]);
    expect(survivors({ eta: 4 }, states, 2)).toEqual([1]);
  });

  it('ranks by how far a trial came, then by its score there', () => {
    expect(ranking(states).map(({ id }) => id)).toEqual([1, 0, 4, 2, 6, 5, 3]);
  });
});

describe('gridpact sweep', () => {
  it('writes the best recipe, and comes to the same when it was cut off', async () => {
    const whole = await run('whole');
    expect(whole.status).toBe(0);
    const trials = whole.document['trials'] as readonly (TrialState & { drawn: Record<string, unknown> })[];
    expect(trials.map(({ scores }) => scores.length)).toEqual([3, 2, 1, 1, 1]);
    const best = await loadRecipe(join(room, 'whole', 'best.toml'));
    expect(best.ppo!.learningRate).toBe(trials[0]!.drawn['ppo.learningRate']);
    const again = await run('whole');
    expect(again.document).toEqual(whole.document);

    // Cut off in the first rung, with one trial scored and another stopped on its way.
    const path = join(room, 'whole', 'results.json');
    const state = JSON.parse(readFileSync(path, 'utf8')) as { trials: TrialState[] };
    const cut = {
      ...state,
      trials: state.trials.map((t, i) => ({ ...t, scores: i === 0 ? t.scores.slice(0, 1) : [] })),
    };
    writeFileSync(path, JSON.stringify(cut));
    rmSync(join(room, 'whole', 'trial-002'), { recursive: true });
    rmSync(join(room, 'whole', 'trial-001'), { recursive: true });
    rmSync(join(room, 'whole', 'trial-003'), { recursive: true });
    rmSync(join(room, 'whole', 'trial-004'), { recursive: true });
    rmSync(join(room, 'whole', 'trial-000', 'checkpoints'), { recursive: true });
    expect((await run('whole')).document).toEqual(whole.document);
  });

  it('does not go on in the folder of another sweep', async () => {
    const path = join(room, 'whole', 'results.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"digest": "./, '"digest": "x'));
    expect(await run('whole')).toMatchObject({ status: 1, document: { error: { code: 'train.sweep' } } });
  });
});

describe('gridpact train --seeds', () => {
  it('trains each seed to the bytes it has alone, side by side, and goes on', async () => {
    const out = join(room, 'seeds');
    const train = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
      let said = '';
      const stdout = { write: (text: string) => (said += text) };
      await runCli(['train', ...args, '--json'], {
        stdout,
        stderr: { write: () => undefined },
        env: {},
        nowMs: () => 0,
      });
      return JSON.parse(said) as Record<string, unknown>;
    };
    const both = await train(join(room, 'small.json'), '--seeds', '2,3', '--workers', '2', '--out', out);
    const alone = await train(join(room, 'small.json'), '--seed', '3', '--out', join(room, 'alone'));
    const seeds = both['seeds'] as readonly { seed: number; cid: string; finalReturn: number }[];
    expect(seeds.map(({ seed }) => seed)).toEqual([2, 3]);
    expect(seeds[1]!.cid).toBe(alone['cid']);
    const { value, low, high } = both['finalReturn'] as { value: number; low: number; high: number };
    expect(value).toBeCloseTo((seeds[0]!.finalReturn + seeds[1]!.finalReturn) / 2, 10);
    expect(low).toBeLessThanOrEqual(value);
    expect(high).toBeGreaterThanOrEqual(value);
    rmSync(join(out, 'seed-3'), { recursive: true });
    const resumed = await train('--resume', out);
    const timeless = (list: unknown): unknown =>
      (list as Record<string, unknown>[]).map(({ seconds: _s, ...rest }) => rest);
    expect(timeless(resumed['seeds'])).toEqual(timeless(both['seeds']));
    const refused = await train(join(room, 'small.json'), '--seeds', '2,3', '--out', out, '--model', join(room, 'm'));
    expect(refused).toMatchObject({ error: { code: 'cli.usage' } });
  });
});
