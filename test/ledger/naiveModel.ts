/**
 * What a market comes to, told naively: nothing is ever reversed. Balances are what was moved by hand plus the
 * settlement of every closed interval from the readings that count now, all in BigInt. For markets with G = L = 0,
 * the energy service, a constant policy and equal assets.
 */
import { compareReadings } from '../../src/contracts/metering/precedence.ts';
import type { StoredReading } from '../../src/contracts/metering/reading.ts';
import { BUYER_MICRO, D, FALLBACK_OUTPUT, NETWORK_OUTPUT, START_MS } from '../support/market.ts';

const DISCHARGE = 60000000n;
const PENALTY = 30000000n;
const TOLERANCE = 50000n;
const PER_MICRO = 1000000000n;
/** 20 kW for one interval at the dearer price, over 10^9. */
const WORST_CASE = ((20000n * BigInt(D)) / 3600n) * DISCHARGE;
const MAX_CLOSES = 12;
const APPROVALS = 2;

interface Interval {
  readonly setpointsW: ReadonlyMap<string, number>;
  readonly reserve: bigint;
  closed: boolean;
}

export interface Money {
  readonly accounts: ReadonlyMap<string, bigint>;
  readonly escrow: bigint;
  readonly reserved: bigint;
  readonly rounding: bigint;
}

export interface Pay {
  readonly pay: bigint;
  readonly penalty: bigint;
}

