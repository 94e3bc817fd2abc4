/**
 * `voltage-ieee69-v1`: eight PV-and-battery inverters hold the voltage of the 69-bus feeder of Baran & Wu.
 *
 * Description
 *   As `voltage-ieee33-v1` (voltageIeee33.ts) on the 69-bus feeder, 12.66 kV: load peak 0.5 x nominal (1.901 MW), PV
 *   peak 2.5 x that in equal parts at buses 12, 18, 22, 27 (the end of the main line) and 61, 62, 64, 65 (the end of the
 *   lateral with the one great load, 1.244 MW at bus 61), inverters of 1.2 x PV peak, batteries of an eighth of the PV
 *   peak for 2.5 h on the fixed plan. Sites are crowded at the two far ends because the feeder is stiff elsewhere:
 *   spread evenly, no bus would leave the band. Out of band over 14 test days: 1.9 % without reactive power, 0.16 %
 *   with the device curve alone (at 19 % more loss), 0.03 % with all inverters absorbing all they can.
 * Action space, observation space, reward, starting state, episode end
 *   As in `voltage-ieee33-v1`; ranges of power and sensitivity are fitted to the fleet, lossScaleW is 51.3 kW.
 * Arguments
 *   `VoltageCaseArgs` in voltageCase.ts, without network and fleet.
 * Versions
 *   v1: first.
 */
import type { Asset } from '../../grid/asset.ts';
import type { Network } from '../../grid/network.ts';
import { caseNetwork } from '../cases/index.ts';
import { pvFleet } from '../cases/pvFleet.ts';
import { defineVoltageCase } from './voltageCase.ts';

const SITE_BUSES = [12, 18, 22, 27, 61, 62, 64, 65] as const;
/** PV peak over load peak. */
const PV_TO_LOAD = 2.5;

function ieee69Sites(network: Network, scale: number): readonly Asset[] {
  const nominalW = network.buses.reduce((sum, bus) => sum + bus.loadPW, 0);
  const each = (PV_TO_LOAD * scale * nominalW) / SITE_BUSES.length;
  return pvFleet(
    SITE_BUSES,
    SITE_BUSES.map(() => each),
  );
}

export const voltageIeee69 = defineVoltageCase({
  id: 'voltage-ieee69-v1',
  title: 'eight PV inverters hold the 69-bus feeder in band',
  purpose: 'voltage-ieee69',
  network: () => caseNetwork('ieee69'),
  fleet: ieee69Sites,
  band: [0.95, 1.05],
  scale: 0.5,
  fixed: true,
});
