/**
 * What a command may say. stdout carries the answer: text for a person, or with --json one document (or one
 * document a line). stderr carries everything else: notes, warnings, progress. A command says both forms and the
 * reporter lets one through, so no command asks which it is.
 */
import { toHex } from '../../base/bytes.ts';
import type { CliIo } from '../io.ts';
import { coloursFor, type Colours } from './colour.ts';
import { StderrProgress, type Progress } from './progress.ts';

/** What --json can hold. A bigint becomes decimal text, bytes become hex; NaN and Infinity are refused. */
export type Json =
  | null
  | boolean
  | number
  | string
  | bigint
  | Uint8Array
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

export class Reporter {
  readonly io: CliIo;
  readonly json: boolean;
  /** For text on stdout; plain functions when stdout takes no colour. */
  readonly colours: Colours;
  readonly #errColours: Colours;
  #documents = 0;
  #streams = false;
  #progress: StderrProgress | undefined;

  constructor(io: CliIo, json: boolean) {
    this.io = io;
    this.json = json;
    this.colours = coloursFor(io.stdout, io.env);
    this.#errColours = coloursFor(io.stderr, io.env);
  }

  /** Columns for tables and plots: those of the terminal, kept within 60..100; 80 when there is none. */
  get width(): number {
    return Math.min(100, Math.max(60, this.io.stdout.columns ?? 80));
  }

  /** Lines for a person; nothing under --json. */
  text(...lines: readonly string[]): void {
    if (this.json) return;
    this.#progress?.clear();
    this.io.stdout.write(lines.map((line) => `${line}\n`).join(''));
  }

  /** The one document of --json; nothing otherwise. */
  document(value: Json): void {
    if (this.#documents > 0) throw new Error('a command gives one document, or only lines');
    this.#writeJson(value);
  }

  /** One of many documents, a line each, of a command that streams; nothing without --json. */
  line(value: Json): void {
    if (this.#documents > 0 && !this.#streams) throw new Error('a command gives one document, or only lines');
    this.#streams = true;
    this.#writeJson(value);
  }

  /** A line on stderr. */
  note(message: string): void {
    this.#progress?.clear();
    this.io.stderr.write(`${message}\n`);
  }

  warn(message: string): void {
    this.note(`${this.#errColours.yellow('warning')} ${message}`);
  }

  /** Progress on stderr. A new one ends the one before. `total` undefined: only a count and a rate. */
  progress(label: string, total?: number, unit = 'steps'): Progress {
    this.#progress?.end();
    this.#progress = new StderrProgress(this.io, label, unit, total);
    return this.#progress;
  }

  /** Called when the command is over. @throws Error when --json was asked for and no document came. */
  finish(): void {
    this.#progress?.end();
    if (this.json && this.#documents === 0 && !this.#streams) throw new Error('the command gave no JSON document');
  }

  /** Called when the command threw: takes a bar off the terminal before the error line. */
  abandon(): void {
    this.#progress?.end();
  }

  #writeJson(value: Json): void {
    this.#documents++;
    if (this.json) this.io.stdout.write(`${toJson(value)}\n`);
  }
}

export function toJson(value: Json): string {
  return JSON.stringify(plain(value));
}

// JSON.stringify calls toJSON of a Buffer before a replacer could see it, and turns NaN into null in silence.
function plain(value: Json | undefined): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map((item: Json) => plain(item));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item as Json | undefined)]));
  }
  return value;
}
