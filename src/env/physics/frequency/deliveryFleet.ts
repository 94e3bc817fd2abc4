/**
 * A fleet that delivers a contracted response on a grid too large to feel it, in steps of 50 ms: the deviation is given.
 *
 *   r  = clamp(gain x contract x curve(f 0.25 s ago) + set point, low, high)
 *   p' = p + clamp((r - p) (1 - exp(-h / T)), -ramp h, +ramp h)            T = 0.1 s, 0 to full in 0.5 s
 *   E' = E - h (p + p') / 2 / eta_d   (discharging),   - h (p + p') / 2 eta_c   (charging)
 *   high = min(pMax, (E - E_min) eta_d / 1 s),   low = -min(pMax, (E_max - E) / (eta_c 1 s))
 *
 * The quarter of a second is what a compliant device waits: what answers within 0.2 s delivers too early.
 */
import { expReal } from '../../../base/realMath.ts';
import type { BatteryModel } from '../battery.ts';
import { METER_S } from './deliveryError.ts';
import { responseAt, type ResponseCurve } from './responseCurve.ts';

const DELAY_SAMPLES = 5;
/** Of the change over half a second. */
const DELTA_SAMPLES = 10;
const LAG_S = 0.1;
const FULL_IN_S = 0.5;
const TAPER_S = 1;
const SECONDS_PER_HOUR = 3600;

export class DeliveryFleet {
  readonly battery: BatteryModel;
  readonly contractW: number;
  setpointW = 0;
  gain = 1;
  powerW = 0;
  storedWh = 0;
  /** Since the reset, at the terminals. */
  exportedWh = 0;
  importedWh = 0;
  /** Of samples 0.5 s back to now, a ring. */
  readonly #f = new Float64Array(DELTA_SAMPLES + 1);
  #count = 0;
  readonly #curve: ResponseCurve;
  readonly #follow = 1 - expReal(-METER_S / LAG_S);

  /** `curveHz`: shares of contracted power over deviation in Hz. */
  constructor(battery: BatteryModel, contractW: number, curveHz: ResponseCurve) {
    this.battery = battery;
    this.contractW = contractW;
    this.#curve = curveHz;
  }

  reset(storedWh: number): void {
    this.storedWh = storedWh;
    this.setpointW = 0;
    this.gain = 1;
    this.powerW = 0;
    this.exportedWh = 0;
    this.importedWh = 0;
    this.#f.fill(0);
    this.#count = 0;
  }

  /** Deviation now and half a second ago, Hz. */
  get deviationHz(): number {
    return this.#ago(0);
  }

  get deltaHz(): number {
    return this.#ago(0) - this.#ago(DELTA_SAMPLES);
  }

  /** Deliverable from the store and takable into it, at the terminals. */
  get deliverableWh(): number {
    return (this.storedWh - this.battery.eMinWh) * this.battery.etaDischarge;
  }

  get takableWh(): number {
    return (this.battery.eMaxWh - this.storedWh) / this.battery.etaCharge;
  }

  /** 50 ms, at the end of which the deviation is `deviationHz`. */
  step(deviationHz: number): void {
    const { pMaxW, etaCharge, etaDischarge } = this.battery;
    this.#f[this.#count++ % (DELTA_SAMPLES + 1)] = deviationHz;
    const wanted = this.gain * this.contractW * responseAt(this.#curve, this.#ago(DELAY_SAMPLES)) + this.setpointW;
    const perW = SECONDS_PER_HOUR / TAPER_S;
    const high = Math.min(pMaxW, this.deliverableWh * perW);
    const low = -Math.min(pMaxW, this.takableWh * perW);
    const asked = wanted > high ? high : wanted < low ? low : wanted;
    const ramp = (pMaxW * METER_S) / FULL_IN_S;
    const change = (asked - this.powerW) * this.#follow;
    const next = this.powerW + (change > ramp ? ramp : change < -ramp ? -ramp : change);
    const energyWh = ((this.powerW + next) / 2) * (METER_S / SECONDS_PER_HOUR);
    if (energyWh > 0) {
      this.exportedWh += energyWh;
      this.storedWh -= energyWh / etaDischarge;
    } else {
      this.importedWh -= energyWh;
      this.storedWh -= energyWh * etaCharge;
    }
    this.powerW = next;
  }

  getState(): readonly number[] {
    const { setpointW, gain, powerW, storedWh, exportedWh, importedWh } = this;
    return [setpointW, gain, powerW, storedWh, exportedWh, importedWh, this.#count, ...this.#f];
  }

  setState(state: readonly number[]): void {
    const [setpointW, gain, powerW, storedWh, exportedWh, importedWh, count] = state;
    this.setpointW = setpointW!;
    this.gain = gain!;
    this.powerW = powerW!;
    this.storedWh = storedWh!;
    this.exportedWh = exportedWh!;
    this.importedWh = importedWh!;
    this.#count = count!;
    this.#f.set(state.slice(7));
  }

  /** 0 before the first sample. */
  #ago(samples: number): number {
    const at = this.#count - 1 - samples;
    return at < 0 ? 0 : this.#f[at % (DELTA_SAMPLES + 1)]!;
  }
}
