/** Committed history from the store: blocks, results, receipts, statements, payment proofs. */
import { toHex } from '../base/bytes.ts';
import { fail } from '../base/errors.ts';
import { SAFE_MAX } from '../base/fixed.ts';
import { intervalStartMs } from '../grid/interval.ts';
import type { Block, TxResult } from './engines/port.ts';
import { HEADER, type Header } from './header.ts';
import { proveReceipt } from './proof.ts';
import { RECEIPT, type Receipt } from './receipt.ts';
import type { KeyValueStore } from './store/kv.ts';
import { BLOCK_ROW, RESULTS_ROW, ROW } from './store/rows.ts';
import { receiptView, type ReceiptView } from './views.ts';

/** @throws `block.unknown`. */
export async function readHeader(store: KeyValueStore, height: number): Promise<Header> {
  return HEADER.decode(await need(store, ROW.header(height), height));
}

/** @throws `block.unknown`. */
export async function readBlock(store: KeyValueStore, height: number): Promise<Block> {
  return BLOCK_ROW.decode(await need(store, ROW.block(height), height));
}

/** @throws `block.unknown`. */
export async function readResults(store: KeyValueStore, height: number): Promise<readonly TxResult[]> {
  const { results } = RESULTS_ROW.decode(await need(store, ROW.results(height), height));
  return results.map(({ code, error, detail }) => ({ code: code === 0 ? 0 : 1, error, detail }));
}

async function need(store: KeyValueStore, key: string, height: number): Promise<Uint8Array> {
  const row = await store.get(key);
  if (row === undefined) throw fail('block.unknown', { got: height });
  return row;
}

/** Receipt bytes of one block, in order: the leaves of its receipts tree. */
export async function readReceipts(store: KeyValueStore, height: number): Promise<readonly Uint8Array[]> {
  const receipts: Uint8Array[] = [];
  for await (const [, value] of store.scan(ROW.receiptsPrefix(height))) receipts.push(value);
  return receipts;
}

/** A receipt and where it stands. */
export interface LocatedReceipt {
  readonly height: number;
  readonly index: number;
  readonly receipt: Receipt;
}

/** All receipts in the order they were issued, optionally of one owner. */
export async function* allReceipts(store: KeyValueStore, owner?: string): AsyncIterable<LocatedReceipt> {
  for await (const [key, value] of store.scan(ROW.allReceiptsPrefix)) {
    const receipt = RECEIPT.decode(value);
    if (owner !== undefined && receipt.owner !== owner) continue;
    yield { ...ROW.receiptPosition(key), receipt };
  }
}

/** Everything given must hold; intervals are [fromInterval, toInterval). */
export interface ReceiptFilter {
  readonly owner?: string | undefined;
  readonly asset?: string | undefined;
  /** Hex digest of the deployment's CID. */
  readonly deployment?: string | undefined;
  readonly fromInterval?: number | undefined;
  readonly toInterval?: number | undefined;
}

export interface ReceiptPage {
  readonly receipts: readonly LocatedReceipt[];
  /** Where to go on; undefined at the end. A page may be short, even empty, before the end. */
  readonly next: { readonly height: number; readonly index: number } | undefined;
}

/** Rows looked at for one page, whatever the filter: bounds what one request costs. */
const MAX_ROWS_PER_PAGE = 5000;

/** At most `limit` receipts in the order they were issued, from a position on. */
export async function readReceiptPage(
  store: KeyValueStore,
  filter: ReceiptFilter,
  from: { readonly height: number; readonly index: number },
  limit: number,
): Promise<ReceiptPage> {
  const receipts: LocatedReceipt[] = [];
  let rows = 0;
  for await (const [key, value] of store.scan(ROW.allReceiptsPrefix, ROW.receipt(from.height, from.index))) {
    const position = ROW.receiptPosition(key);
    if (receipts.length >= limit || rows >= MAX_ROWS_PER_PAGE) return { receipts, next: position };
    rows++;
    const receipt = RECEIPT.decode(value);
    if (matches(receipt, filter)) receipts.push({ ...position, receipt });
  }
  return { receipts, next: undefined };
}

function matches(receipt: Receipt, filter: ReceiptFilter): boolean {
  const { owner, asset, deployment, fromInterval, toInterval } = filter;
  return (
    (owner === undefined || receipt.owner === owner) &&
    (asset === undefined || receipt.asset === asset) &&
    (fromInterval === undefined || receipt.interval >= fromInterval) &&
    (toInterval === undefined || receipt.interval < toInterval) &&
    (deployment === undefined || toHex(receipt.deployment) === deployment)
  );
}

export interface StatementLine extends ReceiptView {
  readonly height: number;
  readonly index: number;
  /** A later receipt for the same deployment, asset and interval replaced this one. */
  readonly superseded: boolean;
}

export interface Statement {
  readonly owner: string;
  readonly lines: readonly StatementLine[];
  /** Of the lines that stand. */
  readonly payMicro: number;
  readonly penaltyMicro: number;
  readonly netMicro: number;
}

/** Intervals that start in [fromMs, toMs). */
export interface StatementPeriod {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Every payment to an owner with its evidence; reversed ones are shown and not counted. */
export async function readStatement(
  store: KeyValueStore,
  owner: string,
  { fromMs, toMs }: StatementPeriod = { fromMs: 0, toMs: SAFE_MAX },
): Promise<Statement> {
  const located: LocatedReceipt[] = [];
  for await (const entry of allReceipts(store, owner)) {
    const startMs = intervalStartMs(entry.receipt.interval, entry.receipt.dMs);
    if (startMs >= fromMs && startMs < toMs) located.push(entry);
  }
  const last = new Map(located.map(({ receipt }, i) => [slotOf(receipt), i]));
  const lines = located.map(({ height, index, receipt }, i) => {
    const superseded = last.get(slotOf(receipt)) !== i;
    return { ...receiptView(receipt), height, index, superseded };
  });
  const standing = lines.filter((line) => !line.superseded);
  const payMicro = standing.reduce((sum, line) => sum + line.payMicro, 0);
  const penaltyMicro = standing.reduce((sum, line) => sum + line.penaltyMicro, 0);
  return { owner, lines, payMicro, penaltyMicro, netMicro: payMicro - penaltyMicro };
}

function slotOf({ deployment, asset, interval }: Receipt): string {
  return `${deployment.join('.')}/${asset}/${interval}`;
}

/** @throws `receipt.unknown`, `block.unknown`. */
export async function receiptProof(
  store: KeyValueStore,
  height: number,
  index: number,
): Promise<{ readonly header: Header; readonly proof: Uint8Array; readonly receipt: Receipt }> {
  const header = await readHeader(store, height);
  const receipts = await readReceipts(store, height);
  if (!Number.isSafeInteger(index) || index < 0 || index >= receipts.length) {
    throw fail('receipt.unknown', { expected: `index 0..${receipts.length - 1} in block ${height}`, got: index });
  }
  return { header, proof: proveReceipt(header, receipts, index), receipt: RECEIPT.decode(receipts[index]!) };
}
