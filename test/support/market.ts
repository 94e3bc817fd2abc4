/**
 * A market in memory for tests of execution: one deployment, as many assets as wanted, every chain parameter
 * free. Blocks run through finalizeBlock and commit as any engine would, and after each one the balances must
 * sum to zero.
 */
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { encodeDocument } from '../../src/base/cbor.ts';
import { cidDigest, cidOf } from '../../src/base/cid.ts';
import { secretFromSeed, signerOf, type Signer } from '../../src/base/signature.ts';
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import type { PolicyParts } from '../../src/contracts/policy/artifact.ts';
import { vectorDigests } from '../../src/contracts/policy/vectors.ts';
import type { MeterValues, Reading } from '../../src/contracts/metering/reading.ts';
import { CHANNELS, CHANNEL_NAMES, type Channel } from '../../src/grid/snapshot.ts';
import type { Service } from '../../src/grid/service.ts';
import { LedgerApplication } from '../../src/ledger/application.ts';
import { SEMANTICS } from '../../src/ledger/deployment.ts';
import type { Block, FinalizeBlockResponse } from '../../src/ledger/engines/port.ts';
import { encodeGenesis, type Genesis, type IntervalParameters } from '../../src/ledger/genesis.ts';
import { balances, deploymentView, type DeploymentView } from '../../src/ledger/query.ts';
import type { Receipt } from '../../src/ledger/receipt.ts';
import {
  accountTable,
  balanceKey,
  balanceTable,
  meterTable,
  receiptTable,
  setpointTable,
  type SetpointRow,
} from '../../src/ledger/tables.ts';
import { enrolmentBytes, signBatch, signTx, type TxBody, type TxKind } from '../../src/ledger/transaction.ts';

export const CHAIN = 'market';
export const D = 300000;
/** 2026-01-01T00:00:00Z. Intervals of tests count from here. */
export const START_MS = 1767225600000;
export const FIRST = START_MS / D;
export const OPERATORS = ['operator-1', 'operator-2', 'operator-3'] as const;
export const BUYER_MICRO = 1000000000000;

export type Draft = readonly [from: string, kind: TxKind, body: TxBody];
export interface DeviceDraft {
  readonly device: string;
  readonly readings: readonly Reading[];
  readonly context?: number;
  readonly firstCounter?: number;
}
export type Item = Draft | DeviceDraft | Uint8Array;

export interface MarketOptions {
  readonly parameters?: Partial<IntervalParameters>;
  readonly service?: Service;
  readonly assets?: number;
  /** Owner of asset i (0-based); default its own. */
  readonly ownerOf?: (i: number) => string;
  readonly policy?: PolicyParts;
  readonly terms?: TxBody;
  readonly document?: TxBody;
  readonly offer?: TxBody;
  readonly rating?: TxBody;
  readonly escrowMicro?: number;
  /** Assets not offered in the set-up. */
  readonly unoffered?: readonly string[];
  readonly services?: Genesis['services'];
}

/** What the constant policies ask for: by network, by fallback with all inputs missing. */
export const NETWORK_OUTPUT = 10000;
export const FALLBACK_OUTPUT = 2000;

/** One input that must be measured, one output that is constant. */
export function constantPolicy(service: Service, network = NETWORK_OUTPUT, fallback = FALLBACK_OUTPUT): PolicyParts {
  const unit = service === 'energy-dispatch' ? ('w' as const) : ('ratio.e-6' as const);
  const limit = 1000000;
  return {
    interface: {
      inputs: [{ n: 'soc', u: 'ratio.e-6', lo: 0, hi: 1000000, c: 500000, m: 67, t: 10 }],
      outputs: [{ n: 'set', u: unit, m: 1, t: 0, c: network, lo: -limit, hi: limit }],
      envelopes: [],
      fallback: [{ si: 0, r: [0], y: [fallback], z: fallback }],
      state: [],
    },
    layers: [
      {
        inSize: 1,
        outSize: 1,
        shift: 0,
        weights: new Int16Array(1),
        bias: new Int32Array(1),
        activation: 'identity',
        exponent: 0,
      },
    ],
    head: { kind: 'cont' },
  };
}

