/**
 * `anm6-easy-v1`: one operator curtails sun and wind and runs a storage unit so that a small network loses little
 * energy and keeps its limits; the ANM6Easy task of gym-anm, step for step.
 *
 * Description
 *   Six buses, five branches, seven devices: 0 connection upstream (slack), 1 homes, 2 PV, 3 factory, 4 wind, 5 charging
 *   cars, 6 storage of 50 MW and 100 MWh. In each slot of 15 min the set points are moved to the nearest point that the
 *   devices can reach (Euclidean, in the P-Q plane: bounds, cut corners, sun and wind, state of charge), the AC power
 *   flow is solved and the storage is charged or discharged. Loads and potential follow one published day (96 slots),
 *   again and again; with `variation` the days differ. Per unit is on 100 MVA; energy per unit is pu h = 100 MWh.
 *   H: Henry & Ernst, Energy and AI 5, 2021, arXiv 2103.07932; values and order of events as in gym-anm 2.0.1.
 * Action space
 *   Box [-1, 1] of 6, u -> y = clamp(floor(32768 u + 0.5), +-32767) -> `scaleOutput` of ANM6_INTERFACE:
 *   | # | name | min       | max      | unit                                     |
 *   | 0 | p/2  | 0         | 30000000 | W, most that the PV park may export      |
 *   | 1 | p/4  | 0         | 50000000 | W, most that the wind farm may export    |
 *   | 2 | q/2  | -30000000 | 30000000 | var, injected positive                   |
 *   | 3 | q/4  | -50000000 | 50000000 | var                                      |
 *   | 4 | p/6  | -50000000 | 50000000 | W, discharging positive                  |
 *   | 5 | q/6  | -50000000 | 50000000 | var                                      |
 *   (1, 1, 0, 0, 0, 0) is the passive policy: everything exported, nothing else done.
 * Observation space
 *   Box of 18: normalised integer / 32 768, so within +-1. Raw values clamp to [min, max].
 *   | #     | name                                    | min          | max         | unit                         |
 *   | 0-6   | p.own/0 .. p.own/6                      | as the device can, +-200 MW upstream | W, into the network |
 *   | 7-13  | q.own/0 .. q.own/6                      | as the device can, +-200 Mvar upstream | var, injected     |
 *   | 14    | soc/6                                   | 0            | 1000000     | 1e-6 of 100 MWh              |
 *   | 15-16 | p.potential/2, p.potential/4            | 0            | 30, 50 MW   | W that could be exported     |
 *   | 17    | time.day                                | 0            | 86400       | s, start of the slot acted on |
 * Reward
 *   r = -( clip(dE, +-1) + clip(100 Phi, 0, 100) )
 *     dE  = dt (sum over upstream, renewables and loads of p + sum over renewables of max(0, potential - p))
 *     Phi = dt (sum over buses of [|V| - Vmax]+ + [Vmin - |V|]+, plus sum over branches of [|S| - rate]+)
 *   both pu h, dt = `stepMs` (0.25 h), V within [0.9, 1.1] pu, |S| at the greater end of a branch. dE is line loss, what the storage
 *   takes in less what it gives back, and curtailment. A power flow without a solution is a collapse: r = -20000 =
 *   -100 / (1 - 0.995), as if the worst cost were paid for ever. `info` has dE and Phi of the last step, and the return
 *   discounted by 0.995 a step, which is what results of this task are compared by (there with `episodeSteps` 3000).
 *   `penaltyClip` and `collapseReward` soften the two for training; results are of their defaults. Phi is also the one
 *   cost beside the reward, `phiPuH`, for learners that keep limits.
 * Starting state
 *   As in gym-anm: a slot of the day, a state of charge and reactive power of PV and wind, each drawn uniformly; PV
 *   and wind export all they can and the storage rests. Drawn again when that has no power-flow solution.
 * Episode end
 *   terminated by a collapse; the network is dark, and the last observation shows P and Q of 0.
 *   truncated after `episodeSteps`: the task itself goes on for ever.
 * Arguments
 *   `Anm6Args` below.
 * Versions
 *   v1: first.
 */
