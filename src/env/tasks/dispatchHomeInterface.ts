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
 * Of homes that are paid nothing for what they feed in, at the device's own loop: every quantity a share of the battery's
 * rating, so that one policy fits every home, and what its gateway expects (series/homeOutlook.ts). The envelope keeps
 * the battery from feeding in, and has it take every surplus: at +1 it is greedy self-use, and a policy decides when to
 * hold back and when to buy. The same rule is the fallback.
 */
export const DISPATCH_HOME_OUTLOOK: PolicyInterface = {
  inputs: [
    fitInput('p.need', 'ratio.e-6', -MICRO, MICRO),
    fitInput('soc', 'ratio.e-6', 0, MICRO),
    fitInput('need.dear', 'ratio.e-6', 0, 2 * MICRO),
    fitInput('spare.dear', 'ratio.e-6', 0, 2 * MICRO),
    fitInput('time.cheap', 's', 0, 86400),
    fitInput('price.rise', 'ratio.e-6', MICRO, 3 * MICRO),
    fitInput('price.now', 'cur.e-6.per-mwh', 0, PRICE_MAX),
    fitInput('time.day', 's', 0, 86400),
  ],
  outputs: [fitOutput('p.battery', 'ratio.e-6', -MICRO, MICRO)],
  envelopes: [{ d: 0, sk: 'in', si: 0, r: [-MICRO, MICRO], l: [-MICRO, -MICRO], h: [-MICRO, MICRO] }],
  fallback: [{ si: 0, r: [-MICRO, MICRO], y: [-MICRO, MICRO], z: 0 }],
  state: [],
};
