/** A policy artifact named on a command line: its file, or a directory that holds `policy.cbor`. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readBytesFile } from './files.ts';

const ARTIFACT = 'policy.cbor';
// Two levels up from src/cli and from dist/cli alike.
export const SHIPPED_POLICY = fileURLToPath(new URL('../../models/voltage-ieee33', import.meta.url));

/** Default: the voltage policy that ships with the project. @throws `cli.file`. */
export async function readPolicy(path?: string): Promise<Uint8Array> {
  return readBytesFile(await policyPath(path));
}

/** The file itself. */
export async function policyPath(path: string = SHIPPED_POLICY): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true ? join(path, ARTIFACT) : path;
}
