/** A network named on a command line: a built-in case, or a file of either format, told apart by how it begins. */
import { readFile } from 'node:fs/promises';
import { fail } from '../base/errors.ts';
import { CASE_NAMES, caseNetwork, isCaseName } from '../env/cases/index.ts';
import { parseCase } from '../env/cases/caseText.ts';
import { MAX_CASE_CHARS, parseMatpower } from '../env/cases/matpower.ts';
import type { Network } from '../grid/network.ts';
import { errnoOf } from './files.ts';

/** A name comes before a file of that name. @throws `cli.usage`, `env.caseFile`, `env.caseText`. */
export async function readCase(nameOrPath: string): Promise<Network> {
  if (isCaseName(nameOrPath)) return caseNetwork(nameOrPath);
  const bytes = await readFile(nameOrPath).catch((cause: unknown) => {
    const expected = `a built-in case (${CASE_NAMES.join(', ')}) or a case file that can be read`;
    throw fail('cli.usage', { expected, got: `${nameOrPath} (${errnoOf(cause)})`, cause });
  });
  if (bytes.length > MAX_CASE_CHARS) {
    throw fail('env.caseFile', { expected: `at most ${MAX_CASE_CHARS} bytes`, got: bytes.length });
  }
  // Comments of old case files hold Latin-1; numbers and names do not.
  const text = new TextDecoder().decode(bytes);
  return /^\s*(?:#.*\s+)*gridpact-case/.test(text) ? parseCase(text) : parseMatpower(text);
}
