/** What every paid service gives the ledger: terms it accepts, what it may cost, how delivery is scored and priced. */
import type { Document } from '../../base/cbor.ts';
import type { Asset } from '../../grid/asset.ts';
import type { Service } from '../../grid/service.ts';
import type { Unit } from '../../grid/units.ts';
import type { MeterValues } from '../metering/reading.ts';

/** Money as an exact fraction of micro-units: numerator over the service's fixed denominator. */
export interface ExactAmounts {
  /** Buyer to owner. */
  readonly payNumerator: bigint;
  /** Owner to buyer: a penalty is a payment with the roles swapped. */
  readonly penaltyNumerator: bigint;
}

export interface Score extends ExactAmounts {
  /** Named integers in the order of `scoreNames`, kept on the receipt. */
  readonly values: readonly number[];
  /** For a pool split: own delivery and own request, both as magnitudes. */
  readonly delivered: number;
  readonly requested: number;
  /** Measured integers in the order of `measuredNames`. */
  readonly measured: readonly number[];
}

/** The owner's offer to one deployment, as the guard and the scorer need it. */
export interface OfferLimits {
  readonly pMaxW: number;
  readonly qMaxVar: number;
  readonly socFloorMicro: number;
  readonly socCeilingMicro: number;
}

export interface GuardInput {
  readonly asset: Asset;
  readonly offer: OfferLimits;
  /** The deployment's own cap on the output, in the output's unit. */
  readonly cap: number;
  readonly dMs: number;
  /** Observed state of charge, 1e-6, or undefined when not observed. */
  readonly socMicro: number | undefined;
}

export interface ScoreInput<Terms> {
  readonly terms: Terms;
  /** Index into the terms' price list, pinned at dispatch. */
  readonly priceIndex: number;
  readonly dMs: number;
  readonly asset: Asset;
  readonly assetIndex: number;
  /** Setpoint values as issued (or the fallback that stood in for them). */
  readonly setpoint: readonly number[];
  readonly meter: MeterValues;
  /** Meter of each of the deployment's assets for the same interval, undefined where missing. */
  readonly meters: readonly (MeterValues | undefined)[];
}

export interface ServiceContract<Terms = unknown> {
  readonly service: Service;
  readonly version: number;
  /** One policy output of this unit. */
  readonly outputUnit: Unit;
  readonly setpointNames: readonly string[];
  readonly measuredNames: readonly string[];
  readonly scoreNames: readonly string[];
  readonly priceNames: readonly string[];
  /** micro-units = numerator / denominator. */
  readonly denominator: bigint;
  /** @throws `service.terms` naming the field. */
  parseTerms(document: Document, assetCount: number): Terms;
  /** Prices in force, in the order of `priceNames`. */
  prices(terms: Terms, priceIndex: number): readonly number[];
  /** Whether payments are pooled and split by own delivery capped at own request (spec/settlement.md 1.8). */
  pooled(terms: Terms): boolean;
  /** Index of the price entry in force at `tMs`, or -1. */
  priceIndexAt(terms: Terms, tMs: number): number;
  /** Least price per unit an owner is sure to be offered, compared with the offer's minPrice. */
  offerPrice(terms: Terms, priceIndex: number): number;
  /** Output after the artifact's envelopes -> setpoint values clipped to offer, ratings and caps. */
  guard(output: number, input: GuardInput): readonly number[];
  /** Upper bound on what one asset can be paid for one interval, numerator. */
  worstCase(terms: Terms, priceIndex: number, dMs: number, input: GuardInput): bigint;
  score(input: ScoreInput<Terms>): Score;
  /** Integers a policy may see of its asset's terms (derived channels). */
  derived(terms: Terms, assetIndex: number): { readonly sensOwn?: number };
}
