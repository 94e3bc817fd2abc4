/** The voltage suites: held-out days, every baseline on the same inverters, tuned ones at the foot of their valley. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { droopController } from '../../../src/agents/baselines/tune.ts';
import { TUNED_SETTINGS } from '../../../src/agents/baselines/tuned.ts';
import { live1547 } from '../../../src/agents/baselines/voltage/contenders.ts';
import { controllerDecide, liveDay } from '../../../src/agents/baselines/voltage/liveDay.ts';
import { dayScenario, tuningDays } from '../../../src/agents/baselines/voltage/settings.ts';
import { tuneSettingOpf } from '../../../src/agents/baselines/voltage/tuneSetting.ts';
import { IEEE_1547_B } from '../../../src/agents/baselines/droop.ts';
import { liveEpisode, scenarioCopy } from '../../../src/agents/evaluation/episode.ts';
import type { Metrics } from '../../../src/agents/evaluation/suite.ts';
import { loadRecipe } from '../../../src/agents/recipe.ts';
import {
  voltageIeee33,
  voltageIeee33Delay0,
  voltageIeee33Hard,
  voltageIeee69,
} from '../../../src/agents/suites/voltage.ts';
import { makeVector } from '../../../src/env/gym/registry.ts';
import { isTestDay } from '../../../src/env/series/synthetic.ts';
import { INVERTER_CURVE, INVERTER_INTERFACE } from '../../../src/env/tasks/voltageInterface.ts';
import type { VoltageCopy } from '../../../src/env/tasks/voltageTask.ts';
import { evaluateTable } from '../../../src/grid/interface.ts';
import { REPO_ROOT } from '../../support/repo.ts';

const SUITES = [voltageIeee33, voltageIeee33Delay0, voltageIeee33Hard, voltageIeee69];
const DAY_MS = 86400000;

describe.each(SUITES.map((suite) => ({ suite, id: suite.id })))('$id', ({ suite }) => {
  it('is a year of test days that no training day is among', () => {
    const days = suite.scenarios().map((scenario) => {
      const { feeder } = scenarioCopy<VoltageCopy>(suite.task, scenario);
      return (feeder.series.startMs - Date.UTC(2023, 0, 1)) / DAY_MS;
    });
    expect(days.length).toBe(73);
    expect(days.every(isTestDay)).toBe(true);
    expect(new Set(days).size).toBe(73);
    expect(days.at(-1)! - days[0]!).toBe(360);
  });

  it('has the optimum that knows the interval below everything that keeps the band', async () => {
    const [scenario] = suite.scenarios({ count: 1, from: 8 });
    const lived = new Map<string, Metrics>();
    for (const contender of suite.baselines()) lived.set(contender.name, await contender.run(scenario!));
    expect([...lived.keys()].slice(-2)).toEqual(['opf-late', 'opf']);
    const { lossMwh, outOfBandShare } = lived.get('opf')!;
    for (const other of lived.values()) {
      if (other['outOfBandShare']! <= outOfBandShare!) expect(other['lossMwh']).toBeGreaterThanOrEqual(lossMwh! - 1e-9);
    }
  }, 30000);
});

describe('tuned constants', () => {
  const days = tuningDays(12, { observationDelay: 1, tolerancePu: 1e-8 });
  const loss = (vRefPu: number, deadbandPu: number, slope: number): { loss: number; out: number } => {
    const controller = droopController('fixed-point', { vRefPu, deadbandPu, slope });
    const lived = days.map((day) => liveDay('voltage-ieee33-v1', day, controllerDecide(controller)));
    const mean = (key: string): number => lived.reduce((sum, m) => sum + m[key]!, 0) / days.length;
    return { loss: mean('lossMwh'), out: mean('outOfBandShare') };
  };

  it('the live droop of ieee33 keeps the band at less loss than its neighbours that keep it', () => {
    const { vRefPu, deadbandPu, slope } = TUNED_SETTINGS.ieee33.fixedPoint;
    const own = loss(vRefPu, deadbandPu, slope);
    expect(own.out).toBeLessThanOrEqual(1e-4);
    const near = [
      loss(vRefPu + 0.0025, deadbandPu, slope),
      loss(vRefPu - 0.0025, deadbandPu, slope),
      loss(vRefPu, deadbandPu + 0.0025, slope),
      loss(vRefPu, deadbandPu - 0.0025, slope),
      loss(vRefPu, deadbandPu, slope / 1.25),
    ];
    near.filter(({ out }) => out <= 1e-4).forEach((other) => expect(other.loss).toBeGreaterThanOrEqual(own.loss));
  }, 30000);

  it('one step late, the optimum as an offset to the live curve beats the optimum held', () => {
    const { marginPu } = TUNED_SETTINGS.ieee33.opf;
    const [offset] = tuneSettingOpf('ieee33', 'offset', [marginPu], 2);
    const [share] = tuneSettingOpf('ieee33', 'share', [marginPu], 2);
    expect(offset!.outOfBandShare).toBeLessThan(share!.outOfBandShare);
  }, 30000);
});

describe('IEEE 1547 live', () => {
  it('ends where reactive power is the nameplate share of the voltage it brings about', () => {
    const copy = scenarioCopy<VoltageCopy>('voltage-ieee33-v1', dayScenario('test', 8, { observationDelay: 0 }));
    const decide = controllerDecide(live1547());
    let worst = 0;
    let most = 0;
    const absorbing = (vPu: number): number =>
      evaluateTable(IEEE_1547_B.vMicroPu, IEEE_1547_B.shareMicro, Math.round(vPu * 1e6)) / 1e6;
    const lived = copy.clone();
    liveEpisode(copy, (at, step, issued) => {
      decide(at, step, issued);
      lived.feeder.preview(step, { ...at.setpoints, offsetMicro: issued });
      for (let s = 0; s < 6; s++) {
        const share = lived.feeder.qVar[s]! / at.feeder.scenario.sites[s]!.sMaxVa;
        worst = Math.max(worst, Math.abs(share - absorbing(lived.feeder.siteVPu(s))));
        most = Math.max(most, Math.abs(share));
      }
    });
    expect(most).toBeGreaterThan(0.1);
    expect(worst).toBeLessThan(1e-3);
  }, 30000);
});

describe('the voltage task for suites and constrained learners', () => {
  it('plays the day it is asked for, whatever the seed', () => {
    const start = (seed: number, day?: number): number => {
      const env = makeVector('voltage-ieee33-v1', 1, day === undefined ? {} : { day });
      env.reset(seed);
      return env.copies[0]!.feeder.series.startMs;
    };
    expect(start(1, 7)).toBe(start(2, 7));
    expect(start(1)).not.toBe(start(2));
    expect(() => makeVector('voltage-ieee33-v1', 1, { day: -1 })).toThrow(/env.taskArgument/);
  });

  it.each([0, 1] as const)(
    'states the share of buses out of band as a cost, observationDelay %i',
    (observationDelay) => {
      const env = makeVector('voltage-ieee33-v1', 1, { day: 2, observationDelay, control: 'share' });
      expect(env.costNames).toEqual(['outOfBand']);
      env.reset(1);
      let sum = 0;
      for (let k = 0; k < 200; k++) sum += env.step(new Float32Array(6)).costs![0]!;
      expect(sum).toBeGreaterThan(0);
      expect(sum / 200).toBeCloseTo(Number(env.copies[0]!.info()['outOfBandShare']), 6);
    },
  );

  it.each(['voltage-ieee33-delay0', 'voltage-ieee33-hard'])('recipe %s trains what its suite plays', async (name) => {
    const { args } = await loadRecipe(join(REPO_ROOT, 'train', `${name}.toml`));
    expect(args['policy']).toEqual(INVERTER_INTERFACE);
    expect(args['curve']).toEqual(INVERTER_CURVE);
    expect(args['observationDelay']).toBe(0);
  });
});
