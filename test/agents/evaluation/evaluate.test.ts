/** Policies and baselines of a small home suite: what the document says is what the episodes say. */
import { describe, expect, it } from 'vitest';
import { evaluateSuite, type Entry } from '../../../src/agents/evaluation/evaluate.ts';
import type { EvaluationDocument } from '../../../src/agents/evaluation/document.ts';
import { liveHere, runAll } from '../../../src/agents/evaluation/runner.ts';
import { meanOf } from '../../../src/agents/evaluation/statistics.ts';
import type { Contender, Metrics, Scenario } from '../../../src/agents/evaluation/suite.ts';
import { homeSuite, randomHomePolicy } from '../support/homeSuite.ts';

const policies = [1, 2, 3].map(randomHomePolicy);
const entries: Entry[] = policies.map(({ frozen, float }, i) => ({
  name: 'random',
  from: `runs/${i + 1}`,
  artifact: frozen.artifact,
  ...(i === 0 ? { float } : {}),
}));
const OPTIONS = { command: 'gridpact evaluate', resamples: 400 };
const document = await evaluateSuite(homeSuite, entries, OPTIONS);
const of = (doc: EvaluationDocument, name: string) => doc.contenders.find((c) => c.name === name)!;
const against = (doc: EvaluationDocument, name: string) => doc.comparisons.find((c) => c.against === name)!.metrics;

describe('evaluation of a suite', () => {
  it('keeps every value, one row a seed, and its own plain JSON', () => {
    expect(document.contenders.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'policy random',
      'baseline none',
      'baseline greedy',
      'bound foresight',
    ]);
    expect(of(document, 'random').policies.map(({ cid }) => cid)).toEqual(policies.map(({ frozen }) => frozen.cid));
    expect(of(document, 'random').values['cost']!.map((row) => row.length)).toEqual([6, 6, 6]);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });

  it('the values are those of the episodes, whichever way they are lived', async () => {
    const scenario = homeSuite.scenarios({ count: 1, from: 4 })[0]!;
    const alone = await homeSuite.policy('p', policies[1]!.frozen.artifact).run(scenario);
    expect(of(document, 'random').values['return']![1]![4]).toBe(alone['return']);
    const first = homeSuite.baselines()[1]!;
    expect(of(document, 'greedy').values['cost']![0]![4]).toBe((await first.run(scenario))['cost']);
  });

  it('summaries are means with intervals around them, and the worst of all', () => {
    for (const { values, summary } of document.contenders) {
      for (const { key, better } of homeSuite.metrics) {
        const all = values[key]!.flat();
        const { mean, iqm, worst } = summary[key]!;
        expect(mean.value).toBeCloseTo(meanOf(all), 12);
        expect(mean.low!).toBeLessThanOrEqual(mean.value);
        expect(mean.high!).toBeGreaterThanOrEqual(mean.value);
        expect(iqm.low!).toBeLessThanOrEqual(iqm.high!);
        expect(worst).toBe(better === 'more' ? Math.min(...all) : Math.max(...all));
      }
    }
  });

  it('comparisons say difference, relative difference, probability and the gap closed', () => {
    const { difference, relative, improvement, verdict, gapClosed } = against(document, 'none')['cost']!;
    const [own, none, bound] = ['random', 'none', 'foresight'].map((name) => of(document, name).summary['cost']!.mean);
    expect(difference.value).toBeCloseTo(own!.value - none!.value, 12);
    expect(relative!.value).toBeCloseTo((own!.value - none!.value) / none!.value, 12);
    expect(improvement!.value).toBeGreaterThanOrEqual(0);
    expect(verdict).toBe(difference.high! < 0 ? 'better' : difference.low! > 0 ? 'worse' : 'open');
    const share = (none!.value - own!.value) / (none!.value - bound!.value);
    expect(gapClosed!['foresight']!.value).toBeCloseTo(share, 12);
  });

  it('of what has no better way only the difference is told, and no gap to a bound from a bound', () => {
    expect(Object.keys(against(document, 'none')['exportShare']!)).toEqual(['difference', 'relative']);
    expect(against(document, 'foresight')['cost']).not.toHaveProperty('gapClosed');
    expect(against(document, 'foresight')['cost']!.verdict).toBe('worse');
  });

  it('compares no means of a metric whose worst is what counts', () => {
    expect(homeSuite.metrics.find(({ over }) => over === 'worst')!.key).toBe('importKwh');
    expect(of(document, 'random').summary['importKwh']).toBeDefined();
    for (const { metrics } of document.comparisons) expect(Object.keys(metrics)).not.toContain('importKwh');
  });

  it('says what freezing changed, of the policies whose network is there', () => {
    expect(document.freezing.map(({ cid }) => cid)).toEqual([policies[0]!.frozen.cid]);
    const { cost, exportShare } = document.freezing[0]!.metrics;
    expect(cost!.frozen).toBe(meanOf(of(document, 'random').values['cost']![0]!));
    expect(cost!.change).toBeCloseTo((cost!.frozen - cost!.float) / cost!.float, 12);
    expect(exportShare!.change).toBeCloseTo(exportShare!.frozen - exportShare!.float, 12);
    for (const { change, within } of [cost!, exportShare!])
      expect([Math.abs(change!) < 0.01, within]).toEqual([true, true]);
    expect(cost!.float).not.toBe(cost!.frozen);
  });

  it('one scenario gives no interval and no verdict', async () => {
    const one = await evaluateSuite(homeSuite, entries, { ...OPTIONS, count: 1 });
    expect(of(one, 'none').summary['cost']!.mean).toEqual({ value: of(one, 'none').values['cost']![0]![0] });
    const { difference, ...rest } = against(one, 'none')['cost']!;
    expect(Object.keys(difference)).toEqual(['value']);
    expect(rest).not.toHaveProperty('verdict');
    expect(rest).not.toHaveProperty('gapClosed');
  });

  it('names of one kind of policy stand apart, and baselines can be chosen', async () => {
    const two = entries.slice(0, 2).map((entry, i) => ({ ...entry, name: `p${i}` }));
    const some = await evaluateSuite(homeSuite, two, { ...OPTIONS, count: 2, against: ['greedy'] });
    expect(some.contenders.map(({ name }) => name)).toEqual(['p0', 'p1', 'greedy']);
    expect(some.comparisons.map(({ policy, against: name }) => `${policy} ${name}`)).toEqual([
      'p0 greedy',
      'p1 greedy',
    ]);
    await expect(evaluateSuite(homeSuite, two, { ...OPTIONS, against: ['droop'] })).rejects.toThrow(/agents.evaluate/);
    await expect(evaluateSuite(homeSuite, [], OPTIONS)).rejects.toThrow(/agents.evaluate/);
  });
});

