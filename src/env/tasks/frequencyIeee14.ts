/**
 * `frequency-ieee14-v1`: batteries on the IEEE 14-bus network bring the frequency back after a load step.
 *
 * Description
 *   Machines at buses 1, 2, 3, 6 and 8 of the IEEE 14-bus case, 60 Hz, 100 MVA: second-order (classical) rotor model,
 *   linearised at the AC power flow without resistances (src/env/physics/frequency/machineNetwork.ts). Machines 1 and 2
 *   have governors (R = 0.05 pu, 0.2 s) and turbines (0.5 s), the others are condensers; src/env/cases/ieee14Machines.ts has
 *   the machines, the fleets, and instant, size and buses of the load step, with their sources. There
 *   is no AGC: after the load step primary control leaves the frequency low, and the agents are the secondary control.
 *   An agent is one fleet of battery inverters, 30 MW and 15 MWh, 0.95 each way, lag 0.1 s, 0 to full in 0.5 s, at buses
 *   4, 9 and 13; it sets its power at 20 instants, from 5 s to 19.25 s every 0.75 s. Physics steps of 10 ms, trapezoidal.
 * Action space
 *   Box [-1, 1] of 1 per agent, u -> y = clamp(floor(32768 u + 0.5), +-32767) -> `scaleOutput` -> envelopes of IEEE14_INTERFACE:
 *   | # | name  | min      | max     | unit                                      |
 *   | 0 | share | -1000000 | 1000000 | 1e-6 of 30 MW, set point, export positive |
 *   The envelope allows no import at or below -0.1 Hz and no export at or above +0.1 Hz. 0 does nothing.
 * Observation space
 *   Box of 5 per agent: normalised integer / 32 768, so within +-1. Raw values clamp to [min, max].
 *   | # | name       | min       | max      | unit                                |
 *   | 0 | f.dev      | -1000000  | 1000000  | 1e-6 Hz from nominal, at the own bus |
 *   | 1 | f.delta    | -500000   | 500000   | 1e-6 Hz over the last 0.5 s         |
 *   | 2 | p.own      | -30000000 | 30000000 | W, export positive                  |
 *   | 3 | soc        | 0         | 1000000  | 1e-6                                |
 *   | 4 | prev.share | -1000000  | 1000000  | 1e-6, as last issued                |
 * Reward
 *   Per agent, shared but for the last two terms, means over physics steps and machines:
 *     r = -( mean |f_machine - 60 Hz| / 0.1 Hz + 0.01 |mean p| / 30 MW + 0.01 |share - previous share| )
 * Starting state
 *   At 60 Hz and at rest at time 0; the load steps at 1 s; the first decision is at 5 s. Drawn: the bus, among 3, 4, 9
 *   and 13 (`test`: 5, 10, 12 and 14); the size, 0.6 pu of 100 MVA x (1 +- 0.1) (`test`: +- 0.3); states of charge 0.4 to
 *   0.8. In `test` all inertias are 0.7 of their rating.
 * Episode end
 *   truncated after `episodeMs` of acting, at 20 s. Never terminated: the model is linear, so nothing falls out of step.
 * Arguments
 *   `FrequencyIeee14Args` below.
 * Versions
 *   v1: first.
 */
import { fail } from '../../base/errors.ts';
import { clamp } from '../../base/fixed.ts';
import { uniform } from '../../base/realMath.ts';
import { clearSnapshot, type Snapshot } from '../../grid/snapshot.ts';
import { IEEE14_MACHINES_TEXT } from '../cases/ieee14Machines.ts';
import { caseNetwork } from '../cases/index.ts';
import { parseMachines, type StudyStep } from '../cases/machineText.ts';
import { taskArguments, type Bounds } from '../gym/arguments.ts';
import { EpisodeTask } from '../gym/episode.ts';
import type { Balance, TaskDefinition, TaskState } from '../gym/task.ts';
import type { Info } from '../gym/types.ts';
import { machineNetwork } from '../physics/frequency/machineNetwork.ts';
import { rotorSystem, type RotorSystem } from '../physics/frequency/rotorSystem.ts';
import { FrequencySimulator } from '../physics/frequency/simulator.ts';
import { between } from './frequencyDraws.ts';
import {
  batteryFleet,
  DelayedSnapshots,
  fleetEnergy,
  measureFleet,
  orderFleet,
  RESPONSES,
  responseCurve,
  socOf,
  storedAt,
  type Response,
} from './frequencyFleet.ts';
import { FULL_SHARE_MICRO, IEEE14_INTERFACE, IEEE14_RAISE_INTERFACE } from './frequencyInterface.ts';
import { FrequencyRun, checkTimes, COMMON_BOUNDS, wholeSteps, type CommonArgs, type RunState } from './frequencyRun.ts';

