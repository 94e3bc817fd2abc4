/**
 * Rotors and fleets through time in steps of at most 20 ms, nothing allocated on the way.
 *
 * `trapezoidal` (default): the linear part by matrices made once per step length, the fleets' piecewise-linear curves,
 * limits and ramps solved exactly within the implicit step. With one fleet that is one scalar equation with one root;
 * with several, the same equation fleet by fleet in turn until nothing moves. Order 2 on the linear model; a step in
 * which a fleet crosses a knot or a limit is consistent but of lower order. Conserves the energy of undamped rotors.
 *
 * `rk4`: classical Runge-Kutta on the same equations; order 4 on the linear model, about 2 where a deadband or limit is
 * crossed inside a step.
 *
 * Demand, references, set points and gains are held over a step and change between steps: an event is an instant
 * between two calls of `advance`, and `advanceTo` takes one shorter step to land on it, which is what keeps the order.
 */
import { fail } from '../../../base/errors.ts';
import { checkFleet, taperS, type Fleet } from './fleet.ts';
import { LONE_STATES, runLone, type LoneFleet } from './loneFleet.ts';
import { trapezoidalStep, type TrapezoidalStep } from './linearSystem.ts';
import { Rk4, type FleetOrders } from './rk4.ts';
import type { RotorSystem } from './rotorSystem.ts';

export const MAX_STEP_S = 0.02;

export interface SimulatorOptions {
  /** <= 20 ms. Default 20 ms. */
  readonly dtS?: number;
  readonly integrator?: 'trapezoidal' | 'rk4';
}

export interface SimulatorState {
  readonly x: readonly number[];
  readonly p: readonly number[];
  readonly storedPuS: readonly number[];
  readonly inputs: readonly number[];
  readonly setpointPu: readonly number[];
  readonly gain: readonly number[];
  readonly xIntegral: readonly number[];
  readonly pIntegral: readonly number[];
  readonly inputIntegral: readonly number[];
  /** Piece of its curve that each fleet was last on, where a search for the next begins. */
  readonly piece: readonly number[];
  readonly timeS: number;
}

/** A step of one length, with what a fleet's power does to the frequency that the fleets see. */
interface Stepper extends TrapezoidalStep {
  /** Row-major fleets x fleets: dw of fleet b per pu of fleet c at the end of the step. */
  readonly reach: Float64Array;
}

const MAX_SWEEPS = 200;

export class FrequencySimulator {
  readonly system: RotorSystem;
  readonly fleets: readonly Fleet[];
  readonly dtS: number;
  /** By fleet, pu: asked for beside the response, and what the response is multiplied by (>= 0). */
  readonly setpointPu: Float64Array;
  readonly gain: Float64Array;
  /** By fleet: power now, pu, and energy held, pu s. */
  readonly powerPu: Float64Array;
  readonly storedPuS: Float64Array;

  readonly #integrator: 'trapezoidal' | 'rk4';
  readonly #n: number;
  readonly #m: number;
  readonly #rotors: number;
  readonly #x: Float64Array;
  readonly #xNext: Float64Array;
  /** Inputs of the linear system; at the ports minus the demand. */
  readonly #u: Float64Array;
  /** gamma u of the current step length. */
  readonly #forced: Float64Array;
  #stale = true;
  #steppers = new Map<number, Stepper>();
  #stepper: Stepper;

  // By fleet, flat: see Fleet.
  readonly #port: Int32Array;
  readonly #perLag: Float64Array;
  readonly #ramp: Float64Array;
  readonly #pMax: Float64Array;
  readonly #curveAt: Int32Array;
  readonly #knots: Float64Array;
  readonly #intercepts: Float64Array;
  readonly #slopes: Float64Array;
  readonly #piece: Int32Array;
  /** Row-major fleets x rotors. */
  readonly #watch: Float64Array;
  readonly #emptyGain: Float64Array;
  readonly #fullGain: Float64Array;
  readonly #eMin: Float64Array;
  readonly #eMax: Float64Array;
  readonly #perDischarged: Float64Array;
  readonly #perCharged: Float64Array;

  // Of the step being made, by fleet: p1 = clamp(base + steep x (intercept + slope dw), low, high).
  readonly #base: Float64Array;
  readonly #steep: Float64Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  /** What may be asked of it. */
  readonly #askLow: Float64Array;
  readonly #askHigh: Float64Array;
  readonly #seen: Float64Array;
  readonly #linearSeen: Float64Array;
  readonly #pNext: Float64Array;

