/**
 * Voltage support v1 (spec/settlement.md 1.6, normative): pays the reactive power that was asked for and
 * came, beyond what the grid gets free, and the voltage deviation it removed.
 *
 *   qDel  = clamp(sgn(qSet)*qMeas, 0, |qSet|)
 *   qFree = floor(|pMeas| * 328684 / 10^6)                      0.95 power factor is free: tan(acos 0.95)
 *   qPay  = min(qDel, max(0, |qMeas| - qFree))
 *   V0_b  = V_b - floor(sens_b * qMeas / 10^6)                  LinDistFlow: voltage without this asset
 *   dV    = min(dvCap, sum_b max(0, |V0_b - Vref| - |V_b - Vref|))
 *   pay   = D * (qPay * utilisation + dV * deviation) / (3.6e6 ms/h * 10^6)
 *
 * qSet is the setpoint as the device projects it on its live circle: the dispatched offset plus the
 * device's own volt-var curve at the metered voltage. dvCap bounds what can be owed before dispatch.
 */
import { clamp, mulDivFloor } from '../../base/fixed.ts';
import { fail } from '../../base/errors.ts';
import { MAX_SHARE_MICRO, projectVoltVar, type VoltVarCurve } from '../../grid/voltVar.ts';
import type { MeterValues } from '../metering/reading.ts';
import { asMap, intList, intOf, onlyKeys, priceIndexAt, priceList, type PriceEntry } from './terms.ts';
import type { GuardInput, Score, ServiceContract } from './types.ts';

/** tan(acos 0.95) * 10^6, rounded down. */
const FREE_SHARE_MICRO = 328684;
const SENS_MAX = 10000000;

export interface VoltageTerms {
  readonly prices: readonly PriceEntry[];
  readonly vRefMicroPu: number;
  /** Most deviation one asset can be paid for in one interval, 1e-6 pu summed over buses. */
  readonly dvCapMicroPu: number;
  readonly curve: VoltVarCurve;
  readonly pooled: boolean;
  /** sens[asset][bus], 1e-6 pu per Mvar; buses in the order of the deployment's assets. */
  readonly sens: readonly (readonly number[])[];
}

export interface VoltageScore {
  readonly qDelVar: number;
  readonly qFreeVar: number;
  readonly qPayVar: number;
  readonly dvMicroPu: number;
}

/** The formula itself. `buses` pairs each monitored bus voltage with this asset's sensitivity there. */
export function scoreVoltageSupport(
  qSetVar: number,
  qMeasVar: number,
  pMeasW: number,
  vRefMicroPu: number,
  buses: readonly { readonly vMicroPu: number; readonly sens: number }[],
): VoltageScore {
  const qDelVar = clamp(Math.sign(qSetVar) * qMeasVar, 0, Math.abs(qSetVar)) + 0;
  const qFreeVar = mulDivFloor(Math.abs(pMeasW), FREE_SHARE_MICRO, 1000000);
  const qPayVar = Math.min(qDelVar, Math.max(0, Math.abs(qMeasVar) - qFreeVar));
  let dvMicroPu = 0;
  for (const { vMicroPu, sens } of buses) {
    const without = vMicroPu - mulDivFloor(sens, qMeasVar, 1000000);
    dvMicroPu += Math.max(0, Math.abs(without - vRefMicroPu) - Math.abs(vMicroPu - vRefMicroPu));
  }
  return { qDelVar, qFreeVar, qPayVar, dvMicroPu };
}

function monitoredBuses(meters: readonly (MeterValues | undefined)[], sens: readonly number[]) {
  const buses: { vMicroPu: number; sens: number }[] = [];
  meters.forEach((meter, b) => {
    if (meter !== undefined) buses.push({ vMicroPu: meter.vMicroPu, sens: sens[b]! });
  });
  return buses;
}

function amount(terms: VoltageTerms, priceIndex: number, dMs: number, qPayVar: number, dvMicroPu: number): bigint {
  const [utilisation, deviation] = terms.prices[priceIndex]!.values;
  return BigInt(dMs) * (BigInt(qPayVar) * BigInt(utilisation!) + BigInt(dvMicroPu) * BigInt(deviation!));
}

function limitMicro({ asset, offer, cap }: GuardInput): number {
  return Math.min(MAX_SHARE_MICRO, cap, mulDivFloor(offer.qMaxVar, 1000000, asset.sMaxVa));
}

