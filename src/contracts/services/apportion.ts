/**
 * Rounding of one (deployment, interval): the payer is debited ceil(exact total), each payee is credited
 * floor(exact), and the `rounding` account takes the difference (0 <= it <= number of payees).
 */
import { ceilDivBig, floorDivBig, toSafe } from '../../base/fixed.ts';

export interface RoundedPayments {
  readonly debitMicro: number;
  readonly creditsMicro: readonly number[];
  readonly roundingMicro: number;
}

export function roundPayments(numerators: readonly bigint[], denominator: bigint): RoundedPayments {
  let total = 0n;
  let credited = 0n;
  const creditsMicro = numerators.map((numerator) => {
    const credit = floorDivBig(numerator, denominator);
    total += numerator;
    credited += credit;
    return toSafe(credit, 'payment');
  });
  const debit = ceilDivBig(total, denominator);
  return { debitMicro: toSafe(debit, 'payment total'), creditsMicro, roundingMicro: toSafe(debit - credited) };
}

/**
 * Pool split (spec/settlement.md 1.8): one total shared by own measured delivery capped at own request,
 * w_i = min(d_i, r_i)+ / sum. Splitting one unit into k accounts changes nothing. Returns exact numerators
 * over `weightSum`, or no shares when nobody delivered.
 */
export function poolShares(
  total: bigint,
  delivered: readonly number[],
  requested: readonly number[],
): { readonly numerators: readonly bigint[]; readonly weightSum: bigint } {
  const weights = delivered.map((d, i) => BigInt(Math.max(0, Math.min(d, requested[i]!))));
  let weightSum = 0n;
  for (const weight of weights) weightSum += weight;
  if (weightSum === 0n) return { numerators: weights.map(() => 0n), weightSum: 1n };
  return { numerators: weights.map((weight) => total * weight), weightSum };
}
