/**
 * `frequency-ieee14-v1`: batteries on the IEEE 14-bus network bring the frequency back after a load step.
 *
 * Description
 *   Machines at buses 1, 2, 3, 6 and 8 of the IEEE 14-bus case, 60 Hz, 100 MVA: second-order (classical) rotor model,
 *   linearised at the AC power flow without resistances (src/env/physics/frequency/machineNetwork.ts). Machines 1 and 2
 *   have governors (R = 0.05 pu, 0.2 s) and turbines (0.5 s), the others are condensers; MACHINES has their ratings. There
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
import { uniform } from '../../base/realMath.ts';
import type { BatteryRating } from '../../grid/asset.ts';
import { clearSnapshot, type Snapshot } from '../../grid/snapshot.ts';
import { caseNetwork } from '../cases/index.ts';
import { taskArguments } from '../gym/arguments.ts';
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
import { FULL_SHARE_MICRO, IEEE14_INTERFACE } from './frequencyInterface.ts';
import { FrequencyRun, checkTimes, COMMON_BOUNDS, wholeSteps, type CommonArgs, type RunState } from './frequencyRun.ts';

/** Split, observationDelay, missingRate, stepMs (750), physicsMs (10) and episodeMs (15 000, of acting) as in `CommonArgs`. */
export interface FrequencyIeee14Args extends CommonArgs {
  /** The load step before it is varied, pu on 100 MVA; 0.6. */
  readonly loadStepPu: number;
  /** What the devices run live beside the set point; `none`. */
  readonly response: Response;
}

const DEFAULTS: FrequencyIeee14Args = {
  split: 'train',
  observationDelay: 0,
  missingRate: 0,
  stepMs: 750,
  physicsMs: 10,
  episodeMs: 15000,
  loadStepPu: 0.6,
  response: 'none',
};

const F0_HZ = 60;
const GOVERNOR = { rPu: 0.05, tGovernorS: 0.2, tTurbineS: 0.5 };
/**
 * Ratings, H, D and x'd as commonly used with this case (after Kodsi & Canizares, "Modeling and simulation of IEEE
 * 14-bus system with FACTS controllers", Waterloo 2003; the ANDES copy has x'd = 0.6 for machine 1). Governors are ours.
 */
const MACHINES = [
  { bus: 1, baseMva: 615, hS: 5.148, dPu: 2, xTransientPu: 0.2995, governor: GOVERNOR },
  { bus: 2, baseMva: 60, hS: 6.54, dPu: 2, xTransientPu: 0.185, governor: GOVERNOR },
  { bus: 3, baseMva: 60, hS: 6.54, dPu: 2, xTransientPu: 0.185, governor: undefined },
  { bus: 6, baseMva: 25, hS: 5.06, dPu: 2, xTransientPu: 0.232, governor: undefined },
  { bus: 8, baseMva: 25, hS: 5.06, dPu: 2, xTransientPu: 0.232, governor: undefined },
] as const;
const FLEET_BUSES = [4, 9, 13] as const;
const AGENTS = FLEET_BUSES.length;
const LOAD_BUSES = { train: [3, 4, 9, 13], test: [5, 10, 12, 14] } as const;
const SIZE_SPREAD = { train: 0.1, test: 0.3 } as const;
const INERTIA = { train: 1, test: 0.7 } as const;
const SOC_MICRO = [400000, 800000] as const;
const RATING: BatteryRating = {
  pMaxW: 30000000,
  eMaxWh: 15000000,
  etaChargeMicro: 950000,
  etaDischargeMicro: 950000,
  socMinMicro: 50000,
  socMaxMicro: 950000,
};
const LOAD_STEP_MS = 1000;
const FIRST_DECISION_MS = 5000;
const BAND_HZ = 0.05;
const REWARD = { scaleHz: 0.1, energy: 0.01, change: 0.01 };

interface Ieee14State extends TaskState {
  readonly run: RunState;
  readonly seen: readonly number[];
  readonly startPuS: readonly number[];
  readonly deliveredPuS: readonly number[];
  readonly numbers: readonly number[];
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
  #loadBus = 0;
  #loadPu = 0;
  #fallbacks = 0;

  constructor(args: FrequencyIeee14Args) {
    super(args.split === 'test' ? 'frequency-ieee14/test' : 'frequency-ieee14', IEEE14_INTERFACE, AGENTS);
    this.args = args;
    this.stepsPerInterval = wholeSteps(args.stepMs, args.physicsMs);
    const { stepsPerInterval } = this;
    const system = ieee14System(args.split);
    const { ports, rotors } = system.parameters;
    const curve = responseCurve(args.response, F0_HZ);
    const fleets = FLEET_BUSES.map((_, port) => batteryFleet(port, RATING, curve, ports[port]!.baseMva));
    const dtS = args.physicsMs / 1000;
    const options = {
      rotors: rotors.length,
      ports: ports.length,
      f0Hz: F0_HZ,
      dtS,
      stepsPerInterval,
      bandHz: BAND_HZ,
    };
    this.run = new FrequencyRun(options, new FrequencySimulator(system, fleets, { dtS }));
    this.#delayed = new DelayedSnapshots(args.observationDelay, AGENTS);
  }

