/**
 * Dispatch of interval k, in the first block with kD - L <= t_h <= kD. No transaction asks for it:
 * per asset the newest fresh observation -> infer -> envelopes -> guard -> setpoint for [kD, (k+1)D).
 */
import { ceilDiv, ceilDivBig, toSafe } from '../../base/fixed.ts';
import { isGridPactError } from '../../base/errors.ts';
import { intervalEndMs, intervalStartMs, secondOfDay } from '../../grid/interval.ts';
import { gatherInputs } from '../../grid/interface.ts';
import { createSnapshot, getChannel, setChannel, type Snapshot } from '../../grid/snapshot.ts';
import type { PolicyExecutor } from '../../contracts/policy/execute.ts';
import type { GuardInput, ServiceContract } from '../../contracts/services/types.ts';
import { assetOfRow, formulaAt, requireAsset, type BlockContext } from '../context.ts';
import type { Deployment } from '../deployment.ts';
import { suspendDeployment } from '../handlers/deployments.ts';
import { balanceOf } from '../money.ts';
import {
  balanceKey,
  DEPLOYMENT_STATUS,
  deploymentsTable,
  deploymentTable,
  dispatchedTable,
  dispatchTable,
  lastOutputTable,
  observationTable,
  offerTable,
  scheduleTable,
  SETPOINT_FLAG,
  setpointTable,
  SUSPEND_REASON,
} from '../tables.ts';
import { toHex } from '../../base/bytes.ts';
import { moveToReserve } from './reserve.ts';

/** One deployment in one interval: what is pinned. */
export interface Order {
  readonly deployment: Deployment;
  readonly contract: ServiceContract;
  readonly terms: unknown;
  readonly priceIndex: number;
  readonly interval: number;
}

export function dispatchDue(context: BlockContext): void {
  const { state, tMs, genesis, height, events } = context;
  const { dMs, lMs } = genesis.parameters;
  const schedule = scheduleTable.get(state)!;
  // Intervals that began before this block were missed: nothing is issued late.
  const first = Math.max(schedule.nextDispatch, ceilDiv(tMs, dMs));
  if (first > schedule.nextDispatch) {
    const detail = `intervals ${schedule.nextDispatch}..${first - 1}`;
    events.notices.push({ kind: 'missed', interval: first - 1, deployment: '', detail });
  }
  let k = first;
  while (intervalStartMs(k, dMs) - lMs <= tMs) {
    dispatchedTable.set(state, { height }, k);
    for (const digest of deploymentsTable.get(state)?.digests ?? []) dispatchDeployment(context, toHex(digest), k);
    k++;
  }
  if (k !== schedule.nextDispatch) scheduleTable.set(state, { ...schedule, nextDispatch: k });
}

/** Active for k iff approved, notBefore <= kD < notAfter, and not suspended. */
export function isAuthorised(context: BlockContext, deployment: Deployment, k: number): boolean {
  const { status } = deploymentTable.get(context.state, deployment.digest)!;
  const startMs = intervalStartMs(k, context.genesis.parameters.dMs);
  const inDates = deployment.notBeforeMs <= startMs && startMs < deployment.notAfterMs;
  return status === DEPLOYMENT_STATUS.approved && inDates;
}

function dispatchDeployment(context: BlockContext, digest: string, k: number): void {
  const { state, cache } = context;
  const deployment = cache.deployment(state, digest);
  if (!isAuthorised(context, deployment, k)) return;
  const order = orderFor(context, deployment, k);
  if (order === undefined) return;
  const assets = deployment.assets.filter((asset) => isOffered(context, order, asset));
  const reservedMicro = reserveWorstCase(context, order, assets);
  if (reservedMicro === undefined) return;
  const { priceIndex, contract } = order;
  dispatchTable.set(state, { formulaVersion: contract.version, priceIndex, reservedMicro, missed: 0 }, k, digest);
  const executor = cache.executor(state, deployment.policyDigest);
  for (const asset of assets) dispatchAsset(context, order, executor, asset);
  const detail = `${assets.length} assets, ${reservedMicro} micro reserved`;
  context.events.notices.push({ kind: 'dispatched', interval: k, deployment: deployment.cid, detail });
}

/** Formula and parameter versions in force at the interval's start; undefined when there is none yet. */
export function orderFor(context: BlockContext, deployment: Deployment, interval: number): Order | undefined {
  const startMs = intervalStartMs(interval, context.genesis.parameters.dMs);
  let contract: ServiceContract;
  try {
    contract = formulaAt(context.genesis, deployment.service, startMs);
  } catch (error) {
    if (isGridPactError(error, 'service.unknown')) return undefined;
    throw error;
  }
  const terms = context.cache.terms(deployment, contract);
  const priceIndex = contract.priceIndexAt(terms, startMs);
  return priceIndex < 0 ? undefined : { deployment, contract, terms, priceIndex, interval };
}

