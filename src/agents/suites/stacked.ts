/**
 * Suite `stacked-ieee33`: test days of six sites on the 33-bus feeder that sell containment, energy and vars at the prices
 * of docs/spec/settlement.md; net income of all sites together after wear and losses. One wear and one list of days for all.
 */
import type { StackedCopy } from '../../env/tasks/stackedIeee33.ts';
import { STACKED_SERVICES, type StackedService } from '../../env/tasks/stackedIncome.ts';
import { servicesOf, stackedRule, type StackedRule } from '../baselines/stacked/rules.ts';
import { TUNED_STACK } from '../baselines/stacked/tuned.ts';
import { artifactDecide, liveEpisode, scenarioCopy, type Decide } from '../evaluation/episode.ts';
import type { Contender, Metrics, MetricSpec, RunnablePolicy, Scenario, Suite } from '../evaluation/suite.ts';

const TASK = 'stacked-ieee33-v1';
const COUNT = 24;
/** Training seeds are small numbers; the hundred before were looked at while the recipe was made. */
const FIRST_SEED = 5000100;

/** Of parts that nearly cancel, a thousandth of net income. */
const RESIDUE = 0.1;

const METRICS: readonly MetricSpec[] = [
  { key: 'netIncome', label: 'net income /day', better: 'more', digits: 2 },
  { key: 'frequency', label: 'availability', better: 'more', digits: 2 },
  { key: 'energy', label: 'energy', better: 'more', digits: 2, resolution: RESIDUE },
  { key: 'voltage', label: 'vars less losses', better: 'more', digits: 2 },
  { key: 'wear', label: 'wear', better: 'less', digits: 2, resolution: RESIDUE },
  { key: 'outOfBandShare', label: 'out of band', better: 'less', digits: 4, percent: true },
];

const ARGS = { pricing: 'settlement', product: 'dynamicContainment', split: 'test' };

/** `also`: arguments over the scenario's: another product, fewer services. */
function contender(
  kind: Contender['kind'],
  name: string,
  about: string,
  decide: Decide<StackedCopy>,
  also: Readonly<Record<string, unknown>>,
): Contender {
  return {
    name,
    kind,
    about,
    run: (scenario, begin) => {
      const copy = scenarioCopy<StackedCopy>(TASK, { ...scenario, args: { ...scenario.args, ...also } });
      return metricsOf(liveEpisode(copy, decide, begin === undefined ? {} : { begin }).info as Record<string, number>);
    },
  };
}

function metricsOf(info: Readonly<Record<string, number>>): Metrics {
  return {
    netIncome: info['netIncome']!,
    frequency: info['reserveRevenue']!,
    energy: info['energyRevenue']! + info['storedValue']!,
    voltage: info['reactiveRevenue']! - info['lossCharge']!,
    wear: info['wear']!,
    outOfBandShare: info['outOfBandShare']!,
  };
}

function rule(name: string, about: string, own: StackedRule, product = ARGS.product): Contender {
  return contender('baseline', name, about, stackedRule(own), { services: servicesOf(own), product });
}

/** A policy that sells some services: what it issues for the others is not ordered and earns nothing. */
export function stackedPolicy(name: string, policy: RunnablePolicy, services: readonly StackedService[]): Contender {
  const sold = services.length === STACKED_SERVICES.length ? 'all three services' : services.join(', ');
  const about = `own readings of the interval before and published prices; sells ${sold}`;
  return contender('policy', name, about, artifactDecide(policy) as Decide<StackedCopy>, { services });
}

const { droop, integrator, containment, energy, regulation } = TUNED_STACK;

export const stackedIeee33Suite: Suite = {
  id: 'stacked-ieee33',
  task: TASK,
  title: 'A day of six sites that sell containment, energy and vars on the 33-bus feeder',
  metrics: METRICS,
  scenarios: ({ count = COUNT, from = 0 } = {}): Scenario[] =>
    Array.from({ length: count }, (_, k) => ({ id: `day ${from + k}`, seed: FIRST_SEED + from + k, args: ARGS })),
  baselines: () => [
    rule('none', "Batteries rest; the inverters' own curves, which are paid nothing for.", {}),
    rule('energy', 'Lowest charge that is safe, sold above a price; tuned on training days.', { charge: energy }),
    rule(
      'regulation',
      'Dynamic Regulation instead: share of the battery and held charge tuned on training days.',
      regulation,
      'dynamicRegulation',
    ),
    rule('containment', 'All of the battery in Dynamic Containment; held charge tuned on training days.', {
      charge: containment,
      reserveShare: 1,
    }),
    rule('droop', 'A volt-var droop beyond the own curve, one interval late; tuned on training days.', {
      voltVar: droop,
    }),
    rule('rule stack', 'Droop, containment and held charge together.', {
      voltVar: droop,
      charge: containment,
      reserveShare: 1,
    }),
    rule(
      'integrator',
      'Knows the formula of the payment: adds to its vars in every interval what would bring its voltage to 1 pu.',
      { voltVar: integrator },
    ),
    rule('integrator stack', 'Integrator, containment and held charge together.', {
      voltVar: integrator,
      charge: containment,
      reserveShare: 1,
    }),
  ],
  policy: (name, policy) => stackedPolicy(name, policy, STACKED_SERVICES),
};
