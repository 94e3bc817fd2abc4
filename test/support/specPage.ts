/** Pages of docs/spec as tests read them: named code blocks and tables. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from '../../src/base/bytes.ts';
import { REPO_ROOT } from './repo.ts';

export class SpecPage {
  readonly text: string;

  constructor(file: string) {
    this.text = readFileSync(join(REPO_ROOT, 'docs/spec', file), 'utf8');
  }

  /** The fenced block whose info string ends in `name`. */
  block(name: string): string {
    const found = new RegExp('```\\w+ ' + name + '\\n([^`]*)```').exec(this.text);
    if (found === null) throw new Error(`no block ${name}`);
    return found[1]!.trim();
  }

  json<T>(name: string): T {
    return JSON.parse(this.block(name)) as T;
  }

  hex(name: string): Uint8Array {
    return fromHex(this.block(name).replace(/\s/g, ''));
  }

  /** Cells of the table that follows `heading`, code marks taken off, without the head. */
  table(heading: string): readonly (readonly string[])[] {
    const at = this.text.indexOf(heading);
    if (at < 0) throw new Error(`no heading ${heading}`);
    const lines = this.text.slice(at).split('\n');
    const first = lines.findIndex((line) => line.startsWith('|'));
    const rows: string[][] = [];
    for (const line of lines.slice(first + 2)) {
      if (!line.startsWith('|')) break;
      rows.push(
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll('`', '')),
      );
    }
    return rows;
  }
}
