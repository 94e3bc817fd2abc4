/** Guarantee templates and suites: what they say, what they turn into, and what is proved of shipped policies. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import type { LoadedPolicy } from '../../src/contracts/policy/artifact.ts';
import { buildPolicy, loadArtifact } from '../../src/contracts/policy/codec.ts';
import {
  guaranteesOf,
  prove,
  readSuite,
  standardTemplates,
  suiteGuarantees,
  SUITE_FORMAT,
} from '../../src/verify/index.ts';
import type { Template } from '../../src/verify/templates.ts';
import { tinyParts } from '../contracts/policy/samples.ts';
import { REPO_ROOT } from '../support/repo.ts';

const tiny = buildPolicy(tinyParts());
const shipped = (model: string): LoadedPolicy =>
  loadArtifact(readFileSync(path.join(REPO_ROOT, 'models', model, 'policy.cbor')));

async function verdicts(policy: LoadedPolicy, template: Template): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { id, property } of guaranteesOf(policy, template)) found[id] = (await prove(policy, property)).verdict;
  return found;
}

describe('templates on the droop of the specification: 20 kW per 200 mHz, discharge closed from 20 to 10 % charge', () => {
  it('G1 range: full power both ways, to 10 W', async () => {
    const max = guaranteesOf(tiny, { template: 'range', id: 'max', output: 'p.set', side: 'max', tolerance: 10 })[0]!;
    expect(max.sentence).toBe('The largest p.set, to 10 W, for any inputs.');
    const found = await prove(tiny, max.property);
    expect(found.verdict).toBe('PROVED');
    expect(found.bound - found.best!).toBeLessThanOrEqual(10);
    expect(found.best).toBeGreaterThan(19900);
  });

  it('G2 limit: never discharges at or above 50 Hz; false from 49.99 Hz, with the observation', async () => {
    const from = (hz: number): Template => ({
      template: 'limit',
      id: 'over',
      output: 'p.set',
      atMost: 0,
      where: { 'f.grid': [hz, null] },
    });
    expect(await verdicts(tiny, from(50))).toEqual({ over: 'PROVED' });
    const refuted = await prove(tiny, guaranteesOf(tiny, from(49.99))[0]!.property);
    expect(refuted.verdict).toBe('REFUTED');
    expect(refuted.at![0]).toEqual({ n: 'f.grid', value: 49.99, unit: 'Hz' });
    expect(guaranteesOf(tiny, from(50))[0]!.sentence).toBe(
      'p.set is at most 0 W, with f.grid from 50 Hz up, whatever else is measured.',
    );
  });

  it('G3 envelope: kept by construction, and not without it', async () => {
    const template: Template = {
      template: 'envelope',
      id: 'empty',
      output: 'p.set',
      atMost: 0,
      where: { soc: [null, 0.1] },
    };
    expect(await verdicts(tiny, template)).toEqual({ empty: 'PROVED', 'empty.without': 'REFUTED' });
    expect(guaranteesOf(tiny, template).map(({ isClaim }) => isClaim)).toEqual([true, false]);
  });

  it('G4 slope: falls with frequency, by at most 110 W and at least 90 W per mHz before the envelope', async () => {
    const where = { 'f.grid': [49.85, 50.15] } as const;
    const slope = { template: 'slope', id: 'droop', output: 'p.set', input: 'f.grid', step: 0.001, where } as const;
    expect(await verdicts(tiny, { ...slope, atMost: 0 })).toEqual({ droop: 'PROVED' });
    const both = await verdicts(tiny, { ...slope, atMost: -90, atLeast: -110, envelopes: false });
    expect(both).toEqual({ 'droop.most': 'PROVED', 'droop.least': 'PROVED' });
    expect(await verdicts(tiny, { ...slope, atMost: -101, envelopes: false })).toEqual({ droop: 'REFUTED' });
  });

  it('G5 ramp and G8 fleet: 10 mHz move one device by about 1 kW, a hundred by 100 kW', async () => {
    const steps = { 'f.grid': 0.01 };
    expect(await verdicts(tiny, { template: 'ramp', id: 'ramp', output: 'p.set', steps, atMost: 1010 })).toEqual({
      ramp: 'PROVED',
    });
    expect(await verdicts(tiny, { template: 'ramp', id: 'ramp', output: 'p.set', steps, atMost: 990 })).toEqual({
      ramp: 'REFUTED',
    });
    const fleet = { template: 'fleet', id: 'fleet', output: 'p.set', steps, count: 100 } as const;
    expect(await verdicts(tiny, { ...fleet, atMost: 101000 })).toEqual({ fleet: 'PROVED' });
    expect(await verdicts(tiny, { ...fleet, atMost: 99000 })).toEqual({ fleet: 'REFUTED' });
  });

  it('G5 with the charge moving, too: the envelope adds its own slope', async () => {
    // 20 kW over 10 % of charge: 2 kW for one percent.
    const steps = { 'f.grid': 0.001, soc: 0.01 };
    const ramp = { template: 'ramp', id: 'ramp', output: 'p.set', steps } as const;
    expect(await verdicts(tiny, { ...ramp, atMost: 2110 })).toEqual({ ramp: 'PROVED' });
    expect(await verdicts(tiny, { ...ramp, atMost: 1900 })).toEqual({ ramp: 'REFUTED' });
  });

  it('G6 stable: 2 mHz of noise are 200 W', async () => {
    const point = { 'f.grid': 49.95, soc: 0.5 };
    const stable = { template: 'stable', id: 'calm', output: 'p.set', point, noise: { 'f.grid': 0.002 } } as const;
    expect(await verdicts(tiny, { ...stable, within: 210 })).toEqual({
      'calm.above': 'PROVED',
      'calm.below': 'PROVED',
    });
    expect(await verdicts(tiny, { ...stable, within: 100 })).toEqual({
      'calm.above': 'REFUTED',
      'calm.below': 'REFUTED',
    });
  });
});

describe('suites', () => {
  const range = { template: 'range', id: 'max', output: 'p.set', side: 'max', tolerance: 20 };
  const suite = (...properties: unknown[]): unknown => ({ format: SUITE_FORMAT, properties });
  const code = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      if (isGridPactError(error)) return error.code;
      throw error;
    }
    return 'accepted';
  };

  it('a good one becomes properties', () => {
    const guarantees = suiteGuarantees(
      tiny,
      readSuite(
        suite(range, { template: 'envelope', id: 'soc', output: 'p.set', atMost: 0, where: { soc: [null, 0.1] } }),
      ),
    );
    expect(guarantees.map(({ guarantee, id }) => `${guarantee} ${id}`)).toEqual(['G1 max', 'G3 soc', 'G3 soc.without']);
  });

  it.each<[string, unknown]>([
    ['not an object', 7],
    ['another format', { format: 'gridpact-suite/9', properties: [range] }],
    ['an unknown key', { format: SUITE_FORMAT, properties: [range], more: 1 }],
    ['nothing in it', suite()],
    ['an unknown template', suite({ ...range, template: 'magic' })],
    ['a template without a name', suite({ ...range, id: undefined })],
    ['two of one name', suite(range, range)],
    ['a field too many', suite({ ...range, atMost: 3 })],
    ['a field too few', suite({ ...range, tolerance: undefined })],
    ['text for a number', suite({ ...range, tolerance: '20' })],
    ['an interval of three', suite({ ...range, where: { soc: [0, 1, 2] } })],
  ])('%s is refused', (_, json) => {
    expect(code(() => readSuite(JSON.parse(JSON.stringify(json))))).toBe('verify.suite');
  });

  it.each<[string, object]>([
    ['no such output', { output: 'q.set' }],
    ['no such input', { where: { wind: [0, 1] } }],
    ['an interval upside down', { where: { soc: [0.5, 0.4] } }],
    ['a reading beyond i32', { where: { soc: [0, 1e6] } }],
    ['a negative tolerance', { tolerance: -1 }],
  ])('%s is refused for this policy', (_, change) => {
    expect(code(() => suiteGuarantees(tiny, readSuite(suite({ ...range, ...change }))))).toBe('verify.suite');
  });
});

describe('shipped policies', () => {
  it('frequency-area1 never exports at +200 mHz or more: proved and checked well within a second', async () => {
    const policy = shipped('frequency-area1');
    const [guarantee] = guaranteesOf(policy, {
      template: 'limit',
      id: 'over-50.2-hz',
      output: 'share',
      atMost: 0,
      where: { 'f.dev': [0.2, null] },
    });
    const found = await prove(policy, guarantee!.property);
    expect(found).toMatchObject({ verdict: 'PROVED', uncertified: undefined });
    expect(found.seconds).toBeLessThan(1);
  });

  it('what can be asked of any policy names each output and each end of each envelope', () => {
    const ids = standardTemplates(shipped('stacked-ieee33')).map(({ id }) => id);
    expect(ids).toEqual([
      ...['out0.max', 'out0.min', 'out1.max', 'out1.min', 'out2.max', 'out2.min'],
      ...['env0.low.least', 'env0.high.most', 'env1.low.most', 'env1.high.least'],
    ]);
  });
});
