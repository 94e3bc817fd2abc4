/** What a policy of the feeder dispatch task sees and moves, in integers. Training and deployment share these constants. */
import { fitInput, fitOutput, type PolicyInterface } from '../../grid/interface.ts';

const MICRO = 1000000;
/** 1 per kWh, in 1e-6 of the currency per MWh. */
const PRICE_MAX = 1000000000;

export const DISPATCH_FEEDER_INTERFACE: PolicyInterface = {
  inputs: [
    fitInput('v.own', 'v.pu.e-6', 900000, 1100000),
    fitInput('v.min', 'v.pu.e-6', 900000, 1100000),
    fitInput('v.max', 'v.pu.e-6', 900000, 1100000),
    fitInput('p.feeder', 'w', -5000000, 5000000),
    fitInput('p.pv', 'w', 0, 1000000),
    fitInput('soc', 'ratio.e-6', 0, MICRO),
    fitInput('price.now', 'cur.e-6.per-mwh', 0, PRICE_MAX),
    fitInput('price.6h', 'cur.e-6.per-mwh', 0, PRICE_MAX),
    fitInput('price.12h', 'cur.e-6.per-mwh', 0, PRICE_MAX),
    fitInput('price.24h', 'cur.e-6.per-mwh', 0, PRICE_MAX),
    fitInput('carbon.now', 'ratio.e-6', 0, MICRO),
    fitInput('time.day', 's', 0, 86400),
    fitInput('time.week', 's', 0, 604800),
  ],
  outputs: [fitOutput('p.battery', 'ratio.e-6', -MICRO, MICRO)],
  // Never charge at or below 0.95 pu, never discharge at or above 1.05 pu, free between 0.97 and 1.03.
  envelopes: [
    {
      d: 0,
      sk: 'in',
      si: 0,
      r: [950000, 970000, 1030000, 1050000],
      l: [0, -MICRO, -MICRO, -MICRO],
      h: [MICRO, MICRO, MICRO, 0],
    },
  ],
  // Whatever is missing, the battery rests.
  fallback: [{ si: 5, r: [0, MICRO], y: [0, 0], z: 0 }],
  state: [],
};

/**
 * Every battery trades by the published prices of the day, evenly (evenPace.ts); a policy says how much more it gives.
 */
export const DISPATCH_FEEDER_MARGIN: PolicyInterface = {
  inputs: [
    fitInput('v.min', 'v.pu.e-6', 900000, 1100000),
    fitInput('p.feeder', 'w', -3000000, 3000000),
    fitInput('p.pv', 'w', 0, 1000000),
    fitInput('soc', 'ratio.e-6', 0, MICRO),
    fitInput('time.cheap', 's', 0, 86400),
    fitInput('price.rise', 'ratio.e-6', MICRO, 3 * MICRO),
    fitInput('price.now', 'cur.e-6.per-mwh', 0, PRICE_MAX),
    fitInput('time.day', 's', 0, 86400),
  ],
  outputs: [fitOutput('p.margin', 'ratio.e-6', -MICRO, MICRO)],
  envelopes: [],
  // Whatever is missing, evenly.
  fallback: [{ si: 3, r: [0, MICRO], y: [0, 0], z: 0 }],
  state: [],
};
