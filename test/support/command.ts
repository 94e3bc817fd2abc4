/** The `gridpact` command from the sources, for tests that run it as a user does. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { REPO_ROOT } from './repo.ts';

/** Puts an executable `gridpact` into `dir`; prepend `dir` to PATH to have it. */
export function installCommand(dir: string): void {
  const loader = import.meta.resolve('tsx');
  const main = path.join(REPO_ROOT, 'src/cli/main.ts');
  const file = path.join(dir, 'gridpact');
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' --import '${loader}' '${main}' "$@"\n`);
  chmodSync(file, 0o755);
}
