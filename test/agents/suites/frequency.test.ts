/** The frequency suites: baselines order as they should, tuned cells are no worse than their neighbours, nothing fails. */
import { describe, expect, it } from 'vitest';
import { liveEpisode, scenarioCopy, type Decide } from '../../../src/agents/evaluation/episode.ts';
import type { Metrics, Suite } from '../../../src/agents/evaluation/suite.ts';
import { naiveRecharge } from '../../../src/agents/baselines/frequency/recharge.ts';
import { leastOf, PI_TUNING_EPISODES, tunePi, tuneRecharge } from '../../../src/agents/baselines/frequency/tune.ts';
import { TUNED_FREQUENCY } from '../../../src/agents/baselines/frequency/tuned.ts';
import {
  CONTAINMENT_ARGS,
  frequencyArea1Suite,
  frequencyContainment,
  frequencyIeee14Suite,
  frequencyIeee14Unseen,
} from '../../../src/agents/suites/frequency.ts';
import type { FrequencyDeliveryCopy } from '../../../src/env/tasks/frequencyDelivery.ts';

async function table(suite: Suite, count: number): Promise<Record<string, Metrics>> {
  const scenarios = suite.scenarios({ count });
  const rows: Record<string, Metrics> = {};
  for (const contender of suite.baselines()) {
    const all: Metrics[] = [];
    for (const scenario of scenarios) all.push(await contender.run(scenario));
    rows[contender.name] = Object.fromEntries(
      suite.metrics.map(({ key }) => [key, all.reduce((sum, row) => sum + row[key]! / count, 0)]),
    );
  }
  return rows;
}

describe('secondary control', () => {
  it('a PI brings the frequency back, a droop part of the way, the governors leave it', async () => {
    for (const suite of [frequencyIeee14Suite, frequencyIeee14Unseen]) {
      const rows = await table(suite, 4);
      for (const { name } of TUNED_FREQUENCY.pi) {
        expect(rows[name]!['centreHzS']).toBeLessThan(rows['droop']!['centreHzS']!);
        expect(rows[name]!['finalMhz']).toBeLessThan(suite === frequencyIeee14Suite ? 15 : 30);
      }
      expect(rows['droop']!['centreHzS']).toBeLessThan(rows['none']!['centreHzS']!);
      expect(rows['none']!['withinS']).toBe(15);
    }
  });

  it('the tuned PI has the least integral among its neighbours on training episodes', () => {
    const nominal = TUNED_FREQUENCY.pi.find(({ name }) => name === 'droop + PI, nominal, integral')!;
    const near = [-0.25, 0, 0.25].flatMap((kp) =>
      [-0.25, 0, 0.25].map((ki) => ({
        kpPerHz: nominal.kpPerHz + kp,
        kiPerHz: nominal.kiPerHz + ki,
        form: nominal.form,
      })),
    );
    const best = leastOf(tunePi({}, PI_TUNING_EPISODES, near), 'centreHzS', 'withinS').parameters;
    expect(best).toMatchObject({ kpPerHz: nominal.kpPerHz, kiPerHz: nominal.kiPerHz });
  });
});

describe('contracted delivery', () => {
  it('doing nothing fails on E, the curve keeps it, the recharge stays within 3 %', async () => {
    for (const suite of [frequencyArea1Suite(), frequencyContainment]) {
      const rows = await table(suite, 2);
      expect(rows['none']!['errorMax']).toBeGreaterThan(0.5);
      expect(rows['none']!['paidShare']).toBeLessThan(0.9);
      expect(rows['curve']!['errorMax']).toBeLessThan(0.01);
      expect(rows['curve + naive recharge']!['errorMax']).toBeLessThan(0.03);
      expect(rows['curve + naive recharge']!['paidShare']).toBe(1);
    }
  });

  it('recharge acts inside the deadband alone, and towards the middle', () => {
    const [scenario] = frequencyContainment.scenarios({ count: 1 });
    const copy = scenarioCopy<FrequencyDeliveryCopy>('frequency-area1-delivery-v1', scenario!);
    const [from, to] = copy.socWindowMicro;
    const inner = naiveRecharge({ rate: 1, idleShare: 0, deadbandHz: 0.015 }, [
      from,
      to,
    ]) as Decide<FrequencyDeliveryCopy>;
    let acted = 0;
    liveEpisode<FrequencyDeliveryCopy>(copy, (at, step, issued) => {
      inner(at, step, issued);
      const away = at.port.raw[3]! - (from + to) / 2;
      if (issued[0] === 0) return;
      acted++;
      expect(Math.abs(at.port.raw[0]!)).toBeLessThanOrEqual(15000);
      expect(Math.sign(issued[0]!)).toBe(Math.sign(away));
    });
    expect(acted).toBeGreaterThan(10);
  });

  it('tuning keeps every cell', () => {
    const cells = tuneRecharge({ ...CONTAINMENT_ARGS, episodeMs: 1800000 }, 1);
    expect(cells).toHaveLength(21);
    expect(leastOf(cells, 'soeBreaches', 'throughputMwh').values['soeBreaches']).toBe(
      Math.min(...cells.map(({ values }) => values['soeBreaches']!)),
    );
  });
});
