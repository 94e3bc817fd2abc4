/** The suite of home years: its references, its rules, and what a policy that adds nothing comes to. */
import { describe, expect, it } from 'vitest';
import { buildPolicy } from '../../../src/contracts/policy/codec.ts';
import { perfectForesight } from '../../../src/agents/baselines/dispatch/perfectForesight.ts';
import { recedingHorizon } from '../../../src/agents/baselines/dispatch/recedingHorizon.ts';
import { runHome } from '../../../src/agents/baselines/dispatch/home.ts';
import type { Metrics, Scenario, Suite } from '../../../src/agents/evaluation/suite.ts';
import { suiteIdFor } from '../../../src/agents/suites/index.ts';
import { dispatchHomeSuite } from '../../../src/agents/suites/dispatchHome.ts';
import { DISPATCH_HOME_RESERVE } from '../../../src/env/tasks/dispatchHomeInterface.ts';
import { syntheticHome } from '../../../src/env/series/syntheticHome.ts';
import { cityLearnHomes, hasCityLearn } from '../../support/citylearn.ts';

/** Weeks instead of a year: quick, and long enough to know a home's habits. */
function shorter(scenario: Scenario, days: number): Scenario {
  return { ...scenario, args: { ...scenario.args, days } };
}

async function liveAll(suite: Suite, scenario: Scenario, names: readonly string[]): Promise<Map<string, Metrics>> {
  const found = suite.baselines().filter(({ name }) => names.includes(name));
  expect(found.map(({ name }) => name)).toEqual(names);
  return new Map(await Promise.all(found.map(async ({ name, run }) => [name, await run(scenario)] as const)));
}

const QUICK = ['none', 'greedy self-use', 'tariff rule', 'reserve rule', 'perfect foresight'];

describe('suite dispatch-home', () => {
  it('measures between the battery at rest, greedy self-use and perfect foresight', async () => {
    const suite = await dispatchHomeSuite();
    const scenario = shorter(suite.scenarios({ count: 1 })[0]!, 56);
    const by = await liveAll(suite, scenario, QUICK);
    const of = (name: string, key: string): number => by.get(name)![key]!;
    expect([of('none', 'saving'), of('none', 'costRatio')]).toEqual([0, 1]);
    expect(of('greedy self-use', 'gap')).toBe(0);
    expect(of('perfect foresight', 'saving')).toBe(1);
    expect(of('perfect foresight', 'gap')).toBe(1);
    expect(of('perfect foresight', 'savingFree')).toBeLessThanOrEqual(1);
    for (const name of ['tariff rule', 'reserve rule']) expect(of(name, 'saving')).toBeLessThan(1);
    expect(of('reserve rule', 'gap')).toBeGreaterThan(0);
    for (const [, metrics] of by) {
      expect(Object.keys(metrics).sort()).toEqual(suite.metrics.map(({ key }) => key).sort());
    }
  });

  it('a policy without a margin is the reserve rule, and is found by its interface', async () => {
    const suite = await dispatchHomeSuite();
    const scenario = shorter(suite.scenarios({ count: 1, from: 3 })[0]!, 28);
    const layer = {
      inSize: 7,
      outSize: 1,
      shift: 0,
      weights: new Int16Array(7),
      bias: new Int32Array(1),
      activation: 'identity',
      exponent: 0,
    } as const;
    const policy = buildPolicy({ interface: DISPATCH_HOME_RESERVE, layers: [layer], head: { kind: 'cont' } });
    const by = await liveAll(suite, scenario, ['reserve rule']);
    expect(await suite.policy('zero', policy).run(scenario)).toEqual(by.get('reserve rule'));
    expect(suiteIdFor(policy.interface)).toBe('dispatch-home');
  });

  it.skipIf(!hasCityLearn)('a home of CityLearn over a year (needs ../shared)', { timeout: 30000 }, async () => {
    const suite = await dispatchHomeSuite(cityLearnHomes().homes);
    const scenarios = suite.scenarios();
    expect(scenarios.map(({ id }) => id)).toEqual(['Building_1', 'Building_2', 'Building_3']);
    const by = await liveAll(suite, scenarios[2]!, QUICK);
    const totals = QUICK.map((name) => by.get(name)!['total']!.toFixed(1));
    expect(totals).toEqual(['1315.5', '897.4', '876.3', '859.9', '832.2']);
    expect(by.get('greedy self-use')!['costRatio']).toBeCloseTo(0.5621, 4);
  });
});

describe('receding horizon', () => {
  const home = syntheticHome({
    seed: 11,
    home: 2,
    day: 100,
    days: 12,
    stepMs: 3600000,
    tariff: 'time-of-use',
    exportShare: 0,
  });

  it('with the coming day known comes close to perfect foresight, and is beaten by nothing causal', async () => {
    const best = runHome(home, { name: 'plan', decide: planOf((await perfectForesight(home)).batteryW) }).cost;
    const perfect = runHome(home, await recedingHorizon({ forecast: 'perfect' })).cost;
    const late = runHome(home, await recedingHorizon({ buyLate: true })).cost;
    expect(perfect).toBeGreaterThanOrEqual(best - 1e-6);
    expect(perfect).toBeLessThan(best * 1.01);
    expect(late).toBeGreaterThan(perfect);
  });
});

function planOf(batteryW: Float64Array): (home: unknown, t: number) => number {
  return (_home, t) => batteryW[t]!;
}
