/**
 * `dispatch-home-v1`: the battery of one home against its tariff, its PV and its own wear.
 *
 * Description
 *   A home with load, PV and a battery behind one meter. It pays `price` for what it draws and earns the export price
 *   for what it feeds in; the battery wears by rainflow counting and by the calendar. Each interval the agent issues a
 *   share of battery power; rating, energy and the curves of the battery cut it to what is feasible.
 *   Homes are synthetic (series/syntheticHome.ts) or given, for example CityLearn's (series/citylearn.ts).
 * Action space
 *   Box [-1, 1], one agent: -> `p.battery` in +-1 000 000, 1e-6 of rated battery power, discharging positive.
 *   With `control: 'reserve'` -> `soc.margin` in +-1 000 000, 1e-6 of rated energy: what the battery is to hold when the dear
 *   hours begin, beyond what is expected to lack then,
 *     reserve = clip(need.dear - spare.dear + soc.margin, 0, 1)  while dear hours lie ahead, else 0.
 *   The device serves the home in its own loop: it stores PV surplus, gives what the home needs while it holds more than
 *   the reserve, and buys what it lacks in the last cheap intervals before dear hours, as late as rated power allows.
 *   With `worth: 'wear'` every dearer hour is held for, and bought is only for those that pay after losses and `wearPerKwh`: by
 *   the same formula over those.
 * Observation space
 *   Box of 11: normalised integer / 32 768, so within +-1. Raw values clamp to [min, max].
 *   | #  | name       | min | max    | unit                             |
 *   | 0  | load.own   | 0   | 20000  | W                                |
 *   | 1  | p.pv       | 0   | 10000  | W                                |
 *   | 2  | soc        | 0   | 1e6    | 1e-6 of rated energy             |
 *   | 3  | price.now  | 0   | 1e9    | 1e-6 currency per MWh, of the interval acted on |
 *   | 4  | price.6h   | 0   | 1e9    | as above, forecast               |
 *   | 5  | price.12h  | 0   | 1e9    | as above, forecast               |
 *   | 6  | price.24h  | 0   | 1e9    | as above, forecast               |
 *   | 7  | carbon.now | 0   | 1e6    | 1e-6 kg CO2 per kWh              |
 *   | 8  | time.day   | 0   | 86400  | s, the home's clock              |
 *   | 9  | time.week  | 0   | 604800 | s, from Monday 0 h               |
 *   | 10 | time.year  | 0   | 366    | day of the year                  |
 *   With `control: 'reserve'` a Box of 7, shares of the battery's rating and what its gateway expects
 *   (series/homeOutlook.ts), for `observationDelay: 0`:
 *   | #  | name       | min  | max   | unit                                                                        |
 *   | 0  | load.share | 0    | 1e6   | load of the interval acted on, 1e-6 of rated power                          |
 *   | 1  | soc        | 0    | 1e6   | 1e-6 of rated energy                                                        |
 *   | 2  | need.dear  | 0    | 2e6   | energy that the dear hours ahead are expected to take, 1e-6 of rated energy |
 *   | 3  | spare.dear | 0    | 2e6   | PV surplus expected before them, 1e-6 of rated energy                       |
 *   | 4  | time.cheap | 0    | 21600 | s until the last interval as cheap as now before them                       |
 *   | 5  | price.rise | 1e6  | 3e6   | their mean price, 1e-6 of the price now                                     |
 *   | 6  | price.now  | 0    | 1e9   | 1e-6 currency per MWh                                                       |
 * Reward
 *   Per interval, in the currency of the tariff:
 *     r = -( cost + carbonPrice x kg + wearWeight x wear + wearPerKwh x kWh drawn from the cells
 *            + peakPrice x max(0, import - greatest import so far) )
 *   cost: kWh bought x price less kWh sold x export price. wear: replacement cost x damage of the interval / damage at
 *   end of life (physics/wear/batteryWear.ts), so that over an episode it is what batch rainflow finds.
 *   With `reward: 'difference'`: what the setpoint of the interval changes, for a learner with gamma 0. Two batteries that
 *   hold what this one held, one moved as issued and one left to itself (greedy self-use; with `control: 'reserve'` no
 *   margin), are both left to themselves from then on, through the series as it comes, until they hold the same, 48 h at
 *   most: what the second pays more for energy, carbon and `wearPerKwh`, over the mean price of the episode times the
 *   battery's rated kWh. Peak and rainflow are left out.
 * Starting state
 *   A home and a window of `days` days drawn from the split; charge `startSoc` of what is usable, or drawn between
 *   0.2 and 0.8; health `startSoh`. Training windows are the weeks w (of `days` days each) with w mod 5 < 4, test windows
 *   those with w mod 5 = 4; synthetic homes are parted in the same way, so tests are other homes, seasons and prices.
 *   Before the first interval the meters show its own load and PV.
 * Episode end
 *   truncated after the window. Never terminated. What is left in the battery is worth nothing.
 * Arguments
 *   `DispatchHomeArgs` in dispatchHomeArgs.ts.
 * Versions
 *   v1: first.
 */
