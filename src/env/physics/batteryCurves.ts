/**
 * A battery whose one-way efficiency depends on power, whose power limit depends on state of charge, and which loses
 * charge at rest. Each curve may be left out; without any the step is that of battery.ts, bit for bit.
 *
 * Over one interval of dt hours, in this order:
 *   self-discharge   E <- E (1 - s)^dt
 *   charging         E <- E + eta_c(P) |P| dt      eta_c, eta_d piecewise linear in |P| / pMax
 *   discharging      E <- E - P dt / eta_d(P)      |P| <= pMax x limit(E / rated at the start)
 * P > 0 discharges. The energy limit on P is solved in closed form, segment by segment of the curve.
 */
import { fail } from '../../base/errors.ts';
import { expReal, lnReal } from '../../base/realMath.ts';
import { feasiblePowerW, nextEnergyWh, type BatteryModel } from './battery.ts';

/** Straight lines between knots, level beyond them. */
export interface Knots {
  /** Ascending, from 0 to 1. */
  readonly at: readonly number[];
  readonly value: readonly number[];
}

export interface BatteryCurves {
  /** One-way efficiency in (0, 1] by share of rated power, instead of the model's. */
  readonly efficiencyCharge?: Knots;
  readonly efficiencyDischarge?: Knots;
  /** Greatest power as a share of rated, in [0, 1], by state of charge. */
  readonly limitCharge?: Knots;
  readonly limitDischarge?: Knots;
  /** Share of the charge lost in an hour at rest, in [0, 1). */
  readonly selfDischargePerH?: number;
}

export interface BatteryStep {
  /** At the terminals, export positive. */
  readonly pW: number;
  /** At the end of the interval. */
  readonly socWh: number;
  /** Turned into heat, Wh >= 0: by conversion and by self-discharge. */
  readonly lossWh: number;
}

const NAMES = ['efficiencyCharge', 'efficiencyDischarge', 'limitCharge', 'limitDischarge', 'selfDischargePerH'];

/** @throws `env.battery` when a curve is unknown or malformed, or more power would store less or need less. */
export function checkBatteryCurves(curves: BatteryCurves): BatteryCurves {
  const { efficiencyCharge: charge, efficiencyDischarge: discharge, selfDischargePerH = 0 } = curves;
  const valid =
    Object.keys(curves).every((name) => NAMES.includes(name)) &&
    [charge, discharge].every((k) => k === undefined || (isKnots(k) && k.value.every((eta) => eta > 0))) &&
    [curves.limitCharge, curves.limitDischarge].every((k) => k === undefined || isKnots(k)) &&
    selfDischargePerH >= 0 &&
    selfDischargePerH < 1 &&
    (charge === undefined || everySegment(charge, (a, b, x) => a + 2 * b * x > 0)) &&
    (discharge === undefined || everySegment(discharge, (a) => a > 0));
  if (!valid) {
    throw fail('env.battery', {
      expected:
        'known curves, knots from 0 to 1, values in [0, 1], stored and drawn energy rising with power, self-discharge in [0, 1)',
      got: curves,
    });
  }
  return curves;
}

/** The wanted power as the battery can hold it for `dtH` hours, and what it does to the charge. */
export function stepBattery(
  model: BatteryModel,
  curves: BatteryCurves,
  socWh: number,
  wantedW: number,
  dtH: number,
): BatteryStep {
  const rested = afterRestWh(curves, socWh, dtH);
  const share = model.ratedWh > 0 ? socWh / model.ratedWh : 0;
  const limit = wantedW < 0 ? curves.limitCharge : curves.limitDischarge;
  const efficiency = wantedW < 0 ? curves.efficiencyCharge : curves.efficiencyDischarge;
  const pMaxW = limit === undefined ? model.pMaxW : model.pMaxW * knotValue(limit, share);
  const limited = limit === undefined ? model : { ...model, pMaxW };
  const pW =
    efficiency === undefined
      ? feasiblePowerW(limited, rested, wantedW, dtH)
      : curvedPowerW(limited, model.pMaxW, efficiency, rested, wantedW, dtH);
  const eta = efficiency === undefined ? undefined : knotValue(efficiency, Math.abs(pW) / model.pMaxW);
  const actual = eta === undefined ? model : { ...model, etaCharge: eta, etaDischarge: eta };
  const next = nextEnergyWh(actual, rested, pW, dtH);
  return { pW, socWh: next, lossWh: socWh - rested + heatWh(actual, pW, dtH) };
}

