/**
 * A small chain for tests: a real store in a temporary directory, the embedded engine, a clock that the test
 * moves, and a market of two owners. One deployment is approved, funded and running on `bess-1`; `bess-2`
 * belongs to it but was never offered; one deployment lacks approvals; one expires after the first interval.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { encodeDocument } from '../../src/base/cbor.ts';
import { cidDigest, cidOf } from '../../src/base/cid.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { secretFromSeed, signerOf, type Signer } from '../../src/base/signature.ts';
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import { vectorDigests } from '../../src/contracts/policy/vectors.ts';
import type { MeterValues, Reading } from '../../src/contracts/metering/reading.ts';
import { createSnapshot, setChannel, CHANNELS } from '../../src/grid/snapshot.ts';
import { SEMANTICS } from '../../src/ledger/deployment.ts';
import { EmbeddedEngine, type ProducedBlock } from '../../src/ledger/engines/embedded.ts';
import { encodeGenesis, type IntervalParameters } from '../../src/ledger/genesis.ts';
import { openStore } from '../../src/ledger/store/kv.ts';
import { accountTable, meterTable } from '../../src/ledger/tables.ts';
import { enrolmentBytes, signBatch, signTx, type TxBody, type TxKind } from '../../src/ledger/transaction.ts';
import { tinyParts } from '../contracts/policy/samples.ts';

export const CHAIN = 'test-chain';
/** 2026-01-01T00:00:00Z, the start of an interval. */
export const START_MS = 1767225600000;
export const PARAMETERS: IntervalParameters = { dMs: 300000, gMs: 30000, lMs: 30000, aMs: 300000, sMs: 2000 };
export const FIRST_INTERVAL = START_MS / PARAMETERS.dMs;
export const OPERATORS = ['operator-1', 'operator-2', 'operator-3'] as const;
const ACCOUNTS = [...OPERATORS, 'buyer', 'engineer', 'owner-1', 'owner-2'];
const BUYER_MICRO = 1000000000;
export const ESCROW_MICRO = 100000000;
const INTERVALS = 24;

/** What someone wants done; the chain fills in chain id and nonce. */
export type Draft = readonly [from: string, kind: TxKind, body: TxBody];

export interface Enrolment {
  readonly asset: string;
  readonly owner: string;
  readonly device: Signer;
}

export class TestChain {
  readonly engine: EmbeddedEngine;
  readonly clock: ManualClock;
  readonly genesis: Uint8Array;
  readonly directory: string;
  /** CIDs. */
  policy = '';
  deployment = '';
  unapproved = '';
  expiring = '';

  private constructor(engine: EmbeddedEngine, clock: ManualClock, genesis: Uint8Array, directory: string) {
    this.engine = engine;
    this.clock = clock;
    this.genesis = genesis;
    this.directory = directory;
  }

  /** Genesis only; `setUp` makes the market. */
  static async bare(parameters = PARAMETERS): Promise<TestChain> {
    const directory = mkdtempSync(join(tmpdir(), 'gridpact-chain-'));
    const clock = new ManualClock(START_MS - 60000);
    const genesis = testGenesis(parameters);
    const store = await openStore(directory);
    const engine = await EmbeddedEngine.open({ store, genesis, signer: signer('node'), clock });
    return new TestChain(engine, clock, genesis, directory);
  }

  static async open(): Promise<TestChain> {
    const chain = await TestChain.bare();
    await chain.setUp();
    return chain;
  }

