/**
 * A simulated device: it signs what its meter shows, and follows a setpoint only after checking the node's
 * signature on the header, the proof of the setpoint in the state root, and that the interval is a new one.
 * Without a setpoint it follows the fallback it holds.
 */
import { equalBytes } from '../base/bytes.ts';
import { RandomStream } from '../base/random.ts';
import { uniform } from '../base/realMath.ts';
import type { Signer } from '../base/signature.ts';
import type { MeterValues, Reading } from '../contracts/metering/reading.ts';
import { CHANNELS, CHANNEL_NAMES, quantise, type Snapshot } from '../grid/snapshot.ts';
import { verifyHeader, type SignedHeader } from '../ledger/header.ts';
import { setpointTable, type SetpointRow } from '../ledger/tables.ts';
import { signBatch } from '../ledger/transaction.ts';
import { verifyStateProof } from '../ledger/proof.ts';
import type { TrieProof } from '../ledger/trie.ts';

export interface DeviceOptions {
  readonly asset: string;
  readonly chain: string;
  readonly signer: Signer;
  /** Key of the node whose headers this device believes. */
  readonly nodeKey: Uint8Array;
  readonly seed: string;
  readonly missingRate: number;
}

/** A setpoint as the ledger hands it out: state row, proof, signed header. */
export interface ProvedSetpoint {
  readonly key: string;
  readonly value: Uint8Array;
  readonly proof: TrieProof;
  readonly header: SignedHeader;
}

export class Device {
  readonly asset: string;
  readonly #options: DeviceOptions;
  /** Per deployment: the last interval taken. */
  readonly #lastInterval = new Map<string, number>();

  constructor(options: DeviceOptions) {
    this.asset = options.asset;
    this.#options = options;
  }

  /** Batch of interval step `i`: the meter reading of the interval just ended, then what is seen now. */
  batch(i: number, tMs: number, seen: Snapshot, meter: MeterValues | undefined): Uint8Array | undefined {
    const readings: Reading[] = [];
    if (meter !== undefined) readings.push({ kind: 'meter', ...meter });
    if (!this.#loses(i)) readings.push(observation(tMs, seen));
    if (readings.length === 0) return undefined;
    // Two counters a step, whether or not both readings exist: a lost one shows as a gap.
    const batch = { device: this.asset, context: 1, firstCounter: 2 * i + 1, readings };
    return signBatch(batch, this.#options.chain, this.#options.signer);
  }

  /** A function of (seed, asset, step), so that a resumed run loses the same readings. */
  #loses(i: number): boolean {
    const { missingRate, seed } = this.#options;
    if (missingRate <= 0) return false;
    return uniform(RandomStream.fromSeed(`${seed}/${this.asset}/${i}`, 'twin/lost-reading')) < missingRate;
  }

  /** The setpoint's values when it is genuine, for this device, and newer than the last; else undefined. */
  accept(deployment: string, { key, value, proof, header }: ProvedSetpoint): readonly number[] | undefined {
    const { nodeKey, chain, asset } = this.#options;
    const genuine =
      equalBytes(header.signer, nodeKey) &&
      header.chain === chain &&
      verifyHeader(header) &&
      verifyStateProof(header, key, value, proof);
    if (!genuine) return undefined;
    const row: SetpointRow = setpointTable.decode(value);
    const isMine = row.asset === asset && key === setpointTable.key(row.interval, deployment, asset);
    if (!isMine || row.interval <= (this.#lastInterval.get(deployment) ?? -1)) return undefined;
    this.#lastInterval.set(deployment, row.interval);
    return row.values;
  }
}

/** Measured channels only; what the ledger derives itself is not the meter's to say. */
function observation(tMs: number, { present, values }: Snapshot): Reading {
  let mask = 0;
  const sent: number[] = [];
  for (const name of CHANNEL_NAMES) {
    const { id, source } = CHANNELS[name];
    if (source !== 'measured' || (present & (1 << id)) === 0) continue;
    mask |= 1 << id;
    sent.push(values[id]!);
  }
  return { kind: 'observation', tMs, present: mask, values: sent };
}

/** Means and totals of one interval, made integers once, at the meter. */
export function meterReading(
  interval: number,
  dMs: number,
  state: { readonly pW: number; readonly qVar: number; readonly vPu: number; readonly pBatteryW: number },
): MeterValues {
  return {
    interval,
    pW: quantise(state.pW, 'w'),
    qVar: quantise(state.qVar, 'var'),
    vMicroPu: quantise(state.vPu, 'v.pu.e-6'),
    // W * ms / 3600 = mWh
    eStorageMilliWh: Math.floor((state.pBatteryW * dMs) / 3600 + 0.5),
    quality: 0,
  };
}
