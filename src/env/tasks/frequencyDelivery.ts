/**
 * `frequency-area1-delivery-v1`: a fleet delivers a contracted frequency response and keeps its energy.
 *
 * Description
 *   The fleet of `frequency-area1` (50 MW and 25 MWh, 0.95 each way) under contract for a delivery curve, both directions,
 *   for a block of four hours, on a grid too large to feel it: the frequency is given. The devices run the contracted curve
 *   live, 0.25 s late and with a lag of 0.1 s, in steps of 50 ms (src/env/physics/frequency/deliveryFleet.ts); every 30 s the
 *   agent adds a set point of at most `limitShare` of the contracted power, with which energy is recovered. Nothing is
 *   declared as a baseline, so whatever the set point moves counts against delivery. Metered at 20 Hz: the performance
 *   error E by settlement period of 30 min (deliveryError.ts) and the state of energy it must keep (stateOfEnergy.ts).
 *   Two scenarios: `regulation`, a measured or synthetic series scaled until its deviations are worth regulating; and
 *   `containment`, the same unscaled with one or two contingencies of 0.5 to 0.8 Hz at 20 Hz on top.
 * Action space
 *   Box [-1, 1] of 2, u -> y = clamp(floor(32768 u + 0.5), +-32767) -> `scaleOutput` -> envelopes of the interface:
 *   | # | name  | min      | max     | unit                                                               |
 *   | 0 | share | -limit   | limit   | 1e-6 of 50 MW, set point, export positive; limit = contract x 25000 |
 *   | 1 | gain  | 1000000  | 1000000 | 1e-6, multiplies the contracted curve: there is no choice          |
 *   The envelope allows no import at or below -0.1 Hz and no export at or above +0.1 Hz. (0, 0) is the bare curve, which is
 *   also the fallback. With `actions: 'wide'` share reaches +-1000000 and gain 0 to 4000000, as in `frequency-area1`.
 * Observation space
 *   Box of 6: normalised integer / 32 768, so within +-1. Raw values clamp to [min, max].
 *   | # | name       | min      | max     | unit                                                      |
 *   | 0 | f.dev      | -500000  | 500000  | 1e-6 Hz from nominal                                      |
 *   | 1 | f.delta    | -500000  | 500000  | 1e-6 Hz over the last 0.5 s                               |
 *   | 2 | p.own      | -1.2 x   | 1.2 x   | W, export positive; 1.2 x the contracted power            |
 *   | 3 | soc        | low      | high    | 1e-6; what fulfils both requirements, and half as much again and 1 % either way |
 *   | 4 | prev.share | -limit   | limit   | 1e-6, as last issued                                      |
 *   | 5 | prev.gain  | 0        | 4000000 | 1e-6, as last issued                                      |
 * Reward
 *   REV: energy that must be deliverable in each direction; short: by how much less than (1 + buffer) REV there is, both ways;
 *   extra: mean over the step of |p| - |p - set point|, energy through the terminals that the set point adds or saves:
 *     r = -( extra weight x extra / (limit x contract) + effort x |share| / limit + short weight x min(1, short / (buffer REV))
 *            + breach x directions short of energy at the ends of periods )
 * Starting state
 *   State of charge uniform over what fulfils both requirements, `startShare` of it around the middle. `regulation`: the
 *   block begins at a drawn second of the series. `containment`: losses three in four times of generation, in the first
 *   half of the block and, in half of the episodes, another at least 20 min later.
 * Episode end
 *   truncated after the block. Never terminated.
 * Arguments
 *   `FrequencyDeliveryArgs` below.
 * Versions
 *   v1: first.
 */
import { fail } from '../../base/errors.ts';
import { uniform } from '../../base/realMath.ts';
import type { PolicyInterface } from '../../grid/interface.ts';
import { clearSnapshot, type Snapshot } from '../../grid/snapshot.ts';
import { taskArguments, type Bounds } from '../gym/arguments.ts';
import { EpisodeTask } from '../gym/episode.ts';
import type { Balance, TaskDefinition, TaskState } from '../gym/task.ts';
import type { Info } from '../gym/types.ts';
import { batteryModel } from '../physics/battery.ts';
import { DeliveryError, paymentFactor } from '../physics/frequency/deliveryError.ts';
import { DeliveryFleet } from '../physics/frequency/deliveryFleet.ts';
import { DELIVERY_CURVES, deliveryResponse, type DeliveryProduct } from '../physics/frequency/responseCurve.ts';
import { DELIVERY_DURATION_H, EnergyRequirement } from '../physics/frequency/stateOfEnergy.ts';
import type { ScalarSeries } from '../series/scalar.ts';
import { checkBlock, DeliveryBlock, METER_MS, type BlockState } from './deliveryBlock.ts';
import { AREA1_RATING } from './frequencyArea1.ts';
import { between } from './frequencyDraws.ts';
import { DelayedSnapshots, put } from './frequencyFleet.ts';
import { deliveryInterface, FULL_SHARE_MICRO } from './frequencyInterface.ts';