import { uniform } from '../../base/realMath.ts';
import { DAY_MS } from '../../grid/interval.ts';
import { quantise, setChannel, type Snapshot } from '../../grid/snapshot.ts';
import { EpisodeTask } from '../gym/episode.ts';
import type { Balance, TaskDefinition, TaskState } from '../gym/task.ts';
import type { Info } from '../gym/types.ts';
import type { BatteryModel } from '../physics/battery.ts';
import { stepBattery } from '../physics/batteryCurves.ts';
import { hoursPerStep, meterInterval, netLoadW } from '../physics/homeMeter.ts';
import { BatteryWear, type WearState } from '../physics/wear/batteryWear.ts';
import { homeWindow, type HomeSeries } from '../series/home.ts';
import { homeOutlook, outlookWindow, type Dear, type HomeOutlook } from '../series/homeOutlook.ts';
import { testDay, trainDay } from '../series/synthetic.ts';
import { spreadHome, syntheticHome, type Tariff } from '../series/syntheticHome.ts';
import { checkDispatchHomeArgs, DISPATCH_HOME_RESERVE_DEFAULTS, type DispatchHomeArgs } from './dispatchHomeArgs.ts';
import { DISPATCH_HOME_INTERFACE, DISPATCH_HOME_RESERVE } from './dispatchHomeInterface.ts';
import { setTariff } from './homeClock.ts';

const SHARE = 1000000;
const WH_PER_KWH = 1000;
const S_PER_HOUR = 3600;
/** What a synthetic home has lived before its window, for its gateway to know it. */
const PAST_DAYS = 14;
/** Currency per kWh: where energy costs nothing, a saving is not divided by it. */
const LEAST_PRICE = 0.001;
/** Of mixed tariffs, one home in so many pays day-ahead prices. */
const MIXED_EVERY = 3;
/** How far differences are followed, and below what they are none. */
const LOOK_AHEAD_H = 48;
const SAME_WH = 0.01;

/** Of the last interval, Wh: what `balance` adds up, and what it earned. */
interface Lived {
  pvWh: number;
  loadWh: number;
  importWh: number;
  exportWh: number;
  fromWh: number;
  lossWh: number;
  reward: number;
}

interface HomeState extends TaskState {
  readonly home: number;
  readonly window: number;
  readonly socWh: number;
  readonly wear: WearState;
  readonly lived: Lived;
  readonly totals: Totals;
}

interface Totals {
  cost: number;
  carbonKg: number;
  importWh: number;
  exportWh: number;
  peakW: number;
  wearCost: number;
  drawnWh: number;
}