const ENERGY_PRICE = { from: 0, discharge: 60000000, charge: 15000000, penalty: 30000000, tolerance: 50000 };
const VOLTAGE_PRICE = { from: 0, utilisation: 4500000, deviation: 20000000 };
/** Nothing of its own: what is dispatched is all there is. */
const FLAT_CURVE = { v: [1000000], share: [0] };

function defaultTerms(service: Service, assets: number): TxBody {
  if (service === 'energy-dispatch') return { buyer: 'buyer', prices: [ENERGY_PRICE] };
  const sens = Array.from({ length: assets }, (_, i) =>
    Array.from({ length: assets }, (__, j) => (i === j ? 20000 : 5000)),
  );
  return { buyer: 'buyer', prices: [VOLTAGE_PRICE], vRef: 1000000, dvCap: 60000, pool: 0, curve: FLAT_CURVE, sens };
}

const knownVectors = new Map<string, { readonly vec4096: Uint8Array; readonly vec65536: Uint8Array }>();

/** Body of `policy.register`; vectors are computed once per artifact. */
export function registrationBody(parts: PolicyParts): TxBody {
  const policy = buildPolicy(parts);
  let vectors = knownVectors.get(policy.cid);
  if (vectors === undefined) {
    const { vec4096, vec65536 } = vectorDigests(policy);
    vectors = { vec4096: fromHex(vec4096), vec65536: fromHex(vec65536) };
    knownVectors.set(policy.cid, vectors);
  }
  return { artifact: policy.bytes, ...vectors };
}

const signers = new Map<string, Signer>();

/** Parsing a secret costs ten signatures, so each is parsed once. */
function signerFor(purpose: string): Signer {
  const known = signers.get(purpose);
  if (known !== undefined) return known;
  const made = signerOf(secretFromSeed('market', purpose));
  signers.set(purpose, made);
  return made;
}

export function signer(name: string): Signer {
  return signerFor(`account/${name}`);
}

export function deviceSigner(asset: string): Signer {
  return signerFor(`device/${asset}`);
}

export interface BlockOutcome extends FinalizeBlockResponse {
  readonly receipts: readonly Receipt[];
  readonly block: Block;
}

export class Market {
  readonly options: MarketOptions;
  readonly parameters: IntervalParameters;
  readonly service: Service;
  readonly assets: readonly string[];
  readonly owners: readonly string[];
  readonly genesis: Uint8Array;
  readonly document: Uint8Array;
  readonly deployment: string;
  readonly digest: string;
  readonly blocks: Block[] = [];
  app: LedgerApplication;

