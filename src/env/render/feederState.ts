/** What a one-line diagram shows of a feeder: the interval last lived. */
import type { Feeder } from '../physics/feeder.ts';
import { compileNetwork } from '../physics/powerflow/admittance.ts';
import { branchFlows } from '../physics/powerflow/flows.ts';
import type { OneLineState } from './oneLine.ts';

/** A copy: it stays as it is when the feeder goes on. */
export function feederState(feeder: Feeder): OneLineState {
  const { network, sites, band } = feeder.scenario;
  const { vRe, vIm } = feeder.flow;
  return {
    network,
    vPu: feeder.vPu.slice(),
    flows: branchFlows(compileNetwork(network), vRe, vIm),
    sites: sites.map(({ bus, pvPeakW, battery: { pMaxW, eMaxWh } }, s) => ({
      bus,
      qVar: feeder.qVar[s]!,
      ...(pvPeakW > 0 ? { pvW: feeder.pvW[s]! } : {}),
      ...(pMaxW > 0 ? { battery: { pW: feeder.pBatteryW[s]!, charge: feeder.socWh[s]! / eMaxWh } } : {}),
    })),
    ...(band === undefined ? {} : { band }),
  };
}
