/** Text of a recipe or sweep, TOML or JSON by the name of its file, as one document. */
import { parse as parseToml, stringify, TomlError } from 'smol-toml';
import type { DocumentCheck } from './settings.ts';

/** @throws the refusal of `check`, with line and column of what cannot be read. */
export function parseDocument(check: DocumentCheck, text: string, path: string): unknown {
  return path.endsWith('.toml') ? fromToml(check, text) : fromJson(check, text);
}

/** A document as TOML; it may not hold null. */
export function formatToml(document: object): string {
  return stringify(document);
}

function fromToml(check: DocumentCheck, text: string): unknown {
  try {
    return parseToml(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw check.refuse('document', 'TOML', String(cause), cause);
    const said = cause.message.split('\n', 1)[0]!.replace(/^Invalid TOML document: /, '');
    throw check.refuse('document', 'TOML', `line ${cause.line}, column ${cause.column}: ${said}`, cause);
  }
}

function fromJson(check: DocumentCheck, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const position = /at position (\d+)/.exec(said)?.[1];
    const where = position === undefined ? '' : `${lineAndColumn(text, Number(position))}: `;
    throw check.refuse('document', 'JSON (a file whose name ends in .toml is read as TOML)', where + said, cause);
  }
}

function lineAndColumn(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`;
}