export const voltageSupportV1: ServiceContract<VoltageTerms> = {
  service: 'voltage-support',
  version: 1,
  outputUnit: 'ratio.e-6',
  setpointNames: ['offsetMicro', 'limitMicro'],
  measuredNames: ['pW', 'qVar', 'vMicroPu', 'quality'],
  scoreNames: ['qSetVar', 'qDelVar', 'qFreeVar', 'qPayVar', 'dvMicroPu'],
  priceNames: ['utilisationMicroPerMvarh', 'deviationMicroPerPuh'],
  denominator: 3600000000000n,

  parseTerms(document, assetCount) {
    const map = asMap(document, 'terms');
    onlyKeys(map, ['buyer', 'curve', 'dvCap', 'pool', 'prices', 'sens', 'vRef'], 'terms');
    return {
      prices: priceList(map['prices'], ['utilisation', 'deviation']),
      vRefMicroPu: intOf(map, 'vRef', 500000, 1500000),
      dvCapMicroPu: intOf(map, 'dvCap', 0, 1000000),
      pooled: intOf(map, 'pool', 0, 1) === 1,
      curve: parseCurve(asMap(map['curve'], 'curve')),
      sens: parseSens(map['sens'], assetCount),
    };
  },
  prices: (terms, priceIndex) => terms.prices[priceIndex]!.values,
  pooled: (terms) => terms.pooled,
  priceIndexAt: (terms, tMs) => priceIndexAt(terms.prices, tMs),
  offerPrice: (terms, priceIndex) => terms.prices[priceIndex]!.values[0]!,

  guard(output, input) {
    const limit = limitMicro(input);
    return [clamp(output, 0 - limit, limit), limit];
  },

  worstCase(terms, priceIndex, dMs, input) {
    const qMaxVar = mulDivFloor(limitMicro(input), input.asset.sMaxVa, 1000000);
    return amount(terms, priceIndex, dMs, qMaxVar, terms.dvCapMicroPu);
  },

  score({ terms, priceIndex, dMs, asset, assetIndex, setpoint, meter, meters }): Score {
    const [offsetMicro, limit] = setpoint;
    const voltVar = { offsetMicro: offsetMicro!, limitMicro: limit! };
    const qSetVar = projectVoltVar(voltVar, terms.curve, meter.vMicroPu, meter.pW, asset.sMaxVa);
    const buses = monitoredBuses(meters, terms.sens[assetIndex]!);
    const { qDelVar, qFreeVar, qPayVar, dvMicroPu } = scoreVoltageSupport(
      qSetVar,
      meter.qVar,
      meter.pW,
      terms.vRefMicroPu,
      buses,
    );
    const paidDv = Math.min(dvMicroPu, terms.dvCapMicroPu);
    return {
      values: [qSetVar, qDelVar, qFreeVar, qPayVar, paidDv],
      delivered: qDelVar,
      requested: Math.abs(qSetVar),
      measured: [meter.pW, meter.qVar, meter.vMicroPu, meter.quality],
      payNumerator: amount(terms, priceIndex, dMs, qPayVar, paidDv),
      penaltyNumerator: 0n,
    };
  },
  derived: (terms, assetIndex) => ({ sensOwn: terms.sens[assetIndex]![assetIndex]! }),
};

function parseCurve(map: Parameters<typeof onlyKeys>[0]): VoltVarCurve {
  onlyKeys(map, ['share', 'v'], 'curve');
  const vMicroPu = intList(map['v'], 'curve.v', 0, 2000000);
  const shareMicro = intList(map['share'], 'curve.share', -10000000, 10000000);
  const ascending = vMicroPu.every((v, i) => i === 0 || v > vMicroPu[i - 1]!);
  if (vMicroPu.length < 1 || vMicroPu.length > 64 || vMicroPu.length !== shareMicro.length || !ascending) {
    throw fail('service.terms', { expected: 'curve: 1..64 knots, v strictly ascending, one share each' });
  }
  return { vMicroPu, shareMicro };
}

function parseSens(value: unknown, assetCount: number): readonly (readonly number[])[] {
  if (!Array.isArray(value) || value.length !== assetCount) {
    throw fail('service.terms', { expected: `sens: ${assetCount} rows, one an asset` });
  }
  return value.map((row, i) => {
    const list = intList(row, `sens[${i}]`, -SENS_MAX, SENS_MAX);
    if (list.length !== assetCount) throw fail('service.terms', { expected: `sens[${i}]: ${assetCount} integers` });
    return list;
  });
}