function ceil(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

export class NaiveModel {
  readonly owners: ReadonlyMap<string, string>;
  readonly aMs: number;
  tMs: number;
  /** The set-up falls into interval -1. */
  nextClose = -1;
  nextDispatch = 0;
  status: 'approved' | 'suspended' = 'approved';
  sinceMs: number;
  readonly votes = new Set<string>();
  /** Asset -> when its offer takes effect. */
  readonly offers = new Map<string, number>();
  readonly observedMs = new Map<string, number>();
  readonly intervals = new Map<number, Interval>();
  readonly readings = new Map<string, StoredReading>();
  readonly #moved = new Map<string, bigint>();
  #escrow: bigint;
  missed = 0;
  suspensions = 0;

  constructor(owners: ReadonlyMap<string, string>, aMs: number, escrowMicro: number, tMs: number) {
    this.owners = owners;
    this.aMs = aMs;
    this.tMs = tMs;
    this.sinceMs = tMs;
    this.#escrow = BigInt(escrowMicro);
    this.#moved.set('buyer', BigInt(BUYER_MICRO - escrowMicro));
    for (const asset of owners.keys()) this.offers.set(asset, START_MS);
  }

  /** Pay and penalty of one asset in one interval, numerators over 10^9; undefined when not dispatched. */
  #exact(k: number, asset: string): Pay | undefined {
    const watts = this.intervals.get(k)?.setpointsW.get(asset);
    if (watts === undefined) return undefined;
    const reading = this.readings.get(`${k}/${asset}`);
    if (reading === undefined) return { pay: 0n, penalty: 0n };
    const asked = (BigInt(watts) * BigInt(D)) / 3600n;
    const came = BigInt(reading.eStorageMilliWh);
    const delivered = came < 0n ? 0n : came > asked ? asked : came;
    const short = asked - delivered - (asked * TOLERANCE) / 1000000n;
    return { pay: delivered * DISCHARGE, penalty: short > 0n ? short * PENALTY : 0n };
  }

  /** In micro-units, as a receipt must say. */
  paid(k: number, asset: string): Pay | undefined {
    const exact = this.#exact(k, asset);
    return exact && { pay: exact.pay / PER_MICRO, penalty: ceil(exact.penalty, PER_MICRO) };
  }

  money(): Money {
    const accounts = new Map(this.#moved);
    const add = (name: string, micro: bigint): void => void accounts.set(name, (accounts.get(name) ?? 0n) + micro);
    let escrow = this.#escrow;
    let reserved = 0n;
    let rounding = 0n;
    for (const [k, { closed, reserve }] of this.intervals) {
      if (!closed) {
        escrow -= reserve;
        reserved += reserve;
        continue;
      }
      let total = 0n;
      let credited = 0n;
      for (const [asset, owner] of this.owners) {
        const exact = this.#exact(k, asset);
        if (exact === undefined) continue;
        const credit = exact.pay / PER_MICRO;
        const debit = ceil(exact.penalty, PER_MICRO);
        const recovered = exact.penalty / PER_MICRO;
        total += exact.pay;
        credited += credit;
        add(owner, credit - debit);
        escrow += recovered;
        rounding += debit - recovered;
      }
      escrow -= ceil(total, PER_MICRO);
      rounding += ceil(total, PER_MICRO) - credited;
    }
    return { accounts, escrow, reserved, rounding };
  }

  held(name: string): bigint {
    const net = this.money().accounts.get(name) ?? 0n;
    return net > 0n ? net : 0n;
  }

  transfer(from: string, to: string, micro: bigint): boolean {
    if (micro > this.held(from)) return false;
    this.#moved.set(from, (this.#moved.get(from) ?? 0n) - micro);
    this.#moved.set(to, (this.#moved.get(to) ?? 0n) + micro);
    return true;
  }

  fund(micro: bigint): boolean {
    if (micro > this.held('buyer')) return false;
    this.#moved.set('buyer', this.#moved.get('buyer')! - micro);
    this.#escrow += micro;
    return true;
  }

  withdraw(micro: bigint): boolean {
    const { escrow } = this.money();
    if (micro > (escrow > 0n ? escrow : 0n)) return false;
    this.#escrow -= micro;
    this.#moved.set('buyer', this.#moved.get('buyer')! + micro);
    return true;
  }

  suspend(tMs: number): boolean {
    if (this.status !== 'approved') return false;
    this.status = 'suspended';
    this.sinceMs = tMs;
    this.votes.clear();
    this.suspensions++;
    return true;
  }

  resume(operator: string, tMs: number): boolean {
    if (this.status !== 'suspended' || this.votes.has(operator)) return false;
    this.votes.add(operator);
    if (this.votes.size >= APPROVALS) {
      this.status = 'approved';
      this.sinceMs = tMs;
      this.votes.clear();
    }
    return true;
  }

  keep(k: number, asset: string, reading: StoredReading): void {
    const key = `${k}/${asset}`;
    const kept = this.readings.get(key);
    if (kept === undefined || compareReadings(reading, kept) > 0) this.readings.set(key, reading);
  }

  /** Close and dispatch of a block at `tMs`, after its transactions. */
  block(tMs: number): void {
    this.tMs = tMs;
    for (let n = 0; n < MAX_CLOSES && START_MS + (this.nextClose + 1) * D <= tMs; n++) this.#close(this.nextClose++);
    const first = Math.max(this.nextDispatch, Math.ceil((tMs - START_MS) / D));
    const due = START_MS + first * D === tMs;
    if (due) this.#issue(first, (asset) => (this.#isFresh(asset, tMs) ? NETWORK_OUTPUT : FALLBACK_OUTPUT));
    this.nextDispatch = due ? first + 1 : this.nextDispatch;
    if (due) this.#dispatched.add(first);
  }

  readonly #dispatched = new Set<number>();

  #close(k: number): void {
    if (!this.#dispatched.has(k)) {
      this.missed++;
      if (this.sinceMs <= START_MS + k * D) this.#issue(k, () => FALLBACK_OUTPUT);
    }
    const interval = this.intervals.get(k);
    if (interval !== undefined) interval.closed = true;
  }

  #isFresh(asset: string, tMs: number): boolean {
    const seen = this.observedMs.get(asset);
    return seen !== undefined && tMs - seen <= this.aMs;
  }

  #issue(k: number, watts: (asset: string) => number): void {
    if (this.status !== 'approved') return;
    const offered = [...this.owners.keys()].filter((asset) => (this.offers.get(asset) ?? Infinity) <= START_MS + k * D);
    const reserve = ceil(BigInt(offered.length) * WORST_CASE, PER_MICRO);
    const { escrow } = this.money();
    if (reserve > (escrow > 0n ? escrow : 0n)) {
      this.suspend(this.tMs);
      return;
    }
    const setpointsW = new Map(offered.map((asset) => [asset, watts(asset)] as const));
    this.intervals.set(k, { setpointsW, reserve, closed: false });
  }
}
