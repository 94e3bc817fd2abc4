/** `npm run docs:conformance`: test/conformance/*.json, by which an executor in any language checks itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { POLICY_VERSION } from '../src/contracts/policy/artifact.ts';
import { REPO_ROOT } from '../test/support/repo.ts';
import { arithmeticCases } from './conformance/arithmetic.ts';
import { artifactCases } from './conformance/artifacts.ts';
import { loaderCases } from './conformance/loader.ts';

export const CONFORMANCE = join(REPO_ROOT, 'test', 'conformance');

/** File name to text; the same text each time. */
export function conformanceFiles(): Readonly<Record<string, string>> {
  const suites = { arithmetic: arithmeticCases(), loader: loaderCases(), artifacts: artifactCases() };
  return Object.fromEntries(Object.entries(suites).map(([suite, cases]) => [`${suite}.json`, fileText(suite, cases)]));
}

/** One line a case. */
function fileText(suite: string, cases: readonly object[]): string {
  const head = JSON.stringify({ format: 'gridpolicy-conformance/1', semantics: POLICY_VERSION, suite });
  return `${head.slice(0, -1)},"cases":[\n${cases.map((one) => JSON.stringify(one)).join(',\n')}\n]}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(CONFORMANCE, { recursive: true });
  for (const [name, text] of Object.entries(conformanceFiles())) writeFileSync(join(CONFORMANCE, name), text);
}
