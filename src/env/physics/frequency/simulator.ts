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
import { checkFleet, type Fleet } from './fleet.ts';
import { FleetBank } from './fleetBank.ts';
import { LONE_STATES, runLone, type LoneFleet } from './loneFleet.ts';
import { trapezoidalStep, type TrapezoidalStep } from './linearSystem.ts';
import { Rk4 } from './rk4.ts';
import type { RotorSystem } from './rotorSystem.ts';

const MAX_STEP_S = 0.02;

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

  readonly #bank: FleetBank;
  readonly #xIntegral: Float64Array;
  readonly #inputIntegral: Float64Array;
  readonly #rk4: Rk4;
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
    this.#n = n;
    this.#rotors = rotors.length;
    this.#x = new Float64Array(n);
    this.#xNext = new Float64Array(n);
    this.#u = new Float64Array(system.linear.inputs);
    this.#forced = new Float64Array(n);
    this.#xIntegral = new Float64Array(n);
    this.#inputIntegral = new Float64Array(this.#u.length);
    this.#bank = new FleetBank(fleets, ports, rotors.length);
    this.setpointPu = this.#bank.setpointPu;
    this.gain = this.#bank.gain;
    this.powerPu = this.#bank.powerPu;
    this.storedPuS = this.#bank.storedPuS;
    this.#rk4 = new Rk4(system, fleets);
    this.#stepper = this.#stepperFor(dtS);
    const isLone = fleets.length === 1 && rotors.length === 1 && n <= LONE_STATES && this.#bank.watch[0] === 1;
    if (isLone && this.#integrator === 'trapezoidal') {
      this.#lone = this.#bank.lone(this.#x, this.#forced, this.#xIntegral, this.#u.length);
    }
  }

  /** Back to the operating point at time 0: no deviation, no demand, fleets idle; energy as given, pu s by fleet. */
  reset(storedPuS?: ArrayLike<number>): void {
    for (const array of [this.#x, this.#u, this.#xIntegral, this.#inputIntegral]) array.fill(0);
    this.#bank.reset(storedPuS);
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
    return this.#bank.seenIn(fleet, this.#x);
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
    return this.#bank.deliveredPuS[fleet]!;
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
      pIntegral: Array.from(this.#bank.deliveredPuS),
      inputIntegral: Array.from(this.#inputIntegral),
      piece: Array.from(this.#bank.piece),
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
    this.#bank.deliveredPuS.set(state.pIntegral);
    this.#inputIntegral.set(state.inputIntegral);
    this.#bank.piece.set(state.piece);
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
    const { count: m, watch, port } = this.#bank;
    const reach = new Float64Array(m * m);
    for (let b = 0; b < m; b++) {
      for (let c = 0; c < m; c++) {
        for (let i = 0; i < this.#rotors; i++) {
          // Half: the mean over the step is (p0 + p1) / 2.
          const perPu = step.gamma[i * this.#u.length + port[c]!]! / 2;
          reach[b * m + c]! += watch[b * this.#rotors + i]! * perPu;
        }
      }
    }
    const stepper = { ...step, reach };
    if (this.#steppers.size >= 64) this.#steppers.clear();
    this.#steppers.set(dtS, stepper);
    return stepper;
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
    for (let b = 0; b < this.#bank.count; b++) this.#bank.seen[b] = this.seenPu(b);
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
    const { dtS } = this.#stepper;
    this.#bank.prepare(dtS);
    if (this.#integrator === 'rk4') this.#rk4Step();
    else this.#trapezoidalStep();
    this.#bank.account(dtS);
  }

  #trapezoidalStep(): void {
    const n = this.#n;
    const x = this.#x;
    const next = this.#xNext;
    const bank = this.#bank;
    const { count: m, port, powerPu, nextPu } = bank;
    const { phi, gamma, reach, dtS: h } = this.#stepper;
    const inputs = this.#u.length;
    for (let i = 0, at = 0; i < n; i++) {
      let sum = this.#forced[i]!;
      for (let j = 0; j < n; j++, at++) sum += phi[at]! * x[j]!;
      for (let b = 0; b < m; b++) sum += 0.5 * gamma[i * inputs + port[b]!]! * powerPu[b]!;
      next[i] = sum;
    }
    bank.solve(next, reach);
    for (let i = 0; i < n; i++) {
      let sum = next[i]!;
      for (let b = 0; b < m; b++) sum += 0.5 * gamma[i * inputs + port[b]!]! * nextPu[b]!;
      this.#xIntegral[i]! += (h / 2) * (x[i]! + sum);
      x[i] = sum;
    }
  }

  #rk4Step(): void {
    const h = this.#stepper.dtS;
    const bank = this.#bank;
    this.#xNext.set(this.#x);
    bank.nextPu.set(this.powerPu);
    this.#rk4.step(h, this.#xNext, bank.nextPu, this.#u, bank.orders);
    for (let i = 0; i < this.#n; i++) {
      this.#xIntegral[i]! += (h / 2) * (this.#x[i]! + this.#xNext[i]!);
      this.#x[i] = this.#xNext[i]!;
    }
    for (let b = 0; b < bank.count; b++) bank.seen[b] = this.seenPu(b);
  }
}
