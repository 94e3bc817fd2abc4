/** Every suite keeps what reports and cards rely on. */
import { describe, expect, it } from 'vitest';
import { interfaceSignature } from '../../../src/agents/evaluation/episode.ts';
import { SUITE_IDS, suiteIdFor, suiteOf } from '../../../src/agents/suites/index.ts';
import { taskDefinition } from '../../../src/env/gym/registry.ts';
import { VOLTAGE_INTERFACE } from '../../../src/env/tasks/voltageInterface.ts';

describe.each(SUITE_IDS)('suite %s', (id) => {
  it('bears its id, a headline, and contenders with names and words of their own', async () => {
    const suite = await suiteOf(id);
    expect(suite.id).toBe(id);
    expect(suite.title).not.toBe('');
    const keys = suite.metrics.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(suite.metrics[0]!.better).not.toBe('neither');
    const baselines = suite.baselines();
    const names = baselines.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { about } of baselines) expect(about.length).toBeGreaterThan(10);
    const kinds = baselines.map(({ kind }) => kind);
    expect(kinds).toContain('baseline');
    expect([...kinds].sort()).toEqual(kinds);
  });

  it('counts scenarios on from any of them, all with ids of their own', async () => {
    const suite = await suiteOf(id);
    const three = suite.scenarios({ count: 3 });
    expect(suite.scenarios({ count: 1, from: 2 })).toEqual(three.slice(2));
    expect(new Set(three.map((scenario) => scenario.id)).size).toBe(3);
    expect(suite.scenarios().length).toBeGreaterThanOrEqual(5);
  });

  it('takes the policies that its scenarios are made for', async () => {
    const suite = await suiteOf(id);
    const task = taskDefinition(suite.task).createCopy(suite.scenarios({ count: 1 })[0]!.args).port.policy;
    const found = suiteIdFor(task, { name: id });
    expect(found).toBe(id);
    expect(interfaceSignature(task)).toContain(' -> ');
  });
});

describe('the suite of a policy', () => {
  it('goes by name, then by task, then by what it sees', () => {
    expect(suiteIdFor(VOLTAGE_INTERFACE)).toBe('voltage-ieee33');
    expect(suiteIdFor(VOLTAGE_INTERFACE, { task: 'voltage-ieee69-v1' })).toBe('voltage-ieee69');
    expect(suiteIdFor(VOLTAGE_INTERFACE, { name: 'voltage-ieee33-delay0', task: 'voltage-ieee33-v1' })).toBe(
      'voltage-ieee33-delay0',
    );
  });

  it('is refused for one that fits none, with what there is', async () => {
    const odd = { ...VOLTAGE_INTERFACE, outputs: [] };
    expect(() => suiteIdFor(odd)).toThrow(/agents.suite/);
    await expect(suiteOf('nothing')).rejects.toMatchObject({ code: 'agents.suite', expected: SUITE_IDS.join(', ') });
  });
});
