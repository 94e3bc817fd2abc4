/**
 * The same snapshots by two ways to the same policy: by the environment, from physics; by the ledger, from signed
 * reading bytes in committed blocks. The world is made wild (twice the scale the interface was laid out for, loads
 * and PV multiplied at random), so that inputs reach their clamps, and readings are lost.
 */
import { toHex } from '../../src/base/bytes.ts';
import { cidDigest } from '../../src/base/cid.ts';
import { RandomStream } from '../../src/base/random.ts';
import { uniform } from '../../src/base/realMath.ts';
import { buildPolicy, loadArtifact } from '../../src/contracts/policy/codec.ts';
import { createExecutor, type PolicyExecutor } from '../../src/contracts/policy/execute.ts';
import type { DenseLayer } from '../../src/contracts/policy/artifact.ts';
import { DEFAULT_INITIAL_SOC_MICRO, DEFAULT_VOLT_VAR, ieee33Sites } from '../../src/env/cases/ieee33Sites.ts';
import { IEEE33 } from '../../src/env/cases/ieee33.ts';
import type { FeederSeries } from '../../src/env/series/series.ts';
import { VOLTAGE_INTERFACE } from '../../src/env/tasks/voltageInterface.ts';
import { ieee33Day, voltageIeee33, type VoltageCopy } from '../../src/env/tasks/voltageIeee33.ts';
import { createSnapshot, clearSnapshot } from '../../src/grid/snapshot.ts';
import { LedgerApplication } from '../../src/ledger/application.ts';
import { encodeGenesis } from '../../src/ledger/genesis.ts';
import { setpointTable } from '../../src/ledger/tables.ts';
import { Device, meterReading } from '../../src/twin/device.ts';
import { DEFAULT_PRICES, deviceSigner, nodeSigner, twinGenesis, type TwinScenario } from '../../src/twin/scenario.ts';
import { twinSetup } from '../../src/twin/setup.ts';
import { tinyScenario } from '../support/tinyTwin.ts';

const SCALE = 1;
const MISSING_RATE = 0.08;
const INPUTS = VOLTAGE_INTERFACE.inputs.length;

export interface SameIntegersReport {
  readonly snapshots: number;
  readonly different: number;
  /** Of all input values that were there: at or beyond a bound, and strictly beyond it. */
  readonly atClampShare: number;
  readonly beyondClampShare: number;
  /** Of all snapshots. */
  readonly missingShare: number;
  /** Outputs within 1 % of the end of their range. */
  readonly saturatedShare: number;
  readonly firstDifference: string | undefined;
}

/** A network worth the name: 7 -> 12 (tanh) -> 1, weights from a stream. */
function wildPolicy(): Uint8Array {
  const stream = RandomStream.fromSeed(1, 'test/sameIntegers');
  const weights = (n: number, most: number): Int16Array =>
    Int16Array.from({ length: n }, () => stream.below(2 * most + 1) - most);
  const hidden: DenseLayer = {
    inSize: INPUTS,
    outSize: 12,
    shift: 10,
    weights: weights(INPUTS * 12, 8000),
    bias: Int32Array.from(weights(12, 30000)),
    activation: 'tanh',
    exponent: 0,
  };
  const last: DenseLayer = {
    inSize: 12,
    outSize: 1,
    shift: 11,
    weights: weights(12, 5000),
    bias: Int32Array.of(0),
    activation: 'identity',
    exponent: 0,
  };
  return buildPolicy({ interface: VOLTAGE_INTERFACE, layers: [hidden, last], head: { kind: 'cont' } }).bytes;
}

/** `steps` intervals of synthetic days in which every bus and site is multiplied by its own random factor a step. */
function wildSeries(steps: number): FeederSeries {
  const days = Array.from({ length: Math.ceil(steps / 288) }, (_, d) => ieee33Day(3 + d, { scale: SCALE }));
  const stream = RandomStream.fromSeed(2, 'test/sameIntegers');
  const joined = (pick: (day: FeederSeries) => Float64Array, most: number): Float64Array => {
    const width = pick(days[0]!).length / days[0]!.steps;
    const all = days.flatMap((day) => Array.from(pick(day))).slice(0, steps * width);
    return Float64Array.from(all, (x) => x * most * uniform(stream));
  };
  return {
    ...days[0]!,
    steps,
    loadPW: joined((day) => day.loadPW, 5),
    loadQVar: joined((day) => day.loadQVar, 5),
    pvW: joined((day) => day.pvW, 4),
  };
}

function wildScenario(steps: number): TwinScenario {
  return {
    ...tinyScenario(1),
    chain: 'wild',
    network: IEEE33,
    sites: ieee33Sites(SCALE),
    series: wildSeries(steps),
    curve: DEFAULT_VOLT_VAR,
    initialSocMicro: DEFAULT_INITIAL_SOC_MICRO,
    voltagePolicy: wildPolicy(),
    missingRate: 0,
    prices: DEFAULT_PRICES,
  };
}

class Tally {
  snapshots = 0;
  different = 0;
  inputs = 0;
  atClamp = 0;
  beyondClamp = 0;
  missing = 0;
  saturated = 0;
  firstDifference: string | undefined;

  input(raw: number, lo: number, hi: number): void {
    this.inputs++;
    if (raw <= lo || raw >= hi) this.atClamp++;
    if (raw < lo || raw > hi) this.beyondClamp++;
  }