export class DispatchHomeCopy extends EpisodeTask {
  readonly args: DispatchHomeArgs;
  socWh = 0;
  #home = 0;
  #window = 0;
  #series: HomeSeries;
  /** Of the home's gateway, where the interface asks for it. */
  #outlook: HomeOutlook | undefined;
  /** Of what it buys for; the same unless `worth` is wear. */
  #bought: HomeOutlook | undefined;
  #usualPrice: number;
  #wear: BatteryWear;
  #lived: Lived = nothingLived(0);
  #totals: Totals = nothingSpent();

  constructor(args: DispatchHomeArgs) {
    super('dispatch-home', args.control === 'reserve' ? DISPATCH_HOME_RESERVE : DISPATCH_HOME_INTERFACE, 1);
    this.args = args;
    const first = args.control === 'reserve' && args.homes === undefined ? this.#ofSplit(0) : 0;
    this.#series = this.#seriesOf(first, first);
    this.#usualPrice = LEAST_PRICE;
    this.#wear = this.#newWear();
  }

  /** The home of this episode, from its first interval to its last. */
  get home(): HomeSeries {
    return this.#series;
  }

  /** What its gateway expects of the hours it holds for; undefined where control is power. */
  get outlook(): HomeOutlook | undefined {
    return this.#outlook;
  }

  /** The same of the hours it buys for. */
  get bought(): HomeOutlook | undefined {
    return this.#bought;
  }

  get wear(): BatteryWear {
    return this.#wear;
  }

  protected begin(): void {
    const { homes, homeCount, startSoc } = this.args;
    const drawn = this.stream.below(homes?.length ?? homeCount);
    this.#home = homes !== undefined ? drawn : this.#ofSplit(drawn);
    this.#window = this.#drawWindow();
    this.#enter();
    const { eMinWh, eMaxWh } = this.#series.battery;
    const share = startSoc ?? 0.2 + 0.6 * uniform(this.stream);
    this.socWh = eMinWh + share * (eMaxWh - eMinWh);
    this.#wear = this.#newWear();
    this.#lived = nothingLived(this.socWh);
    this.#totals = nothingSpent();
  }

  protected measure(_asset: number, snapshot: Snapshot, step: number): void {
    const home = this.#series;
    const acted = Math.min(step, home.steps - 1);
    const seen = Math.min(Math.max(0, step - this.args.observationDelay), home.steps - 1);
    setChannel(snapshot, 'load.own', quantise(home.loadW[seen]!, 'w'));
    setChannel(snapshot, 'p.pv', quantise(home.pvW[seen]!, 'w'));
    setChannel(snapshot, 'soc', quantise(this.socWh / home.battery.ratedWh, 'ratio.e-6'));
    setTariff(snapshot, home, acted);
    if (this.#outlook !== undefined) this.#setOutlook(snapshot, this.#outlook, acted);
  }

  #setOutlook(snapshot: Snapshot, { needDear, spareDear, cheapS, priceRise }: HomeOutlook, t: number): void {
    const home = this.#series;
    setChannel(snapshot, 'load.share', quantise(home.loadW[t]! / home.battery.pMaxW, 'ratio.e-6'));
    setChannel(snapshot, 'need.dear', quantise(needDear[t]!, 'ratio.e-6'));
    setChannel(snapshot, 'spare.dear', quantise(spareDear[t]!, 'ratio.e-6'));
    setChannel(snapshot, 'time.cheap', quantise(cheapS[t]!, 's'));
    setChannel(snapshot, 'price.rise', quantise(priceRise[t]!, 'ratio.e-6'));
  }

