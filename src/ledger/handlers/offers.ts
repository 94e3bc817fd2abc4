/** Offers: no number of operators can dispatch an asset its owner has not offered. */
import { toHex } from '../../base/bytes.ts';
import { fail } from '../../base/errors.ts';
import { SAFE_MAX } from '../../base/fixed.ts';
import { requireAsset, type BlockContext } from '../context.ts';
import type { Deployment } from '../deployment.ts';
import { DEPLOYMENT_STATUS, deploymentsTable, deploymentTable, offerTable } from '../tables.ts';
import type { AccountTx } from '../transaction.ts';
import { load, requireApproved } from './deployments.ts';
import { cidField, expectKeys, idField, intField } from './fields.ts';

const OFFER_KEYS = [
  'asset',
  'deployment',
  'minPrice',
  'pMaxW',
  'qMaxVar',
  'socCeilingMicro',
  'socFloorMicro',
  'validFromMs',
  'validToMs',
];

/** A new offer replaces the old one, from the next undispatched interval. */
export function makeOffer(context: BlockContext, { body, from }: AccountTx): void {
  expectKeys(body, OFFER_KEYS);
  const { asset, digest } = ownersAsset(context, body, from);
  const { deployment, row } = load(context, digest);
  requireApproved(context, deployment, row);
  if (!deployment.assets.includes(asset)) {
    throw fail('offer.notInDeployment', { expected: deployment.assets.join(', '), got: asset });
  }
  refuseSecondSale(context, deployment, asset);
  const socFloorMicro = intField(body, 'socFloorMicro', 0, 1000000);
  const wantedFromMs = intField(body, 'validFromMs', 0, SAFE_MAX);
  // Never for an interval that has begun: a missed one, still to be closed, must not be offered after the fact.
  const validFromMs = Math.max(wantedFromMs, context.tMs);
  const offer = {
    pMaxW: intField(body, 'pMaxW', 0, 90000000),
    qMaxVar: intField(body, 'qMaxVar', 0, 90000000),
    socFloorMicro,
    socCeilingMicro: intField(body, 'socCeilingMicro', socFloorMicro, 1000000),
    minPrice: intField(body, 'minPrice', 0, SAFE_MAX),
    validFromMs,
    validToMs: intField(body, 'validToMs', wantedFromMs + 1, SAFE_MAX),
  };
  offerTable.set(context.state, offer, digest, asset);
}

/** One kilowatt is sold once: an asset serves one living deployment of a service at a time. */
function refuseSecondSale({ state, cache, tMs }: BlockContext, deployment: Deployment, asset: string): void {
  for (const bytes of deploymentsTable.get(state)?.digests ?? []) {
    const digest = toHex(bytes);
    if (digest === deployment.digest || offerTable.get(state, digest, asset) === undefined) continue;
    const other = cache.deployment(state, digest);
    const { status } = deploymentTable.get(state, digest)!;
    const alive = status !== DEPLOYMENT_STATUS.ended && tMs < other.notAfterMs;
    if (alive && other.service === deployment.service) {
      throw fail('offer.conflict', { expected: `${asset} withdrawn from ${other.cid} first`, got: deployment.service });
    }
  }
}

/** What is already dispatched stands and is paid; the next interval is the owner's again. */
export function withdrawOffer(context: BlockContext, { body, from }: AccountTx): void {
  expectKeys(body, ['asset', 'deployment']);
  const { asset, digest } = ownersAsset(context, body, from);
  if (offerTable.get(context.state, digest, asset) === undefined) {
    throw fail('asset.notOffered', { expected: `an offer of ${asset}`, got: 'none' });
  }
  offerTable.delete(context.state, digest, asset);
}

function ownersAsset({ state }: BlockContext, body: AccountTx['body'], from: string) {
  const asset = idField(body, 'asset');
  const { owner } = requireAsset(state, asset);
  if (owner !== from) throw fail('offer.notOwner', { expected: owner, got: from });
  return { asset, digest: cidField(body, 'deployment') };
}
