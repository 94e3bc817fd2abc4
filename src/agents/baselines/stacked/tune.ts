/**
 * Grid tuning of the rules of `stacked-ieee33`, service by service, on training days: every cell is kept, so that the search
 * can be shown (docs/evidence/stacked-ieee33.md).
 */
import type { StackedCopy } from '../../../env/tasks/stackedIeee33.ts';
import { liveEpisode, scenarioCopy } from '../../evaluation/episode.ts';
import {
  servicesOf,
  stackedRule,
  type ChargeRule,
  type DroopRule,
  type IntegratorRule,
  type StackedRule,
} from './rules.ts';

export interface StackedCell {
  readonly rule: StackedRule;
  /** Mean over the days, in the currency of the price. */
  readonly netIncome: number;
}

export const DROOPS: readonly DroopRule[] = [1.01, 1.015, 1.02, 1.025, 1.03].flatMap((vRefPu) =>
  [6, 8, 10, 12].map((slope): DroopRule => ({ kind: 'droop', vRefPu, slope })),
);
export const INTEGRATORS: readonly IntegratorRule[] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8].map(
  (gain): IntegratorRule => ({ kind: 'integrator', gain }),
);
export const CHARGES: readonly ChargeRule[] = [0.14, 0.16, 0.18, 0.2, 0.22, 0.25, 0.3, 0.5].flatMap((targetSoc) =>
  [90, 120, 200, 1e6].map((sellAbovePerMwh): ChargeRule => ({ targetSoc, rate: 0.05, sellAbovePerMwh })),
);

export const REGULATIONS: readonly StackedRule[] = CHARGES.filter(
  ({ sellAbovePerMwh }) => sellAbovePerMwh === 90,
).flatMap((charge) => [0.125, 0.25, 0.5, 1].map((reserveShare): StackedRule => ({ charge, reserveShare })));

export type StackedProduct = StackedCopy['args']['product'];

/** Net income of training days: seeds 0, 37, 74... */
export function incomeOnTrainingDays(rule: StackedRule, days: number, product: StackedProduct): number {
  let sum = 0;
  for (let k = 0; k < days; k++) {
    const args = { pricing: 'settlement', product, services: servicesOf(rule), split: 'train' };
    const copy = scenarioCopy<StackedCopy>('stacked-ieee33-v1', { id: `${k}`, seed: 37 * k, args });
    sum += Number(liveEpisode(copy, stackedRule(rule)).info['netIncome']);
  }
  return sum / days;
}

export function tuneStacked(
  rules: readonly StackedRule[],
  days: number,
  product: StackedProduct,
): readonly StackedCell[] {
  return rules.map((rule) => ({ rule, netIncome: incomeOnTrainingDays(rule, days, product) }));
}

/** The cell that earns most. */
export function mostEarning(cells: readonly StackedCell[]): StackedCell {
  return cells.reduce((best, cell) => (cell.netIncome > best.netIncome ? cell : best));
}
