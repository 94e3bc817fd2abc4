/** Suite stacked-ieee33: its rules, alone and together, and that they are tuned. */
import { describe, expect, it } from 'vitest';
import { servicesOf, type StackedRule } from '../../../src/agents/baselines/stacked/rules.ts';
import {
  CHARGES,
  DROOPS,
  incomeOnTrainingDays,
  INTEGRATORS,
  mostEarning,
  tuneStacked,
} from '../../../src/agents/baselines/stacked/tune.ts';
import { TUNED_STACK } from '../../../src/agents/baselines/stacked/tuned.ts';
import { stackedIeee33Suite } from '../../../src/agents/suites/stacked.ts';
import type { Metrics } from '../../../src/agents/evaluation/suite.ts';

/** Of the suite's kind, before its list begins. */
const day = { ...stackedIeee33Suite.scenarios({ count: 1 })[0]!, id: 'a test day', seed: 5000000 };
const byName = new Map(stackedIeee33Suite.baselines().map((each) => [each.name, each]));

async function live(name: string): Promise<Metrics> {
  return byName.get(name)!.run(day);
}

describe('suite stacked-ieee33', () => {
  it('adds up: income is what the services earn less wear, and none earns nothing', async () => {
    for (const name of byName.keys()) {
      const { netIncome, frequency, energy, voltage, wear } = await live(name);
      expect(netIncome, name).toBeCloseTo(frequency! + energy! + voltage! - wear!, 9);
    }
    expect((await live('none'))['netIncome']).toBeCloseTo(0, 9);
  }, 30000);

  it('puts services together: the stack earns about what droop and containment earn alone', async () => {
    const [stack, droop, containment] = [await live('rule stack'), await live('droop'), await live('containment')];
    // Batteries move the voltages that droop answers, no more.
    const apart = droop['netIncome']! + containment['netIncome']!;
    expect(Math.abs(stack['netIncome']! / apart - 1)).toBeLessThan(0.05);
    expect(stack['outOfBandShare']).toBe(0);
  }, 30000);

  it('sells what a rule has, and orders nothing else', () => {
    const { droop: voltVar, containment: charge } = TUNED_STACK;
    expect(servicesOf({ voltVar })).toEqual(['voltage']);
    expect(servicesOf({ charge })).toEqual(['dispatch']);
    expect(servicesOf({ charge, reserveShare: 1 })).toEqual(['frequency']);
    expect(servicesOf({ voltVar, charge, reserveShare: 1 })).toEqual(['frequency', 'voltage']);
  });
});

describe('rules of the stack are tuned', () => {
  const { droop, integrator, containment } = TUNED_STACK;
  const nextTo = (a: number, b: number, by: number): boolean => Math.abs(a - b) < by + 1e-9;
  const searches: readonly (readonly [string, StackedRule, readonly StackedRule[]])[] = [
    [
      'droop',
      { voltVar: droop },
      DROOPS.filter(({ vRefPu, slope }) => nextTo(vRefPu, droop.vRefPu, 0.005) && slope === droop.slope)
        .concat(DROOPS.filter(({ vRefPu, slope }) => vRefPu === droop.vRefPu && nextTo(slope, droop.slope, 2)))
        .map((voltVar) => ({ voltVar })),
    ],
    [
      'integrator',
      { voltVar: integrator },
      INTEGRATORS.filter(({ gain }) => nextTo(gain, integrator.gain, 0.1)).map((voltVar) => ({ voltVar })),
    ],
    [
      'held charge beside a full reserve',
      { charge: containment, reserveShare: 1 },
      CHARGES.filter(
        ({ targetSoc, sellAbovePerMwh }) =>
          nextTo(targetSoc, containment.targetSoc, 0.03) && sellAbovePerMwh === containment.sellAbovePerMwh,
      ).map((charge) => ({ charge, reserveShare: 1 })),
    ],
  ];

  it.each(searches)('%s earns most among its neighbours on a training day', (_name, own, rules) => {
    expect(rules.length).toBeGreaterThan(2);
    const best = mostEarning(tuneStacked(rules, 1, 'dynamicContainment'));
    // One of the six days that it was tuned on.
    expect(incomeOnTrainingDays(own, 1, 'dynamicContainment')).toBeGreaterThan(0.95 * best.netIncome);
  });
});
