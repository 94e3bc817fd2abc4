/** State rows as plain JSON values for queries, API and console: digests as CIDs, bytes as hex. */
import { toHex } from '../base/bytes.ts';
import { cidFromDigest } from '../base/cid.ts';
import { serviceContract, serviceOfCode } from '../contracts/services/registry.ts';
import { RECEIPT, RECEIPT_FLAG, RECEIPT_STATUS, type Receipt } from './receipt.ts';
import { sha256 } from '../base/hash.ts';

export interface ReceiptView {
  readonly deployment: string;
  readonly asset: string;
  readonly owner: string;
  readonly interval: number;
  readonly startMs: number;
  readonly service: string;
  readonly formulaVersion: number;
  readonly status: 'paid' | 'missing';
  readonly flags: readonly string[];
  readonly revision: number;
  readonly setpoint: Readonly<Record<string, number>>;
  readonly measured: Readonly<Record<string, number>>;
  readonly score: Readonly<Record<string, number>>;
  readonly prices: Readonly<Record<string, number>>;
  readonly payMicro: number;
  readonly penaltyMicro: number;
  readonly hash: string;
}

export function receiptView(receipt: Receipt): ReceiptView {
  const service = serviceOfCode(receipt.service);
  const names = serviceContract(service, receipt.formulaVersion);
  return {
    deployment: cidFromDigest(receipt.deployment),
    asset: receipt.asset,
    owner: receipt.owner,
    interval: receipt.interval,
    startMs: receipt.interval * receipt.dMs,
    service,
    formulaVersion: receipt.formulaVersion,
    status: receipt.status === RECEIPT_STATUS.missing ? 'missing' : 'paid',
    flags: flagNames(receipt.flags),
    revision: receipt.revision,
    setpoint: named(names.setpointNames, receipt.setpoint),
    measured: named(names.measuredNames, receipt.measured),
    score: named(names.scoreNames, receipt.score),
    prices: named(names.priceNames, receipt.prices),
    payMicro: receipt.payMicro,
    penaltyMicro: receipt.penaltyMicro,
    hash: toHex(sha256(RECEIPT.encode(receipt))),
  };
}

function named(names: readonly string[], values: readonly number[]): Readonly<Record<string, number>> {
  return Object.fromEntries(values.map((value, i) => [names[i]!, value]));
}

const FLAG_NAMES = [
  [RECEIPT_FLAG.fallback, 'fallback'],
  [RECEIPT_FLAG.missed, 'missed'],
  [RECEIPT_FLAG.corrected, 'corrected'],
  [RECEIPT_FLAG.substitute, 'substitute'],
] as const;

function flagNames(flags: number): readonly string[] {
  return FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
}
