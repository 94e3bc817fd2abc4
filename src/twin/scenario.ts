/**
 * A simulated market for one feeder: who takes part, what is deployed, at which prices. Everything is a
 * function of the scenario, keys included, so that two runs give the same blocks byte for byte.
 */
import { secretFromSeed, signerOf, type Signer } from '../base/signature.ts';
import type { Asset } from '../grid/asset.ts';
import type { Network } from '../grid/network.ts';
import type { VoltVarCurve } from '../grid/voltVar.ts';
import type { FeederSeries } from '../env/series/series.ts';
import type { Genesis } from '../ledger/genesis.ts';

export interface TwinScenario {
  readonly chain: string;
  /** Of every key and of lost readings: as guessable as it looks, for simulations only. */
  readonly seed: string;
  readonly network: Network;
  readonly sites: readonly Asset[];
  readonly series: FeederSeries;
  readonly curve: VoltVarCurve;
  readonly initialSocMicro: number;
  /** Artifact bytes: volt-var offset and battery power. */
  readonly voltagePolicy: Uint8Array;
  readonly energyPolicy: Uint8Array;
  /** Share of observations that never reach the ledger. */
  readonly missingRate: number;
  readonly prices: TwinPrices;
}

/** micro-units per unit; a currency unit is 10^6 micro. */
export interface TwinPrices {
  readonly utilisationMicroPerMvarh: number;
  readonly deviationMicroPerPuh: number;
  readonly dischargeMicroPerMwh: number;
  readonly chargeMicroPerMwh: number;
  readonly penaltyMicroPerMwh: number;
  readonly toleranceMicro: number;
}

/** Illustrative: reactive energy near the ORPS default (settlement.md 1.6), energy at a modest spread. */
export const DEFAULT_PRICES: TwinPrices = {
  utilisationMicroPerMvarh: 4500000,
  deviationMicroPerPuh: 20000000,
  dischargeMicroPerMwh: 60000000,
  chargeMicroPerMwh: 15000000,
  penaltyMicroPerMwh: 30000000,
  toleranceMicro: 50000,
};

export const OPERATORS = ['operator-1', 'operator-2', 'operator-3'] as const;
export const APPROVALS_NEEDED = 2;
export const BUYER = 'buyer';
export const ENGINEER = 'engineer';
/** 1 000 000 currency units. */
const BUYER_MICRO = 1000000000000;
/** Set-up blocks come this long before the first interval. */
export const SETUP_LEAD_MS = 60000;

export function accountSigner(scenario: TwinScenario, name: string): Signer {
  return signerOf(secretFromSeed(scenario.seed, `account/${name}`));
}

export function deviceSigner(scenario: TwinScenario, asset: string): Signer {
  return signerOf(secretFromSeed(scenario.seed, `device/${asset}`));
}

export function nodeSigner(scenario: Pick<TwinScenario, 'seed'>): Signer {
  return signerOf(secretFromSeed(scenario.seed, 'node'));
}

export function owners(scenario: TwinScenario): readonly string[] {
  return [...new Set(scenario.sites.map((site) => site.owner))];
}

/** G = L = 0: one block per interval, at its start, with the readings inside it. */
export function twinGenesis(scenario: TwinScenario): Genesis {
  const { series, chain } = scenario;
  const names = [...OPERATORS, BUYER, ENGINEER, ...owners(scenario)];
  return {
    chain,
    initialTimeMs: series.startMs - SETUP_LEAD_MS,
    parameters: { dMs: series.stepMs, gMs: 0, lMs: 0, aMs: series.stepMs - 1, sMs: 1000 },
    services: [
      { service: 'voltage-support', version: 1, fromMs: 0 },
      { service: 'energy-dispatch', version: 1, fromMs: 0 },
    ],
    operators: OPERATORS,
    accounts: names.map((name) => ({
      name,
      key: accountSigner(scenario, name).publicKey,
      micro: name === BUYER ? BUYER_MICRO : 0,
    })),
  };
}
