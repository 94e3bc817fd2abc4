/** `npm run docs:errors`: docs/reference/errors.md from the error table. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { ERRORS } from '../src/base/errors.ts';

export const ERRORS_DOC = 'docs/reference/errors.md';

const HEAD = `# Errors

Every error a user can act on carries a stable code, what was expected and what was got. On the command line it is one
line, \`code: meaning | expected ... | got ...\`; over the API it is the JSON fields \`code\`, \`expected\` and \`got\`. Match on
the code: it never changes meaning, while the wording may improve.

This page is generated from \`src/base/errors.ts\` by \`npm run docs:errors\`.
`;

/** One section a room (the part of the code before the dot), one row a code. */
export async function errorsDoc(table: Readonly<Record<string, string>>): Promise<string> {
  const rooms = new Map<string, string[]>();
  for (const [code, meaning] of Object.entries(table)) {
    const room = code.slice(0, code.indexOf('.'));
    const rows = rooms.get(room) ?? [];
    rooms.set(room, rows);
    rows.push(`| \`${code}\` | ${meaning.replace(/[|<]/g, '\\$&')} |`);
  }
  const sections = [...rooms].map(
    ([room, rows]) => `## ${room}\n\n| code | meaning |\n| --- | --- |\n${rows.join('\n')}\n`,
  );
  return format([HEAD, ...sections].join('\n'), { parser: 'markdown', printWidth: 120 });
}

async function main(): Promise<void> {
  mkdirSync(path.dirname(ERRORS_DOC), { recursive: true });
  writeFileSync(ERRORS_DOC, await errorsDoc(ERRORS));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
