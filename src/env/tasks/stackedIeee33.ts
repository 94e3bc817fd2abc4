/**
 * `stacked-ieee33-v1`: frequency inside dispatch inside voltage. The six inverters of the 33-bus feeder hold its
 * voltage, trade their batteries on the price, and keep a part of them ready for the frequency of a small area.
 *
 * Description
 *   The feeder, sites, curves and weather are those of `voltage-ieee33-v1`. In every 5-minute interval each site holds a
 *   volt-var offset, a battery power and a reserve; inside the interval the area of areaResponse.ts runs in 20 ms steps
 *   and the reserves answer its frequency on the dynamic-regulation curve (full at 0.2 Hz, 15 mHz deadband, 0.2 s lag).
 *   Batteries are followed second by second, with efficiency and rainflow wear on what they really did; the feeder sees
 *   their mean over the interval.
 *   A reserve is cut to what the ratings of battery and inverter and the energy can keep up for the whole interval at
 *   full response, so it never fails; where the inverter is full, PV gives way to the mean of the battery.
 * Action space
 *   Box [-1, 1], three per agent, to the outputs of STACKED_INTERFACE, envelopes applied:
 *   | # | name    | min     | max    | unit                                                 |
 *   | 0 | offset  | -800000 | 800000 | 1e-6 of live reactive capability, injection positive |
 *   | 1 | power   | -100000 | 100000 | W of the battery, discharging positive               |
 *   | 2 | reserve | 0       | 1e6    | 1e-6 of rated battery power, both directions         |
 * Observation space
 *   Box of 15 per agent: normalised integer / 32 768. Raw values clamp to [min, max].
 *   | #  | name         | min     | max     | unit                                 |
 *   | 0  | v.own        | 900000  | 1100000 | 1e-6 pu                              |
 *   | 1  | p.own        | -200000 | 1000000 | W, export positive                   |
 *   | 2  | q.own        | -800000 | 800000  | var, injected positive               |
 *   | 3  | p.pv         | 0       | 1000000 | W                                    |
 *   | 4  | sens.own     | 0       | 80000   | 1e-6 pu per Mvar                     |
 *   | 5  | time.day     | 0       | 86400   | s, of the interval acted on          |
 *   | 6  | f.dev        | -300000 | 300000  | 1e-6 Hz, at the end of the interval  |
 *   | 7  | f.delta      | -100000 | 100000  | 1e-6 Hz over the last 0.5 s          |
 *   | 8  | soc          | 0       | 1e6     | 1e-6                                 |
 *   | 9  | price.now    | -5e7    | 2.5e8   | 1e-6 per MWh, of the interval acted on |
 *   | 10 | price.6h     | -5e7    | 2.5e8   | 1e-6 per MWh                         |
 *   | 11 | price.12h    | -5e7    | 2.5e8   | 1e-6 per MWh                         |
 *   | 12..14 | prev.*   | as the action | | as issued                            |
 * Reward
 *   Per agent and interval, shared part first (the voltage task's barrier and losses, and the frequency):
 *     r = -( 20 barrier + loss / 50 kW + frequencyWeight x mean (df / 0.2 Hz)^2 )
 *         + energy sold x price + reserve x hours x reservePrice - wearWeight x wear
 *   The last line is in the currency of the price. Without a power-flow solution 20 stands for barrier and loss.
 *   With `pricing: 'settlement'` it is net income at the prices of docs/spec/settlement.md less `bandWeight` x barrier; see
 *   stackedIncome.ts. With `credit: 'difference'` the part that the network decides (reactive power, losses, barrier, of all
 *   sites) is instead what the site changed of it: as lived less the same interval with its offset at 0. Reserves then last for the product's delivery duration. A limit that a learner can keep: `outOfBand`,
 *   the share of counted buses outside the band.
 * Starting state
 *   A day of the split, drawn; its weather, price and frequency follow from it. Batteries at 50 % (or drawn), the area at rest, the
 *   meters as with no setpoint in interval 0.
 * Episode end
 *   truncated after the 288 intervals of the day; never terminated.
 * Arguments
 *   `StackedArgs` in stackedArgs.ts. Training days and test days are those of the voltage task (every fifth day is a test day).
 * Versions
 *   v1: first.
 */