import { fail } from '../../base/errors.ts';
import { uniform } from '../../base/realMath.ts';
import { CHANNELS, quantiseBy, setChannelById, type Snapshot } from '../../grid/snapshot.ts';
import { ANM6_RENEWABLES, ANM6_SLACK, ANM6_SLOT_HOURS, ANM6_SLOTS, ANM6_STORAGE } from '../cases/anm6Devices.ts';
import { taskArguments, type Bounds } from '../gym/arguments.ts';
import { EpisodeTask } from '../gym/episode.ts';
import type { Balance, TaskDefinition, TaskState } from '../gym/task.ts';
import type { Info } from '../gym/types.ts';
import { DEFAULT_TOLERANCE_PU } from '../physics/powerflow/port.ts';
import { Anm6Day, type Anm6DayState } from './anm6Day.ts';
import { Anm6Grid, ANM6_BASE_W, ANM6_DEVICES, type Anm6GridState, SOC_MAX_PU_H, SOC_MIN_PU_H } from './anm6Grid.ts';
import { ANM6_INTERFACE } from './anm6Interface.ts';

export interface Anm6Args {
  /**
   * 1: the action for a slot sees the slot before, as in gym-anm and as dispatched by a ledger. 0: it sees the loads and
   * potential of the slot it acts on, and the network as it would be under the set points in force.
   */
  readonly observationDelay: 0 | 1;
  /** Probability that the readings of a slot are lost: the fallback acts instead of the action. 0. */
  readonly missingRate: number;
  /** `test`: other days than `train`, of a heavier season. */
  readonly split: 'train' | 'test';
  /**
   * How much days differ, 0 to 0.5; 0 is the published day every day. Left out: 0 in `train`, 0.2 in `test`. Every
   * track is multiplied by 1 + variation (u + drift), u of the day within +-1, drift within +-0.5; in `test` loads gain
   * variation / 2 more and renewables lose it.
   */
  readonly variation: number;
  /** Decision interval, ms; divides 15 min, through which loads and potential stay as the slot has them. 900 000. */
  readonly stepMs: number;
  /** Steps of an episode; 288, three days of slots. */
  readonly episodeSteps: number;
  /** Slot 0..95 in whose readings every episode begins (the first action is for the next); drawn when left out. */
  readonly startSlot?: number | undefined;
  /** State of charge at the start, MWh; drawn when left out. */
  readonly startSocMwh?: number | undefined;
  /**
   * `solved`: to `tolerancePu`. `gym-anm`: Newton steps left at a mismatch of 1e-5 pu, where gym-anm leaves them; repeats
   * its figures to 1e-9, keeps energy only to 1e-5 pu, and is slow. `solved`.
   */
  readonly powerFlow: 'solved' | 'gym-anm';
  /** Largest voltage change of the last Newton step, pu; 1e-10. */
  readonly tolerancePu: number;
  /** Most that the limits broken in a step cost; 100. Less keeps rare disasters from hiding what a learner does well. */
  readonly penaltyClip: number;
  /** Reward of a collapse; -20 000. */
  readonly collapseReward: number;
}

const DISCOUNT = 0.995;
const ENERGY_CLIP = 1;
const PENALTY_WEIGHT = 100;
const PENALTY_CLIP = 100;
const COLLAPSE_REWARD = -20000;
const COSTS = ['phiPuH'];
const ANM6_DEFAULTS: Anm6Args = {
  observationDelay: 1,
  missingRate: 0,
  split: 'train',
  variation: 0,
  stepMs: 900000,
  episodeSteps: 288,
  powerFlow: 'solved',
  tolerancePu: DEFAULT_TOLERANCE_PU,
  penaltyClip: PENALTY_CLIP,
  collapseReward: COLLAPSE_REWARD,
};

