/**
 * Frequency. `frequency-ieee14`: secondary control after a load step at the case's own buses; `frequency-ieee14-unseen`: other
 * buses, 0.7 of the inertia, steps of +-30 %. `frequency-area1`: a contracted response along a measured or synthetic series
 * scaled so that 99 % of deviations lie within 0.2 Hz; `frequency-area1-containment`: through contingencies of 0.5 to 0.8 Hz.
 */
import type { FrequencyDeliveryArgs, FrequencyDeliveryCopy } from '../../env/tasks/frequencyDelivery.ts';
import type { FrequencyIeee14Args, FrequencyIeee14Copy } from '../../env/tasks/frequencyIeee14.ts';
import type { TaskId } from '../../env/gym/registry.ts';
import type { ScalarSeries } from '../../env/series/scalar.ts';
import { bareCurve, naiveRecharge, noDelivery } from '../baselines/frequency/recharge.ts';
import { proportionalIntegral, restingFleets } from '../baselines/frequency/secondary.ts';
import { TUNED_FREQUENCY } from '../baselines/frequency/tuned.ts';
import { artifactDecide, liveEpisode, scenarioCopy, type Decide } from '../evaluation/episode.ts';
import type { Contender, MetricSpec, Metrics, Scenario, Suite } from '../evaluation/suite.ts';

const IEEE14: TaskId = 'frequency-ieee14-raise-v1';
const DELIVERY: TaskId = 'frequency-area1-delivery-v1';
/** Training seeds and those that were looked at while recipes were made are below. */
const FIRST_SEED = 5000000;
const IEEE14_SCENARIOS = 100;
const DELIVERY_SCENARIOS = 40;
const MILLI = 1000;
const MEGA = 1000000;

/** What the policies are trained and judged with, and so is every baseline. */
export const REGULATION_ARGS = {
  scenario: 'regulation',
  product: 'dynamicRegulation',
  contractW: 4000000,
  limitShare: 0.028,
  episodeMs: 28800000,
  startShare: 0.4,
} as const satisfies Partial<FrequencyDeliveryArgs>;
export const CONTAINMENT_ARGS = {
  scenario: 'containment',
  product: 'dynamicContainment',
  contractW: 32000000,
  limitShare: 0.028,
  seriesScale: 4,
  stepMs: 60000,
  startShare: 0.8,
} as const satisfies Partial<FrequencyDeliveryArgs>;

/** A hundredth of the band. */
const RESIDUE_MHZ = 0.1;

const SECONDARY_METRICS: readonly MetricSpec[] = [
  { key: 'withinS', label: 's to |df| <= 10 mHz', better: 'less', digits: 2, resolution: 0.01 },
  { key: 'centreHzS', label: 'integral |df| Hz s', better: 'less', digits: 4 },
  { key: 'finalMhz', label: 'final |df| mHz', better: 'less', digits: 2, resolution: RESIDUE_MHZ },
  { key: 'finalWorstMhz', label: 'worst final mHz', better: 'less', digits: 2, over: 'worst', resolution: RESIDUE_MHZ },
  {
    key: 'finalMachinesMhz',
    label: 'final, mean of machines, mHz',
    better: 'less',
    digits: 2,
    resolution: RESIDUE_MHZ,
  },
  {
    key: 'finalFurthestMhz',
    label: 'final, furthest machine, mHz',
    better: 'less',
    digits: 2,
    resolution: RESIDUE_MHZ,
  },
  { key: 'rocofHzPerS', label: 'RoCoF 500 ms Hz/s', better: 'less', digits: 4 },
  { key: 'nadirMhz', label: 'nadir mHz', better: 'more', digits: 1 },
  { key: 'zenithMhz', label: 'zenith mHz', better: 'less', digits: 1, resolution: RESIDUE_MHZ },
];
const DELIVERY_METRICS: readonly MetricSpec[] = [
  { key: 'errorMax', label: 'E', better: 'less', digits: 2, percent: true },
  { key: 'errorWorst', label: 'worst E', better: 'less', digits: 2, percent: true, over: 'worst' },
  { key: 'soeBreaches', label: 'state-of-energy breaches', better: 'less', digits: 3 },
  { key: 'soeShortMwh', label: 'worst lack MWh', better: 'less', digits: 3, over: 'worst' },
  { key: 'throughputMwh', label: 'throughput MWh', better: 'less', digits: 3 },
  { key: 'setpointMwh', label: 'of set points MWh', better: 'less', digits: 3 },
  { key: 'paidShare', label: 'paid (mean K)', better: 'more', digits: 1, percent: true },
];

function secondaryMetrics(scenario: Scenario, own: Partial<FrequencyIeee14Args>, decide: Decide): Metrics {
  const copy = scenarioCopy<FrequencyIeee14Copy>(IEEE14, { ...scenario, args: { ...scenario.args, ...own } });
  const { info } = liveEpisode(copy, decide as Decide<FrequencyIeee14Copy>);
  const value = (key: string): number => Number(info[key]);
  return {
    // Where it is never reached, the whole of the time.
    withinS: value('within10mHzS') < 0 ? copy.args.episodeMs / MILLI : value('within10mHzS'),
    centreHzS: value('centreHzS'),
    finalMhz: MILLI * value('finalCentreHz'),
    finalWorstMhz: MILLI * value('finalCentreHz'),
    finalMachinesMhz: MILLI * value('finalMeanErrorHz'),
    finalFurthestMhz: MILLI * value('finalErrorHz'),
    rocofHzPerS: value('rocofHzPerS'),
    nadirMhz: MILLI * value('nadirHz'),
    zenithMhz: MILLI * value('zenithHz'),
  };
}

