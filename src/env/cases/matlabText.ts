/**
 * The lexical level of MATLAB text, as case files use it: blanks, `%` and `%{ %}` comments, `...` continuation,
 * quoted strings, matrix literals of numbers. Line numbers are counted on the way, so that every error has one.
 */
import { fail, type GridPactError } from '../../base/errors.ts';
import { DECIMAL, printable } from './decimal.ts';

/** Rows that one matrix may have. */
const MAX_ROWS = 1000000;

/** Of a line that may be as long as the text. */
const GLIMPSE_CHARS = 200;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE2 = 34;
const HASH = 35;
const PERCENT = 37;
const QUOTE = 39;
const COMMA = 44;
const DOT = 46;
const SEMICOLON = 59;
const CLOSE_BRACKET = 93;

/** Numbers row by row, and the 1-based line on which each row begins. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
  readonly lines: Int32Array;
}

export class MatlabText {
  readonly text: string;
  pos = 0;
  line = 1;

  constructor(text: string) {
    this.text = text;
    if (text.charCodeAt(0) === 0xfeff) this.pos = 1;
  }

  /** An error of a case file at the present line, or at the one given. */
  refuse(expected: string, got: string, line = this.line): GridPactError {
    return fail('env.caseFile', { expected: `line ${line}: ${expected}`, got: printable(got) });
  }

  get atEnd(): boolean {
    return this.pos >= this.text.length;
  }

  /** Code of the present character; NaN at the end. */
  peek(): number {
    return this.text.charCodeAt(this.pos);
  }

  /** Blanks, continuations and comments up to the end of the line. */
  skipBlanks(): void {
    for (;;) {
      const code = this.peek();
      if (code === SPACE || code === TAB || code === CR) this.pos++;
      else if (code === PERCENT || code === HASH) this.#skipComment();
      else if (code === DOT && this.text.startsWith('...', this.pos)) {
        this.#skipToLineEnd();
        this.#newline();
      } else return;
    }
  }

  /** The same, and ends of lines and statements. */
  skipToStatement(): void {
    for (;;) {
      this.skipBlanks();
      const code = this.peek();
      if (code === LF) this.#newline();
      else if (code === SEMICOLON || code === COMMA) this.pos++;
      else return;
    }
  }

  /** True, and past it, when the text goes on with `token`. */
  take(token: string): boolean {
    if (!this.text.startsWith(token, this.pos)) return false;
    this.pos += token.length;
    return true;
  }

  /** The name that stands here; empty when none does. */
  takeName(): string {
    return this.#takeMatch(/[A-Za-z]\w*/y);
  }

  /** The unsigned number that stands here; undefined when none does. */
  takeNumber(): number | undefined {
    const token = this.#takeMatch(/(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?/y);
    return token === '' ? undefined : numberOf(token);
  }

  #takeMatch(pattern: RegExp): string {
    pattern.lastIndex = this.pos;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.pos += found.length;
    return found;
  }

  /** What stands here, cut short and fit to print, for an error. */
  glimpse(): string {
    if (this.atEnd) return 'the end of the file';
    const [rest] = this.text.slice(this.pos, this.pos + GLIMPSE_CHARS).split('\n', 1);
    return printable(rest!) || 'the end of the line';
  }

  /** A quoted string, the present character being its quote. @throws `env.caseFile` when it does not end on its line. */
  takeString(): string {
    const quote = this.text[this.pos]!;
    const start = this.pos;
    let value = '';
    for (let i = start + 1; i < this.text.length && this.text.charCodeAt(i) !== LF; i++) {
      const char = this.text[i]!;
      if (char !== quote) value += char;
      else if (this.text[i + 1] === quote) value += this.text[++i]!;
      else {
        this.pos = i + 1;
        return value;
      }
    }
    throw this.refuse('a string that ends on its line', this.glimpse());
  }

  /** Past a statement that is not needed: brackets, strings and comments are balanced on the way. */
  skipStatement(): void {
    const open: number[] = [];
    for (;;) {
      this.skipBlanks();
      const code = this.peek();
      if (this.atEnd || (open.length === 0 && (code === LF || code === SEMICOLON || code === COMMA))) break;
      if (code === LF) this.#newline();
      else if (code === QUOTE2 || (code === QUOTE && !this.#isTranspose())) this.takeString();
      else {
        if (isOpening(code)) open.push(this.line);
        else if (isClosing(code) && open.pop() === undefined) throw this.refuse('balanced brackets', this.glimpse());
        this.pos++;
      }
    }
    if (open.length > 0) throw this.refuse('a closing bracket', 'the end of the file', open[0]!);
  }

  /** A quote right behind an operand transposes it. */
  #isTranspose(): boolean {
    return this.pos > 0 && /[\w)\]}'.]/.test(this.text[this.pos - 1]!);
  }

  /**
   * A matrix, the present position being behind its `[`. An element is a number or what `evaluate` makes of an
   * expression without blanks.
   * @throws `env.caseFile` unless every row is as long as the first.
   */
  takeMatrix(what: string, evaluate: (token: string) => number): Matrix {
    const opened = this.line;
    const values: number[] = [];
    const lines: number[] = [];
    let columns = 0;
    let rowStart = 0;
    const endRow = (): void => {
      const length = values.length - rowStart;
      if (length === 0) return;
      if (lines.length === 1) columns = length;
      else if (length !== columns) {
        throw this.refuse(`${columns} numbers in a row of ${what}, as in its first`, String(length), lines.at(-1));
      }
      if (lines.length > MAX_ROWS) throw this.refuse(`at most ${MAX_ROWS} rows in ${what}`, 'more');
      rowStart = values.length;
    };
    for (;;) {
      this.skipBlanks();
      const code = this.peek();
      if (code === LF || code === SEMICOLON) {
        endRow();
        if (code === LF) this.#newline();
        else this.pos++;
      } else if (code === CLOSE_BRACKET) {
        endRow();
        this.pos++;
        return {
          rows: lines.length,
          columns,
          data: Float64Array.from(values),
          lines: Int32Array.from(lines),
        };
      } else if (code === COMMA) this.pos++;
      else if (this.atEnd) throw this.refuse(`a ] that closes ${what}`, 'the end of the file', opened);
      else {
        if (values.length === rowStart) lines.push(this.line);
        values.push(this.#element(what, evaluate));
      }
    }
  }

  #element(what: string, evaluate: (token: string) => number): number {
    const start = this.pos;
    let end = start;
    while (end < this.text.length && !endsElement(this.text.charCodeAt(end))) end++;
    const token = this.text.slice(start, end);
    if (token === '' || token.length > 200) throw this.refuse(`a number in a row of ${what}`, this.glimpse());
    const value = numberOf(token);
    const known = value === value || /^[+-]?nan$/i.test(token) ? value : evaluate(token);
    this.pos = end;
    return known;
  }

  #skipComment(): void {
    const start = this.text.lastIndexOf('\n', this.pos) + 1;
    const end = lineEnd(this.text, this.pos);
    if (this.text.startsWith('%{', this.pos) && this.text.slice(start, end).trim() === '%{') this.#skipBlockComment();
    else this.pos = end;
  }

  /** `%{` and `%}` each alone on a line; they nest. */
  #skipBlockComment(): void {
    const opened = this.line;
    let depth = 0;
    do {
      if (this.atEnd) throw this.refuse('a %} that closes the comment', 'the end of the file', opened);
      const end = lineEnd(this.text, this.pos);
      const content = this.text.slice(this.pos, end).trim();
      if (content === '%{') depth++;
      else if (content === '%}') depth--;
      this.pos = end;
      if (depth > 0 && !this.atEnd) this.#newline();
    } while (depth > 0);
  }

  #skipToLineEnd(): void {
    this.pos = lineEnd(this.text, this.pos);
  }

  #newline(): void {
    if (this.atEnd) return;
    this.pos++;
    this.line++;
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** `1e-3`, `1.0E+02`, `1d2`, `Inf`, `-inf`; NaN for anything else. */
function numberOf(token: string): number {
  if (DECIMAL.test(token)) return Number(token);
  if (/^[+-]?inf$/i.test(token)) return token.startsWith('-') ? -Infinity : Infinity;
  const power = token.replace(/[dD]/, 'e');
  return DECIMAL.test(power) ? Number(power) : NaN;
}

function endsElement(code: number): boolean {
  return (
    code === SPACE ||
    code === TAB ||
    code === LF ||
    code === CR ||
    code === COMMA ||
    code === SEMICOLON ||
    code === CLOSE_BRACKET ||
    code === PERCENT ||
    code === HASH
  );
}

function isOpening(code: number): boolean {
  return code === 40 || code === 91 || code === 123;
}

function isClosing(code: number): boolean {
  return code === 41 || code === CLOSE_BRACKET || code === 125;
}
