/** A synthetic day of the 33-bus task under any controller, as the suites live it. */
import type { Controller } from '../../src/agents/baselines/controllers.ts';
import { controllerDecide } from '../../src/agents/baselines/voltage/liveDay.ts';
import { artifactDecide, liveEpisode, scenarioCopy } from '../../src/agents/evaluation/episode.ts';
import type { RunnablePolicy } from '../../src/agents/evaluation/suite.ts';
import { ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import type { VoltageCopy } from '../../src/env/tasks/voltageTask.ts';

export interface VoltageDay {
  readonly outOfBandShare: number;
  readonly controllableRatio: number;
  readonly lossMwh: number;
  readonly divergedSteps: number;
}

/** @param day of the series; a controller, or a policy dispatched on the readings of the interval before. */
export function voltageDay(day: number, controller: Controller | RunnablePolicy): VoltageDay {
  const scenario = { id: String(day), seed: 1, args: { series: [ieee33Day(day)] } };
  const copy = scenarioCopy<VoltageCopy>('voltage-ieee33-v1', scenario);
  const decide = 'decide' in controller ? controllerDecide(controller) : artifactDecide(controller);
  const { info } = liveEpisode<VoltageCopy>(copy, decide as ReturnType<typeof controllerDecide>);
  return {
    outOfBandShare: Number(info['outOfBandShare']),
    controllableRatio: Number(info['controllableRatio']),
    lossMwh: Number(info['lossWh']) / 1e6,
    divergedSteps: Number(info['divergedSteps']),
  };
}

/** Means over days. */
export function voltageDays(days: readonly number[], controller: Controller | RunnablePolicy): VoltageDay {
  const lived = days.map((day) => voltageDay(day, controller));
  const mean = (pick: (day: VoltageDay) => number): number => lived.reduce((sum, d) => sum + pick(d), 0) / days.length;
  return {
    outOfBandShare: mean((d) => d.outOfBandShare),
    controllableRatio: mean((d) => d.controllableRatio),
    lossMwh: mean((d) => d.lossMwh),
    divergedSteps: mean((d) => d.divergedSteps),
  };
}
