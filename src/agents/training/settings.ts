/**
 * Checks values of a recipe or a sweep against what they must be. Every refusal names the file, the full path of the
 * key, what was expected and what was got; an unknown key comes with the nearest known one.
 */
import { fail, type ErrorCode } from '../../base/errors.ts';

/** What the value of one key must be. `list`: so many values of one kind. */
export type Setting =
  | {
      readonly kind: 'number';
      readonly low: number;
      readonly high: number;
      readonly whole: boolean;
      readonly initial?: number | undefined;
    }
  | { readonly kind: 'flag'; readonly initial?: boolean | undefined }
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly initial?: string | undefined }
  | {
      readonly kind: 'list';
      readonly least: number;
      readonly most: number;
      readonly of: Setting;
      readonly initial?: readonly unknown[];
    };

type NumberBounds = readonly [low: number, high: number, kind: 'integer' | 'real'];

/** One document under check. */
export class DocumentCheck {
  /** As named by the user; undefined for a document that came from no file. */
  readonly file: string | undefined;
  readonly #code: ErrorCode;

  constructor(file: string | undefined, code: ErrorCode) {
    this.file = file;
    this.#code = code;
  }

  refuse(key: string, expected: string, got: unknown, cause?: unknown): Error {
    const where = this.file === undefined ? key : `${this.file}: ${key}`;
    return fail(this.#code, {
      expected: `${where}: ${expected}`,
      got: got === undefined ? 'nothing' : brief(got),
      ...(cause === undefined ? {} : { cause }),
    });
  }

  /** A table whose keys are all known. `at`: its path, '' for the document. */
  table(value: unknown, at: string, known: readonly string[]): Readonly<Record<string, unknown>> {
    const held = this.anyTable(value, at);
    for (const name of Object.keys(held)) {
      if (known.includes(name)) continue;
      const near = nearest(name, known);
      const hint = near === undefined ? 'no key here' : `a known key, such as ${near}`;
      throw this.refuse(join(at, name), hint, `unknown key ${name}`);
    }
    return held;
  }

  anyTable(value: unknown, at: string): Readonly<Record<string, unknown>> {
    const plain = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
    if (!plain) throw this.refuse(at === '' ? 'document' : at, 'a table', value);
    return value as Record<string, unknown>;
  }

  /** Of a key that may be left out: then what the setting says. */
  read(setting: Setting, value: unknown, at: string): unknown {
    if (value === undefined && setting.initial !== undefined) return setting.initial;
    if (setting.kind === 'number') {
      return this.number(value, at, [setting.low, setting.high, setting.whole ? 'integer' : 'real']);
    }
    if (setting.kind === 'flag') {
      if (typeof value !== 'boolean') throw this.refuse(at, 'true or false', value);
      return value;
    }
    if (setting.kind === 'choice') return this.choice(value, at, setting.choices);
    return this.#list(setting, value, at);
  }

  number(value: unknown, at: string, [low, high, kind]: NumberBounds): number {
    const whole = kind === 'integer';
    const ok = typeof value === 'number' && value >= low && value <= high && (!whole || Number.isSafeInteger(value));
    if (ok) return value;
    const got = typeof value === 'string' ? `text "${value.slice(0, 80)}"` : value;
    throw this.refuse(at, `${whole ? 'an integer' : 'a number'} in [${low}, ${high}]`, got);
  }

  choice<const T extends string>(value: unknown, at: string, choices: readonly T[]): T {
    const found = choices.find((item) => item === value);
    if (found !== undefined) return found;
    const near = typeof value === 'string' ? nearest(value, choices) : undefined;
    const hint = near === undefined || choices.length < 4 ? '' : ` (nearest: ${near})`;
    throw this.refuse(at, `one of ${choices.join(', ')}${hint}`, value);
  }

  text(value: unknown, at: string, pattern: RegExp, expected: string): string {
    if (typeof value !== 'string' || !pattern.test(value)) throw this.refuse(at, expected, value);
    return value;
  }

  #list({ least, most, of }: Extract<Setting, { kind: 'list' }>, value: unknown, at: string): unknown[] {
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      throw this.refuse(at, `a list of ${least} to ${most}`, value);
    }
    return value.map((item, i) => this.read(of, item, `${at}[${i}]`));
  }
}

export function join(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`;
}

/** By edit distance, letters alike in either case; undefined when there is nothing to choose from. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Levenshtein: insertions, deletions and replacements. */
function editDistance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = before[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, before[j]! + 1, row[j - 1]! + 1));
    }
    before = row;
  }
  return before[b.length]!;
}

/** Long values are named, not printed. */
function brief(got: unknown): unknown {
  if (typeof got === 'number' && !Number.isFinite(got)) return String(got);
  if (typeof got === 'bigint' || got instanceof Date) return String(got);
  if (typeof got !== 'object' || got === null) return got;
  const text = JSON.stringify(got);
  return text.length <= 80 ? text : `${Array.isArray(got) ? 'a list' : 'a table'} of ${Object.keys(got).length}`;
}

/** Settings of a learner from its defaults and the bounds of its numbers. `choices`: of its texts. */
export function settingsOf(
  defaults: Readonly<Record<string, unknown>>,
  bounds: Readonly<Record<string, NumberBounds>>,
  choices: Readonly<Record<string, readonly string[]>>,
): Record<string, Setting> {
  const settings: Record<string, Setting> = {};
  for (const [name, [low, high, kind]] of Object.entries(bounds)) {
    const initial = defaults[name];
    settings[name] = { kind: 'number', low, high, whole: kind === 'integer', initial: initial as number | undefined };
  }
  for (const [name, initial] of Object.entries(defaults)) {
    if (typeof initial === 'boolean') settings[name] = { kind: 'flag', initial };
    const among = choices[name];
    if (typeof initial === 'string' && among !== undefined)
      settings[name] = { kind: 'choice', choices: among, initial };
  }
  return settings;
}
