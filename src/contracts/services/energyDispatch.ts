/**
 * Energy dispatch v1: pays storage energy that was asked for and came; charges what was asked for and
 * did not come, beyond a tolerance. Energies in mWh over the interval, discharge positive.
 *
 *   eSet   = trunc(pSet * D / 3600)                       W * ms / 3600 = mWh
 *   eDel   = clamp(sgn(eSet)*eMeas, 0, |eSet|)
 *   eShort = max(0, |eSet| - eDel - floor(|eSet| * tolerance / 10^6))
 *   pay     = eDel * (discharge if eSet > 0, charge if eSet < 0) / 10^9      price in micro-units per MWh
 *   penalty = eShort * penalty / 10^9
 */
import { clamp, floorDivBig, mulDivFloor, SAFE_MAX, toSafe } from '../../base/fixed.ts';
import { asMap, onlyKeys, priceIndexAt, priceList, type PriceEntry } from './terms.ts';
import type { GuardInput, Score, ServiceContract } from './types.ts';

const MS_PER_HOUR = 3600000n;
const MICRO = 1000000n;

export interface EnergyTerms {
  readonly prices: readonly PriceEntry[];
}

export interface EnergyScore {
  readonly eSetMilliWh: number;
  readonly eDelMilliWh: number;
  readonly eShortMilliWh: number;
}

export function scoreEnergyDispatch(
  pSetW: number,
  eMeasMilliWh: number,
  dMs: number,
  toleranceMicro: number,
): EnergyScore {
  const magnitude = mulDivFloor(Math.abs(pSetW), dMs, 3600);
  const eSetMilliWh = pSetW < 0 ? 0 - magnitude : magnitude;
  const eDelMilliWh = clamp(Math.sign(eSetMilliWh) * eMeasMilliWh, 0, magnitude) + 0;
  const tolerated = mulDivFloor(magnitude, toleranceMicro, 1000000);
  return { eSetMilliWh, eDelMilliWh, eShortMilliWh: Math.max(0, magnitude - eDelMilliWh - tolerated) };
}

function powerLimitW({ asset, offer, cap }: GuardInput): number {
  return Math.min(offer.pMaxW, asset.battery.pMaxW, cap);
}

/**
 * Power that the interval can hold without passing the floor or the ceiling, the tighter of rating and offer:
 *
 *   discharge: p * D / etaD <= (soc - floor) * E      charge: p * D * etaC <= (ceiling - soc) * E
 *
 * An unobserved state of charge bounds nothing here, so that the frozen fallback says the same on ledger and device;
 * the device holds its own floor.
 */
function energyLimitsW({ asset: { battery }, offer, socMicro, dMs }: GuardInput) {
  if (socMicro === undefined) return { dischargeW: SAFE_MAX, chargeW: SAFE_MAX };
  const above = Math.max(0, socMicro - Math.max(offer.socFloorMicro, battery.socMinMicro));
  const below = Math.max(0, Math.min(offer.socCeilingMicro, battery.socMaxMicro) - socMicro);
  const powerW = (shareMicro: number, times: bigint, over: bigint): number =>
    toSafe(floorDivBig(BigInt(shareMicro) * BigInt(battery.eMaxWh) * MS_PER_HOUR * times, BigInt(dMs) * MICRO * over));
  return {
    dischargeW: powerW(above, BigInt(battery.etaDischargeMicro), MICRO),
    chargeW: powerW(below, MICRO, BigInt(battery.etaChargeMicro)),
  };
}

export const energyDispatchV1: ServiceContract<EnergyTerms> = {
  service: 'energy-dispatch',
  version: 1,
  outputUnit: 'w',
  setpointNames: ['pW'],
  measuredNames: ['eStorageMilliWh', 'pW', 'vMicroPu', 'quality'],
  scoreNames: ['eSetMilliWh', 'eDelMilliWh', 'eShortMilliWh'],
  priceNames: ['dischargeMicroPerMwh', 'chargeMicroPerMwh', 'penaltyMicroPerMwh', 'toleranceMicro'],
  denominator: 1000000000n,

  parseTerms(document) {
    const map = asMap(document, 'terms');
    onlyKeys(map, ['buyer', 'prices'], 'terms');
    return { prices: priceList(map['prices'], ['discharge', 'charge', 'penalty', 'tolerance']) };
  },
  prices: (terms, priceIndex) => terms.prices[priceIndex]!.values,
  pooled: () => false,
  priceIndexAt: (terms, tMs) => priceIndexAt(terms.prices, tMs),
  offerPrice: (terms, priceIndex) => terms.prices[priceIndex]!.values[0]!,

  guard(output, input) {
    const limit = powerLimitW(input);
    const { dischargeW, chargeW } = energyLimitsW(input);
    return [clamp(output, 0 - Math.min(limit, chargeW), Math.min(limit, dischargeW))];
  },

  worstCase(terms, priceIndex, dMs, input) {
    const [discharge, charge] = terms.prices[priceIndex]!.values;
    return BigInt(mulDivFloor(powerLimitW(input), dMs, 3600)) * BigInt(Math.max(discharge!, charge!));
  },

  score({ terms, priceIndex, dMs, setpoint, meter }): Score {
    const [discharge, charge, penalty, tolerance] = terms.prices[priceIndex]!.values;
    const score = scoreEnergyDispatch(setpoint[0]!, meter.eStorageMilliWh, dMs, Math.min(tolerance!, 1000000));
    const price = score.eSetMilliWh < 0 ? charge! : discharge!;
    return {
      values: [score.eSetMilliWh, score.eDelMilliWh, score.eShortMilliWh],
      delivered: score.eDelMilliWh,
      requested: Math.abs(score.eSetMilliWh),
      measured: [meter.eStorageMilliWh, meter.pW, meter.vMicroPu, meter.quality],
      payNumerator: BigInt(score.eDelMilliWh) * BigInt(price),
      penaltyNumerator: BigInt(score.eShortMilliWh) * BigInt(penalty!),
    };
  },
  derived: () => ({}),
};
