/**
 * The closed loop: physics -> signed readings -> block -> proved setpoints -> physics, one block an interval.
 * A run continues where the store stopped: the physics is a function of the series and of the setpoints the
 * ledger committed, so the twin keeps no state of its own.
 */
import { toHex } from '../base/bytes.ts';
import { cidDigest } from '../base/cid.ts';
import { fail } from '../base/errors.ts';
import { createExecutor, type PolicyExecutor } from '../contracts/policy/execute.ts';
import { loadArtifact } from '../contracts/policy/codec.ts';
import { createSetpoints, Feeder, type FeederSetpoints } from '../env/physics/feeder.ts';
import { intervalAt, intervalStartMs } from '../grid/interval.ts';
import { createSnapshot, clearSnapshot } from '../grid/snapshot.ts';
import { MAX_SHARE_MICRO } from '../grid/voltVar.ts';
import type { EmbeddedEngine, ProducedBlock } from '../ledger/engines/embedded.ts';
import { allReceipts } from '../ledger/reader.ts';
import { setpointTable } from '../ledger/tables.ts';
import type { SignedHeader } from '../ledger/header.ts';
import { Device, meterReading } from './device.ts';
import { deviceSigner, nodeSigner, type TwinScenario } from './scenario.ts';
import { twinSetup, type TwinSetup } from './setup.ts';

/** What physics came to in one interval. */
export interface IntervalRecord {
  readonly step: number;
  readonly minVPu: number;
  readonly maxVPu: number;
  readonly outOfBandBuses: number;
  readonly lossW: number;
  readonly converged: boolean;
  /** Battery power each site was told, W, export positive. */
  readonly batterySetpointW: readonly number[];
}

export interface TwinRun {
  readonly setup: TwinSetup;
  readonly records: readonly IntervalRecord[];
  readonly lastHeader: SignedHeader;
}

export interface TwinHooks {
  readonly onSetup?: (title: string, block: ProducedBlock) => void;
  readonly onInterval?: (step: number, steps: number, block: ProducedBlock) => void;
  /** Stop after this block height, as if the operator had pressed Ctrl-C. */
  readonly untilHeight?: number;
}

/** @throws `twin.refused` when a block refuses one of the twin's own transactions. */
export async function runTwin(engine: EmbeddedEngine, scenario: TwinScenario, hooks: TwinHooks = {}): Promise<TwinRun> {
  const setup = twinSetup(scenario);
  const until = hooks.untilHeight ?? Infinity;
  for (const { title, timeMs, txs } of setup.blocks.slice(engine.height)) {
    if (engine.height >= until) break;
    const block = await produce(engine, timeMs, txs);
    hooks.onSetup?.(title, block);
  }
  const loop = new Loop(engine, scenario, setup);
  await loop.run(hooks, until);
  return { setup, records: loop.records, lastHeader: await engine.header(engine.height) };
}

async function produce(engine: EmbeddedEngine, timeMs: number, txs: readonly Uint8Array[]): Promise<ProducedBlock> {
  const block = await engine.produce({ timeMs, txs });
  const refused = block.results.find((result) => result.code !== 0);
  if (refused !== undefined)
    throw fail('twin.refused', { expected: 'every transaction accepted', got: refused.detail });
  return block;
}

class Loop {
  readonly records: IntervalRecord[] = [];
  readonly #engine: EmbeddedEngine;
  readonly #scenario: TwinScenario;
  readonly #setup: TwinSetup;
  readonly #feeder: Feeder;
  readonly #setpoints: FeederSetpoints;
  readonly #devices: readonly Device[];
  readonly #firstInterval: number;
  readonly #voltageDigest: string;
  readonly #energyDigest: string;
  readonly #held: { readonly offsetMicro: number; readonly pW: number };

