/**
 * Progress of long work on stderr: a bar that redraws itself on a TTY, an occasional plain line elsewhere.
 * It draws only from inside `update`, so that work that never yields still shows it, and nothing keeps the process up.
 */
import type { CliIo } from '../io.ts';
import { count, duration, rate } from './format.ts';

const TTY_EVERY_MS = 100;
const PLAIN_EVERY_MS = 10_000;
/** Below so many columns the bar is short, to leave room for the numbers. */
const WIDE = 100;
const CLEAR_LINE = '\r\x1b[2K';

export interface Progress {
  /** `done` so far, in the unit of `total`; `detail` is shown behind the numbers. */
  update(done: number, detail?: string): void;
  /** Ends the bar; `summary` replaces it as a line of its own. */
  end(summary?: string): void;
}

export interface ProgressState {
  readonly label: string;
  readonly unit: string;
  readonly done: number;
  /** Unknown: no bar, no share and no remaining time. */
  readonly total: number | undefined;
  readonly elapsedMs: number;
  readonly detail: string | undefined;
}

/** `label [#####.....]  50 %  500/1 000 steps  1.2k/s  ETA 0.4 s  detail`, cut to `columns`. */
export function progressLine(state: ProgressState, columns: number, bar: boolean): string {
  const { label, unit, done, total, elapsedMs, detail } = state;
  const perSecond = elapsedMs > 0 ? (1000 * done) / elapsedMs : 0;
  const parts = [label];
  if (total !== undefined && total > 0) {
    const share = Math.min(1, done / total);
    const cells = columns < WIDE ? 10 : 20;
    if (bar) parts.push(`[${'#'.repeat(Math.floor(cells * share)).padEnd(cells, '.')}]`);
    parts.push(`${String(Math.floor(100 * share)).padStart(3)} %`, `${count(done)}/${count(total)} ${unit}`);
  } else {
    parts.push(`${count(done)} ${unit}`);
  }
  parts.push(rate(perSecond));
  if (total !== undefined && perSecond > 0 && done < total) {
    parts.push(`ETA ${duration((1000 * (total - done)) / perSecond)}`);
  }
  if (detail !== undefined) parts.push(detail);
  return parts.join('  ').slice(0, columns);
}

export class StderrProgress implements Progress {
  readonly #io: CliIo;
  readonly #label: string;
  readonly #unit: string;
  readonly #total: number | undefined;
  readonly #startMs: number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #ended = false;

  constructor(io: CliIo, label: string, unit: string, total: number | undefined) {
    this.#io = io;
    this.#label = label;
    this.#unit = unit;
    this.#total = total;
    this.#startMs = io.nowMs();
    // The first plain line comes after one period: short work stays silent in a log.
    if (!this.#tty) this.#drawnMs = this.#startMs;
  }

  get #tty(): boolean {
    return this.#io.stderr.isTTY === true;
  }

  update(done: number, detail?: string): void {
    const nowMs = this.#io.nowMs();
    if (this.#ended || nowMs - this.#drawnMs < (this.#tty ? TTY_EVERY_MS : PLAIN_EVERY_MS)) return;
    this.#drawnMs = nowMs;
    const elapsedMs = nowMs - this.#startMs;
    const state = { label: this.#label, unit: this.#unit, done, total: this.#total, elapsedMs, detail };
    const columns = (this.#io.stderr.columns ?? 80) - 1;
    if (this.#tty) this.#io.stderr.write(CLEAR_LINE + progressLine(state, columns, true));
    else this.#io.stderr.write(`${progressLine(state, 200, false)}\n`);
  }

  end(summary?: string): void {
    if (this.#ended) return;
    this.clear();
    this.#ended = true;
    if (summary !== undefined) this.#io.stderr.write(`${summary}\n`);
  }

  /** Takes the bar off the line, for something else to be written; the next update draws it again. */
  clear(): void {
    if (this.#tty && this.#drawnMs > Number.NEGATIVE_INFINITY && !this.#ended) this.#io.stderr.write(CLEAR_LINE);
  }
}
