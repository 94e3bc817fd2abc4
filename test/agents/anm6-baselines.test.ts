/** Baselines and bound of ANM6-Easy: gym-anm's own figures, what no controller can pass, and the suites. */
import type { Model } from 'highs';
import { beforeAll, describe, expect, it } from 'vitest';
import { dcOpfControl } from '../../src/agents/baselines/anm6/dcOpf.ts';
import { Anm6Program, programControl } from '../../src/agents/baselines/anm6/dynamicProgram.ts';
import {
  constantForecast,
  perfectForecast,
  publishedDay,
  slotAhead,
  type Forecast,
} from '../../src/agents/baselines/anm6/forecast.ts';
import { passive, ruleBased } from '../../src/agents/baselines/anm6/rules.ts';
import { StageSolver } from '../../src/agents/baselines/anm6/stageCost.ts';
import { loadHighs } from '../../src/agents/baselines/highs.ts';
import { liveEpisode, scenarioCopy, type Decide } from '../../src/agents/evaluation/episode.ts';
import { anm6Easy, anm6EasyDays } from '../../src/agents/suites/anm6.ts';
import { isGridPactError } from '../../src/base/errors.ts';
import { RandomStream } from '../../src/base/random.ts';
import { uniform } from '../../src/base/realMath.ts';
import { anm6Reward, type Anm6Args, type Anm6Copy } from '../../src/env/tasks/anm6Easy.ts';
import { ANM6_DAY_PU, ANM6_TRACKS, Anm6Grid } from '../../src/env/tasks/anm6Grid.ts';

function start(args: Partial<Anm6Args>, seed = 1): Anm6Copy {
  return scenarioCopy('anm6-easy-v1', { id: 'test', seed, args: { ...args } });
}

function returnOf(copy: Anm6Copy, decide: Decide<Anm6Copy>): number {
  return liveEpisode(copy, decide, { discount: 0.995 }).discountedReturn;
}

async function mpcReturn(copy: Anm6Copy, forecast: Forecast, stages: number, safetyMargin: number): Promise<number> {
  const highs = await loadHighs();
  return highs.withModel((model: Model) =>
    returnOf(copy, dcOpfControl(highs, model, forecast, { stages, safetyMargin })),
  );
}

/** MPCAgentPerfect and MPCAgentConstant of gym-anm 2.0.1 (cvxpy), 192 steps, started with q of PV and wind at 0. */
const GYM_ANM = [
  { forecast: publishedDay, startSlot: 95, startSocMwh: 50, stages: 32, beta: 0.9, expected: -2.972089414 },
  { forecast: publishedDay, startSlot: 95, startSocMwh: 50, stages: 32, beta: 0.96, expected: -3.392612397 },
  { forecast: publishedDay, startSlot: 20, startSocMwh: 30, stages: 32, beta: 0.98, expected: -7.230613346 },
] as const;

describe('the DC optimal power flow of gym-anm', () => {
  it.each(GYM_ANM)(
    'from slot $startSlot with $startSocMwh MWh, $stages stages, beta $beta: return $expected',
    async ({ forecast, startSlot, startSocMwh, stages, beta, expected }) => {
      const copy = start({ startSlot, startSocMwh, episodeSteps: 192, powerFlow: 'gym-anm' });
      // Linear programs with more than one optimum: another solver may take another.
      expect(Math.abs((await mpcReturn(copy, forecast, stages, beta)) - expected)).toBeLessThan(1e-4);
    },
  );

  it('with constant forecasts meets no morning: within 1 % of gym-anm, whose program has ties', async () => {
    const copy = start({ startSlot: 95, startSocMwh: 50, episodeSteps: 192, powerFlow: 'gym-anm' });
    const got = await mpcReturn(copy, constantForecast, 16, 0.96);
    expect(Math.abs(got / -74.391382153 - 1)).toBeLessThan(0.01);
  });
});

describe('forecasts', () => {
  it('perfect: what a day of the test split brings, load by load', () => {
    const copy = start({ split: 'test', episodeSteps: 40 });
    const forecast = perfectForecast(copy, 44);
    const track = new Float64Array(4 * ANM6_TRACKS);
    liveEpisode(copy, passive, {
      watch: (lived, step) => {
        forecast(lived, step, 4, track);
        const { pPu, potentialPu } = lived.grid;
        expect([pPu[1], pPu[3], pPu[5], potentialPu[2], potentialPu[4]]).toEqual(Array.from(track.subarray(0, 5)));
      },
    });
  });

  it('the published day is perfect where days do not vary', () => {
    const copy = start({ episodeSteps: 10 });
    const [known, lived] = [new Float64Array(6 * ANM6_TRACKS), new Float64Array(6 * ANM6_TRACKS)];
    publishedDay(copy, 0, 6, known);
    perfectForecast(copy, 6)(copy, 0, 6, lived);
    // A potential above the rating counts as the rating.
    known.forEach((x, i) => expect(lived[i]).toBeCloseTo(i % ANM6_TRACKS === 3 ? Math.min(x, 0.3) : x, 12));
  });
});

