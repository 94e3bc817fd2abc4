/** Band, device curve and integer interface of a voltage task, fitted to a network and its fleet. */
import type { Asset } from '../../grid/asset.ts';
import { fitInput, type PolicyInterface } from '../../grid/interface.ts';
import type { Network } from '../../grid/network.ts';
import { MAX_SHARE_MICRO, type VoltVarCurve } from '../../grid/voltVar.ts';
import type { Band } from '../physics/feederPlant.ts';
import { gridModel, type GridSolver } from '../physics/gridFlow.ts';
import { microPerMvar } from '../physics/sensitivity.ts';
import { busIndex } from '../physics/topology.ts';
import { VOLTAGE_INTERFACE } from './voltageInterface.ts';

const MICRO = 1000000;

function knots([minPu, maxPu]: Band, outside: number, inside: number): number[] {
  const low = Math.floor(minPu * MICRO + 0.5);
  const high = Math.floor(maxPu * MICRO + 0.5);
  return [low - outside, low + inside, high - inside, high + outside];
}

/** The default curve of devices, moved to the band's edges. */
export function bandCurve(band: Band): VoltVarCurve {
  return { vMicroPu: knots(band, 8000, 12000), shareMicro: [2 * MAX_SHARE_MICRO, 0, 0, -2 * MAX_SHARE_MICRO] };
}

/** As VOLTAGE_INTERFACE, with ranges of power and sensitivity that the fleet fills, and the band's edges. */
export function fittedInterface(
  network: Network,
  sites: readonly Asset[],
  band: Band,
  solver: GridSolver,
): PolicyInterface {
  const [envelope] = VOLTAGE_INTERFACE.envelopes;
  const [fallback] = VOLTAGE_INTERFACE.fallback;
  const sMaxVa = roundUp(Math.max(...sites.map((site) => site.sMaxVa)));
  const chargeW = roundUp(Math.max(1, ...sites.map((site) => site.battery.pMaxW)));
  const ranges: Readonly<Record<string, readonly [number, number]>> = {
    'p.own': [-chargeW, sMaxVa],
    'q.own': [-sMaxVa, sMaxVa],
    'p.pv': [0, sMaxVa],
    'sens.own': [0, roundUp(largestSensitivity(network, sites, solver))],
  };
  return {
    ...VOLTAGE_INTERFACE,
    inputs: VOLTAGE_INTERFACE.inputs.map((spec) => {
      const range = ranges[spec.n];
      return range === undefined ? spec : fitInput(spec.n, spec.u, ...range);
    }),
    envelopes: [{ ...envelope!, r: knots(band, 0, 20000) }],
    fallback: [{ ...fallback!, r: knots(band, 10000, 30000) }],
  };
}

/** 1e-6 pu per Mvar. */
function largestSensitivity(network: Network, sites: readonly Asset[], solver: GridSolver): number {
  const buses = sites.map((site) => busIndex(network, site.bus));
  const x = gridModel(network, solver).sensitivityPu(buses);
  return Math.max(10, ...sites.map((_, s) => microPerMvar(x[s * sites.length + s]!, network.baseMva)));
}

/** The next number of two digits and zeros. */
function roundUp(x: number): number {
  let unit = 1;
  while (x > 99 * unit) unit *= 10;
  return Math.ceil(x / unit) * unit;
}
