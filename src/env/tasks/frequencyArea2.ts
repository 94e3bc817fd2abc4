/**
 * `frequency-area2-v1`: two areas over a tie line, automatic generation control in both, one battery fleet in each.
 *
 * Description
 *   Areas of 1000 and 600 MVA at 50 Hz, each with swing equation (D = 1 pu), governor (R = 0.05 pu, 0.2 s), steam chest
 *   (0.3 s), reheat (8 s, 0.3 of the power before it) and AGC (PI on the area control error with bias B = 1/R + D,
 *   Kp = 0.05, Ki = 0.02 per s), joined by a tie of 0.2 pu per rad on 1000 MVA; physics steps of 20 ms by the
 *   trapezoidal rule. In each area a fleet of battery inverters, 40 MW and 20 MWh, 0.95 each way, lag 0.1 s, 0 to full in
 *   0.5 s, runs a delivery curve live. An agent is one fleet: every second it scales the curve and adds a set point.
 *   Which area lost power shows in the tie and the area control error; helping the other one moves power over the tie.
 * Action space
 *   Box [-1, 1] of 2 per agent, u -> y = clamp(floor(32768 u + 0.5), +-32767) -> `scaleOutput` -> envelopes of AREA2_INTERFACE:
 *   | # | name  | min      | max     | unit                                      |
 *   | 0 | share | -1000000 | 1000000 | 1e-6 of 40 MW, set point, export positive |
 *   | 1 | gain  | 0        | 4000000 | 1e-6, multiplies the live curve           |
 *   The envelope allows no import at or below -0.1 Hz and no export at or above +0.1 Hz.
 *   (0, -1) does nothing; (0, -0.5) is the bare curve, which is also the fallback.
 * Observation space
 *   Box of 8 per agent: normalised integer / 32 768, so within +-1. Raw values clamp to [min, max].
 *   | # | name       | min        | max       | unit                                                   |
 *   | 0 | f.dev      | -1000000   | 1000000   | 1e-6 Hz from nominal, own area                         |
 *   | 1 | f.delta    | -500000    | 500000    | 1e-6 Hz over the last 0.5 s                            |
 *   | 2 | p.own      | -60000000  | 60000000  | W, export positive                                     |
 *   | 3 | soc        | 0          | 1000000   | 1e-6                                                   |
 *   | 4 | p.tie      | -200000000 | 200000000 | W out of the own area beyond schedule                  |
 *   | 5 | ace.own    | -200000000 | 200000000 | W, tie + B x frequency deviation, surplus positive     |
 *   | 6 | prev.share | -1000000   | 1000000   | 1e-6, as last issued                                   |
 *   | 7 | prev.gain  | 0          | 4000000   | 1e-6, as last issued                                   |
 * Reward
 *   Per agent, f in Hz of the own area, means over the physics steps of the interval:
 *     r = -( min(25, mean (f / 0.1)^2) + min(25, (mean tie / 50 MW)^2) + 0.05 |mean p| / 40 MW
 *            + 0.02 |share - previous share| + 0.02 ((soc - 0.5) / 0.5)^2 )
 * Starting state
 *   At nominal frequency, on schedule and at rest. Drawn: inertia of both areas together, among eight values from 3 to
 *   6 s (`test`: 2 to 4 s); states of charge 0.3 to 0.7 (`test`: 0.15 to 0.85); a loss at 2 to 10 s of 0.03 to 0.1 pu of
 *   the area it strikes (`test`: 0.06 to 0.14), three of four of generation, three of four in area 1 (`test`: in area 2);
 *   in 3 of 10 episodes another of half that range in the other area 20 to 60 s later; imbalance besides of sd 0.001 pu
 *   and 30 s correlation in each area.
 * Episode end
 *   truncated after `episodeMs`. Never terminated: the model is linear and the fleets bounded, so nothing collapses.
 * Arguments
 *   `FrequencyArea2Args` below.
 * Versions
 *   v1: first.
 */
