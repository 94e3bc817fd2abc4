/**
 * `frequency-area1-v1`: a fleet of batteries keeps the frequency of one area.
 *
 * Description
 *   One area of 1000 MVA at 50 Hz: swing equation with D = 1 pu, governor (R = 0.05 pu, 0.2 s), steam chest (0.3 s) and
 *   reheat (8 s, 0.3 of the power before it), in physics steps of 10 ms by the trapezoidal rule. One fleet of battery
 *   inverters, 50 MW and 25 MWh, 0.95 each way, lag 0.1 s, 0 to full in 0.5 s, runs a delivery curve live
 *   (NESO Dynamic Containment unless told otherwise); every decision interval the agent scales the curve and adds a
 *   set point. Two scenarios: `contingency`, sudden losses of generation or load among small random imbalance; and
 *   `series`, in which the imbalance is the one that would make the area, were the fleet idle, follow a measured or
 *   synthetic series of frequency deviations exactly, so that what the fleet does changes what it sees.
 * Action space
 *   Box [-1, 1] of 2, u -> y = clamp(floor(32768 u + 0.5), +-32767) -> `scaleOutput` -> envelopes of AREA1_INTERFACE:
 *   | # | name  | min      | max     | unit                                      |
 *   | 0 | share | -1000000 | 1000000 | 1e-6 of 50 MW, set point, export positive |
 *   | 1 | gain  | 0        | 4000000 | 1e-6, multiplies the live curve           |
 *   The envelope allows no import at or below -0.1 Hz and no export at or above +0.1 Hz.
 *   (0, -1) does nothing; (0, -0.5) is the bare curve (so, with `response: 'droop'`, plain droop), which is also the fallback.
 * Observation space
 *   Box of 6: normalised integer / 32 768, so within +-1. Raw values clamp to [min, max].
 *   | # | name       | min       | max      | unit                          |
 *   | 0 | f.dev      | -1000000  | 1000000  | 1e-6 Hz from nominal          |
 *   | 1 | f.delta    | -500000   | 500000   | 1e-6 Hz over the last 0.5 s   |
 *   | 2 | p.own      | -60000000 | 60000000 | W, export positive            |
 *   | 3 | soc        | 0         | 1000000  | 1e-6                          |
 *   | 4 | prev.share | -1000000  | 1000000  | 1e-6, as last issued          |
 *   | 5 | prev.gain  | 0         | 4000000  | 1e-6, as last issued          |
 * Reward
 *   With f in Hz from nominal, means over the physics steps of the interval:
 *     r = -( min(25, mean (f / 0.2)^2) + 0.05 |mean p| / 50 MW + 0.02 |share - previous share| + 0.02 ((soc - 0.5) / 0.5)^2 )
 * Starting state
 *   At nominal frequency and rest. Drawn: inertia H among eight values from 3 to 6 s (`test`: 2 to 4 s), state of charge
 *   0.3 to 0.7 (`test`: 0.15 to 0.85). `contingency`: a loss at 1 to 5 s of 0.03 to 0.1 pu (`test`: 0.06 to 0.14),
 *   three of four of generation, and in 3 of 10 episodes another of half that range 5 to 15 s later; imbalance
 *   besides of sd 0.001 pu and 30 s correlation. `series`: an hour of the synthetic series, or the one given, from a
 *   drawn second on; the area starts at nominal and joins the series within its first second.
 * Episode end
 *   truncated after `episodeMs`. Never terminated: the model is linear and the fleet bounded, so nothing collapses.
 * Arguments
 *   `FrequencyArea1Args` below.
 * Versions
 *   v1: first.
 */
import { fail } from '../../base/errors.ts';
import { expReal, uniform } from '../../base/realMath.ts';
import type { BatteryRating } from '../../grid/asset.ts';
import { clearSnapshot, type Snapshot } from '../../grid/snapshot.ts';
import { taskArguments, type Bounds } from '../gym/arguments.ts';
import { EpisodeTask } from '../gym/episode.ts';
import type { Balance, TaskDefinition, TaskState } from '../gym/task.ts';
import type { Info } from '../gym/types.ts';
import { initialRocofHzPerS } from '../physics/frequency/metrics.ts';
import { rotorSystem } from '../physics/frequency/rotorSystem.ts';
import { FrequencySimulator, type SimulatorState } from '../physics/frequency/simulator.ts';
import { syntheticFrequencyDeviationHz } from '../series/generator/frequency.ts';
import type { ScalarSeries } from '../series/scalar.ts';
import { testDay, trainDay } from '../series/synthetic.ts';
import { between, nextAmbient } from './frequencyDraws.ts';
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
import { AREA1_INTERFACE } from './frequencyInterface.ts';
import {
  FrequencyRun,
  checkTimes,
  COMMON_BOUNDS,
  wholeSteps,
  type CommonArgs,
  type DemandEvent,
  type RunState,
} from './frequencyRun.ts';

