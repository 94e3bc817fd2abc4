/** Series, homes, networks and fleets that a recipe names by path: read, and part of its digest. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRecipe, parseRecipe, recipeDigest, recipeDocument } from '../../../src/agents/recipe.ts';
import type { ScalarSeries } from '../../../src/env/series/scalar.ts';
import type { FeederSeries } from '../../../src/env/series/series.ts';
import type { Network } from '../../../src/grid/network.ts';

let room: string;
beforeAll(() => void (room = mkdtempSync(join(tmpdir(), 'gridpact-files-'))));
afterAll(() => rmSync(room, { recursive: true, force: true }));

const recipe = (task: string, args: object): object => ({
  format: 'gridpact-recipe/2',
  name: 'with-files',
  task,
  args,
  numEnvs: 2,
  ppo: { totalSteps: 100, rolloutSteps: 10, minibatchSize: 20 },
});

function write(name: string, content: string): string {
  writeFileSync(join(room, name), content);
  return name;
}

/** A minute of 60 Hz and a little, one row a second. */
const frequency = (offsetPu: number): string =>
  Array.from({ length: 60 }, (_, s) => `${(s / 3600).toPrecision(5)},${1 + offsetPu},${1 + offsetPu},1,1\n`).join('');

/** Two days of load at bus 18 and sun beside it, every half hour. */
function feederCsv(): string {
  const rows = Array.from({ length: 96 }, (_, k) => {
    const at = new Date(Date.UTC(2021, 5, 1) + k * 1800000).toISOString();
    return `${at},${50000 + 100 * k},${k % 48 > 12 && k % 48 < 36 ? 200000 : 0}\n`;
  });
  return `timestamp,load.18 [W],pv.18 [W]\n${rows.join('')}`;
}

describe('files of a recipe', () => {
  it('measured frequency: read from beside the recipe, and what is in it decides the digest', async () => {
    write('f.csv', frequency(0.001));
    const path = join(room, 'recipe.json');
    writeFileSync(
      path,
      JSON.stringify(recipe('frequency-area1-v1', { scenario: 'series', series: 'f.csv', episodeMs: '6 s' })),
    );
    const first = await loadRecipe(path);
    const { series } = first.taskArgs as { series: ScalarSeries };
    expect(series.values.length).toBeGreaterThanOrEqual(60);
    expect(series.values[0]).toBeCloseTo(0.06, 9);
    expect(first.args['series']).toBe('f.csv');
    expect(first.files).toMatchObject([{ key: 'args.series', path: 'f.csv' }]);
    write('f.csv', frequency(0.002));
    const second = await loadRecipe(path);
    expect(recipeDigest(second)).not.toBe(recipeDigest(first));
    await expect(parseRecipe(recipeDocument(first), { directory: room })).rejects.toMatchObject({
      code: 'train.recipe',
      expected: expect.stringContaining('files[0].sha256') as string,
    });
  });

  it('loads and PV of a feeder: whole days at the interval of the task', async () => {
    write('loads.csv', feederCsv());
    const { taskArgs, files } = await parseRecipe(
      recipe('voltage-ieee33-v1', { series: ['loads.csv'], stepMs: '15 min' }),
      {
        directory: room,
      },
    );
    const { series } = taskArgs as { series: FeederSeries[] };
    expect(series.map(({ steps, stepMs }) => [steps, stepMs])).toEqual([
      [96, 900000],
      [96, 900000],
    ]);
    expect(files).toHaveLength(1);
  });

  it('a built-in network by its name is no file', async () => {
    const { taskArgs, files } = await parseRecipe(recipe('voltage-case-v1', { network: 'ieee69' }));
    expect((taskArgs as { network: Network }).network.buses).toHaveLength(69);
    expect(files).toEqual([]);
  });

  it.each<[what: string, task: string, args: object, expected: string]>([
    [
      'a series that is not there',
      'voltage-ieee33-v1',
      { series: 'none.csv' },
      'args.series: a CSV of loads and PV that can be read',
    ],
    [
      'a series that is none',
      'voltage-ieee33-v1',
      { series: 'text.csv' },
      'args.series: text.csv to hold what it must',
    ],
    [
      'homes that are not there',
      'dispatch-home-v1',
      { homes: 'none' },
      'args.homes: a folder of homes with schema.json that can be read',
    ],
    ['a network that is not there', 'voltage-case-v1', { network: 'none.m' }, 'args.network: a built-in case (ieee14'],
    ['a fleet that is none', 'voltage-case-v1', { fleet: 'text.csv' }, 'args.fleet: text.csv to hold what it must'],
    [
      'a series of a task that takes none',
      'anm6-easy-v1',
      { series: 'text.csv' },
      'args.series: nothing: anm6-easy-v1 takes no series',
    ],
  ])('%s is told with its key', async (_what, task, args, expected) => {
    write('text.csv', 'only text\n');
    const refused = parseRecipe(recipe(task, args), { file: 'r.toml', directory: room });
    await expect(refused).rejects.toMatchObject({
      code: 'train.recipe',
      expected: expect.stringContaining(`r.toml: ${expected}`) as string,
    });
  });
});