  protected begin(): void {
    const { stream, args, run } = this;
    const spread = SIZE_SPREAD[args.split];
    const bus = stream.below(LOAD_BUSES[args.split].length);
    this.#loadBus = LOAD_BUSES[args.split][bus]!;
    this.#loadPu = args.loadStepPu * between(stream, [1 - spread, 1 + spread]);
    const { baseMva } = run.sim.system.parameters.ports[0]!;
    for (let a = 0; a < AGENTS; a++) this.#startPuS[a] = storedAt(RATING, between(stream, SOC_MICRO), baseMva);
    this.#fallbacks = 0;
    this.#delayed.reset();
    const event = { step: LOAD_STEP_MS / args.physicsMs, port: AGENTS + bus, demandPu: this.#loadPu };
    run.begin(run.sim, this.#startPuS, [event]);
    for (let a = 0; a < AGENTS; a++) orderFleet(run, a, 0, FULL_SHARE_MICRO);
    run.advance(FIRST_DECISION_MS / args.physicsMs);
    for (let a = 0; a < AGENTS; a++) this.#deliveredPuS[a] = run.sim.deliveredPuS(a);
    run.beginInterval();
  }

  protected measure(agent: number, snapshot: Snapshot): void {
    const { run, args } = this;
    measureFleet(run, agent, RATING, snapshot);
    this.#delayed.pass(agent, snapshot);
    if (args.missingRate > 0 && uniform(this.stream) < args.missingRate) clearSnapshot(snapshot);
  }

  protected advance(step: number): boolean {
    const { run, port, args } = this;
    run.beginInterval();
    for (let a = 0; a < AGENTS; a++) {
      this.#fallbacks += port.fallbackUsed[a]!;
      this.#deliveredPuS[a] = run.sim.deliveredPuS(a);
      orderFleet(run, a, port.issued[a]!, FULL_SHARE_MICRO);
    }
    run.advance(this.stepsPerInterval);
    return (step + 1) * args.stepMs >= args.episodeMs;
  }

  protected reward(agent: number): number {
    const { run, port, args } = this;
    const meanPu = (run.sim.deliveredPuS(agent) - this.#deliveredPuS[agent]!) / (args.stepMs / 1000);
    let frequency = 0;
    for (let i = 0; i < MACHINES.length; i++) frequency += run.absHz[i]! / MACHINES.length / REWARD.scaleHz;
    const energy = Math.abs(meanPu) / run.sim.fleets[agent]!.pMaxPu;
    const change = Math.abs(port.issued[agent]! - port.previous[agent]!) / FULL_SHARE_MICRO;
    return -(frequency + REWARD.energy * energy + REWARD.change * change);
  }

  /** `finalErrorHz`: of the machine that is furthest off now; `finalMeanErrorHz`: mean over the machines. */
  protected metrics(): Info {
    const { run } = this;
    const errors = MACHINES.map((_, i) => Math.abs(run.sim.speedPu(i)) * F0_HZ);
    const energy = FLEET_BUSES.map((_, a) => fleetEnergy(run, a, RATING, this.#startPuS[a]!));
    const total = (key: keyof (typeof energy)[number]): number => energy.reduce((sum, fleet) => sum + fleet[key], 0);
    return {
      loadBus: this.#loadBus,
      loadPu: this.#loadPu,
      ...run.metrics(),
      finalErrorHz: Math.max(...errors),
      finalMeanErrorHz: errors.reduce((a, b) => a + b, 0) / errors.length,
      outsideShare: run.outsideShare(),
      socLeast: Math.min(...FLEET_BUSES.map((_, a) => socOf(run, a, RATING))),
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
      numbers: [this.#loadBus, this.#loadPu, this.#fallbacks],
    };
  }

  protected load(given: TaskState): void {
    const state = given as Ieee14State;
    this.run.setState(state.run);
    this.#delayed.setState(state.seen);
    this.#startPuS.set(state.startPuS);
    this.#deliveredPuS.set(state.deliveredPuS);
    const [loadBus, loadPu, fallbacks] = state.numbers;
    this.#loadBus = loadBus!;
    this.#loadPu = loadPu!;
    this.#fallbacks = fallbacks!;
  }

  protected twin(): FrequencyIeee14Copy {
    return new FrequencyIeee14Copy(this.args);
  }
}

const systems = new Map<'train' | 'test', RotorSystem>();

/** Ports: the fleets' buses, then the buses where the load may step. */
function ieee14System(split: 'train' | 'test'): RotorSystem {
  const known = systems.get(split);
  if (known !== undefined) return known;
  const network = machineNetwork(caseNetwork('ieee14'), MACHINES, [...FLEET_BUSES, ...LOAD_BUSES[split]]);
  const rotors = MACHINES.map((machine) => ({ ...machine, hS: machine.hS * INERTIA[split] }));
  const system = rotorSystem({ f0Hz: F0_HZ, rotors, ...network });
  systems.set(split, system);
  return system;
}

function checkArgs(given: Partial<FrequencyIeee14Args>): FrequencyIeee14Args {
  const args = taskArguments(DEFAULTS, given, { ...COMMON_BOUNDS, response: RESPONSES, loadStepPu: [-2, 2, 'real'] });
  checkTimes(args);
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
