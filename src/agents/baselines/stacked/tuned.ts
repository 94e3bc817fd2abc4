/**
 * What tuning found on training days, service by service, as `npm run check:deep -- stacked-ieee33 --again` finds it again and
 * shows the search. A test holds it against its neighbours.
 */
import type { ChargeRule, DroopRule, IntegratorRule, StackedRule } from './rules.ts';

export interface TunedStack {
  readonly droop: DroopRule;
  readonly integrator: IntegratorRule;
  /** Held charge beside a full reserve, and alone. */
  readonly containment: ChargeRule;
  readonly energy: ChargeRule;
  readonly regulation: StackedRule;
}

export const TUNED_STACK: TunedStack = {
  droop: { kind: 'droop', vRefPu: 1.025, slope: 10 },
  integrator: { kind: 'integrator', gain: 0.5 },
  containment: { targetSoc: 0.22, rate: 0.05, sellAbovePerMwh: 90 },
  energy: { targetSoc: 0.14, rate: 0.05, sellAbovePerMwh: 90 },
  regulation: { charge: { targetSoc: 0.14, rate: 0.05, sellAbovePerMwh: 90 }, reserveShare: 1 },
};