  readonly #xIntegral: Float64Array;
  readonly #pIntegral: Float64Array;
  readonly #inputIntegral: Float64Array;
  readonly #rk4: Rk4;
  readonly #orders: FleetOrders;
  /** Set where there is one rotor with one fleet and the trapezoidal rule. */
  readonly #lone: LoneFleet | undefined;
  #timeS = 0;

  /** @throws `env.frequency`. */
  constructor(system: RotorSystem, fleets: readonly Fleet[], { dtS = MAX_STEP_S, integrator }: SimulatorOptions = {}) {
    const { ports, rotors } = system.parameters;
    for (const fleet of fleets) checkFleet(fleet, ports.length);
    this.system = system;
    this.fleets = fleets;
    this.dtS = dtS;
    this.#integrator = integrator ?? 'trapezoidal';
    const n = system.linear.states;
    const m = fleets.length;
    this.#n = n;
    this.#m = m;
    this.#rotors = rotors.length;
    const perFleet = (value: (fleet: Fleet) => number): Float64Array => Float64Array.from(fleets, value);
    const zeros = (): Float64Array => new Float64Array(m);
    this.#x = new Float64Array(n);
    this.#xNext = new Float64Array(n);
    this.#u = new Float64Array(system.linear.inputs);
    this.#forced = new Float64Array(n);
    this.setpointPu = zeros();
    this.gain = zeros().fill(1);
    this.powerPu = zeros();
    this.storedPuS = perFleet(({ store }) => (store === undefined ? 0 : (store.eMinPuS + store.eMaxPuS) / 2));
    this.#port = Int32Array.from(fleets, ({ port }) => port);
    this.#perLag = perFleet(({ lagS }) => 1 / lagS);
    this.#ramp = perFleet(({ rampPuPerS }) => rampPuPerS);
    this.#pMax = perFleet(({ pMaxPu }) => pMaxPu);
    this.#eMin = perFleet(({ store }) => store?.eMinPuS ?? -Infinity);
    this.#eMax = perFleet(({ store }) => store?.eMaxPuS ?? Infinity);
    this.#emptyGain = perFleet((fleet) => (fleet.store?.etaDischarge ?? 1) / taperS(fleet));
    this.#fullGain = perFleet((fleet) => 1 / ((fleet.store?.etaCharge ?? 1) * taperS(fleet)));
    this.#perDischarged = perFleet(({ store }) => (store === undefined ? 0 : 1 / store.etaDischarge));
    this.#perCharged = perFleet(({ store }) => store?.etaCharge ?? 0);
    this.#watch = Float64Array.from(fleets.flatMap(({ port }) => ports[port]!.shares));
    const pieces = fleets.map(({ curve }) => curve.slope.length);
    this.#curveAt = Int32Array.from(pieces, (_, b) => pieces.slice(0, b).reduce((x, y) => x + y, 0));
    // One knot fewer than pieces: padded so that all three tables share their offsets.
    this.#knots = Float64Array.from(fleets.flatMap(({ curve }) => [...curve.knot, Infinity]));
    this.#intercepts = Float64Array.from(fleets.flatMap(({ curve }) => [...curve.intercept]));
    this.#slopes = Float64Array.from(fleets.flatMap(({ curve }) => [...curve.slope]));
    this.#piece = new Int32Array(m);
    this.#base = zeros();
    this.#steep = zeros();
    this.#low = zeros();
    this.#high = zeros();
    this.#askLow = zeros();
    this.#askHigh = zeros();
    this.#seen = zeros();
    this.#linearSeen = zeros();
    this.#pNext = zeros();
    this.#xIntegral = new Float64Array(n);
    this.#pIntegral = zeros();
    this.#inputIntegral = new Float64Array(this.#u.length);
    this.#rk4 = new Rk4(system, fleets);
    this.#orders = { setpointPu: this.setpointPu, gain: this.gain, lowPu: this.#askLow, highPu: this.#askHigh };
    this.#stepper = this.#stepperFor(dtS);
    this.#lone = this.#loneFleet();
  }

