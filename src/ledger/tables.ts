/**
 * The key space: bucket number -> what a key and a value are. Numbers are never reused.
 * Every row has a fixed layout (docs/spec/ledger.md); documents are kept as their canonical bytes.
 */
import { toHex, utf8 } from '../base/bytes.ts';
import { bytesField, i32, i53, id, layout, listField, u16, u32, u53, u8 } from '../base/record.ts';
import { STORED_READING } from '../contracts/metering/reading.ts';
import { RECEIPT } from './receipt.ts';
import type { StateKey, StateReader, StateWriter } from './state.ts';

export const MAX_DEPLOYMENTS = 64;
export const MAX_DEPLOYMENT_ASSETS = 64;
export const MAX_OPERATORS = 16;

const BUCKET = {
  genesis: 0x01, // -> genesis document
  schedule: 0x02, // -> next interval to close and to dispatch
  account: 0x03, // account name -> key, nonce
  balance: 0x04, // balance kind, owner -> micro-units
  asset: 0x05, // asset id -> ratings, owner, device key
  meter: 0x06, // asset id -> reading counter
  artifact: 0x07, // policy digest -> artifact bytes
  policy: 0x08, // policy digest -> registration
  deploymentDocument: 0x09, // deployment digest -> document bytes
  deployment: 0x0a, // deployment digest -> status, approvals
  deployments: 0x0b, // -> all deployment digests, ascending
  offer: 0x0c, // deployment digest, asset id -> the owner's offer
  observation: 0x0d, // asset id -> newest observation
  reading: 0x0e, // interval, asset id -> the meter reading that counts
  dispatched: 0x0f, // interval -> the height that dispatched it
  dispatch: 0x10, // interval, deployment digest -> pinned versions, reserve
  setpoint: 0x11, // interval, deployment digest, asset id -> setpoint
  lastOutput: 0x12, // deployment digest, asset id -> outputs as issued
  receipt: 0x13, // deployment digest, asset id, interval -> the receipt that counts
  settlement: 0x14, // interval, deployment digest -> rounding and flows of the interval
} as const;

function bucketHex(bucket: number): string {
  return toHex(Uint8Array.of(bucket));
}

/** Length-prefixed, so that no id is a prefix of a longer key. */
function idKey(text: string): string {
  return toHex(Uint8Array.of(text.length)) + toHex(utf8(text));
}

/** Big-endian, so that text order is numeric order. */
function intKey(n: number): string {
  return n.toString(16).padStart(16, '0');
}

export interface Table<K extends readonly unknown[], V> {
  readonly prefix: string;
  key(...key: K): StateKey;
  decode(bytes: Uint8Array): V;
  get(state: StateReader, ...key: K): V | undefined;
  set(state: StateWriter, value: V, ...key: K): void;
  delete(state: StateWriter, ...key: K): void;
}

interface Codec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
}

function table<K extends readonly unknown[], V>(
  bucket: number,
  codec: Codec<V>,
  keyOf: (...key: K) => string,
): Table<K, V> {
  const prefix = bucketHex(bucket);
  const key = (...parts: K): StateKey => prefix + keyOf(...parts);
  return {
    prefix,
    key,
    decode: (bytes) => codec.decode(bytes),
    get(state, ...parts) {
      const bytes = state.get(key(...parts));
      return bytes === undefined ? undefined : codec.decode(bytes);
    },
    set: (state, value, ...parts) => state.set(key(...parts), codec.encode(value)),
    delete: (state, ...parts) => state.delete(key(...parts)),
  };
}

const RAW: Codec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

export const STATE_LAYOUTS = {
  schedule: layout('schedule', { nextClose: u53, nextDispatch: u53 }),
  account: layout('account', { publicKey: bytesField(32), nonce: u53 }),
  balance: layout('balance', { micro: i53 }),
  asset: layout('asset', {
    owner: id,
    deviceKey: bytesField(32),
    bus: u32,
    sMaxVa: u53,
    pvPeakW: u53,
    pMaxW: u53,
    eMaxWh: u53,
    etaChargeMicro: u32,
    etaDischargeMicro: u32,
    socMinMicro: u32,
    socMaxMicro: u32,
  }),
  meter: layout('meterState', { context: u32, counter: u53, gaps: u32 }),
  policy: layout('policy', { registrant: id, vec4096: bytesField(32), vec65536: bytesField(32), gas: u53 }),
  deployment: layout('deployment', {
    proposer: id,
    /** 1 proposed, 2 approved, 3 suspended, 4 ended. */
    status: u8,
    /** 0 none, 1 by an operator, 2 escrow short, 3 amounts beyond the safe range. */
    suspendReason: u8,
    sinceMs: u53,
    approvals: listField(id, MAX_OPERATORS),
    resumeVotes: listField(id, MAX_OPERATORS),
  }),
  deployments: layout('deployments', { digests: listField(bytesField(32), MAX_DEPLOYMENTS) }),
  offer: layout('offer', {
    pMaxW: u53,
    qMaxVar: u53,
    socFloorMicro: u32,
    socCeilingMicro: u32,
    minPrice: u53,
    validFromMs: u53,
    validToMs: u53,
  }),
  observation: layout('observationState', {
    tMs: u53,
    context: u32,
    counter: u53,
    present: u16,
    values: listField(i32, 16),
  }),
  reading: STORED_READING,
  dispatched: layout('dispatched', { height: u53 }),
  dispatch: layout('dispatch', {
    formulaVersion: u16,
    priceIndex: u16,
    reservedMicro: u53,
    /** 0 issued, 1 missed: nothing was issued and devices follow the fallback. */
    missed: u8,
  }),
  setpoint: layout('setpoint', {
    asset: id,
    interval: u53,
    validFromMs: u53,
    validToMs: u53,
    /** Service units, in the order of the service's setpointNames. */
    values: listField(i32, 8),
    flags: u16,
    height: u53,
  }),
  lastOutput: layout('lastOutput', { interval: u53, outputs: listField(i32, 16) }),
  settlement: layout('settlement', {
    payDebitMicro: u53,
    penaltyCreditMicro: u53,
    roundingMicro: u53,
  }),
} as const;

