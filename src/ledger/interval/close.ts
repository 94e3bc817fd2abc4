/**
 * Close of interval j, in the first block with t_h >= (j+1)D + G, ascending, at most 12 a block.
 * An interval that was never dispatched is settled on the fallback that devices hold; what is older than
 * the correction window is pruned.
 */
import { floorDiv } from '../../base/fixed.ts';
import { toHex } from '../../base/bytes.ts';
import { isGridPactError } from '../../base/errors.ts';
import { intervalEndMs, intervalStartMs } from '../../grid/interval.ts';
import { evaluateFallback } from '../../grid/interface.ts';
import type { BlockContext } from '../context.ts';
import { CORRECTION_WINDOW_MS } from '../genesis.ts';
import type { Deployment } from '../deployment.ts';
import type { StagedState } from '../state.ts';
import {
  DEPLOYMENT_STATUS,
  deploymentsTable,
  deploymentTable,
  dispatchedTable,
  dispatchTable,
  readingTable,
  receiptTable,
  scheduleTable,
  SETPOINT_FLAG,
  setpointTable,
  settlementTable,
  SUSPEND_REASON,
} from '../tables.ts';
import {
  guardInput,
  isAuthorised,
  isOffered,
  orderFor,
  reserveWorstCase,
  writeSetpoint,
  type Order,
} from './dispatch.ts';
import { moveToReserve } from './reserve.ts';
import { settle } from './settle.ts';

const MAX_CLOSES_PER_BLOCK = 12;

export function closeDue(context: BlockContext): void {
  const { state, tMs, genesis } = context;
  const { dMs, gMs } = genesis.parameters;
  const { nextClose } = scheduleTable.get(state)!;
  let j = nextClose;
  while (j < nextClose + MAX_CLOSES_PER_BLOCK && tMs >= intervalEndMs(j, dMs) + gMs) {
    closeInterval(context, j);
    j++;
  }
  if (j !== nextClose) scheduleTable.set(state, { ...scheduleTable.get(state)!, nextClose: j });
}

function closeInterval(context: BlockContext, j: number): void {
  const { state, cache, events } = context;
  const missed = dispatchedTable.get(state, j) === undefined;
  for (const digest of deploymentsTable.get(state)?.digests ?? []) {
    const deployment = cache.deployment(state, toHex(digest));
    if (missed) standInFallback(context, deployment, j);
    settleOrStop(context, deployment, j);
  }
  dispatchedTable.delete(state, j);
  events.notices.push({ kind: 'closed', interval: j, deployment: '', detail: missed ? 'missed' : 'dispatched' });
  prune(context, j - floorDiv(CORRECTION_WINDOW_MS, context.genesis.parameters.dMs) - 1);
}

/**
 * Amounts that leave the safe range (penalties without end, say) stop their deployment, never the chain: it stays
 * unsettled for j, its reserve goes back to escrow if escrow can hold it, and operators decide.
 */
function settleOrStop(context: BlockContext, deployment: Deployment, j: number): void {
  const { state, tMs, events } = context;
  const { digest, cid } = deployment;
  if (inSafeRange(state, () => settle(context, deployment, j))) return;
  const reservedMicro = dispatchTable.get(state, j, digest)!.reservedMicro;
  inSafeRange(state, () => moveToReserve(context, digest, 0 - reservedMicro));
  const row = deploymentTable.get(state, digest)!;
  if (row.status === DEPLOYMENT_STATUS.approved) {
    const stop = { status: DEPLOYMENT_STATUS.suspended, suspendReason: SUSPEND_REASON.unsettled, resumeVotes: [] };
    deploymentTable.set(state, { ...row, ...stop, sinceMs: tMs }, digest);
  }
  events.notices.push({ kind: 'suspended', interval: j, deployment: cid, detail: 'amounts beyond the safe range' });
}

function inSafeRange(state: StagedState, action: () => void): boolean {
  try {
    state.transact(action);
    return true;
  } catch (error) {
    if (isGridPactError(error, 'base.integer')) return false;
    throw error;
  }
}

/**
 * Devices without a fresh setpoint follow the fallback with every input missing: the constant z, guarded.
 * Escrow must cover the worst case here as at a dispatch, or a missed interval would pay what nobody put up.
 */
function standInFallback(context: BlockContext, deployment: Deployment, j: number): void {
  const { state } = context;
  if (!isAuthorised(context, deployment, j) || !stoodAtStart(context, deployment, j)) return;
  const order = orderFor(context, deployment, j);
  if (order === undefined) return;
  const assets = deployment.assets.filter((asset) => isOffered(context, order, asset));
  const reservedMicro = reserveWorstCase(context, order, assets);
  if (reservedMicro === undefined) return;
  const row = { formulaVersion: order.contract.version, priceIndex: order.priceIndex, reservedMicro, missed: 1 };
  dispatchTable.set(state, row, j, deployment.digest);
  const flags = SETPOINT_FLAG.fallback | SETPOINT_FLAG.missed;
  for (const asset of assets) writeSetpoint(context, order, asset, heldFallback(context, order, asset), flags);
}

/** An approval or a resumption after the interval began does not reach back into it. */
function stoodAtStart({ state, genesis }: BlockContext, { digest }: Deployment, j: number): boolean {
  return deploymentTable.get(state, digest)!.sinceMs <= intervalStartMs(j, genesis.parameters.dMs);
}

function heldFallback(context: BlockContext, order: Order, asset: string): readonly number[] {
  const { policy } = context.cache.executor(context.state, order.deployment.policyDigest);
  const outputs = new Int32Array(policy.interface.outputs.length);
  evaluateFallback(policy.interface, new Int32Array(policy.interface.inputs.length), -1, outputs);
  return order.contract.guard(outputs[0]!, guardInput(context, order, asset));
}

function prune({ state, cache }: BlockContext, j: number): void {
  for (const digestBytes of deploymentsTable.get(state)?.digests ?? []) {
    const digest = toHex(digestBytes);
    dispatchTable.delete(state, j, digest);
    settlementTable.delete(state, j, digest);
    for (const asset of cache.deployment(state, digest).assets) {
      setpointTable.delete(state, j, digest, asset);
      receiptTable.delete(state, digest, asset, j);
      readingTable.delete(state, j, asset);
    }
  }
}