export interface FrequencyDeliveryArgs {
  /** `regulation`. */
  readonly scenario: 'regulation' | 'containment';
  /** `test`: other synthetic days. `train`. */
  readonly split: 'train' | 'test';
  /** The contracted product; its curve is what the devices run. `dynamicRegulation`. */
  readonly product: DeliveryProduct;
  /** Contracted power, W, each way; 5 MW. */
  readonly contractW: number;
  /** `delivery`: set points within `limitShare`; `wide`: anything, gain too. */
  readonly actions: 'delivery' | 'wide';
  /** Largest set point, share of the contracted power; 0.025. */
  readonly limitShare: number;
  /** 0 or 1, as in the other frequency tasks; 0. */
  readonly observationDelay: 0 | 1;
  /** Probability that a reading is lost: the fallback acts. 0. */
  readonly missingRate: number;
  /** Decision interval, ms; 30 000. */
  readonly stepMs: number;
  /** Length of the block, ms, whole settlement periods; 4 h. */
  readonly episodeMs: number;
  /** How much of the states of charge that fulfil both requirements an episode may start in; 1. */
  readonly startShare: number;
  /** Deviations in Hz instead of synthetic ones, 50 ms or a multiple apart; both splits draw from all of it. */
  readonly series?: ScalarSeries | undefined;
  /** What deviations are multiplied by. 6.4 brings the p99 of a quiet 60 Hz interconnection to 0.2 Hz. */
  readonly seriesScale: number;
  readonly seriesSeed: number;
  /** Synthetic days drawn from are the first this many of the split; 365. */
  readonly days: number;
  /** Losses of units in the synthetic series, as in docs/reference/series.md; 0. */
  readonly eventsPerDay: number;
  readonly reward: DeliveryReward;
}

export interface DeliveryReward {
  readonly extra: number;
  readonly effort: number;
  readonly short: number;
  readonly breach: number;
  /** Energy beyond REV below which it counts as short, in REV. */
  readonly buffer: number;
}

const DEFAULTS: FrequencyDeliveryArgs = {
  scenario: 'regulation',
  split: 'train',
  product: 'dynamicRegulation',
  contractW: 5000000,
  actions: 'delivery',
  limitShare: 0.025,
  observationDelay: 0,
  missingRate: 0,
  stepMs: 30000,
  episodeMs: 14400000,
  startShare: 1,
  seriesScale: 6.4,
  seriesSeed: 1,
  days: 365,
  eventsPerDay: 0,
  reward: { extra: 0, effort: 0.05, short: 0.5, breach: 5, buffer: 0.05 },
};

const PERIOD_MS = 1800000;
const ERROR_LIMIT = 0.03;
const SOC_MARGIN_MICRO = 10000;
const BREACH_SLACK = 1e-9;
const MAX_BLOCK_MS = 86400000;

interface DeliveryState extends TaskState {
  readonly fleet: readonly number[];
  readonly meter: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly seen: readonly number[];
  readonly block: BlockState;
  readonly numbers: readonly number[];
}

export class FrequencyDeliveryCopy extends EpisodeTask {
  readonly args: FrequencyDeliveryArgs;
  readonly fleet: DeliveryFleet;
  readonly meter: DeliveryError;
  /** What must be deliverable, Wh: for low frequency, and as headroom for high. */
  readonly low: EnergyRequirement;
  readonly high: EnergyRequirement;

  readonly #delayed: DelayedSnapshots;
  #block: DeliveryBlock;
  readonly #samplesPerStep: number;
  /** Meter samples lived. */
  #lived = 0;
  #errorMost = 0;
  #errorSum = 0;
  #paid = 0;
  #periods = 0;
  #breaches = 0;
  #shortWh = 0;
  #setpointWh = 0;
  #fallbacks = 0;
  #mostHz = 0;
  #startWh = 0;
  // Of the step just lived.
  #stepBreaches = 0;
  #stepError = 0;
  #stepExtraW = 0;
  #stepExportedWh = 0;
  #stepImportedWh = 0;
  #stepGainWh = 0;
  /** Exported less imported at the start of the settlement period. */
  #periodNetWh = 0;

