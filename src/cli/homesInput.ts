/** Homes named on a command line: a folder in the format of the CityLearn challenge 2022. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../base/errors.ts';
import { cityLearnFiles, readCityLearn, type CityLearnIssue } from '../env/series/citylearn.ts';
import type { HomeSeries } from '../env/series/home.ts';
import { errnoOf, readBytesFile } from './files.ts';

const SCHEMA = 'schema.json';

/**
 * The homes whose files are there, and what is wrong with them by file and line.
 * @throws `cli.file`; `series.schema`, `series.header`, `series.rows`, `env.series`.
 */
export async function readHomes(
  folder: string,
): Promise<{ homes: readonly HomeSeries[]; issues: readonly CityLearnIssue[] }> {
  const there = await readdir(folder).catch((cause: unknown) => {
    throw fail('cli.file', { expected: `a folder with ${SCHEMA}`, got: `${folder} (${errnoOf(cause)})`, cause });
  });
  const schema = await readText(folder, SCHEMA);
  const files = new Map([[SCHEMA, schema]]);
  for (const name of cityLearnFiles(schema)) {
    // Only what lies in the folder itself: a schema may come from anywhere.
    if (there.includes(name)) files.set(name, await readText(folder, name));
  }
  return readCityLearn(files);
}

async function readText(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const bytes = await readBytesFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fail('cli.file', { expected: 'text in UTF-8', got: path, cause });
  }
}
