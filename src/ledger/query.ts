/** Queries of the committed state, by path. Every answer is plain JSON. */
import { fromHex, fromUtf8, toHex } from '../base/bytes.ts';
import { cidDigest, cidFromDigest } from '../base/cid.ts';
import { fail } from '../base/errors.ts';
import { sortedKeys } from '../base/sorted.ts';
import { intervalStartMs } from '../grid/interval.ts';
import type { LedgerApplication } from './application.ts';
import type { QueryRequest } from './engines/port.ts';
import { balanceOf } from './money.ts';
import type { StateReader } from './state.ts';
import {
  accountTable,
  type AssetRow,
  assetTable,
  balanceKey,
  balanceTable,
  DEPLOYMENT_STATUS,
  deploymentsTable,
  deploymentTable,
  meterTable,
  observationTable,
  offerTable,
  policyTable,
  receiptTable,
  scheduleTable,
  SETPOINT_FLAG,
  setpointTable,
} from './tables.ts';
import { receiptView, type ReceiptView } from './views.ts';

export interface AccountView {
  readonly name: string;
  readonly publicKey: string;
  readonly nonce: number;
  readonly balanceMicro: number;
  readonly receivableMicro: number;
}

export interface AssetView extends Omit<AssetRow, 'deviceKey'> {
  readonly asset: string;
  readonly deviceKey: string;
  /** Of the last reading accepted; `gaps` counts jumps of the counter. */
  readonly meter: { readonly context: number; readonly counter: number; readonly gaps: number };
}

export interface PolicyView {
  readonly cid: string;
  readonly registrant: string;
  readonly vec4096: string;
  readonly vec65536: string;
  readonly gas: number;
}

export interface DeploymentView {
  readonly cid: string;
  readonly policyCid: string;
  readonly service: string;
  readonly status: 'proposed' | 'approved' | 'active' | 'suspended' | 'expired' | 'ended';
  readonly suspendReason: 'none' | 'operator' | 'underfunded' | 'unsettled';
  readonly buyer: string;
  readonly assets: readonly string[];
  readonly offered: readonly string[];
  readonly operators: readonly string[];
  readonly k: number;
  readonly approvals: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly escrowMicro: number;
  readonly reservedMicro: number;
  readonly owedMicro: number;
}

export interface SetpointView {
  readonly chain: string;
  readonly asset: string;
  readonly deployment: string;
  readonly interval: number;
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly values: readonly number[];
  readonly fallback: boolean;
  readonly height: number;
}

export interface StateProofView {
  readonly key: string;
  readonly value: string | null;
  readonly siblings: readonly string[];
  readonly leaf: { readonly keyHash: string; readonly valueHash: string } | null;
}

type Data = QueryRequest['data'];

const PATHS: Readonly<Record<string, (app: LedgerApplication, data: Data) => unknown>> = {
  account: (app, data) => accountView(app.state, textOf(data, 'name')),
  accounts: (app) => accountNames(app).map((name) => accountView(app.state, name)),
  asset: (app, data) => assetView(app.state, textOf(data, 'asset')),
  balances: (app) => balances(app),
  deployment: (app, data) => deploymentView(app, digestOf(data, 'deployment')),
  deployments: (app) => deploymentDigests(app.state).map((digest) => deploymentView(app, digest)),
  observation: (app, data) => observationTable.get(app.state, textOf(data, 'asset')) ?? null,
  policy: (app, data) => policyView(app.state, digestOf(data, 'policy')),
  policies: (app) => policyDigests(app).map((digest) => policyView(app.state, digest)),
  proof: (app, data) => stateProofView(app, textOf(data, 'key')),
  receipt: (app, data) =>
    currentReceipt(app, digestOf(data, 'deployment'), textOf(data, 'asset'), numberOf(data, 'interval')),
  schedule: (app) => scheduleTable.get(app.state) ?? null,
  setpoint: (app, data) =>
    setpointView(app, digestOf(data, 'deployment'), textOf(data, 'asset'), numberOf(data, 'interval')),
};

/** @throws `query.path` and the `*.unknown` codes. */
export function runQuery(app: LedgerApplication, { path, data }: QueryRequest): unknown {
  if (!Object.hasOwn(PATHS, path)) throw fail('query.path', { expected: sortedKeys(PATHS).join(', '), got: path });
  return PATHS[path]!(app, data);
}

function textOf(data: Data, key: string): string {
  const value = data[key];
  if (typeof value !== 'string' || value.length > 1000)
    throw fail('query.data', { expected: `${key}: text`, got: value });
  return value;
}

function numberOf(data: Data, key: string): number {
  const value = data[key];
  if (!Number.isSafeInteger(value)) throw fail('query.data', { expected: `${key}: integer`, got: value });
  return value as number;
}

function digestOf(data: Data, key: string): string {
  return toHex(cidDigest(textOf(data, key)));
}

export function accountView(state: StateReader, name: string): AccountView {
  const row = accountTable.get(state, name);
  if (row === undefined) throw fail('account.unknown', { got: name });
  return {
    name,
    publicKey: toHex(row.publicKey),
    nonce: row.nonce,
    balanceMicro: balanceOf(state, balanceKey.account(name)),
    receivableMicro: balanceOf(state, balanceKey.receivable(name)),
  };
}

function accountNames(app: LedgerApplication): readonly string[] {
  // Key = bucket, length, name: the name is what follows two bytes.
  return app.state.scan(accountTable.prefix).map(([key]) => fromUtf8(fromHex(key.slice(4))));
}