/** Split, observationDelay, missingRate, stepMs (500), physicsMs (10) and episodeMs (30 000) as in `CommonArgs`. */
export interface FrequencyArea1Args extends CommonArgs {
  /** `contingency`. */
  readonly scenario: 'contingency' | 'series';
  /** What the devices run live. `dynamicContainment`. */
  readonly response: Response;
  /**
   * For `series`: deviations in Hz instead of synthetic ones, in steps of whole physics steps. Both splits draw from all
   * of it: give the test split another.
   */
  readonly series?: ScalarSeries | undefined;
  /** For `series`: what deviations are multiplied by. 6.4 brings the p99 of a quiet 60 Hz interconnection to 0.2 Hz. */
  readonly seriesScale: number;
  /** Seed of the synthetic series, apart from the seed of the episodes. 1. */
  readonly seriesSeed: number;
  /** Synthetic days drawn from are the first this many of the split; 365. */
  readonly days: number;
}

const DEFAULTS: FrequencyArea1Args = {
  scenario: 'contingency',
  split: 'train',
  observationDelay: 0,
  missingRate: 0,
  stepMs: 500,
  physicsMs: 10,
  episodeMs: 30000,
  response: 'dynamicContainment',
  seriesScale: 6.4,
  seriesSeed: 1,
  days: 365,
};

const F0_HZ = 50;
const BASE_MVA = 1000;
const GOVERNOR = { rPu: 0.05, tGovernorS: 0.2, tTurbineS: 0.3, reheat: { tS: 8, highPressureShare: 0.3 } };
/** The fleet of the one-area tasks. */
export const AREA1_RATING: BatteryRating = {
  pMaxW: 50000000,
  eMaxWh: 25000000,
  etaChargeMicro: 950000,
  etaDischargeMicro: 950000,
  socMinMicro: 50000,
  socMaxMicro: 950000,
};
const INERTIAS = 8;
const DRAWN = {
  train: { hS: [3, 6], lossPu: [0.03, 0.1], socMicro: [300000, 700000] },
  test: { hS: [2, 4], lossPu: [0.06, 0.14], socMicro: [150000, 850000] },
} as const;
const AMBIENT_TAU_S = 30;
const SECOND_EVENT = 0.3;
const GENERATION_SHARE = 0.75;
const BAND_HZ = 0.2;
const REWARD = { scaleHz: 0.2, cap: 25, energy: 0.05, change: 0.02, soc: 0.02 };
const MICRO = 1000000;
const SAMPLE_MS = 1000;
const SECONDS_PER_HOUR = 3600;
const MAX_SERIES_SCALE = 1e6;
/** A thousand years. */
const MAX_DAYS = 365000;

interface Area1State extends TaskState {
  readonly inertia: number;
  readonly run: RunState;
  readonly shadow?: SimulatorState;
  readonly seen: readonly number[];
  readonly path: readonly number[];
  readonly numbers: readonly number[];
}

export class FrequencyArea1Copy extends EpisodeTask {
  readonly args: FrequencyArea1Args;
  readonly run: FrequencyRun;
  /** Physics steps between decisions. */
  readonly stepsPerInterval: number;

  readonly #intervals: number;
  readonly #stepsPerSample: number;
  readonly #ambientKeep: number;
  readonly #delayed: DelayedSnapshots;
  /** By inertia, made when first drawn; and beside each, for series, an area whose fleet is idle. */
  readonly #sims: FrequencySimulator[] = [];
  readonly #shadows: FrequencySimulator[] = [];
  #inertia = 0;
  /** Deviations that the idle area follows in this episode, pu, one a sample. */
  #path: Float64Array = new Float64Array(0);
  #ambientPu = 0;
  #lossPu = 0;
  #startPuS = 0;
  /** Delivered before the interval last lived, pu s. */
  #deliveredPuS = 0;
  #fallbacks = 0;

