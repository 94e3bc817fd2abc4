/**
 * A process that trains into a folder, or goes on there, and says each update:
 *   node trainWorker.js DOCUMENT.json FOLDER
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecipe } from '../../../src/agents/recipe.ts';
import { resumeRun, startRun } from '../../../src/agents/training/run.ts';
import { ManualClock } from '../../../src/base/clock.ts';

const [document, folder] = process.argv.slice(2) as [string, string];
const options = {
  clock: new ManualClock(0),
  onProgress: ({ update }: { update: number }) => void process.stdout.write(`${update}\n`),
};
if (existsSync(join(folder, 'run.json'))) await resumeRun(folder, options);
else
  await startRun(
    await parseRecipe(JSON.parse(readFileSync(document, 'utf8'))),
    { folder, directory: '.', seed: 3 },
    options,
  );