const L = STATE_LAYOUTS;

export const genesisTable = table(BUCKET.genesis, RAW, () => '');
export const scheduleTable = table(BUCKET.schedule, L.schedule, () => '');
export const accountTable = table(BUCKET.account, L.account, (name: string) => idKey(name));
export const balanceTable = table(BUCKET.balance, L.balance, (account: string) => account);
export const assetTable = table(BUCKET.asset, L.asset, (asset: string) => idKey(asset));
export const meterTable = table(BUCKET.meter, L.meter, (asset: string) => idKey(asset));
export const artifactTable = table(BUCKET.artifact, RAW, (digest: string) => digest);
export const policyTable = table(BUCKET.policy, L.policy, (digest: string) => digest);
export const deploymentDocumentTable = table(BUCKET.deploymentDocument, RAW, (digest: string) => digest);
export const deploymentTable = table(BUCKET.deployment, L.deployment, (digest: string) => digest);
export const deploymentsTable = table(BUCKET.deployments, L.deployments, () => '');
export const offerTable = table(BUCKET.offer, L.offer, (digest: string, asset: string) => digest + idKey(asset));
export const observationTable = table(BUCKET.observation, L.observation, (asset: string) => idKey(asset));
export const readingTable = table(
  BUCKET.reading,
  L.reading,
  (interval: number, asset: string) => intKey(interval) + idKey(asset),
);
export const dispatchedTable = table(BUCKET.dispatched, L.dispatched, (interval: number) => intKey(interval));
export const dispatchTable = table(
  BUCKET.dispatch,
  L.dispatch,
  (interval: number, digest: string) => intKey(interval) + digest,
);
export const setpointTable = table(
  BUCKET.setpoint,
  L.setpoint,
  (interval: number, digest: string, asset: string) => intKey(interval) + digest + idKey(asset),
);
export const lastOutputTable = table(
  BUCKET.lastOutput,
  L.lastOutput,
  (digest: string, asset: string) => digest + idKey(asset),
);
export const receiptTable = table(
  BUCKET.receipt,
  RECEIPT,
  (digest: string, asset: string, interval: number) => digest + idKey(asset) + intKey(interval),
);
export const settlementTable = table(
  BUCKET.settlement,
  L.settlement,
  (interval: number, digest: string) => intKey(interval) + digest,
);

export type AssetRow = ReturnType<typeof L.asset.decode>;
export type DeploymentRow = ReturnType<typeof L.deployment.decode>;
export type OfferRow = ReturnType<typeof L.offer.decode>;
export type SetpointRow = ReturnType<typeof L.setpoint.decode>;
export type DispatchRow = ReturnType<typeof L.dispatch.decode>;
export type SettlementRow = ReturnType<typeof L.settlement.decode>;

export const DEPLOYMENT_STATUS = { proposed: 1, approved: 2, suspended: 3, ended: 4 } as const;
export const SUSPEND_REASON = { none: 0, operator: 1, underfunded: 2, unsettled: 3 } as const;

export const SETPOINT_FLAG = {
  /** An input was missing or stale: the frozen fallback spoke. */
  fallback: 1,
  /** Nothing was issued for the interval. */
  missed: 2,
} as const;

/** Balance keys: one kind byte, then whose. */
export const balanceKey = {
  account: (name: string): string => '00' + idKey(name),
  escrow: (digest: string): string => '01' + digest,
  reserved: (digest: string): string => '02' + digest,
  rounding: (): string => '03',
  /** Contra account of all money created at genesis: the negative of everything else. */
  issuance: (): string => '04',
  /** What an owner owes after a reversal larger than their balance; never positive. */
  receivable: (name: string): string => '05' + idKey(name),
  /** What an escrow owes after late payments it could not cover; never positive. */
  owed: (digest: string): string => '06' + digest,
} as const;
