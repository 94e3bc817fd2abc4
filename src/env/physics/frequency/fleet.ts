/**
 * A fleet of battery inverters behind a port, per unit on the base of the port, export positive.
 *
 *   r     = clamp(gain x curve(dw) + setpoint, low, high)          what is asked of it
 *   dp/dt = clamp((r - p) / T, -ramp, +ramp)                       what it does
 *   dE/dt = -p / eta_d  (p > 0),   -p eta_c  (p < 0)               what its batteries hold, pu s
 *   high  = min(pMax, (E - E_min) eta_d / taper),   low = -min(pMax, (E_max - E) / (eta_c taper))
 *
 * The last line is the battery's derating near its limits: the power falls in proportion to the energy left, so the
 * energy runs into its limit and never past it.
 */
import { fail } from '../../../base/errors.ts';
import type { BatteryModel } from '../battery.ts';
import type { ResponseCurve } from './responseCurve.ts';

export interface FleetStore {
  /** pu s on the base of the port. */
  readonly eMinPuS: number;
  readonly eMaxPuS: number;
  readonly etaCharge: number;
  readonly etaDischarge: number;
}

export interface Fleet {
  readonly port: number;
  /** Response lag, s, > 0; a step of more than twice this rings. */
  readonly lagS: number;
  readonly curve: ResponseCurve;
  readonly pMaxPu: number;
  /** Infinity: none. */
  readonly rampPuPerS: number;
  /** Left out: never empty, never full. */
  readonly store?: FleetStore | undefined;
}

const SECONDS_PER_HOUR = 3600;

/** The store of a battery on a base of `baseMva`. */
export function fleetStore(battery: BatteryModel, baseMva: number): FleetStore {
  const perWh = SECONDS_PER_HOUR / (baseMva * 1e6);
  return {
    eMinPuS: battery.eMinWh * perWh,
    eMaxPuS: battery.eMaxWh * perWh,
    etaCharge: battery.etaCharge,
    etaDischarge: battery.etaDischarge,
  };
}

/**
 * Time over which the power tapers to 0. Over four lags the lagging power cannot overshoot the limit it follows,
 * and over pMax / ramp the ramp can follow it; twice both, and at least a second.
 */
export function taperS(fleet: Fleet): number {
  return Math.max(1, 8 * fleet.lagS, (2 * fleet.pMaxPu) / fleet.rampPuPerS);
}

/** @throws `env.frequency`. */
export function checkFleet(fleet: Fleet, ports: number): void {
  const { port, lagS, pMaxPu, rampPuPerS, store } = fleet;
  const placed = Number.isInteger(port) && port >= 0 && port < ports;
  const moves = lagS > 0 && lagS < Infinity && pMaxPu >= 0 && pMaxPu < Infinity && rampPuPerS > 0;
  if (!placed || !moves || (store !== undefined && !isStore(store))) {
    throw fail('env.frequency', { expected: 'a fleet at a port: lagS > 0, pMaxPu >= 0, rampPuPerS > 0', got: fleet });
  }
}

function isStore({ eMinPuS, eMaxPuS, etaCharge, etaDischarge }: FleetStore): boolean {
  const isShare = (eta: number): boolean => eta > 0 && eta <= 1;
  return eMinPuS >= 0 && eMaxPuS >= eMinPuS && eMaxPuS < Infinity && isShare(etaCharge) && isShare(etaDischarge);
}
