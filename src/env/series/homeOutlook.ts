/**
 * What the gateway of a home expects at every step, from its published tariff and its own past alone.
 *
 * Prices of the coming 24 h are known (a published tariff, a day-ahead auction). Load and PV are known of the interval
 * itself and of the past; of a later interval is expected what an exponential mean over earlier days has at that time
 * of day, kept apart for need (load above PV) and surplus (PV above load), since the mean of a net hides both. No
 * weather forecast is used.
 *   estimate(slot) += KEEP_NEW (seen - estimate(slot)); before a first day has passed: what is now.
 *   need ahead    x (load now / its estimate)^(1/4)                 a day that is busy now is busy later, in part
 *   surplus ahead x (PV of the last 6 h / its estimates)^(1/2)      so is a bright one bright
 * The hours ahead are looked at up to the first that is cheaper than now, where a battery would rather be filled. Of
 * those the dear ones are, as asked for,
 *   losses   price x etaDischarge > price now / etaCharge:          worth buying for at the price of now
 *   wear     price x etaDischarge > price now / etaCharge + wear:   the same after what drawing a kWh from the cells wears
 *   held     price > price now:   worth holding for what is stored already; wear is the same whenever it is drawn
 */
import { DAY_MS, secondOfDay } from '../../grid/interval.ts';
import { hoursPerStep, netLoadW } from '../physics/homeMeter.ts';
import type { HomeSeries } from './home.ts';

/** One entry per step. */
export interface HomeOutlook {
  /** Energy the dear hours are expected to take out of the cells, share of rated energy; 0 when there are none. */
  readonly needDear: Float64Array;
  /** PV surplus expected to reach the cells before the first dear hour, this interval's included, share of rated energy. */
  readonly spareDear: Float64Array;
  /** Seconds until the last interval before the first dear hour that is as cheap as now; 0 now, or without dear hours. */
  readonly cheapS: Float64Array;
  /** Mean price of the dear hours over the price now; 1 when there are none. */
  readonly priceRise: Float64Array;
}

/** Weight of the newest day. */
const KEEP_NEW = 0.2;
const SKY_HOURS = 6;
/** Ratios are kept within these, and are 1 where next to nothing is estimated. */
const [LEAST_RATIO, GREATEST_RATIO, LEAST_LOAD_W, LEAST_SKY_WH] = [0.3, 3, 100, 300];
/** Prices within this share of each other count as equal. */
const SAME_PRICE = 0.02;

/** Which hours are dear: those worth holding for, or worth buying for after this much wear, currency per kWh drawn. */
export type Dear = 'held' | number;

const known = new WeakMap<HomeSeries, Map<Dear, HomeOutlook>>();

/** Worked out once per series. */
export function homeOutlook(home: HomeSeries, dear: Dear = 0): HomeOutlook {
  let outlooks = known.get(home);
  if (outlooks === undefined) known.set(home, (outlooks = new Map()));
  let outlook = outlooks.get(dear);
  if (outlook === undefined) outlooks.set(dear, (outlook = lookAhead(home, dear)));
  return outlook;
}

/** Above which price an hour is dear when now costs `price`. */
function dearAbove({ battery }: HomeSeries, price: number, dear: Dear): number {
  if (dear === 'held') return price * (1 + SAME_PRICE);
  return price / (battery.etaCharge * battery.etaDischarge) + dear / battery.etaDischarge;
}

/** Steps [from, from + steps), as views. */
export function outlookWindow(outlook: HomeOutlook, from: number, steps: number): HomeOutlook {
  const part = (values: Float64Array): Float64Array => values.subarray(from, from + steps);
  return {
    needDear: part(outlook.needDear),
    spareDear: part(outlook.spareDear),
    cheapS: part(outlook.cheapS),
    priceRise: part(outlook.priceRise),
  };
}

