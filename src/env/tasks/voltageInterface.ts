/**
 * What a policy of the voltage task sees and moves, in integers. Training and deployment share this constant.
 * Each input's range fills +-32766 of the network's +-32767.
 */
import { MAX_SHARE_MICRO, type VoltVarCurve } from '../../grid/voltVar.ts';
import type { PolicyInterface } from '../../grid/interface.ts';

export const VOLTAGE_INTERFACE: PolicyInterface = {
  inputs: [
    { n: 'v.own', u: 'v.pu.e-6', lo: 900000, hi: 1100000, c: 1000000, m: 21474, t: 16 },
    { n: 'p.own', u: 'w', lo: -200000, hi: 1000000, c: 400000, m: 28632, t: 19 },
    { n: 'q.own', u: 'var', lo: -800000, hi: 800000, c: 0, m: 21474, t: 19 },
    { n: 'p.pv', u: 'w', lo: 0, hi: 1000000, c: 500000, m: 17179, t: 18 },
    { n: 'time.day', u: 's', lo: 0, hi: 86400, c: 43200, m: 24854, t: 15 },
    { n: 'sens.own', u: 'ratio.e-6', lo: 0, hi: 80000, c: 40000, m: 26842, t: 15 },
    { n: 'prev', u: 'ratio.e-6', lo: -MAX_SHARE_MICRO, hi: MAX_SHARE_MICRO, c: 0, m: 21474, t: 19 },
  ],
  // offset = 800 000 x (y / 32 768) = floor((25 000 y + 512) / 1024)
  outputs: [{ n: 'offset', u: 'ratio.e-6', m: 25000, t: 10, c: 0, lo: -MAX_SHARE_MICRO, hi: MAX_SHARE_MICRO }],
  envelopes: [
    // Never inject at or above 1.05 pu, never absorb at or below 0.95 pu, free between 0.97 and 1.03.
    {
      d: 0,
      sk: 'in',
      si: 0,
      r: [950000, 970000, 1030000, 1050000],
      l: [0, -MAX_SHARE_MICRO, -MAX_SHARE_MICRO, -MAX_SHARE_MICRO],
      h: [MAX_SHARE_MICRO, MAX_SHARE_MICRO, MAX_SHARE_MICRO, 0],
    },
  ],
  fallback: [
    // A gentle droop on the last voltage; the device's own live curve comes on top. Blind: no offset.
    {
      si: 0,
      r: [940000, 980000, 1020000, 1060000],
      y: [400000, 0, 0, -400000],
      z: 0,
    },
  ],
  state: [{ i: 6, d: 0, z: 0 }],
};

/**
 * For a policy that is the inverter's own loop (observationDelay 0): as VOLTAGE_INTERFACE, free between 0.955 and 1.045
 * pu. What it sees is the interval that it acts in, so less of the band is needed for what may have changed.
 */
export const INVERTER_INTERFACE: PolicyInterface = {
  ...VOLTAGE_INTERFACE,
  envelopes: [{ ...VOLTAGE_INTERFACE.envelopes[0]!, r: [950000, 955000, 1045000, 1050000] }],
};

/** The live curve under it: as DEFAULT_VOLT_VAR, nothing within 1 +- 0.047 pu, full authority 5 mpu beyond the band. */
export const INVERTER_CURVE: VoltVarCurve = {
  vMicroPu: [945000, 953000, 1047000, 1055000],
  shareMicro: [1600000, 0, 0, -1600000],
};
