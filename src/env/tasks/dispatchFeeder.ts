/**
 * `dispatch-feeder-v1`: six neighbourhood batteries trade energy through one feeder without breaking its limits.
 *
 * Description
 *   Baran & Wu 33-bus feeder with loads and PV of synthetic days (PV at the sites of `voltage-ieee33`), and a battery
 *   beside the PV of each site. An agent is one battery; a copy has six. Every battery buys and sells at the price of
 *   the interval. What they do together meets the network: an AC power flow each interval gives voltages, losses and
 *   the power at the substation, whose limits are priced.
 * Action space
 *   Box [-1, 1], one per agent: -> `p.battery` in +-1 000 000, 1e-6 of rated battery power, discharging positive, after
 *   the envelope of DISPATCH_FEEDER_INTERFACE: no charging at or below 0.95 pu, no discharging at or above 1.05 pu.
 *   With `control: 'margin'` -> `p.margin` in +-1 000 000, 1e-6 of rated battery power: a battery trades by the published
 *   prices of its day, evenly over the cheap intervals and over the dear ones (evenPace.ts), and gives this much more.
 * Observation space
 *   Box of 13 per agent: normalised integer / 32 768, so within +-1. Raw values clamp to [min, max].
 *   | #  | name       | min    | max     | unit                                    |
 *   | 0  | v.own      | 900000 | 1100000 | 1e-6 pu                                 |
 *   | 1  | v.min      | 900000 | 1100000 | 1e-6 pu, lowest at the six sites        |
 *   | 2  | v.max      | 900000 | 1100000 | 1e-6 pu, highest at the six sites       |
 *   | 3  | p.feeder   | -5e6   | 5e6     | W, drawn from the substation            |
 *   | 4  | p.pv       | 0      | 1000000 | W                                       |
 *   | 5  | soc        | 0      | 1e6     | 1e-6 of rated energy                    |
 *   | 6  | price.now  | 0      | 1e9     | 1e-6 currency per MWh, of the interval acted on |
 *   | 7  | price.6h   | 0      | 1e9     | as above, forecast                      |
 *   | 8  | price.12h  | 0      | 1e9     | as above, forecast                      |
 *   | 9  | price.24h  | 0      | 1e9     | as above, forecast                      |
 *   | 10 | carbon.now | 0      | 1e6     | 1e-6 kg CO2 per kWh                     |
 *   | 11 | time.day   | 0      | 86400   | s                                       |
 *   | 12 | time.week  | 0      | 604800  | s, from Monday 0 h                      |
 *   With `control: 'margin'` a Box of 8: v.min, p.feeder (+-3e6), p.pv, soc, time.cheap (s until the last interval before the
 *   dear ones), price.rise (price of the first dear interval over the price now, 1e-6, 1e6 to 3e6), price.now, time.day.
 * Reward
 *   Per agent and interval of dt hours, in the currency of the tariff, kWh at the battery's terminals, discharged positive:
 *     r = kWh (price + carbonPrice x carbon) - wearWeight x wear - network / 6
 *     network = loss kWh x price + limitPrice x kWh beyond the substation's limits
 *             + voltagePrice x dt x sum over buses of min(0.05, pu outside [0.95, 1.05]) / 0.01
 *   With `reward: 'difference'` an agent pays, instead of its sixth of `network`, what `network` is more than with its own
 *   battery at rest, the others as they are: what it can change.
 *   Without a power-flow solution `network` is `divergedPrice`. wear as in `dispatch-home`.
 * Starting state
 *   A day and a tariff drawn from the split, batteries at `startSoc`, and the measurements of interval 0 with the
 *   batteries at rest. Tests are on other days (hence seasons and weather) and other tariffs than training.
 * Episode end
 *   truncated after the day. Never terminated: an infeasible power flow is priced and lived through.
 * Arguments
 *   `DispatchFeederArgs` in dispatchFeederArgs.ts.
 * Versions
 *   v1: first.
 */