const SLOT_S = 3600 * ANM6_SLOT_HOURS;
const SLOT_MS = 1000 * SLOT_S;
const TEST_SEASON = 0.5;
/** Of the test days when the arguments name none: days that the published one does not show. */
const TEST_VARIATION = 0.2;
const BOUNDS = {
  observationDelay: [0, 1],
  missingRate: [0, 1, 'real'],
  split: ['train', 'test'],
  variation: [0, 0.5, 'real'],
  stepMs: [1000, SLOT_MS],
  episodeSteps: [1, Number.MAX_SAFE_INTEGER],
  startSlot: [0, ANM6_SLOTS - 1],
  startSocMwh: [ANM6_STORAGE.socMin, ANM6_STORAGE.socMax, 'real'],
  powerFlow: ['solved', 'gym-anm'],
  tolerancePu: [1e-14, 1e-3],
  penaltyClip: [0, PENALTY_CLIP, 'real'],
  collapseReward: [COLLAPSE_REWARD, 0, 'real'],
} as const satisfies Bounds<Anm6Args>;
const SLACK = ANM6_SLACK.id;
const STORE = ANM6_STORAGE.id;
const P_OWN = CHANNELS['p.own'].id;
const Q_OWN = CHANNELS['q.own'].id;
const SOC = CHANNELS.soc.id;
const P_POTENTIAL = CHANNELS['p.potential'].id;
const TIME_OF_DAY = CHANNELS['time.day'].id;

const ENERGY_SUM = 0;
const VIOLATION_SUM = 1;
const VIOLATED_STEPS = 2;
const RETURN = 3;
const WEIGHT = 4;
const ENERGY = 5;
const VIOLATION = 6;
const REWARD = 7;
const FALLBACKS = 8;
const TOTALS = 9;

interface Anm6State extends TaskState {
  readonly grid: Anm6GridState;
  readonly day: Anm6DayState;
  readonly totals: readonly number[];
  readonly lost: boolean;
}

export class Anm6Copy extends EpisodeTask {
  readonly args: Anm6Args;
  readonly grid: Anm6Grid;

  readonly #day: Anm6Day;
  readonly #totals = new Float64Array(TOTALS);
  /** The readings of the slot last lived did not arrive. */
  #lost = false;

  constructor(args: Anm6Args) {
    super(args.split === 'test' ? 'anm6-easy/test' : 'anm6-easy', ANM6_INTERFACE, 1, ANM6_DEVICES, COSTS);
    this.args = args;
    this.grid = new Anm6Grid(args.tolerancePu, args.powerFlow, args.stepMs / 3600000);
    this.#day = new Anm6Day(args.variation, args.split === 'test' ? TEST_SEASON : 0, SLOT_MS / args.stepMs);
  }

