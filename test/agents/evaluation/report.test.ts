/** What a terminal and a browser show of an evaluation document. */
import { describe, expect, it } from 'vitest';
import { createColors } from 'picocolors';
import { evaluateSuite } from '../../../src/agents/evaluation/evaluate.ts';
import type { EvaluationDocument } from '../../../src/agents/evaluation/document.ts';
import { evaluationPage } from '../../../src/agents/evaluation/page/page.ts';
import { documentText, estimateText, valueShow } from '../../../src/agents/evaluation/show.ts';
import { evaluationText } from '../../../src/cli/evaluationText.ts';
import { homeSuite, randomHomePolicy } from '../support/homeSuite.ts';

const policies = [1, 2].map(randomHomePolicy);
const entries = policies.map(({ frozen, float }, i) => ({
  name: 'random',
  from: `runs/${i}`,
  artifact: frozen.artifact,
  float,
}));
const document = await evaluateSuite(homeSuite, entries, {
  command: "gridpact evaluate 'a & b'",
  resamples: 200,
  count: 5,
});
const one = await evaluateSuite(homeSuite, entries.slice(0, 1), { command: '', resamples: 200, count: 1 });
const lines = (doc: EvaluationDocument, width: number) => evaluationText(doc, { width, colours: createColors(false) });

/** A suite whose names and numbers are as long as any. */
const wide: EvaluationDocument = {
  ...document,
  metrics: Array.from({ length: 8 }, (_, m) => ({ ...document.metrics[0]!, key: `m${m}`, label: `metric ${m} kWh/a` })),
  contenders: document.contenders.map((contender) => ({
    ...contender,
    summary: Object.fromEntries(Array.from({ length: 8 }, (_, m) => [`m${m}`, contender.summary['cost']!])),
    values: Object.fromEntries(Array.from({ length: 8 }, (_, m) => [`m${m}`, contender.values['cost']!])),
  })),
  comparisons: document.comparisons.map((record) => ({
    ...record,
    against: `${record.against}, perfect forecast 24 h`,
    metrics: Object.fromEntries(Array.from({ length: 8 }, (_, m) => [`m${m}`, record.metrics['cost']!])),
  })),
};

describe('terminal', () => {
  it('fits 100 columns, however many metrics there are', () => {
    for (const doc of [document, one, wide])
      for (const line of lines(doc, 100)) expect(line.length).toBeLessThanOrEqual(100);
    const heads = lines(wide, 100).filter((line) => line.includes('metric 7 kWh/a'));
    expect(heads).toHaveLength(2);
  });

  it('groups policies, baselines and bounds, with mean, interval, interquartile mean and worst', () => {
    const text = lines(document, 100);
    const at = (line: string) => text.indexOf(line);
    expect(at('policies')).toBeLessThan(at('baselines'));
    expect(at('baselines')).toBeLessThan(at('bounds'));
    const { mean, iqm, worst } = document.contenders[0]!.summary['cost']!;
    const show = valueShow(homeSuite.metrics[0]!);
    const row = text.find((line) => line.startsWith('  random '))!;
    expect(row.replace(/ +/g, ' ')).toBe(` random ${estimateText(mean, show)} ${show(iqm.value)} ${show(worst)}`);
  });

  it('says the verdicts, what freezing changed and what each one sees', () => {
    const text = lines(document, 100).join('\n');
    expect(text).toMatch(/^greedy .* worse$/m);
    expect(text).toMatch(/^freezing random +float +frozen +change$/m);
    expect(text).toContain('foresight: A linear program that knows both days beforehand.');
    expect(text).toContain('5 scenarios, 2 seeds');
  });

  it('of one scenario gives no interval and no verdict', () => {
    const text = lines(one, 100).join('\n');
    expect(text).toContain('one scenario gives no interval and no verdict');
    expect(text).not.toMatch(/\[|better$|worse$|open$/m);
  });
});

describe('page', () => {
  const page = evaluationPage(document, {
    curves: [{ title: 'random', svg: '<svg xmlns="http://www.w3.org/2000/svg"/>' }],
  });

  it('stands alone: no script, nothing from elsewhere', () => {
    expect(page).not.toMatch(/<script|<link|javascript:|@import|url\(/);
    const references = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, to]) => to!);
    expect(references.length).toBeGreaterThan(0);
    for (const to of references) expect(to).toMatch(/^data:image\/svg\+xml,/);
    expect(page).toContain("default-src 'none'");
  });

  it('names every plot for those who cannot see it, each by its own id', () => {
    const plots = [...page.matchAll(/<svg [^>]*aria-labelledby="(\S+) (\S+)"/g)];
    expect(plots).toHaveLength(homeSuite.metrics.filter(({ over }) => over !== 'worst').length + 1);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, title, description] of plots) expect(ids).toEqual(expect.arrayContaining([title, description]));
    for (const [, tag] of page.matchAll(/(<img [^>]*>)/g)) expect(tag).toMatch(/alt="[^"]+"/);
  });

  it('has light and dark colours, tables with heads, and every tag closed', () => {
    expect(page).toContain('prefers-color-scheme:dark');
    for (const [table] of page.matchAll(/<table>.*?<\/table>/gs)) expect(table).toMatch(/<caption>.+<th scope="col"/s);
    for (const name of ['table', 'tr', 'td', 'th', 'section', 'div', 'p', 'svg', 'g', 'figure', 'span', 'details']) {
      const opened = page.match(new RegExp(`<${name}[ >]`, 'g'))?.length ?? 0;
      expect([name, page.match(new RegExp(`</${name}>`, 'g'))?.length ?? 0]).toEqual([name, opened]);
    }
  });

  it('escapes what it is told, and says how to repeat it', () => {
    expect(page).toContain("<pre>gridpact evaluate 'a &amp; b'</pre>");
    const odd = {
      ...document,
      contenders: document.contenders.map((c) => ({ ...c, about: '<script>alert(1)</script>' })),
    };
    expect(evaluationPage(odd)).not.toContain('<script>');
  });

  it('shows the numbers of the document', () => {
    for (const { name, summary } of document.contenders) {
      const show = valueShow(homeSuite.metrics[0]!);
      expect(page).toContain(estimateText(summary['cost']!.mean, show));
      expect(page).toContain(`<dt>${name}</dt>`);
    }
    for (const { cid } of document.contenders[0]!.policies) expect(page).toContain(cid);
    expect(evaluationPage(document)).toBe(evaluationPage(JSON.parse(documentText(document)) as EvaluationDocument));
  });

  it('draws one scenario, one policy alone and a metric without spread', () => {
    expect(evaluationPage(one)).toContain('none from one scenario');
    const flat: EvaluationDocument = {
      ...one,
      contenders: one.contenders
        .slice(0, 1)
        .map((c) => ({ ...c, summary: { cost: { mean: { value: 0 }, iqm: { value: 0 }, worst: 0 } } })),
      comparisons: [],
      freezing: [],
    };
    expect(evaluationPage(flat)).not.toMatch(/NaN|Infinity|undefined/);
    expect(evaluationPage(document)).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('file', () => {
  it('is the document again when read, a list of numbers a line', () => {
    const text = documentText(document);
    expect(JSON.parse(text)).toEqual(document);
    const values = document.contenders[1]!.values['cost']![0]!;
    expect(text).toContain(`[${values.join(', ')}]`);
  });
});
