/**
 * Numbers as text. Powers of ten are applied to the decimal text of a number: 45 kW is 45000 W and 0.045 MW is the
 * same 45000 W, where a product of doubles may be off by its last bit.
 */

/** A decimal number and nothing else. One way to match every text: time goes with its length. */
export const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** value x 10^places, correctly rounded from the shortest decimal text of `value`. */
export function shiftDecimal(value: number, places: number): number {
  if (value === 0 || value - value !== 0) return value;
  return shiftToken(String(value), places);
}

/** A decimal token x 10^places, correctly rounded. */
export function shiftToken(token: string, places: number): number {
  if (places === 0) return Number(token);
  const at = token.search(/[eE]/);
  if (at < 0) return Number(`${token}e${places}`);
  return Number(`${token.slice(0, at)}e${Number(token.slice(at + 1)) + places}`);
}

/** The text of a finite value x 10^places, exact: the shortest digits with the point moved. */
export function decimalText(value: number, places: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  const point = Number(exponent) + places + 1;
  return (value < 0 ? '-' : '') + placed(digits, point, mantissa);
}

/** 0.digits x 10^point, plain where that is short. */
function placed(digits: string, point: number, mantissa: string): string {
  if (point > 15 || point < -6) return `${mantissa}e${point - 1}`;
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return digits + '0'.repeat(point - digits.length);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Text of a file as an error may show it: the first 80 characters, control characters and broken bytes as `?`. */
export function printable(text: string): string {
  return text
    .trim()
    .slice(0, 80)
    .replace(/[\p{C}\uFFFD]/gu, '?');
}
