/** What block execution carries along: state, block time, and caches of pure functions of state. */
import { fail } from '../base/errors.ts';
import { createExecutor, type PolicyExecutor } from '../contracts/policy/execute.ts';
import { loadArtifact } from '../contracts/policy/codec.ts';
import type { Asset } from '../grid/asset.ts';
import type { Service } from '../grid/service.ts';
import { serviceContract } from '../contracts/services/registry.ts';
import type { ServiceContract } from '../contracts/services/types.ts';
import { parseDeployment, type Deployment } from './deployment.ts';
import type { Genesis } from './genesis.ts';
import type { Receipt } from './receipt.ts';
import type { StagedState, StateReader } from './state.ts';
import { artifactTable, assetTable, deploymentDocumentTable, type AssetRow } from './tables.ts';

export interface BlockEvents {
  /** Receipts in settlement order: the leaves of the block's receipts tree. */
  readonly receipts: Receipt[];
  /** What happened besides transactions, for logs and watchers. */
  readonly notices: Notice[];
}

export interface Notice {
  readonly kind: 'dispatched' | 'missed' | 'closed' | 'suspended' | 'timeJump';
  readonly interval: number;
  readonly deployment: string;
  readonly detail: string;
}

/** Pure lookups that would be wasteful to repeat every interval; keyed by content, so never stale. */
export class ContentCache {
  readonly #executors = new Map<string, PolicyExecutor>();
  readonly #deployments = new Map<string, Deployment>();
  readonly #terms = new Map<string, unknown>();

  executor(state: StateReader, policyDigest: string): PolicyExecutor {
    return remember(this.#executors, policyDigest, () => {
      const bytes = artifactTable.get(state, policyDigest);
      if (bytes === undefined) throw fail('policy.unknown', { got: policyDigest });
      return createExecutor(loadArtifact(bytes));
    });
  }

  deployment(state: StateReader, digest: string): Deployment {
    return remember(this.#deployments, digest, () => {
      const bytes = deploymentDocumentTable.get(state, digest);
      if (bytes === undefined) throw fail('deployment.unknown', { got: digest });
      return parseDeployment(bytes);
    });
  }

  terms(deployment: Deployment, contract: ServiceContract): unknown {
    const key = `${deployment.digest}/${contract.version}`;
    return remember(this.#terms, key, () => contract.parseTerms(deployment.termsDocument, deployment.assets.length));
  }
}

/** Entries of a transaction that failed stay out: `make` throws before anything is kept. */
function remember<V>(cache: Map<string, V>, key: string, make: () => V): V {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}

export interface BlockContext {
  readonly state: StagedState;
  readonly genesis: Genesis;
  readonly cache: ContentCache;
  readonly height: number;
  readonly tMs: number;
  readonly events: BlockEvents;
}

/** The formula in force for intervals starting at `tMs`. @throws `service.unknown` before the first. */
export function formulaAt(genesis: Genesis, service: Service, tMs: number): ServiceContract {
  let version = 0;
  let fromMs = -1;
  for (const entry of genesis.services) {
    if (entry.service === service && entry.fromMs <= tMs && entry.fromMs >= fromMs) {
      version = entry.version;
      fromMs = entry.fromMs;
    }
  }
  return serviceContract(service, version);
}

/** @throws `asset.unknown`. */
export function requireAsset(state: StateReader, assetId: string): AssetRow {
  const row = assetTable.get(state, assetId);
  if (row === undefined) throw fail('asset.unknown', { got: assetId });
  return row;
}

export function assetOfRow(assetId: string, row: AssetRow): Asset {
  const { owner, bus, sMaxVa, pvPeakW, pMaxW, eMaxWh } = row;
  const { etaChargeMicro, etaDischargeMicro, socMinMicro, socMaxMicro } = row;
  const battery = { pMaxW, eMaxWh, etaChargeMicro, etaDischargeMicro, socMinMicro, socMaxMicro };
  return { id: assetId, owner, bus, sMaxVa, pvPeakW, battery };
}