  protected begin(): void {
    this.#totals.fill(0);
    this.#totals[WEIGHT] = 1;
    const setpoints = new Float64Array(this.port.outputs);
    do this.#drawStart(setpoints);
    while (!this.grid.solve(this.#day.track, setpoints));
    this.#lookAhead(setpoints);
  }

  protected measure(device: number, snapshot: Snapshot): void {
    if (device === SLACK)
      setChannelById(
        snapshot,
        TIME_OF_DAY,
        quantiseBy(this.#day.slot * SLOT_S + (this.#day.part * this.args.stepMs) / 1000, 1),
      );
    if (this.#lost) return;
    const { grid } = this;
    setChannelById(snapshot, P_OWN, quantiseBy(grid.pPu[device]!, ANM6_BASE_W));
    setChannelById(snapshot, Q_OWN, quantiseBy(grid.qPu[device]!, ANM6_BASE_W));
    if (device === STORE) setChannelById(snapshot, SOC, quantiseBy(grid.socPuH / SOC_MAX_PU_H, 1e6));
    else if (grid.isRenewable[device] === 1) {
      setChannelById(snapshot, P_POTENTIAL, quantiseBy(grid.potentialPu[device]!, ANM6_BASE_W));
    }
  }

  protected advance(step: number): boolean {
    const totals = this.#totals;
    const solved = this.grid.advance(this.#day.track, this.port.issued);
    this.terminated = !solved;
    const energy = solved ? this.grid.energyLossPuH() : ENERGY_CLIP;
    const violation = solved ? this.grid.violationPuH() : PENALTY_CLIP / PENALTY_WEIGHT;
    const { penaltyClip, collapseReward } = this.args;
    const reward = solved ? anm6Reward(energy, violation, penaltyClip) : collapseReward;
    totals[ENERGY] = energy;
    totals[VIOLATION] = violation;
    totals[REWARD] = reward;
    totals[ENERGY_SUM]! += energy;
    totals[VIOLATION_SUM]! += violation;
    if (violation > 0) totals[VIOLATED_STEPS]!++;
    totals[RETURN]! += totals[WEIGHT]! * reward;
    totals[WEIGHT]! *= DISCOUNT;
    totals[FALLBACKS]! += this.port.fallbackUsed[0]!;
    this.#lookAhead(this.port.issued);
    return step + 1 >= this.args.episodeSteps;
  }

  protected reward(): number {
    return this.#totals[REWARD]!;
  }

  protected override cost(): number {
    return this.#totals[VIOLATION]!;
  }

  protected metrics(): Info {
    const totals = this.#totals;
    return {
      dEPuH: totals[ENERGY]!,
      phiPuH: totals[VIOLATION]!,
      dESumPuH: totals[ENERGY_SUM]!,
      phiSumPuH: totals[VIOLATION_SUM]!,
      violatedSteps: totals[VIOLATED_STEPS]!,
      discountedReturn: totals[RETURN]!,
      socMwh: (this.grid.socPuH * ANM6_BASE_W) / 1e6,
      nextSlot: this.#day.slot,
      fallbackSteps: totals[FALLBACKS]!,
      collapsed: this.terminated ? 1 : 0,
    };
  }

  /** Upstream, sun and wind against loads, lines, conversion and what was stored. */
  balance(): Balance | undefined {
    if (this.terminated) return undefined;
    const { sourcesPuH, sinksPuH } = this.grid;
    return { sources: sourcesPuH * ANM6_BASE_W, sinks: sinksPuH * ANM6_BASE_W, unit: 'Wh' };
  }

  protected save(): Anm6State {
    return {
      grid: this.grid.getState(),
      day: this.#day.getState(),
      totals: Array.from(this.#totals),
      lost: this.#lost,
    };
  }

  protected load(given: TaskState): void {
    const state = given as Anm6State;
    this.grid.setState(state.grid);
    this.#day.setState(state.day);
    this.#totals.set(state.totals);
    this.#lost = state.lost;
  }

  protected twin(): Anm6Copy {
    return new Anm6Copy(this.args);
  }

  #drawStart(setpoints: Float64Array): void {
    const { startSlot, startSocMwh } = this.args;
    const { stream } = this;
    const slot = stream.below(ANM6_SLOTS);
    this.#day.start(startSlot ?? slot, stream);
    const drawn = SOC_MIN_PU_H + (SOC_MAX_PU_H - SOC_MIN_PU_H) * uniform(stream);
    this.grid.socPuH = startSocMwh === undefined ? drawn : (startSocMwh * 1e6) / ANM6_BASE_W;
    ANM6_RENEWABLES.forEach(({ rating }, i) => {
      setpoints[i] = rating.pMax * 1e6;
      setpoints[ANM6_RENEWABLES.length + i] = (rating.qMin + (rating.qMax - rating.qMin) * uniform(stream)) * 1e6;
    });
  }

  /** On to the next slot, and what is seen of it before the next action. */
  #lookAhead(inForce: ArrayLike<number>): void {
    const { missingRate, observationDelay } = this.args;
    this.#day.next(this.stream);
    this.#lost = missingRate > 0 && uniform(this.stream) < missingRate;
    if (observationDelay === 0 && !this.terminated) this.grid.solve(this.#day.track, inForce);
  }
}

/** r = -( clip(dE, +-1) + clip(100 Phi, 0, 100) ) */
export function anm6Reward(energyPuH: number, violationPuH: number, penaltyClip = PENALTY_CLIP): number {
  const energy = Math.min(Math.max(energyPuH, -ENERGY_CLIP), ENERGY_CLIP);
  return -(energy + Math.min(PENALTY_WEIGHT * violationPuH, penaltyClip));
}

function checkArgs(given: Partial<Anm6Args>): Anm6Args {
  const args = taskArguments(ANM6_DEFAULTS, given, BOUNDS, { startSlot: 'number', startSocMwh: 'number' });
  if (SLOT_MS % args.stepMs === 0) return args;
  throw fail('env.taskArgument', { expected: 'stepMs: a divisor of 15 min', got: args.stepMs });
}

export const anm6Easy: TaskDefinition<Anm6Args> = {
  id: 'anm6-easy-v1',
  about: {
    title: 'curtailment and storage under network limits: ANM6Easy of gym-anm',
    stepS: SLOT_S,
    episodeSteps: ANM6_DEFAULTS.episodeSteps,
  },
  createCopy: (given) =>
    new Anm6Copy(checkArgs(given.split === 'test' ? { variation: TEST_VARIATION, ...given } : given)),
};