import type { Asset } from '../../grid/asset.ts';
import { quantise, setChannel, type Snapshot } from '../../grid/snapshot.ts';
import { IEEE33 } from '../cases/ieee33.ts';
import { DEFAULT_VOLT_VAR, ieee33Sites } from '../cases/ieee33Sites.ts';
import { EpisodeTask } from '../gym/episode.ts';
import type { Balance, TaskDefinition, TaskState } from '../gym/task.ts';
import type { Info } from '../gym/types.ts';
import { batteryModel, type BatteryModel } from '../physics/battery.ts';
import { heatWh } from '../physics/batteryCurves.ts';
import { createSetpoints, Feeder, type FeederSetpoints, type FeederState } from '../physics/feeder.ts';
import { BatteryWear, type WearState } from '../physics/wear/batteryWear.ts';
import { ieee33MarketDay, type FeederDay } from '../series/feederDays.ts';
import { testDay, trainDay } from '../series/synthetic.ts';
import {
  checkDispatchFeederArgs,
  DISPATCH_FEEDER_MARGIN_DEFAULTS,
  type DispatchFeederArgs,
} from './dispatchFeederArgs.ts';
import { DISPATCH_FEEDER_INTERFACE, DISPATCH_FEEDER_MARGIN } from './dispatchFeederInterface.ts';
import { evenPace, type Pace } from './evenPace.ts';
import { setTariff } from './homeClock.ts';

const SITES = 6;
const SHARE = 1000000;
const WH_PER_KWH = 1000;
const MS_PER_HOUR = 3600000;
const BAND_PU = 0.05;
const MOST_OUTSIDE_PU = 0.05;
const PU_PRICED = 0.01;
/** As the feeder counts: a bus on the edge is not out by rounding. */
const SLACK_PU = 1e-9;

/** Sums of the episode, currency and Wh. */
interface Totals {
  traded: number;
  wearCost: number;
  network: number;
  carbonKg: number;
  lossWh: number;
  beyondLimitWh: number;
  outOfBand: number;
  diverged: number;
}

interface FeederDispatchState extends TaskState {
  readonly day: number;
  readonly tariff: number;
  readonly steps: number;
  readonly feeder: FeederState;
  readonly wear: readonly WearState[];
  readonly rewards: readonly number[];
  readonly totals: Totals;
  /** null: no power-flow solution. */
  readonly balance: Balance | null;
}

export class DispatchFeederCopy extends EpisodeTask {
  readonly args: DispatchFeederArgs;
  readonly feeder: Feeder;
  wear: readonly BatteryWear[] = [];

  readonly #batteries: readonly BatteryModel[];
  readonly #setpoints: FeederSetpoints;
  readonly #rewards = new Float64Array(SITES);
  readonly #fromWh = new Float64Array(SITES);
  /** For what is asked beside the episode. */
  #probe: Feeder | undefined;
  #day = 0;
  #tariff = 0;
  #market: FeederDay;
  #totals: Totals = nothing();
  #balance: Balance | null = { sources: 0, sinks: 0, unit: 'Wh' };
  #steps = 0;

  constructor(args: DispatchFeederArgs) {
    super('dispatch-feeder', args.control === 'margin' ? DISPATCH_FEEDER_MARGIN : DISPATCH_FEEDER_INTERFACE, SITES);
    this.args = args;
    const sites = sitesOf(args);
    this.#batteries = sites.map(({ battery }) => batteryModel(battery));
    this.#market = this.#marketOf(0, 0);
    this.feeder = new Feeder({
      network: IEEE33,
      sites,
      series: this.#market.series,
      curve: DEFAULT_VOLT_VAR,
      initialSocMicro: Math.floor(args.startSoc * SHARE + 0.5),
      tolerancePu: args.tolerancePu,
    });
    this.#setpoints = createSetpoints(SITES, SHARE);
    this.#setpoints.mode = args.reactive === 'none' ? 'share' : 'curve';
    this.#newWear();
  }

