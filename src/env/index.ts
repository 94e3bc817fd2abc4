/**
 * `gridpact/env`: environments, how to use them and how to write one, and the physics and data they are made of.
 * docs/reference/gym.md goes through it; docs/guide/new-environment.md writes a task with nothing but what is here.
 * The first line of each block is its row in that page: `npm run docs:gym`.
 */

/** Tasks by id, as one environment, as many at once, by agent */
export { make, makeMultiAgent, makeVector, register, taskDefinition, TASK_IDS, taskIds } from './gym/registry.ts';
export type { TaskId, Tasks } from './gym/registry.ts';
export { TaskEnv } from './gym/single.ts';
export { TaskVectorEnv } from './gym/vector.ts';
export type { EndedEpisode } from './gym/vector.ts';
export { MultiAgentEnv } from './gym/multiAgent.ts';
export type { AgentsReset, AgentsStep, ByAgent } from './gym/multiAgent.ts';
export type * from './gym/types.ts';

/** A task of your own */
export { EpisodeTask } from './gym/episode.ts';
export { taskArguments } from './gym/arguments.ts';
export type { Bounds } from './gym/arguments.ts';
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

/** Spaces and their values */
export {
  box,
  contains,
  dict,
  discrete,
  flatten,
  multiDiscrete,
  sameSpace,
  sample,
  spaceSize,
  unflatten,
} from './gym/spaces.ts';

/** The checker */
export { checkEnv } from './gym/checkEnv.ts';
export type { CheckOptions } from './gym/checkEnv.ts';
export { checkMultiAgentEnv } from './gym/checkMultiAgentEnv.ts';
export { checkVectorEnv } from './gym/checkVectorEnv.ts';
export { RULES as CHECK_RULES } from './gym/checkRules.ts';
export type { Rule as CheckRule } from './gym/checkRules.ts';

/** Wrappers */
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

/** Networks: built-in cases, MATPOWER files, the text format, fleets */
export { CASE_NAMES, caseNetwork, isCaseName } from './cases/index.ts';
export type { CaseName } from './cases/index.ts';
export { parseMatpower } from './cases/matpower.ts';
export { parseCase } from './cases/caseText.ts';
export { formatCase } from './cases/caseFormat.ts';
export { parseFleet } from './cases/fleet.ts';
export type { Asset, BatteryRating } from '../grid/asset.ts';
export type { Branch, Bus, BusKind, Generator, Network } from '../grid/network.ts';

/** AC power flow, one network and many loads */
export { NewtonPowerFlow } from './physics/powerflow/newton.ts';
export type { BatchResult, NewtonOptions } from './physics/powerflow/newton.ts';
export { RadialPowerFlow } from './physics/radial.ts';
export type { PowerFlow, SolveOptions } from './physics/powerflow/port.ts';
export { compileNetwork } from './physics/powerflow/admittance.ts';
export type { PowerFlowModel } from './physics/powerflow/admittance.ts';
export { branchFlows } from './physics/powerflow/flows.ts';
export type { BranchFlow } from './physics/powerflow/flows.ts';

/** Frequency: rotors, governors, ties, fleets of inverters, what is reported of an event */
export { FrequencySimulator } from './physics/frequency/simulator.ts';
export type { SimulatorOptions, SimulatorState } from './physics/frequency/simulator.ts';
export { rotorSystem, tieLine } from './physics/frequency/rotorSystem.ts';
export type {
  Agc,
  Coupling,
  Governor,
  Port,
  Rotor,
  RotorSystem,
  RotorSystemParameters,
} from './physics/frequency/rotorSystem.ts';
export { machineNetwork } from './physics/frequency/machineNetwork.ts';
export type { Machine, MachineNetwork } from './physics/frequency/machineNetwork.ts';
export { fleetStore } from './physics/frequency/fleet.ts';
export type { Fleet, FleetStore } from './physics/frequency/fleet.ts';
export { DELIVERY_CURVES, deliveryResponse, droopResponse, noResponse } from './physics/frequency/responseCurve.ts';
export type { DeliveryCurve, DeliveryProduct, ResponseCurve } from './physics/frequency/responseCurve.ts';
export { eventMetrics, EventTracker, initialRocofHzPerS } from './physics/frequency/metrics.ts';
export type { EventMetrics, TrackerOptions, TrackerState } from './physics/frequency/metrics.ts';