/** Heat of conversion over the interval, Wh: lost on the way in, |P| dt (1 - eta_c), or on the way out, P dt (1 / eta_d - 1). */
export function heatWh({ etaCharge, etaDischarge }: BatteryModel, pW: number, dtH: number): number {
  return pW < 0 ? -pW * dtH * (1 - etaCharge) : pW > 0 ? pW * dtH * (1 / etaDischarge - 1) : 0;
}

function afterRestWh({ selfDischargePerH = 0 }: BatteryCurves, socWh: number, dtH: number): number {
  if (selfDischargePerH === 0) return socWh;
  // (1 - s)^dt = e^(dt ln(1 - s))
  return socWh * expReal(dtH * lnReal(1 - selfDischargePerH));
}

/** Greatest power up to the wanted one that the energy left allows when efficiency varies with it. */
function curvedPowerW(
  model: BatteryModel,
  ratedW: number,
  efficiency: Knots,
  socWh: number,
  wantedW: number,
  dtH: number,
): number {
  const cap = Math.min(Math.abs(wantedW), model.pMaxW);
  const charging = wantedW < 0;
  const room = charging ? Math.max(0, model.eMaxWh - socWh) : Math.max(0, socWh - model.eMinWh);
  const share = solveShare(efficiency, room / (ratedW * dtH), charging);
  const p = ratedW > 0 ? Math.min(cap, share * ratedW) : 0;
  return charging ? -p : p;
}

/** The share x in [0, 1] of rated power at which x eta(x) (charging) or x / eta(x) (discharging) reaches `room`. */
function solveShare({ at, value }: Knots, room: number, charging: boolean): number {
  for (let j = 1; j < at.length; j++) {
    const end = charging ? at[j]! * value[j]! : at[j]! / value[j]!;
    if (room >= end) continue;
    const [a, b] = lineOf(at, value, j);
    // charging: b x^2 + a x = room; discharging: x = room (a + b x)
    return charging ? (2 * room) / (a + Math.sqrt(a * a + 4 * b * room)) : (a * room) / (1 - b * room);
  }
  return 1;
}

/** eta = a + b x between knots j-1 and j. */
function lineOf(at: readonly number[], value: readonly number[], j: number): [a: number, b: number] {
  const b = (value[j]! - value[j - 1]!) / (at[j]! - at[j - 1]!);
  return [value[j]! - b * at[j]!, b];
}

function knotValue({ at, value }: Knots, x: number): number {
  let j = 1;
  while (j < at.length - 1 && x > at[j]!) j++;
  const share = Math.min(1, Math.max(0, (x - at[j - 1]!) / (at[j]! - at[j - 1]!)));
  return value[j - 1]! + share * (value[j]! - value[j - 1]!);
}

function isKnots({ at, value }: Knots): boolean {
  return (
    Array.isArray(at) &&
    Array.isArray(value) &&
    at.length >= 2 &&
    at.length === value.length &&
    at[0] === 0 &&
    at.at(-1) === 1 &&
    at.every((x, i) => i === 0 || x > at[i - 1]!) &&
    value.every((y) => y >= 0 && y <= 1)
  );
}

function everySegment({ at, value }: Knots, holds: (a: number, b: number, x: number) => boolean): boolean {
  for (let j = 1; j < at.length; j++) {
    const [a, b] = lineOf(at, value, j);
    if (!holds(a, b, at[j - 1]!) || !holds(a, b, at[j]!)) return false;
  }
  return true;
}
