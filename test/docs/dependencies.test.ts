import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPO_ROOT } from '../support/repo.ts';

const read = (file: string): string => readFileSync(path.join(REPO_ROOT, file), 'utf8');

describe('docs/dependencies.md', () => {
  it('has one row for each package of package.json and no other', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    const declared = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((key) =>
      Object.keys(manifest[key] ?? {}),
    );
    const rows = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` /gm)].map((match) => match[1]);
    expect(rows.toSorted()).toEqual(declared.toSorted());
  });
});
