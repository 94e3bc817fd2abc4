/**
 * The statements of a MATPOWER case file, executed: the tables as they stand when the file's function returns.
 * Forms known: `function mpc = name`, `mpc.field = literal`, `[NAMES] = idx_bus | idx_brch | idx_gen`,
 * `define_constants`, `name = expression`, `mpc.table(rows, columns) = expression`, `if expression ... end`.
 * A statement of any other form is refused with its line; nothing that could change the tables is passed over.
 */
import { ALL_COLUMNS, INDEX_FUNCTIONS } from './matpowerColumns.ts';
import { MatlabText, type Matrix } from './matlabText.ts';
import { assign, Expression, type Workspace } from './matlabValues.ts';

export interface CaseTables {
  /** Of the function; empty when the file has none. */
  readonly name: string;
  readonly baseMva: number;
  readonly bus: Matrix;
  readonly gen: Matrix;
  readonly branch: Matrix;
}

const TABLES = ['bus', 'gen', 'branch'] as const;
const BLOCKS = new Set(['if', 'for', 'while', 'switch', 'try', 'parfor']);

/** @throws `env.caseFile`. */
export function readTables(source: string): CaseTables {
  return new CaseInterpreter(new MatlabText(source)).run();
}

class CaseInterpreter {
  readonly #text: MatlabText;
  #work: Workspace;
  #expression: Expression;
  #name = '';
  #version = '';
  /** `if` blocks whose body is being executed. */
  #openBlocks = 0;
  #closed = false;

  constructor(text: MatlabText) {
    this.#text = text;
    this.#work = { struct: 'mpc', scalars: new Map(), fields: new Map(), touched: 0 };
    this.#expression = new Expression(text, this.#work);
  }

  run(): CaseTables {
    const text = this.#text;
    text.skipToStatement();
    this.#function();
    for (text.skipToStatement(); !text.atEnd; text.skipToStatement()) {
      if (this.#closed) throw text.refuse('nothing behind the end of the function', text.glimpse());
      this.#statement();
      this.#endOfStatement();
    }
    if (this.#openBlocks > 0) throw text.refuse('an end that closes the if', 'the end of the file');
    return this.#result();
  }

  #result(): CaseTables {
    const { struct, fields } = this.#work;
    const missing = (what: string): Error => this.#text.refuse(what, 'none in the whole file');
    if (this.#version === '') throw missing(`${struct}.version = '2'`);
    const table = (name: string): Matrix => {
      const matrix = fields.get(name);
      if (typeof matrix !== 'object') throw missing(`${struct}.${name} = [ ... ]`);
      return matrix;
    };
    const baseMva = fields.get('baseMVA');
    if (typeof baseMva !== 'number') throw missing(`${struct}.baseMVA`);
    return { name: this.#name, baseMva, bus: table('bus'), gen: table('gen'), branch: table('branch') };
  }

  /** `function mpc = name` or `function mpc = name()`; left out, the struct is `mpc`. */
  #function(): void {
    const text = this.#text;
    if (!/^function\b/.test(text.text.slice(text.pos, text.pos + 9))) return;
    text.takeName();
    text.skipBlanks();
    const struct = text.takeName();
    text.skipBlanks();
    const equals = struct !== '' && text.take('=');
    text.skipBlanks();
    this.#name = text.takeName();
    if (!equals || this.#name === '') {
      throw text.refuse('function mpc = name (case format version 2)', text.glimpse());
    }
    text.skipBlanks();
    if (text.take('(')) {
      text.skipBlanks();
      if (!text.take(')')) throw text.refuse('a function without arguments', text.glimpse());
    }
    this.#work = { ...this.#work, struct };
    this.#expression = new Expression(text, this.#work);
    this.#endOfStatement();
  }

  #statement(): void {
    const text = this.#text;
    const line = text.line;
    const shown = text.glimpse();
    if (text.take('[')) return this.#names();
    const name = text.takeName();
    if (name === this.#work.struct && text.take('.')) return this.#field();
    if (name === 'if') return this.#condition();
    if (name === 'end' || name === 'endfunction' || name === 'endif') return this.#end(shown);
    if (name === 'define_constants')
      return this.#bind(
        ALL_COLUMNS,
        ALL_COLUMNS.map(([known]) => known),
      );
    text.skipBlanks();
    if (name !== '' && name !== this.#work.struct && !BLOCKS.has(name) && text.take('=') && text.peek() !== 61) {
      this.#work.scalars.set(name, this.#expression.scalar());
      return;
    }
    throw text.refuse('a statement of a case file (docs/reference/case-format.md lists them)', shown, line);
  }

  #endOfStatement(): void {
    const text = this.#text;
    text.skipBlanks();
    if (text.atEnd || text.peek() === 10 || text.take(';') || text.take(',')) return;
    throw text.refuse('the end of the statement', text.glimpse());
  }

