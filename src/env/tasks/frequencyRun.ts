/**
 * What the frequency tasks share: a simulator driven through events, the frequency of the last half second, metrics
 * from the first event on, and the balance of momentum.
 *
 * Momentum, pu s on the base of rotor 0, over a step, ties cancelling:
 *   sum S_i int Pm_i + sum S_b int p_b  =  sum S_p int demand_p + sum S_i D_i int w_i + sum 2 H_i S_i (w_i' - w_i)
 */
import { fail } from '../../base/errors.ts';
import type { Bounds } from '../gym/arguments.ts';
import type { Balance } from '../gym/task.ts';
import { EventTracker, type EventMetrics, type TrackerState } from '../physics/frequency/metrics.ts';
import type { FrequencySimulator, SimulatorState } from '../physics/frequency/simulator.ts';

/** From physics step `step` of the episode on, `demandPu` more is drawn at a port. */
export interface DemandEvent {
  readonly step: number;
  readonly port: number;
  readonly demandPu: number;
}

export interface RunOptions {
  readonly rotors: number;
  readonly ports: number;
  readonly f0Hz: number;
  /** Physics step, s; divides 0.5 s. */
  readonly dtS: number;
  /** Physics steps between decisions. */
  readonly stepsPerInterval: number;
  /** Settled means within this, Hz. */
  readonly bandHz: number;
  /** `centreWithinS` counts from the last sample beyond this, Hz; 0.01. */
  readonly fineBandHz?: number;
}

export interface RunState {
  readonly sim: SimulatorState;
  readonly events: readonly DemandEvent[];
  readonly numbers: readonly number[];
  readonly base: readonly number[];
  readonly varying: readonly number[];
  readonly past: readonly number[];
  readonly tracker: TrackerState;
  readonly squareHz2: readonly number[];
  readonly absHz: readonly number[];
}

const HALF_SECOND = 0.5;
const FINE_BAND_HZ = 0.01;
const MAX_EPISODE_MS = 86400000;

export class FrequencyRun {
  readonly options: RunOptions;
  /** Of the interval so far, by rotor: mean square and mean absolute deviation, Hz^2 and Hz. */
  readonly squareHz2: Float64Array;
  readonly absHz: Float64Array;

  #sim: FrequencySimulator;
  readonly #trace: Float64Array;
  /** Deviations of the last half second, both ends in, pu: a ring of rows by rotor. The next to go is 0.5 s old. */
  readonly #past: Float64Array;
  #pastAt = 0;
  readonly #tracker: EventTracker;
  #triggered = false;
  #events: readonly DemandEvent[] = [];
  #nextEvent = 0;
  #lived = 0;
  readonly #base: Float64Array;
  readonly #varying: Float64Array;
  /** Weight of each rotor in the frequency of the centre of inertia. */
  readonly #inertia: Float64Array;
  #watched = 0;
  #outside = 0;
  /** Of the centre of inertia since the trigger: integral of |f|, Hz s; samples until the last beyond the fine band. */
  #centreHzS = 0;
  #fineFrom = 0;
  /** Of the interval: mean |f| of the centre, Hz, and the share of its samples beyond the fine band. */
  #centreAbsHz = 0;
  #fineOutside = 0;
  #sources = 0;
  #sinks = 0;

  constructor(options: RunOptions, sim: FrequencySimulator) {
    const { rotors, ports, dtS, stepsPerInterval, bandHz } = options;
    const samples = Math.floor(HALF_SECOND / dtS + 0.5);
    this.options = options;
    this.#sim = sim;
    this.#trace = new Float64Array(stepsPerInterval * rotors);
    this.#past = new Float64Array((samples + 1) * rotors);
    this.#tracker = new EventTracker({ dtS, bandHz });
    this.#base = new Float64Array(ports);
    this.#varying = new Float64Array(ports);
    this.#inertia = new Float64Array(rotors);
    this.squareHz2 = new Float64Array(rotors);
    this.absHz = new Float64Array(rotors);
    this.use(sim);
  }

