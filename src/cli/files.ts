/** Files named on a command line: what goes wrong with them is the user's to mend, so it has a code. */
import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../base/errors.ts';

/** @throws `cli.file`. */
export async function readBytesFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw fail('cli.file', { expected: 'a file that can be read', got: `${path} (${errnoOf(cause)})`, cause });
  }
}

/** Makes the directory with its parents, unless it is there. @throws `cli.file`. */
export async function makeNamedDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw fail('cli.file', { expected: 'a directory that can be made', got: `${path} (${errnoOf(cause)})`, cause });
  }
}

/** Where a file is to be written once it is known what: told before the work, not after. @throws `cli.file`. */
export async function requireDirectory(path: string): Promise<void> {
  try {
    await access(join(path, '.'), constants.W_OK);
  } catch (cause) {
    throw fail('cli.file', {
      expected: 'a directory that can be written to',
      got: `${path} (${errnoOf(cause)})`,
      cause,
    });
  }
}

/** @throws `cli.file`. */
export async function writeNamedFile(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (cause) {
    throw fail('cli.file', { expected: 'a file that can be written', got: `${path} (${errnoOf(cause)})`, cause });
  }
}

/** @throws `cli.file` when it cannot be read or is not JSON. The caller checks the shape. */
export async function readJsonFile(path: string): Promise<unknown> {
  const bytes = await readBytesFile(path);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    throw fail('cli.file', { expected: 'JSON', got: path, cause });
  }
}

/** `ENOENT` and the like; the message of anything else. */
export function errnoOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
}
