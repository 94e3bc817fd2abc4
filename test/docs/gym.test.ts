/** docs/reference/gym.md says what the registry and the checker have. Its blocks run with those of all other pages. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as env from '../../src/env/index.ts';
import { GYM_DOC, gymDoc } from '../../tools/gymDoc.ts';
import { REPO_ROOT } from '../support/repo.ts';

const page = readFileSync(path.join(REPO_ROOT, GYM_DOC), 'utf8');

const { CHECK_RULES, make, TASK_IDS } = env;

describe('docs/reference/gym.md', () => {
  it('has the tables of tasks and rules as they are now (npm run docs:gym)', () => {
    expect(page).toBe(gymDoc(page));
  });

  it('has a row for every task, with its shape, and a row for every rule', () => {
    for (const id of TASK_IDS) {
      const { agents, observationSize, actionSize } = make(id).copy.shape;
      const cells = rowOf(`\`${id}\``);
      expect([id, ...cells.slice(2, 5)]).toEqual([id, `${agents}`, `${observationSize}`, `${actionSize}`]);
      expect(cells[1], `title of ${id}`).not.toBe('');
    }
    for (const [rule, words] of Object.entries(CHECK_RULES)) expect(rowOf(`\`${rule}\``)[1]).toBe(words);
  });

  it('lists every name of the public path once', () => {
    const from = page.indexOf('<!-- names:');
    const listed = [...page.slice(from, page.indexOf('<!-- end of names -->')).matchAll(/`(\w+)`/g)].map((m) => m[1]!);
    expect(listed.sort()).toEqual(Object.keys(env).sort());
  });

  it('a page without its marks is an error', () => {
    expect(() => gymDoc('# nothing')).toThrow('tasks');
  });
});

function rowOf(first: string): string[] {
  const line = page.split('\n').find((text) => text.startsWith(`| ${first} `));
  return (line ?? '')
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
