/** The contract's life up to its first interval: enrol, register, propose, approve 2 of 3, offer, fund. */
import { fromHex } from '../base/bytes.ts';
import { encodeDocument } from '../base/cbor.ts';
import { cidOf } from '../base/cid.ts';
import { loadArtifact } from '../contracts/policy/codec.ts';
import { vectorDigests } from '../contracts/policy/vectors.ts';
import { linDistFlowSensitivity } from '../env/physics/sensitivity.ts';
import type { Asset } from '../grid/asset.ts';
import { MAX_SHARE_MICRO } from '../grid/voltVar.ts';
import { SEMANTICS } from '../ledger/deployment.ts';
import { enrolmentBytes, signTx, type TxBody, type TxKind } from '../ledger/transaction.ts';
import {
  accountSigner,
  APPROVALS_NEEDED,
  BUYER,
  deviceSigner,
  ENGINEER,
  OPERATORS,
  SETUP_LEAD_MS,
  type TwinScenario,
} from './scenario.ts';

export interface SetupBlock {
  readonly title: string;
  readonly timeMs: number;
  readonly txs: readonly Uint8Array[];
}

export interface TwinSetup {
  readonly voltageDeployment: string;
  readonly energyDeployment: string;
  readonly policyCids: { readonly voltage: string; readonly energy: string };
  readonly blocks: readonly SetupBlock[];
}

/** Nonces are counted here because the set-up is the first thing every account does. */
class Drafts {
  readonly #scenario: TwinScenario;
  readonly #nonces = new Map<string, number>();

  constructor(scenario: TwinScenario) {
    this.#scenario = scenario;
  }

  tx(from: string, kind: TxKind, body: TxBody): Uint8Array {
    const nonce = this.#nonces.get(from) ?? 0;
    this.#nonces.set(from, nonce + 1);
    return signTx({ chain: this.#scenario.chain, from, nonce, kind, body }, accountSigner(this.#scenario, from));
  }
}

export function twinSetup(scenario: TwinScenario): TwinSetup {
  const drafts = new Drafts(scenario);
  const voltage = encodeDocument(voltageDocument(scenario));
  const energy = encodeDocument(energyDocument(scenario));
  const documents = [voltage, energy];
  const cids = documents.map(cidOf);
  const { sites, series } = scenario;
  const registrations = [
    ...sites.map((site) => enrol(scenario, drafts, site)),
    ...[scenario.voltagePolicy, scenario.energyPolicy].map((artifact) => register(drafts, artifact)),
  ];
  const proposals = documents.map((document) => drafts.tx(ENGINEER, 'deployment.propose', { document }));
  const approvals = OPERATORS.slice(0, APPROVALS_NEEDED).flatMap((operator) =>
    cids.map((deployment) => drafts.tx(operator, 'deployment.approve', { deployment })),
  );
  const offers = sites.flatMap((site) => cids.map((cid) => offer(scenario, drafts, site, cid)));
  const funds = cids.map((deployment) => drafts.tx(BUYER, 'escrow.fund', { deployment, micro: ESCROW_MICRO }));
  const steps: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ['assets enrolled, policies registered', registrations],
    ['deployments proposed', proposals],
    [`approved by ${APPROVALS_NEEDED} of ${OPERATORS.length} operators`, approvals],
    ['offered by owners, escrow funded', [...offers, ...funds]],
  ];
  return {
    voltageDeployment: cids[0]!,
    energyDeployment: cids[1]!,
    policyCids: { voltage: cidOf(scenario.voltagePolicy), energy: cidOf(scenario.energyPolicy) },
    blocks: steps.map(([title, txs], i) => ({ title, timeMs: series.startMs - SETUP_LEAD_MS + 10000 * (i + 1), txs })),
  };
}

/** 100 000 currency units a deployment. */
const ESCROW_MICRO = 100000000000;
/** Most voltage deviation one asset is paid for in one interval, summed over buses: 0.06 pu. */
const DV_CAP_MICRO_PU = 60000;

function enrol(scenario: TwinScenario, drafts: Drafts, site: Asset): Uint8Array {
  const device = deviceSigner(scenario, site.id);
  const enrolment = {
    asset: site.id,
    bus: site.bus,
    sMaxVa: site.sMaxVa,
    pvPeakW: site.pvPeakW,
    ...site.battery,
    deviceKey: device.publicKey,
  };
  const deviceSignature = device.sign(enrolmentBytes(scenario.chain, site.owner, enrolment));
  return drafts.tx(site.owner, 'asset.register', { ...enrolment, deviceSignature });
}

function register(drafts: Drafts, artifact: Uint8Array): Uint8Array {
  const { vec4096, vec65536 } = vectorDigests(loadArtifact(artifact));
  return drafts.tx(ENGINEER, 'policy.register', {
    artifact,
    vec4096: fromHex(vec4096),
    vec65536: fromHex(vec65536),
  });
}

function offer(scenario: TwinScenario, drafts: Drafts, site: Asset, deployment: string): Uint8Array {
  const { startMs, steps, stepMs } = scenario.series;
  return drafts.tx(site.owner, 'offer.make', {
    asset: site.id,
    deployment,
    pMaxW: site.battery.pMaxW,
    qMaxVar: site.sMaxVa,
    socFloorMicro: site.battery.socMinMicro,
    socCeilingMicro: site.battery.socMaxMicro,
    minPrice: 0,
    validFromMs: startMs,
    validToMs: startMs + steps * stepMs,
  });
}

function common(scenario: TwinScenario, policy: Uint8Array) {
  const { series, sites } = scenario;
  return {
    policyCid: cidOf(policy),
    semantics: SEMANTICS,
    propertyCids: [],
    certificateCids: [],
    assets: sites.map((site) => site.id),
    notBefore: series.startMs,
    notAfter: series.startMs + series.steps * series.stepMs,
    k: APPROVALS_NEEDED,
    operators: OPERATORS,
  };
}

function voltageDocument(scenario: TwinScenario) {
  const { sites, network, curve, prices } = scenario;
  const sensitivity = linDistFlowSensitivity(network, sites);
  const { utilisationMicroPerMvarh: utilisation, deviationMicroPerPuh: deviation } = prices;
  return {
    ...common(scenario, scenario.voltagePolicy),
    service: 'voltage-support',
    caps: { output: MAX_SHARE_MICRO },
    terms: {
      buyer: BUYER,
      prices: [{ from: 0, utilisation, deviation }],
      vRef: 1000000,
      dvCap: DV_CAP_MICRO_PU,
      pool: 0,
      curve: { v: curve.vMicroPu, share: curve.shareMicro },
      sens: sites.map((_, row) => sites.map((__, column) => sensitivity[row * sites.length + column]!)),
    },
  };
}

function energyDocument(scenario: TwinScenario) {
  const { prices, sites } = scenario;
  const { dischargeMicroPerMwh: discharge, chargeMicroPerMwh: charge, penaltyMicroPerMwh: penalty } = prices;
  return {
    ...common(scenario, scenario.energyPolicy),
    service: 'energy-dispatch',
    caps: { output: Math.max(...sites.map((site) => site.battery.pMaxW)) },
    terms: { buyer: BUYER, prices: [{ from: 0, discharge, charge, penalty, tolerance: prices.toleranceMicro }] },
  };
}