/** Batteries, inverters and wear */
export { batteryModel, conversionLossWh, feasiblePowerW, nextEnergyWh } from './physics/battery.ts';
export type { BatteryModel } from './physics/battery.ts';
export { checkBatteryCurves, stepBattery } from './physics/batteryCurves.ts';
export type { BatteryCurves, BatteryStep, Knots } from './physics/batteryCurves.ts';
export { followSetpoint, projectPq } from './physics/inverter.ts';
export type { InverterResponse, PqPoint, PqPriority } from './physics/inverter.ts';
export { BatteryWear, DEFAULT_WEAR, linearWearCostPerKwh } from './physics/wear/batteryWear.ts';
export type { WearModel, WearStart, WearState } from './physics/wear/batteryWear.ts';
export { rainflow, RainflowDamage } from './physics/wear/rainflow.ts';
export type { Cycle, CycleDamage, RainflowState } from './physics/wear/rainflow.ts';

/** Homes with a tariff: CityLearn folders, synthetic ones */
export { cityLearnFiles, readCityLearn } from './series/citylearn.ts';
export type { CityLearnIssue, CityLearnOptions } from './series/citylearn.ts';
export { syntheticHome } from './series/syntheticHome.ts';
export type { SyntheticHomeOptions, Tariff } from './series/syntheticHome.ts';
export { checkHome, homeWindow } from './series/home.ts';
export type { HomeSeries, PriceAhead, TariffSeries } from './series/home.ts';

/** Measured series: CSV with units, RL-ADN, MOER, grid frequency */
export { readScalarCsv, resample } from './series/scalar.ts';
export type { ScalarOptions, ScalarSeries } from './series/scalar.ts';
export { readSeriesCsv } from './series/csv.ts';
export type { ReadOptions, SeriesIssue, SeriesReport, SeriesTable, SeriesUnit } from './series/csv.ts';
export { measuredSeries, rlAdnSeries, splitDays } from './series/feederSeries.ts';
export type { PlaceOptions, RlAdnOptions, RlAdnReport } from './series/feederSeries.ts';
export type { FeederSeries } from './series/series.ts';
export { readGridFrequency, scaleToP99 } from './series/gridFrequency.ts';
export type { FrequencyOptions } from './series/gridFrequency.ts';
export { readMoerCsv } from './series/moer.ts';
export type { MoerSeries } from './series/moer.ts';

/** Generated series, each a function of its seed and day */
export { syntheticCarbonKgPerKwh } from './series/generator/carbon.ts';
export type { CarbonRequest } from './series/generator/carbon.ts';
export { syntheticFrequencyDeviationHz } from './series/generator/frequency.ts';
export type { FrequencyRequest } from './series/generator/frequency.ts';
export { syntheticLoadW } from './series/generator/load.ts';
export type { LoadRequest } from './series/generator/load.ts';
export { syntheticPricePerMwh } from './series/generator/price.ts';
export type { PriceRequest } from './series/generator/price.ts';
export { syntheticPvShare } from './series/generator/pv.ts';
export type { PvRequest } from './series/generator/pv.ts';

/** Drawings: SVG text */
export { feederState } from './render/feederState.ts';
export { oneLineSvg } from './render/oneLine.ts';
export type { OneLineOptions, OneLineState } from './render/oneLine.ts';
export { timeSeriesSvg } from './render/timeSeries.ts';
export type { TimePlot } from './render/timeSeries.ts';

/** Errors, random numbers, and real functions that are the same on every engine */
export { isGridPactError } from '../base/errors.ts';
export { RandomStream } from '../base/random.ts';
export { cosReal, expReal, lnReal, normal, powReal, sinReal, tanhReal, uniform } from '../base/realMath.ts';
