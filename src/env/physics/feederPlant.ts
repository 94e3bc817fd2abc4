/** What a feeder is made of and never changes: network, sites and devices, worked out once and shared by clones. */
import { fail } from '../../base/errors.ts';
import type { Asset } from '../../grid/asset.ts';
import type { BusKind, Network } from '../../grid/network.ts';
import type { VoltVarCurve } from '../../grid/voltVar.ts';
import type { FeederSeries } from '../series/series.ts';
import { batteryModel, type BatteryModel } from './battery.ts';
import { realCurve, type RealCurve } from './curve.ts';
import { gridModel, type GridModel, type GridSolver } from './gridFlow.ts';
import { microPerMvar } from './sensitivity.ts';
import { busIndex } from './topology.ts';

/** Lowest and highest voltage in band, pu. */
export type Band = readonly [minPu: number, maxPu: number];

export const DEFAULT_BAND: Band = [0.95, 1.05];
const MICRO = 1000000;

export interface FeederScenario {
  readonly network: Network;
  readonly sites: readonly Asset[];
  readonly series: FeederSeries;
  /** The curve every inverter holds. */
  readonly curve: VoltVarCurve;
  /** Per site, 1e-6 of rated energy; all sites alike when it is one number. */
  readonly initialSocMicro: number;
  /** Largest movement of a bus voltage, and of a reactive injection, in a sweep that counts as settled; 1e-10. */
  readonly tolerancePu?: number;
  /** `auto`: sweeps on a plain tree, Newton on anything else. */
  readonly solver?: GridSolver;
  /** [0.95, 1.05]. */
  readonly band?: Band;
}

export interface FeederPlant {
  readonly grid: GridModel;
  readonly siteBus: Int32Array;
  /** Buses whose voltage is free: those that are in or out of band. */
  readonly counted: Int32Array;
  readonly slackBuses: Int32Array;
  readonly batteries: readonly BatteryModel[];
  readonly sMaxVa: Float64Array;
  readonly sensitivityPu: Float64Array;
  readonly sensOwnMicro: Int32Array;
  readonly curve: RealCurve;
  readonly baseVa: number;
}

/** @throws `env.networkNotRadial`, `env.network`, `env.unknownBus`, `env.voltVarCurve`, `env.sites`. */
export function buildPlant({ network, sites, curve, solver }: FeederScenario): FeederPlant {
  const bad = sites.find((site) => !(site.sMaxVa > 0) || site.battery.pMaxW < 0 || site.battery.eMaxWh < 0);
  if (bad !== undefined)
    throw fail('env.sites', { expected: 'positive sMaxVa and no negative battery rating', got: bad });
  const baseVa = network.baseMva * MICRO;
  const grid = gridModel(network, solver);
  const siteBus = Int32Array.from(sites, (site) => busIndex(network, site.bus));
  const held = sites.find((_, s) => network.buses[siteBus[s]!]!.kind !== 'pq');
  if (held !== undefined)
    throw fail('env.sites', { expected: 'sites at pq buses, where no machine holds the voltage', got: held.id });
  const x = grid.sensitivityPu(Array.from(siteBus));
  return {
    grid,
    siteBus,
    counted: Int32Array.from(grid.freeBuses),
    slackBuses: busesOf(network, 'slack'),
    batteries: sites.map((site) => batteryModel(site.battery)),
    sMaxVa: Float64Array.from(sites, (site) => site.sMaxVa),
    sensitivityPu: x,
    sensOwnMicro: Int32Array.from(sites, (_, s) => microPerMvar(x[s * sites.length + s]!, network.baseMva)),
    curve: realCurve(curve),
    baseVa,
  };
}

function busesOf(network: Network, kind: BusKind): Int32Array {
  return Int32Array.from(network.buses.flatMap((bus, index) => (bus.kind === kind ? [index] : [])));
}