  constructor(engine: EmbeddedEngine, scenario: TwinScenario, setup: TwinSetup) {
    const { network, sites, series, curve, initialSocMicro } = scenario;
    this.#engine = engine;
    this.#scenario = scenario;
    this.#setup = setup;
    this.#feeder = new Feeder({ network, sites, series, curve, initialSocMicro });
    this.#setpoints = createSetpoints(sites.length, MAX_SHARE_MICRO);
    this.#devices = sites.map((site) => makeDevice(scenario, site.id));
    this.#firstInterval = intervalAt(series.startMs, series.stepMs);
    this.#voltageDigest = toHex(cidDigest(setup.voltageDeployment));
    this.#energyDigest = toHex(cidDigest(setup.energyDeployment));
    this.#held = {
      offsetMicro: blindFallback(createExecutor(loadArtifact(scenario.voltagePolicy))),
      pW: blindFallback(createExecutor(loadArtifact(scenario.energyPolicy))),
    };
  }

  async run({ onInterval }: TwinHooks, until: number): Promise<void> {
    const { steps, stepMs } = this.#scenario.series;
    const done = this.#engine.height - this.#setup.blocks.length;
    // Before the first interval nothing was dispatched: the meters show interval 0 under no setpoint.
    this.#feeder.preview(0, this.#setpoints);
    if (done > 0) await this.#catchUp(done);
    // Block i is at the start of interval i and closes interval i-1; block `steps` only closes the last one.
    for (let i = Math.max(0, done); i <= steps && this.#engine.height < until; i++) {
      const tMs = intervalStartMs(this.#firstInterval + i, stepMs);
      const block = await produce(this.#engine, tMs, this.#readings(i, tMs));
      if (i < steps) this.#live(i, block.header);
      onInterval?.(i, steps, block);
    }
  }

  #readings(i: number, tMs: number): readonly Uint8Array[] {
    const { stepMs } = this.#scenario.series;
    const snapshot = createSnapshot();
    const batches: Uint8Array[] = [];
    this.#devices.forEach((device, s) => {
      clearSnapshot(snapshot);
      this.#feeder.measure(s, snapshot);
      const { pW, qVar, pBatteryW } = this.#feeder;
      const state = { pW: pW[s]!, qVar: qVar[s]!, vPu: this.#feeder.siteVPu(s), pBatteryW: pBatteryW[s]! };
      const meter = i === 0 ? undefined : meterReading(this.#firstInterval + i - 1, stepMs, state);
      const batch = device.batch(i, tMs, snapshot, meter);
      if (batch !== undefined) batches.push(batch);
    });
    return batches;
  }

  /** Devices fetch, verify and follow; then the grid lives the interval. */
  #live(i: number, header: SignedHeader): void {
    this.#devices.forEach((device, s) => {
      const voltage = this.#fetch(device, this.#voltageDigest, i, header);
      const energy = this.#fetch(device, this.#energyDigest, i, header);
      this.#apply(s, voltage, energy);
    });
    this.#advance(i);
  }

  #fetch(device: Device, digest: string, i: number, header: SignedHeader): readonly number[] | undefined {
    const key = setpointTable.key(this.#firstInterval + i, digest, device.asset);
    const value = this.#engine.app.state.get(key);
    if (value === undefined) return undefined;
    return device.accept(digest, { key, value, proof: this.#engine.app.state.prove(key), header });
  }

  #apply(s: number, voltage: readonly number[] | undefined, energy: readonly number[] | undefined): void {
    const { offsetMicro, limitMicro, pBatteryW } = this.#setpoints;
    offsetMicro[s] = voltage?.[0] ?? this.#held.offsetMicro;
    limitMicro[s] = voltage?.[1] ?? MAX_SHARE_MICRO;
    pBatteryW[s] = energy?.[0] ?? this.#held.pW;
  }

  #advance(i: number): void {
    const converged = this.#feeder.advance(i, this.#setpoints);
    const { minVPu, maxVPu, outOfBandBuses, lossW } = this.#feeder;
    const batterySetpointW = Array.from(this.#setpoints.pBatteryW);
    this.records.push({ step: i, minVPu, maxVPu, outOfBandBuses, lossW, converged, batterySetpointW });
  }

  /** Relive committed intervals from the setpoints on record: receipts for closed ones, state for the open one. */
  async #catchUp(done: number): Promise<void> {
    const { steps } = this.#scenario.series;
    const issued = await this.#issuedSetpoints();
    for (let i = 0; i < Math.min(done, steps); i++) {
      this.#devices.forEach((device, s) => {
        this.#apply(
          s,
          this.#committed(issued, this.#voltageDigest, device.asset, i),
          this.#committed(issued, this.#energyDigest, device.asset, i),
        );
      });
      this.#advance(i);
    }
  }

  async #issuedSetpoints(): Promise<ReadonlyMap<string, readonly number[]>> {
    const issued = new Map<string, readonly number[]>();
    for await (const { receipt } of allReceipts(this.#engine.store)) {
      issued.set(setpointTable.key(receipt.interval, toHex(receipt.deployment), receipt.asset), receipt.setpoint);
    }
    return issued;
  }

  #committed(issued: ReadonlyMap<string, readonly number[]>, digest: string, asset: string, i: number) {
    const key = setpointTable.key(this.#firstInterval + i, digest, asset);
    const row = this.#engine.app.state.get(key);
    return issued.get(key) ?? (row === undefined ? undefined : setpointTable.decode(row).values);
  }
}

function makeDevice(scenario: TwinScenario, asset: string): Device {
  const { chain, seed, missingRate } = scenario;
  const nodeKey = nodeSigner(scenario).publicKey;
  return new Device({ asset, chain, seed, missingRate, nodeKey, signer: deviceSigner(scenario, asset) });
}

/** What a device does when the ledger is silent: the frozen fallback with every input missing. */
function blindFallback(executor: PolicyExecutor): number {
  const { inputs, outputs } = executor.policy.interface;
  const out = new Int32Array(outputs.length);
  executor.runFallback(new Int32Array(inputs.length), -1, out);
  return out[0]!;
}
