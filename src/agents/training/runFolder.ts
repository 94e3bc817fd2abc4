/**
 * A run on disk:
 *   run.json                    recipe (whole), seed, steps, backend: what `--resume` needs
 *   log.jsonl                   one line an update; the line of a checkpoint carries its digest
 *   checkpoints/000050.json.gz  state after that update
 * A kill at any moment loses at most the updates since the last checkpoint: files are renamed into place, and a checkpoint
 * counts only when its digest stands in the log.
 */
import { appendFileSync, closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { toHex } from '../../base/bytes.ts';
import { fail } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import type { BackendRequest } from '../backend.ts';
import type { Progress } from '../learner.ts';
import type { Recipe } from '../recipe.ts';
import type { Checkpoint } from './session.ts';

export const RUN_FORMAT = 'gridpact-run/1';

export interface RunDocument {
  readonly format: typeof RUN_FORMAT;
  readonly recipe: Recipe;
  readonly recipeDigest: string;
  /** Where the files that the recipe names start from. */
  readonly directory: string;
  readonly seed: number;
  readonly totalSteps: number;
  readonly backend: BackendRequest;
  /** What computed the gradients: a run goes on with nothing else. */
  readonly bits: string;
}

/** A line of the log. */
export interface LogLine extends Progress {
  /** SHA-256, hex, of the checkpoint after this update. */
  readonly checkpoint?: string;
}

/** A checkpoint as log and card name it. */
export interface CheckpointMark {
  readonly update: number;
  readonly steps: number;
  readonly sha256: string;
}

export class RunFolder {
  readonly path: string;
  /** Lines so far; none are kept that no checkpoint covers when a run goes on. */
  readonly lines: LogLine[];
  readonly #log: string;

  private constructor(path: string, lines: LogLine[]) {
    this.path = path;
    this.#log = join(path, 'log.jsonl');
    this.lines = lines;
  }

  /** A new run; what is left of a finished one is taken away. @throws `train.run` when an unfinished one is there. */
  static create(path: string, run: RunDocument): RunFolder {
    refuseUnfinished(path);
    clearRun(path);
    makeFolder(join(path, 'checkpoints'));
    writeAtomically(join(path, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
    writeAtomically(join(path, 'log.jsonl'), '');
    return new RunFolder(path, []);
  }

  /** A run to go on with, cut back to its last sound checkpoint. */
  static reopen(path: string): { folder: RunFolder; checkpoint: string | undefined } {
    const lines = readLog(join(path, 'log.jsonl'));
    let kept = lines.length;
    let checkpoint: string | undefined;
    for (; kept > 0 && checkpoint === undefined; kept--) {
      const { update, checkpoint: digest } = lines[kept - 1]!;
      if (digest === undefined) continue;
      checkpoint = readCheckpointFile(checkpointPath(path, update), digest);
      if (checkpoint !== undefined) break;
    }
    const folder = new RunFolder(path, lines.slice(0, kept));
    writeAtomically(join(path, 'log.jsonl'), folder.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return { folder, checkpoint };
  }

  get checkpoints(): CheckpointMark[] {
    return this.lines.flatMap(({ update, steps, checkpoint }) =>
      checkpoint === undefined ? [] : [{ update, steps, sha256: checkpoint }],
    );
  }

  append(progress: Progress, checkpoint?: Checkpoint): LogLine {
    if (checkpoint !== undefined) {
      writeAtomically(checkpointPath(this.path, checkpoint.update), gzipSync(checkpoint.text, { level: 6 }));
    }
    const line = checkpoint === undefined ? progress : { ...progress, checkpoint: checkpoint.sha256 };
    appendFileSync(this.#log, `${JSON.stringify(line)}\n`);
    this.lines.push(line);
    return line;
  }

  /** Only the newest `count` checkpoint files stay; their digests stay in the log. */
  prune(count: number): void {
    const folder = join(this.path, 'checkpoints');
    const files = readdirSync(folder)
      .filter((name) => CHECKPOINT_FILE.test(name))
      .sort(byText);
    for (const name of files.slice(0, Math.max(0, files.length - count))) rmSync(join(folder, name));
  }
}

const CHECKPOINT_FILE = /^\d{6,}\.json\.gz$/;

function byText(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

export function checkpointName(update: number): string {
  return `${String(update).padStart(6, '0')}.json.gz`;
}

function checkpointPath(run: string, update: number): string {
  return join(run, 'checkpoints', checkpointName(update));
}

/** A longer text no string holds. */
const MAX_CHECKPOINT_BYTES = 0x1fffffe8;

/** The text of a checkpoint file; undefined when it is not there, damaged, or another than the digest says. */
export function readCheckpointFile(path: string, digest: string): string | undefined {
  try {
    const bytes = gunzipSync(readFileSync(path), { maxOutputLength: MAX_CHECKPOINT_BYTES });
    return toHex(sha256(bytes)) === digest ? bytes.toString('utf8') : undefined;
  } catch {
    return undefined;
  }
}

/** @throws `train.run` when there is no run in that folder. */
export function readRun(path: string): RunDocument {
  const run = tryReadRun(path);
  if (run === undefined)
    throw fail('train.run', { expected: `a folder of a run, with run.json (${RUN_FORMAT})`, got: path });
  return run;
}

function tryReadRun(path: string): RunDocument | undefined {
  try {
    const run = JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')) as RunDocument;
    const whole = run.format === RUN_FORMAT && typeof run.recipe === 'object' && typeof run.directory === 'string';
    return whole ? run : undefined;
  } catch {
    return undefined;
  }
}

/** @throws `train.run` when the run in that folder has made updates, but not all. */
export function refuseUnfinished(path: string): void {
  const run = tryReadRun(path);
  const last = readLog(join(path, 'log.jsonl')).at(-1);
  if (run === undefined || last === undefined || last.update >= last.updates) return;
  throw fail('train.run', {
    expected: `--resume ${path} to go on, another folder, or no run.json there`,
    got: `${path} holds an unfinished run of ${run.recipe.name}, seed ${run.seed}`,
  });
}

/** Whole lines; the last may have been cut off by a kill. What follows a line that is none is left out. */
export function readLog(path: string): LogLine[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const lines: LogLine[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    try {
      const held = JSON.parse(line) as LogLine | null;
      if (!Number.isInteger(held?.update)) break;
      lines.push(held!);
    } catch {
      break;
    }
  }
  return lines;
}

const LEFT_OVER =
  /^(run\.json|seeds\.json|summary\.json|log\.jsonl|learning-curve\.svg|events\.out\.tfevents\..*|card\.json|policy\.cbor|float\.json)$/;

/** Takes away what a run left, and nothing else; makes the folder where there is none. @throws `train.run`. */
export function clearRun(path: string): void {
  makeFolder(path);
  rmSync(join(path, 'checkpoints'), { recursive: true, force: true });
  for (const name of readdirSync(path)) if (LEFT_OVER.test(name)) rmSync(join(path, name));
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw fail('train.run', { expected: 'a folder that can be made', got: `${path} (${reasonOf(cause)})`, cause });
  }
}

/** To the disk, then under its name: a reader sees the old file or the new one. @throws `train.run`. */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  makeFolder(dirname(path));
  try {
    replaceFile(path, content);
  } catch (cause) {
    throw fail('train.run', { expected: 'a file that can be written', got: `${path} (${reasonOf(cause)})`, cause });
  }
}

function replaceFile(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.part`;
  const file = openSync(temporary, 'w');
  try {
    if (typeof content === 'string') writeFileSync(file, content);
    else for (let at = 0; at < content.length;) at += writeSync(file, content, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
