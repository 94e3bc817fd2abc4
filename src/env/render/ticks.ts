/** Where an axis is marked, and what is written there. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** What people divide time by. */
const TIME_STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((n) => n * DAY),
];

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** At most `count` steps of 1, 2 or 5 times a power of ten that cover the range. */
export function niceTicks(low: number, high: number, count: number): Tick[] {
  const step = niceStep((high - low) / count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const digits = decimalsOf(step);
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const at = (first + i) * step;
    return { at, label: labelOf(at, digits) };
  });
}

/** The least of 1, 2, 5 x 10^n that is not below `least`. */
function niceStep(least: number): number {
  let power = 1;
  while (power > least) power /= 10;
  while (power * 10 <= least) power *= 10;
  return power * ([1, 2, 5].find((m) => m * power >= least * (1 - 1e-9)) ?? 10);
}

function decimalsOf(step: number): number {
  let digits = 0;
  for (let scaled = step; digits < 9 && Math.abs(scaled - Math.floor(scaled + 0.5)) > 1e-6; scaled *= 10) digits++;
  return digits;
}

/** Thousands apart by a thin space, a real minus sign. */
function labelOf(x: number, digits: number): string {
  const [whole = '', decimals] = Math.abs(x).toFixed(digits).split('.');
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u2009') : whole;
  const text = decimals === undefined ? grouped : `${grouped}.${decimals}`;
  return x < 0 && Number(text) !== 0 ? `\u2212${text}` : text;
}

/** Full seconds, minutes, hours or days (UTC) inside the range, at most `count` of them. */
export function timeTicks(fromMs: number, toMs: number, count: number): Tick[] {
  const least = (toMs - fromMs) / count;
  const longest = TIME_STEPS[TIME_STEPS.length - 1]!;
  const step = TIME_STEPS.find((s) => s >= least) ?? longest * Math.ceil(least / longest);
  const ticks: Tick[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) ticks.push({ at, label: timeLabel(at, step) });
  return ticks;
}

/** What changes from tick to tick: the day, the time of day, its seconds. */
function timeLabel(ms: number, step: number): string {
  const iso = new Date(ms).toISOString();
  if (step >= DAY) return iso.slice(5, 10);
  if (step >= MINUTE) return iso.slice(11, 16);
  return step >= SECOND ? iso.slice(11, 19) : iso.slice(17, 23);
}