function lookAhead(home: HomeSeries, dear: Dear): HomeOutlook {
  const { steps, stepMs, loadW, pvW } = home;
  const perDay = Math.max(1, Math.floor(DAY_MS / stepMs));
  const first = Math.floor((secondOfDay(home.startMs) * 1000) / stepMs);
  const [need, surplus, load, pv] = [0, 1, 2, 3].map(() => new SlotMeans(perDay)) as [
    SlotMeans,
    SlotMeans,
    SlotMeans,
    SlotMeans,
  ];
  const sky = new SkyRatio(hoursPerStep(home));
  const make = (): Float64Array => new Float64Array(steps);
  const outlook = { needDear: make(), spareDear: make(), cheapS: make(), priceRise: make() };
  for (let t = 0; t < steps; t++) {
    const slot = (first + t) % perDay;
    const net = Math.min(Math.max(netLoadW(home, t), -home.battery.pMaxW), home.battery.pMaxW);
    need.now = Math.max(0, net);
    surplus.now = Math.max(0, -net);
    load.now = loadW[t]!;
    pv.now = pvW[t]!;
    sky.add(pv.now, pv.at(slot));
    const busy = Math.sqrt(Math.sqrt(ratio(load.now, load.at(slot), LEAST_LOAD_W)));
    scan(home, t, slot, { need, surplus, busy, bright: Math.sqrt(sky.ratio), dear }, outlook);
    for (const means of [need, surplus, load, pv]) means.add(slot);
  }
  return outlook;
}

interface Expected {
  readonly need: SlotMeans;
  readonly surplus: SlotMeans;
  /** Factors of today. */
  readonly busy: number;
  readonly bright: number;
  readonly dear: Dear;
}

function ratio(seen: number, estimate: number, least: number): number {
  return estimate < least ? 1 : Math.min(Math.max(seen / estimate, LEAST_RATIO), GREATEST_RATIO);
}

/** The day from step `t` on, written to entry `t`. */
function scan(home: HomeSeries, t: number, slot: number, expected: Expected, to: HomeOutlook): void {
  const { need, surplus, busy, bright } = expected;
  const { battery, pricePerKwh, steps } = home;
  const price = pricePerKwh[t]!;
  const worth = dearAbove(home, price, expected.dear);
  const end = Math.min(steps, t + need.size);
  let needW = 0;
  let spareW = 0;
  let dear = 0;
  let dearPrice = 0;
  let cheap = t;
  for (let k = t + 1; k < end && pricePerKwh[k]! >= price * (1 - SAME_PRICE); k++) {
    const at = (slot + k - t) % need.size;
    if (pricePerKwh[k]! > worth) {
      dear++;
      dearPrice += pricePerKwh[k]!;
      needW += need.at(at);
    } else if (dear === 0) {
      spareW += surplus.at(at);
      if (pricePerKwh[k]! <= price * (1 + SAME_PRICE)) cheap = k;
    }
  }
  const dtH = hoursPerStep(home);
  to.needDear[t] = (busy * needW * dtH) / (battery.etaDischarge * battery.ratedWh);
  to.spareDear[t] = ((surplus.now + bright * spareW) * dtH * battery.etaCharge) / battery.ratedWh;
  to.cheapS[t] = dear === 0 ? 0 : ((cheap - t) * home.stepMs) / 1000;
  to.priceRise[t] = dear === 0 || price <= 0 ? 1 : dearPrice / (dear * price);
}

/** PV of the last hours against what was estimated for them. */
class SkyRatio {
  readonly #dtH: number;
  readonly #seen: Float64Array;
  readonly #estimated: Float64Array;
  #at = 0;

  constructor(dtH: number) {
    const size = Math.max(1, Math.floor(SKY_HOURS / dtH));
    this.#dtH = dtH;
    this.#seen = new Float64Array(size);
    this.#estimated = new Float64Array(size);
  }

  add(seenW: number, estimatedW: number): void {
    this.#seen[this.#at] = seenW;
    this.#estimated[this.#at] = estimatedW;
    this.#at = (this.#at + 1) % this.#seen.length;
  }

  get ratio(): number {
    const sum = (values: Float64Array): number => values.reduce((total, w) => total + w, 0) * this.#dtH;
    return ratio(sum(this.#seen), sum(this.#estimated), LEAST_SKY_WH);
  }
}

/** An exponential mean for every time of day. */
class SlotMeans {
  readonly size: number;
  now = 0;
  readonly #means: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.#means = new Float64Array(size).fill(NaN);
  }

  at(slot: number): number {
    const mean = this.#means[slot]!;
    return Number.isNaN(mean) ? this.now : mean;
  }

  add(slot: number): void {
    const mean = this.#means[slot]!;
    this.#means[slot] = Number.isNaN(mean) ? this.now : mean + KEEP_NEW * (this.now - mean);
  }
}
