/** Classical Runge-Kutta of order 4 on rotors and fleets; inputs, set points and limits are held over the step. */
import type { Fleet } from './fleet.ts';
import { responseAt } from './responseCurve.ts';
import type { RotorSystem } from './rotorSystem.ts';

/** What is held over a step, by fleet, pu. */
export interface FleetOrders {
  readonly setpointPu: Float64Array;
  readonly gain: Float64Array;
  readonly lowPu: Float64Array;
  readonly highPu: Float64Array;
}

export class Rk4 {
  readonly #system: RotorSystem;
  readonly #fleets: readonly Fleet[];
  readonly #n: number;
  /** States, then fleet powers: where a stage stands, its slope, and the sum of slopes. */
  readonly #stage: Float64Array;
  readonly #slope: Float64Array;
  readonly #sum: Float64Array;

  constructor(system: RotorSystem, fleets: readonly Fleet[]) {
    this.#system = system;
    this.#fleets = fleets;
    this.#n = system.linear.states;
    const width = this.#n + fleets.length;
    this.#stage = new Float64Array(width);
    this.#slope = new Float64Array(width);
    this.#sum = new Float64Array(width);
  }

  /** States `x` and fleet powers `p` moved on by `h` seconds, in place. `u`: inputs without the fleets. */
  step(h: number, x: Float64Array, p: Float64Array, u: Float64Array, orders: FleetOrders): void {
    this.#sum.fill(0);
    this.#slope.fill(0);
    this.#runStage(0, 1, x, p, u, orders);
    this.#runStage(h / 2, 2, x, p, u, orders);
    this.#runStage(h / 2, 2, x, p, u, orders);
    this.#runStage(h, 1, x, p, u, orders);
    for (let i = 0; i < x.length; i++) x[i]! += (h / 6) * this.#sum[i]!;
    for (let b = 0; b < p.length; b++) p[b]! += (h / 6) * this.#sum[this.#n + b]!;
  }

  #runStage(
    reach: number,
    weight: number,
    x: Float64Array,
    p: Float64Array,
    u: Float64Array,
    orders: FleetOrders,
  ): void {
    const stage = this.#stage;
    for (let i = 0; i < this.#n; i++) stage[i] = x[i]! + reach * this.#slope[i]!;
    for (let b = 0; b < p.length; b++) stage[this.#n + b] = p[b]! + reach * this.#slope[this.#n + b]!;
    this.#linearSlope(u);
    for (let b = 0; b < p.length; b++) this.#fleetSlope(b, orders);
    for (let i = 0; i < stage.length; i++) this.#sum[i]! += weight * this.#slope[i]!;
  }

  #linearSlope(u: Float64Array): void {
    const { states, inputs, a, b } = this.#system.linear;
    for (let i = 0; i < states; i++) {
      let sum = 0;
      for (let j = 0; j < states; j++) sum += a[i * states + j]! * this.#stage[j]!;
      for (let j = 0; j < inputs; j++) sum += b[i * inputs + j]! * u[j]!;
      for (let f = 0; f < this.#fleets.length; f++) {
        sum += b[i * inputs + this.#fleets[f]!.port]! * this.#stage[states + f]!;
      }
      this.#slope[i] = sum;
    }
  }

  #fleetSlope(b: number, { setpointPu, gain, lowPu, highPu }: FleetOrders): void {
    const { port, curve, lagS, rampPuPerS } = this.#fleets[b]!;
    const { shares } = this.#system.parameters.ports[port]!;
    let seen = 0;
    for (let i = 0; i < shares.length; i++) seen += shares[i]! * this.#stage[i]!;
    const wanted = gain[b]! * responseAt(curve, seen) + setpointPu[b]!;
    const asked = Math.max(lowPu[b]!, Math.min(highPu[b]!, wanted));
    const rate = (asked - this.#stage[this.#n + b]!) / lagS;
    this.#slope[this.#n + b] = Math.max(-rampPuPerS, Math.min(rampPuPerS, rate));
  }
}
