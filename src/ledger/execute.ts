/**
 * Block execution, step by step: (1) what falls due at t_h, (2) transactions in order, (3) close,
 * (4) dispatch. Steps 3 and 4 need no transaction; nobody calls them. Synchronous and integer-only.
 * Parameters and approvals carry their own dates and are compared with t_h where they are used, so
 * step 1 has nothing to move.
 */
import { isGridPactError, fail, type GridPactError } from '../base/errors.ts';
import type { BlockContext } from './context.ts';
import type { CheckResult, TxResult } from './engines/port.ts';
import { openAccount, registerAsset, transferMoney } from './handlers/accounts.ts';
import { approve, end, fund, propose, registerPolicy, resume, suspend, withdraw } from './handlers/deployments.ts';
import { makeOffer, withdrawOffer } from './handlers/offers.ts';
import { acceptBatch, correctReading } from './handlers/readings.ts';
import { closeDue } from './interval/close.ts';
import { dispatchDue } from './interval/dispatch.ts';
import { accountTable, assetTable } from './tables.ts';
import {
  checkBatchSignature,
  checkTxSignature,
  decodeTx,
  type AccountTx,
  type DecodedTx,
  type TxKind,
} from './transaction.ts';

const HANDLERS: Readonly<Record<TxKind, (context: BlockContext, tx: AccountTx) => void>> = {
  'account.open': openAccount,
  'account.transfer': transferMoney,
  'asset.register': registerAsset,
  'policy.register': registerPolicy,
  'deployment.propose': propose,
  'deployment.approve': approve,
  'deployment.suspend': suspend,
  'deployment.resume': resume,
  'deployment.end': end,
  'offer.make': makeOffer,
  'offer.withdraw': withdrawOffer,
  'escrow.fund': fund,
  'escrow.withdraw': withdraw,
  'reading.correct': correctReading,
};

const ACCEPTED: TxResult = { code: 0, error: '', detail: '' };
/** Messages are for people and are kept with the block; a long one is cut. */
const MAX_DETAIL_LENGTH = 500;

export function executeBlock(context: BlockContext, txs: readonly Uint8Array[]): readonly TxResult[] {
  const results = txs.map((bytes) => resultOf(executeTx(context, bytes)));
  closeDue(context);
  dispatchDue(context);
  return results;
}

/** As `executeBlock` would, on whatever state the context holds. */
export function checkTx(context: BlockContext, bytes: Uint8Array): CheckResult {
  const refusal = executeTx(context, bytes);
  return { ...resultOf(refusal), refusal };
}

/** A refused transaction changes nothing and says why; only a bug may throw. */
function executeTx(context: BlockContext, bytes: Uint8Array): GridPactError | undefined {
  const { receipts, notices } = context.events;
  const [receiptCount, noticeCount] = [receipts.length, notices.length];
  try {
    context.state.transact(() => apply(context, decodeTx(bytes)));
    return undefined;
  } catch (error) {
    // What it announced goes with what it wrote: a receipt in the block's tree is a provable payment.
    receipts.length = receiptCount;
    notices.length = noticeCount;
    if (!isGridPactError(error) || error.code === 'money.unbalanced') throw error;
    return error;
  }
}

export function resultOf(refusal: GridPactError | undefined): TxResult {
  if (refusal === undefined) return ACCEPTED;
  return { code: 1, error: refusal.code, detail: refusal.message.slice(0, MAX_DETAIL_LENGTH) };
}

function apply(context: BlockContext, decoded: DecodedTx): void {
  if (decoded.type === 'device') {
    const asset = assetTable.get(context.state, decoded.batch.device);
    if (asset === undefined) throw fail('asset.unknown', { got: decoded.batch.device });
    checkBatchSignature(decoded, context.genesis.chain, asset.deviceKey);
    acceptBatch(context, decoded.batch);
    return;
  }
  const { tx } = decoded;
  checkTxSignature(decoded, context.genesis.chain, signingKey(context, tx));
  checkNonce(context, tx);
  HANDLERS[tx.kind](context, tx);
  const account = accountTable.get(context.state, tx.from)!;
  accountTable.set(context.state, { ...account, nonce: account.nonce + 1 }, tx.from);
}

/** A new account signs with the key it brings; every other with the key on record. */
function signingKey({ state, genesis }: BlockContext, tx: AccountTx): Uint8Array {
  if (tx.chain !== genesis.chain) throw fail('tx.chain', { expected: genesis.chain, got: tx.chain });
  const account = accountTable.get(state, tx.from);
  if (account !== undefined) return account.publicKey;
  const { key } = tx.body;
  if (tx.kind === 'account.open' && key instanceof Uint8Array) return key;
  throw fail('account.unknown', { got: tx.from });
}

function checkNonce({ state }: BlockContext, tx: AccountTx): void {
  const expected = accountTable.get(state, tx.from)?.nonce ?? 0;
  if (tx.nonce !== expected) throw fail('tx.nonce', { expected, got: tx.nonce });
}