  private constructor(options: MarketOptions) {
    this.options = options;
    this.parameters = { dMs: D, gMs: 0, lMs: 0, aMs: D, sMs: 1000, ...options.parameters };
    this.service = options.service ?? 'energy-dispatch';
    const count = options.assets ?? 1;
    this.assets = Array.from({ length: count }, (_, i) => `bess-${i + 1}`);
    this.owners = this.assets.map((_, i) => options.ownerOf?.(i) ?? `owner-${i + 1}`);
    this.genesis = encodeGenesis(this.#genesisDocument());
    this.document = encodeDocument(this.deploymentBody());
    this.deployment = cidOf(this.document);
    this.digest = toHex(cidDigest(this.deployment));
    this.app = new LedgerApplication({ store: undefined, clock: undefined });
    this.app.initChain({ genesis: this.genesis });
  }

  /** Genesis alone. */
  static bare(options: MarketOptions = {}): Market {
    return new Market(options);
  }

  /** Enrolled, proposed, approved, offered, funded; the next block may dispatch interval 0. */
  static async open(options: MarketOptions = {}): Promise<Market> {
    const market = new Market(options);
    const lead = market.parameters.lMs;
    await market.block(START_MS - lead - 50000, [
      ...market.assets.map((asset, i) => market.enrolment(asset, market.owners[i]!)),
      ['engineer', 'policy.register', registrationBody(market.policy)],
    ]);
    await market.block(START_MS - lead - 40000, [['engineer', 'deployment.propose', { document: market.document }]]);
    await market.block(
      START_MS - lead - 30000,
      OPERATORS.slice(0, 2).map((name): Draft => [name, 'deployment.approve', market.body()]),
    );
    const offered = market.assets.filter((asset) => !(options.unoffered ?? []).includes(asset));
    const micro = options.escrowMicro ?? 1000000000;
    await market.block(START_MS - lead - 20000, [
      ...offered.map((asset) => market.offer(asset)),
      ...(micro === 0 ? [] : [['buyer', 'escrow.fund', { ...market.body(), micro }] as const]),
    ]);
    return market;
  }

  get policy(): PolicyParts {
    return this.options.policy ?? constantPolicy(this.service);
  }

  get stateRoot(): string {
    return toHex(this.app.state.root());
  }

  /** Start of interval k of the test plus an offset. */
  at(k: number, offsetMs = 0): number {
    return START_MS + k * this.parameters.dMs + offsetMs;
  }

  /** Number of the chain of interval k of the test. */
  interval(k: number): number {
    return START_MS / this.parameters.dMs + k;
  }

  /** One block; every transaction must be accepted. */
  async block(timeMs: number, items: readonly Item[] = []): Promise<BlockOutcome> {
    const outcome = await this.attempt(timeMs, items);
    const refused = outcome.txResults.find(({ code }) => code !== 0);
    if (refused !== undefined) throw new Error(`refused: ${refused.detail}`);
    return outcome;
  }

  /** One block, whatever its results. */
  async attempt(timeMs: number, items: readonly Item[] = []): Promise<BlockOutcome> {
    const txs = this.signAll(items);
    const block = { height: this.app.info().lastBlockHeight + 1, timeMs, txs };
    const response = this.app.finalizeBlock(block);
    await this.app.commit();
    this.blocks.push(block);
    const { sumMicro } = balances(this.app);
    if (sumMicro !== 0) throw new Error(`balances sum to ${sumMicro} after block ${block.height}`);
    return { ...response, receipts: response.events.receipts, block };
  }

  signAll(items: readonly Item[]): Uint8Array[] {
    const offsets = new Map<string, number>();
    return items.map((item) => this.#sign(item, offsets));
  }

  #sign(item: Item, offsets: Map<string, number>): Uint8Array {
    if (item instanceof Uint8Array) return item;
    const key = 'device' in item ? `/${item.device}` : item[0];
    const offset = offsets.get(key) ?? 0;
    if ('device' in item) {
      offsets.set(key, offset + item.readings.length);
      return this.batch(item, offset);
    }
    offsets.set(key, offset + 1);
    const nonce = (accountTable.get(this.app.state, item[0])?.nonce ?? 0) + offset;
    return signTx({ chain: CHAIN, from: item[0], nonce, kind: item[1], body: item[2] }, signer(item[0]));
  }

  batch({ device, readings, context, firstCounter }: DeviceDraft, offset = 0): Uint8Array {
    const last = meterTable.get(this.app.state, device) ?? { context: 0, counter: 0 };
    const counter = firstCounter ?? last.counter + 1 + offset;
    const batch = { device, context: context ?? last.context, firstCounter: counter, readings };
    return signBatch(batch, CHAIN, deviceSigner(device));
  }

  /** With the deployment's CID, and whatever else. */
  body(more: TxBody = {}): TxBody {
    return { deployment: this.deployment, ...more };
  }

  enrolment(asset: string, owner: string): Draft {
    const body = {
      asset,
      bus: 18,
      sMaxVa: 25000,
      pvPeakW: 0,
      pMaxW: 20000,
      eMaxWh: 40000,
      etaChargeMicro: 950000,
      etaDischargeMicro: 950000,
      socMinMicro: 100000,
      socMaxMicro: 900000,
      deviceKey: deviceSigner(asset).publicKey,
      ...this.options.rating,
    };
    const deviceSignature = deviceSigner(asset).sign(enrolmentBytes(CHAIN, owner, body));
    return [owner, 'asset.register', { ...body, deviceSignature }];
  }

  deploymentBody(over: TxBody = {}): TxBody {
    return {
      policyCid: buildPolicy(this.policy).cid,
      semantics: SEMANTICS,
      propertyCids: [],
      certificateCids: [],
      service: this.service,
      assets: this.assets,
      caps: { output: 800000 },
      notBefore: START_MS,
      notAfter: this.at(1000),
      k: 2,
      operators: OPERATORS,
      terms: { ...defaultTerms(this.service, this.assets.length), ...this.options.terms },
      ...this.options.document,
      ...over,
    };
  }

  offer(asset: string, over: TxBody = {}): Draft {
    const body = {
      asset,
      deployment: this.deployment,
      pMaxW: 20000,
      qMaxVar: 25000,
      socFloorMicro: 100000,
      socCeilingMicro: 900000,
      minPrice: 0,
      validFromMs: START_MS,
      validToMs: this.at(1000),
      ...this.options.offer,
      ...over,
    };
    return [this.owners[this.assets.indexOf(asset)] ?? 'owner-1', 'offer.make', body];
  }

  seen(asset: string, tMs: number, channels: Partial<Record<Channel, number>> = { soc: 500000 }): DeviceDraft {
    return { device: asset, readings: [observation(tMs, channels)] };
  }

  metered(asset: string, k: number, over: Partial<MeterValues> = {}): DeviceDraft {
    return { device: asset, readings: [meter(this.interval(k), over)] };
  }

  /** A device's own correction. */
  corrected(asset: string, k: number, revision: number, over: Partial<MeterValues> = {}): DeviceDraft {
    const { kind: _, ...values } = meter(this.interval(k), over) as Reading & { kind: 'meter' };
    return { device: asset, readings: [{ kind: 'correction', ...values, revision }] };
  }

  /** A chain operator's correction. */
  ruled(asset: string, k: number, revision: number, over: Partial<MeterValues> = {}, operator = OPERATORS[0]): Draft {
    const { kind: _, ...values } = meter(this.interval(k), over) as Reading & { kind: 'meter' };
    return [operator as string, 'reading.correct', { asset, ...values, revision }];
  }

  setpoint(k: number, asset = 'bess-1'): SetpointRow | undefined {
    return setpointTable.get(this.app.state, this.interval(k), this.digest, asset);
  }

  receipt(k: number, asset = 'bess-1'): Receipt | undefined {
    return receiptTable.get(this.app.state, this.digest, asset, this.interval(k));
  }

  view(): DeploymentView {
    return deploymentView(this.app, this.digest);
  }

  micro(key: string): number {
    return balanceTable.get(this.app.state, key)?.micro ?? 0;
  }

  account(name: string): number {
    return this.micro(balanceKey.account(name));
  }

  receivable(name: string): number {
    return this.micro(balanceKey.receivable(name));
  }

  get escrow(): number {
    return this.micro(balanceKey.escrow(this.digest));
  }

  get reserved(): number {
    return this.micro(balanceKey.reserved(this.digest));
  }

  get owed(): number {
    return this.micro(balanceKey.owed(this.digest));
  }

  get rounding(): number {
    return this.micro(balanceKey.rounding());
  }

  #genesisDocument(): Genesis {
    const names = [...OPERATORS, 'buyer', 'engineer', ...new Set(this.owners)];
    return {
      chain: CHAIN,
      initialTimeMs: START_MS - this.parameters.lMs - 60000,
      parameters: this.parameters,
      services: this.options.services ?? [
        { service: 'voltage-support', version: 1, fromMs: 0 },
        { service: 'energy-dispatch', version: 1, fromMs: 0 },
      ],
      operators: OPERATORS,
      accounts: names.map((name) => ({
        name,
        key: signer(name).publicKey,
        micro: name === 'buyer' ? BUYER_MICRO : 0,
      })),
    };
  }
}

export function observation(tMs: number, channels: Partial<Record<Channel, number>>): Reading {
  let present = 0;
  const values: number[] = [];
  for (const name of CHANNEL_NAMES) {
    const value = channels[name];
    if (value === undefined) continue;
    present |= 1 << CHANNELS[name].id;
    values.push(value);
  }
  return { kind: 'observation', tMs, present, values };
}

/** 10 kW for five minutes. */
export function meter(interval: number, over: Partial<MeterValues> = {}): Reading {
  const values = { interval, pW: 10000, qVar: 0, vMicroPu: 1000000, eStorageMilliWh: 833333, quality: 0 };
  return { kind: 'meter', ...values, ...over };
}
