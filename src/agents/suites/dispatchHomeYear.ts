/**
 * A year of a home against what it could have been: the battery at rest, greedy self-use, and one linear program over the
 * whole year with everything known, the same linear wear, the same start, and an end as empty as any (what others keep
 * counts for nothing).
 *   total  = energy bought + wearPerKwh x kWh drawn from the cells
 *   saving = (total at rest - total) / (total at rest - total of the program)
 *   gap    = (total of greedy - total) / (total of greedy - total of the program)
 * and both again where wear costs nothing: the controllers act as before, the program knows it.
 */
import type { Highs } from '../baselines/highs.ts';
import { BatteryWear } from '../../env/physics/wear/batteryWear.ts';
import type { HomeSeries } from '../../env/series/home.ts';
import type { DispatchHomeCopy } from '../../env/tasks/dispatchHome.ts';
import { greedySelfUse, idleBattery, runHome, scheduled, type HomeController } from '../baselines/dispatch/home.ts';
import { solvePlan } from '../baselines/dispatch/perfectForesight.ts';
import { liveEpisode, scenarioCopy, type Decide } from '../evaluation/episode.ts';
import type { Metrics, MetricSpec, Scenario } from '../evaluation/suite.ts';

export const HOME_TASK = 'dispatch-home-reserve-v1';

export const HOME_METRICS: readonly MetricSpec[] = [
  { key: 'saving', label: 'of LP saving', better: 'more', digits: 2, percent: true },
  { key: 'gap', label: 'gap to LP closed', better: 'more', digits: 1, percent: true },
  { key: 'worstGap', label: 'in the worst home', better: 'more', digits: 1, percent: true, over: 'worst' },
  { key: 'savingFree', label: 'saving, wear free', better: 'more', digits: 2, percent: true },
  { key: 'gapFree', label: 'gap, wear free', better: 'more', digits: 1, percent: true },
  { key: 'total', label: 'energy + wear', better: 'less', digits: 1 },
  { key: 'cost', label: 'energy', better: 'less', digits: 1 },
  { key: 'costRatio', label: 'energy, of none', better: 'less', digits: 4 },
  { key: 'rainflow', label: 'rainflow wear', better: 'less', digits: 1 },
  { key: 'cycles', label: 'cycles', better: 'neither', digits: 0 },
  { key: 'carbonKg', label: 'kg CO2', better: 'less', digits: 0 },
];

/** What a year came to. */
interface Lived {
  readonly cost: number;
  readonly drawnWh: number;
  readonly carbonKg: number;
  /** Cost of wear by rainflow and the calendar. */
  readonly rainflow: number;
  readonly cycles: number;
}

type Costs = Pick<Lived, 'cost' | 'drawnWh'>;

interface References {
  readonly rest: Costs;
  readonly greedy: Costs;
  /** With the wear of the scenario, and with none. */
  readonly best: Costs;
  readonly bestFree: Costs;
}

const WH_PER_KWH = 1000;

/** Lives scenarios; what they are held against is worked out once each. */
export class HomeYears {
  readonly #highs: Highs;
  readonly #references = new WeakMap<Scenario, References>();

  constructor(highs: Highs) {
    this.#highs = highs;
  }

  /** A controller that decides on its own, made for the home of the copy. */
  async underController(
    scenario: Scenario,
    make: (copy: DispatchHomeCopy) => HomeController | Promise<HomeController>,
  ): Promise<Metrics> {
    const copy = scenarioCopy<DispatchHomeCopy>(HOME_TASK, scenario);
    return this.#metrics(scenario, copy, lived(copy, await make(copy)));
  }

  /** A policy through the task's own step, in integers. */
  underPolicy(scenario: Scenario, decide: Decide): Metrics {
    const copy = scenarioCopy<DispatchHomeCopy>(HOME_TASK, scenario);
    const figures = liveEpisode(copy, decide).info as Readonly<Record<string, number>>;
    return this.#metrics(scenario, copy, {
      cost: figures['cost']!,
      drawnWh: figures['drawnWh']!,
      carbonKg: figures['carbonKg']!,
      rainflow: figures['wearCost']!,
      cycles: figures['equivalentCycles']!,
    });
  }

  #metrics(scenario: Scenario, copy: DispatchHomeCopy, year: Lived): Metrics {
    const { wearPerKwh } = copy.args;
    const { rest, greedy, best, bestFree } = this.#referencesOf(scenario);
    const share = (from: Costs, to: Costs, wear: number): number =>
      (totalOf(from, wear) - totalOf(year, wear)) / (totalOf(from, wear) - totalOf(to, wear));
    const gap = share(greedy, best, wearPerKwh);
    return {
      saving: share(rest, best, wearPerKwh),
      gap,
      worstGap: gap,
      savingFree: share(rest, bestFree, 0),
      gapFree: share(greedy, bestFree, 0),
      total: totalOf(year, wearPerKwh),
      cost: year.cost,
      costRatio: year.cost / rest.cost,
      rainflow: year.rainflow,
      cycles: year.cycles,
      carbonKg: year.carbonKg,
    };
  }

  #referencesOf(scenario: Scenario): References {
    let found = this.#references.get(scenario);
    if (found !== undefined) return found;
    const copy = scenarioCopy<DispatchHomeCopy>(HOME_TASK, scenario);
    const plan = (wearPerKwh: number): Lived => lived(copy, foresight(this.#highs, copy, wearPerKwh));
    found = {
      rest: lived(copy, idleBattery()),
      greedy: lived(copy, greedySelfUse()),
      best: plan(copy.args.wearPerKwh),
      bestFree: plan(0),
    };
    this.#references.set(scenario, found);
    return found;
  }
}

/** The program's schedule. */
export function foresight(highs: Highs, { home, socWh }: DispatchHomeCopy, wearPerKwh: number): HomeController {
  return scheduled('foresight', solvePlan(highs, home, { startSocWh: socWh, wearPerKwh }).batteryW);
}

function totalOf({ cost, drawnWh }: Costs, wearPerKwh: number): number {
  return cost + (wearPerKwh * drawnWh) / WH_PER_KWH;
}

/** From where the copy stands; the copy stays there. */
function lived({ home, socWh, args }: DispatchHomeCopy, controller: HomeController): Lived {
  const { ratedWh } = home.battery;
  const wear = new BatteryWear(args.wear, { ratedWh, soc: socWh / ratedWh });
  const { cost, carbonKg, wearCost, batteryW } = runHome(home, controller, { startSocWh: socWh, wear });
  return { cost, carbonKg, rainflow: wearCost, cycles: wear.equivalentCycles, drawnWh: drawnWh(home, batteryW) };
}

/** Drawn from the cells, as wear is counted. */
function drawnWh({ battery, stepMs }: HomeSeries, batteryW: Float64Array): number {
  const perW = stepMs / 3600000 / battery.etaDischarge;
  return batteryW.reduce((sum, w) => sum + Math.max(0, w) * perW, 0);
}
