/** Volt-var droops as tables: the IEEE 1547-2018 default and the three-parameter droop that tuning searches. */
import { fail } from '../../base/errors.ts';
import { MAX_SHARE_MICRO, type VoltVarCurve } from '../../grid/voltVar.ts';

const MICRO = 1000000;

/**
 * IEEE 1547-2018, Table 8, category B defaults: reactive power in share of nameplate apparent power (44 %
 * injecting at 0.92 pu, none from 0.98 to 1.02, 44 % absorbing at 1.08), not of what active power leaves free.
 */
export const IEEE_1547_B: VoltVarCurve = {
  vMicroPu: [920000, 980000, 1020000, 1080000],
  shareMicro: [440000, 0, 0, -440000],
};

/** share = -slope x (v - vRef beyond +-deadband), limited to +-0.8 of live capability. */
export interface DroopParameters {
  readonly vRefPu: number;
  /** Half width of the flat middle, pu. */
  readonly deadbandPu: number;
  /** Share of capability per pu. */
  readonly slope: number;
}

/** @throws `agents.droop`. */
export function droopCurve({ vRefPu, deadbandPu, slope }: DroopParameters): VoltVarCurve {
  const valid = vRefPu >= 0.9 && vRefPu <= 1.1 && deadbandPu >= 0 && deadbandPu <= 0.1 && slope > 0 && slope <= 1000;
  if (!valid) {
    throw fail('agents.droop', {
      expected: 'vRefPu in [0.9, 1.1], deadbandPu in [0, 0.1], slope in (0, 1000]',
      got: { vRefPu, deadbandPu, slope },
    });
  }
  const centre = Math.floor(vRefPu * MICRO + 0.5);
  const flat = Math.floor(deadbandPu * MICRO + 0.5);
  const ramp = Math.floor(MAX_SHARE_MICRO / slope + 0.5);
  const middle = flat > 0 ? [centre - flat, centre + flat] : [centre];
  return {
    vMicroPu: [centre - flat - ramp, ...middle, centre + flat + ramp],
    shareMicro: [MAX_SHARE_MICRO, ...middle.map(() => 0), -MAX_SHARE_MICRO],
  };
}