import { expReal, uniform } from '../../base/realMath.ts';
import type { BatteryRating } from '../../grid/asset.ts';
import { clearSnapshot, type Snapshot } from '../../grid/snapshot.ts';
import { taskArguments } from '../gym/arguments.ts';
import { EpisodeTask } from '../gym/episode.ts';
import type { Balance, TaskDefinition, TaskState } from '../gym/task.ts';
import type { Info } from '../gym/types.ts';
import { rotorSystem, tieLine, type Rotor } from '../physics/frequency/rotorSystem.ts';
import { FrequencySimulator } from '../physics/frequency/simulator.ts';
import {
  batteryFleet,
  DelayedSnapshots,
  fleetEnergy,
  measureFleet,
  orderFleet,
  put,
  RESPONSES,
  responseCurve,
  socOf,
  storedAt,
  type Response,
} from './frequencyFleet.ts';
import { between, nextAmbient } from './frequencyDraws.ts';
import { AREA2_INTERFACE } from './frequencyInterface.ts';
import {
  FrequencyRun,
  checkTimes,
  COMMON_BOUNDS,
  wholeSteps,
  type CommonArgs,
  type DemandEvent,
  type RunState,
} from './frequencyRun.ts';

/** Split, observationDelay, missingRate, stepMs (1000), physicsMs (20) and episodeMs (180 000) as in `CommonArgs`. */
export interface FrequencyArea2Args extends CommonArgs {
  /** What the devices run live. `dynamicContainment`. */
  readonly response: Response;
  /** Is automatic generation control at work? true. */
  readonly agc: boolean;
}

const DEFAULTS: FrequencyArea2Args = {
  split: 'train',
  observationDelay: 0,
  missingRate: 0,
  stepMs: 1000,
  physicsMs: 20,
  episodeMs: 180000,
  response: 'dynamicContainment',
  agc: true,
};

const AREAS = 2;
const F0_HZ = 50;
const BASE_MVA = [1000, 600] as const;
const TIE_PU_PER_RAD = 0.2;
const D_PU = 1;
const GOVERNOR = { rPu: 0.05, tGovernorS: 0.2, tTurbineS: 0.3, reheat: { tS: 8, highPressureShare: 0.3 } };
const BIAS_PU = 1 / GOVERNOR.rPu + D_PU;
const AGC = { biasPu: BIAS_PU, kp: 0.05, kiPerS: 0.02 };
const RATING: BatteryRating = {
  pMaxW: 40000000,
  eMaxWh: 20000000,
  etaChargeMicro: 950000,
  etaDischargeMicro: 950000,
  socMinMicro: 50000,
  socMaxMicro: 950000,
};
const INERTIAS = 8;
const DRAWN = {
  train: { hS: [3, 6], lossPu: [0.03, 0.1], socMicro: [300000, 700000], firstArea: 0.75 },
  test: { hS: [2, 4], lossPu: [0.06, 0.14], socMicro: [150000, 850000], firstArea: 0.25 },
} as const;
const AMBIENT_TAU_S = 30;
const SECOND_EVENT = 0.3;
const GENERATION_SHARE = 0.75;
const BAND_HZ = 0.1;
const REWARD = { scaleHz: 0.1, tieW: 50000000, cap: 25, energy: 0.05, change: 0.02, soc: 0.02 };
const MICRO = 1000000;

interface Area2State extends TaskState {
  readonly inertia: number;
  readonly run: RunState;
  readonly seen: readonly number[];
  readonly ambientPu: readonly number[];
  readonly startPuS: readonly number[];
  readonly deliveredPuS: readonly number[];
  readonly numbers: readonly number[];
}

export class FrequencyArea2Copy extends EpisodeTask {
  readonly args: FrequencyArea2Args;
  readonly run: FrequencyRun;
  /** Physics steps between decisions. */
  readonly stepsPerInterval: number;

  readonly #intervals: number;
  readonly #ambientKeep: number;
  readonly #delayed: DelayedSnapshots;
  /** By inertia, made when first drawn. */
  readonly #sims: FrequencySimulator[] = [];
  #inertia = 0;
  readonly #ambientPu = new Float64Array(AREAS);
  readonly #startPuS = new Float64Array(AREAS);
  /** Delivered before the interval last lived, pu s. */
  readonly #deliveredPuS = new Float64Array(AREAS);
  /** Sent over the tie before the interval last lived, pu s of area 1, and its greatest mean over an interval, pu. */
  #tiePuS = 0;
  #tieMostPu = 0;
  #fallbacks = 0;

