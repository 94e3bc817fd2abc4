/**
 * What policies of the frequency tasks see and move, in integers. Every fleet runs its response curve live; a policy
 * scales the curve and adds a set point, both as shares of the fleet's power.
 */
import {
  fitInput,
  fitOutput,
  type EnvelopeSpec,
  type FallbackSpec,
  type OutputSpec,
  type PolicyInterface,
} from '../../grid/interface.ts';

export const FULL_SHARE_MICRO = 1000000;
/** Gains reach from 0 to this: 4 x the curve. */
const MAX_GAIN_MICRO = 4000000;
const MW = 1000000;

/** Never import at or below -0.1 Hz, never export at or above +0.1 Hz; free between -0.05 and +0.05 Hz. Input 0 is f.dev. */
function noHarm(output: number, most = FULL_SHARE_MICRO): EnvelopeSpec {
  return {
    d: output,
    sk: 'in',
    si: 0,
    r: [-100000, -50000, 50000, 100000],
    l: [0, -most, -most, -most],
    h: [most, most, most, 0],
  };
}

/** One value whatever the input. */
function always(value: number): FallbackSpec {
  return { si: 0, r: [0], y: [value], z: value };
}

/** Set point and gain; the fallback is the bare curve. `inputs` ends in the two as last issued. */
function setpointAndGain(inputs: PolicyInterface['inputs']): PolicyInterface {
  return {
    inputs: [
      ...inputs,
      fitInput('prev.share', 'ratio.e-6', -FULL_SHARE_MICRO, FULL_SHARE_MICRO),
      fitInput('prev.gain', 'ratio.e-6', 0, MAX_GAIN_MICRO),
    ],
    outputs: [
      fitOutput('share', 'ratio.e-6', -FULL_SHARE_MICRO, FULL_SHARE_MICRO),
      fitOutput('gain', 'ratio.e-6', 0, MAX_GAIN_MICRO),
    ],
    envelopes: [noHarm(0)],
    fallback: [always(0), always(FULL_SHARE_MICRO)],
    state: [
      { i: inputs.length, d: 0, z: 0 },
      { i: inputs.length + 1, d: 1, z: FULL_SHARE_MICRO },
    ],
  };
}

export const AREA1_INTERFACE: PolicyInterface = setpointAndGain([
  fitInput('f.dev', 'hz.e-6', -1000000, 1000000),
  fitInput('f.delta', 'hz.e-6', -500000, 500000),
  fitInput('p.own', 'w', -60 * MW, 60 * MW),
  fitInput('soc', 'ratio.e-6', 0, 1000000),
]);

export const AREA2_INTERFACE: PolicyInterface = setpointAndGain([
  fitInput('f.dev', 'hz.e-6', -1000000, 1000000),
  fitInput('f.delta', 'hz.e-6', -500000, 500000),
  fitInput('p.own', 'w', -60 * MW, 60 * MW),
  fitInput('soc', 'ratio.e-6', 0, 1000000),
  fitInput('p.tie', 'w', -200 * MW, 200 * MW),
  fitInput('ace.own', 'w', -200 * MW, 200 * MW),
]);

/**
 * Secondary control by raise and lower commands, which the fleet adds up, with the frequencies of all three fleets' buses, as
 * a central controller has them; blind, a gentle raise or lower.
 */
export const IEEE14_RAISE_INTERFACE: PolicyInterface = {
  inputs: [
    fitInput('f.dev', 'hz.e-6', -300000, 300000),
    fitInput('f.delta', 'hz.e-6', -300000, 300000),
    ...[0, 1, 2].map((k) => fitInput(`f.dev/${k}`, 'hz.e-6', -300000, 300000)),
    ...[0, 1, 2].map((k) => fitInput(`f.delta/${k}`, 'hz.e-6', -300000, 300000)),
    fitInput('p.own', 'w', -30 * MW, 30 * MW),
    fitInput('prev.raise', 'ratio.e-6', -FULL_SHARE_MICRO, FULL_SHARE_MICRO),
  ],
  outputs: [fitOutput('raise', 'ratio.e-6', -FULL_SHARE_MICRO, FULL_SHARE_MICRO)],
  envelopes: [noHarm(0)],
  fallback: [{ si: 0, r: [-500000, -20000, 20000, 500000], y: [FULL_SHARE_MICRO, 0, 0, -FULL_SHARE_MICRO], z: 0 }],
  state: [{ i: 9, d: 0, z: 0 }],
};

interface DeliveryInterfaceOptions {
  readonly limitMicro: number;
  readonly contractW: number;
  /** States of charge that the input tells apart. */
  readonly socMicro: readonly [number, number];
  readonly wide: boolean;
}

/**
 * A contracted response: set points within +-limitMicro of the fleet's power beside a curve whose gain is 1, or, `wide`,
 * whatever the gain. Blind: the bare curve.
 */
export function deliveryInterface(options: DeliveryInterfaceOptions): PolicyInterface {
  const { limitMicro, contractW, socMicro, wide } = options;
  const reachW = Math.floor((6 * contractW) / 5);
  const limit = wide ? FULL_SHARE_MICRO : limitMicro;
  const always1: OutputSpec = {
    n: 'gain',
    u: 'ratio.e-6',
    m: 0,
    t: 15,
    c: FULL_SHARE_MICRO,
    lo: FULL_SHARE_MICRO,
    hi: FULL_SHARE_MICRO,
  };
  return {
    inputs: [
      fitInput('f.dev', 'hz.e-6', -500000, 500000),
      fitInput('f.delta', 'hz.e-6', -500000, 500000),
      fitInput('p.own', 'w', -reachW, reachW),
      fitInput('soc', 'ratio.e-6', ...socMicro),
      fitInput('prev.share', 'ratio.e-6', -limit, limit),
      fitInput('prev.gain', 'ratio.e-6', 0, MAX_GAIN_MICRO),
    ],
    outputs: [
      fitOutput('share', 'ratio.e-6', -limit, limit),
      wide ? fitOutput('gain', 'ratio.e-6', 0, MAX_GAIN_MICRO) : always1,
    ],
    envelopes: [noHarm(0, limit)],
    fallback: [always(0), always(FULL_SHARE_MICRO)],
    state: [
      { i: 4, d: 0, z: 0 },
      { i: 5, d: 1, z: FULL_SHARE_MICRO },
    ],
  };
}

/** Secondary control: set points alone; blind, a gentle droop. */
export const IEEE14_INTERFACE: PolicyInterface = {
  inputs: [
    fitInput('f.dev', 'hz.e-6', -1000000, 1000000),
    fitInput('f.delta', 'hz.e-6', -500000, 500000),
    fitInput('p.own', 'w', -30 * MW, 30 * MW),
    fitInput('soc', 'ratio.e-6', 0, 1000000),
    fitInput('prev.share', 'ratio.e-6', -FULL_SHARE_MICRO, FULL_SHARE_MICRO),
  ],
  outputs: [fitOutput('share', 'ratio.e-6', -FULL_SHARE_MICRO, FULL_SHARE_MICRO)],
  envelopes: [noHarm(0)],
  fallback: [{ si: 0, r: [-500000, -20000, 20000, 500000], y: [FULL_SHARE_MICRO, 0, 0, -FULL_SHARE_MICRO], z: 0 }],
  state: [{ i: 4, d: 0, z: 0 }],
};
