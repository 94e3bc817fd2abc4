/**
 * Settlement of one (deployment, interval): score, price, round, pay, write receipts. A pure function of
 * the readings that count and of what was dispatched, so a late reading settles anew to the same end
 * whatever the order of arrival: the old entries are reversed and the new ones posted.
 */
import { equalBytes, fromHex, toHex } from '../../base/bytes.ts';
import { addSafe } from '../../base/fixed.ts';
import { ZERO_HASH } from '../../base/hash.ts';
import { poolShares, roundPayments } from '../../contracts/services/apportion.ts';
import { SERVICE_CODE, serviceContract } from '../../contracts/services/registry.ts';
import type { Score } from '../../contracts/services/types.ts';
import type { StoredReading } from '../../contracts/metering/reading.ts';
import { assetOfRow, requireAsset, type BlockContext } from '../context.ts';
import type { Deployment } from '../deployment.ts';
import { post, type Entry } from '../money.ts';
import { RECEIPT, RECEIPT_FLAG, RECEIPT_STATUS, RECEIPT_VERSION, type Receipt } from '../receipt.ts';
import {
  deploymentsTable,
  dispatchTable,
  readingTable,
  receiptTable,
  SETPOINT_FLAG,
  setpointTable,
  settlementTable,
  type DispatchRow,
  type SetpointRow,
} from '../tables.ts';

interface Line {
  readonly asset: string;
  readonly owner: string;
  readonly setpoint: SetpointRow;
  readonly reading: StoredReading | undefined;
  readonly score: Score | undefined;
}

interface Settlement {
  readonly receipts: readonly Receipt[];
  /** Credits and debits of owners and of rounding; the payer side is the negative of their sum. */
  readonly entries: readonly Entry[];
  readonly payDebitMicro: number;
  readonly penaltyCreditMicro: number;
  readonly roundingMicro: number;
}

/** First settlement, at close: paid out of the reserve, whose rest returns to escrow. */
export function settle(context: BlockContext, deployment: Deployment, interval: number): void {
  const { state } = context;
  const { digest } = deployment;
  const row = dispatchTable.get(state, interval, digest);
  if (row === undefined) return;
  const settlement = compute(context, deployment, interval, row);
  post(state, [
    ...settlement.entries,
    { balance: { reserved: digest }, micro: 0 - row.reservedMicro },
    { balance: { escrow: digest }, micro: addSafe(row.reservedMicro, escrowDelta(settlement)) },
  ]);
  record(context, deployment, interval, settlement, undefined);
}

/** A reading of `asset` changed after close: every deployment that used it in that interval settles anew. */
export function resettle(context: BlockContext, interval: number, asset: string): void {
  const { state, cache } = context;
  for (const digestBytes of deploymentsTable.get(state)?.digests ?? []) {
    const digest = toHex(digestBytes);
    const row = dispatchTable.get(state, interval, digest);
    const before = settlementTable.get(state, interval, digest);
    if (row === undefined || before === undefined) continue;
    const deployment = cache.deployment(state, digest);
    if (!deployment.assets.includes(asset)) continue;
    const old = storedReceipts(context, deployment, interval);
    post(state, [
      ...reversed(ownerEntries(old)),
      { balance: 'rounding', micro: 0 - before.roundingMicro },
      { balance: { escrow: digest }, micro: before.payDebitMicro - before.penaltyCreditMicro },
    ]);
    const settlement = compute(context, deployment, interval, row);
    post(state, [...settlement.entries, { balance: { escrow: digest }, micro: escrowDelta(settlement) }]);
    record(context, deployment, interval, settlement, old);
  }
}

function escrowDelta({ payDebitMicro, penaltyCreditMicro }: Settlement): number {
  return penaltyCreditMicro - payDebitMicro;
}

function reversed(entries: readonly Entry[]): readonly Entry[] {
  return entries.map(({ balance, micro }) => ({ balance, micro: 0 - micro }));
}

function ownerEntries(receipts: readonly Receipt[]): readonly Entry[] {
  return receipts.map(({ owner, payMicro, penaltyMicro }) => ({
    balance: { account: owner },
    micro: payMicro - penaltyMicro,
  }));
}

function compute(context: BlockContext, deployment: Deployment, interval: number, row: DispatchRow): Settlement {
  const contract = serviceContract(deployment.service, row.formulaVersion);
  const terms = context.cache.terms(deployment, contract);
  const lines = scoreLines(context, deployment, interval, row);
  const scores = lines.map((line) => line.score);
  const pays = scores.map((score) => score?.payNumerator ?? 0n);
  const pay = contract.pooled(terms)
    ? poolPayments(pays, scores, contract.denominator)
    : roundPayments(pays, contract.denominator);
  // Each owner is the payer of their own penalty; the escrow is the payee.
  const penalties = scores.map((score) => roundPayments([score?.penaltyNumerator ?? 0n], contract.denominator));
  const receipts = lines.map((line, i) =>
    makeReceipt(context, deployment, row, line, pay.creditsMicro[i]!, penalties[i]!.debitMicro),
  );
  let roundingMicro = pay.roundingMicro;
  let penaltyCreditMicro = 0;
  for (const penalty of penalties) {
    roundingMicro = addSafe(roundingMicro, penalty.roundingMicro);
    penaltyCreditMicro = addSafe(penaltyCreditMicro, penalty.creditsMicro[0]!);
  }
  const entries: Entry[] = [...ownerEntries(receipts), { balance: 'rounding', micro: roundingMicro }];
  return { receipts, entries, payDebitMicro: pay.debitMicro, penaltyCreditMicro, roundingMicro };
}

