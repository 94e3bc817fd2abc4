/** The clock and tariff channels of a snapshot: what the dispatcher knows of the interval acted on. */
import { DAY_MS, secondOfDay } from '../../grid/interval.ts';
import { quantise, setChannel, type Snapshot } from '../../grid/snapshot.ts';
import type { TariffSeries } from '../series/home.ts';

/** 1970-01-01 was a Thursday. */
const DAYS_TO_MONDAY = 3;
const KWH_PER_MWH = 1000;

/** Prices, carbon and time of step `t`. */
export function setTariff(snapshot: Snapshot, tariff: TariffSeries, t: number): void {
  const { pricePerKwh, priceAhead, carbonKgPerKwh } = tariff;
  const perMwh = (price: number): number => quantise(price * KWH_PER_MWH, 'cur.e-6.per-mwh');
  setChannel(snapshot, 'price.now', perMwh(pricePerKwh[t]!));
  setChannel(snapshot, 'price.6h', perMwh(priceAhead.h6[t]!));
  setChannel(snapshot, 'price.12h', perMwh(priceAhead.h12[t]!));
  setChannel(snapshot, 'price.24h', perMwh(priceAhead.h24[t]!));
  setChannel(snapshot, 'carbon.now', quantise(carbonKgPerKwh[t]!, 'ratio.e-6'));
  setClock(snapshot, tariff.startMs + t * tariff.stepMs);
}

/** Second of the day and of the week, day of the year. */
function setClock(snapshot: Snapshot, tMs: number): void {
  const day = Math.floor(tMs / DAY_MS);
  const weekday = (((day + DAYS_TO_MONDAY) % 7) + 7) % 7;
  setChannel(snapshot, 'time.day', secondOfDay(tMs));
  setChannel(snapshot, 'time.week', weekday * 86400 + secondOfDay(tMs));
  setChannel(snapshot, 'time.year', day - Math.floor(Date.UTC(new Date(tMs).getUTCFullYear(), 0, 1) / DAY_MS));
}
