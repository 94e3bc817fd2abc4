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

const [day] = stackedIeee33Suite.scenarios({ count: 1 });
const byName = new Map(stackedIeee33Suite.baselines().map((each) => [each.name, each]));

async function live(name: string): Promise<Metrics> {
  return byName.get(name)!.run(day!);
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
  const neighbours = <T extends object>(grid: readonly T[], best: T): readonly T[] =>
    grid.filter((cell) => differences(cell, best) <= 1);

  it.each<[string, readonly StackedRule[]]>([
    ['droop', neighbours(DROOPS, TUNED_STACK.droop).map((voltVar) => ({ voltVar }))],
    [
      'integrator',
      INTEGRATORS.filter(({ gain }) => Math.abs(gain - TUNED_STACK.integrator.gain) < 0.15).map((voltVar) => ({
        voltVar,
      })),
    ],
  ])(
    '%s earns most among its neighbours on training days',
    (name, rules) => {
      const best = mostEarning(tuneStacked(rules, 2, 'dynamicContainment'));
      const tuned = name === 'droop' ? TUNED_STACK.droop : TUNED_STACK.integrator;
      // Two of the six days that it was tuned on.
      const own = incomeOnTrainingDays({ voltVar: tuned }, 2, 'dynamicContainment');
      expect(own).toBeGreaterThan(0.97 * best.netIncome);
    },
    60000,
  );

  it('holds the charge that earns most beside a full reserve', () => {
    const charges = neighbours(CHARGES, TUNED_STACK.containment).filter(({ targetSoc }) => targetSoc < 0.3);
    const cells = tuneStacked(
      charges.map((charge) => ({ charge, reserveShare: 1 })),
      2,
      'dynamicContainment',
    );
    const own = incomeOnTrainingDays({ charge: TUNED_STACK.containment, reserveShare: 1 }, 2, 'dynamicContainment');
    expect(own).toBeGreaterThan(0.97 * mostEarning(cells).netIncome);
  }, 60000);
});

function differences(a: object, b: object): number {
  const other = new Map(Object.entries(b));
  return Object.entries(a).filter(([key, value]) => other.get(key) !== value).length;
}
