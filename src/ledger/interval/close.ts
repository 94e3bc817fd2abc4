/**
 * Close of interval j, in the first block with t_h >= (j+1)D + G, ascending, at most 12 a block.
 * An interval that was never dispatched is settled on the fallback that devices hold; what is older than
 * the correction window is pruned.
 */
import { floorDiv } from '../../base/fixed.ts';
import { toHex } from '../../base/bytes.ts';
import { intervalEndMs } from '../../grid/interval.ts';
import { evaluateFallback } from '../../grid/interface.ts';
import type { BlockContext } from '../context.ts';
import { CORRECTION_WINDOW_MS } from '../genesis.ts';
import type { Deployment } from '../deployment.ts';
import {
  deploymentsTable,
  dispatchedTable,
  dispatchTable,
  readingTable,
  receiptTable,
  scheduleTable,
  SETPOINT_FLAG,
  setpointTable,
  settlementTable,
} from '../tables.ts';
import { guardInput, isAuthorised, isOffered, orderFor, writeSetpoint, type Order } from './dispatch.ts';
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
    settle(context, deployment, j);
  }
  dispatchedTable.delete(state, j);
  events.notices.push({ kind: 'closed', interval: j, deployment: '', detail: missed ? 'missed' : 'dispatched' });
  prune(context, j - floorDiv(CORRECTION_WINDOW_MS, context.genesis.parameters.dMs) - 1);
}

/** Devices without a fresh setpoint follow the fallback with every input missing: the constant z, guarded. */
function standInFallback(context: BlockContext, deployment: Deployment, j: number): void {
  const { state } = context;
  if (!isAuthorised(context, deployment, j)) return;
  const order = orderFor(context, deployment, j);
  if (order === undefined) return;
  const { priceIndex, contract } = order;
  const row = { formulaVersion: contract.version, priceIndex, reservedMicro: 0, missed: 1 };
  dispatchTable.set(state, row, j, deployment.digest);
  const flags = SETPOINT_FLAG.fallback | SETPOINT_FLAG.missed;
  for (const asset of deployment.assets) {
    if (isOffered(context, order, asset))
      writeSetpoint(context, order, asset, heldFallback(context, order, asset), flags);
  }
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
