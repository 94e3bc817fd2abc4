/** What a policy of the stacked task sees and moves, in integers: voltage, energy and frequency of one site at once. */
import { fitInput, fitOutput, type PolicyInterface } from '../../grid/interface.ts';
import { MAX_SHARE_MICRO } from '../../grid/voltVar.ts';
import { VOLTAGE_INTERFACE } from './voltageInterface.ts';

export const MICRO = 1000000;
const MAX_POWER_W = 100000;
/** Half of what all sites can hold in reserve. */
const HALF_RESERVE_MICRO = 500000;

const SOC = 8;

/** Outputs: volt-var offset, battery power, share of battery power held in reserve for frequency. */
export const STACKED_INTERFACE: PolicyInterface = {
  inputs: [
    fitInput('v.own', 'v.pu.e-6', 900000, 1100000),
    fitInput('p.own', 'w', -200000, 1000000),
    fitInput('q.own', 'var', -800000, 800000),
    fitInput('p.pv', 'w', 0, 1000000),
    fitInput('sens.own', 'ratio.e-6', 0, 80000),
    fitInput('time.day', 's', 0, 86400),
    fitInput('f.dev', 'hz.e-6', -300000, 300000),
    fitInput('f.delta', 'hz.e-6', -100000, 100000),
    fitInput('soc', 'ratio.e-6', 0, MICRO),
    fitInput('price.now', 'cur.e-6.per-mwh', -50 * MICRO, 250 * MICRO),
    fitInput('price.6h', 'cur.e-6.per-mwh', -50 * MICRO, 250 * MICRO),
    fitInput('price.12h', 'cur.e-6.per-mwh', -50 * MICRO, 250 * MICRO),
    fitInput('prev.offset', 'ratio.e-6', -MAX_SHARE_MICRO, MAX_SHARE_MICRO),
    fitInput('prev.power', 'w', -MAX_POWER_W, MAX_POWER_W),
    fitInput('prev.reserve', 'ratio.e-6', 0, MICRO),
  ],
  outputs: [
    fitOutput('offset', 'ratio.e-6', -MAX_SHARE_MICRO, MAX_SHARE_MICRO),
    fitOutput('power', 'w', -MAX_POWER_W, MAX_POWER_W),
    fitOutput('reserve', 'ratio.e-6', 0, MICRO),
  ],
  envelopes: [
    // The voltage task's own: never inject at or above 1.05 pu, never absorb at or below 0.95 pu.
    ...VOLTAGE_INTERFACE.envelopes,
    // No discharge at 12 % of charge or below, no charging at 88 % or above.
    {
      d: 1,
      sk: 'in',
      si: SOC,
      r: [120000, 200000, 800000, 880000],
      l: [-MAX_POWER_W, -MAX_POWER_W, -MAX_POWER_W, 0],
      h: [0, MAX_POWER_W, MAX_POWER_W, MAX_POWER_W],
    },
  ],
  fallback: [
    VOLTAGE_INTERFACE.fallback[0]!,
    { si: SOC, r: [0], y: [0], z: 0 },
    // Half in reserve in the middle of the battery, none near its ends; blind: none.
    { si: SOC, r: [150000, 250000, 750000, 850000], y: [0, HALF_RESERVE_MICRO, HALF_RESERVE_MICRO, 0], z: 0 },
  ],
  state: [
    { i: 12, d: 0, z: 0 },
    { i: 13, d: 1, z: 0 },
    { i: 14, d: 2, z: 0 },
  ],
};
