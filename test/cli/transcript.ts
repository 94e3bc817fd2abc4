/**
 * Golden command-line transcripts. A `.transcript` file is what a terminal would show:
 *
 *   # a comment
 *   $ gridpact keys new alice          a line for `sh`, run in a fresh directory of the transcript's own
 *   created     keys/alice.key.json    its stdout
 *   public key  <hex64:alice>          ... with placeholders; a name makes later ones mean the same text
 *   2| warning ...                     its stderr, a line each
 *   ? 1                                its exit status, when it is not 0
 *
 * $FIXTURES is test/cli/fixtures. Placeholders: <hex64> <cid> <int> <num> <any>, each optionally `:name`; `<=name` is the text that name stood for.
 * The CLI is src/cli as built.ts makes it, or the file that GRIDPACT_CLI names. GRIDPACT_UPDATE=1 writes what was seen
 * in place of what was expected, digests and CIDs as placeholders: review the diff.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtCli } from './built.ts';

export interface Step {
  /** 1-based line of the `$`. */
  readonly at: number;
  readonly comments: readonly string[];
  readonly command: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly status: number;
}

type Seen = Pick<Step, 'stdout' | 'stderr' | 'status'>;

const PATTERNS: Readonly<Record<string, string>> = {
  hex64: '[0-9a-f]{64}',
  cid: 'bafyrei[a-z2-7]{52}',
  int: '-?\\d+',
  num: '-?[\\d ]*\\d(?:\\.\\d+)?',
  any: '.*',
};

export function parseTranscript(text: string): Step[] {
  const steps: { -readonly [K in keyof Step]: Step[K] extends readonly string[] ? string[] : Step[K] }[] = [];
  let comments: string[] = [];
  for (const [i, line] of text.replace(/\n$/, '').split('\n').entries()) {
    const step = steps.at(-1);
    if (line.startsWith('$ ')) {
      steps.push({ at: i + 1, comments, command: line.slice(2), stdout: [], stderr: [], status: 0 });
      comments = [];
    } else if (line.startsWith('# ') || line === '#') comments.push(line);
    else if (step === undefined) throw new Error(`line ${i + 1}: output before any command`);
    else if (line.startsWith('2| ') || line === '2|') step.stderr.push(line.slice(3));
    else if (/^\? \d+$/.test(line)) step.status = Number(line.slice(2));
    else step.stdout.push(line);
  }
  if (steps.length === 0) throw new Error('a transcript without a command');
  return steps;
}

/** Runs a transcript file; @throws Error naming the first line of it that does not hold. */
export async function checkTranscript(file: string): Promise<void> {
  const steps = parseTranscript(readFileSync(file, 'utf8'));
  const room = mkdtempSync(join(tmpdir(), 'gridpact-transcript-'));
  const names = new Map<string, string>();
  const written: string[] = [];
  try {
    const env = environment(room, await builtCli());
    for (const step of steps) {
      const seen = await runStep(step.command, join(room, 'work'), env);
      const difference = compareStep(step, seen, names);
      if (difference === undefined) written.push(render(step));
      else if (process.env['GRIDPACT_UPDATE'] === '1') written.push(render({ ...step, ...withPlaceholders(seen) }));
      else throw new Error(`${file}:${step.at}: $ ${step.command}\n${difference}`);
    }
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
  if (process.env['GRIDPACT_UPDATE'] === '1') writeFileSync(file, written.join(''));
}

/** PATH with a `gridpact` in front; nothing of the caller's environment that changes what a program prints. */
export function environment(room: string, program: string): Record<string, string> {
  mkdirSync(join(room, 'bin'));
  mkdirSync(join(room, 'work'));
  const script = join(room, 'bin', 'gridpact');
  writeFileSync(script, `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`);
  chmodSync(script, 0o755);
  const path = `${join(room, 'bin')}:${process.env['PATH'] ?? '/usr/bin:/bin'}`;
  const fixtures = join(import.meta.dirname, 'fixtures');
  return { PATH: path, HOME: room, TMPDIR: room, TZ: 'UTC', LC_ALL: 'C.UTF-8', FIXTURES: fixtures };
}

function runStep(command: string, cwd: string, env: Record<string, string>): Promise<Seen> {
  return new Promise((done) => {
    const child = execFile('sh', ['-c', command], { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      done({ status, stdout: linesOf(stdout), stderr: linesOf(stderr) });
    });
    child.stdin?.end();
  });
}

function linesOf(output: string): string[] {
  return output === '' ? [] : output.replace(/\n$/, '').split('\n');
}

/** What differs, as text; undefined when all of it holds. Placeholder names are bound on the way. */
export function compareStep(expected: Seen, seen: Seen, names: Map<string, string>): string | undefined {
  for (const stream of ['stderr', 'stdout'] as const) {
    const [want, got] = [expected[stream], seen[stream]];
    for (let i = 0; i < Math.max(want.length, got.length); i++) {
      if (want[i] !== undefined && got[i] !== undefined && matchLine(want[i]!, got[i]!, names)) continue;
      const rest = [...seen.stderr.map((line) => `2| ${line}`), ...seen.stdout].join('\n');
      return `${stream} line ${i + 1}\n  expected: ${want[i] ?? '(nothing)'}\n  got:      ${got[i] ?? '(nothing)'}\nall of it:\n${rest}`;
    }
  }
  return expected.status === seen.status ? undefined : `expected status ${expected.status}, got ${seen.status}`;
}

function matchLine(expected: string, line: string, names: Map<string, string>): boolean {
  const bound: string[] = [];
  const pattern = expected
    .split(/(<=\w+>|<(?:hex64|cid|int|num|any)(?::\w+)?>)/)
    .map((part, i) => {
      if (i % 2 === 0) return escapeRegExp(part);
      if (part.startsWith('<=')) return escapeRegExp(known(part.slice(2, -1), names));
      const [kind, name] = part.slice(1, -1).split(':');
      if (name !== undefined && names.has(name)) return escapeRegExp(known(name, names));
      bound.push(name ?? '');
      return `(${PATTERNS[kind!]!})`;
    })
    .join('');
  const match = new RegExp(`^${pattern}$`).exec(line);
  if (match === null) return false;
  bound.forEach((name, i) => name !== '' && names.set(name, match[i + 1]!));
  return true;
}

function known(name: string, names: Map<string, string>): string {
  const text = names.get(name);
  if (text === undefined) throw new Error(`no placeholder of the name ${name} before this`);
  return text;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function withPlaceholders(seen: Seen): Seen {
  const general = (line: string): string =>
    line.replace(/bafyrei[a-z2-7]{52}/g, '<cid>').replace(/\b[0-9a-f]{64}\b/g, '<hex64>');
  return { status: seen.status, stdout: seen.stdout.map(general), stderr: seen.stderr.map(general) };
}

function render(step: Step): string {
  const lines = [...step.comments, `$ ${step.command}`, ...step.stdout, ...step.stderr.map((l) => `2| ${l}`.trimEnd())];
  if (step.status !== 0) lines.push(`? ${step.status}`);
  return `${lines.join('\n')}\n`;
}