/** Machines, fleets and load steps with their provenance. */
const STUDY = parseMachines(IEEE14_MACHINES_TEXT);
const F0_HZ = STUDY.f0Hz;
const MACHINES = STUDY.machines;
const FLEETS = STUDY.fleets;
const AGENTS = FLEETS.length;
const SOC_MICRO = [400000, 800000] as const;
const FIRST_DECISION_MS = 5000;
/** Inertias drawn are so many, evenly spaced, both ends in. */
const INERTIAS = 8;
const BAND_HZ = 0.05;
const SCALE_HZ = 0.1;

/** Split, observationDelay, missingRate, stepMs (750), physicsMs (10) and episodeMs (15 000, of acting) as in `CommonArgs`. */
export interface FrequencyIeee14Args extends CommonArgs {
  /** The load step before it is varied, pu on 100 MVA; 0.6. */
  readonly loadStepPu: number;
  /** What the devices run live beside the set point; `none`. */
  readonly response: Response;
  /** `share`: the set point itself; `raise`: what is added to it, within +-1000000 in all. `share`. */
  readonly actions: 'share' | 'raise';
  /** What the inertias of the split are multiplied by is drawn between these, from 8 values; 1 and 1. */
  readonly inertiaLow: number;
  readonly inertiaHigh: number;
  /** The size of the step is varied by +- this share, instead of that of the split. */
  readonly sizeSpread?: number | undefined;
  /** Weights of the reward. */
  readonly reward: Ieee14Reward;
}

/**
 *   r = -( machines x mean |f_machine| / 0.1 Hz + centre x mean |f_centre| / 0.1 Hz + outside x share of the interval with
 *          |f_centre| > 10 mHz + energy x |mean p| / pMax + change x |share - previous share| )
 */
export interface Ieee14Reward {
  readonly machines: number;
  readonly centre: number;
  readonly outside: number;
  readonly energy: number;
  readonly change: number;
}

const DEFAULTS: FrequencyIeee14Args = {
  split: 'train',
  observationDelay: 0,
  missingRate: 0,
  stepMs: 750,
  physicsMs: 10,
  episodeMs: 15000,
  loadStepPu: STUDY.steps[0]!.demandPu,
  response: 'none',
  actions: 'share',
  inertiaLow: 1,
  inertiaHigh: 1,
  reward: { machines: 1, centre: 0, outside: 0, energy: 0.01, change: 0.01 },
};

interface Ieee14State extends TaskState {
  readonly run: RunState;
  readonly seen: readonly number[];
  readonly startPuS: readonly number[];
  readonly deliveredPuS: readonly number[];
  readonly numbers: readonly number[];
  readonly shareMicro: readonly number[];
}

export class FrequencyIeee14Copy extends EpisodeTask {
  readonly args: FrequencyIeee14Args;
  readonly run: FrequencyRun;
  /** Physics steps between decisions. */
  readonly stepsPerInterval: number;

  readonly #delayed: DelayedSnapshots;
  readonly #startPuS = new Float64Array(AGENTS);
  /** Delivered before the interval last lived, pu s. */
  readonly #deliveredPuS = new Float64Array(AGENTS);
  /** The steps that this split draws from. */
  readonly #steps: readonly StudyStep[];
  /** By inertia drawn, made when first drawn. */
  readonly #sims: FrequencySimulator[] = [];
  /** Set points now, 1e-6. */
  readonly #shareMicro = new Int32Array(AGENTS);
  #inertia = 0;
  #loadBus = 0;
  #loadPu = 0;
  /** Of the machines, at the first decision and since: integrals of |f|, Hz s. */
  #centreBeforeHzS = 0;
  #machinesHzS = 0;
  #fallbacks = 0;

