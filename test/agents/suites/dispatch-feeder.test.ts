/** The suite of feeder days: rules between rest and the best plan known, which keeps what the network can carry. */
import { describe, expect, it } from 'vitest';
import { dispatchFeederSuite } from '../../../src/agents/suites/dispatchFeeder.ts';
import type { Metrics } from '../../../src/agents/evaluation/suite.ts';
import { buildPolicy } from '../../../src/contracts/policy/codec.ts';
import { DISPATCH_FEEDER_MARGIN } from '../../../src/env/tasks/dispatchFeederInterface.ts';

describe('suite dispatch-feeder', () => {
  it('orders rest, rules and the best plan; a policy without a margin trades evenly', { timeout: 30000 }, async () => {
    const suite = await dispatchFeederSuite();
    const scenario = suite.scenarios({ count: 1, from: 1 })[0]!;
    const by = new Map<string, Metrics>();
    for (const { name, run } of suite.baselines()) by.set(name, await run(scenario));
    const of = (name: string, key: string): number => by.get(name)![key]!;
    const best = 'sequential LP, perfect foresight';
    expect([...by.keys()]).toEqual(['none', 'full power', 'spread evenly', best]);
    expect([of('none', 'gain'), of('none', 'ofBest'), of(best, 'ofBest')]).toEqual([0, 0, 1]);
    expect(of('full power', 'gain')).toBeLessThan(of('spread evenly', 'gain'));
    expect(of('spread evenly', 'gain')).toBeLessThan(of(best, 'gain'));
    expect(of(best, 'beyondKwh')).toBeLessThan(1);
    const layer = {
      inSize: 8,
      outSize: 1,
      shift: 0,
      weights: new Int16Array(8),
      bias: new Int32Array(1),
      activation: 'identity',
      exponent: 0,
    } as const;
    const zero = buildPolicy({ interface: DISPATCH_FEEDER_MARGIN, layers: [layer], head: { kind: 'cont' } });
    const lived = await suite.policy('zero', zero).run(scenario);
    expect(lived['gain']).toBeCloseTo(of('spread evenly', 'gain'), 0);
  });
});