  async close(): Promise<void> {
    await this.engine.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  get stateRoot(): string {
    return toHex(this.engine.app.state.root());
  }

  /** Signed with the account's next nonce, unless told otherwise. */
  tx([from, kind, body]: Draft, over: { nonce?: number; chain?: string; signer?: Signer } = {}): Uint8Array {
    const nonce = over.nonce ?? accountTable.get(this.engine.app.state, from)?.nonce ?? 0;
    return signTx({ chain: over.chain ?? CHAIN, from, nonce, kind, body }, over.signer ?? signer(from));
  }

  /** Readings of a device, with the next counters. */
  batch(asset: string, readings: readonly Reading[], over: { firstCounter?: number; signer?: Signer } = {}) {
    const { context, counter } = meterTable.get(this.engine.app.state, asset) ?? { context: 0, counter: 0 };
    const batch = { device: asset, context: Math.max(1, context), firstCounter: counter + 1, readings };
    return signBatch({ ...batch, ...pick(over) }, CHAIN, over.signer ?? deviceSigner(asset));
  }

  /** One block of exactly these, at `timeMs`. @throws Error when one is refused. */
  async block(timeMs: number, txs: readonly (Draft | Uint8Array)[] = []): Promise<ProducedBlock> {
    this.clock.set(timeMs);
    const offsets = new Map<string, number>();
    const signed = txs.map((item) => (item instanceof Uint8Array ? item : this.#numbered(item, offsets)));
    const block = await this.engine.produce({ timeMs, txs: signed });
    const refused = block.results.find(({ code }) => code !== 0);
    if (refused !== undefined) throw new Error(`refused: ${refused.detail}`);
    return block;
  }

  #numbered(draft: Draft, offsets: Map<string, number>): Uint8Array {
    const offset = offsets.get(draft[0]) ?? 0;
    offsets.set(draft[0], offset + 1);
    const committed = accountTable.get(this.engine.app.state, draft[0])?.nonce ?? 0;
    return this.tx(draft, { nonce: committed + offset });
  }

  /** Four blocks, ten seconds apart, the last half a minute before the first interval. */
  async setUp(): Promise<void> {
    const artifact = buildPolicy(tinyParts()).bytes;
    this.policy = cidOf(artifact);
    const enrolments = [enrolment('bess-1', 'owner-1'), enrolment('bess-2', 'owner-2'), enrolment('bess-3', 'owner-2')];
    await this.block(START_MS - 59000, [...enrolments, registration(artifact)]);
    const documents = [
      deploymentDocument(this.policy, 0),
      deploymentDocument(this.policy, 1),
      deploymentDocument(this.policy, 2, START_MS + PARAMETERS.dMs),
    ];
    const [running, unapproved, expiring] = documents.map((bytes) => cidOf(bytes));
    this.deployment = running!;
    this.unapproved = unapproved!;
    this.expiring = expiring!;
    await this.block(
      START_MS - 49000,
      documents.map((document): Draft => ['engineer', 'deployment.propose', { document }]),
    );
    await this.block(
      START_MS - 45000,
      [this.deployment, this.expiring].flatMap((deployment) =>
        OPERATORS.slice(0, 2).map((name): Draft => [name, 'deployment.approve', { deployment }]),
      ),
    );
    await this.block(START_MS - 40000, [
      ['owner-1', 'offer.make', offerBody('bess-1', this.deployment)],
      ['buyer', 'escrow.fund', { deployment: this.deployment, micro: ESCROW_MICRO }],
    ]);
  }

  /**
   * Live `intervals` intervals from the first: dispatch at the end of the lead, meters one second after the
   * end, close when the gate falls. Returns the block that closed the last one.
   */
  async live(intervals: number): Promise<ProducedBlock> {
    const { dMs, gMs } = PARAMETERS;
    let last: ProducedBlock | undefined;
    for (let i = 0; i < intervals; i++) {
      const startMs = START_MS + i * dMs;
      await this.dispatch(i);
      await this.block(startMs + 1000);
      await this.dispatch(i + 1);
      await this.block(startMs + dMs + 1000, [this.batch('bess-1', [meter(FIRST_INTERVAL + i)])]);
      last = await this.block(startMs + dMs + gMs);
    }
    return last!;
  }

  /** Observations and the block that dispatches interval `i` of the chain, unless that is done. */
  async dispatch(i: number): Promise<void> {
    const timeMs = START_MS + i * PARAMETERS.dMs - 10000;
    if ((this.engine.app.lastHeader?.timeMs ?? 0) >= timeMs) return;
    await this.block(timeMs, [this.batch('bess-1', [observation(timeMs - 500)])]);
  }
}

export function signer(name: string): Signer {
  return signerOf(secretFromSeed('test', `account/${name}`));
}

export function deviceSigner(asset: string): Signer {
  return signerOf(secretFromSeed('test', `device/${asset}`));
}

function testGenesis(parameters: IntervalParameters): Uint8Array {
  return encodeGenesis({
    chain: CHAIN,
    initialTimeMs: START_MS - 60000,
    parameters,
    services: [{ service: 'energy-dispatch', version: 1, fromMs: 0 }],
    operators: OPERATORS,
    accounts: ACCOUNTS.map((name) => ({
      name,
      key: signer(name).publicKey,
      micro: name === 'buyer' ? BUYER_MICRO : 0,
    })),
  });
}

export function enrolment(asset: string, owner: string): Draft {
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
  };
  const deviceSignature = deviceSigner(asset).sign(enrolmentBytes(CHAIN, owner, body));
  return [owner, 'asset.register', { ...body, deviceSignature }];
}

/** Of an artifact that loads. */
export function registration(artifact: Uint8Array): Draft {
  const { vec4096, vec65536 } = vectorDigests(buildPolicy(tinyParts()));
  return ['engineer', 'policy.register', { artifact, vec4096: fromHex(vec4096), vec65536: fromHex(vec65536) }];
}

/** `serial` only makes documents differ: it is the price of charging. */
export function deploymentDocument(policyCid: string, serial: number, notAfter?: number): Uint8Array {
  const price = { from: 0, discharge: 60000000, charge: 15000000 + serial, penalty: 30000000, tolerance: 50000 };
  return encodeDocument({
    policyCid,
    semantics: SEMANTICS,
    propertyCids: [],
    certificateCids: [],
    service: 'energy-dispatch',
    assets: ['bess-1', 'bess-2'],
    caps: { output: 20000 },
    notBefore: START_MS,
    notAfter: notAfter ?? START_MS + INTERVALS * PARAMETERS.dMs,
    k: 2,
    operators: OPERATORS,
    terms: { buyer: 'buyer', prices: [price] },
  });
}

export function offerBody(asset: string, deployment: string): TxBody {
  return {
    asset,
    deployment,
    pMaxW: 20000,
    qMaxVar: 0,
    socFloorMicro: 100000,
    socCeilingMicro: 900000,
    minPrice: 0,
    validFromMs: START_MS,
    validToMs: START_MS + INTERVALS * PARAMETERS.dMs,
  };
}

/** 100 mHz low, half full: the droop of the tiny policy asks for 10 kW. */
export function observation(tMs: number): Reading {
  const snapshot = createSnapshot();
  setChannel(snapshot, 'f.grid', 49900);
  setChannel(snapshot, 'soc', 500000);
  const values = [CHANNELS.soc.id, CHANNELS['f.grid'].id].map((id) => snapshot.values[id]!);
  return { kind: 'observation', tMs, present: snapshot.present, values };
}

/** 10 kW for five minutes. */
export function meterValues(interval: number): MeterValues {
  return { interval, pW: 10000, qVar: 0, vMicroPu: 1000000, eStorageMilliWh: 833333, quality: 0 };
}

export function meter(interval: number, over: Partial<MeterValues> = {}): Reading {
  return { kind: 'meter', ...meterValues(interval), ...over };
}

export function digestHex(cid: string): string {
  return toHex(cidDigest(cid));
}

function pick({ firstCounter }: { firstCounter?: number }): { firstCounter?: number } {
  return firstCounter === undefined ? {} : { firstCounter };
}
