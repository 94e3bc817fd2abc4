/** Where the repository and the optional shared data are. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPO_ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Reference data beside the checkout (override: GRIDPACT_SHARED); undefined when this machine has none. */
export function sharedFile(...parts: readonly string[]): string | undefined {
  const file = path.join(process.env.GRIDPACT_SHARED ?? path.resolve(REPO_ROOT, '../shared'), ...parts);
  return existsSync(file) ? file : undefined;
}
