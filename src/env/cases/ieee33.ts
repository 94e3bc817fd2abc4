/**
 * IEEE 33-bus radial feeder, 12.66 kV.
 * Source: M. E. Baran and F. F. Wu, "Network reconfiguration in distribution systems for loss reduction and
 * load balancing", IEEE Transactions on Power Delivery 4(2), 1401-1407, April 1989, doi:10.1109/61.25627.
 * Values as published: branch impedance in ohm, nominal load in kW and kvar; bus 1 is the substation. The five
 * normally open tie lines are left out. Converted below on 10 MVA, the base of MATPOWER's case33bw, whose
 * solution the tests compare with. Totals: 3.715 MW, 2.300 Mvar; losses at nominal load 0.202677 MW.
 */
import type { Branch, Bus, Network } from '../../grid/network.ts';

const BASE_MVA = 10;
const BASE_KV = 12.66;

/** bus, P kW, Q kvar. */
const LOADS_KW: readonly (readonly [number, number, number])[] = [
  [1, 0, 0],
  [2, 100, 60],
  [3, 90, 40],
  [4, 120, 80],
  [5, 60, 30],
  [6, 60, 20],
  [7, 200, 100],
  [8, 200, 100],
  [9, 60, 20],
  [10, 60, 20],
  [11, 45, 30],
  [12, 60, 35],
  [13, 60, 35],
  [14, 120, 80],
  [15, 60, 10],
  [16, 60, 20],
  [17, 60, 20],
  [18, 90, 40],
  [19, 90, 40],
  [20, 90, 40],
  [21, 90, 40],
  [22, 90, 40],
  [23, 90, 50],
  [24, 420, 200],
  [25, 420, 200],
  [26, 60, 25],
  [27, 60, 25],
  [28, 60, 20],
  [29, 120, 70],
  [30, 200, 600],
  [31, 150, 70],
  [32, 210, 100],
  [33, 60, 40],
];

/** from, to, R ohm, X ohm. */
const LINES_OHM: readonly (readonly [number, number, number, number])[] = [
  [1, 2, 0.0922, 0.047],
  [2, 3, 0.493, 0.2511],
  [3, 4, 0.366, 0.1864],
  [4, 5, 0.3811, 0.1941],
  [5, 6, 0.819, 0.707],
  [6, 7, 0.1872, 0.6188],
  [7, 8, 0.7114, 0.2351],
  [8, 9, 1.03, 0.74],
  [9, 10, 1.044, 0.74],
  [10, 11, 0.1966, 0.065],
  [11, 12, 0.3744, 0.1238],
  [12, 13, 1.468, 1.155],
  [13, 14, 0.5416, 0.7129],
  [14, 15, 0.591, 0.526],
  [15, 16, 0.7463, 0.545],
  [16, 17, 1.289, 1.721],
  [17, 18, 0.732, 0.574],
  [2, 19, 0.164, 0.1565],
  [19, 20, 1.5042, 1.3554],
  [20, 21, 0.4095, 0.4784],
  [21, 22, 0.7089, 0.9373],
  [3, 23, 0.4512, 0.3083],
  [23, 24, 0.898, 0.7091],
  [24, 25, 0.896, 0.7011],
  [6, 26, 0.203, 0.1034],
  [26, 27, 0.2842, 0.1447],
  [27, 28, 1.059, 0.9337],
  [28, 29, 0.8042, 0.7006],
  [29, 30, 0.5075, 0.2585],
  [30, 31, 0.9744, 0.963],
  [31, 32, 0.3105, 0.3619],
  [32, 33, 0.341, 0.5302],
];

/** z_pu = z_ohm / (kV^2 / MVA) */
const OHM_PER_PU = (BASE_KV * BASE_KV) / BASE_MVA;

function toBus([id, pKw, qKvar]: readonly [number, number, number]): Bus {
  return { id, kind: id === 1 ? 'slack' : 'pq', loadPW: pKw * 1000, loadQVar: qKvar * 1000, vSetPu: 1 };
}

function toBranch([fromBus, toBusId, rOhm, xOhm]: readonly [number, number, number, number]): Branch {
  return { fromBus, toBus: toBusId, rPu: rOhm / OHM_PER_PU, xPu: xOhm / OHM_PER_PU };
}

/** Baran & Wu 1989, buses 1..33 in order, slack bus 1 at 1 pu, 10 MVA. */
export const IEEE33: Network = {
  name: 'ieee33',
  provenance: 'Baran & Wu 1989, doi:10.1109/61.25627; equals MATPOWER case33bw with its tie lines open',
  baseMva: BASE_MVA,
  baseKv: BASE_KV,
  buses: LOADS_KW.map(toBus),
  branches: LINES_OHM.map(toBranch),
};
