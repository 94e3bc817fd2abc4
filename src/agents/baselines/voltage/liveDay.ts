/** A day of a voltage task under a controller, and the metrics of its suites. */
import { DAY_MS } from '../../../grid/interval.ts';
import { createSetpoints, type FeederSetpoints } from '../../../env/physics/feeder.ts';
import { MAX_SHARE_MICRO } from '../../../grid/voltVar.ts';
import type { VoltageCopy } from '../../../env/tasks/voltageTask.ts';
import { liveEpisode, scenarioCopy, type Decide } from '../../evaluation/episode.ts';
import type { Metrics, Scenario } from '../../evaluation/suite.ts';
import type { Controller } from '../controllers.ts';

const WH_PER_MWH = 1000000;
const VAR_PER_MVAR = 1000000;

/** What a controller writes into setpoints as integers that are imposed on the copy, with its mode and curve. */
export function controllerDecide(controller: Controller): Decide<VoltageCopy> {
  let own: FeederSetpoints | undefined;
  return ({ feeder, setpoints }, step, issued) => {
    own ??= createSetpoints(feeder.siteCount, MAX_SHARE_MICRO);
    own.curve = undefined;
    own.pBatteryW.set(setpoints.pBatteryW);
    controller.decide(feeder, step, own);
    setpoints.mode = own.mode;
    setpoints.curve = own.curve;
    issued.set(own.offsetMicro);
  };
}

/** Out of band and |q| are means over (counted bus, interval) and (inverter, interval), night included. */
export function liveDay(
  task: string,
  scenario: Scenario,
  decide: Decide<VoltageCopy>,
  begin?: (copy: VoltageCopy) => void,
): Metrics {
  const copy = scenarioCopy<VoltageCopy>(task, scenario);
  const { info } = liveEpisode(copy, decide, begin === undefined ? {} : { begin });
  const days = (copy.feeder.series.steps * copy.feeder.series.stepMs) / DAY_MS;
  return {
    outOfBandShare: Number(info['outOfBandShare']),
    controllableRatio: Number(info['controllableRatio']),
    lossMwh: Number(info['lossWh']) / WH_PER_MWH / days,
    meanAbsQMvar: Number(info['meanAbsQVar']) / VAR_PER_MVAR,
  };
}