function poolPayments(pays: readonly bigint[], scores: readonly (Score | undefined)[], denominator: bigint) {
  let total = 0n;
  for (const pay of pays) total += pay;
  const delivered = scores.map((score) => score?.delivered ?? 0);
  const requested = scores.map((score) => score?.requested ?? 0);
  const { numerators, weightSum } = poolShares(total, delivered, requested);
  return roundPayments(numerators, denominator * weightSum);
}

function scoreLines(context: BlockContext, deployment: Deployment, interval: number, row: DispatchRow): Line[] {
  const { state, cache, genesis } = context;
  const contract = serviceContract(deployment.service, row.formulaVersion);
  const terms = cache.terms(deployment, contract);
  const meters = deployment.assets.map((asset) => readingTable.get(state, interval, asset));
  const lines: Line[] = [];
  deployment.assets.forEach((assetId, assetIndex) => {
    const setpoint = setpointTable.get(state, interval, deployment.digest, assetId);
    if (setpoint === undefined) return;
    const asset = assetOfRow(assetId, requireAsset(state, assetId));
    const reading = meters[assetIndex];
    const common = { terms, priceIndex: row.priceIndex, dMs: genesis.parameters.dMs, asset, assetIndex, meters };
    const score =
      reading === undefined ? undefined : contract.score({ ...common, setpoint: setpoint.values, meter: reading });
    lines.push({ asset: assetId, owner: asset.owner, setpoint, reading, score });
  });
  return lines;
}

function makeReceipt(
  { genesis, cache }: BlockContext,
  deployment: Deployment,
  row: DispatchRow,
  { asset, owner, setpoint, reading, score }: Line,
  payMicro: number,
  penaltyMicro: number,
): Receipt {
  const contract = serviceContract(deployment.service, row.formulaVersion);
  return {
    v: RECEIPT_VERSION,
    deployment: fromHex(deployment.digest),
    asset,
    owner,
    interval: setpoint.interval,
    dMs: genesis.parameters.dMs,
    service: SERVICE_CODE[deployment.service],
    formulaVersion: row.formulaVersion,
    status: score === undefined ? RECEIPT_STATUS.missing : RECEIPT_STATUS.paid,
    flags: receiptFlags(setpoint, reading),
    revision: reading?.revision ?? 0,
    readingHash: reading?.hash ?? ZERO_HASH,
    setpoint: setpoint.values,
    measured: score?.measured ?? [],
    score: score?.values ?? [],
    prices: contract.prices(cache.terms(deployment, contract), row.priceIndex),
    payMicro,
    penaltyMicro,
  };
}

function receiptFlags(setpoint: SetpointRow, reading: StoredReading | undefined): number {
  let flags = 0;
  if ((setpoint.flags & SETPOINT_FLAG.fallback) !== 0) flags |= RECEIPT_FLAG.fallback;
  if ((setpoint.flags & SETPOINT_FLAG.missed) !== 0) flags |= RECEIPT_FLAG.missed;
  if (reading !== undefined && (reading.rank > 0 || reading.revision > 0)) flags |= RECEIPT_FLAG.corrected;
  if (reading !== undefined && reading.quality !== 0) flags |= RECEIPT_FLAG.substitute;
  return flags;
}

function storedReceipts({ state }: BlockContext, deployment: Deployment, interval: number): readonly Receipt[] {
  const receipts: Receipt[] = [];
  for (const asset of deployment.assets) {
    const receipt = receiptTable.get(state, deployment.digest, asset, interval);
    if (receipt !== undefined) receipts.push(receipt);
  }
  return receipts;
}

/** Only receipts that changed are issued again. */
function record(
  { state, events }: BlockContext,
  { digest }: Deployment,
  interval: number,
  { receipts, payDebitMicro, penaltyCreditMicro, roundingMicro }: Settlement,
  old: readonly Receipt[] | undefined,
): void {
  for (const receipt of receipts) {
    const before = old?.find(({ asset }) => asset === receipt.asset);
    if (before !== undefined && equalBytes(RECEIPT.encode(before), RECEIPT.encode(receipt))) continue;
    receiptTable.set(state, receipt, digest, receipt.asset, interval);
    events.receipts.push(receipt);
  }
  settlementTable.set(state, { payDebitMicro, penaltyCreditMicro, roundingMicro }, interval, digest);
}
