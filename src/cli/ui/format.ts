/** Numbers for people. No locale: the same text everywhere. A space groups thousands, a point starts decimals. */
import { toHex } from '../../base/bytes.ts';

/** Money: integer micro-units, all six decimals, exact: 1234567 -> "1.234567". */
export function money(micro: number | bigint): string {
  const whole = typeof micro === 'bigint' ? micro : BigInt(micro);
  const digits = (whole < 0n ? -whole : whole).toString().padStart(7, '0');
  return `${whole < 0n ? '-' : ''}${grouped(digits.slice(0, -6))}.${digits.slice(-6)}`;
}

/** `decimals` fixed places, rounded half away from zero as toFixed does; never "-0". */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const text = value.toFixed(decimals);
  const [integer, fraction] = text.replace('-', '').split('.');
  const negative = value < 0 && /[1-9]/.test(text);
  return `${negative ? '-' : ''}${grouped(integer!)}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** A share of 1: 0.0123 -> "1.23 %". */
export function percent(share: number, decimals = 2): string {
  return `${fixed(100 * share, decimals)} %`;
}

export function mwh(energyMwh: number, decimals = 3): string {
  return `${fixed(energyMwh, decimals)} MWh`;
}

/** Wh, kWh, MWh or GWh, whichever leaves a number below 1000. */
export function energy(energyWh: number): string {
  return scaled(energyWh, 'Wh');
}

/** W, kW, MW or GW. */
export function power(pW: number): string {
  return scaled(pW, 'W');
}

export function perUnit(vPu: number): string {
  return `${fixed(vPu, 4)} pu`;
}

export function count(n: number | bigint): string {
  return typeof n === 'bigint' ? `${n < 0n ? '-' : ''}${grouped(n.toString().replace('-', ''))}` : fixed(n, 0);
}

/** "1 box", "2 boxes". */
export function several(n: number, one: string, many: string): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** 950 -> "950/s", 1234 -> "1.2k/s". */
export function rate(perSecond: number): string {
  if (perSecond >= 1e6) return `${fixed(perSecond / 1e6, 1)}M/s`;
  if (perSecond >= 1e3) return `${fixed(perSecond / 1e3, 1)}k/s`;
  return `${fixed(perSecond, perSecond < 10 ? 1 : 0)}/s`;
}

/** 820 -> "820 ms", 12345 -> "12.3 s", then "m:ss" and "h:mm:ss". */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return 'n/a';
  if (ms < 999.5) return `${fixed(ms, 0)} ms`;
  if (ms < 59_950) return `${fixed(ms / 1000, 1)} s`;
  const s = Math.round(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** Head and tail of a CID or of hex bytes, for tables; whole names go into --json. */
export function short(name: string | Uint8Array): string {
  const text = typeof name === 'string' ? name : toHex(name);
  return text.length <= 20 ? text : `${text.slice(0, 10)}..${text.slice(-6)}`;
}

function scaled(value: number, unit: string): string {
  const prefixes = ['', 'k', 'M', 'G'];
  let scale = 0;
  let scaledValue = value;
  // 999.95 prints as "1 000.0" at one decimal, so it moves on to the next prefix.
  while (Math.abs(scaledValue) >= 999.95 && scale < prefixes.length - 1) {
    scaledValue /= 1000;
    scale++;
  }
  return `${fixed(scaledValue, scale === 0 ? 0 : 1)} ${prefixes[scale]}${unit}`;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ' ');
}