  /** Back to the operating point at time 0: no deviation, no demand, fleets idle; energy as given, pu s by fleet. */
  reset(storedPuS?: ArrayLike<number>): void {
    for (const array of [this.#x, this.#u, this.setpointPu, this.powerPu, this.#seen]) array.fill(0);
    for (const array of [this.#xIntegral, this.#pIntegral, this.#inputIntegral]) array.fill(0);
    this.#piece.fill(0);
    this.gain.fill(1);
    if (storedPuS !== undefined) this.storedPuS.set(storedPuS);
    this.#timeS = 0;
    this.#stale = true;
  }

  get timeS(): number {
    return this.#timeS;
  }

  /** Power drawn at a port beyond the operating point, pu of the port, from now on. */
  setDemand(port: number, demandPu: number): void {
    this.#u[port] = -demandPu;
    this.#stale = true;
  }

  demandPu(port: number): number {
    return -this.#u[port]!;
  }

  /** Secondary reference of a rotor's governor, pu of the rotor, from now on. */
  setReference(rotor: number, referencePu: number): void {
    this.#u[this.system.parameters.ports.length + rotor] = referencePu;
    this.#stale = true;
  }

  /** Frequency deviation of a rotor, pu. */
  speedPu(rotor: number): number {
    return this.#x[rotor]!;
  }

  /** Mechanical power of a rotor, and its power out over ties, pu of the rotor. */
  mechanicalPu(rotor: number): number {
    return this.#read(this.system.mechanical[rotor]!, this.#x, this.#u);
  }

  tiePu(rotor: number): number {
    return this.#read(this.system.tie[rotor]!, this.#x, this.#u);
  }

  /** Frequency deviation that a fleet sees, pu. */
  seenPu(fleet: number): number {
    let seen = 0;
    for (let i = 0; i < this.#rotors; i++) seen += this.#watch[fleet * this.#rotors + i]! * this.#x[i]!;
    return seen;
  }

  /** Time integrals since the reset, by the trapezoidal rule: pu s of the rotor or port. */
  mechanicalPuS(rotor: number): number {
    return this.#read(this.system.mechanical[rotor]!, this.#xIntegral, this.#inputIntegral);
  }

  tiePuS(rotor: number): number {
    return this.#read(this.system.tie[rotor]!, this.#xIntegral, this.#inputIntegral);
  }

  speedPuS(rotor: number): number {
    return this.#xIntegral[rotor]!;
  }

  deliveredPuS(fleet: number): number {
    return this.#pIntegral[fleet]!;
  }

  demandPuS(port: number): number {
    return -this.#inputIntegral[port]!;
  }

  /**
   * `steps` steps of dtS. After each, the frequency deviations of all rotors are written to `trace`, if given,
   * row-major steps x rotors.
   */
  advance(steps: number, trace?: Float64Array): void {
    this.#use(this.#stepperFor(this.dtS));
    this.#run(steps, trace);
    this.#timeS += steps * this.dtS;
  }

  /** Steps of dtS and one shorter one, to land on `timeS`. @throws `env.frequency` when that is in the past. */
  advanceTo(timeS: number): void {
    const spanS = timeS - this.#timeS;
    if (!(spanS >= 0)) throw fail('env.frequency', { expected: `a time >= ${this.#timeS} s`, got: timeS });
    const whole = Math.floor(spanS / this.dtS + 1e-9);
    this.advance(whole);
    const restS = spanS - whole * this.dtS;
    if (restS > 1e-9 * this.dtS) {
      this.#use(this.#stepperFor(restS));
      this.#run(1);
    }
    this.#timeS = timeS;
  }

  /** The demand at `port` held over the next step of dtS that brings rotor 0 to `speedPu`, were the fleets idle. */
  demandForSpeed(port: number, speedPu: number): number {
    const { phi, gamma } = this.#stepperFor(this.dtS);
    const inputs = this.#u.length;
    let free = 0;
    for (let j = 0; j < this.#n; j++) free += phi[j]! * this.#x[j]!;
    for (let j = 0; j < inputs; j++) if (j !== port) free += gamma[j]! * this.#u[j]!;
    return (free - speedPu) / gamma[port]!;
  }

  getState(): SimulatorState {
    return {
      x: Array.from(this.#x),
      p: Array.from(this.powerPu),
      storedPuS: Array.from(this.storedPuS),
      inputs: Array.from(this.#u),
      setpointPu: Array.from(this.setpointPu),
      gain: Array.from(this.gain),
      xIntegral: Array.from(this.#xIntegral),
      pIntegral: Array.from(this.#pIntegral),
      inputIntegral: Array.from(this.#inputIntegral),
      piece: Array.from(this.#piece),
      timeS: this.#timeS,
    };
  }

  setState(state: SimulatorState): void {
    this.#x.set(state.x);
    this.powerPu.set(state.p);
    this.storedPuS.set(state.storedPuS);
    this.#u.set(state.inputs);
    this.setpointPu.set(state.setpointPu);
    this.gain.set(state.gain);
    this.#xIntegral.set(state.xIntegral);
    this.#pIntegral.set(state.pIntegral);
    this.#inputIntegral.set(state.inputIntegral);
    this.#piece.set(state.piece);
    this.#timeS = state.timeS;
    this.#stale = true;
  }

  #read(row: { readonly x: Float64Array; readonly u: Float64Array }, x: Float64Array, u: Float64Array): number {
    let sum = 0;
    for (let j = 0; j < x.length; j++) sum += row.x[j]! * x[j]!;
    for (let j = 0; j < u.length; j++) sum += row.u[j]! * u[j]!;
    return sum;
  }

  #stepperFor(dtS: number): Stepper {
    const known = this.#steppers.get(dtS);
    if (known !== undefined) return known;
    if (!(dtS > 0 && dtS <= MAX_STEP_S + 1e-12)) {
      throw fail('env.frequency', { expected: `a step in (0, ${MAX_STEP_S}] s`, got: dtS });
    }
    const step = trapezoidalStep(this.system.linear, dtS);
    const m = this.#m;
    const reach = new Float64Array(m * m);
    for (let b = 0; b < m; b++) {
      for (let c = 0; c < m; c++) {
        for (let i = 0; i < this.#rotors; i++) {
          // Half: the mean over the step is (p0 + p1) / 2.
          const perPu = step.gamma[i * this.#u.length + this.#port[c]!]! / 2;
          reach[b * m + c]! += this.#watch[b * this.#rotors + i]! * perPu;
        }
      }
    }
    const stepper = { ...step, reach };
    if (this.#steppers.size >= 64) this.#steppers.clear();
    this.#steppers.set(dtS, stepper);
    return stepper;
  }

  #loneFleet(): LoneFleet | undefined {
    const isSmall = this.#m === 1 && this.#rotors === 1 && this.#n <= LONE_STATES;
    if (!isSmall || this.#watch[0] !== 1 || this.#integrator !== 'trapezoidal') return undefined;
    return {
      x: this.#x,
      forced: this.#forced,
      xIntegral: this.#xIntegral,
      powerPu: this.powerPu,
      storedPuS: this.storedPuS,
      pIntegral: this.#pIntegral,
      setpointPu: this.setpointPu,
      gain: this.gain,
      seen: this.#seen,
      piece: this.#piece,
      knots: this.#knots,
      intercepts: this.#intercepts,
      slopes: this.#slopes,
      inputs: this.#u.length,
      port: this.#port[0]!,
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

  #use(stepper: Stepper): void {
    if (stepper !== this.#stepper) this.#stale = true;
    this.#stepper = stepper;
    if (this.#stale) {
      const inputs = this.#u.length;
      for (let i = 0; i < this.#n; i++) {
        let sum = 0;
        for (let j = 0; j < inputs; j++) sum += stepper.gamma[i * inputs + j]! * this.#u[j]!;
        this.#forced[i] = sum;
      }
      this.#stale = false;
    }
    for (let b = 0; b < this.#m; b++) this.#seen[b] = this.seenPu(b);
  }

  #run(steps: number, trace?: Float64Array): void {
    const h = this.#stepper.dtS;
    if (this.#lone !== undefined) runLone(this.#lone, this.#stepper, steps, trace);
    else {
      for (let k = 0; k < steps; k++) {
        this.#step();
        if (trace !== undefined) for (let i = 0; i < this.#rotors; i++) trace[k * this.#rotors + i] = this.#x[i]!;
      }
    }
    for (let j = 0; j < this.#u.length; j++) this.#inputIntegral[j]! += steps * h * this.#u[j]!;
  }

  #step(): void {
    this.#prepareFleets();
    if (this.#integrator === 'rk4') this.#rk4Step();
    else this.#trapezoidalStep();
    this.#account();
  }

  /** Everything of the step that the frequency at its end does not change. */
  #prepareFleets(): void {
    const h = this.#stepper.dtS;
    for (let b = 0; b < this.#m; b++) {
      const high = Math.min(this.#pMax[b]!, (this.storedPuS[b]! - this.#eMin[b]!) * this.#emptyGain[b]!);
      const low = -Math.min(this.#pMax[b]!, (this.#eMax[b]! - this.storedPuS[b]!) * this.#fullGain[b]!);
      this.#askHigh[b] = high;
      this.#askLow[b] = low;
      const j = this.#pieceOf(b, this.#seen[b]!);
      const gain = this.gain[b]!;
      const wanted = gain * (this.#intercepts[j]! + this.#slopes[j]! * this.#seen[b]!) + this.setpointPu[b]!;
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
      this.#piece[b] = j;
    }
  }

  /** Index into the flat tables of the piece that a deviation lies on, looked for from the last one. */
  #pieceOf(b: number, deviation: number): number {
    const first = this.#curveAt[b]!;
    let j = Math.max(this.#piece[b]!, first);
    while (deviation > this.#knots[j]!) j++;
    while (j > first && deviation < this.#knots[j - 1]!) j--;
    return j;
  }

  #trapezoidalStep(): void {
    const n = this.#n;
    const m = this.#m;
    const x = this.#x;
    const next = this.#xNext;
    const { phi, gamma } = this.#stepper;
    const inputs = this.#u.length;
    for (let i = 0, at = 0; i < n; i++) {
      let sum = this.#forced[i]!;
      for (let j = 0; j < n; j++, at++) sum += phi[at]! * x[j]!;
      for (let b = 0; b < m; b++) sum += 0.5 * gamma[i * inputs + this.#port[b]!]! * this.powerPu[b]!;
      next[i] = sum;
    }
    if (m > 0) this.#solveFleets(next);
    for (let i = 0; i < n; i++) {
      let sum = next[i]!;
      for (let b = 0; b < m; b++) sum += 0.5 * gamma[i * inputs + this.#port[b]!]! * this.#pNext[b]!;
      this.#xIntegral[i]! += (this.#stepper.dtS / 2) * (x[i]! + sum);
      x[i] = sum;
    }
  }

  /** Fleet powers at the end of the step, given the states there without them. */
  #solveFleets(next: Float64Array): void {
    const m = this.#m;
    const rotors = this.#rotors;
    for (let b = 0; b < m; b++) {
      let seen = 0;
      for (let i = 0; i < rotors; i++) seen += this.#watch[b * rotors + i]! * next[i]!;
      this.#linearSeen[b] = seen;
      this.#pNext[b] = this.powerPu[b]!;
    }
    for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
      let moved = 0;
      for (let b = 0; b < m; b++) {
        let elsewhere = this.#linearSeen[b]!;
        for (let c = 0; c < m; c++) if (c !== b) elsewhere += this.#stepper.reach[b * m + c]! * this.#pNext[c]!;
        const p = this.#solveOne(b, elsewhere, this.#stepper.reach[b * m + b]!);
        moved = Math.max(moved, Math.abs(p - this.#pNext[b]!));
        this.#pNext[b] = p;
      }
      if (m === 1 || moved <= 1e-17) break;
    }
  }

  /**
   * The one root of  dw = elsewhere + reach p,  p = clamp(base + steep (intercept + slope dw), low, high):
   * the right side falls with dw. Off the clamp it is a line per piece; where the line's root is clamped, so is p.
   */
  #solveOne(b: number, elsewhere: number, reach: number): number {
    const first = this.#curveAt[b]!;
    const steep = this.#steep[b]!;
    const base = this.#base[b]!;
    let j = this.#piece[b]!;
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
    this.#seen[b] = elsewhere + reach * clamped;
    return clamped;
  }

  #rk4Step(): void {
    const h = this.#stepper.dtS;
    this.#xNext.set(this.#x);
    this.#pNext.set(this.powerPu);
    this.#rk4.step(h, this.#xNext, this.#pNext, this.#u, this.#orders);
    for (let i = 0; i < this.#n; i++) {
      this.#xIntegral[i]! += (h / 2) * (this.#x[i]! + this.#xNext[i]!);
      this.#x[i] = this.#xNext[i]!;
    }
    for (let b = 0; b < this.#m; b++) this.#seen[b] = this.seenPu(b);
  }

  /** Energy of the step, at the mean of the powers at its ends, and the fleets' powers moved on. */
  #account(): void {
    const h = this.#stepper.dtS;
    for (let b = 0; b < this.#m; b++) {
      const energy = (h / 2) * (this.powerPu[b]! + this.#pNext[b]!);
      this.#pIntegral[b]! += energy;
      this.storedPuS[b]! -= energy > 0 ? energy * this.#perDischarged[b]! : energy * this.#perCharged[b]!;
      this.powerPu[b] = this.#pNext[b]!;
    }
  }
}
