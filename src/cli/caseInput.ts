/** A network named on a command line: a built-in case, or a file of either format, told apart by how it begins. */
import { open } from 'node:fs/promises';
import { fail } from '../base/errors.ts';
import { CASE_NAMES, caseNetwork, isCaseName } from '../env/cases/index.ts';
import { parseCase } from '../env/cases/caseText.ts';
import { MAX_CASE_CHARS, parseMatpower } from '../env/cases/matpower.ts';
import type { Network } from '../grid/network.ts';
import { errnoOf } from './files.ts';

const CHUNK_BYTES = 1 << 20;

/** A name comes before a file of that name. @throws `cli.usage`, `env.caseFile`, `env.caseText`. */
export async function readCase(nameOrPath: string): Promise<Network> {
  if (isCaseName(nameOrPath)) return caseNetwork(nameOrPath);
  const bytes = await readAtMost(nameOrPath, MAX_CASE_CHARS + 1).catch((cause: unknown) => {
    const expected = `a built-in case (${CASE_NAMES.join(', ')}) or a case file that can be read`;
    throw fail('cli.usage', { expected, got: `${nameOrPath} (${errnoOf(cause)})`, cause });
  });
  if (bytes.length > MAX_CASE_CHARS) {
    throw fail('env.caseFile', { expected: `at most ${MAX_CASE_CHARS} bytes`, got: 'more' });
  }
  // Comments of old case files hold Latin-1; numbers and names do not.
  const text = new TextDecoder().decode(bytes);
  return isCaseText(text) ? parseCase(text) : parseMatpower(text);
}

/** Whether the first line that is neither blank nor a comment is that of the text format. */
function isCaseText(text: string): boolean {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end).trim();
    if (line !== '' && !line.startsWith('#')) return line.startsWith('gridpact-case');
    at = end < 0 ? text.length : end + 1;
  }
  return false;
}

/** The file's first bytes: what is named may be a device without end. */
async function readAtMost(path: string, limit: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const chunks: Uint8Array[] = [];
    for (let left = limit; left > 0;) {
      const { bytesRead, buffer } = await file.read({ buffer: new Uint8Array(Math.min(left, CHUNK_BYTES)) });
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      left -= bytesRead;
    }
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}
