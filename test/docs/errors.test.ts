/** One error table: the page is generated from it, and every code in it is thrown somewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/base/errors.ts';
import { ERRORS_DOC, errorsDoc } from '../../tools/errorsDoc.ts';
import { REPO_ROOT } from '../support/repo.ts';

const SRC = path.join(REPO_ROOT, 'src');

/** Text literals of a file, but for those that only ask which code an error has. */
function literals(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'isGridPactError') return;
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function usedLiterals(): Set<string> {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const users = files.filter((file) => file !== path.join('base', 'errors.ts'));
  return new Set(users.flatMap((file) => literals(path.join(SRC, file))));
}

describe('error table', () => {
  it('is sorted, each code a room and a camel-case name', () => {
    const codes = Object.keys(ERRORS);
    expect(codes).toEqual([...codes].sort());
    for (const code of codes) expect(code).toMatch(/^[a-z][a-zA-Z]*\.[a-z][a-zA-Z0-9]*$/);
  });

  it('has no code that src never gives', () => {
    const used = usedLiterals();
    expect(Object.keys(ERRORS).filter((code) => !used.has(code))).toEqual([]);
  });

  it(`is what ${ERRORS_DOC} says (npm run docs:errors)`, async () => {
    expect(readFileSync(path.join(REPO_ROOT, ERRORS_DOC), 'utf8')).toBe(await errorsDoc(ERRORS));
  });
});
