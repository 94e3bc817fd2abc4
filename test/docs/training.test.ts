/** docs/agents/training.md and the pages of the learners document every key there is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  LIMIT_SETTINGS,
  loadRecipe,
  parseRecipe,
  RECIPE_FORMAT,
  RECIPE_SETTINGS,
  recipeDocument,
} from '../../src/agents/recipe.ts';
import { ALGORITHM_NAMES, ALGORITHMS } from '../../src/agents/training/algorithms.ts';
import { parseDocument } from '../../src/agents/training/document.ts';
import { DocumentCheck } from '../../src/agents/training/settings.ts';
import { loadSweep, RANGE_KINDS, SWEEP_FORMAT, SWEEP_SETTINGS } from '../../src/agents/training/sweep.ts';
import { REPO_ROOT } from '../support/repo.ts';

const page = (name: string): string => readFileSync(join(REPO_ROOT, 'docs', 'agents', `${name}.md`), 'utf8');
const training = page('training');
/** Names in back quotes in the first column of the page's tables. */
const tabled = (text: string): Set<string> =>
  new Set(
    text
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) =>
        line
          .split('|')[1]!
          .match(/`[^`]+`/g)!
          .map((name) => name.slice(1, -1)),
      ),
  );

describe('docs/agents/training.md', () => {
  it('has a row for every key of a recipe, a limit and a sweep', async () => {
    const recipe = await loadRecipe(join(REPO_ROOT, 'train', 'voltage-ieee33-demo.json'));
    const keys = [
      ...Object.keys(recipeDocument(recipe)),
      ...Object.keys(RECIPE_SETTINGS),
      ...ALGORITHM_NAMES,
      ...Object.keys(LIMIT_SETTINGS),
      ...Object.keys(SWEEP_SETTINGS),
      'space',
      'recipe',
    ];
    expect(keys.filter((key) => !tabled(training).has(key))).toEqual([]);
    for (const text of [RECIPE_FORMAT, SWEEP_FORMAT, ...RANGE_KINDS]) expect(training).toContain(`\`${text}\``);
  });

  it('states the bounds and defaults that are checked', () => {
    const rows = training.split('\n').filter((line) => line.startsWith('| `'));
    for (const [name, setting] of Object.entries({ ...SWEEP_SETTINGS, ...RECIPE_SETTINGS })) {
      if (setting.kind !== 'number') continue;
      const spell = (x: number): string =>
        x >= 1e6 && Number.isInteger(Math.log10(x)) ? x.toExponential().replace('+', '') : String(x);
      const row = rows.find((line) => line.startsWith(`| \`${name}\``));
      expect(row, name).toContain(`${spell(setting.low)} .. ${spell(setting.high)}`);
      if (setting.initial !== undefined) expect(row!.split('|')[3]!.trim()).toBe(String(setting.initial));
    }
  });

  it('shows a recipe that can be read', async () => {
    const text = /```toml\n(format = "gridpact-recipe[^`]*)```/.exec(training)![1]!;
    const recipe = await parseRecipe(parseDocument(new DocumentCheck('page.toml', 'train.recipe'), text, 'page.toml'));
    expect(recipe.ppo!.totalSteps).toBe(200000);
  });

  it('the sweep that ships can be read', async () => {
    const sweep = await loadSweep(join(REPO_ROOT, 'train', 'sweep-example.toml'));
    expect(sweep.rungs).toEqual([25000, 100000, 400000]);
  });
});

describe.each(ALGORITHM_NAMES)('docs/agents/%s.md', (name) => {
  it('has a row for every setting', () => {
    const missing = Object.keys(ALGORITHMS[name].settings).filter((key) => !tabled(page(name)).has(key));
    expect(missing).toEqual([]);
  });
});
