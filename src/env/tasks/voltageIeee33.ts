/**
 * `voltage-ieee33-v1`: six PV-and-battery inverters hold the voltage of the 33-bus feeder at least loss,
 * dispatched by a ledger that knows only what was measured in the interval before.
 *
 * Description
 *   Baran & Wu 33-bus feeder, 12.66 kV, load peak 0.5 x nominal (1.857 MW, 1.15 Mvar), PV peak 2.5 x that, split
 *   over buses 13, 18, 22, 25, 29, 33 (1-based), inverters of 1.2 x PV peak, 100 kW / 250 kWh batteries on a fixed
 *   plan. An agent is one inverter; a copy has six. Each interval the agents' offsets are added to the volt-var
 *   curve that every inverter runs live, and the joint fixed point of curves and AC power flow is what happens.
 *   `voltage-ieee33-hard-v1` is the same with scale 0.6.
 * Action space
 *   Box [-1, 1], one per agent: u -> y = clamp(floor(32768 u + 0.5), +-32767) -> `scaleOutput` -> envelopes of
 *   VOLTAGE_INTERFACE -> offsetMicro in +-800 000, a share of live reactive capability sqrt(S^2 - P^2), injection
 *   positive. Total share after the curve is limited to +-0.8.
 * Observation space
 *   Box of 7 per agent: normalised integer / 32 768, so within +-1. Raw values clamp to [min, max].
 *   | # | name     | min     | max     | unit                  |
 *   | 0 | v.own    | 900000  | 1100000 | 1e-6 pu               |
 *   | 1 | p.own    | -200000 | 1000000 | W, export positive    |
 *   | 2 | q.own    | -800000 | 800000  | var, injected positive |
 *   | 3 | p.pv     | 0       | 1000000 | W                     |
 *   | 4 | time.day | 0       | 86400   | s, of the interval acted on |
 *   | 5 | sens.own | 0       | 80000   | 1e-6 pu per Mvar      |
 *   | 6 | prev     | -800000 | 800000  | 1e-6, own last offset as issued |
 * Reward
 *   Per agent and interval, with v over all buses but the slack:
 *     r = -( 20 mean_b min(5, max(0, |v_b - 1| - 0.049) / 0.01)  +  loss / 50 kW )  -  0.005 |offset - previous| / 0.8
 *   The first two terms are shared by the copy. Without a power-flow solution the whole is -20. Constants: VOLTAGE_REWARD.
 *   With `credit: 'difference'` an agent's shared part is what it changed: that of the interval as lived minus that
 *   of the same interval with this one agent's offset at 0 (difference rewards, Wolpert & Tumer 2002). What is
 *   subtracted does not depend on the agent's action, so the best joint policy is the same and the noise is not.
 * Costs
 *   outOfBand: share of the counted buses out of band in the interval, the same for every agent.
 * Starting state
 *   A day drawn from the training days of the synthetic series (or the given days), batteries at 15 %, and the
 *   measurements of interval 0 with no offset (nothing was dispatched before midnight).
 * Episode end
 *   truncated after the 288 intervals of the day. Never terminated: an infeasible power flow is priced and lived through.
 * Arguments
 *   `VoltageArgs` in voltageArgs.ts.
 * Versions
 *   v1: first.
 */
import type { FeederScenario } from '../physics/feederPlant.ts';
import type { FeederSeries } from '../series/series.ts';
import { syntheticDay } from '../series/synthetic.ts';
import type { TaskDefinition } from '../gym/task.ts';
import { IEEE33 } from '../cases/ieee33.ts';
import { DEFAULT_INITIAL_SOC_MICRO, DEFAULT_VOLT_VAR, ieee33Sites } from '../cases/ieee33Sites.ts';
import { VOLTAGE_DEFAULTS, voltageArgs, type VoltageArgs } from './voltageArgs.ts';
import { VoltageCopy } from './voltageTask.ts';

export { followPlan, VoltageCopy } from './voltageTask.ts';

/** A scenario of the 33-bus feeder for baselines and the twin, with everything but the series defaulted. */
export function createFeederScenario(
  options: Partial<FeederScenario> & { readonly series: FeederSeries; readonly scale?: number },
): FeederScenario {
  const { scale = 0.5, ...given } = options;
  return {
    network: IEEE33,
    sites: ieee33Sites(scale),
    curve: DEFAULT_VOLT_VAR,
    initialSocMicro: DEFAULT_INITIAL_SOC_MICRO,
    ...given,
  };
}

/** Day d of the synthetic series on the 33-bus feeder. */
export function ieee33Day(
  day: number,
  options: { seed?: number | string; scale?: number; stepMs?: number } = {},
): FeederSeries {
  const { seed = VOLTAGE_DEFAULTS.seriesSeed, scale = 0.5, stepMs = 300000 } = options;
  return syntheticDay({ seed, day, scale, stepMs, network: IEEE33, sites: ieee33Sites(scale) });
}

function define(id: string, title: string, defaults: VoltageArgs): TaskDefinition<VoltageArgs> {
  return {
    id,
    about: { title, stepS: 300, episodeSteps: 288 },
    createCopy: (given) => {
      const args = voltageArgs(defaults, given);
      return new VoltageCopy(args, {
        purpose: 'voltage-ieee33',
        network: IEEE33,
        sites: ieee33Sites(args.scale),
        initialSocMicro: DEFAULT_INITIAL_SOC_MICRO,
      });
    },
  };
}

export const voltageIeee33 = define(
  'voltage-ieee33-v1',
  'six PV inverters hold the 33-bus feeder in band',
  VOLTAGE_DEFAULTS,
);
export const voltageIeee33Hard = define('voltage-ieee33-hard-v1', 'the same with more load and PV', {
  ...VOLTAGE_DEFAULTS,
  scale: 0.6,
});
