/**
 * One simulated market from first block to last payment, as `demo` and `simulate` show it: the twin on an
 * embedded ledger, the same series without control and under the standard droop, and one payment proof checked.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noControl, oneStep1547 } from '../agents/baselines/controllers.ts';
import { schedulePolicy } from '../agents/freeze/schedule.ts';
import { equalBytes, toHex, utf8 } from '../base/bytes.ts';
import { cidOf } from '../base/cid.ts';
import { ManualClock } from '../base/clock.ts';
import { fail, isGridPactError } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import { secretFromSeed } from '../base/signature.ts';
import { loadArtifact } from '../contracts/policy/codec.ts';
import { serviceContract, serviceOfCode } from '../contracts/services/registry.ts';
import { IEEE33 } from '../env/cases/ieee33.ts';
import {
  DEFAULT_BATTERY_PLAN,
  DEFAULT_INITIAL_SOC_MICRO,
  DEFAULT_VOLT_VAR,
  ieee33Sites,
} from '../env/cases/ieee33Sites.ts';
import type { FeederSeries } from '../env/series/series.ts';
import { EmbeddedEngine, type ProducedBlock } from '../ledger/engines/embedded.ts';
import { decodeGenesis, encodeGenesis } from '../ledger/genesis.ts';
import { SIGNED_HEADER } from '../ledger/header.ts';
import { accountView, balances } from '../ledger/query.ts';
import { allReceipts, receiptProof, type LocatedReceipt } from '../ledger/reader.ts';
import { RECEIPT, RECEIPT_FLAG } from '../ledger/receipt.ts';
import { openStore, type KeyValueStore } from '../ledger/store/kv.ts';
import { runTwin, type TwinHooks } from '../twin/run.ts';
import { DEFAULT_PRICES, nodeSigner, owners, twinGenesis, type TwinScenario } from '../twin/scenario.ts';
import { createKey } from './keyFile.ts';
import { NODE_KEY } from './dataDirectory.ts';
import { hexLine, verifyPayment } from './paymentProof.ts';
import { runBaseline, summarise, type VoltageOutcome, type VoltageTrace } from './voltageRun.ts';

export interface SimulationOptions {
  /** Artifact that dispatches volt-var offsets. */
  readonly policyBytes: Uint8Array;
  /** Artifact that dispatches battery power; default: the plan the batteries would follow on their own. */
  readonly energyBytes?: Uint8Array;
  readonly series: FeederSeries;
  /** Of the inverters: PV peak = 2.5 x scale x nominal load. Default 0.5. */
  readonly scale?: number;
  /** Where the ledger lives, and continues when it is there already; default: nowhere once the run is over. */
  readonly directory?: string;
  /** Of keys and lost readings. */
  readonly seed: string;
  /** Share of observations that never reach the ledger. */
  readonly missingRate: number;
  readonly onSetup?: (title: string, block: ProducedBlock) => void;
  readonly onInterval?: (step: number, steps: number, block: ProducedBlock) => void;
  /** Stop after this block, as if interrupted. */
  readonly untilHeight?: number;
}

export interface Payment {
  readonly owner: string;
  /** Payments less penalties, from the ledger's balances. */
  readonly amountMicro: number;
}

/** One receipt of the ledger, proved to a reader who holds the block header alone. */
export interface PaymentCheck {
  readonly verified: boolean;
  readonly height: number;
  readonly index: number;
  readonly owner: string;
  readonly asset: string;
  readonly service: string;
  readonly amountMicro: number;
  readonly proofBytes: number;
}

export interface SimulationResult {
  readonly chain: string;
  readonly policyCid: string;
  readonly energyCid: string;
  readonly voltage: { readonly none: VoltageOutcome; readonly droop: VoltageOutcome; readonly policy: VoltageOutcome };
  readonly trace: { readonly none: VoltageTrace; readonly policy: VoltageTrace };
  /** Lived by the grid. */
  readonly intervals: number;
  readonly startMs: number;
  readonly stepMs: number;
  readonly payments: readonly Payment[];
  readonly ledgerSum: number;
  readonly stateRoot: string;
  readonly height: number;
  readonly receipts: number;
  /** Receipts of intervals in which the fallback acted. */
  readonly fallbacks: number;
  /** Undefined before the first receipt. */
  readonly proof: PaymentCheck | undefined;
  /** Of the policy's run. */
  readonly divergedSteps: number;
}

