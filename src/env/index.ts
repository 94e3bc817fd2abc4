/**
 * `gridpact/env`: environments, how to use them and how to write one. docs/reference/gym.md goes through it;
 * docs/guides/new-environment.md writes a task with nothing but what is here.
 */
export { isGridPactError } from '../base/errors.ts';
export { RandomStream } from '../base/random.ts';
export { cosReal, expReal, lnReal, normal, powReal, sinReal, tanhReal, uniform } from '../base/realMath.ts';
export { fitInput, fitOutput } from '../grid/interface.ts';
export type {
  EnvelopeSpec,
  FallbackSpec,
  InputSpec,
  OutputSpec,
  PolicyInterface,
  StateSpec,
} from '../grid/interface.ts';
export { getChannel, quantise, setChannel } from '../grid/snapshot.ts';
export type { Channel, Snapshot } from '../grid/snapshot.ts';

export { make, makeMultiAgent, makeVector, register, taskDefinition, TASK_IDS, taskIds } from './gym/registry.ts';
export type { TaskId, Tasks } from './gym/registry.ts';
export { EpisodeTask } from './gym/episode.ts';
export { taskArguments } from './gym/arguments.ts';
export type { Bounds } from './gym/arguments.ts';
export { TaskEnv } from './gym/single.ts';
export { TaskVectorEnv } from './gym/vector.ts';
export type { EndedEpisode } from './gym/vector.ts';
export { MultiAgentEnv } from './gym/multiAgent.ts';
export type { AgentsReset, AgentsStep, ByAgent } from './gym/multiAgent.ts';
export type {
  Balance,
  PortView,
  TaskAbout,
  TaskCopy,
  TaskDefinition,
  TaskShape,
  TaskState,
  Trajectory,
} from './gym/task.ts';

export * from './gym/spaces.ts';
export type * from './gym/types.ts';

export { checkEnv } from './gym/checkEnv.ts';
export type { CheckOptions } from './gym/checkEnv.ts';
export { checkMultiAgentEnv } from './gym/checkMultiAgentEnv.ts';
export { checkVectorEnv } from './gym/checkVectorEnv.ts';
export { RULES as CHECK_RULES } from './gym/checkRules.ts';
export type { Rule as CheckRule } from './gym/checkRules.ts';

export { Wrapper } from './gym/wrappers/wrapper.ts';
export { TimeLimit } from './gym/wrappers/timeLimit.ts';
export { EpisodeStatistics } from './gym/wrappers/episodeStatistics.ts';
export type { EpisodeRecord } from './gym/wrappers/episodeStatistics.ts';
export { RescaleAction } from './gym/wrappers/rescaleAction.ts';
export type { Quantity } from './gym/wrappers/setpoints.ts';
export { DiscreteActions, MultiDiscreteActions } from './gym/wrappers/discreteActions.ts';
export { NamedObservations } from './gym/wrappers/namedObservations.ts';
export type { NamedValue } from './gym/wrappers/namedObservations.ts';
export { Recorder, recordingFromJsonl, recordingToJsonl, replay } from './gym/wrappers/recorder.ts';
export type { RecordedStart, RecordedStep, Recording } from './gym/wrappers/recorder.ts';

export { batteryModel, conversionLossWh, feasiblePowerW, nextEnergyWh } from './physics/battery.ts';
export type { BatteryModel } from './physics/battery.ts';

export { readScalarCsv, resample } from './series/scalar.ts';
export type { ScalarSeries } from './series/scalar.ts';
export { readSeriesCsv } from './series/csv.ts';
export type { SeriesIssue, SeriesReport, SeriesTable, SeriesUnit } from './series/csv.ts';
export { readGridFrequency, scaleToP99 } from './series/gridFrequency.ts';
export { readMoerCsv } from './series/moer.ts';
export { syntheticCarbonKgPerKwh } from './series/generator/carbon.ts';
export { syntheticFrequencyDeviationHz } from './series/generator/frequency.ts';
export { syntheticLoadW } from './series/generator/load.ts';
export { syntheticPricePerMwh } from './series/generator/price.ts';
export { syntheticPvShare } from './series/generator/pv.ts';

export { feederState } from './render/feederState.ts';
export { oneLineSvg } from './render/oneLine.ts';
export type { OneLineOptions, OneLineState } from './render/oneLine.ts';
export { timeSeriesSvg } from './render/timeSeries.ts';
export type { TimePlot } from './render/timeSeries.ts';
