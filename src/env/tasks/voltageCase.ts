/**
 * `voltage-case-v1`: the voltage task on any network with any fleet.
 *
 * Description
 *   As `voltage-ieee33-v1` (voltageIeee33.ts), on `network`, with `fleet` instead of the six inverters. A network may be
 *   built in (`caseNetwork`), read from a MATPOWER file (`parseMatpower`) or a case text (`parseCase`), or written by
 *   hand; a fleet may be read from a fleet file (`parseFleet`). A plain tree is solved by sweeps, anything else by
 *   Newton's method with taps, shifters, shunts and charging. Machines at pv buses hold their set point without
 *   reactive limits; every machine but the slack bus's gives its case value times (load of the interval / nominal
 *   load). Only buses whose voltage is free count, in the reward and in every metric: pq buses that a slack bus feeds.
 *   Sites stand at pq buses.
 *   `voltage-ieee14-v1` and `voltage-ieee118-v1`: this task on those networks, loads up to nominal. Their machines hold
 *   up to 1.09 and 1.05 pu, hence bands of [0.92, 1.08] and [0.95, 1.05] and PV peaks of 2.5 and 5 times the load beside
 *   them; out of band without reactive power 18 % and 0.8 %, with the device curve alone 0 and 0.6 %.
 * Action space
 *   Box [-1, 1], one per agent, as in `voltage-ieee33-v1`. An agent is one asset of the fleet.
 * Observation space
 *   Box of 7 per agent, as in `voltage-ieee33-v1`, with ranges fitted to the fleet (`fittedInterface`):
 *   | # | name     | min              | max           | unit                  |
 *   | 0 | v.own    | 900000           | 1100000       | 1e-6 pu               |
 *   | 1 | p.own    | -largest battery | largest sMax  | W, export positive    |
 *   | 2 | q.own    | -largest sMax    | largest sMax  | var, injected positive |
 *   | 3 | p.pv     | 0                | largest sMax  | W                     |
 *   | 4 | time.day | 0                | 86400         | s, of the interval acted on |
 *   | 5 | sens.own | 0                | largest       | 1e-6 pu per Mvar, at nominal load |
 *   | 6 | prev     | -800000          | 800000        | 1e-6, own last offset as issued |
 * Reward
 *   As in `voltage-ieee33-v1` with the band's middle and half width for 1 and 0.05, and loss / lossScaleW, where
 *   lossScaleW = 2.7 % of the load peak unless `reward` is given.
 * Starting state
 *   A day of the synthetic series made for network and fleet, or one of `series`; batteries at 15 %.
 * Episode end
 *   truncated after the intervals of a day. Never terminated: an infeasible power flow is priced and lived through.
 * Arguments
 *   `VoltageCaseArgs` below.
 * Versions
 *   v1: first.
 */
import { fail } from '../../base/errors.ts';
import type { Asset } from '../../grid/asset.ts';
import type { PolicyInterface } from '../../grid/interface.ts';
import type { Network } from '../../grid/network.ts';
import type { VoltVarCurve } from '../../grid/voltVar.ts';
import { DEFAULT_INITIAL_SOC_MICRO } from '../cases/ieee33Sites.ts';
import { caseNetwork } from '../cases/index.ts';
import { loadFollowingFleet } from '../cases/pvFleet.ts';
import type { TaskDefinition } from '../gym/task.ts';
import type { Band } from '../physics/feederPlant.ts';
import { VOLTAGE_DEFAULTS, voltageArgs, type VoltageArgs } from './voltageArgs.ts';
import { bandCurve, fittedInterface } from './voltageFit.ts';
import { VOLTAGE_REWARD, type VoltageRewardOptions } from './voltageReward.ts';
import { VoltageCopy } from './voltageTask.ts';

export interface VoltageCaseArgs extends Omit<VoltageArgs, 'curve' | 'policy' | 'reward'> {
  readonly network: Network;
  /** PV at the six largest loads of pq buses when left out. */
  readonly fleet?: readonly Asset[] | undefined;
  /** Lowest and highest voltage in band, pu; [0.95, 1.05]. */
  readonly band: Band;
  /** Left out: the default curve moved to the band's edges. */
  readonly curve?: VoltVarCurve | undefined;
  /** Left out: fitted to the fleet. */
  readonly policy?: PolicyInterface | undefined;
  readonly reward?: VoltageRewardOptions | undefined;
}

/** Of the built-in rule: inverters, and PV peak over the load peak of their bus. */
const RULE_SITES = 6;
const RULE_PV_TO_LOAD = 2.5;
/** Line loss that costs 1, as a share of the load peak: 50 kW on the 33-bus feeder at scale 0.5. */
const LOSS_SCALE_SHARE = 0.027;

const OPTIONAL = ['fleet', 'curve', 'policy', 'reward', 'day'];

interface CaseRule {
  readonly id: string;
  readonly title: string;
  readonly purpose: string;
  readonly network: () => Network;
  readonly fleet: (network: Network, scale: number) => readonly Asset[];
  readonly band: Band;
  readonly scale: number;
  readonly fixed: boolean;
}