  constructor(args: FrequencyArea1Args) {
    super(args.split === 'test' ? 'frequency-area1/test' : 'frequency-area1', AREA1_INTERFACE, 1);
    this.args = args;
    this.stepsPerInterval = wholeSteps(args.stepMs, args.physicsMs);
    this.#intervals = args.episodeMs / args.stepMs;
    this.#stepsPerSample = wholeSteps(args.series?.stepMs ?? SAMPLE_MS, args.physicsMs);
    this.#ambientKeep = expReal(-args.stepMs / 1000 / AMBIENT_TAU_S);
    const { stepsPerInterval } = this;
    const dtS = args.physicsMs / 1000;
    const options = { rotors: 1, ports: 1, f0Hz: F0_HZ, dtS, stepsPerInterval, bandHz: BAND_HZ };
    this.run = new FrequencyRun(options, this.#simFor(this.#sims, 0));
    this.#delayed = new DelayedSnapshots(args.observationDelay);
  }

  protected begin(): void {
    const { stream, args } = this;
    const drawn = DRAWN[args.split];
    this.#inertia = stream.below(INERTIAS);
    this.#startPuS = storedAt(AREA1_RATING, between(stream, drawn.socMicro), BASE_MVA);
    this.#ambientPu = 0;
    this.#deliveredPuS = 0;
    this.#fallbacks = 0;
    this.#delayed.reset();
    const isSeries = args.scenario === 'series';
    const events = isSeries ? [] : this.#drawEvents();
    this.#lossPu = events[0]?.demandPu ?? 0;
    if (isSeries) {
      this.#path = this.#drawPath();
      this.#simFor(this.#shadows, this.#inertia).reset();
    }
    this.run.begin(this.#simFor(this.#sims, this.#inertia), [this.#startPuS], events, isSeries);
  }

  protected measure(_asset: number, snapshot: Snapshot): void {
    measureFleet(this.run, 0, AREA1_RATING, snapshot);
    this.#delayed.pass(0, snapshot);
    if (this.args.missingRate > 0 && uniform(this.stream) < this.args.missingRate) clearSnapshot(snapshot);
  }

  protected advance(step: number): boolean {
    const { run, port, stepsPerInterval } = this;
    this.#fallbacks += port.fallbackUsed[0]!;
    this.#deliveredPuS = run.sim.deliveredPuS(0);
    orderFleet(run, 0, port.issued[0]!, port.issued[1]!);
    run.beginInterval();
    if (this.args.scenario === 'series') this.#follow();
    else {
      this.#ambientPu = nextAmbient(this.#ambientPu, this.#ambientKeep, this.stream);
      run.setVarying(0, this.#ambientPu);
      run.advance(stepsPerInterval);
    }
    return step + 1 >= this.#intervals;
  }

  protected reward(): number {
    const { run, port, args } = this;
    const meanPu = (run.sim.deliveredPuS(0) - this.#deliveredPuS) / (args.stepMs / 1000);
    const frequency = Math.min(REWARD.cap, run.squareHz2[0]! / (REWARD.scaleHz * REWARD.scaleHz));
    const energy = Math.abs(meanPu) / run.sim.fleets[0]!.pMaxPu;
    const change = Math.abs(port.issued[0]! - port.previous[0]!) / MICRO;
    const away = (socOf(run, 0, AREA1_RATING) - 0.5) / 0.5;
    return -(frequency + REWARD.energy * energy + REWARD.change * change + REWARD.soc * away * away);
  }

  protected metrics(): Info {
    const { run } = this;
    const { hS } = run.sim.system.parameters.rotors[0]!;
    const initial = this.args.scenario === 'series' ? 0 : initialRocofHzPerS(this.#lossPu, F0_HZ, hS);
    return {
      hS,
      lossPu: this.#lossPu,
      ...run.metrics(),
      initialRocofHzPerS: initial,
      outsideShare: run.outsideShare(),
      soc: socOf(run, 0, AREA1_RATING),
      ...fleetEnergy(run, 0, AREA1_RATING, this.#startPuS),
      fallbacks: this.#fallbacks,
    };
  }

  balance(): Balance {
    return this.run.balance();
  }

  protected save(): Area1State {
    const own = {
      inertia: this.#inertia,
      run: this.run.getState(),
      seen: this.#delayed.getState(),
      path: Array.from(this.#path),
      numbers: [this.#ambientPu, this.#lossPu, this.#startPuS, this.#deliveredPuS, this.#fallbacks],
    };
    if (this.args.scenario !== 'series') return own;
    return { ...own, shadow: this.#simFor(this.#shadows, this.#inertia).getState() };
  }

  protected load(given: TaskState): void {
    const state = given as Area1State;
    this.#inertia = state.inertia;
    this.run.use(this.#simFor(this.#sims, state.inertia));
    this.run.setState(state.run);
    if (state.shadow !== undefined) this.#simFor(this.#shadows, state.inertia).setState(state.shadow);
    this.#delayed.setState(state.seen);
    this.#path = Float64Array.from(state.path);
    const [ambientPu, lossPu, startPuS, deliveredPuS, fallbacks] = state.numbers;
    this.#ambientPu = ambientPu!;
    this.#lossPu = lossPu!;
    this.#startPuS = startPuS!;
    this.#deliveredPuS = deliveredPuS!;
    this.#fallbacks = fallbacks!;
  }

  protected twin(): FrequencyArea1Copy {
    return new FrequencyArea1Copy(this.args);
  }

  /** `#sims` have the fleet, `#shadows` do not. */
  #simFor(sims: FrequencySimulator[], inertia: number): FrequencySimulator {
    const { split, response, physicsMs } = this.args;
    const [low, high] = DRAWN[split].hS;
    const hS = low + ((high - low) * inertia) / (INERTIAS - 1);
    return (sims[inertia] ??= new FrequencySimulator(
      rotorSystem({
        f0Hz: F0_HZ,
        rotors: [{ baseMva: BASE_MVA, hS, dPu: 1, governor: GOVERNOR }],
        ports: [{ baseMva: BASE_MVA, shares: [1] }],
      }),
      sims === this.#shadows ? [] : [batteryFleet(0, AREA1_RATING, responseCurve(response, F0_HZ), BASE_MVA)],
      { dtS: physicsMs / 1000 },
    ));
  }

  #drawEvents(): DemandEvent[] {
    const { stream, args } = this;
    const [low, high] = DRAWN[args.split].lossPu;
    const stepAt = (fromS: number, toS: number): number =>
      Math.floor((1000 * between(stream, [fromS, toS])) / args.physicsMs);
    const loss = (): number => between(stream, [low, high]) * (uniform(stream) < GENERATION_SHARE ? 1 : -1);
    const first = { step: stepAt(1, 5), port: 0, demandPu: loss() };
    const another = { step: first.step + stepAt(5, 15), port: 0, demandPu: loss() / 2 };
    return uniform(stream) < SECOND_EVENT ? [first, another] : [first];
  }

  /** From a drawn second of a drawn hour, or of the series given; the first value is nominal. */
  #drawPath(): Float64Array {
    const { stream, args } = this;
    const samples = Math.ceil((this.#intervals * this.stepsPerInterval) / this.#stepsPerSample) + 1;
    const values = args.series?.values ?? this.#drawHour();
    const from = stream.below(values.length - samples + 1);
    const path = values.slice(from, from + samples).map((hz) => (hz * args.seriesScale) / F0_HZ);
    path[0] = 0;
    return path;
  }

  #drawHour(): Float64Array {
    const { stream, args } = this;
    const i = stream.below(args.days);
    const fromHour = stream.below(24);
    const day = args.split === 'test' ? testDay(i) : trainDay(i);
    const request = { seed: args.seriesSeed, day, stepMs: SAMPLE_MS, fromHour, toHour: fromHour + 1 };
    return syntheticFrequencyDeviationHz(request);
  }

  /** The imbalance that leads the idle area along the path, felt by the one with the fleet. */
  #follow(): void {
    const { run } = this;
    const shadow = this.#simFor(this.#shadows, this.#inertia);
    for (let k = 0; k < this.stepsPerInterval; k++) {
      const at = (run.lived + 1) / this.#stepsPerSample;
      const j = Math.min(Math.floor(at), this.#path.length - 2);
      const target = this.#path[j]! + (this.#path[j + 1]! - this.#path[j]!) * (at - j);
      const demandPu = shadow.demandForSpeed(0, target);
      shadow.setDemand(0, demandPu);
      shadow.advance(1);
      run.setVarying(0, demandPu);
      run.advance(1);
    }
  }
}

const BOUNDS = {
  ...COMMON_BOUNDS,
  scenario: ['contingency', 'series'],
  response: RESPONSES,
  seriesScale: [-MAX_SERIES_SCALE, MAX_SERIES_SCALE, 'real'],
  seriesSeed: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  days: [1, MAX_DAYS],
} as const satisfies Bounds<FrequencyArea1Args>;

function checkArgs({ series, ...given }: Partial<FrequencyArea1Args>): FrequencyArea1Args {
  const args: FrequencyArea1Args = {
    ...taskArguments(DEFAULTS, given, BOUNDS),
    ...(series !== undefined && { series }),
  };
  checkTimes(args);
  if (series !== undefined) checkSeries(series);
  const has = series?.values.length ?? SECONDS_PER_HOUR;
  const needed = Math.ceil(args.episodeMs / (series?.stepMs ?? SAMPLE_MS)) + 1;
  if (args.scenario === 'series' && has < needed) {
    throw fail('env.taskArgument', { expected: `series: at least ${needed} samples for an episode`, got: has });
  }
  return args;
}

function checkSeries({ unit, stepMs, values }: ScalarSeries): void {
  const valid = unit === 'Hz' && stepMs > 0 && values instanceof Float64Array && values.every(Number.isFinite);
  if (!valid) throw fail('env.taskArgument', { expected: 'series: finite deviations in Hz', got: { unit, stepMs } });
}

export const frequencyArea1: TaskDefinition<FrequencyArea1Args> = {
  id: 'frequency-area1-v1',
  about: {
    title: 'batteries hold the frequency of one area through losses or along a measured series',
    stepS: DEFAULTS.stepMs / 1000,
    episodeSteps: DEFAULTS.episodeMs / DEFAULTS.stepMs,
  },
  createCopy: (given) => new FrequencyArea1Copy(checkArgs(given)),
};
