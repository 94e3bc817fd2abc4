/** What a fleet's meters show its agent and how its agent's set points reach it, in the frequency tasks. */
import { CHANNEL_NAMES, CHANNELS, quantise, setChannel, type Channel, type Snapshot } from '../../grid/snapshot.ts';
import type { BatteryRating } from '../../grid/asset.ts';
import { batteryModel } from '../physics/battery.ts';
import { fleetStore, type Fleet } from '../physics/frequency/fleet.ts';
import {
  DELIVERY_CURVES,
  deliveryResponse,
  droopResponse,
  noResponse,
  type DeliveryProduct,
  type ResponseCurve,
} from '../physics/frequency/responseCurve.ts';
import type { FrequencyRun } from './frequencyRun.ts';

/** What the devices run live: a product's delivery curve, a droop (full at 0.2 Hz, deadband 15 mHz), or nothing. */
export type Response = DeliveryProduct | 'droop' | 'none';

const MICRO = 1000000;
const DROOP_FULL_HZ = 0.2;
const DROOP_DEADBAND_HZ = 0.015;
const SECONDS_PER_HOUR = 3600;

export const RESPONSES: readonly Response[] = [...(Object.keys(DELIVERY_CURVES) as DeliveryProduct[]), 'droop', 'none'];

/** In shares of the fleet's power over deviation in pu. */
export function responseCurve(response: Response, f0Hz: number): ResponseCurve {
  if (response === 'none') return noResponse();
  if (response !== 'droop') return deliveryResponse(DELIVERY_CURVES[response], f0Hz);
  return droopResponse((DROOP_FULL_HZ - DROOP_DEADBAND_HZ) / f0Hz, DROOP_DEADBAND_HZ / f0Hz);
}

/** Inverters of 0.1 s lag that go from nothing to full power in half a second at the fastest. */
export function batteryFleet(port: number, rating: BatteryRating, curve: ResponseCurve, baseMva: number): Fleet {
  const pMaxPu = rating.pMaxW / (baseMva * 1e6);
  const store = fleetStore(batteryModel(rating), baseMva);
  return { port, lagS: 0.1, curve, pMaxPu, rampPuPerS: 2 * pMaxPu, store };
}

/** Energy at a state of charge, pu s. */
export function storedAt(rating: BatteryRating, socMicro: number, baseMva: number): number {
  return (rating.eMaxWh * (socMicro / MICRO) * SECONDS_PER_HOUR) / (baseMva * 1e6);
}

/** Of the fleet's terminals, Wh. */
export interface FleetEnergy {
  readonly netWh: number;
  readonly importedWh: number;
  readonly exportedWh: number;
  readonly conversionLossWh: number;
}

export function socOf(run: FrequencyRun, fleet: number, rating: BatteryRating): number {
  return toWh(run, fleet, run.sim.storedPuS[fleet]!) / rating.eMaxWh;
}

function toWh(run: FrequencyRun, fleet: number, puS: number): number {
  return (puS * baseW(run, fleet)) / SECONDS_PER_HOUR;
}

/**
 * What a fleet has exchanged since it held `startPuS`, Wh: net at the terminals, both ways, and lost in conversion.
 *   E - E0 = eta_c in - out / eta_d,   net = out - in
 */
export function fleetEnergy(run: FrequencyRun, fleet: number, rating: BatteryRating, startPuS: number): FleetEnergy {
  const { etaCharge, etaDischarge } = batteryModel(rating);
  const netWh = toWh(run, fleet, run.sim.deliveredPuS(fleet));
  const gainWh = toWh(run, fleet, run.sim.storedPuS[fleet]! - startPuS);
  const importedWh = Math.max(0, (gainWh + netWh / etaDischarge) / (etaCharge - 1 / etaDischarge));
  return { netWh, importedWh, exportedWh: Math.max(0, netWh + importedWh), conversionLossWh: -netWh - gainWh };
}

/** W per pu of the port that a fleet stands at. */
function baseW(run: FrequencyRun, fleet: number): number {
  const { system, fleets } = run.sim;
  return system.parameters.ports[fleets[fleet]!.port]!.baseMva * 1e6;
}

/** f.dev, f.delta, p.own and soc as the meter shows them now. */
export function measureFleet(run: FrequencyRun, fleet: number, rating: BatteryRating, snapshot: Snapshot): void {
  put(snapshot, 'f.dev', run.deviationHz(fleet));
  put(snapshot, 'f.delta', run.deltaHz(fleet));
  put(snapshot, 'p.own', run.sim.powerPu[fleet]! * baseW(run, fleet));
  put(snapshot, 'soc', socOf(run, fleet, rating));
}

/** A reading in SI units. */
export function put(snapshot: Snapshot, channel: Channel, value: number): void {
  setChannel(snapshot, channel, quantise(value, CHANNELS[channel].unit));
}

/** Set point and gain of the curve, both as shares of the fleet's power, 1e-6. */
export function orderFleet(run: FrequencyRun, fleet: number, shareMicro: number, gainMicro: number): void {
  const { pMaxPu } = run.sim.fleets[fleet]!;
  run.sim.setpointPu[fleet] = (pMaxPu * shareMicro) / MICRO;
  run.sim.gain[fleet] = (pMaxPu * gainMicro) / MICRO;
}

/**
 * Snapshots as their reader gets them: with a delay of 1 those of the decision before. Lost readings are the
 * caller's to leave out.
 */
export class DelayedSnapshots {
  readonly #delay: 0 | 1;
  readonly #held: readonly { readonly values: Int32Array; present: number }[];

  constructor(delay: 0 | 1, count = 1) {
    const channels = CHANNEL_NAMES.length;
    this.#delay = delay;
    this.#held = Array.from({ length: count }, () => ({ values: new Int32Array(channels), present: 0 }));
  }

  reset(): void {
    for (const held of this.#held) held.present = 0;
  }

  /** Swap what was just measured for what was measured before; the first time there is nothing before. */
  pass(k: number, snapshot: Snapshot): void {
    if (this.#delay === 0) return;
    const held = this.#held[k]!;
    const isFirst = held.present === 0;
    for (let c = 0; c < snapshot.values.length; c++) {
      const now = snapshot.values[c]!;
      if (!isFirst) snapshot.values[c] = held.values[c]!;
      held.values[c] = now;
    }
    const present = snapshot.present;
    if (!isFirst) snapshot.present = held.present;
    held.present = present;
  }

  getState(): readonly number[] {
    return this.#held.flatMap(({ values, present }) => [present, ...values]);
  }

  setState(state: readonly number[]): void {
    let at = 0;
    for (const held of this.#held) {
      held.present = state[at]!;
      held.values.set(state.slice(at + 1, at + 1 + held.values.length));
      at += held.values.length + 1;
    }
  }
}