  compare(where: string, values: readonly (number | undefined)[]): void {
    this.snapshots++;
    if (Math.abs(values[0]!) > 0.99 * VOLTAGE_INTERFACE.outputs[0]!.hi) this.saturated++;
    if (values.every((value) => value === values[0])) return;
    this.different++;
    this.firstDifference ??= `${where}: executor, environment, ledger say ${values.join(', ')}`;
  }
}

/** The ledger with the scenario's market on it. */
async function ledgerOf(scenario: TwinScenario, txsOf: readonly { timeMs: number; txs: readonly Uint8Array[] }[]) {
  const app = new LedgerApplication({ store: undefined, clock: undefined });
  app.initChain({ genesis: encodeGenesis(twinGenesis(scenario)) });
  for (const { timeMs, txs } of txsOf) await commit(app, timeMs, txs);
  return app;
}

async function commit(app: LedgerApplication, timeMs: number, txs: readonly Uint8Array[]): Promise<void> {
  const { txResults } = app.finalizeBlock({ height: app.info().lastBlockHeight + 1, timeMs, txs });
  const refused = txResults.find(({ code }) => code !== 0);
  if (refused !== undefined) throw new Error(refused.detail);
  await app.commit();
}

/** What a learner would have to say for the environment to issue exactly this network output. */
function actionFor(executor: PolicyExecutor, raw: Int32Array, out: Int32Array): number {
  const x = new Int32Array(raw.length);
  executor.normalise(raw, x);
  executor.inferNetwork(x, out);
  // offset = floor((25000 y + 512) / 1024) has one y.
  return Math.round((out[0]! * 1024) / 25000) / 32768;
}

export async function runSameIntegers(snapshots: number): Promise<SameIntegersReport> {
  const siteCount = ieee33Sites(SCALE).length;
  const steps = Math.ceil(snapshots / siteCount);
  const scenario = wildScenario(steps);
  const { sites, series } = scenario;
  const setup = twinSetup(scenario);
  const app = await ledgerOf(scenario, setup.blocks);
  const digest = toHex(cidDigest(setup.voltageDeployment));
  const executor = createExecutor(loadArtifact(scenario.voltagePolicy));
  const copy = voltageIeee33.createCopy({ scale: SCALE, missingRate: MISSING_RATE, series: [series] }) as VoltageCopy;
  copy.seed(1);
  copy.reset();
  const devices = sites.map((site) => deviceFor(scenario, site.id));
  const actions = new Float32Array(siteCount);
  const rewards = new Float32Array(siteCount);
  const tally = new Tally();
  const out = new Int32Array(1);
  for (let i = 0; i < steps; i++) {
    const tMs = series.startMs + i * series.stepMs;
    await commit(app, tMs, signedReadings(copy, devices, i, tMs, series));
    const ofExecutor: number[] = [];
    for (let s = 0; s < siteCount; s++) {
      const raw = copy.raw.slice(s * INPUTS, (s + 1) * INPUTS);
      const missing = copy.missing[s]!;
      if (missing !== 0) tally.missing++;
      VOLTAGE_INTERFACE.inputs.forEach(({ lo, hi }, n) => {
        if ((missing & (1 << n)) === 0) tally.input(raw[n]!, lo, hi);
      });
      actions[s] = actionFor(executor, raw, out);
      executor.run(raw, missing, out);
      ofExecutor.push(out[0]!);
    }
    copy.step(actions, 0, rewards);
    for (let s = 0; s < siteCount; s++) {
      const row = setpointTable.get(app.state, tMs / series.stepMs, digest, sites[s]!.id);
      const where = `step ${i}, ${sites[s]!.id}`;
      tally.compare(where, [ofExecutor[s], copy.setpoints.offsetMicro[s], row?.values[0]]);
    }
  }
  return reportOf(tally);
}

function deviceFor(scenario: TwinScenario, asset: string): Device {
  const { chain, seed } = scenario;
  const nodeKey = nodeSigner(scenario).publicKey;
  return new Device({ asset, chain, seed, missingRate: 0, nodeKey, signer: deviceSigner(scenario, asset) });
}

/** A site whose reading the environment lost sends nothing. */
function signedReadings(
  copy: VoltageCopy,
  devices: readonly Device[],
  i: number,
  tMs: number,
  { stepMs }: FeederSeries,
): readonly Uint8Array[] {
  const { feeder } = copy;
  const snapshot = createSnapshot();
  const batches: Uint8Array[] = [];
  devices.forEach((device, s) => {
    if (copy.missing[s] !== 0) return;
    clearSnapshot(snapshot);
    feeder.measure(s, snapshot);
    const { pW, qVar, pBatteryW } = feeder;
    const state = { pW: pW[s]!, qVar: qVar[s]!, vPu: feeder.siteVPu(s), pBatteryW: pBatteryW[s]! };
    const meter = i === 0 ? undefined : meterReading(tMs / stepMs - 1, stepMs, state);
    const batch = device.batch(i, tMs, snapshot, meter);
    if (batch !== undefined) batches.push(batch);
  });
  return batches;
}

function reportOf(tally: Tally): SameIntegersReport {
  return {
    snapshots: tally.snapshots,
    different: tally.different,
    atClampShare: tally.atClamp / tally.inputs,
    beyondClampShare: tally.beyondClamp / tally.inputs,
    missingShare: tally.missing / tally.snapshots,
    saturatedShare: tally.saturated / tally.snapshots,
    firstDifference: tally.firstDifference,
  };
}
