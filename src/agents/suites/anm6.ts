/**
 * ANM6-Easy: curtailment and storage on six buses. `anm6-easy` is the comparable one: the published day again and again,
 * 3000 steps, discounted by 0.995, starts drawn as in gym-anm. `anm6-easy-days` has the same starts on the days of the
 * test split, which differ from the published one and from each other.
 */
import { loadHighs } from '../baselines/highs.ts';
import type { Anm6Args, Anm6Copy } from '../../env/tasks/anm6Easy.ts';
import { dcOpfControl, type DcOpfOptions } from '../baselines/anm6/dcOpf.ts';
import { Anm6Program, programControl } from '../baselines/anm6/dynamicProgram.ts';
import { constantForecast, perfectForecast, publishedDay, type Forecast } from '../baselines/anm6/forecast.ts';
import { passive, ruleBased } from '../baselines/anm6/rules.ts';
import { artifactDecide, liveEpisode, scenarioCopy, type Decide } from '../evaluation/episode.ts';
import type { Contender, MetricSpec, Metrics, Scenario, Suite } from '../evaluation/suite.ts';

const TASK = 'anm6-easy-v1';
const STEPS = 3000;
const SCENARIOS = 30;
/** Training seeds are small numbers. */
const FIRST_SEED = 2000000;
const DISCOUNT = 0.995;
const STEPS_PER_DAY = 96;
const MWH_PER_PU_H = 100;

const METRICS: readonly MetricSpec[] = [
  { key: 'discountedReturn', label: 'discounted return', better: 'more', digits: 2 },
  { key: 'worstReturn', label: 'worst return', better: 'more', digits: 2, over: 'worst' },
  { key: 'violatedShare', label: 'steps in violation', better: 'less', digits: 2, percent: true },
  { key: 'penalty', label: '100 Phi per step', better: 'less', digits: 4 },
  { key: 'lossMwh', label: 'dE MWh per day', better: 'less', digits: 1 },
];

type Begin = Parameters<Contender['run']>[1];

function metricsOf(copy: Anm6Copy, decide: Decide<Anm6Copy>, begin: Begin): Metrics {
  const watching = begin === undefined ? {} : { begin };
  const { discountedReturn, steps, info } = liveEpisode(copy, decide, { discount: DISCOUNT, ...watching });
  return {
    discountedReturn,
    worstReturn: discountedReturn,
    violatedShare: Number(info['violatedSteps']) / steps,
    penalty: (100 * Number(info['phiSumPuH'])) / steps,
    lossMwh: (Number(info['dESumPuH']) * MWH_PER_PU_H * STEPS_PER_DAY) / steps,
  };
}

const copyOf = (scenario: Scenario): Anm6Copy => scenarioCopy<Anm6Copy>(TASK, scenario);

function baseline(name: string, about: string, decide: Decide<Anm6Copy>): Contender {
  return { name, kind: 'baseline', about, run: (scenario, begin) => metricsOf(copyOf(scenario), decide, begin) };
}

/** `foresee`: given the copy at its start. */
function mpc(
  name: string,
  kind: Contender['kind'],
  about: string,
  foresee: (copy: Anm6Copy) => Forecast,
  options: DcOpfOptions,
): Contender {
  return {
    name,
    kind,
    about: `${about}; DC optimal power flow over ${options.stages} slots, lines at ${options.safetyMargin} of their rates`,
    async run(scenario, begin) {
      const highs = await loadHighs();
      const copy = copyOf(scenario);
      const forecast = foresee(copy);
      return highs.withModel((model) => metricsOf(copy, dcOpfControl(highs, model, forecast, options), begin));
    },
  };
}

let program: Anm6Program | undefined;

const dynamicProgram: Contender = {
  name: 'ac-dynamic-program',
  kind: 'bound',
  about: 'knows the day and the network; cost to go over slot and state of charge, AC power flow in every stage',
  run: (scenario, begin) => metricsOf(copyOf(scenario), programControl((program ??= new Anm6Program())), begin),
};

const PASSIVE = baseline('passive', 'everything exported, storage at rest', passive);
const RULES = baseline(
  'rule-based',
  'readings of the slot before; exports to fit the lines, discharges for the cars, fills whenever they need little; six numbers tuned on the published day',
  ruleBased(),
);
const SEEN = 'expects the slots ahead as the last one seen';
const CONSTANT_OPTIONS: DcOpfOptions = { stages: 16, safetyMargin: 0.9 };
const KNOWING_OPTIONS: DcOpfOptions = { stages: 32, safetyMargin: 0.95 };

function suite(id: string, title: string, args: Partial<Anm6Args>, baselines: readonly Contender[]): Suite {
  return {
    id,
    task: TASK,
    title,
    metrics: METRICS,
    scenarios: ({ count = SCENARIOS, from = 0 } = {}) =>
      Array.from({ length: count }, (_, k) => ({
        id: `start-${from + k}`,
        seed: FIRST_SEED + from + k,
        args: { episodeSteps: STEPS, ...args },
      })),
    baselines: () => baselines,
    policy(name, policy) {
      const decide = artifactDecide(policy);
      return {
        name,
        kind: 'policy',
        about: 'sees the slot before and the time of day; no forecast',
        run: (scenario, begin) => metricsOf(copyOf(scenario), decide, begin),
      };
    },
  };
}

export const anm6Easy: Suite = suite('anm6-easy', 'ANM6-Easy, the published day, 3000 steps, discount 0.995', {}, [
  PASSIVE,
  mpc('mpc-constant', 'baseline', SEEN, () => constantForecast, CONSTANT_OPTIONS),
  RULES,
  mpc('mpc-perfect-full-rate', 'baseline', 'knows the day', () => publishedDay, { stages: 32, safetyMargin: 1 }),
  mpc('mpc-perfect', 'baseline', 'knows the day', () => publishedDay, KNOWING_OPTIONS),
  dynamicProgram,
]);

export const anm6EasyDays: Suite = suite(
  'anm6-easy-days',
  'ANM6-Easy on days of the test split: variation 0.2, heavier loads, less sun and wind',
  { split: 'test' },
  [
    PASSIVE,
    mpc('mpc-constant', 'baseline', SEEN, () => constantForecast, CONSTANT_OPTIONS),
    RULES,
    mpc('mpc-published-day', 'baseline', 'expects the published day', () => publishedDay, KNOWING_OPTIONS),
    mpc(
      'mpc-perfect',
      'bound',
      'knows every slot to come',
      (copy) => perfectForecast(copy, STEPS + KNOWING_OPTIONS.stages),
      KNOWING_OPTIONS,
    ),
  ],
);