  protected advance(step: number): boolean {
    const home = this.#series;
    const dtH = hoursPerStep(home);
    const fromWh = this.socWh;
    const wantedW = this.#wantedW(step, fromWh);
    const { pW, socWh, lossWh } = stepBattery(this.#usable(), this.args.curves, fromWh, wantedW, dtH);
    const { importWh, exportWh, cost, carbonKg } = meterInterval(home, step, pW);
    this.socWh = socWh;
    const wearCost = this.#wear.step(socWh / home.battery.ratedWh, home.stepMs / 1000);
    const totals = this.#totals;
    const rise = Math.max(0, importWh / dtH - totals.peakW);
    const { carbonPrice, peakPrice, wearWeight, wearPerKwh } = this.args;
    const drawnWh = pW > 0 ? Math.max(0, fromWh - socWh) : 0;
    const linear = cost + carbonPrice * carbonKg + (wearPerKwh * drawnWh) / WH_PER_KWH;
    const paid = linear + wearWeight * wearCost + (peakPrice * rise) / WH_PER_KWH;
    totals.cost += cost;
    totals.carbonKg += carbonKg;
    totals.importWh += importWh;
    totals.exportWh += exportWh;
    totals.peakW += rise;
    totals.wearCost += wearCost;
    totals.drawnWh += drawnWh;
    const loadWh = home.loadW[step]! * dtH;
    const reward = this.args.reward === 'cost' ? -paid : this.#difference(step, fromWh);
    this.#lived = { pvWh: home.pvW[step]! * dtH, loadWh, importWh, exportWh, fromWh, lossWh, reward };
    return step + 1 >= home.steps;
  }

  protected reward(): number {
    return this.#lived.reward;
  }

  /** Battery power asked for, W: issued as it is, or what keeping the reserve comes to. */
  #wantedW(step: number, socWh: number): number {
    const issued = this.port.issued[0]! / SHARE;
    const { battery } = this.#series;
    return this.#outlook === undefined ? issued * battery.pMaxW : this.#keeping(step, socWh, issued);
  }