  constructor(args: FrequencyDeliveryArgs) {
    const purpose = args.split === 'test' ? 'frequency-area1-delivery/test' : 'frequency-area1-delivery';
    super(purpose, interfaceOf(args), 1, 1, ['soe', 'error']);
    this.args = args;
    const curve = deliveryResponse(DELIVERY_CURVES[args.product], 1);
    const rev = args.contractW * DELIVERY_DURATION_H[args.product];
    this.fleet = new DeliveryFleet(batteryModel(AREA1_RATING), args.contractW, curve);
    this.meter = new DeliveryError(curve);
    this.low = new EnergyRequirement(rev);
    this.high = new EnergyRequirement(rev);
    this.#delayed = new DelayedSnapshots(args.observationDelay);
    this.#samplesPerStep = args.stepMs / METER_MS;
    this.#block = new DeliveryBlock(args);
  }

  /** States of charge that fulfil both requirements, 1e-6. */
  get socWindowMicro(): readonly [number, number] {
    return socWindowMicro(this.args);
  }

  protected begin(): void {
    const { stream, args, fleet } = this;
    const [from, to] = startWindowWh(args);
    const middle = (from + to) / 2;
    const reach = (args.startShare * (to - from)) / 2;
    this.#startWh = between(stream, [middle - reach, middle + reach]);
    this.#block.draw(stream);
    fleet.reset(this.#startWh);
    this.meter.reset();
    this.meter.take();
    this.low.reset();
    this.high.reset();
    this.#delayed.reset();
    this.#restore(new Array<number>(NUMBERS).fill(0));
  }

  protected measure(_asset: number, snapshot: Snapshot): void {
    const { fleet } = this;
    put(snapshot, 'f.dev', fleet.deviationHz);
    put(snapshot, 'f.delta', fleet.deltaHz);
    put(snapshot, 'p.own', fleet.powerW);
    put(snapshot, 'soc', fleet.storedWh / fleet.battery.ratedWh);
    this.#delayed.pass(0, snapshot);
    if (this.args.missingRate > 0 && uniform(this.stream) < this.args.missingRate) clearSnapshot(snapshot);
  }

  protected advance(): boolean {
    const { fleet, port, meter, args } = this;
    this.#fallbacks += port.fallbackUsed[0]!;
    fleet.setpointW = (port.issued[0]! / FULL_SHARE_MICRO) * fleet.battery.pMaxW;
    fleet.gain = port.issued[1]! / FULL_SHARE_MICRO;
    this.#setpointWh += (Math.abs(fleet.setpointW) * args.stepMs) / 3600000;
    this.#stepBreaches = 0;
    this.#stepError = 0;
    this.#stepExtraW = 0;
    const { exportedWh, importedWh, storedWh } = fleet;
    for (let k = 0; k < this.#samplesPerStep; k++) {
      const hz = this.#block.deviationHz(this.#lived++);
      if (hz > this.#mostHz || -hz > this.#mostHz) this.#mostHz = Math.abs(hz);
      fleet.step(hz);
      meter.push(hz, fleet.powerW / args.contractW);
      this.#stepExtraW += Math.abs(fleet.powerW) - Math.abs(fleet.powerW - fleet.setpointW);
      if ((this.#lived * METER_MS) % PERIOD_MS === 0) this.#closePeriod();
    }
    this.#stepExportedWh = fleet.exportedWh - exportedWh;
    this.#stepImportedWh = fleet.importedWh - importedWh;
    this.#stepGainWh = fleet.storedWh - storedWh;
    return this.#lived * METER_MS >= args.episodeMs;
  }

  protected reward(): number {
    const { extra, effort, short, breach, buffer } = this.args.reward;
    const { deliverableWh, takableWh } = this.fleet;
    const spare = buffer * this.low.rev;
    const least = this.low.rev + spare;
    const missing = Math.max(0, least - deliverableWh) + Math.max(0, least - takableWh);
    const limit = (this.args.limitShare * this.args.contractW) / this.fleet.battery.pMaxW;
    const used = Math.abs(this.port.issued[0]! / FULL_SHARE_MICRO) / limit;
    const limitW = this.args.limitShare * this.args.contractW;
    const added = this.#stepExtraW / this.#samplesPerStep / limitW;
    return -(extra * added + effort * used + short * Math.min(1, missing / spare) + breach * this.#stepBreaches);
  }

  /** `soe`: directions short of energy at the ends of periods; `error`: by how much E went beyond 3 % in the step. */
  protected override cost(_agent: number, limit: number): number {
    return limit === 0 ? this.#stepBreaches : Math.max(0, this.#stepError - ERROR_LIMIT);
  }

  /**
   * `errorMax`, `errorMean`: E over the settlement periods; `paidShare`: mean K; `soeBreaches`: ends of periods, each
   * direction, with less energy than required, and `soeShortWh`, the largest lack; `throughputWh`: both ways at the
   * terminals; `setpointWh`: of the set point alone; `maxAbsHz`: the largest deviation.
   */
  protected metrics(): Info {
    const { fleet } = this;
    const periods = Math.max(1, this.#periods);
    const { exportedWh, importedWh } = fleet;
    return {
      errorMax: Math.max(this.#errorMost, this.meter.worst),
      errorMean: this.#errorSum / periods,
      paidShare: this.#paid / periods,
      soeBreaches: this.#breaches,
      soeShortWh: this.#shortWh,
      throughputWh: exportedWh + importedWh,
      setpointWh: this.#setpointWh,
      exportedWh,
      importedWh,
      conversionLossWh: importedWh - exportedWh - (fleet.storedWh - this.#startWh),
      maxAbsHz: this.#mostHz,
      startSoc: this.#startWh / fleet.battery.ratedWh,
      soc: fleet.storedWh / fleet.battery.ratedWh,
      fallbacks: this.#fallbacks,
    };
  }

  /** Into the store, and what it gained and gave. */
  balance(): Balance {
    const { etaCharge, etaDischarge } = this.fleet.battery;
    return {
      sources: this.#stepImportedWh * etaCharge,
      sinks: this.#stepGainWh + this.#stepExportedWh / etaDischarge,
      unit: 'Wh',
    };
  }

  protected save(): DeliveryState {
    return {
      fleet: this.fleet.getState(),
      meter: this.meter.getState(),
      low: this.low.getState(),
      high: this.high.getState(),
      seen: this.#delayed.getState(),
      block: this.#block.getState(),
      numbers: this.#numbers(),
    };
  }

  protected load(given: TaskState): void {
    const state = given as DeliveryState;
    this.fleet.setState(state.fleet);
    this.meter.setState(state.meter);
    this.low.setState(state.low);
    this.high.setState(state.high);
    this.#delayed.setState(state.seen);
    this.#block.setState(state.block);
    this.#restore(state.numbers);
  }

  protected twin(): FrequencyDeliveryCopy {
    const copy = new FrequencyDeliveryCopy(this.args);
    copy.#block = this.#block.clone();
    return copy;
  }

  #numbers(): readonly number[] {
    const sums = [this.#errorMost, this.#errorSum, this.#paid, this.#periods, this.#breaches, this.#shortWh];
    const step = [this.#stepBreaches, this.#stepError, this.#stepExportedWh, this.#stepImportedWh, this.#stepGainWh];
    const rest = [this.#setpointWh, this.#fallbacks, this.#mostHz, this.#startWh, this.#periodNetWh, this.#stepExtraW];
    return [this.#lived, ...sums, ...step, ...rest];
  }

  #restore(numbers: readonly number[]): void {
    [this.#lived, this.#errorMost, this.#errorSum, this.#paid] = numbers as [number, number, number, number];
    [this.#periods, this.#breaches, this.#shortWh, this.#stepBreaches] = four(numbers, 4);
    [this.#stepError, this.#stepExportedWh, this.#stepImportedWh, this.#stepGainWh] = four(numbers, 8);
    [this.#setpointWh, this.#fallbacks, this.#mostHz, this.#startWh] = four(numbers, 12);
    this.#periodNetWh = numbers[16]!;
    this.#stepExtraW = numbers[17]!;
  }

  #closePeriod(): void {
    const { fleet } = this;
    const error = this.meter.take();
    this.#stepError = Math.max(this.#stepError, error);
    this.#errorMost = Math.max(this.#errorMost, error);
    this.#errorSum += error;
    this.#paid += paymentFactor(error);
    this.#periods++;
    const netWh = fleet.exportedWh - fleet.importedWh - this.#periodNetWh;
    this.#periodNetWh += netWh;
    this.low.close(Math.max(0, netWh));
    this.high.close(Math.max(0, -netWh));
    for (const short of [this.low.required - fleet.deliverableWh, this.high.required - fleet.takableWh]) {
      if (short <= BREACH_SLACK) continue;
      this.#stepBreaches++;
      this.#breaches++;
      this.#shortWh = Math.max(this.#shortWh, short);
    }
  }
}

const NUMBERS = 18;

function four(numbers: readonly number[], at: number): [number, number, number, number] {
  return [numbers[at]!, numbers[at + 1]!, numbers[at + 2]!, numbers[at + 3]!];
}

function interfaceOf(args: FrequencyDeliveryArgs): PolicyInterface {
  const { contractW, limitShare, actions } = args;
  const wide = actions === 'wide';
  const limit = Math.floor((limitShare * contractW * FULL_SHARE_MICRO) / AREA1_RATING.pMaxW);
  const [from, to] = socWindowMicro(args);
  const beyond = (to - from) / 2 + SOC_MARGIN_MICRO;
  const socMicro = [
    Math.max(0, Math.floor(from - beyond)),
    Math.min(FULL_SHARE_MICRO, Math.floor(to + beyond)),
  ] as const;
  return deliveryInterface({ limitMicro: Math.max(1, limit), contractW, socMicro, wide });
}

/** What may be stored, Wh, with the energy for both directions there. */
function startWindowWh({ contractW, product }: FrequencyDeliveryArgs): [number, number] {
  const { eMinWh, eMaxWh, etaCharge, etaDischarge } = batteryModel(AREA1_RATING);
  const rev = contractW * DELIVERY_DURATION_H[product];
  return [eMinWh + rev / etaDischarge, eMaxWh - rev * etaCharge];
}

function socWindowMicro(args: FrequencyDeliveryArgs): [number, number] {
  const [from, to] = startWindowWh(args);
  return [(from / AREA1_RATING.eMaxWh) * FULL_SHARE_MICRO, (to / AREA1_RATING.eMaxWh) * FULL_SHARE_MICRO];
}

const BOUNDS = {
  scenario: ['regulation', 'containment'],
  split: ['train', 'test'],
  product: Object.keys(DELIVERY_CURVES) as DeliveryProduct[],
  contractW: [1000, AREA1_RATING.pMaxW],
  actions: ['delivery', 'wide'],
  limitShare: [0.000001, 1, 'real'],
  observationDelay: [0, 1],
  missingRate: [0, 1, 'real'],
  stepMs: [METER_MS, PERIOD_MS],
  episodeMs: [PERIOD_MS, MAX_BLOCK_MS],
  startShare: [0, 1, 'real'],
  seriesScale: [-1e6, 1e6, 'real'],
  seriesSeed: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  days: [1, 365000],
  eventsPerDay: [0, 1000, 'real'],
} as const satisfies Bounds<FrequencyDeliveryArgs>;

function checkArgs({ series, ...given }: Partial<FrequencyDeliveryArgs>): FrequencyDeliveryArgs {
  const args: FrequencyDeliveryArgs = {
    ...taskArguments(DEFAULTS, given, BOUNDS),
    ...(series !== undefined && { series }),
  };
  if (series !== undefined) checkSeries(series);
  const { stepMs, episodeMs } = args;
  if (stepMs % METER_MS !== 0 || PERIOD_MS % stepMs !== 0 || episodeMs % PERIOD_MS !== 0) {
    throw fail('env.taskArgument', {
      expected: `stepMs: whole ${METER_MS} ms that divide half an hour; episodeMs: whole half hours`,
      got: { stepMs, episodeMs },
    });
  }
  const [from, to] = startWindowWh(args);
  if (!(from <= to)) {
    throw fail('env.taskArgument', {
      expected: 'contractW: energy for both directions in the store',
      got: args.contractW,
    });
  }
  checkBlock(args);
  if (!Object.values(args.reward).every(Number.isFinite) || !(args.reward.buffer > 0)) {
    throw fail('env.taskArgument', { expected: 'reward: finite weights, buffer > 0', got: { ...args.reward } });
  }
  return args;
}

function checkSeries({ unit, stepMs, values }: ScalarSeries): void {
  const whole = Number.isSafeInteger(stepMs / METER_MS) && stepMs > 0;
  const valid = unit === 'Hz' && whole && values instanceof Float64Array && values.every(Number.isFinite);
  if (!valid) {
    throw fail('env.taskArgument', {
      expected: `series: finite deviations in Hz, whole ${METER_MS} ms apart`,
      got: { unit, stepMs },
    });
  }
}

export const frequencyDelivery: TaskDefinition<FrequencyDeliveryArgs> = {
  id: 'frequency-area1-delivery-v1',
  about: {
    title: 'batteries deliver a contracted frequency response and keep the energy for it',
    stepS: DEFAULTS.stepMs / 1000,
    episodeSteps: DEFAULTS.episodeMs / DEFAULTS.stepMs,
  },
  createCopy: (given) => new FrequencyDeliveryCopy(checkArgs(given)),
};
