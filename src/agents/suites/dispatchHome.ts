/**
 * Suite `dispatch-home`: a year of a home that no policy was trained on, the battery empty at the start. Synthetic homes of
 * seeds of their own, or homes that are given.
 */
import { loadHighs, type Highs } from '../baselines/highs.ts';
import type { HomeSeries } from '../../env/series/home.ts';
import type { DispatchHomeCopy } from '../../env/tasks/dispatchHome.ts';
import { greedySelfUse, idleBattery, type HomeController } from '../baselines/dispatch/home.ts';
import { recedingHorizon } from '../baselines/dispatch/recedingHorizon.ts';
import { fillBeforePeak } from '../baselines/dispatch/tariffRule.ts';
import { artifactDecide } from '../evaluation/episode.ts';
import type { Contender, Scenario, Suite, SuiteOptions } from '../evaluation/suite.ts';
import { foresight, HOME_METRICS, HOME_TASK, HomeYears } from './dispatchHomeYear.ts';

const COUNT = 8;
const YEAR_DAYS = 364;
const GIVEN_DAYS = 365;
/** Of homes that recipes leave alone: their seeds are below. */
const FIRST_SEED = 7001;
/** The device's rule as in training; the battery starts empty. */
const DEVICE = { split: 'test', worth: 'wear', startSoc: 0 } as const;

/** `homes`: instead of synthetic ones, each lived from its first interval on, a year or what there is. */
export async function dispatchHomeSuite(homes?: readonly HomeSeries[]): Promise<Suite> {
  const highs = await loadHighs();
  const years = new HomeYears(highs);
  return {
    id: 'dispatch-home',
    task: HOME_TASK,
    title: 'A year of a home battery: how much of what perfect foresight saves',
    metrics: HOME_METRICS,
    scenarios: (options) => (homes === undefined ? syntheticHomes(options) : givenHomes(homes, options)),
    baselines: () => contenders(years, highs),
    policy: (name, policy) => {
      const decide = artifactDecide(policy);
      const about =
        'Sees the load of the interval, its charge and the tariff of 24 h, and expects past days at the same time; no weather forecast.';
      return { name, kind: 'policy', about, run: (scenario) => years.underPolicy(scenario, decide) };
    },
  };
}

function syntheticHomes({ count = COUNT, from = 0 }: SuiteOptions = {}): readonly Scenario[] {
  return Array.from({ length: count }, (_, k) => ({
    id: `synthetic home ${from + k}`,
    seed: 1,
    args: {
      ...DEVICE,
      seriesSeed: FIRST_SEED + from + k,
      homeCount: 1,
      windows: 1,
      days: YEAR_DAYS,
    },
  }));
}

function givenHomes(homes: readonly HomeSeries[], { count, from = 0 }: SuiteOptions = {}): readonly Scenario[] {
  return homes.slice(from, count === undefined ? undefined : from + count).map((home) => ({
    id: home.name,
    seed: 1,
    args: { ...DEVICE, homes: [home], days: GIVEN_DAYS },
  }));
}

function contenders(years: HomeYears, highs: Highs): readonly Contender[] {
  type Make = (copy: DispatchHomeCopy) => HomeController | Promise<HomeController>;
  const one = (kind: 'baseline' | 'bound', name: string, about: string, make: Make): Contender => ({
    name,
    kind,
    about,
    run: (scenario) => years.underController(scenario, make),
  });
  return [
    one('baseline', 'none', 'The battery rests.', idleBattery),
    one('baseline', 'greedy self-use', 'Stores PV surplus, serves the load, buys nothing to store.', greedySelfUse),
    one(
      'baseline',
      'tariff rule',
      'Greedy, but filled to the brim in the last cheap intervals before the dear hours; knows the tariff alone.',
      ({ bought }) => fillBeforePeak(bought!),
    ),
    {
      name: 'reserve rule',
      kind: 'baseline',
      about:
        "The device's own rule that the policy adjusts: the reserve is what is expected to lack, without a margin.",
      run: (scenario) => years.underPolicy(scenario, (_copy, _step, issued) => issued.fill(0)),
    },
    one(
      'baseline',
      'MPC 24 h, persistence',
      'A linear program each interval; expects the mean of up to 7 past days at the same time, buys as late as is as cheap.',
      ({ args }) => recedingHorizon({ wearPerKwh: args.wearPerKwh, buyLate: true }),
    ),
    one('bound', 'MPC 24 h, perfect forecast', 'The same with load and PV of the coming 24 h known.', ({ args }) =>
      recedingHorizon({ wearPerKwh: args.wearPerKwh, forecast: 'perfect' }),
    ),
    one('bound', 'perfect foresight', 'One linear program over the year with everything known.', (copy) =>
      foresight(highs, copy, copy.args.wearPerKwh),
    ),
  ];
}
