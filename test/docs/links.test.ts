/** Every relative link of the README and the docs leads somewhere, anchors included. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPO_ROOT } from '../support/repo.ts';

const ROOTS = ['README.md', 'CHANGELOG.md', 'docs', 'models'];
const PAGES = ROOTS.flatMap((root) =>
  statSync(path.join(REPO_ROOT, root)).isFile()
    ? [root]
    : readdirSync(path.join(REPO_ROOT, root), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.md'))
        .map((file) => path.join(root, file)),
);

/** Targets of `[text](target)` outside code; web addresses left out. */
function links(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '``');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** As GitHub makes them: lower case, punctuation dropped, blanks to hyphens. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(page: string, target: string): boolean {
  const [file, anchor] = target.split('#') as [string, string | undefined];
  const found = file === '' ? page : path.join(path.dirname(page), file);
  const full = path.join(REPO_ROOT, found);
  if (found.startsWith('..') || !existsSync(full)) return true;
  return anchor !== undefined && !anchors(readFileSync(full, 'utf8')).includes(anchor);
}

describe('links', () => {
  it('are found, and a broken file or anchor is told', () => {
    expect(links('[a](b.md) `[c](d.md)` [e](https://f.g)\n```\n[h](i.md)\n```\n[j](#k)')).toEqual(['b.md', '#k']);
    expect(anchors('# A `b`: c\n')).toEqual(['a-b-c']);
    expect(isBroken('README.md', 'docs/none.md')).toBe(true);
    expect(isBroken('README.md', '#none')).toBe(true);
    expect(isBroken('README.md', '../README.md')).toBe(true);
  });

  it.each(PAGES)('%s', (page) => {
    const targets = links(readFileSync(path.join(REPO_ROOT, page), 'utf8'));
    expect(targets.filter((target) => isBroken(page, target))).toEqual([]);
  });
});
