/**
 * The arithmetic at the end of MATPOWER's distribution cases, and no more: scalars, the tables of the case, columns
 * picked from them, + - * / ^, and the functions in which a power factor is written. Anything else is refused.
 */
import type { Matrix, MatlabText } from './matlabText.ts';

/** Parentheses, signs and calls within each other. */
const MAX_DEPTH = 100;
/** Elements of tables that the statements of one case may touch: twice every column of 100 000 buses. */
const MAX_TOUCHED = 2 ** 25;

export type Value = number | Block;

/** Rows by columns, row by row. */
export interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** What the statements before this one have made. */
export interface Workspace {
  /** Name of the struct, `mpc` in every shipped case. */
  readonly struct: string;
  readonly scalars: Map<string, number>;
  /** Fields of the struct. */
  readonly fields: Map<string, number | Matrix>;
  /** Elements of tables touched so far. */
  touched: number;
}

export class Expression {
  readonly #text: MatlabText;
  readonly #work: Workspace;
  #depth = 0;

  constructor(text: MatlabText, work: Workspace) {
    this.#text = text;
    this.#work = work;
  }

  /** Sums of products; stops at the end of the statement. @throws `env.caseFile`. */
  value(): Value {
    let left = this.#product();
    for (;;) {
      this.#text.skipBlanks();
      if (this.#text.take('+')) left = this.#each(left, this.#product(), (a, b) => a + b);
      else if (this.#text.take('-')) left = this.#each(left, this.#product(), (a, b) => a - b);
      else return left;
    }
  }

  /** @throws `env.caseFile` when it is a table. */
  scalar(): number {
    const value = this.value();
    if (typeof value !== 'number') throw this.#text.refuse('one number', `${value.rows} x ${value.columns} numbers`);
    return value;
  }

  #product(): Value {
    let left = this.#unary();
    for (;;) {
      this.#text.skipBlanks();
      if (this.#text.take('.*')) left = this.#each(left, this.#unary(), (a, b) => a * b);
      else if (this.#text.take('./')) left = this.#each(left, this.#unary(), (a, b) => a / b);
      else if (this.#text.take('*')) left = this.#each(left, this.#unary(), (a, b) => a * b, 'either side of *');
      else if (this.#text.take('/')) left = this.#quotient(left, this.#unary());
      else return left;
    }
  }

  #quotient(left: Value, right: Value): Value {
    if (typeof right !== 'number') throw this.#text.refuse('one number behind /', 'a table');
    return this.#each(left, right, (a, b) => a / b);
  }

  /** A sign binds less than a power: -2^2 is -4. Every nesting passes here. */
  #unary(): Value {
    if (++this.#depth > MAX_DEPTH) throw this.#text.refuse(`at most ${MAX_DEPTH} levels in an expression`, 'more');
    const value = this.#signed();
    this.#depth--;
    return value;
  }

  #signed(): Value {
    this.#text.skipBlanks();
    if (this.#text.take('-')) return this.#each(-1, this.#unary(), (a, b) => a * b);
    if (this.#text.take('+')) return this.#unary();
    return this.#power();
  }

  #power(): Value {
    let base = this.#operand();
    for (;;) {
      this.#text.skipBlanks();
      if (!this.#text.take('^')) return base;
      const exponent = this.#operand();
      const fits = typeof base === 'number' && typeof exponent === 'number' && exponent >= 0 && exponent <= 16;
      if (!fits || exponent % 1 !== 0)
        throw this.#text.refuse('a number to an integer power in 0..16', 'another power');
      let power = 1;
      for (let n = 0; n < (exponent as number); n++) power *= base as number;
      base = power;
    }
  }

  #operand(): Value {
    const text = this.#text;
    text.skipBlanks();
    if (text.take('(')) return this.#closed(this.value());
    const number = text.takeNumber();
    if (number !== undefined) return number;
    const name = text.takeName();
    if (name === '') throw text.refuse('a number, a name or ( in an expression', text.glimpse());
    if (name === this.#work.struct && text.take('.')) return this.#field(text.takeName());
    const scalar = this.#work.scalars.get(name);
    if (scalar !== undefined) return scalar;
    text.skipBlanks();
    if (text.take('(')) return this.#call(name);
    throw text.refuse('a name that was given a value before', name);
  }

  #closed(value: Value): Value {
    this.#text.skipBlanks();
    if (!this.#text.take(')')) throw this.#text.refuse('a )', this.#text.glimpse());
    return value;
  }

  /** sin(acos x) = sqrt((1 - x)(1 + x)), tan(acos x) = that / x: the reactive share of a power factor. */
  #call(name: string): number {
    const text = this.#text;
    text.skipBlanks();
    const known =
      name === 'sqrt' ||
      ((name === 'sin' || name === 'tan') && /^acos\s*\(/.test(text.text.slice(text.pos, text.pos + 20)));
    if (!known) throw text.refuse('a number, sqrt(x), sin(acos(x)) or tan(acos(x))', `${name}(`);
    if (name === 'sqrt') return Math.sqrt(this.#closed(this.scalar()) as number);
    text.takeName();
    text.skipBlanks();
    text.take('(');
    const x = this.#closed(this.#closed(this.scalar())) as number;
    const sine = Math.sqrt((1 - x) * (1 + x));
    return name === 'sin' ? sine : sine / x;
  }

  #field(name: string): Value {
    const field = this.#work.fields.get(name);
    const full = `${this.#work.struct}.${name}`;
    if (field === undefined) throw this.#text.refuse('a field that this reader holds', full);
    if (typeof field === 'number') return field;
    const picked = this.#text.take('(') ? this.selection(field, full) : everything(field);
    this.#touch(picked.rows.length * picked.columns.length);
    const block = pick(field, picked);
    return block.data.length === 1 ? block.data[0]! : block;
  }

  /** `rows, columns)` behind the name of a table. @throws `env.caseFile`. */
  selection(table: Matrix, what: string): Selection {
    const rows = this.#indices(table.rows, `a row of ${what}`);
    this.#text.skipBlanks();
    if (!this.#text.take(',')) throw this.#text.refuse(`rows and columns of ${what}`, this.#text.glimpse());
    const columns = this.#indices(table.columns, `a column of ${what}`);
    this.#closed(0);
    this.#touch(rows.length * columns.length + rows.length + columns.length);
    return { rows, columns };
  }

  /** `:`, an expression, or `[a b]` and `[a, b]`. Zero-based. */
  #indices(count: number, what: string): readonly number[] {
    this.#text.skipBlanks();
    if (this.#text.take(':')) return Array.from({ length: count }, (_, i) => i);
    if (!this.#text.take('[')) return [this.#index(count, what)];
    const found: number[] = [];
    for (;;) {
      this.#text.skipBlanks();
      if (this.#text.take(']')) return found;
      if (this.#text.take(',')) continue;
      if (found.length >= count) throw this.#text.refuse(`at most ${count} of ${what}`, 'more');
      found.push(this.#index(count, what));
    }
  }

  /** @throws `env.caseFile` when a case makes more work than any case needs. */
  #touch(elements: number): void {
    this.#work.touched += elements;
    if (this.#work.touched > MAX_TOUCHED)
      throw this.#text.refuse(`statements that touch at most ${MAX_TOUCHED} elements of tables`, 'more');
  }

  #index(count: number, what: string): number {
    const index = this.scalar();
    if (!(index >= 1 && index <= count && index % 1 === 0))
      throw this.#text.refuse(`${what}, 1..${count}`, String(index));
    return index - 1;
  }

  /** Element by element; one number goes with every element. */
  #each(a: Value, b: Value, f: (a: number, b: number) => number, scalarOn = ''): Value {
    if (typeof a === 'number' && typeof b === 'number') return f(a, b);
    this.#touch(((typeof a === 'number' ? b : a) as Block).data.length);
    if (typeof a === 'number') return { ...(b as Block), data: (b as Block).data.map((x) => f(a, x)) };
    if (typeof b === 'number') return { ...a, data: a.data.map((x) => f(x, b)) };
    if (scalarOn !== '') throw this.#text.refuse(`one number on ${scalarOn}`, 'two tables');
    if (a.rows !== b.rows || a.columns !== b.columns) {
      throw this.#text.refuse(`${a.rows} x ${a.columns} numbers on both sides`, `${b.rows} x ${b.columns}`);
    }
    return { ...a, data: a.data.map((x, i) => f(x, b.data[i]!)) };
  }
}

export interface Selection {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

function everything(table: Matrix): Selection {
  return {
    rows: Array.from({ length: table.rows }, (_, i) => i),
    columns: Array.from({ length: table.columns }, (_, i) => i),
  };
}

function pick(table: Matrix, { rows, columns }: Selection): Block {
  const data = new Float64Array(rows.length * columns.length);
  let k = 0;
  for (const row of rows) for (const column of columns) data[k++] = table.data[row * table.columns + column]!;
  return { rows: rows.length, columns: columns.length, data };
}

/** `table(rows, columns) = value`, in place. False when the sizes differ. */
export function assign(table: Matrix, { rows, columns }: Selection, value: Value): boolean {
  if (typeof value !== 'number' && (value.rows !== rows.length || value.columns !== columns.length)) return false;
  let k = 0;
  for (const row of rows) {
    for (const column of columns) {
      table.data[row * table.columns + column] = typeof value === 'number' ? value : value.data[k]!;
      k++;
    }
  }
  return true;
}
