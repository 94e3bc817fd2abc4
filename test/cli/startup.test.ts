import { describe, it, expect } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const CLI = resolve(import.meta.dirname, '../../src/cli');

/** Packages in the static import closure of a source file: what node reads before the first line runs. */
function packagesOf(entry: string): Set<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const imports = readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\s(?!type\s)(?:[^'";]*?\sfrom\s)?'([^']+)'/gm,
    );
    for (const [, specifier] of imports) {
      if (specifier!.startsWith('.')) visit(join(dirname(file), specifier!));
      else packages.add(specifier!);
    }
  };
  visit(entry);
  return packages;
}

describe('start of the command line', () => {
  it('the reader of imports sees what is there', () => {
    expect(packagesOf(join(CLI, 'actions/keys.ts'))).toContain('@noble/curves/ed25519.js');
  });

  it('main reads the argument library and nothing heavy', () => {
    expect([...packagesOf(join(CLI, 'main.ts'))].sort()).toEqual(['@stricli/core', 'node:fs', 'picocolors']);
  });

  it.each(readdirSync(join(CLI, 'commands')))('describing %s reads no more', (file) => {
    const extra = [...packagesOf(join(CLI, 'commands', file))].filter(
      (name) => !['@stricli/core', 'picocolors'].includes(name) && !name.startsWith('node:'),
    );
    expect(extra).toEqual([]);
  });
});
