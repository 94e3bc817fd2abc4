/** Suite `dispatch-feeder`: days and tariffs held out of six batteries on the 33-bus feeder; what they earn after wear and network. */
import { loadHighs, type Highs } from '../baselines/highs.ts';
import type { DispatchFeederCopy } from '../../env/tasks/dispatchFeeder.ts';
import { feederForesight, setpointOf } from '../baselines/dispatch/feederForesight.ts';
import { evenly, fullPower, type FeederRule } from '../baselines/dispatch/feederRules.ts';
import { artifactDecide, liveEpisode, scenarioCopy, type Decide } from '../evaluation/episode.ts';
import type { Contender, Metrics, MetricSpec, Scenario, Suite, SuiteOptions } from '../evaluation/suite.ts';

const TASK = 'dispatch-feeder-margin-v1';
const COUNT = 20;
const WH_PER_KWH = 1000;

const METRICS: readonly MetricSpec[] = [
  { key: 'gain', label: 'gain over rest /day', better: 'more', digits: 2 },
  { key: 'ofBest', label: 'of the best known', better: 'more', digits: 1, percent: true },
  { key: 'traded', label: 'traded', better: 'more', digits: 2 },
  { key: 'wearCost', label: 'wear', better: 'less', digits: 2 },
  { key: 'network', label: 'network', better: 'less', digits: 2 },
  { key: 'lossKwh', label: 'losses kWh', better: 'less', digits: 0 },
  { key: 'beyondKwh', label: 'beyond limits kWh', better: 'less', digits: 1 },
  { key: 'outOfBand', label: 'bus-intervals out of band', better: 'less', digits: 3, percent: true },
  { key: 'carbonKg', label: 'kg CO2', better: 'less', digits: 0 },
];

/** What a day is held against: income at rest, and of the best plan known. */
interface References {
  readonly rest: number;
  readonly best: number;
}

/** Loads the solver. */
export async function dispatchFeederSuite(): Promise<Suite> {
  const days = new FeederDays(await loadHighs());
  return {
    id: 'dispatch-feeder',
    task: TASK,
    title: 'A day of six batteries that trade through the 33-bus feeder',
    metrics: METRICS,
    scenarios: ({ count = COUNT, from = 0 }: SuiteOptions = {}) =>
      Array.from({ length: count }, (_, k) => ({
        id: `day ${from + k}`,
        seed: 1000 + from + k,
        args: { split: 'test' },
      })),
    baselines: () => [
      days.contender('baseline', 'none', 'The batteries rest.', byPower(REST)),
      days.contender(
        'baseline',
        'full power',
        'Knows the tariff of the day; full power as soon as it pays.',
        byPower(fullPower),
      ),
      days.contender(
        'baseline',
        'spread evenly',
        'Knows the tariff of the day; the same energy spread over the cheap intervals before the dear ones, and over those.',
        byPower(evenly),
      ),
      days.bound(),
    ],
    policy: (name, policy) => {
      const about =
        'Sees the lowest voltage, feeder power, its PV and charge of the interval before, and the tariff of the day.';
      return days.contender('policy', name, about, { control: 'margin', decide: artifactDecide(policy) });
    },
  };
}

class FeederDays {
  readonly #highs: Highs;
  readonly #references = new WeakMap<Scenario, References>();
  readonly #plans = new WeakMap<Scenario, Float64Array>();

  constructor(highs: Highs) {
    this.#highs = highs;
  }

  contender(kind: Contender['kind'], name: string, about: string, control: Control): Contender {
    return { name, kind, about, run: (scenario) => this.#live(scenario, control) };
  }

  bound(): Contender {
    return {
      name: 'sequential LP, perfect foresight',
      kind: 'bound',
      about: 'Load, PV, prices and the network of the whole day known; the best plan found, not proved best.',
      run: (scenario) => this.#live(scenario, followed(this.#planOf(scenario))),
    };
  }

  #live(scenario: Scenario, control: Control): Metrics {
    const { rest, best } = this.#referencesOf(scenario);
    const { income, figures } = lived(scenario, control);
    return {
      gain: income - rest,
      ofBest: (income - rest) / (best - rest),
      traded: figures['traded']!,
      wearCost: figures['wearCost']!,
      network: figures['network']!,
      lossKwh: figures['lossWh']! / WH_PER_KWH,
      beyondKwh: figures['beyondLimitWh']! / WH_PER_KWH,
      outOfBand: figures['outOfBandShare']!,
      carbonKg: figures['carbonKg']!,
    };
  }

  #planOf(scenario: Scenario): Float64Array {
    let plan = this.#plans.get(scenario);
    if (plan === undefined) {
      plan = feederForesight(this.#highs, scenarioCopy<DispatchFeederCopy>(TASK, under(scenario, 'power')));
      this.#plans.set(scenario, plan);
    }
    return plan;
  }

  #referencesOf(scenario: Scenario): References {
    let found = this.#references.get(scenario);
    if (found === undefined) {
      const rest = lived(scenario, byPower(REST)).income;
      found = { rest, best: lived(scenario, followed(this.#planOf(scenario))).income };
      this.#references.set(scenario, found);
    }
    return found;
  }
}

/** What is issued, and what it means: the batteries' power or what they give beyond their rule. */
interface Control {
  readonly control: 'power' | 'margin';
  readonly decide: Decide<DispatchFeederCopy>;
}

const REST: FeederRule = (_copy, _step, powersW) => powersW.fill(0);

function byPower(rule: FeederRule): Control {
  let powersW = new Float64Array(0);
  return {
    control: 'power',
    decide(copy, step, issued) {
      if (powersW.length !== issued.length) powersW = new Float64Array(issued.length);
      rule(copy, step, powersW);
      for (let s = 0; s < issued.length; s++) issued[s] = setpointOf(powersW[s]!, copy.args.batteryW);
    },
  };
}

function followed(plan: Float64Array): Control {
  return byPower((_copy, step, powersW) => {
    powersW.set(plan.subarray(step * powersW.length, (step + 1) * powersW.length));
  });
}

/** The same day, in which `control` is what is issued. */
function under(scenario: Scenario, control: Control['control']): Scenario {
  return { ...scenario, args: { ...scenario.args, control } };
}

/** Income: the rewards of all batteries. */
function lived(scenario: Scenario, { control, decide }: Control): { income: number; figures: Record<string, number> } {
  const copy = scenarioCopy<DispatchFeederCopy>(TASK, under(scenario, control));
  const { return: mean, info } = liveEpisode(copy, decide);
  return { income: mean * copy.shape.agents, figures: info as Record<string, number> };
}