/** An offer in force at the interval's start whose least price is met. */
export function isOffered(context: BlockContext, order: Order, asset: string): boolean {
  const offer = offerTable.get(context.state, order.deployment.digest, asset);
  const startMs = intervalStartMs(order.interval, context.genesis.parameters.dMs);
  if (offer === undefined || startMs < offer.validFromMs || startMs >= offer.validToMs) return false;
  return order.contract.offerPrice(order.terms, order.priceIndex) >= offer.minPrice;
}

export function guardInput(context: BlockContext, order: Order, assetId: string, socMicro?: number): GuardInput {
  const { state, genesis } = context;
  const asset = assetOfRow(assetId, requireAsset(state, assetId));
  const offer = offerTable.get(state, order.deployment.digest, assetId)!;
  return { asset, offer, cap: order.deployment.outputCap, dMs: genesis.parameters.dMs, socMicro };
}

/**
 * Moves the worst case of the whole interval, rounded as the payer is, out of escrow. When escrow is short
 * the deployment is suspended instead, even if the bill leaves the safe range: no terms may halt the chain.
 */
export function reserveWorstCase(context: BlockContext, order: Order, assets: readonly string[]): number | undefined {
  const { state } = context;
  const { deployment } = order;
  const needed = worstCaseMicro(context, order, assets);
  if (needed > BigInt(balanceOf(state, balanceKey.escrow(deployment.digest)))) {
    const row = deploymentTable.get(state, deployment.digest)!;
    suspendDeployment(context, deployment, row, SUSPEND_REASON.underfunded);
    return undefined;
  }
  const reservedMicro = toSafe(needed, 'reserve');
  moveToReserve(context, deployment.digest, reservedMicro);
  return reservedMicro;
}

function worstCaseMicro(context: BlockContext, order: Order, assets: readonly string[]): bigint {
  const { contract, terms, priceIndex } = order;
  const { dMs } = context.genesis.parameters;
  let total = 0n;
  for (const asset of assets) total += contract.worstCase(terms, priceIndex, dMs, guardInput(context, order, asset));
  return ceilDivBig(total, contract.denominator);
}

function dispatchAsset(context: BlockContext, order: Order, executor: PolicyExecutor, asset: string): void {
  const { state } = context;
  const { deployment, contract, interval } = order;
  const policy = executor.policy.interface;
  const snapshot = observedSnapshot(context, order, asset);
  const raw = new Int32Array(policy.inputs.length);
  const outputs = new Int32Array(policy.outputs.length);
  const missing = gatherInputs(policy, snapshot, previousOutputs(context, order, asset), raw);
  const path = executor.run(raw, missing, outputs);
  const guard = guardInput(context, order, asset, getChannel(snapshot, 'soc'));
  const values = contract.guard(outputs[0]!, guard);
  writeSetpoint(context, order, asset, values, path === 'fallback' ? SETPOINT_FLAG.fallback : 0);
  lastOutputTable.set(state, { interval, outputs: [values[0]!] }, deployment.digest, asset);
}

export function writeSetpoint(
  { state, genesis, height }: BlockContext,
  { deployment, interval }: Order,
  asset: string,
  values: readonly number[],
  flags: number,
): void {
  const { dMs } = genesis.parameters;
  const validFromMs = intervalStartMs(interval, dMs);
  const row = { asset, interval, validFromMs, validToMs: intervalEndMs(interval, dMs), values, flags, height };
  setpointTable.set(state, row, interval, deployment.digest, asset);
}

/**
 * The kept observation if -S <= t_h - tMs <= A, with what the ledger itself knows (time, terms). A clock that runs
 * ahead within the skew is as good here as it was when the reading was taken.
 */
function observedSnapshot(context: BlockContext, order: Order, asset: string): Snapshot {
  const { state, tMs, genesis } = context;
  const { dMs, aMs, sMs } = genesis.parameters;
  const snapshot = createSnapshot();
  const seen = observationTable.get(state, asset);
  if (seen !== undefined && seen.tMs <= tMs + sMs && seen.tMs >= tMs - aMs) {
    snapshot.present = seen.present;
    let next = 0;
    for (let id = 0; id < snapshot.values.length; id++) {
      if ((seen.present & (1 << id)) !== 0) snapshot.values[id] = seen.values[next++]!;
    }
  }
  setChannel(snapshot, 'time.day', secondOfDay(intervalStartMs(order.interval, dMs)));
  const { sensOwn } = order.contract.derived(order.terms, order.deployment.assets.indexOf(asset));
  if (sensOwn !== undefined) setChannel(snapshot, 'sens.own', sensOwn);
  return snapshot;
}

/** As issued in the interval just before; anything older counts as none (spec/policy.md 3.9). */
function previousOutputs({ state }: BlockContext, order: Order, asset: string): Int32Array | undefined {
  const last = lastOutputTable.get(state, order.deployment.digest, asset);
  return last !== undefined && last.interval === order.interval - 1 ? Int32Array.from(last.outputs) : undefined;
}