function secondary(name: string, about: string, make: () => Decide, own: Partial<FrequencyIeee14Args> = {}): Contender {
  const run = (scenario: Scenario): Metrics => secondaryMetrics(scenario, { actions: 'share', ...own }, make());
  return { name, kind: 'baseline', about, run };
}

function ieee14Suite(id: string, title: string, args: Partial<FrequencyIeee14Args>): Suite {
  return {
    id,
    task: IEEE14,
    title,
    metrics: SECONDARY_METRICS,
    scenarios: ({ count = IEEE14_SCENARIOS, from = 0 } = {}) =>
      Array.from({ length: count }, (_, k) => ({
        id: `step-${from + k}`,
        seed: FIRST_SEED + from + k,
        args,
      })),
    baselines: () => [
      secondary('none', 'fleets at rest: primary control of the governors alone', restingFleets, { response: 'none' }),
      secondary('droop', 'the droop live in the fleets, no set points', restingFleets),
      ...TUNED_FREQUENCY.pi.map((gains) =>
        secondary(
          gains.name,
          `set points at the same instants from the same frequencies, beside the live droop; gains by grid on ${gains.tunedFor}: ${gains.form}, kp ${gains.kpPerHz}, ki ${gains.kiPerHz} per Hz`,
          () => proportionalIntegral(gains),
        ),
      ),
    ],
    policy(name, policy) {
      const decide = artifactDecide(policy);
      const about =
        'raise and lower commands at the same instants beside the same droop; frequencies at the three fleets, own power, own last command';
      return { name, kind: 'policy', about, run: (scenario) => secondaryMetrics(scenario, {}, decide) };
    },
  };
}

function deliveryMetrics(
  scenario: Scenario,
  own: Partial<FrequencyDeliveryArgs>,
  decideOn: (copy: FrequencyDeliveryCopy) => Decide,
): Metrics {
  const copy = scenarioCopy<FrequencyDeliveryCopy>(DELIVERY, { ...scenario, args: { ...scenario.args, ...own } });
  const { info } = liveEpisode(copy, decideOn(copy) as Decide<FrequencyDeliveryCopy>);
  const value = (key: string): number => Number(info[key]);
  return {
    errorMax: value('errorMax'),
    errorWorst: value('errorMax'),
    soeBreaches: value('soeBreaches'),
    soeShortMwh: value('soeShortWh') / MEGA,
    throughputMwh: value('throughputWh') / MEGA,
    setpointMwh: value('setpointWh') / MEGA,
    paidShare: value('paidShare'),
  };
}

function deliverySuite(
  id: string,
  title: string,
  args: Partial<FrequencyDeliveryArgs>,
  recharge: keyof typeof TUNED_FREQUENCY.recharge,
): Suite {
  const settings = TUNED_FREQUENCY.recharge[recharge];
  const contender = (name: string, about: string, decideOn: (copy: FrequencyDeliveryCopy) => Decide): Contender => ({
    name,
    kind: 'baseline',
    about,
    run: (scenario) => deliveryMetrics(scenario, {}, decideOn),
  });
  return {
    id,
    task: DELIVERY,
    title,
    metrics: DELIVERY_METRICS,
    scenarios: ({ count = DELIVERY_SCENARIOS, from = 0 } = {}) =>
      Array.from({ length: count }, (_, k) => ({
        id: `block-${from + k}`,
        seed: FIRST_SEED + from + k,
        args: { split: 'test', ...args },
      })),
    baselines: () => [
      {
        name: 'none',
        kind: 'baseline',
        about: 'delivers nothing',
        run: (scenario) => deliveryMetrics(scenario, { actions: 'wide' }, noDelivery),
      },
      contender('curve', 'the contracted curve, energy left to itself', bareCurve),
      contender(
        'curve + naive recharge',
        `constant rate towards the middle while the frequency is inside the deadband; by grid on training episodes ${settings.rate} of the limit, ${settings.idleShare} of the states of charge left alone`,
        ({ socWindowMicro }) => naiveRecharge(settings, socWindowMicro),
      ),
    ],
    policy(name, policy) {
      const decide = artifactDecide(policy);
      const about = 'frequency, own power, state of charge; a set point within the limit beside the curve';
      return { name, kind: 'policy', about, run: (scenario) => deliveryMetrics(scenario, {}, () => decide) };
    },
  };
}

export const frequencyIeee14Suite: Suite = ieee14Suite(
  'frequency-ieee14',
  'IEEE 14-bus, load step of 0.6 pu +- 10 % at buses 3, 4, 9, 13',
  { split: 'train' },
);

export const frequencyIeee14Unseen: Suite = ieee14Suite(
  'frequency-ieee14-unseen',
  'IEEE 14-bus, load step of 0.6 pu +- 30 % at buses 5, 10, 12, 14, 0.7 of the inertia',
  { split: 'test' },
);

/** `series`: measured deviations as they are to be met, instead of synthetic ones times 6.4. */
export function frequencyArea1Suite(series?: ScalarSeries): Suite {
  const title = 'Dynamic Regulation of 4 MW over blocks of 8 h, p99 of |df| at 0.2 Hz';
  if (series === undefined)
    return deliverySuite('frequency-area1', `${title}, synthetic`, REGULATION_ARGS, 'regulation');
  const args = { ...REGULATION_ARGS, series, seriesScale: 1 };
  return deliverySuite('frequency-area1', `${title}, measured`, args, 'regulation');
}

export const frequencyContainment: Suite = deliverySuite(
  'frequency-area1-containment',
  'Dynamic Containment of 32 MW over blocks of 4 h with contingencies of 0.5 to 0.8 Hz at 20 Hz',
  CONTAINMENT_ARGS,
  'containment',
);
