/**
 * Frequency inside a dispatch interval: one area in 20 ms steps, its demand in seconds, and the fleet of batteries
 * that answers with what it holds in reserve.
 *
 * The area is small (20 MVA) so that six feeder batteries matter to it. Its demand is the one that would, with governors
 * alone and at rest, make the synthetic frequency deviation df(t):
 *   demand(t) = -beta df(t) / f0,   beta = 1/R + D
 */
import { DELIVERY_CURVES, deliveryResponse, type DeliveryProduct } from '../physics/frequency/responseCurve.ts';
import { rotorSystem } from '../physics/frequency/rotorSystem.ts';
import { FrequencySimulator, type SimulatorState } from '../physics/frequency/simulator.ts';

const F0_HZ = 50;
const AREA_MVA = 20;
const DROOP_PU = 0.05;
const DAMPING_PU = 1;
const BETA_PU = 1 / DROOP_PU + DAMPING_PU;
const LAG_S = 0.2;
const DT_S = 0.02;
const STEPS_PER_SECOND = 50;
/** Deviation samples kept for the change over half a second: 25 steps of 20 ms. */
const HALF_SECOND_STEPS = 25;
const W_PER_AREA = AREA_MVA * 1e6;

const SYSTEM = rotorSystem({
  f0Hz: F0_HZ,
  rotors: [
    {
      baseMva: AREA_MVA,
      hS: 4,
      dPu: DAMPING_PU,
      governor: { rPu: DROOP_PU, tGovernorS: 0.2, tTurbineS: 0.5 },
    },
  ],
  ports: [{ baseMva: AREA_MVA, shares: [1] }],
});

export interface AreaState {
  readonly sim: SimulatorState;
  readonly lastHz: number;
  readonly deltaHz: number;
}

export class AreaResponse {
  /** At the end of the interval, Hz: the deviation, and its change over the last 0.5 s. */
  lastHz = 0;
  deltaHz = 0;
  /** Of the interval: mean of df^2, Hz^2, and the greatest |df|, Hz. */
  squareHz2 = 0;
  worstHz = 0;

  readonly #sim: FrequencySimulator;
  readonly #trace = new Float64Array(STEPS_PER_SECOND);

  /** `pMaxW`: power of all batteries together. */
  constructor(pMaxW: number, curve: DeliveryProduct = 'dynamicRegulation') {
    const fleet = {
      port: 0,
      lagS: LAG_S,
      curve: deliveryResponse(DELIVERY_CURVES[curve], F0_HZ),
      pMaxPu: pMaxW / W_PER_AREA,
      rampPuPerS: Infinity,
    };
    this.#sim = new FrequencySimulator(SYSTEM, [fleet], { dtS: DT_S });
  }

  reset(): void {
    this.#sim.reset();
    this.lastHz = 0;
    this.deltaHz = 0;
    this.squareHz2 = 0;
    this.worstHz = 0;
  }

  /**
   * Live one second per entry of `deviationHz` (from `at` on) with `reserveW` ready; mean response of each second, W
   * (export positive), to `responseW`.
   */
  advance(deviationHz: Float64Array, at: number, reserveW: number, responseW: Float64Array): void {
    const sim = this.#sim;
    const reservePu = reserveW / W_PER_AREA;
    sim.gain[0] = reservePu;
    // What still answers under the reserve of the interval before is cut to the new one: no battery gives more than it holds.
    sim.powerPu[0] = Math.min(Math.max(sim.powerPu[0]!, -reservePu), reservePu);
    let square = 0;
    this.worstHz = 0;
    for (let s = 0; s < responseW.length; s++) {
      const before = sim.deliveredPuS(0);
      sim.setDemand(0, (-BETA_PU * deviationHz[at + s]!) / F0_HZ);
      sim.advance(STEPS_PER_SECOND, this.#trace);
      // P = E / 1 s
      responseW[s] = (sim.deliveredPuS(0) - before) * W_PER_AREA;
      square += this.#collect();
    }
    this.squareHz2 = square / (responseW.length * STEPS_PER_SECOND);
    this.lastHz = this.#trace[STEPS_PER_SECOND - 1]! * F0_HZ;
    this.deltaHz = this.lastHz - this.#trace[STEPS_PER_SECOND - 1 - HALF_SECOND_STEPS]! * F0_HZ;
  }

  getState(): AreaState {
    return { sim: this.#sim.getState(), lastHz: this.lastHz, deltaHz: this.deltaHz };
  }

  setState({ sim, lastHz, deltaHz }: AreaState): void {
    this.#sim.setState(sim);
    this.lastHz = lastHz;
    this.deltaHz = deltaHz;
  }

  #collect(): number {
    const trace = this.#trace;
    let square = 0;
    for (let i = 0; i < trace.length; i++) {
      const hz = trace[i]! * F0_HZ;
      square += hz * hz;
      if (Math.abs(hz) > this.worstHz) this.worstHz = Math.abs(hz);
    }
    return square;
  }
}
