/** docs/spec/settlement.md against the code: every worked example. */
import { describe, expect, it } from 'vitest';
import type { Document } from '../../../src/base/cbor.ts';
import { ceilDivBig } from '../../../src/base/fixed.ts';
import { poolShares, roundPayments } from '../../../src/contracts/services/apportion.ts';
import { energyDispatchV1 } from '../../../src/contracts/services/energyDispatch.ts';
import type { ServiceContract } from '../../../src/contracts/services/types.ts';
import { scoreVoltageSupport, voltageSupportV1 } from '../../../src/contracts/services/voltageSupport.ts';
import { SpecPage } from '../../support/specPage.ts';

const page = new SpecPage('settlement.md');

const BATTERY = {
  pMaxW: 20000,
  eMaxWh: 40000,
  etaChargeMicro: 950000,
  etaDischargeMicro: 950000,
  socMinMicro: 100000,
  socMaxMicro: 900000,
};
const OFFER = { pMaxW: 90000000, qMaxVar: 90000000, socFloorMicro: 0, socCeilingMicro: 1000000 };
const METER = { interval: 0, pW: 0, qVar: 0, vMicroPu: 1000000, eStorageMilliWh: 0, quality: 0 };
const asset = (sMaxVa: number) => ({ id: 'a', owner: 'o', bus: 1, sMaxVa, pvPeakW: 0, battery: BATTERY });

function named(
  contract: Pick<ServiceContract, 'scoreNames'>,
  values: readonly number[],
): Readonly<Record<string, number>> {
  return Object.fromEntries(values.map((value, i) => [contract.scoreNames[i]!, value]));
}

describe('worked examples of docs/spec/settlement.md', () => {
  it('Order 904', () => {
    const { pMeas, qMeas, qSet, qFree, qPay } = page.json<Record<string, number>>('example-order904');
    const score = scoreVoltageSupport(qSet!, qMeas!, pMeas!, 1000000, []);
    expect(score).toMatchObject({ qFreeVar: qFree, qPayVar: qPay });
  });

  it('voltage support', () => {
    const e = page.json<{
      terms: Document;
      dMs: number;
      sMaxVa: number;
      output: number;
      cap: number;
      qMaxVar: number;
      setpoint: number[];
      meter: object;
      other: object;
      score: object;
      payMicro: number;
      reserveMicro: number;
    }>('example-voltage');
    const terms = voltageSupportV1.parseTerms(e.terms, 2);
    const own = { ...METER, ...e.meter };
    const input = {
      asset: asset(e.sMaxVa),
      offer: { ...OFFER, qMaxVar: e.qMaxVar },
      cap: e.cap,
      dMs: e.dMs,
      socMicro: undefined,
    };
    expect(voltageSupportV1.guard(e.output, input)).toEqual(e.setpoint);
    const score = voltageSupportV1.score({
      terms,
      priceIndex: 0,
      dMs: e.dMs,
      asset: asset(e.sMaxVa),
      assetIndex: 0,
      setpoint: e.setpoint,
      meter: own,
      meters: [own, { ...METER, ...e.other }],
    });
    expect(named(voltageSupportV1, score.values)).toEqual(e.score);
    expect(roundPayments([score.payNumerator], voltageSupportV1.denominator).creditsMicro).toEqual([e.payMicro]);
    const worst = voltageSupportV1.worstCase(terms, 0, e.dMs, input);
    expect(Number(ceilDivBig(worst, voltageSupportV1.denominator))).toBe(e.reserveMicro);
  });

  it('energy dispatch', () => {
    const e = page.json<{
      terms: Document;
      dMs: number;
      output: number;
      limitW: number;
      setpoint: number[];
      eStorageMilliWh: number;
      score: object;
      payMicro: number;
      penaltyMicro: number;
      reserveMicro: number;
    }>('example-energy');
    const terms = energyDispatchV1.parseTerms(e.terms, 1);
    const input = { asset: asset(25000), offer: OFFER, cap: e.limitW, dMs: e.dMs, socMicro: 500000 };
    expect(energyDispatchV1.guard(e.output, input)).toEqual(e.setpoint);
    const meter = { ...METER, eStorageMilliWh: e.eStorageMilliWh };
    const score = energyDispatchV1.score({
      terms,
      priceIndex: 0,
      dMs: e.dMs,
      asset: asset(25000),
      assetIndex: 0,
      setpoint: e.setpoint,
      meter,
      meters: [meter],
    });
    const { denominator } = energyDispatchV1;
    expect(named(energyDispatchV1, score.values)).toEqual(e.score);
    expect(roundPayments([score.payNumerator], denominator).creditsMicro).toEqual([e.payMicro]);
    expect(roundPayments([score.penaltyNumerator], denominator).debitMicro).toBe(e.penaltyMicro);
    expect(Number(ceilDivBig(energyDispatchV1.worstCase(terms, 0, e.dMs, input), denominator))).toBe(e.reserveMicro);
  });

  it('rounding', () => {
    const e = page.json<{
      numerators: number[];
      denominator: number;
      debit: number;
      credits: number[];
      rounding: number;
    }>('example-rounding');
    expect(roundPayments(e.numerators.map(BigInt), BigInt(e.denominator))).toEqual({
      debitMicro: e.debit,
      creditsMicro: e.credits,
      roundingMicro: e.rounding,
    });
  });

  it('pool', () => {
    const e = page.json<{ requested: number[]; delivered: number[]; pay: number; credits: number[] }>('example-pool');
    const { numerators, weightSum } = poolShares(BigInt(e.pay), e.delivered, e.requested);
    expect(roundPayments(numerators, weightSum).creditsMicro).toEqual(e.credits);
  });
});

describe('names of docs/spec/settlement.md', () => {
  it('every value of setpoint, measured and score is named', () => {
    for (const contract of [voltageSupportV1, energyDispatchV1]) {
      for (const name of [...contract.setpointNames, ...contract.measuredNames, ...contract.scoreNames]) {
        expect(page.text).toContain(`\`${name}\``);
      }
    }
  });
});