  constructor(args: FrequencyIeee14Args) {
    const shared = args.actions === 'raise' ? IEEE14_RAISE_INTERFACE : IEEE14_INTERFACE;
    super(args.split === 'test' ? 'frequency-ieee14/test' : 'frequency-ieee14', shared, AGENTS);
    this.args = args;
    this.#steps = STUDY.steps.filter(({ set }) => set === args.split);
    this.stepsPerInterval = wholeSteps(args.stepMs, args.physicsMs);
    const { stepsPerInterval } = this;
    const sim = this.#sim(0);
    const { ports, rotors } = sim.system.parameters;
    const options = {
      rotors: rotors.length,
      ports: ports.length,
      f0Hz: F0_HZ,
      dtS: args.physicsMs / 1000,
      stepsPerInterval,
      bandHz: BAND_HZ,
    };
    this.run = new FrequencyRun(options, sim);
    this.#delayed = new DelayedSnapshots(args.observationDelay, AGENTS);
  }

  protected begin(): void {
    const { stream, args, run } = this;
    const port = stream.below(this.#steps.length);
    const { bus, atMs, spread: usual } = this.#steps[port]!;
    const spread = args.sizeSpread ?? usual;
    this.#loadBus = bus;
    this.#loadPu = args.loadStepPu * between(stream, [1 - spread, 1 + spread]);
    const { baseMva } = run.sim.system.parameters.ports[0]!;
    for (let a = 0; a < AGENTS; a++)
      this.#startPuS[a] = storedAt(FLEETS[a]!.rating, between(stream, SOC_MICRO), baseMva);
    this.#inertia = args.inertiaLow < args.inertiaHigh ? stream.below(INERTIAS) : 0;
    this.#fallbacks = 0;
    this.#shareMicro.fill(0);
    this.#delayed.reset();
    const event = { step: atMs / args.physicsMs, port: AGENTS + port, demandPu: this.#loadPu };
    run.begin(this.#sim(this.#inertia), this.#startPuS, [event]);
    for (let a = 0; a < AGENTS; a++) orderFleet(run, a, 0, FULL_SHARE_MICRO);
    run.advance(FIRST_DECISION_MS / args.physicsMs);
    for (let a = 0; a < AGENTS; a++) this.#deliveredPuS[a] = run.sim.deliveredPuS(a);
    this.#centreBeforeHzS = run.centreHzS;
    this.#machinesHzS = 0;
    run.beginInterval();
  }

  protected measure(agent: number, snapshot: Snapshot): void {
    const { run, args } = this;
    measureFleet(run, agent, FLEETS[agent]!.rating, snapshot);
    this.#delayed.pass(agent, snapshot);
    if (args.missingRate > 0 && uniform(this.stream) < args.missingRate) clearSnapshot(snapshot);
  }

  protected advance(step: number): boolean {
    const { run, port, args } = this;
    run.beginInterval();
    for (let a = 0; a < AGENTS; a++) {
      this.#fallbacks += port.fallbackUsed[a]!;
      this.#deliveredPuS[a] = run.sim.deliveredPuS(a);
      const before = args.actions === 'raise' ? this.#shareMicro[a]! : 0;
      this.#shareMicro[a] = clamp(before + port.issued[a]!, -FULL_SHARE_MICRO, FULL_SHARE_MICRO);
      orderFleet(run, a, this.#shareMicro[a]!, FULL_SHARE_MICRO);
    }
    run.advance(this.stepsPerInterval);
    this.#machinesHzS += (this.#meanAbsHz() * args.stepMs) / 1000;
    return (step + 1) * args.stepMs >= args.episodeMs;
  }

  protected reward(agent: number): number {
    const { run, port, args } = this;
    const { machines, centre, outside, energy, change } = args.reward;
    const meanPu = (run.sim.deliveredPuS(agent) - this.#deliveredPuS[agent]!) / (args.stepMs / 1000);
    let frequency = 0;
    for (let i = 0; i < MACHINES.length; i++) frequency += run.absHz[i]! / MACHINES.length / SCALE_HZ;
    const used = Math.abs(meanPu) / run.sim.fleets[agent]!.pMaxPu;
    const held = args.actions === 'raise' ? 0 : port.previous[agent]!;
    const changed = Math.abs(port.issued[agent]! - held) / FULL_SHARE_MICRO;
    const ofCentre = (centre * run.centreAbsHz) / SCALE_HZ + outside * run.fineOutside;
    return -(machines * frequency + ofCentre + energy * used + change * changed);
  }

  #meanAbsHz(): number {
    let sum = 0;
    for (let i = 0; i < MACHINES.length; i++) sum += this.run.absHz[i]!;
    return sum / MACHINES.length;
  }

  /**
   * `finalErrorHz`: of the machine that is furthest off now; `finalMeanErrorHz`: mean over the machines; `finalCentreHz`: of
   * the centre of inertia. From the first decision on: `within10mHzS`, after which the centre is within 10 mHz to the end
   * (-1: it is not at the end; 0: it was from the start), and the integrals of |f|, `centreHzS` and, mean over the machines,
   * `machinesHzS`.
   */
  protected metrics(): Info {
    const { run } = this;
    const errors = MACHINES.map((_, i) => Math.abs(run.sim.speedPu(i)) * F0_HZ);
    const energy = FLEETS.map(({ rating }, a) => fleetEnergy(run, a, rating, this.#startPuS[a]!));
    const afterS = (FIRST_DECISION_MS - this.#steps[0]!.atMs) / 1000;
    const total = (key: keyof (typeof energy)[number]): number => energy.reduce((sum, fleet) => sum + fleet[key], 0);
    return {
      loadBus: this.#loadBus,
      loadPu: this.#loadPu,
      ...run.metrics(),
      finalErrorHz: Math.max(...errors),
      finalCentreHz: Math.abs(run.centreHz),
      within10mHzS: run.centreWithinS < 0 ? -1 : Math.max(0, run.centreWithinS - afterS),
      centreHzS: run.centreHzS - this.#centreBeforeHzS,
      machinesHzS: this.#machinesHzS,
      finalMeanErrorHz: errors.reduce((a, b) => a + b, 0) / errors.length,
      outsideShare: run.outsideShare(),
      socLeast: Math.min(...FLEETS.map(({ rating }, a) => socOf(run, a, rating))),
      netWh: total('netWh'),
      importedWh: total('importedWh'),
      exportedWh: total('exportedWh'),
      conversionLossWh: total('conversionLossWh'),
      fallbacks: this.#fallbacks,
    };
  }

  balance(): Balance {
    return this.run.balance();
  }

  protected save(): Ieee14State {
    return {
      run: this.run.getState(),
      seen: this.#delayed.getState(),
      startPuS: Array.from(this.#startPuS),
      deliveredPuS: Array.from(this.#deliveredPuS),
      numbers: [this.#loadBus, this.#loadPu, this.#fallbacks, this.#inertia, this.#centreBeforeHzS, this.#machinesHzS],
      shareMicro: Array.from(this.#shareMicro),
    };
  }

  protected load(given: TaskState): void {
    const state = given as Ieee14State;
    const [loadBus, loadPu, fallbacks, inertia, centreBeforeHzS, machinesHzS] = state.numbers;
    this.#inertia = inertia!;
    this.run.use(this.#sim(this.#inertia));
    this.run.setState(state.run);
    this.#delayed.setState(state.seen);
    this.#startPuS.set(state.startPuS);
    this.#deliveredPuS.set(state.deliveredPuS);
    this.#loadBus = loadBus!;
    this.#loadPu = loadPu!;
    this.#fallbacks = fallbacks!;
    this.#centreBeforeHzS = centreBeforeHzS!;
    this.#machinesHzS = machinesHzS!;
    this.#shareMicro.set(state.shareMicro);
  }

  protected twin(): FrequencyIeee14Copy {
    return new FrequencyIeee14Copy(this.args);
  }

  #sim(inertia: number): FrequencySimulator {
    return (this.#sims[inertia] ??= this.#makeSim(inertia));
  }

  #makeSim(inertia: number): FrequencySimulator {
    const { split, response, physicsMs, inertiaLow, inertiaHigh } = this.args;
    const scale = inertiaLow + ((inertiaHigh - inertiaLow) * inertia) / (INERTIAS - 1);
    const system = ieee14System(split, scale);
    const { ports } = system.parameters;
    const curve = responseCurve(response, F0_HZ);
    const fleets = FLEETS.map(({ rating }, port) => batteryFleet(port, rating, curve, ports[port]!.baseMva));
    return new FrequencySimulator(system, fleets, { dtS: physicsMs / 1000 });
  }
}

const systems = new Map<string, RotorSystem>();

/** Ports: the fleets' buses, then the buses where the load may step. `scale`: of the inertias of the split. */
function ieee14System(split: 'train' | 'test', scale: number): RotorSystem {
  const key = `${split}/${scale}`;
  const known = systems.get(key);
  if (known !== undefined) return known;
  const steps = STUDY.steps.filter(({ set }) => set === split);
  const buses = [...FLEETS, ...steps].map(({ bus }) => bus);
  const network = machineNetwork(caseNetwork(STUDY.network), MACHINES, buses);
  const rotors = MACHINES.map((machine) => ({ ...machine, hS: machine.hS * steps[0]!.inertia * scale }));
  const system = rotorSystem({ f0Hz: F0_HZ, rotors, ...network });
  systems.set(key, system);
  return system;
}

const BOUNDS = {
  ...COMMON_BOUNDS,
  response: RESPONSES,
  loadStepPu: [-2, 2, 'real'],
  actions: ['share', 'raise'],
  inertiaLow: [0.1, 10, 'real'],
  inertiaHigh: [0.1, 10, 'real'],
  sizeSpread: [0, 1, 'real'],
} as const satisfies Bounds<FrequencyIeee14Args>;

function checkArgs(given: Partial<FrequencyIeee14Args>): FrequencyIeee14Args {
  const args = taskArguments(DEFAULTS, given, BOUNDS, { sizeSpread: 'number' });
  checkTimes(args);
  if (!Object.values(args.reward).every(Number.isFinite) || args.inertiaLow > args.inertiaHigh) {
    throw fail('env.taskArgument', {
      expected: 'finite weights of the reward, inertiaLow <= inertiaHigh',
      got: { ...args.reward, inertiaLow: args.inertiaLow, inertiaHigh: args.inertiaHigh },
    });
  }
  return args;
}

export const frequencyIeee14: TaskDefinition<FrequencyIeee14Args> = {
  id: 'frequency-ieee14-v1',
  about: {
    title: 'batteries as secondary control of five machines on the IEEE 14-bus network after a load step',
    stepS: DEFAULTS.stepMs / 1000,
    episodeSteps: DEFAULTS.episodeMs / DEFAULTS.stepMs,
  },
  createCopy: (given) => new FrequencyIeee14Copy(checkArgs(given)),
};

/**
 * `frequency-ieee14-v1` by raise and lower commands that see the frequency at all fleets (`actions: 'raise'`), with a droop live
 * in the devices beside them (`response: 'droop'`: full at 0.2 Hz, deadband 15 mHz).
 */
export const frequencyIeee14Raise: TaskDefinition<FrequencyIeee14Args> = {
  id: 'frequency-ieee14-raise-v1',
  about: {
    ...frequencyIeee14.about!,
    title: 'the same by raise and lower commands that see the frequency at all fleets, beside a live droop',
  },
  createCopy: (given) => new FrequencyIeee14Copy(checkArgs({ actions: 'raise', response: 'droop', ...given })),
};