describe('runner', () => {
  const [scenarios, metrics] = [homeSuite.scenarios({ count: 3 }), homeSuite.metrics];
  const contender = (run: (scenario: Scenario) => Metrics): Contender => ({
    name: 'c',
    kind: 'baseline',
    about: '',
    run,
  });

  it('places results by contender and scenario, whatever ends first', async () => {
    const runners = homeSuite.baselines().map((each) => ({ key: each.name, contender: each }));
    const straight = await runAll(runners, scenarios, metrics);
    const here = liveHere(runners, scenarios);
    const late = await runAll(runners, scenarios, metrics, {
      lanes: 4,
      live: async (runner, scenario) => {
        await new Promise((done) => setTimeout(done, 5 * (3 - scenario)));
        return here(runner, scenario);
      },
    });
    expect(late).toEqual(straight);
  });

  it('takes what is known and keeps what is new', async () => {
    const kept = new Map<string, Metrics>();
    const store = {
      find: (key: string, { id }: Scenario) => kept.get(`${key} ${id}`),
      keep: (key: string, { id }: Scenario, found: Metrics) => void kept.set(`${key} ${id}`, found),
    };
    let runs = 0;
    const counted = contender(({ seed }) => ({ cost: seed + runs++, other: 9 }));
    const once = await runAll([{ key: 'k', contender: counted }], scenarios, metrics, { store });
    expect(once).toEqual([[{ cost: 0 }, { cost: 2 }, { cost: 4 }]]);
    expect(await runAll([{ key: 'k', contender: counted }], scenarios, metrics, { store })).toEqual(once);
    expect(runs).toBe(3);
  });

  it('refuses a metric that is not finite, and a contender with none', async () => {
    for (const bad of [{ cost: Number.NaN }, { cost: Infinity }, { other: 1 }]) {
      await expect(runAll([{ key: 'k', contender: contender(() => bad) }], scenarios, metrics)).rejects.toThrow(
        /agents.evaluate/,
      );
    }
  });
});