import { secondOfDay } from '../../grid/interval.ts';
import { quantise, setChannel, type Snapshot } from '../../grid/snapshot.ts';
import { MAX_SHARE_MICRO } from '../../grid/voltVar.ts';
import { EpisodeTask } from '../gym/episode.ts';
import type { Balance, TaskDefinition, TaskState } from '../gym/task.ts';
import type { Info } from '../gym/types.ts';
import { batteryModel, type BatteryModel } from '../physics/battery.ts';
import { createSetpoints, Feeder, type FeederSetpoints, type FeederState } from '../physics/feeder.ts';
import { BatteryWear, DEFAULT_WEAR, type WearState } from '../physics/wear/batteryWear.ts';
import { syntheticFrequencyDeviationHz } from '../series/generator/frequency.ts';
import { syntheticPricePerMwh } from '../series/generator/price.ts';
import { testDay, trainDay } from '../series/synthetic.ts';
import { AreaResponse, type AreaState } from './areaResponse.ts';
import { checkStackedArgs, type StackedArgs } from './stackedArgs.ts';
import { feasibleOrder, liveSeconds } from './stackedBattery.ts';
import {
  availabilityPay,
  FREQUENCY_PRODUCTS,
  needMvar,
  reactivePay,
  storedValue,
  type SiteReading,
  type StackedService,
} from './stackedIncome.ts';
import { MICRO, STACKED_INTERFACE } from './stackedInterface.ts';
import { createFeederScenario, ieee33Day } from './voltageIeee33.ts';
import { barrier, sharedReward, VOLTAGE_REWARD, type VoltageRewardOptions } from './voltageReward.ts';

const INITIAL_SOC_MICRO = 500000;
const MS_PER_HOUR = 3600000;
const SECONDS_PER_HOUR = 3600;
const FULL_RESPONSE_HZ = 0.2;
const OUTPUTS = 3;

interface Totals {
  outOfBand: number;
  lossWh: number;
  squareHz2: number;
  worstHz: number;
  energyRevenue: number;
  reserveRevenue: number;
  storedValue: number;
  wear: number;
  reserveKwh: number;
  reactiveRevenue: number;
  lossCharge: number;
  /** At settlement prices. */
  netIncome: number;
  diverged: number;
}

interface StackedState extends TaskState {
  readonly day: number;
  readonly feeder: FeederState;
  readonly area: AreaState;
  readonly socWh: readonly number[];
  readonly wear: readonly WearState[];
  readonly totals: Totals;
  readonly steps: number;
  readonly balance: Balance | null;
}

export class StackedCopy extends EpisodeTask {
  readonly args: StackedArgs;
  readonly feeder: Feeder;
  readonly area: AreaResponse;
  /** Of the last interval, by site, W. */
  readonly reserveW: Float64Array;

  readonly #batteries: readonly BatteryModel[];
  /** What battery and inverter both can carry, by site, W. */
  readonly #ratedW: Float64Array;
  readonly #setpoints: FeederSetpoints;
  readonly #responseW: Float64Array;
  readonly #own: Float64Array;
  readonly #fromWh: Float64Array;
  readonly #conversionWh: Float64Array;
  #wear: BatteryWear[] = [];
  readonly #settles: boolean;
  readonly #barrier: VoltageRewardOptions;
  /** Of an interval at rest at half charge, by site. */
  readonly #restCost: Float64Array;
  /** What the network would have earned had the site's offset been 0, by site. */
  readonly #without: Float64Array;
  /** Vars that each site's voltage asks for with no offset anywhere, of the interval ahead. */
  readonly #needMvar: Float64Array;
  #day = 0;
  #priceMwh: Float64Array = new Float64Array(0);
  /** Mean of the day after, per MWh. */
  #nextDayMwh = 0;
  #deviationHz: Float64Array = new Float64Array(0);
  #shared = 0;
  #steps = 0;
  #totals: Totals = noTotals();
  #balance: Balance | undefined;