  /** Battery power that serves the home from `socWh` and keeps what is expected to lack, and `margin` more, W. */
  #keeping(step: number, socWh: number, margin: number): number {
    const { battery } = this.#series;
    const dtH = hoursPerStep(this.#series);
    const netW = netLoadW(this.#series, step);
    const aboveWh = socWh - reserveOf(this.#outlook!, step, margin) * battery.ratedWh;
    if (aboveWh >= 0) return Math.min(netW, (aboveWh * battery.etaDischarge) / dtH);
    const beyondWh = socWh - reserveOf(this.#bought!, step, margin) * battery.ratedWh;
    const laterWh = (battery.pMaxW * battery.etaCharge * this.#bought!.cheapS[step]!) / S_PER_HOUR;
    return Math.min(netW, 0, (beyondWh + laterWh) / (battery.etaCharge * dtH));
  }

  /**
   * What this interval's setpoint changes, as a share of what a full battery is worth: the battery as it was moved, and the
   * one that its own rule would have moved, both left to the rule from then on until they hold the same.
   */
  #difference(step: number, fromWh: number): number {
    const home = this.#series;
    const last = Math.min(home.steps, step + Math.floor((LOOK_AHEAD_H * S_PER_HOUR * 1000) / home.stepMs));
    const own = this.#lives(step, fromWh, this.#wantedW(step, fromWh));
    const rule = this.#lives(step, fromWh, this.#byRule(step, fromWh));
    let saved = rule.paid - own.paid;
    let [ownWh, ruleWh] = [own.socWh, rule.socWh];
    for (let t = step + 1; t < last && Math.abs(ownWh - ruleWh) > SAME_WH; t++) {
      const byOwn = this.#lives(t, ownWh, this.#byRule(t, ownWh));
      const byRule = this.#lives(t, ruleWh, this.#byRule(t, ruleWh));
      saved += byRule.paid - byOwn.paid;
      [ownWh, ruleWh] = [byOwn.socWh, byRule.socWh];
    }
    return (saved * WH_PER_KWH) / (this.#usualPrice * home.battery.ratedWh);
  }

  /** Battery power when it is left to itself. */
  #byRule(step: number, socWh: number): number {
    return this.#outlook === undefined ? netLoadW(this.#series, step) : this.#keeping(step, socWh, 0);
  }

  /** An interval from `fromWh` on: what is paid for energy, carbon and linear wear, and what is held then. */
  #lives(step: number, fromWh: number, wantedW: number): { readonly paid: number; readonly socWh: number } {
    const home = this.#series;
    const { carbonPrice, wearPerKwh, curves } = this.args;
    const { pW, socWh } = stepBattery(this.#usable(), curves, fromWh, wantedW, hoursPerStep(home));
    const { cost, carbonKg } = meterInterval(home, step, pW);
    const drawnWh = pW > 0 ? Math.max(0, fromWh - socWh) : 0;
    return { paid: cost + carbonPrice * carbonKg + (wearPerKwh * drawnWh) / WH_PER_KWH, socWh };
  }

  protected metrics(): Info {
    return {
      home: this.#series.name,
      startMs: this.#series.startMs,
      ...this.#totals,
      socWh: this.socWh,
      soh: this.#wear.soh,
      equivalentCycles: this.#wear.equivalentCycles,
    };
  }

  balance(): Balance {
    const { pvWh, loadWh, importWh, exportWh, fromWh, lossWh } = this.#lived;
    return { sources: importWh + pvWh + fromWh, sinks: exportWh + loadWh + lossWh + this.socWh, unit: 'Wh' };
  }

  protected save(): TaskState {
    const state: HomeState = {
      home: this.#home,
      window: this.#window,
      socWh: this.socWh,
      wear: this.#wear.getState(),
      lived: { ...this.#lived },
      totals: { ...this.#totals },
    };
    return state;
  }

  protected load(given: TaskState): void {
    const state = given as HomeState;
    this.#home = state.home;
    this.#window = state.window;
    this.#enter();
    this.socWh = state.socWh;
    this.#wear = this.#newWear();
    this.#wear.setState(state.wear);
    this.#lived = { ...state.lived };
    this.#totals = { ...state.totals };
  }

  protected twin(): DispatchHomeCopy {
    return new DispatchHomeCopy(this.args);
  }

  /** The battery as its health leaves it. */
  #usable(): BatteryModel {
    const { battery } = this.#series;
    if (this.args.wearWeight === 0) return battery;
    return { ...battery, eMaxWh: Math.max(battery.eMinWh, Math.min(battery.eMaxWh, battery.ratedWh * this.#wear.soh)) };
  }

  #newWear(): BatteryWear {
    const { wear, startSoh } = this.args;
    const { ratedWh } = this.#series.battery;
    return new BatteryWear(wear, { ratedWh, soc: this.socWh / ratedWh, soh: startSoh });
  }

  #ofSplit(i: number): number {
    return this.args.split === 'test' ? testDay(i) : trainDay(i);
  }

  /** Of synthetic homes the window's number; of homes given, that of a window that fits into the series. */
  #drawWindow(): number {
    const { homes, windows } = this.args;
    if (homes === undefined) return this.#ofSplit(this.stream.below(windows));
    const whole = Math.floor(homes[this.#home]!.steps / this.#windowSteps(homes[this.#home]!));
    const own = Array.from({ length: whole }, (_, i) => i).filter(
      (i) => (i % 5 === 4) === (this.args.split === 'test'),
    );
    // Too short to be parted: what there is.
    return own.length === 0 ? this.stream.below(whole) : own[this.stream.below(own.length)]!;
  }

  #windowSteps(home: HomeSeries): number {
    return Math.min(home.steps, Math.max(1, Math.floor((this.args.days * DAY_MS) / home.stepMs)));
  }

  /** Series and outlook of the home and window drawn. */
  #enter(): void {
    this.#series = this.#seriesOf(this.#home, this.#window);
    this.#usualPrice = Math.max(LEAST_PRICE, meanOf(this.#series.pricePerKwh));
    const { control, worth, wearPerKwh } = this.args;
    if (control !== 'reserve') return;
    this.#outlook = this.#outlookOf(worth === 'wear' ? 'held' : 0);
    this.#bought = worth === 'wear' ? this.#outlookOf(wearPerKwh) : this.#outlook;
  }

  #seriesOf(home: number, window: number): HomeSeries {
    const { homes, seriesSeed: seed, days, stepMs, exportShare, control } = this.args;
    if (homes === undefined && control === 'power') {
      const tariff = this.#tariffOf(home);
      return syntheticHome({ seed, home, day: window * days, days, stepMs, tariff, exportShare });
    }
    const whole = this.#wholeOf(home);
    const steps = this.#windowSteps(whole);
    return homeWindow(whole, this.#stepOf(window, steps), steps);
  }

  #outlookOf(dear: Dear): HomeOutlook {
    const { steps } = this.#series;
    return outlookWindow(homeOutlook(this.#wholeOf(this.#home), dear), this.#stepOf(this.#window, steps), steps);
  }

  /** Where a window begins in the whole series of its home. */
  #stepOf(window: number, steps: number): number {
    const { homes, days, stepMs } = this.args;
    return homes !== undefined ? window * steps : ((window * days - this.#firstDay()) * DAY_MS) / stepMs;
  }

  /** The home given; or a synthetic one over all windows of the split, what its gateway saw before and a day beyond. */
  #wholeOf(home: number): HomeSeries {
    const { homes, seriesSeed: seed, days, windows, stepMs, exportShare, spread } = this.args;
    if (homes !== undefined) return homes[home]!;
    const day = this.#firstDay();
    const tariff = this.#tariffOf(home);
    const end = (this.#ofSplit(windows - 1) + 1) * days;
    const whole = syntheticHome({ seed, home, day, days: end + 1 - day, stepMs, tariff, exportShare });
    return spread === 0 ? whole : spreadHome(whole, spread, seed);
  }

  #tariffOf(home: number): Tariff {
    const { tariff } = this.args;
    if (tariff !== 'mixed') return tariff;
    return home % MIXED_EVERY === MIXED_EVERY - 1 ? 'day-ahead' : 'time-of-use';
  }

  #firstDay(): number {
    return Math.max(0, this.#ofSplit(0) * this.args.days - PAST_DAYS);
  }
}

/** Share of rated energy to hold for the dear hours ahead; 0 without any. */
function reserveOf({ needDear, spareDear }: HomeOutlook, step: number, margin: number): number {
  return needDear[step]! > 0 ? Math.min(Math.max(needDear[step]! - spareDear[step]! + margin, 0), 1) : 0;
}

function nothingLived(fromWh: number): Lived {
  return { pvWh: 0, loadWh: 0, importWh: 0, exportWh: 0, fromWh, lossWh: 0, reward: 0 };
}

function nothingSpent(): Totals {
  return { cost: 0, carbonKg: 0, importWh: 0, exportWh: 0, peakW: 0, wearCost: 0, drawnWh: 0 };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export const dispatchHome: TaskDefinition<DispatchHomeArgs> = {
  id: 'dispatch-home-v1',
  about: { title: 'a home battery against its tariff, its PV and its own wear', stepS: 3600, episodeSteps: 168 },
  createCopy: (given) => new DispatchHomeCopy(checkDispatchHomeArgs(given)),
};

/**
 * `dispatch-home-reserve-v1`: the same home, whose battery serves it by itself and keeps the reserve that the policy says.
 * Differs in its defaults alone: the device's own loop, energy and the linear proxy of wear as the only costs.
 */
export const dispatchHomeReserve: TaskDefinition<DispatchHomeArgs> = {
  id: 'dispatch-home-reserve-v1',
  about: { title: 'the reserve of a home battery that serves its home', stepS: 3600, episodeSteps: 672 },
  createCopy: (given) => new DispatchHomeCopy(checkDispatchHomeArgs({ ...DISPATCH_HOME_RESERVE_DEFAULTS, ...given })),
};