export function assetView(state: StateReader, asset: string): AssetView {
  const row = assetTable.get(state, asset);
  if (row === undefined) throw fail('asset.unknown', { got: asset });
  return { asset, ...row, deviceKey: toHex(row.deviceKey), meter: meterTable.get(state, asset)! };
}

export function policyDigests(app: LedgerApplication): readonly string[] {
  return app.state.scan(policyTable.prefix).map(([key]) => key.slice(2));
}

export function policyView(state: StateReader, digest: string): PolicyView {
  const row = policyTable.get(state, digest);
  const cid = cidFromDigest(fromHex(digest));
  if (row === undefined) throw fail('policy.unknown', { got: cid });
  return { cid, ...row, vec4096: toHex(row.vec4096), vec65536: toHex(row.vec65536) };
}

export function deploymentDigests(state: StateReader): readonly string[] {
  return (deploymentsTable.get(state)?.digests ?? []).map(toHex);
}

export function deploymentView(app: LedgerApplication, digest: string): DeploymentView {
  const { state } = app;
  const row = deploymentTable.get(state, digest);
  if (row === undefined) throw fail('deployment.unknown', { got: digest });
  const deployment = app.cache.deployment(state, digest);
  const { cid, policyCid, service, buyer, assets, operators, k, notBeforeMs, notAfterMs } = deployment;
  return {
    cid,
    policyCid,
    service,
    status: statusName(row.status, app.lastHeader?.timeMs ?? 0, notBeforeMs, notAfterMs),
    suspendReason: (['none', 'operator', 'underfunded', 'unsettled'] as const)[row.suspendReason]!,
    buyer,
    assets,
    offered: assets.filter((asset) => offerTable.get(state, digest, asset) !== undefined),
    operators,
    k,
    approvals: row.approvals,
    notBeforeMs,
    notAfterMs,
    escrowMicro: balanceOf(state, balanceKey.escrow(digest)),
    reservedMicro: balanceOf(state, balanceKey.reserved(digest)),
    owedMicro: balanceOf(state, balanceKey.owed(digest)),
  };
}

function statusName(status: number, tMs: number, notBeforeMs: number, notAfterMs: number): DeploymentView['status'] {
  if (status === DEPLOYMENT_STATUS.ended) return 'ended';
  if (tMs >= notAfterMs) return 'expired';
  if (status === DEPLOYMENT_STATUS.proposed) return 'proposed';
  if (status === DEPLOYMENT_STATUS.suspended) return 'suspended';
  return tMs >= notBeforeMs ? 'active' : 'approved';
}

/**
 * What a device asks for. @throws `deployment.notApproved`, `deployment.expired`, `asset.notOffered`,
 * `deployment.notActive`: a device that gets none of its own follows the fallback it holds.
 */
export function setpointView(app: LedgerApplication, digest: string, asset: string, interval: number): SetpointView {
  const row = setpointTable.get(app.state, interval, digest, asset);
  if (row === undefined) throw whyNoSetpoint(app, digest, asset, interval);
  const { validFromMs, validToMs, values, flags, height } = row;
  const { cid } = app.cache.deployment(app.state, digest);
  const fallback = (flags & SETPOINT_FLAG.fallback) !== 0;
  const { chain } = app.genesis;
  return { chain, asset, deployment: cid, interval, validFromMs, validToMs, values, fallback, height };
}

function whyNoSetpoint(app: LedgerApplication, digest: string, asset: string, interval: number) {
  const { status, approvals, k, notAfterMs } = deploymentView(app, digest);
  if (assetTable.get(app.state, asset) === undefined) return fail('asset.unknown', { got: asset });
  if (status === 'proposed' || status === 'ended') {
    return fail('deployment.notApproved', { expected: `${k} approvals`, got: `${approvals.length}, ${status}` });
  }
  const startMs = intervalStartMs(interval, app.genesis.parameters.dMs);
  if (startMs >= notAfterMs) {
    return fail('deployment.expired', { expected: `an interval before ${notAfterMs}`, got: startMs });
  }
  if (offerTable.get(app.state, digest, asset) === undefined) return fail('asset.notOffered', { got: asset });
  return fail('deployment.notActive', { expected: `a setpoint for interval ${interval}`, got: status });
}

function currentReceipt(app: LedgerApplication, digest: string, asset: string, interval: number): ReceiptView {
  const receipt = receiptTable.get(app.state, digest, asset, interval);
  if (receipt === undefined) throw fail('receipt.unknown', { got: `${asset}, interval ${interval}` });
  return receiptView(receipt);
}

/** Every balance that is not zero, and their sum, which is zero. */
export function balances(app: LedgerApplication): {
  readonly sumMicro: number;
  readonly balances: readonly { readonly key: string; readonly micro: number }[];
} {
  const rows = app.state
    .scan(balanceTable.prefix)
    .map(([key, value]) => ({ key: key.slice(2), micro: balanceTable.decode(value).micro }));
  let sum = 0n;
  for (const { micro } of rows) sum += BigInt(micro);
  return { sumMicro: Number(sum), balances: rows };
}

export function stateProofView(app: LedgerApplication, key: string): StateProofView {
  const { siblings, leaf } = app.state.prove(key);
  const value = app.state.get(key);
  return {
    key,
    value: value === undefined ? null : toHex(value),
    siblings: siblings.map(toHex),
    leaf: leaf === undefined ? null : { keyHash: toHex(leaf.keyHash), valueHash: toHex(leaf.valueHash) },
  };
}