  /** Prices and carbon of the day. */
  get market(): FeederDay {
    return this.#market;
  }

  /**
   * What an interval would come to with batteries at given powers, W, whatever they hold: for planners, and no part of
   * the episode. `cost`: of losses and voltages, without what is beyond the substation's limits.
   */
  interval(step: number, powersW: Float64Array): { readonly feedInW: number; readonly cost: number } {
    const { args } = this;
    const probe = (this.#probe ??= this.feeder.clone());
    if (probe.series !== this.feeder.series) probe.reset(this.feeder.series);
    probe.socWh.fill(args.batteryWh / 2);
    const setpoints = { ...createSetpoints(SITES, SHARE), mode: this.#setpoints.mode };
    setpoints.pBatteryW.set(powersW);
    probe.preview(step, setpoints);
    if (!probe.converged) return { feedInW: 0, cost: args.divergedPrice };
    const dtH = args.stepMs / MS_PER_HOUR;
    const lossCost = (probe.lossW * dtH * this.#market.tariff.pricePerKwh[step]!) / WH_PER_KWH;
    return { feedInW: probe.feedInW, cost: lossCost + (args.voltagePrice * dtH * outsidePu(probe)) / PU_PRICED };
  }

  protected begin(): void {
    const { days, tariffs, split } = this.args;
    const ofSplit = split === 'test' ? testDay : trainDay;
    this.#day = ofSplit(this.stream.below(days));
    this.#tariff = ofSplit(this.stream.below(tariffs));
    this.#enter();
  }

  /** The start of the day drawn. */
  #enter(): void {
    this.#market = this.#marketOf(this.#day, this.#tariff);
    this.feeder.reset(this.#market.series);
    this.#newWear();
    this.#totals = nothing();
    this.#balance = { sources: 0, sinks: 0, unit: 'Wh' };
    this.#steps = 0;
    this.#setpoints.pBatteryW.fill(0);
    this.feeder.preview(0, this.#setpoints);
  }

  protected measure(asset: number, snapshot: Snapshot, step: number): void {
    const { feeder } = this;
    let low = Infinity;
    let high = -Infinity;
    for (let s = 0; s < SITES; s++) {
      low = Math.min(low, feeder.siteVPu(s));
      high = Math.max(high, feeder.siteVPu(s));
    }
    feeder.measure(asset, snapshot);
    setChannel(snapshot, 'v.min', quantise(low, 'v.pu.e-6'));
    setChannel(snapshot, 'v.max', quantise(high, 'v.pu.e-6'));
    setChannel(snapshot, 'p.feeder', quantise(feeder.feedInW, 'w'));
    const acted = Math.min(step, feeder.series.steps - 1);
    setTariff(snapshot, this.#market.tariff, acted);
    if (this.args.control === 'power') return;
    const { cheapSteps, priceRise } = this.#pace(asset, acted);
    setChannel(snapshot, 'time.cheap', quantise((Math.max(0, cheapSteps - 1) * this.args.stepMs) / 1000, 's'));
    setChannel(snapshot, 'price.rise', quantise(priceRise, 'ratio.e-6'));
  }

  /** What battery `s` does by itself. */
  #pace(s: number, step: number): Pace {
    const price = this.#market.tariff.pricePerKwh;
    return evenPace(price, this.#batteries[s]!, step, this.feeder.socWh[s]!, this.args.stepMs / MS_PER_HOUR);
  }

  protected advance(step: number): boolean {
    const { feeder } = this;
    const setpoints = this.#setpoints;
    for (let s = 0; s < SITES; s++) {
      const issued = this.port.issued[s]! / SHARE;
      const { pMaxW } = this.#batteries[s]!;
      const ownW = this.args.control === 'power' ? 0 : this.#pace(s, step).powerW;
      setpoints.pBatteryW[s] = Math.min(Math.max(ownW + issued * pMaxW, -pMaxW), pMaxW);
      this.#fromWh[s] = feeder.socWh[s]!;
    }
    feeder.advance(step, setpoints);
    this.#steps = step + 1;
    this.#settle(step);
    this.#balance = feeder.converged ? this.#closed() : null;
    const over = step + 1 >= feeder.series.steps;
    if (!over && this.args.observationDelay === 0) feeder.preview(step + 1, setpoints);
    return over;
  }

  protected reward(agent: number): number {
    return this.#rewards[agent]!;
  }

  protected metrics(): Info {
    const { outOfBand, ...totals } = this.#totals;
    const counted = this.feeder.countedBuses.length * Math.max(1, this.#steps);
    return {
      dayStartMs: this.#market.series.startMs,
      ...totals,
      outOfBandShare: outOfBand / counted,
      equivalentCycles: this.wear.reduce((sum, { equivalentCycles }) => sum + equivalentCycles / SITES, 0),
    };
  }

  balance(): Balance | undefined {
    return this.#balance ?? undefined;
  }

  protected save(): TaskState {
    const state: FeederDispatchState = {
      day: this.#day,
      tariff: this.#tariff,
      steps: this.#steps,
      feeder: this.feeder.getState(),
      wear: this.wear.map((wear) => wear.getState()),
      rewards: Array.from(this.#rewards),
      totals: { ...this.#totals },
      balance: this.#balance,
    };
    return state;
  }

  protected load(given: TaskState): void {
    const state = given as FeederDispatchState;
    this.#day = state.day;
    this.#tariff = state.tariff;
    this.#market = this.#marketOf(state.day, state.tariff);
    this.feeder.reset(this.#market.series);
    this.feeder.setState(state.feeder);
    this.#newWear();
    this.wear.forEach((wear, s) => wear.setState(state.wear[s]!));
    this.#rewards.set(state.rewards);
    this.#totals = { ...state.totals };
    this.#balance = state.balance;
    this.#steps = state.steps;
  }

  protected twin(): DispatchFeederCopy {
    return new DispatchFeederCopy(this.args);
  }

  #newWear(): void {
    const { wear, startSoc } = this.args;
    this.wear = this.#batteries.map(({ ratedWh }) => new BatteryWear(wear, { ratedWh, soc: startSoc }));
  }

  #marketOf(day: number, tariffIndex: number): FeederDay {
    const { seriesSeed: seed, scale, stepMs, tariff } = this.args;
    return ieee33MarketDay({ seed, day, scale, stepMs, tariff, tariffIndex });
  }

  /** What the interval just lived is worth to every agent. */
  #settle(step: number): void {
    const { feeder, args } = this;
    const totals = this.#totals;
    const { tariff } = this.#market;
    const dtH = args.stepMs / MS_PER_HOUR;
    const worth = tariff.pricePerKwh[step]! + args.carbonPrice * tariff.carbonKgPerKwh[step]!;
    const network = this.#networkCost(tariff.pricePerKwh[step]!, dtH);
    totals.network += network;
    for (let s = 0; s < SITES; s++) {
      const kwh = (feeder.pBatteryW[s]! * dtH) / WH_PER_KWH;
      const wearCost = this.wear[s]!.step(feeder.socWh[s]! / this.#batteries[s]!.ratedWh, args.stepMs / 1000);
      totals.traded += kwh * tariff.pricePerKwh[step]!;
      totals.carbonKg -= kwh * tariff.carbonKgPerKwh[step]!;
      totals.wearCost += wearCost;
      const share = args.reward === 'income' ? network / SITES : network - this.#networkWithout(s, step);
      this.#rewards[s] = kwh * worth - args.wearWeight * wearCost - share;
    }
  }

  /** What the network would have cost with battery `s` at rest. */
  #networkWithout(s: number, step: number): number {
    const { feeder, args } = this;
    if (!feeder.converged) return 0;
    const powersW = feeder.pBatteryW.slice();
    powersW[s] = 0;
    const { feedInW, cost } = this.interval(step, powersW);
    return cost + (this.#beyondW(feedInW) * (args.stepMs / MS_PER_HOUR) * args.limitPrice) / WH_PER_KWH;
  }

  /** Beyond a limit of the substation, W. */
  #beyondW(feedInW: number): number {
    return Math.max(0, feedInW - this.args.importLimitW, -feedInW - this.args.exportLimitW);
  }

  #networkCost(pricePerKwh: number, dtH: number): number {
    const { feeder, args } = this;
    const totals = this.#totals;
    totals.outOfBand += feeder.outOfBandBuses;
    if (!feeder.converged) {
      totals.diverged++;
      return args.divergedPrice;
    }
    const lossWh = feeder.lossW * dtH;
    const beyondWh = this.#beyondW(feeder.feedInW) * dtH;
    totals.lossWh += lossWh;
    totals.beyondLimitWh += beyondWh;
    return (
      (lossWh * pricePerKwh + beyondWh * args.limitPrice) / WH_PER_KWH +
      (args.voltagePrice * dtH * outsidePu(feeder)) / PU_PRICED
    );
  }

  /** Network and batteries over the interval: what came in or was stored before, and where it went or is stored now. */
  #closed(): Balance {
    const { feeder, args } = this;
    const dtH = args.stepMs / MS_PER_HOUR;
    const network = feeder.balanceW();
    let sources = network.sources * dtH;
    let sinks = network.sinks * dtH;
    for (let s = 0; s < SITES; s++) {
      const pW = feeder.pBatteryW[s]!;
      sources += this.#fromWh[s]!;
      sinks += feeder.socWh[s]! + pW * dtH + heatWh(this.#batteries[s]!, pW, dtH);
    }
    return { sources, sinks, unit: 'Wh' };
  }
}

/** Sum over the free buses of pu outside the band, at most 0.05 each. */
function outsidePu({ vPu, countedBuses }: Feeder): number {
  let sum = 0;
  for (let i = 0; i < countedBuses.length; i++) {
    const outside = Math.abs(vPu[countedBuses[i]!]! - 1) - BAND_PU;
    if (outside > SLACK_PU) sum += Math.min(outside, MOST_OUTSIDE_PU);
  }
  return sum;
}

/** The sites of the voltage task with larger batteries, and inverters that hold PV and battery. */
function sitesOf({ scale, batteryW, batteryWh }: DispatchFeederArgs): readonly Asset[] {
  return ieee33Sites(scale).map((site) => ({
    ...site,
    sMaxVa: site.sMaxVa + batteryW,
    battery: { ...site.battery, pMaxW: batteryW, eMaxWh: batteryWh },
  }));
}

function nothing(): Totals {
  return { traded: 0, wearCost: 0, network: 0, carbonKg: 0, lossWh: 0, beyondLimitWh: 0, outOfBand: 0, diverged: 0 };
}

export const dispatchFeeder: TaskDefinition<DispatchFeederArgs> = {
  id: 'dispatch-feeder-v1',
  about: { title: 'six batteries trade through the 33-bus feeder within its limits', stepS: 900, episodeSteps: 96 },
  createCopy: (given) => new DispatchFeederCopy(checkDispatchFeederArgs(given)),
};

/** `dispatch-feeder-margin-v1`: the same feeder, whose batteries trade by the day's prices; a policy adds to what they give. */
export const dispatchFeederMargin: TaskDefinition<DispatchFeederArgs> = {
  id: 'dispatch-feeder-margin-v1',
  about: {
    title: 'six batteries that trade by the day, each told what to give beyond that',
    stepS: 900,
    episodeSteps: 96,
  },
  createCopy: (given) =>
    new DispatchFeederCopy(checkDispatchFeederArgs({ ...DISPATCH_FEEDER_MARGIN_DEFAULTS, ...given })),
};
