/**
 * When a node that follows a wall clock makes blocks. Dispatch of interval k needs a block in [kD - L, kD] and
 * the close of j one from (j+1)D + G on; between them an empty block comes at least every L/3, so that no single
 * late timer costs an interval. Transactions wait at most `blockMs`.
 */
import type { Clock } from '../base/clock.ts';
import { fail } from '../base/errors.ts';
import { intervalEndMs, intervalStartMs } from '../grid/interval.ts';
import type { EmbeddedEngine, ProducedBlock } from '../ledger/engines/embedded.ts';
import type { IntervalParameters } from '../ledger/genesis.ts';
import { scheduleTable } from '../ledger/tables.ts';

export interface ProducerOptions {
  readonly engine: EmbeddedEngine;
  readonly clock: Clock;
  /** Longest wait of a transaction for its block, ms. */
  readonly blockMs: number;
  readonly onBlock: (block: ProducedBlock) => void;
  /** Production has stopped: what is on disk is whole, and a restart goes on from it. */
  readonly onFailure: (error: unknown) => void;
}

export interface Schedule {
  readonly lastMs: number;
  readonly nextClose: number;
  readonly nextDispatch: number;
}

/** Block time at which the next block is due, with nothing waiting. */
export function dueMs({ lastMs, nextClose, nextDispatch }: Schedule, parameters: IntervalParameters): number {
  const { dMs, gMs, lMs } = parameters;
  const heartbeatMs = lastMs + Math.floor(lMs / 3);
  const closeMs = intervalEndMs(nextClose, dMs) + gMs;
  const dispatchMs = intervalStartMs(nextDispatch, dMs) - lMs;
  return Math.max(lastMs + 1, Math.min(heartbeatMs, closeMs, dispatchMs));
}

/** A lead shorter than three block times loses intervals to a late timer. @throws `api.lead`. */
export function assertLead({ lMs }: IntervalParameters, blockMs: number): void {
  if (lMs < 3 * blockMs) throw fail('api.lead', { expected: `lMs >= ${3 * blockMs}, three block times`, got: lMs });
}

/** Timers drift on long sleeps and the clock may be set: look again at least this often. */
const MAX_SLEEP_MS = 10000;

export class BlockProducer {
  readonly #options: ProducerOptions;
  #waitingSinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #making: Promise<void> | undefined;
  #stopped = false;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#arm();
  }

  /** A transaction has come in. */
  wake(): void {
    this.#waitingSinceMs ??= this.#options.clock.nowMs();
    this.#arm();
  }

  /** Clock time at which the next block is due; 0 before the first block. */
  dueMs(): number {
    const { engine, blockMs } = this.#options;
    const { lastHeader, state, genesis } = engine.app;
    if (lastHeader === undefined) return 0;
    const due = dueMs({ lastMs: lastHeader.timeMs, ...scheduleTable.get(state)! }, genesis.parameters);
    return this.#waitingSinceMs === undefined ? due : Math.min(due, this.#waitingSinceMs + blockMs);
  }

  /** One block if one is due. */
  async tick(): Promise<void> {
    const { engine, clock, onBlock } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs < this.dueMs()) return;
    this.#waitingSinceMs = undefined;
    const block = await engine.produce({ timeMs: nowMs });
    if (engine.poolSize > 0) this.#waitingSinceMs ??= nowMs;
    onBlock(block);
  }

  /** No block is begun after this; the one in the making is finished. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#making;
  }

  #arm(): void {
    if (this.#stopped || this.#making !== undefined) return;
    clearTimeout(this.#timer);
    const waitMs = this.dueMs() - this.#options.clock.nowMs();
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(0, waitMs), MAX_SLEEP_MS));
  }

  #fire(): void {
    this.#making = this.tick().then(
      () => {
        this.#making = undefined;
        this.#arm();
      },
      (error: unknown) => {
        this.#stopped = true;
        this.#options.onFailure(error);
      },
    );
  }
}