  /** `[PQ, PV, ...] = idx_bus` */
  #names(): void {
    const text = this.#text;
    const names: string[] = [];
    for (;;) {
      text.skipBlanks();
      if (text.take(']')) break;
      if (text.take(',')) continue;
      const name = text.take('~') ? '~' : text.takeName();
      if (name === '' || names.length > 100) throw text.refuse('names of columns and a ]', text.glimpse());
      names.push(name);
    }
    text.skipBlanks();
    if (!text.take('=')) throw text.refuse('= behind the names of columns', text.glimpse());
    text.skipBlanks();
    const source = text.takeName();
    const columns = INDEX_FUNCTIONS[source];
    if (columns === undefined)
      throw text.refuse('idx_bus, idx_brch or idx_gen', source === '' ? text.glimpse() : source);
    if (names.length > columns.length)
      throw text.refuse(`at most ${columns.length} names from ${source}`, String(names.length));
    this.#bind(columns, names);
  }

  #bind(columns: readonly (readonly [string, number])[], names: readonly string[]): void {
    names.forEach((name, i) => name !== '~' && this.#work.scalars.set(name, columns[i]![1]));
  }

  /** `mpc.field = literal` and `mpc.table(rows, columns) = expression`. */
  #field(): void {
    const text = this.#text;
    const field = text.takeName();
    const what = `${this.#work.struct}.${field}`;
    if (field === 'version') return this.#versionField(what);
    if (field === 'baseMVA') return this.#assignment(what, () => this.#baseMva(what));
    if (!TABLES.some((table) => table === field)) return text.skipStatement();
    text.skipBlanks();
    if (text.take('(')) return this.#assignSelection(field, what);
    this.#assignment(what, () => this.#table(field, what));
  }

  #assignment(what: string, read: () => void): void {
    this.#text.skipBlanks();
    if (!this.#text.take('=') || this.#text.peek() === 61)
      throw this.#text.refuse(`${what} = ...`, this.#text.glimpse());
    this.#text.skipBlanks();
    read();
  }

  #versionField(what: string): void {
    this.#assignment(what, () => {
      const text = this.#text;
      const quoted = text.peek() === 39 || text.peek() === 34;
      this.#version = quoted ? text.takeString() : '';
      if (this.#version !== '2') throw text.refuse(`${what} = '2'`, quoted ? this.#version : text.glimpse());
    });
  }

  #baseMva(what: string): void {
    const baseMva = this.#expression.scalar();
    if (!(baseMva > 0 && baseMva < Infinity)) throw this.#text.refuse(`${what} > 0`, String(baseMva));
    this.#work.fields.set('baseMVA', baseMva);
  }

  #table(field: string, what: string): void {
    const text = this.#text;
    if (!text.take('[')) throw text.refuse(`a matrix in brackets for ${what}`, text.glimpse());
    const evaluate = (token: string): number => this.#element(token, what);
    this.#work.fields.set(field, text.takeMatrix(what, evaluate));
  }

  /** An element such as -50/3. */
  #element(token: string, what: string): number {
    const inner = new MatlabText(token);
    inner.line = this.#text.line;
    const value = /^[-+\w.(]/.test(token) ? new Expression(inner, this.#work).scalar() : NaN;
    if (!inner.atEnd || value !== value) throw this.#text.refuse(`a number in a row of ${what}`, token);
    return value;
  }

  #assignSelection(field: string, what: string): void {
    const text = this.#text;
    const table = this.#work.fields.get(field);
    if (typeof table !== 'object') throw text.refuse(`${what} = [ ... ] before its elements`, `${what}(`);
    const selection = this.#expression.selection(table, what);
    this.#assignment(`${what}(...)`, () => {
      if (!assign(table, selection, this.#expression.value())) {
        const size = `${selection.rows.length} x ${selection.columns.length}`;
        throw text.refuse(`${size} numbers for the chosen elements of ${what}`, 'another size');
      }
    });
  }

  #condition(): void {
    if (this.#expression.scalar() !== 0) this.#openBlocks++;
    else this.#skipBlock();
  }

  /** Past the `end` of a block whose condition is false. */
  #skipBlock(): void {
    const text = this.#text;
    const line = text.line;
    for (let depth = 1; depth > 0;) {
      text.skipToStatement();
      if (text.atEnd) throw text.refuse('an end that closes the if', 'the end of the file', line);
      const word = /^[A-Za-z]\w*/.exec(text.text.slice(text.pos, text.pos + 20))?.[0] ?? '';
      if (word === 'else' || word === 'elseif') throw text.refuse('if ... end without else', word);
      if (BLOCKS.has(word)) depth++;
      if (word === 'end' || word === 'endif') depth--;
      if (depth > 0) text.skipStatement();
      else text.takeName();
    }
  }

  #end(shown: string): void {
    if (this.#openBlocks > 0) this.#openBlocks--;
    else if (this.#name !== '') this.#closed = true;
    else throw this.#text.refuse('a statement', shown);
  }
}