/** A voltage task on a network: its rule says what stands where no argument does. */
export function defineVoltageCase(rule: CaseRule): TaskDefinition<VoltageCaseArgs> {
  return {
    id: rule.id,
    about: { title: rule.title, stepS: 300, episodeSteps: 288 },
    createCopy: (given) => createCopy(rule, given),
  };
}

function createCopy(rule: CaseRule, given: Partial<VoltageCaseArgs>): VoltageCopy {
  const { network = rule.network(), band = rule.band, fleet, ...common } = given;
  if (rule.fixed && (given.network !== undefined || fleet !== undefined)) {
    throw fail('env.taskArgument', { expected: `no network and fleet: those of ${rule.id} are fixed`, got: rule.id });
  }
  checkOwn(given);
  checkBand(band);
  const { scale } = voltageArgs({ ...VOLTAGE_DEFAULTS, scale: rule.scale }, defined(common));
  const sites = fleet ?? rule.fleet(network, scale);
  if (sites.length === 0) {
    throw fail('env.sites', { expected: 'at least one asset, or a pq bus with load', got: network.name });
  }
  const solver = given.solver ?? VOLTAGE_DEFAULTS.solver;
  const loadPeakW = scale * network.buses.reduce((sum, bus) => sum + bus.loadPW, 0);
  const defaults: VoltageArgs = {
    ...VOLTAGE_DEFAULTS,
    scale: rule.scale,
    curve: bandCurve(band),
    policy: given.policy ?? fittedInterface(network, sites, band, solver),
    reward: { ...VOLTAGE_REWARD, lossScaleW: LOSS_SCALE_SHARE * loadPeakW },
  };
  const args = voltageArgs(defaults, defined(common));
  return new VoltageCopy(args, {
    purpose: rule.purpose,
    network,
    sites,
    band,
    initialSocMicro: DEFAULT_INITIAL_SOC_MICRO,
  });
}

/** Without the keys that hold undefined, which stand for their defaults. */
function defined(given: Omit<Partial<VoltageCaseArgs>, 'network' | 'band' | 'fleet'>): Partial<VoltageArgs> {
  return Object.fromEntries(
    Object.entries(given).filter(([key, value]) => value !== undefined || !OPTIONAL.includes(key)),
  );
}

const KNOWN = ['network', 'fleet', 'band', ...Object.keys(VOLTAGE_DEFAULTS), 'series', 'barrier', 'day'];

/** What this task has beyond those of all voltage tasks: what readers give, not paths or texts. */
function checkOwn(given: object): void {
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw fail('env.taskArgument', { expected: `one of ${KNOWN.join(', ')}`, got: unknown });
  const { network, fleet, band } = given as Record<'network' | 'fleet' | 'band', unknown>;
  const { buses, branches } = (network ?? { buses: [], branches: [] }) as Record<string, unknown>;
  if (!Array.isArray(buses) || !Array.isArray(branches)) {
    throw fail('env.taskArgument', { expected: 'network: as caseNetwork or parseMatpower gives', got: typeof network });
  }
  if (fleet !== undefined && !Array.isArray(fleet)) {
    throw fail('env.taskArgument', { expected: 'fleet: assets, as parseFleet gives', got: typeof fleet });
  }
  if (band !== undefined && !(Array.isArray(band) && band.length === 2)) {
    throw fail('env.taskArgument', { expected: 'band: [min, max], pu', got: band });
  }
}

function checkBand([minPu, maxPu]: Band): void {
  if (!(minPu >= 0.5 && minPu < maxPu && maxPu <= 1.5)) {
    throw fail('env.taskArgument', { expected: 'band: 0.5 <= min < max <= 1.5', got: [minPu, maxPu] });
  }
}

const rule = (network: Network, scale: number): readonly Asset[] =>
  loadFollowingFleet(network, RULE_SITES, RULE_PV_TO_LOAD, scale);

export const voltageCase = defineVoltageCase({
  id: 'voltage-case-v1',
  title: 'inverters of any fleet hold any network in band',
  purpose: 'voltage-case',
  network: () => caseNetwork('ieee33'),
  fleet: rule,
  band: [0.95, 1.05],
  scale: 0.5,
  fixed: false,
});

export const voltageIeee14 = defineVoltageCase({
  id: 'voltage-ieee14-v1',
  title: 'six inverters on the meshed 14-bus network',
  purpose: 'voltage-ieee14',
  network: () => caseNetwork('ieee14'),
  fleet: rule,
  band: [0.92, 1.08],
  scale: 1,
  fixed: true,
});

export const voltageIeee118 = defineVoltageCase({
  id: 'voltage-ieee118-v1',
  title: 'twelve inverters on the meshed 118-bus network',
  purpose: 'voltage-ieee118',
  network: () => caseNetwork('ieee118'),
  fleet: (network, scale) => loadFollowingFleet(network, 2 * RULE_SITES, 2 * RULE_PV_TO_LOAD, scale),
  band: [0.95, 1.05],
  scale: 1,
  fixed: true,
});
