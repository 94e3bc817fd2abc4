/**
 * All fleets of a simulation as flat arrays, and what a step does to them: limits and ramps at its start, the implicit
 * equation of their powers at its end, their energy over it. See fleet.ts for the equations.
 */
import { taperS, type Fleet } from './fleet.ts';
import type { LoneFleet } from './loneFleet.ts';
import type { FleetOrders } from './rk4.ts';
import type { Port } from './rotorSystem.ts';

const MAX_SWEEPS = 200;
const SETTLED_PU = 1e-17;

export class FleetBank {
  readonly count: number;
  /** Asked for beside the response, and what the response is multiplied by (>= 0). */
  readonly setpointPu: Float64Array;
  readonly gain: Float64Array;
  /** Power and energy now, pu and pu s; power at the end of the step at hand; delivered since the reset, pu s. */
  readonly powerPu: Float64Array;
  readonly storedPuS: Float64Array;
  readonly nextPu: Float64Array;
  readonly deliveredPuS: Float64Array;
  /** Frequency deviation at the port, pu. */
  readonly seen: Float64Array;
  readonly port: Int32Array;
  /** Row-major fleets x rotors. */
  readonly watch: Float64Array;
  /** What may be asked of the fleets in the step at hand, beside what is. */
  readonly orders: FleetOrders;
  /** Piece of its curve that each fleet was last on, as an index into the flat tables. */
  readonly piece: Int32Array;

  readonly #rotors: number;
  readonly #perLag: Float64Array;
  readonly #ramp: Float64Array;
  readonly #pMax: Float64Array;
  readonly #curveAt: Int32Array;
  readonly #knots: Float64Array;
  readonly #intercepts: Float64Array;
  readonly #slopes: Float64Array;
  readonly #eMin: Float64Array;
  readonly #eMax: Float64Array;
  readonly #emptyGain: Float64Array;
  readonly #fullGain: Float64Array;
  readonly #perDischarged: Float64Array;
  readonly #perCharged: Float64Array;
  // Of the step at hand: p1 = clamp(base + steep x (intercept + slope dw), low, high).
  readonly #base: Float64Array;
  readonly #steep: Float64Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #askLow: Float64Array;
  readonly #askHigh: Float64Array;
  readonly #linearSeen: Float64Array;

