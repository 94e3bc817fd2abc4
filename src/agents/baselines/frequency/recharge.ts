/**
 * What runs a contracted frequency response without learning: nothing at all, the bare curve, and the curve with a naive
 * recharge, which recovers energy at a constant rate while the frequency is inside the deadband.
 */
import { clamp } from '../../../base/fixed.ts';
import { applyEnvelopes } from '../../../grid/interface.ts';
import type { Decide } from '../../evaluation/episode.ts';

export interface RechargeSettings {
  /** Of the largest set point allowed. */
  readonly rate: number;
  /** Half width of the states of charge that are left alone, as a share of those that fulfil both requirements. */
  readonly idleShare: number;
  /** Frequencies within which energy is recovered, Hz; the curves' own deadband is 0.015. */
  readonly deadbandHz: number;
}

const MICRO = 1000000;
const F_DEV = 0;
const SOC = 3;

/** Neither curve nor set point; of the wide interface, which alone lets the gain be 0. */
export function noDelivery(): Decide {
  return (_copy, _step, issued) => void issued.fill(0);
}

/** The contracted curve and nothing beside it. */
export function bareCurve(): Decide {
  return (_copy, _step, issued) => {
    issued[0] = 0;
    issued[1] = MICRO;
  };
}

/** `window`: states of charge that fulfil both requirements, 1e-6; recovery aims at its middle. */
export function naiveRecharge(
  { rate, idleShare, deadbandHz }: RechargeSettings,
  window: readonly [number, number],
): Decide {
  const middle = (window[0] + window[1]) / 2;
  const idle = (idleShare * (window[1] - window[0])) / 2;
  return ({ port }, _step, issued) => {
    const { raw, policy } = port;
    const away = raw[SOC]! - middle;
    const isQuiet = Math.abs(raw[F_DEV]!) <= deadbandHz * MICRO;
    const limit = policy.outputs[0]!.hi;
    const wanted = isQuiet && Math.abs(away) > idle ? Math.sign(away) * rate * limit : 0;
    issued[0] = clamp(Math.floor(wanted + 0.5), -limit, limit);
    issued[1] = MICRO;
    applyEnvelopes(policy.envelopes, raw, 0, issued);
  };
}