  constructor(args: FrequencyArea2Args) {
    super(args.split === 'test' ? 'frequency-area2/test' : 'frequency-area2', AREA2_INTERFACE, AREAS);
    this.args = args;
    this.stepsPerInterval = wholeSteps(args.stepMs, args.physicsMs);
    this.#intervals = args.episodeMs / args.stepMs;
    this.#ambientKeep = expReal(-args.stepMs / 1000 / AMBIENT_TAU_S);
    const { stepsPerInterval } = this;
    const dtS = args.physicsMs / 1000;
    const options = { rotors: AREAS, ports: AREAS, f0Hz: F0_HZ, dtS, stepsPerInterval, bandHz: BAND_HZ };
    this.run = new FrequencyRun(options, this.#sim(0));
    this.#delayed = new DelayedSnapshots(args.observationDelay, AREAS);
  }

  protected begin(): void {
    const { stream, args } = this;
    this.#inertia = stream.below(INERTIAS);
    for (let a = 0; a < AREAS; a++) {
      this.#startPuS[a] = storedAt(RATING, between(stream, DRAWN[args.split].socMicro), BASE_MVA[a]!);
    }
    this.#ambientPu.fill(0);
    this.#deliveredPuS.fill(0);
    this.#tiePuS = 0;
    this.#tieMostPu = 0;
    this.#fallbacks = 0;
    this.#delayed.reset();
    this.run.begin(this.#sim(this.#inertia), this.#startPuS, this.#drawEvents());
  }

  protected measure(area: number, snapshot: Snapshot): void {
    const { run, args } = this;
    measureFleet(run, area, RATING, snapshot);
    const baseW = BASE_MVA[area]! * 1e6;
    const tiePu = run.sim.tiePu(area);
    put(snapshot, 'p.tie', tiePu * baseW);
    put(snapshot, 'ace.own', (tiePu + BIAS_PU * run.sim.speedPu(area)) * baseW);
    this.#delayed.pass(area, snapshot);
    if (args.missingRate > 0 && uniform(this.stream) < args.missingRate) clearSnapshot(snapshot);
  }

  protected advance(step: number): boolean {
    const { run, port } = this;
    this.#tiePuS = run.sim.tiePuS(0);
    run.beginInterval();
    for (let a = 0; a < AREAS; a++) {
      this.#fallbacks += port.fallbackUsed[a]!;
      this.#deliveredPuS[a] = run.sim.deliveredPuS(a);
      orderFleet(run, a, port.issued[2 * a]!, port.issued[2 * a + 1]!);
      this.#ambientPu[a] = nextAmbient(this.#ambientPu[a]!, this.#ambientKeep, this.stream);
      run.setVarying(a, this.#ambientPu[a]!);
    }
    run.advance(this.stepsPerInterval);
    this.#tieMostPu = Math.max(this.#tieMostPu, Math.abs(this.#meanTiePu()));
    return step + 1 >= this.#intervals;
  }

  protected reward(area: number): number {
    const { run, port, args } = this;
    const meanPu = (run.sim.deliveredPuS(area) - this.#deliveredPuS[area]!) / (args.stepMs / 1000);
    const frequency = Math.min(REWARD.cap, run.squareHz2[area]! / (REWARD.scaleHz * REWARD.scaleHz));
    const tieShare = (this.#meanTiePu() * BASE_MVA[0] * 1e6) / REWARD.tieW;
    const tie = Math.min(REWARD.cap, tieShare * tieShare);
    const energy = Math.abs(meanPu) / run.sim.fleets[area]!.pMaxPu;
    const change = Math.abs(port.issued[2 * area]! - port.previous[2 * area]!) / MICRO;
    const away = (socOf(run, area, RATING) - 0.5) / 0.5;
    return -(frequency + tie + REWARD.energy * energy + REWARD.change * change + REWARD.soc * away * away);
  }

  protected metrics(): Info {
    const { run } = this;
    const energy = [0, 1].map((a) => fleetEnergy(run, a, RATING, this.#startPuS[a]!));
    const total = (key: keyof (typeof energy)[number]): number => energy[0]![key] + energy[1]![key];
    return {
      hS: run.sim.system.parameters.rotors[0]!.hS,
      ...run.metrics(),
      outsideShare: run.outsideShare(),
      tieW: run.sim.tiePu(0) * BASE_MVA[0] * 1e6,
      tieMostW: this.#tieMostPu * BASE_MVA[0] * 1e6,
      soc1: socOf(run, 0, RATING),
      soc2: socOf(run, 1, RATING),
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

  protected save(): Area2State {
    return {
      inertia: this.#inertia,
      run: this.run.getState(),
      seen: this.#delayed.getState(),
      ambientPu: Array.from(this.#ambientPu),
      startPuS: Array.from(this.#startPuS),
      deliveredPuS: Array.from(this.#deliveredPuS),
      numbers: [this.#tiePuS, this.#tieMostPu, this.#fallbacks],
    };
  }

  protected load(given: TaskState): void {
    const state = given as Area2State;
    this.#inertia = state.inertia;
    this.run.use(this.#sim(state.inertia));
    this.run.setState(state.run);
    this.#delayed.setState(state.seen);
    this.#ambientPu.set(state.ambientPu);
    this.#startPuS.set(state.startPuS);
    this.#deliveredPuS.set(state.deliveredPuS);
    const [tiePuS, tieMostPu, fallbacks] = state.numbers;
    this.#tiePuS = tiePuS!;
    this.#tieMostPu = tieMostPu!;
    this.#fallbacks = fallbacks!;
  }

  protected twin(): FrequencyArea2Copy {
    return new FrequencyArea2Copy(this.args);
  }

  /** Of the interval last lived, out of area 1. */
  #meanTiePu(): number {
    return (this.run.sim.tiePuS(0) - this.#tiePuS) / (this.args.stepMs / 1000);
  }

  #sim(inertia: number): FrequencySimulator {
    const { split, response, physicsMs, agc } = this.args;
    const [low, high] = DRAWN[split].hS;
    const hS = low + ((high - low) * inertia) / (INERTIAS - 1);
    const rotors = BASE_MVA.map((baseMva): Rotor => {
      return { baseMva, hS, dPu: D_PU, governor: GOVERNOR, agc: agc ? AGC : undefined };
    });
    const ports = BASE_MVA.map((baseMva, a) => ({ baseMva, shares: a === 0 ? [1, 0] : [0, 1] }));
    const curve = responseCurve(response, F0_HZ);
    return (this.#sims[inertia] ??= new FrequencySimulator(
      rotorSystem({ f0Hz: F0_HZ, rotors, coupling: tieLine(TIE_PU_PER_RAD, BASE_MVA[0]), ports }),
      BASE_MVA.map((baseMva, a) => batteryFleet(a, RATING, curve, baseMva)),
      { dtS: physicsMs / 1000 },
    ));
  }

  #drawEvents(): DemandEvent[] {
    const { stream, args } = this;
    const { lossPu, firstArea } = DRAWN[args.split];
    const stepAt = (fromS: number, toS: number): number =>
      Math.floor((1000 * between(stream, [fromS, toS])) / args.physicsMs);
    const loss = (): number => between(stream, lossPu) * (uniform(stream) < GENERATION_SHARE ? 1 : -1);
    const area = uniform(stream) < firstArea ? 0 : 1;
    const first = { step: stepAt(2, 10), port: area, demandPu: loss() };
    const another = { step: first.step + stepAt(20, 60), port: 1 - area, demandPu: loss() / 2 };
    return uniform(stream) < SECOND_EVENT ? [first, another] : [first];
  }
}

function checkArgs(given: Partial<FrequencyArea2Args>): FrequencyArea2Args {
  const args = taskArguments(DEFAULTS, given, { ...COMMON_BOUNDS, response: RESPONSES });
  checkTimes(args);
  return args;
}

export const frequencyArea2: TaskDefinition<FrequencyArea2Args> = {
  id: 'frequency-area2-v1',
  about: {
    title: 'a battery fleet in each of two areas: frequency and tie flow beside automatic generation control',
    stepS: DEFAULTS.stepMs / 1000,
    episodeSteps: DEFAULTS.episodeMs / DEFAULTS.stepMs,
  },
  createCopy: (given) => new FrequencyArea2Copy(checkArgs(given)),
};