  constructor(fleets: readonly Fleet[], ports: readonly Port[], rotors: number) {
    const zeros = (): Float64Array => new Float64Array(fleets.length);
    const each = (value: (fleet: Fleet) => number): Float64Array => Float64Array.from(fleets, value);
    this.count = fleets.length;
    this.#rotors = rotors;
    [this.setpointPu, this.gain, this.powerPu, this.nextPu, this.deliveredPuS] = [
      zeros(),
      zeros(),
      zeros(),
      zeros(),
      zeros(),
    ];
    [this.seen, this.#linearSeen, this.#base, this.#steep] = [zeros(), zeros(), zeros(), zeros()];
    [this.#low, this.#high, this.#askLow, this.#askHigh] = [zeros(), zeros(), zeros(), zeros()];
    this.gain.fill(1);
    this.orders = { setpointPu: this.setpointPu, gain: this.gain, lowPu: this.#askLow, highPu: this.#askHigh };
    this.port = Int32Array.from(fleets, ({ port }) => port);
    this.watch = Float64Array.from(fleets.flatMap(({ port }) => ports[port]!.shares));
    this.#perLag = each(({ lagS }) => 1 / lagS);
    this.#ramp = each(({ rampPuPerS }) => rampPuPerS);
    this.#pMax = each(({ pMaxPu }) => pMaxPu);

    this.storedPuS = each(({ store }) => (store === undefined ? 0 : (store.eMinPuS + store.eMaxPuS) / 2));
    this.#eMin = each(({ store }) => store?.eMinPuS ?? -Infinity);
    this.#eMax = each(({ store }) => store?.eMaxPuS ?? Infinity);
    this.#emptyGain = each((fleet) => (fleet.store?.etaDischarge ?? 1) / taperS(fleet));
    this.#fullGain = each((fleet) => 1 / ((fleet.store?.etaCharge ?? 1) * taperS(fleet)));
    this.#perDischarged = each(({ store }) => (store === undefined ? 0 : 1 / store.etaDischarge));
    this.#perCharged = each(({ store }) => store?.etaCharge ?? 0);

    const pieces = fleets.map(({ curve }) => curve.slope.length);
    this.#curveAt = Int32Array.from(pieces, (_, b) => pieces.slice(0, b).reduce((x, y) => x + y, 0));
    // One knot fewer than pieces: padded so that all three tables share their offsets.
    this.#knots = Float64Array.from(fleets.flatMap(({ curve }) => [...curve.knot, Infinity]));
    this.#intercepts = Float64Array.from(fleets.flatMap(({ curve }) => [...curve.intercept]));
    this.#slopes = Float64Array.from(fleets.flatMap(({ curve }) => [...curve.slope]));
    this.piece = new Int32Array(fleets.length);
  }

  reset(storedPuS: ArrayLike<number> | undefined): void {
    for (const array of [this.setpointPu, this.powerPu, this.deliveredPuS, this.seen]) array.fill(0);
    this.piece.fill(0);
    this.gain.fill(1);
    if (storedPuS !== undefined) this.storedPuS.set(storedPuS);
  }

  /** Frequency deviation at a fleet's port when the rotors' are the first of `x`. */
  seenIn(b: number, x: Float64Array): number {
    let seen = 0;
    for (let i = 0; i < this.#rotors; i++) seen += this.watch[b * this.#rotors + i]! * x[i]!;
    return seen;
  }

  /** Everything of a step of `h` seconds that the frequency at its end does not change. */
  prepare(h: number): void {
    for (let b = 0; b < this.count; b++) {
      const high = Math.min(this.#pMax[b]!, (this.storedPuS[b]! - this.#eMin[b]!) * this.#emptyGain[b]!);
      const low = -Math.min(this.#pMax[b]!, (this.#eMax[b]! - this.storedPuS[b]!) * this.#fullGain[b]!);
      this.#askHigh[b] = high;
      this.#askLow[b] = low;
      const j = this.#pieceOf(b, this.seen[b]!);
      const gain = this.gain[b]!;
      const wanted = gain * (this.#intercepts[j]! + this.#slopes[j]! * this.seen[b]!) + this.setpointPu[b]!;
      const asked = wanted > high ? high : wanted < low ? low : wanted;
      const ramp = this.#ramp[b]!;
      const p0 = this.powerPu[b]!;
      const rate = (asked - p0) * this.#perLag[b]!;
      // p1 = q + h/2 clamp((r1 - p1)/T, -ramp, ramp)  with  q = p0 + h/2 clamp(rate):
      // p1 = clamp((q + kappa r1) / (1 + kappa), q - h/2 ramp, q + h/2 ramp),  kappa = h / 2T
      const q = p0 + (h / 2) * (rate > ramp ? ramp : rate < -ramp ? -ramp : rate);
      const kappa = (h / 2) * this.#perLag[b]!;
      const share = 1 / (1 + kappa);
      const rampHigh = q + (h / 2) * ramp;
      const rampLow = q - (h / 2) * ramp;
      const limitHigh = (q + kappa * high) * share;
      const limitLow = (q + kappa * low) * share;
      this.#base[b] = (q + kappa * this.setpointPu[b]!) * share;
      this.#steep[b] = kappa * gain * share;
      this.#high[b] = limitHigh > rampHigh ? rampHigh : limitHigh < rampLow ? rampLow : limitHigh;
      this.#low[b] = limitLow > rampHigh ? rampHigh : limitLow < rampLow ? rampLow : limitLow;
      this.piece[b] = j;
    }
  }

  /**
   * `nextPu` and `seen` at the end of the step, given the states there without what the fleets have by then. `reach`,
   * row-major fleets x fleets: deviation at fleet b per pu of fleet c.
   */
  solve(states: Float64Array, reach: Float64Array): void {
    const m = this.count;
    for (let b = 0; b < m; b++) {
      this.#linearSeen[b] = this.seenIn(b, states);
      this.nextPu[b] = this.powerPu[b]!;
    }
    for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
      let moved = 0;
      for (let b = 0; b < m; b++) {
        let elsewhere = this.#linearSeen[b]!;
        for (let c = 0; c < m; c++) if (c !== b) elsewhere += reach[b * m + c]! * this.nextPu[c]!;
        const p = this.#solveOne(b, elsewhere, reach[b * m + b]!);
        moved = Math.max(moved, Math.abs(p - this.nextPu[b]!));
        this.nextPu[b] = p;
      }
      if (m === 1 || moved <= SETTLED_PU) break;
    }
  }

  /** Energy of the step, at the mean of the powers at its ends, and the powers moved on. */
  account(h: number): void {
    for (let b = 0; b < this.count; b++) {
      const energy = (h / 2) * (this.powerPu[b]! + this.nextPu[b]!);
      this.deliveredPuS[b]! += energy;
      this.storedPuS[b]! -= energy > 0 ? energy * this.#perDischarged[b]! : energy * this.#perCharged[b]!;
      this.powerPu[b] = this.nextPu[b]!;
    }
  }

  /** The only fleet, for `runLone`. */
  lone(x: Float64Array, forced: Float64Array, xIntegral: Float64Array, inputs: number): LoneFleet {
    return {
      x,
      forced,
      xIntegral,
      powerPu: this.powerPu,
      storedPuS: this.storedPuS,
      pIntegral: this.deliveredPuS,
      setpointPu: this.setpointPu,
      gain: this.gain,
      seen: this.seen,
      piece: this.piece,
      knots: this.#knots,
      intercepts: this.#intercepts,
      slopes: this.#slopes,
      inputs,
      port: this.port[0]!,
      perLag: this.#perLag[0]!,
      ramp: this.#ramp[0]!,
      pMax: this.#pMax[0]!,
      eMin: this.#eMin[0]!,
      eMax: this.#eMax[0]!,
      emptyGain: this.#emptyGain[0]!,
      fullGain: this.#fullGain[0]!,
      perDischarged: this.#perDischarged[0]!,
      perCharged: this.#perCharged[0]!,
      perPiece: new Float64Array(this.#slopes.length),
    };
  }

  /** The piece that a deviation lies on, looked for from the last one. */
  #pieceOf(b: number, deviation: number): number {
    const first = this.#curveAt[b]!;
    let j = Math.max(this.piece[b]!, first);
    while (deviation > this.#knots[j]!) j++;
    while (j > first && deviation < this.#knots[j - 1]!) j--;
    return j;
  }

  /**
   * The one root of  dw = elsewhere + reach p,  p = clamp(base + steep (intercept + slope dw), low, high):
   * the right side falls with dw. Off the clamp it is a line per piece; where the line's root is clamped, so is p.
   */
  #solveOne(b: number, elsewhere: number, reach: number): number {
    const first = this.#curveAt[b]!;
    const steep = this.#steep[b]!;
    const base = this.#base[b]!;
    let j = this.piece[b]!;
    let way = 0;
    let seen: number;
    for (;;) {
      const perPiece = 1 / (1 - reach * steep * this.#slopes[j]!);
      seen = (elsewhere + reach * (base + steep * this.#intercepts[j]!)) * perPiece;
      if (way >= 0 && seen > this.#knots[j]!) {
        way = 1;
        j++;
      } else if (way <= 0 && j > first && seen < this.#knots[j - 1]!) {
        way = -1;
        j--;
      } else break;
    }
    const p = base + steep * (this.#intercepts[j]! + this.#slopes[j]! * seen);
    const clamped = p > this.#high[b]! ? this.#high[b]! : p < this.#low[b]! ? this.#low[b]! : p;
    this.seen[b] = elsewhere + reach * clamped;
    return clamped;
  }
}
