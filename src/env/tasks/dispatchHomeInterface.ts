/** What a policy of the home dispatch task sees and moves, in integers. Training and deployment share these constants. */
import { fitInput, fitOutput, type PolicyInterface } from '../../grid/interface.ts';

const MICRO = 1000000;
/** 1 per kWh, in 1e-6 of the currency per MWh. */
const PRICE_MAX = 1000000000;

export const DISPATCH_HOME_INTERFACE: PolicyInterface = {
  inputs: [
    fitInput('load.own', 'w', 0, 20000),
    fitInput('p.pv', 'w', 0, 10000),
    fitInput('soc', 'ratio.e-6', 0, MICRO),
    fitInput('price.now', 'cur.e-6.per-mwh', 0, PRICE_MAX),
    fitInput('price.6h', 'cur.e-6.per-mwh', 0, PRICE_MAX),
    fitInput('price.12h', 'cur.e-6.per-mwh', 0, PRICE_MAX),
    fitInput('price.24h', 'cur.e-6.per-mwh', 0, PRICE_MAX),
    fitInput('carbon.now', 'ratio.e-6', 0, MICRO),
    fitInput('time.day', 's', 0, 86400),
    fitInput('time.week', 's', 0, 604800),
    fitInput('time.year', 'idx', 0, 366),
  ],
  outputs: [fitOutput('p.battery', 'ratio.e-6', -MICRO, MICRO)],
  envelopes: [],
  // Whatever is missing, the battery rests.
  fallback: [{ si: 2, r: [0, MICRO], y: [0, 0], z: 0 }],
  state: [],
};

/**
 * Of homes that are paid nothing for what they feed in. The battery serves the home itself, in the device's own loop: it
 * takes every PV surplus and gives what the home needs. What it is to hold when the dear hours begin follows from what its
 * gateway expects (series/homeOutlook.ts), and a policy says by how much to hold more or less: above that the battery serves
 * the home, what it lacks it buys as late as the tariff lets it. Every quantity is a share of the battery's rating, so that
 * one policy fits every home.
 */
export const DISPATCH_HOME_RESERVE: PolicyInterface = {
  inputs: [
    fitInput('load.share', 'ratio.e-6', 0, MICRO),
    fitInput('soc', 'ratio.e-6', 0, MICRO),
    fitInput('need.dear', 'ratio.e-6', 0, 2 * MICRO),
    fitInput('spare.dear', 'ratio.e-6', 0, 2 * MICRO),
    fitInput('time.cheap', 's', 0, 21600),
    fitInput('price.rise', 'ratio.e-6', MICRO, 3 * MICRO),
    fitInput('price.now', 'cur.e-6.per-mwh', 0, PRICE_MAX),
  ],
  outputs: [fitOutput('soc.margin', 'ratio.e-6', -MICRO, MICRO)],
  envelopes: [],
  // Whatever is missing: what is expected, and no margin.
  fallback: [{ si: 1, r: [0, MICRO], y: [0, 0], z: 0 }],
  state: [],
};
