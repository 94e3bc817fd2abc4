/** Writes the tables of docs/reference/gym.md that the code decides: tasks of the registry, rules of the checker, names. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CHECK_RULES, make, taskDefinition, TASK_IDS } from '../src/env/index.ts';

export const GYM_DOC = 'docs/reference/gym.md';
const ENV_INDEX = fileURLToPath(new URL('../src/env/index.ts', import.meta.url));

/** The page with its tables as the code has them now. @throws Error without their marks. */
export function gymDoc(page: string): string {
  const tasks = table(['id', 'what', 'agents', 'observation', 'action', 'step', 'episode'], TASK_IDS.map(taskRow));
  const rules = Object.entries(CHECK_RULES).map(([rule, words]) => [`\`${rule}\``, words]);
  const names = table(['what', 'names'], exportedNames(readFileSync(ENV_INDEX, 'utf8')));
  const tables = { tasks, rules: table(['rule', 'what must hold'], rules), names };
  return Object.entries(tables).reduce((text, [name, lines]) => between(text, name, lines), page);
}

/** The first line of every block of the public path, with the values it exports; types come with them. */
function exportedNames(source: string): string[][] {
  return source.split(/\n\n/).flatMap((block) => {
    const title = /^\/\*\* (.*) \*\/\n/.exec(block)?.[1];
    if (title === undefined) return [];
    const lists = [...block.matchAll(/^export \{([^}]*)\}/gm)].map((match) => match[1]!);
    const names = lists.flatMap((list) => list.split(',')).map((name) => name.trim().replace(/^.* as /, ''));
    return [
      [
        title,
        names
          .filter((name) => name !== '')
          .map((name) => `\`${name}\``)
          .join(', '),
      ],
    ];
  });
}

function taskRow(id: string): string[] {
  const { agents, observationSize, actionSize } = make(id).copy.shape;
  const { about } = taskDefinition(id);
  const said = about ? [about.title, duration(about.stepS), `${about.episodeSteps} steps`] : ['', '', ''];
  return [`\`${id}\``, said[0]!, `${agents}`, `${observationSize}`, `${actionSize}`, said[1]!, said[2]!];
}

function duration(s: number): string {
  if (s >= 3600 && s % 3600 === 0) return `${s / 3600} h`;
  if (s >= 60 && s % 60 === 0) return `${s / 60} min`;
  return s >= 1 ? `${s} s` : `${Math.round(s * 1000)} ms`;
}

function between(page: string, name: string, text: string): string {
  const [open, close] = [`<!-- ${name}: npm run docs:gym -->`, `<!-- end of ${name} -->`];
  const [begin, end] = [page.indexOf(open), page.indexOf(close)];
  if (begin < 0 || end < begin) throw new Error(`no ${open} .. ${close}`);
  return `${page.slice(0, begin + open.length)}\n\n${text}\n\n${page.slice(end)}`;
}

/** Columns padded as the formatter has them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function main(): void {
  writeFileSync(GYM_DOC, gymDoc(readFileSync(GYM_DOC, 'utf8')));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