  get sim(): FrequencySimulator {
    return this.#sim;
  }

  /** Physics steps lived in this episode. */
  get lived(): number {
    return this.#lived;
  }

  /** Go on with another simulator of the same shape. */
  use(sim: FrequencySimulator): void {
    this.#sim = sim;
    const { rotors } = sim.system.parameters;
    const total = rotors.reduce((sum, { hS, baseMva }) => sum + hS * baseMva, 0);
    rotors.forEach(({ hS, baseMva }, i) => (this.#inertia[i] = (hS * baseMva) / total));
  }

  /** Events in the order of their steps. Metrics run from the first; `fromStart`: from now. */
  begin(
    sim: FrequencySimulator,
    storedPuS: ArrayLike<number>,
    events: readonly DemandEvent[],
    fromStart = false,
  ): void {
    this.use(sim);
    sim.reset(storedPuS);
    for (const array of [this.#past, this.#base, this.#varying, this.squareHz2, this.absHz]) array.fill(0);
    this.#pastAt = 0;
    this.#lived = 0;
    this.#watched = 0;
    this.#outside = 0;
    this.#centreHzS = 0;
    this.#fineFrom = 0;
    this.#events = events;
    this.#nextEvent = 0;
    this.#triggered = false;
    this.#tracker.reset();
    if (fromStart) this.#trigger();
    this.beginInterval();
  }

  beginInterval(): void {
    this.squareHz2.fill(0);
    this.absHz.fill(0);
    this.#centreAbsHz = 0;
    this.#fineOutside = 0;
    this.#sources = this.#momentumIn();
    this.#sinks = this.#momentumOut();
  }

  /** Demand beside the events, pu. */
  setVarying(port: number, demandPu: number): void {
    this.#varying[port] = demandPu;
    this.#sim.setDemand(port, this.#base[port]! + demandPu);
  }

  /** Physics steps, events at their instants. */
  advance(steps: number): void {
    let left = steps;
    while (left > 0) {
      this.#fire();
      const next = this.#events[this.#nextEvent];
      const most = Math.min(left, this.options.stepsPerInterval);
      const count = next === undefined ? most : Math.min(most, next.step - this.#lived);
      this.#sim.advance(count, this.#trace);
      this.#collect(count);
      this.#lived += count;
      left -= count;
    }
  }

  /** Deviation at a fleet's port now, and its change over the last 0.5 s, Hz. */
  deviationHz(fleet: number): number {
    return this.#sim.seenPu(fleet) * this.options.f0Hz;
  }

  deltaHz(fleet: number): number {
    const { system, fleets } = this.#sim;
    const { shares } = system.parameters.ports[fleets[fleet]!.port]!;
    let before = 0;
    for (let i = 0; i < shares.length; i++) before += shares[i]! * this.#past[this.#pastAt + i]!;
    return (this.#sim.seenPu(fleet) - before) * this.options.f0Hz;
  }

  /** Share of the physics steps since the trigger with the centre of inertia outside the band. */
  outsideShare(): number {
    return this.#outside / Math.max(1, this.#watched);
  }

  /** Of the centre of inertia now, Hz from nominal. */
  get centreHz(): number {
    let now = 0;
    for (let i = 0; i < this.#inertia.length; i++) now += this.#inertia[i]! * this.#sim.speedPu(i);
    return now * this.options.f0Hz;
  }

  /** Integral of |f| of the centre of inertia since the trigger, Hz s. */
  get centreHzS(): number {
    return this.#centreHzS;
  }

  /** Since the trigger, s: from here on the centre of inertia was within the fine band; -1 when it is not. */
  get centreWithinS(): number {
    return this.#fineFrom >= this.#watched && this.#watched > 0 ? -1 : this.#fineFrom * this.options.dtS;
  }

  /** Of the interval so far, since the trigger: mean |f| of the centre of inertia, Hz. */
  get centreAbsHz(): number {
    return this.#centreAbsHz;
  }

  /** Of the interval so far, since the trigger: share with the centre of inertia beyond the fine band. */
  get fineOutside(): number {
    return this.#fineOutside;
  }

  /** Of the centre of inertia. */
  metrics(): EventMetrics {
    return this.#tracker.metrics();
  }

  /** Of the interval so far. */
  balance(): Balance {
    return { sources: this.#momentumIn() - this.#sources, sinks: this.#momentumOut() - this.#sinks, unit: 'pu s' };
  }

  getState(): RunState {
    return {
      sim: this.#sim.getState(),
      events: this.#events,
      numbers: [
        this.#pastAt,
        this.#triggered ? 1 : 0,
        this.#nextEvent,
        this.#lived,
        this.#sources,
        this.#sinks,
        this.#watched,
        this.#outside,
        this.#centreHzS,
        this.#fineFrom,
        this.#centreAbsHz,
        this.#fineOutside,
      ],
      base: Array.from(this.#base),
      varying: Array.from(this.#varying),
      past: Array.from(this.#past),
      tracker: this.#tracker.getState(),
      squareHz2: Array.from(this.squareHz2),
      absHz: Array.from(this.absHz),
    };
  }

  /** After `use` of a simulator with the same parameters. */
  setState(state: RunState): void {
    const [pastAt, triggered, nextEvent, lived, sources, sinks, watched, outside] = state.numbers;
    const [centreHzS, fineFrom, centreAbsHz, fineOutside] = state.numbers.slice(8);
    this.#sim.setState(state.sim);
    this.#events = state.events;
    this.#pastAt = pastAt!;
    this.#triggered = triggered === 1;
    this.#nextEvent = nextEvent!;
    this.#lived = lived!;
    this.#sources = sources!;
    this.#sinks = sinks!;
    this.#watched = watched!;
    this.#outside = outside!;
    this.#centreHzS = centreHzS!;
    this.#fineFrom = fineFrom!;
    this.#centreAbsHz = centreAbsHz!;
    this.#fineOutside = fineOutside!;
    this.#base.set(state.base);
    this.#varying.set(state.varying);
    this.#past.set(state.past);
    this.#tracker.setState(state.tracker);
    this.squareHz2.set(state.squareHz2);
    this.absHz.set(state.absHz);
  }

  #fire(): void {
    for (;;) {
      const event = this.#events[this.#nextEvent];
      if (event === undefined || event.step > this.#lived) return;
      this.#nextEvent++;
      this.#base[event.port]! += event.demandPu;
      this.setVarying(event.port, this.#varying[event.port]!);
      if (this.#triggered) this.#tracker.corner();
      else this.#trigger();
    }
  }

  /** The trigger instant is the first sample. */
  #trigger(): void {
    this.#triggered = true;
    this.#tracker.push(this.centreHz);
  }

  #collect(count: number): void {
    const { f0Hz, rotors, stepsPerInterval, bandHz } = this.options;
    const trace = this.#trace;
    const past = this.#past;
    const share = 1 / stepsPerInterval;
    for (let i = 0; i < rotors; i++) {
      let square = 0;
      let absolute = 0;
      for (let at = i; at < count * rotors; at += rotors) {
        const hz = trace[at]! * f0Hz;
        square += hz * hz;
        absolute += hz < 0 ? -hz : hz;
      }
      this.squareHz2[i]! += share * square;
      this.absHz[i]! += share * absolute;
    }
    let pastAt = this.#pastAt;
    for (let at = 0; at < count * rotors; at++) {
      past[pastAt++] = trace[at]!;
      if (pastAt === past.length) pastAt = 0;
    }
    this.#pastAt = pastAt;
    if (!this.#triggered) return;
    const { fineBandHz = FINE_BAND_HZ } = this.options;
    let outside = 0;
    let fine = 0;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      let centre = 0;
      for (let i = 0; i < rotors; i++) centre += this.#inertia[i]! * trace[k * rotors + i]!;
      centre *= f0Hz;
      this.#tracker.push(centre);
      const away = centre < 0 ? -centre : centre;
      sum += away;
      if (away > bandHz) outside++;
      if (away > fineBandHz) {
        fine++;
        this.#fineFrom = this.#watched + k + 1;
      }
    }
    this.#outside += outside;
    this.#watched += count;
    this.#centreHzS += sum * this.options.dtS;
    this.#centreAbsHz += share * sum;
    this.#fineOutside += share * fine;
  }

  #momentumIn(): number {
    const { system, fleets } = this.#sim;
    const { rotors, ports } = system.parameters;
    let sum = 0;
    for (let i = 0; i < rotors.length; i++) sum += rotors[i]!.baseMva * this.#sim.mechanicalPuS(i);
    for (let b = 0; b < fleets.length; b++) sum += ports[fleets[b]!.port]!.baseMva * this.#sim.deliveredPuS(b);
    return sum / rotors[0]!.baseMva;
  }

  #momentumOut(): number {
    const { rotors, ports } = this.#sim.system.parameters;
    let sum = 0;
    for (let p = 0; p < ports.length; p++) sum += ports[p]!.baseMva * this.#sim.demandPuS(p);
    for (let i = 0; i < rotors.length; i++) {
      const { baseMva, dPu, hS } = rotors[i]!;
      sum += baseMva * (dPu * this.#sim.speedPuS(i) + 2 * hS * this.#sim.speedPu(i));
    }
    return sum / rotors[0]!.baseMva;
  }
}

/** Physics steps in `ms`. @throws `env.taskArgument` unless whole, with steps that divide 0.5 s. */
export function wholeSteps(ms: number, physicsMs: number): number {
  const steps = ms / physicsMs;
  if (!Number.isSafeInteger(500 / physicsMs)) {
    throw fail('env.taskArgument', { expected: 'physicsMs: a divisor of 500', got: physicsMs });
  }
  if (!Number.isSafeInteger(steps) || steps < 1) {
    throw fail('env.taskArgument', { expected: `stepMs and series: whole numbers of ${physicsMs} ms`, got: ms });
  }
  return steps;
}

/** What all frequency tasks take. */
export interface CommonArgs {
  /** `test`: larger losses at lower inertia, wider states of charge, other places or days. `train`. */
  readonly split: 'train' | 'test';
  /** 0: the reading at the instant of the decision (the device's own loop). 1: that of the decision before. 0. */
  readonly observationDelay: 0 | 1;
  /** Probability that a reading is lost: the fallback acts instead of the action. 0. */
  readonly missingRate: number;
  /** Decision interval, ms, a whole number of physics steps. */
  readonly stepMs: number;
  /** Physics step, ms, at most 20; divides 500. */
  readonly physicsMs: number;
  /** Length of an episode, ms, a whole number of decision intervals. */
  readonly episodeMs: number;
}

/** For `taskArguments`. */
export const COMMON_BOUNDS = {
  split: ['train', 'test'],
  observationDelay: [0, 1],
  missingRate: [0, 1, 'real'],
  stepMs: [1, MAX_EPISODE_MS, 'real'],
  physicsMs: [1, 20, 'real'],
  episodeMs: [1, MAX_EPISODE_MS, 'real'],
} as const satisfies Bounds<CommonArgs>;

/** Times that fit into each other. @throws `env.taskArgument`. */
export function checkTimes({ stepMs, physicsMs, episodeMs }: CommonArgs): void {
  wholeSteps(stepMs, physicsMs);
  if (!Number.isSafeInteger(episodeMs / stepMs)) {
    throw fail('env.taskArgument', { expected: `episodeMs: a whole number of ${stepMs} ms`, got: episodeMs });
  }
}