/** The batteries' plan of the 33-bus sites as an artifact of its own, its state-of-charge limits as envelopes. */
export function batteryPlanPolicy(): Uint8Array {
  const { pMaxW, socMinMicro, socMaxMicro } = ieee33Sites()[0]!.battery;
  const { secondOfDay, shareMicro } = DEFAULT_BATTERY_PLAN;
  const schedule = {
    knotsS: secondOfDay,
    pW: shareMicro.map((share) => Math.floor((share * pMaxW) / 1e6)),
    pMaxW,
    socFloorMicro: socMinMicro,
    socCeilingMicro: socMaxMicro,
  };
  return schedulePolicy(schedule).bytes;
}

/**
 * @throws `cli.file` when the policy is not one for voltage, or the directory holds another simulation; `cbor.*` and
 * `policy.*` when it is no policy; `genesis.malformed`, `store.*`.
 */
export async function runSimulation(options: SimulationOptions): Promise<SimulationResult> {
  const scenario = scenarioOf(options);
  assertVoltagePolicy(scenario.voltagePolicy);
  // Before a store is made for it: a series from the first minute of 1970 has no genesis.
  const genesis = encodeGenesis(twinGenesis(scenario));
  decodeGenesis(genesis);
  if (options.directory !== undefined) return simulateIn(options.directory, scenario, genesis, options);
  const directory = await mkdtemp(join(tmpdir(), 'gridpact-'));
  try {
    return await simulateIn(directory, scenario, genesis, options);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function simulateIn(
  directory: string,
  scenario: TwinScenario,
  genesis: Uint8Array,
  options: SimulationOptions,
): Promise<SimulationResult> {
  const store = await openStore(directory);
  try {
    const engine = await openEngine(directory, store, genesis, scenario);
    if (options.directory !== undefined) await keepNodeKey(directory, scenario.seed);
    return await simulate(engine, scenario, hooksOf(options));
  } finally {
    await store.close();
  }
}

async function openEngine(
  directory: string,
  store: KeyValueStore,
  genesis: Uint8Array,
  scenario: TwinScenario,
): Promise<EmbeddedEngine> {
  try {
    return await EmbeddedEngine.open({ store, genesis, signer: nodeSigner(scenario), clock: new ManualClock(0) });
  } catch (cause) {
    if (!isGridPactError(cause, 'genesis.mismatch')) throw cause;
    const expected = 'a --data directory that is new, or of this run: same policy, days, seed and options';
    throw fail('cli.file', { expected, got: `${directory}, the ledger of another run`, cause });
  }
}

async function simulate(engine: EmbeddedEngine, scenario: TwinScenario, hooks: TwinHooks): Promise<SimulationResult> {
  const { series, network, voltagePolicy, energyPolicy, chain } = scenario;
  const { records } = await runTwin(engine, scenario, hooks);
  const policy = summarise(records, network.buses.length - 1, series.stepMs);
  const none = runBaseline(scenario, noControl(), records);
  const droop = runBaseline(scenario, oneStep1547(), records);
  const receipts = await countReceipts(engine);
  return {
    chain,
    policyCid: cidOf(voltagePolicy),
    energyCid: cidOf(energyPolicy),
    voltage: { none: none.outcome, droop: droop.outcome, policy: policy.outcome },
    trace: { none: none.trace, policy: policy.trace },
    intervals: records.length,
    startMs: series.startMs,
    stepMs: series.stepMs,
    payments: owners(scenario).map((owner) => paymentTo(engine, owner)),
    ledgerSum: balances(engine.app).sumMicro,
    stateRoot: toHex(engine.app.state.root()),
    height: engine.height,
    receipts: receipts.count,
    fallbacks: receipts.fallbacks,
    proof: receipts.shown === undefined ? undefined : await checkPayment(engine, scenario, receipts.shown),
    divergedSteps: policy.outcome.divergedSteps,
  };
}

function hooksOf({ onSetup, onInterval, untilHeight }: SimulationOptions): TwinHooks {
  return {
    ...(onSetup === undefined ? {} : { onSetup }),
    ...(onInterval === undefined ? {} : { onInterval }),
    ...(untilHeight === undefined ? {} : { untilHeight }),
  };
}

function scenarioOf(options: SimulationOptions): TwinScenario {
  const { policyBytes, energyBytes = batteryPlanPolicy(), series, scale = 0.5, seed, missingRate } = options;
  const sites = ieee33Sites(scale);
  return {
    chain: chainOf([
      policyBytes,
      energyBytes,
      JSON.stringify({ series: { ...series, loadPW: 0, loadQVar: 0, pvW: 0 }, sites, seed, missingRate }),
      series.loadPW,
      series.loadQVar,
      series.pvW,
    ]),
    seed,
    network: IEEE33,
    sites,
    series,
    curve: DEFAULT_VOLT_VAR,
    initialSocMicro: DEFAULT_INITIAL_SOC_MICRO,
    voltagePolicy: policyBytes,
    energyPolicy: energyBytes,
    missingRate,
    prices: DEFAULT_PRICES,
  };
}

/** Named after all that the run is a function of: a store of another run has another genesis, and says so. */
function chainOf(parts: readonly (string | Uint8Array | Float64Array)[]): string {
  const digests = parts.map((part) => {
    if (typeof part === 'string') return toHex(sha256(utf8(part)));
    return toHex(sha256(new Uint8Array(part.buffer, part.byteOffset, part.byteLength)));
  });
  return `twin-${toHex(sha256(utf8(digests.join()))).slice(0, 20)}`;
}

/** Before the ledger is written: there it would be the simulation's own transaction that fails. */
function assertVoltagePolicy(bytes: Uint8Array): void {
  const { outputs } = loadArtifact(bytes).interface;
  const { outputUnit } = serviceContract('voltage-support', 1);
  if (outputs.length === 1 && outputs[0]!.u === outputUnit) return;
  throw fail('cli.file', {
    expected: `a voltage policy: one output in ${outputUnit}`,
    got: outputs.map(({ n, u }) => `${n} in ${u}`).join(', '),
  });
}

/** What `proof make` signs headers with. A simulation's key is a function of its seed, so it protects nothing. */
async function keepNodeKey(directory: string, seed: string): Promise<void> {
  try {
    await createKey(directory, NODE_KEY, secretFromSeed(seed, 'node'));
  } catch (error) {
    if (!isGridPactError(error, 'keys.exists')) throw error;
  }
}

/** Net of what is still owed: a penalty that an owner could not pay yet stands as a negative receivable. */
function paymentTo({ app }: EmbeddedEngine, owner: string): Payment {
  const { balanceMicro, receivableMicro } = accountView(app.state, owner);
  return { owner, amountMicro: balanceMicro + receivableMicro };
}

async function countReceipts({ store }: EmbeddedEngine) {
  let [count, fallbacks] = [0, 0];
  let shown: LocatedReceipt | undefined;
  for await (const located of allReceipts(store)) {
    const { flags, payMicro } = located.receipt;
    count++;
    if ((flags & RECEIPT_FLAG.fallback) !== 0) fallbacks++;
    // The last one that paid something; until one does, the last one.
    if (payMicro > 0 || (shown?.receipt.payMicro ?? 0) === 0) shown = located;
  }
  return { count, fallbacks, shown };
}

/** Through the same two files and the same check as `proof make` and `proof verify`. */
async function checkPayment(
  engine: EmbeddedEngine,
  scenario: TwinScenario,
  { height, index, receipt }: LocatedReceipt,
): Promise<PaymentCheck> {
  const { proof } = await receiptProof(engine.store, height, index);
  const header = SIGNED_HEADER.encode(await engine.header(height));
  const verified = verifyPayment(hexLine(proof), hexLine(header), nodeSigner(scenario).publicKey);
  return {
    verified: equalBytes(RECEIPT.encode(verified.receipt), RECEIPT.encode(receipt)),
    height,
    index,
    owner: receipt.owner,
    asset: receipt.asset,
    service: serviceOfCode(receipt.service),
    amountMicro: receipt.payMicro,
    proofBytes: proof.length,
  };
}
