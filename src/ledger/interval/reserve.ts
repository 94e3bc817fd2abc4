/** Money set aside before an interval is dispatched, and taken back when it is revoked. */
import { intervalStartMs } from '../../grid/interval.ts';
import type { BlockContext } from '../context.ts';
import type { Deployment } from '../deployment.ts';
import { post } from '../money.ts';
import { dispatchTable, lastOutputTable, scheduleTable, setpointTable } from '../tables.ts';

export function moveToReserve({ state }: BlockContext, digest: string, micro: number): void {
  post(state, [
    { balance: { escrow: digest }, micro: 0 - micro },
    { balance: { reserved: digest }, micro },
  ]);
}

/** A suspension also revokes setpoints already issued for an interval that has not begun. */
export function revokeFuture(context: BlockContext, deployment: Deployment): void {
  const { state, tMs, genesis } = context;
  // The lead is at most one interval, so only the last dispatched interval can lie ahead.
  const k = scheduleTable.get(state)!.nextDispatch - 1;
  const row = dispatchTable.get(state, k, deployment.digest);
  if (row === undefined || intervalStartMs(k, genesis.parameters.dMs) <= tMs) return;
  moveToReserve(context, deployment.digest, 0 - row.reservedMicro);
  dispatchTable.delete(state, k, deployment.digest);
  for (const asset of deployment.assets) {
    setpointTable.delete(state, k, deployment.digest, asset);
    lastOutputTable.delete(state, deployment.digest, asset);
  }
}
