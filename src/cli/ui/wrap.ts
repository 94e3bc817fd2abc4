/** Text within the columns of a plain terminal, because a line that a terminal breaks loses its alignment. */

const COLUMNS = 80;

/** Paragraph to lines of at most `columns`; lines after the first are indented. A longer word has its line alone. */
export function wrap(text: string, columns = COLUMNS, indent = 0): string[] {
  // `[default = 0]` is one word.
  return fill(text.match(/\[[^\]]*\]\S*|\S+/g) ?? [], columns, indent);
}

function fill(words: readonly string[], columns: number, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = ' '.repeat(indent) + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

// `  -h  --help   Print ...`, `     [--data]  Keep ...`, `  recipe  Recipe file`: what it is about, then the words.
const ROW = /^( +(?:-\w)? *\[?(?:--[\w-]*|[\w.-]+)\]? +)(\S.*)$/;
const USAGE = /^ {2}gridpact /;

/** A page of --help as the argument library lays it out, brought within `columns`. */
export function wrapHelp(page: string, columns = COLUMNS): string {
  return page
    .split('\n')
    .flatMap((line) => wrapHelpLine(line, columns))
    .join('\n');
}

function wrapHelpLine(line: string, columns: number): string[] {
  // A flag with its value is one word.
  if (USAGE.test(line)) return fill(line.split(/ (?=[[(<]|--)/), columns, 6);
  const [, head, words] = ROW.exec(line) ?? [];
  if (head === undefined || words === undefined) return [line];
  const [first, ...rest] = wrap(words, columns - head.length);
  return [head + first!, ...rest.map((text) => ' '.repeat(head.length) + text)];
}
