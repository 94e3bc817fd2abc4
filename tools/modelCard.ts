/**
 * `npm run docs:cards`: models/<name>/card.md, the page an operator reads, from card.json, the artifact itself and
 * the study in docs/evidence. A test holds the page against what this would write.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { ModelCard } from '../src/cli/modelFiles.ts';
import type { StudyDocument } from '../train/studyReport.ts';
import { REPO_ROOT } from '../test/support/repo.ts';

export const CARDS = ['voltage-ieee33'] as const;

function readJson<T>(...parts: string[]): T {
  return JSON.parse(readFileSync(join(REPO_ROOT, ...parts), 'utf8')) as T;
}

function percent(share: number, digits = 3): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** The page as it should stand. */
export async function cardPage(name: (typeof CARDS)[number]): Promise<string> {
  const card = readJson<ModelCard>('models', name, 'card.json');
  const study = readJson<StudyDocument>('docs', 'evidence', `${name}.json`);
  const lines = [...identity(name, card), ...use(), ...metrics(card, study), ...limits(card)];
  const options = await resolveConfig(join(REPO_ROOT, 'README.md'));
  return format(`${lines.join('\n')}\n`, { ...options, parser: 'markdown' });
}

function identity(name: string, { cid, bytes, gas, task, training, freeze, selfTest }: ModelCard): readonly string[] {
  return [
    `# Model card: ${name}`,
    '',
    '| | |',
    '|---|---|',
    `| policy | \`${cid}\` |`,
    `| artifact | gridpolicy/int16/1, ${bytes} bytes, gas ${gas} a call |`,
    `| task | \`${task}\` |`,
    `| made by | \`gridpact train train/${training.recipe}.json --seed ${training.seed} --out models/${name}\` |`,
    `| recipe | SHA-256 \`${training.recipeDigest}\` |`,
    `| training | ${training.steps} steps, parameters \`${training.parameterDigest}\` |`,
    `| backend | ${training.backend} |`,
    `| quantisation | at most ${percent(freeze.maxError, 4)} of the output range on ${freeze.points} points, mean ${percent(freeze.meanError, 5)}; bound anywhere ${percent(freeze.bound, 2)} |`,
    `| self-test | vec4096 \`${selfTest.vec4096}\` |`,
    '',
  ];
}

function use(): readonly string[] {
  return [
    '## Intended use',
    '',
    'Dispatched voltage support on a radial feeder, every five minutes, one inverter at a time: the policy sees the',
    "inverter's own measurements of the interval before (voltage, active and reactive power, PV power, time of day, its",
    'own sensitivity, its own last offset) and issues an offset to the volt-var curve that the inverter runs by itself.',
    '',
    '## Data',
    '',
    'Synthetic days of the 33-bus feeder (docs/reference/environment.md), training split only; no measured data.',
    '',
  ];
}

function metrics(card: ModelCard, study: StudyDocument): readonly string[] {
  const seed = study.seeds.find(({ cid }) => cid === card.cid);
  return [
    '## Measured',
    '',
    `On ${study.days.hard.length} unseen hard days (the standard droop, one interval late, leaves more than 0.5 % out of band)`,
    `and ${study.days.all.length} unseen days without selection. The policy's row is the mean of ${study.seeds.length} training`,
    `seeds${seed === undefined ? '' : `; this model is seed ${seed.seed}`}. Intervals are 95 %, paired bootstrap over seeds and days:`,
    'docs/evidence/voltage-ieee33.md.',
    '',
    '| control | out of band, hard days | loss MWh a day | policy minus this, loss MWh | out of band, all days | loss MWh, all days |',
    '|---|---|---|---|---|---|',
    ...study.table.map(({ name, hard, all, comparison }) => {
      const loss = comparison?.lossMwh;
      const difference =
        loss === undefined ? '' : `${loss.mean.toFixed(4)} [${loss.low.toFixed(4)}, ${loss.high.toFixed(4)}]`;
      const cells = [name, percent(hard.outOfBandShare), hard.lossMwh.toFixed(4), difference];
      return `| ${[...cells, percent(all.outOfBandShare), all.lossMwh.toFixed(4)].join(' | ')} |`;
    }),
    '',
  ];
}

function limits({ freeze }: ModelCard): readonly string[] {
  return [
    '## What holds whatever the network says',
    '',
    'The envelope: no injecting offset at or above 1.05 pu, no absorbing offset at or below 0.95 pu. The guard: offer,',
    'rating and deployment caps. The fallback, when an input is missing: a gentle droop on the last voltage, or no offset',
    "at all, on top of the inverter's own curve.",
    '',
    '## Known failures and limits',
    '',
    '- Trained and measured on one network, one PV-to-load ratio and synthetic weather; on another feeder it is a guess',
    '  until it is evaluated there.',
    '- It relies on the local curve for the band: with the curve switched off its offsets alone are one interval late.',
    '- It does not know the neighbours: losses could be lower with a view of the whole feeder.',
    `- Nothing is proved about it yet beyond the static checks and the quantisation bound of ${percent(freeze.bound, 2)}.`,
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of CARDS) writeFileSync(join(REPO_ROOT, 'models', name, 'card.md'), await cardPage(name));
}