  constructor(args: StackedArgs) {
    const scenario = createFeederScenario({
      series: ieee33Day(0, { seed: args.seriesSeed, scale: args.scale, stepMs: args.stepMs }),
      scale: args.scale,
      initialSocMicro: INITIAL_SOC_MICRO,
      tolerancePu: args.tolerancePu,
    });
    super('stacked-ieee33', STACKED_INTERFACE, scenario.sites.length, undefined, ['outOfBand']);
    this.args = args;
    this.#settles = args.pricing === 'settlement';
    this.#barrier = { ...VOLTAGE_REWARD, marginPu: args.bandMarginPu };
    this.feeder = new Feeder(scenario);
    const n = scenario.sites.length;
    this.#batteries = scenario.sites.map((site) => batteryModel(site.battery));
    this.#ratedW = Float64Array.from(scenario.sites, ({ battery, sMaxVa }) => Math.min(battery.pMaxW, sMaxVa));
    this.area = new AreaResponse(
      this.#batteries.reduce((sum, { pMaxW }) => sum + pMaxW, 0),
      args.product,
    );
    this.#setpoints = createSetpoints(n, MAX_SHARE_MICRO);
    this.#responseW = new Float64Array(args.stepMs / 1000);
    const restAt = INITIAL_SOC_MICRO / MICRO;
    this.#restCost = Float64Array.from(this.#batteries, (battery) =>
      newWear(battery, restAt * battery.ratedWh).standingCost(restAt, args.stepMs / 1000),
    );
    this.#without = new Float64Array(n);
    this.#needMvar = new Float64Array(n);
    this.reserveW = new Float64Array(n);
    this.#own = new Float64Array(n);
    this.#fromWh = new Float64Array(n);
    this.#conversionWh = new Float64Array(n);
  }

  protected begin(): void {
    const { split, days } = this.args;
    const i = this.stream.below(days);
    this.#useDay(split === 'test' ? testDay(i) : trainDay(i));
    this.area.reset();
    if (this.args.startSoc === 'drawn') this.#drawCharge();
    this.#wear = this.#batteries.map((battery, s) => newWear(battery, this.feeder.socWh[s]!));
    this.#fromWh.set(this.feeder.socWh);
    this.#conversionWh.fill(0);
    this.reserveW.fill(0);
    this.#totals = noTotals();
    this.#balance = undefined;
    this.#steps = 0;
    this.#setpoints.offsetMicro.fill(0);
    this.#setpoints.pBatteryW.fill(0);
    this.feeder.preview(0, this.#setpoints);
  }

  #drawCharge(): void {
    this.#batteries.forEach(({ eMinWh, eMaxWh }, s) => {
      this.feeder.socWh[s] = eMinWh + (this.stream.below(MICRO + 1) / MICRO) * (eMaxWh - eMinWh);
    });
  }

  protected measure(site: number, snapshot: Snapshot, step: number): void {
    const { feeder, area } = this;
    // After the last interval that is the first of the next day: the prices of two days are known.
    const ahead = (hours: number): number => this.#priceMwh[step + (hours * MS_PER_HOUR) / this.args.stepMs]!;
    feeder.measure(site, snapshot);
    setChannel(snapshot, 'time.day', secondOfDay(feeder.startMs(step)));
    setChannel(snapshot, 'f.dev', quantise(area.lastHz, 'hz.e-6'));
    setChannel(snapshot, 'f.delta', quantise(area.deltaHz, 'hz.e-6'));
    setChannel(snapshot, 'price.now', quantise(ahead(0), 'cur.e-6.per-mwh'));
    setChannel(snapshot, 'price.6h', quantise(ahead(6), 'cur.e-6.per-mwh'));
    setChannel(snapshot, 'price.12h', quantise(ahead(12), 'cur.e-6.per-mwh'));
  }

  protected advance(step: number): boolean {
    const { feeder, area } = this;
    const seconds = this.#responseW.length;
    const reserve = this.#order();
    area.advance(this.#deviationHz, step * seconds, reserve, this.#responseW);
    for (let s = 0; s < feeder.siteCount; s++) this.#runBattery(s, step, reserve);
    const after = feeder.socWh.slice();
    feeder.socWh.set(this.#fromWh);
    const bareLossW = this.#settles ? this.#lossWithoutOffsets(step) : 0;
    if (this.#settles && this.args.credit === 'difference') this.#imagineWithout(step);
    feeder.advance(step, this.#setpoints);
    // The feeder moved the mean; what the battery holds is what its seconds left in it.
    feeder.socWh.set(after);
    this.#steps = step + 1;
    this.#account();
    if (this.#settles) this.#settle(step, bareLossW);
    this.#balance = this.#interval();
    const over = this.#steps >= feeder.series.steps;
    if (!over && this.args.observationDelay === 0) feeder.preview(this.#steps, this.#setpoints);
    return over;
  }

  protected reward(agent: number): number {
    return this.#shared + this.#own[agent]!;
  }

  protected override cost(): number {
    return this.feeder.outOfBandBuses / this.feeder.countedBuses.length;
  }

  protected metrics(): Info {
    const { outOfBand, lossWh, squareHz2, worstHz, diverged, ...money } = this.#totals;
    const steps = Math.max(1, this.#steps);
    return {
      dayStartMs: this.feeder.series.startMs,
      outOfBandShare: outOfBand / (steps * this.feeder.countedBuses.length),
      lossWh,
      rmsHz: Math.sqrt(squareHz2 / steps),
      worstHz,
      divergedSteps: diverged,
      ...money,
    };
  }

  balance(): Balance | undefined {
    return this.#balance;
  }

  protected save(): TaskState {
    const state: StackedState = {
      day: this.#day,
      feeder: this.feeder.getState(),
      area: this.area.getState(),
      socWh: Array.from(this.feeder.socWh),
      wear: this.#wear.map((wear) => wear.getState()),
      totals: { ...this.#totals },
      steps: this.#steps,
      balance: this.#balance ?? null,
    };
    return state;
  }

  protected load(given: TaskState): void {
    const state = given as StackedState;
    this.#useDay(state.day);
    this.feeder.setState(state.feeder);
    this.feeder.socWh.set(state.socWh);
    this.area.setState(state.area);
    this.#wear = state.wear.map((wear, s) => {
      const restored = newWear(this.#batteries[s]!, state.socWh[s]!);
      restored.setState(wear);
      return restored;
    });
    this.#totals = { ...state.totals };
    this.#steps = state.steps;
    this.#balance = state.balance ?? undefined;
  }

  protected twin(): StackedCopy {
    return new StackedCopy(this.args);
  }

  #useDay(day: number): void {
    const { seriesSeed: seed, scale, stepMs, frequencyScale, eventsPerDay } = this.args;
    this.#day = day;
    this.feeder.reset(ieee33Day(day, { seed, scale, stepMs }));
    const prices = [day, day + 1].map((d) => syntheticPricePerMwh({ seed, day: d, stepMs }));
    this.#priceMwh = Float64Array.from(prices.flatMap((part) => Array.from(part)));
    this.#nextDayMwh = prices[1]!.reduce((sum, price) => sum + price, 0) / prices[1]!.length;
    this.#deviationHz = syntheticFrequencyDeviationHz({ seed, day, stepMs: 1000, eventsPerDay });
    for (let t = 0; t < this.#deviationHz.length; t++) this.#deviationHz[t]! *= frequencyScale;
  }

  /** Feeder, plus what went into and came out of the batteries, before a preview of the next interval. */
  #interval(): Balance | undefined {
    const { feeder } = this;
    if (!feeder.converged) return undefined;
    const dtH = this.args.stepMs / MS_PER_HOUR;
    let { sources, sinks } = feeder.balanceW();
    sources *= dtH;
    sinks *= dtH;
    for (let s = 0; s < feeder.siteCount; s++) {
      // The site's battery power is already among the sources of the feeder: here as drawn from the store.
      sources += this.#fromWh[s]! - feeder.pBatteryW[s]! * dtH;
      sinks += feeder.socWh[s]! + this.#conversionWh[s]!;
    }
    return { sources, sinks, unit: 'Wh' };
  }

  /** Of the interval ahead with the same batteries, W; and what every site's voltage then asks for. */
  #lossWithoutOffsets(step: number): number {
    const { feeder } = this;
    const offsets = this.#setpoints.offsetMicro.slice();
    this.#setpoints.offsetMicro.fill(0);
    feeder.preview(step, this.#setpoints);
    this.#setpoints.offsetMicro.set(offsets);
    for (let s = 0; s < feeder.siteCount; s++) this.#needMvar[s] = this.#needOf(s);
    return feeder.converged ? feeder.lossW : 0;
  }

  /** The interval ahead, once per site, with that site's offset at 0. */
  #imagineWithout(step: number): void {
    const { feeder } = this;
    const setpoints = this.#setpoints;
    for (let s = 0; s < feeder.siteCount; s++) {
      const issued = setpoints.offsetMicro[s]!;
      setpoints.offsetMicro[s] = 0;
      feeder.preview(step, setpoints);
      setpoints.offsetMicro[s] = issued;
      this.#without[s] = this.#networkIncome(step);
    }
  }

  /** Reactive power of all sites less losses and the weighted barrier, of the interval last solved. */
  #networkIncome(step: number): number {
    const { feeder, args } = this;
    const dtH = args.stepMs / MS_PER_HOUR;
    let income = -args.bandWeight * this.#outside();
    if (feeder.converged) income -= (feeder.lossW / MICRO) * dtH * this.#priceMwh[step]!;
    for (let s = 0; s < feeder.siteCount; s++) income += this.#reactiveOf(s, dtH);
    return income;
  }

  #reactiveOf(s: number, dtH: number): number {
    const sells = this.args.services.includes('voltage') && this.feeder.converged;
    return sells ? reactivePay(this.#reading(s), dtH) : 0;
  }

  /** Of the interval just lived; the own part of the reward becomes net income, or what the site changed of all of it. */
  #settle(step: number, bareLossW: number): void {
    const { feeder, args } = this;
    const totals = this.#totals;
    const dtH = args.stepMs / MS_PER_HOUR;
    const moreMwh = feeder.converged ? ((feeder.lossW - bareLossW) / MICRO) * dtH : 0;
    const network = args.credit === 'difference' ? this.#networkIncome(step) : 0;
    for (let s = 0; s < feeder.siteCount; s++) {
      const reactive = this.#reactiveOf(s, dtH);
      const loss = (moreMwh * this.#priceMwh[step]!) / feeder.siteCount;
      const { etaDischarge } = this.#batteries[s]!;
      const stored = storedValue(feeder.socWh[s]! - this.#fromWh[s]!, etaDischarge, this.#nextDayMwh);
      const battery = this.#own[s]! + stored;
      totals.storedValue += stored;
      totals.reactiveRevenue += reactive;
      totals.lossCharge += loss;
      totals.netIncome += battery + reactive - loss;
      const ahead = this.#standingAhead(s, this.#fromWh[s]!) - this.#standingAhead(s, feeder.socWh[s]!);
      const ofNetwork = args.credit === 'difference' ? network - this.#without[s]! : reactive - loss;
      this.#own[s] = args.batteryWeight * (battery + ahead) + ofNetwork;
    }
    this.#shared = args.credit === 'difference' ? 0 : -args.bandWeight * this.#outside();
  }

  /** Wear of standing at a charge for as long as the reward looks ahead. */
  #standingAhead(s: number, storedWh: number): number {
    return this.#wear[s]!.standingCost(storedWh / this.#batteries[s]!.ratedWh, this.args.wearAheadH * SECONDS_PER_HOUR);
  }

  #reading(s: number): SiteReading {
    const { feeder } = this;
    const sensPuPerMvar = feeder.sensOwnMicro(s) / MICRO;
    const [qVar, pW, vPu] = [feeder.qVar[s]!, feeder.pW[s]!, feeder.siteVPu(s)];
    return { qVar, pW, vPu, sensPuPerMvar, needMvar: this.#needMvar[s]! };
  }

  /** 0 where the interval has no power-flow solution: nothing is asked for. */
  #needOf(s: number): number {
    const { feeder } = this;
    if (!feeder.converged) return 0;
    return needMvar(feeder.siteVPu(s), feeder.qVar[s]!, feeder.sensOwnMicro(s) / MICRO);
  }

  /** The voltage barrier, or what stands for it without a power-flow solution. */
  #outside(): number {
    const { feeder } = this;
    if (!feeder.converged) return VOLTAGE_REWARD.divergedPenalty;
    return barrier(feeder.vPu, feeder.countedBuses, this.#barrier);
  }

  /** Setpoints into the feeder, reserves cut to what can be kept up; returns their sum, W. */
  #order(): number {
    const { issued } = this.port;
    const { services, product, stepMs } = this.args;
    const sells = (service: StackedService): boolean => services.includes(service);
    const dtH = stepMs / MS_PER_HOUR;
    const reserveH = this.#settles ? Math.max(dtH, FREQUENCY_PRODUCTS[product].durationH) : dtH;
    let sum = 0;
    for (let s = 0; s < this.feeder.siteCount; s++) {
      const battery = this.#batteries[s]!;
      this.#setpoints.offsetMicro[s] = sells('voltage') ? issued[s * OUTPUTS]! : 0;
      const wanted = sells('frequency') ? (issued[s * OUTPUTS + 2]! / MICRO) * battery.pMaxW : 0;
      const moves = sells('frequency') || sells('dispatch');
      const asked = { powerW: moves ? issued[s * OUTPUTS + 1]! : 0, reserveW: wanted };
      const stored = this.feeder.socWh[s]!;
      const { powerW, reserveW } = feasibleOrder(battery, this.#ratedW[s]!, stored, asked, dtH, reserveH);
      this.#setpoints.pBatteryW[s] = powerW;
      this.reserveW[s] = reserveW;
      sum += reserveW;
    }
    return sum;
  }

  /** The seconds of one battery: energy, conversion loss, wear and what it earned. Leaves the mean in the setpoints. */
  #runBattery(s: number, step: number, reserveSumW: number): void {
    const share = reserveSumW > 0 ? this.reserveW[s]! / reserveSumW : 0;
    const order = { baseW: this.#setpoints.pBatteryW[s]!, share, responseW: this.#responseW };
    const fromWh = this.feeder.socWh[s]!;
    const { storedWh, energyWh, lossWh, cost } = liveSeconds(this.#batteries[s]!, this.#wear[s]!, fromWh, order);
    this.#fromWh[s] = fromWh;
    const dtH = this.args.stepMs / MS_PER_HOUR;
    this.feeder.socWh[s] = storedWh;
    this.#conversionWh[s] = lossWh;
    this.#setpoints.pBatteryW[s] = energyWh / dtH;
    const energyRevenue = (energyWh / MICRO) * this.#priceMwh[step]!;
    const reserveKwh = (this.reserveW[s]! / 1000) * dtH;
    const reserveRevenue = this.#settles
      ? availabilityPay(this.reserveW[s]!, FREQUENCY_PRODUCTS[this.args.product], dtH)
      : reserveKwh * this.args.reservePrice;
    const wear = this.#settles ? cost - this.#restCost[s]! : cost;
    this.#own[s] = energyRevenue + reserveRevenue - this.args.wearWeight * wear;
    const totals = this.#totals;
    totals.energyRevenue += energyRevenue;
    totals.reserveRevenue += reserveRevenue;
    totals.wear += wear;
    totals.reserveKwh += reserveKwh;
  }

  #account(): void {
    const { feeder, area } = this;
    const totals = this.#totals;
    const network = feeder.converged
      ? sharedReward(barrier(feeder.vPu, feeder.countedBuses, VOLTAGE_REWARD), feeder.lossW, VOLTAGE_REWARD)
      : -VOLTAGE_REWARD.divergedPenalty;
    const frequency = area.squareHz2 / (FULL_RESPONSE_HZ * FULL_RESPONSE_HZ);
    this.#shared = network - this.args.frequencyWeight * frequency;
    totals.outOfBand += feeder.outOfBandBuses;
    totals.lossWh += (feeder.lossW * this.args.stepMs) / MS_PER_HOUR;
    totals.squareHz2 += area.squareHz2;
    totals.worstHz = Math.max(totals.worstHz, area.worstHz);
    if (!feeder.converged) totals.diverged++;
  }
}

function newWear({ ratedWh }: BatteryModel, storedWh: number): BatteryWear {
  return new BatteryWear(DEFAULT_WEAR, { ratedWh, soc: storedWh / ratedWh });
}

function noTotals(): Totals {
  return {
    outOfBand: 0,
    lossWh: 0,
    squareHz2: 0,
    worstHz: 0,
    energyRevenue: 0,
    reserveRevenue: 0,
    storedValue: 0,
    wear: 0,
    reserveKwh: 0,
    reactiveRevenue: 0,
    lossCharge: 0,
    netIncome: 0,
    diverged: 0,
  };
}

export const stackedIeee33: TaskDefinition<StackedArgs> = {
  id: 'stacked-ieee33-v1',
  about: { title: 'six batteries sell frequency, energy and voltage at once', stepS: 300, episodeSteps: 288 },
  createCopy: (given) => new StackedCopy(checkStackedArgs(given)),
};
