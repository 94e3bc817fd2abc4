/**
 * Timing for bench/. A rate is the best of several windows after a warm-up: other work on the machine only ever makes
 * a window slower. Every measured loop returns a checksum, so that nothing it computes can be optimised away.
 */
import { performance } from 'node:perf_hooks';

/** Do a batch of work; say how many units it held. */
export type Batch = () => number;

export interface Workload {
  /** What one unit is, per second: `1/s` of this. */
  readonly batch: Batch;
  /** Of everything produced so far. */
  checksum(): number;
}

export interface Rate {
  /** Units per second: best window. */
  readonly best: number;
  readonly windows: readonly number[];
}

const WINDOWS = 5;

export function measureRate({ batch }: Workload, seconds: number): Rate {
  runFor(batch, seconds / WINDOWS);
  const windows = Array.from({ length: WINDOWS }, () => runFor(batch, seconds / WINDOWS));
  return { best: Math.max(...windows), windows };
}

function runFor(batch: Batch, seconds: number): number {
  const start = performance.now();
  const end = start + seconds * 1000;
  let count = 0;
  let now = start;
  while (now < end) {
    count += batch();
    now = performance.now();
  }
  return (count / (now - start)) * 1000;
}

/** One figure of a bench; bench/run.ts prints a line for each. */
export interface Measurement {
  /** Stable name. */
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly terms: string;
  readonly checksum: number;
  /** By what `value` is the mean of, where it is one. */
  readonly samples?: readonly number[];
  readonly contender?: string;
  readonly peer?: string;
  readonly peerValue?: number;
  readonly peerNote?: string;
}

export interface BenchOptions {
  /** For each metric. */
  readonly seconds: number;
  readonly withPeers: boolean;
  /** Metrics whose name contains this. */
  readonly only: string;
  /** Trainings whose returns are compared; 0: none. */
  readonly seeds: number;
}

export type Bench = (options: BenchOptions) => AsyncGenerator<Measurement>;