describe('the least cost of a slot', () => {
  const powers = Float64Array.of(-15, -6, 0, 8);
  const grid = new Anm6Grid(1e-10);

  it.each([0, 28, 40, 50, 56])(
    'slot %i: its setpoints cost what it says, and no random setpoints cost less',
    (slot) => {
      const track = ANM6_DAY_PU.subarray(slot * ANM6_TRACKS, (slot + 1) * ANM6_TRACKS);
      const costOf = (setpoints: ArrayLike<number>): number => {
        grid.socPuH = 0.5;
        if (!grid.solve(track, setpoints)) return 20000;
        return -anm6Reward(grid.energyLossPuH(), grid.violationPuH());
      };
      const { cost, setpoints } = new StageSolver().solve(track, powers);
      powers.forEach((pMw, k) => {
        const own = setpoints.subarray(k * 6, k * 6 + 6);
        // Told with 1e-5 more where a limit is broken; whole watts.
        expect(Math.abs(costOf(own) - cost[k]!)).toBeLessThan(2e-5);
        const stream = RandomStream.fromSeed(slot, `stage ${k}`);
        for (let trial = 0; trial < 3000; trial++) {
          const wide = trial % 2 === 0 ? 25e6 : 1e6;
          const tried = Array.from(own, (x, d) => (d === 4 ? pMw * 1e6 : x + wide * (2 * uniform(stream) - 1)));
          // The storage would give up power for more reactive power than it has at that power.
          tried[5] = Math.min(Math.max(tried[5]!, -25e6), 25e6);
          expect(costOf(tried)).toBeGreaterThan(cost[k]! - 1e-4);
        }
      });
    },
  );
});

describe('the AC dynamic program', () => {
  let program: Anm6Program;
  beforeAll(() => {
    program = new Anm6Program({ powerStepMw: 1, energyStepMwh: 0.5 });
  }, 120000);

  const STARTS = [1, 2, 3, 4, 5].map((seed) => ({ seed }));
  const bound = (copy: Anm6Copy): number => program.bound(slotAhead(copy), Number(copy.info()['socMwh']));

  it.each(STARTS)('start $seed: lives what it promises', ({ seed }) => {
    const copy = start({ episodeSteps: 1500 }, seed);
    const promised = bound(copy);
    expect(Math.abs(returnOf(copy, programControl(program)) - promised)).toBeLessThan(0.03);
  });

  it.each(STARTS)('start $seed: no controller passes it', async ({ seed }) => {
    const args = { episodeSteps: 600 };
    const promised = bound(start(args, seed));
    for (const decide of [passive, ruleBased()]) expect(returnOf(start(args, seed), decide)).toBeLessThan(promised);
    for (const beta of [0.9, 0.94]) {
      // What 600 steps leave out costs the bound about 0.05 of its discount.
      const got = await mpcReturn(start(args, seed), publishedDay, 32, beta);
      expect(got).toBeLessThan(promised + 0.995 ** 600 * 5);
    }
  });

  it('is finer where its grids are: steps above 1 are refused', () => {
    let code = 'accepted';
    try {
      new Anm6Program({ powerStepMw: 4, energyStepMwh: 0.5 });
    } catch (error) {
      if (!isGridPactError(error)) throw error;
      code = error.code;
    }
    expect(code).toBe('agents.dispatch');
  });
});

describe('the suites', () => {
  it('the published day: the same starts every time, the passive policy breaks nearly every step', async () => {
    const [scenario] = anm6Easy.scenarios({ count: 1, from: 3 });
    expect(scenario).toEqual({ id: 'start-3', seed: 2000003, args: { episodeSteps: 3000 } });
    const short = { ...scenario!, args: { episodeSteps: 192 } };
    const [none, , rules] = anm6Easy.baselines();
    const metrics = await none!.run(short);
    expect(Object.keys(metrics)).toEqual(anm6Easy.metrics.map(({ key }) => key));
    expect(metrics['violatedShare']).toBeGreaterThan(0.9);
    expect((await rules!.run(short))['discountedReturn']).toBeGreaterThan(metrics['discountedReturn']! + 300);
  });

  it('other days: knowing them beats expecting the published one, which beats expecting no change', async () => {
    const scenario = anm6EasyDays.scenarios({ count: 1 })[0]!;
    const short = { ...scenario, args: { ...scenario.args, episodeSteps: 288 } };
    const returns = new Map<string, number>();
    for (const contender of anm6EasyDays.baselines()) {
      returns.set(contender.name, (await contender.run(short))['discountedReturn']!);
    }
    const [perfect, usual, constant] = ['mpc-perfect', 'mpc-published-day', 'mpc-constant'].map((n) => returns.get(n)!);
    expect(perfect!).toBeGreaterThan(usual!);
    expect(usual!).toBeGreaterThan(constant!);
  });
});
