/** Policies and deployments: register, propose, approve k of n, suspend 1 of n, resume k of n, end. */
import { compareText, equalBytes, fromHex, toHex } from '../../base/bytes.ts';
import { cidDigest } from '../../base/cid.ts';
import { fail } from '../../base/errors.ts';
import { SAFE_MAX } from '../../base/fixed.ts';
import { loadArtifact } from '../../contracts/policy/codec.ts';
import { vec4096 } from '../../contracts/policy/vectors.ts';
import { formulaAt, type BlockContext } from '../context.ts';
import { parseDeployment, type Deployment } from '../deployment.ts';
import { revokeFuture } from '../interval/reserve.ts';
import { CORRECTION_WINDOW_MS } from '../genesis.ts';
import { balanceOf, post, transfer } from '../money.ts';
import type { StateReader } from '../state.ts';
import {
  accountTable,
  artifactTable,
  assetTable,
  balanceKey,
  DEPLOYMENT_STATUS,
  deploymentDocumentTable,
  deploymentTable,
  deploymentsTable,
  lastOutputTable,
  MAX_DEPLOYMENTS,
  offerTable,
  policyTable,
  SUSPEND_REASON,
  type DeploymentRow,
} from '../tables.ts';
import type { AccountTx } from '../transaction.ts';
import { bytesField, cidField, expectKeys, intField } from './fields.ts';

/** A registration is taken only if this node's reference executor gives the stated vectors. */
export function registerPolicy({ state }: BlockContext, tx: AccountTx): void {
  expectKeys(tx.body, ['artifact', 'vec4096', 'vec65536']);
  const bytes = bytesField(tx.body, 'artifact');
  const artifact = loadArtifact(bytes);
  const stated = bytesField(tx.body, 'vec4096', 32);
  const digest = toHex(cidDigest(artifact.cid));
  if (policyTable.get(state, digest) !== undefined) throw fail('policy.exists', { got: artifact.cid });
  const computed = fromHex(vec4096(artifact));
  if (!equalBytes(computed, stated)) {
    throw fail('policy.vectors', { expected: toHex(computed), got: toHex(stated) });
  }
  const row = {
    registrant: tx.from,
    vec4096: stated,
    vec65536: bytesField(tx.body, 'vec65536', 32),
    gas: artifact.gas,
  };
  artifactTable.set(state, bytes, digest);
  policyTable.set(state, row, digest);
}

export function propose(context: BlockContext, tx: AccountTx): void {
  const { state, tMs } = context;
  expectKeys(tx.body, ['document']);
  const bytes = bytesField(tx.body, 'document');
  const deployment = parseDeployment(bytes);
  if (deploymentTable.get(state, deployment.digest) !== undefined) {
    throw fail('deployment.exists', { got: deployment.cid });
  }
  checkAgainstState(context, deployment);
  addToIndex(context, deployment.digest);
  deploymentDocumentTable.set(state, bytes, deployment.digest);
  const row = { proposer: tx.from, status: DEPLOYMENT_STATUS.proposed, suspendReason: SUSPEND_REASON.none };
  deploymentTable.set(state, { ...row, sinceMs: tMs, approvals: [], resumeVotes: [] }, deployment.digest);
}

function checkAgainstState(context: BlockContext, deployment: Deployment): void {
  const { state, genesis, cache, tMs } = context;
  const { operators, buyer, assets, policyDigest, service, policyCid } = deployment;
  const stranger = operators.find((name) => !genesis.operators.includes(name));
  if (stranger !== undefined)
    throw fail('deployment.operator', { expected: genesis.operators.join(', '), got: stranger });
  // Of the ledger, not only of this deployment: any chain operator may correct readings, hence payments.
  if (genesis.operators.includes(buyer)) throw fail('deployment.buyerIsOperator', { got: buyer });
  if (accountTable.get(state, buyer) === undefined) throw fail('account.unknown', { got: buyer });
  const unknown = assets.find((asset) => assetTable.get(state, asset) === undefined);
  if (unknown !== undefined) throw fail('asset.unknown', { got: unknown });
  if (policyTable.get(state, policyDigest) === undefined) throw fail('policy.unknown', { got: policyCid });
  if (deployment.notAfterMs <= tMs)
    throw fail('deployment.expired', { expected: `notAfter > ${tMs}`, got: deployment.notAfterMs });
  const { outputs } = cache.executor(state, policyDigest).policy.interface;
  const { outputUnit } = formulaAt(genesis, service, tMs);
  if (outputs.length !== 1 || outputs[0]!.u !== outputUnit) {
    const got = outputs.map((output) => output.u).join(', ');
    throw fail('deployment.policyUnit', { expected: `one output in ${outputUnit}`, got });
  }
}

/** @throws `deployment.limit` when every slot is taken by a deployment that somebody approved or still owes. */
function addToIndex(context: BlockContext, digest: string): void {
  const { state } = context;
  const digests = (deploymentsTable.get(state)?.digests ?? []).map(toHex);
  const leaving = digests.length < MAX_DEPLOYMENTS ? undefined : expendable(context, digests);
  if (digests.length >= MAX_DEPLOYMENTS && leaving === undefined) {
    throw fail('deployment.limit', { expected: `at most ${MAX_DEPLOYMENTS}` });
  }
  if (leaving !== undefined) forget(context, leaving);
  const next = [...digests.filter((held) => held !== leaving), digest].sort(compareText);
  deploymentsTable.set(state, { digests: next.map((hex) => fromHex(hex)) });
}

/**
 * Anyone may propose, so a full ledger gives up what holds nothing: the longest-standing proposal that no operator
 * approved, or deployment that ended so long ago that no reading can be corrected, with no money left in it.
 */
function expendable({ state, tMs, genesis }: BlockContext, digests: readonly string[]): string | undefined {
  const { dMs, gMs } = genesis.parameters;
  // The last interval begins before the end, and its rows are pruned when the window has passed for the next but one.
  const keptMs = CORRECTION_WINDOW_MS + 3 * dMs + gMs;
  let found: string | undefined;
  let sinceMs = SAFE_MAX;
  for (const digest of digests) {
    const row = deploymentTable.get(state, digest)!;
    const unheard = row.status === DEPLOYMENT_STATUS.proposed && row.approvals.length === 0;
    const over = row.status === DEPLOYMENT_STATUS.ended && tMs >= row.sinceMs + keptMs;
    if ((!unheard && !(over && isEmpty(state, digest))) || row.sinceMs >= sinceMs) continue;
    found = digest;
    sinceMs = row.sinceMs;
  }
  return found;
}

function isEmpty(state: StateReader, digest: string): boolean {
  const { escrow, reserved, owed } = balanceKey;
  return [escrow(digest), reserved(digest), owed(digest)].every((key) => balanceOf(state, key) === 0);
}

function forget({ state, cache }: BlockContext, digest: string): void {
  for (const asset of cache.deployment(state, digest).assets) {
    offerTable.delete(state, digest, asset);
    lastOutputTable.delete(state, digest, asset);
  }
  deploymentTable.delete(state, digest);
  deploymentDocumentTable.delete(state, digest);
}

export function approve(context: BlockContext, tx: AccountTx): void {
  const { deployment, row } = operatorAction(context, tx);
  if (row.status !== DEPLOYMENT_STATUS.proposed) throw wrongStatus('proposed', row);
  refuseExpired(context, deployment);
  if (row.approvals.includes(tx.from)) throw fail('deployment.duplicateApproval', { got: tx.from });
  const approvals = [...row.approvals, tx.from].sort(compareText);
  const enough = approvals.length >= deployment.k;
  const status = enough ? DEPLOYMENT_STATUS.approved : DEPLOYMENT_STATUS.proposed;
  deploymentTable.set(context.state, { ...row, approvals, status, sinceMs: context.tMs }, deployment.digest);
}

/** Any one operator; effective for every interval that has not begun. */
export function suspend(context: BlockContext, tx: AccountTx): void {
  const { deployment, row } = operatorAction(context, tx);
  if (row.status !== DEPLOYMENT_STATUS.approved) throw wrongStatus('approved', row);
  suspendDeployment(context, deployment, row, SUSPEND_REASON.operator);
}

export function suspendDeployment(
  context: BlockContext,
  deployment: Deployment,
  row: DeploymentRow,
  suspendReason: number,
): void {
  const { state, tMs, events } = context;
  const suspended = { ...row, status: DEPLOYMENT_STATUS.suspended, suspendReason, sinceMs: tMs, resumeVotes: [] };
  deploymentTable.set(state, suspended, deployment.digest);
  revokeFuture(context, deployment);
  const detail = suspendReason === SUSPEND_REASON.operator ? 'by an operator' : 'escrow short';
  events.notices.push({ kind: 'suspended', interval: -1, deployment: deployment.cid, detail });
}

/** k operators, like an approval. */
export function resume(context: BlockContext, tx: AccountTx): void {
  const { deployment, row } = operatorAction(context, tx);
  if (row.status !== DEPLOYMENT_STATUS.suspended) throw wrongStatus('suspended', row);
  refuseExpired(context, deployment);
  if (row.resumeVotes.includes(tx.from)) throw fail('deployment.duplicateApproval', { got: tx.from });
  const resumeVotes = [...row.resumeVotes, tx.from].sort(compareText);
  const resumed = { status: DEPLOYMENT_STATUS.approved, suspendReason: SUSPEND_REASON.none, sinceMs: context.tMs };
  const next = resumeVotes.length >= deployment.k ? { ...row, ...resumed, resumeVotes: [] } : { ...row, resumeVotes };
  deploymentTable.set(context.state, next, deployment.digest);
}

/** The buyer or any operator ends it; what is left in escrow stays the buyer's to withdraw. */
export function end(context: BlockContext, tx: AccountTx): void {
  const { deployment, row } = find(context, tx);
  if (tx.from !== deployment.buyer) requireOperator(deployment, tx.from);
  if (row.status === DEPLOYMENT_STATUS.ended) throw wrongStatus('not ended', row);
  const ended = { ...row, status: DEPLOYMENT_STATUS.ended, sinceMs: context.tMs };
  deploymentTable.set(context.state, ended, deployment.digest);
  revokeFuture(context, deployment);
}

/** Anybody may fund an approved, unexpired deployment; nobody can lock money in an unapproved one. */
export function fund(context: BlockContext, tx: AccountTx): void {
  expectKeys(tx.body, ['deployment', 'micro']);
  const { deployment, row } = load(context, cidField(tx.body, 'deployment'));
  requireApproved(context, deployment, row);
  transfer(context.state, tx.from, { escrow: deployment.digest }, intField(tx.body, 'micro', 1, SAFE_MAX));
}

export function withdraw(context: BlockContext, tx: AccountTx): void {
  expectKeys(tx.body, ['deployment', 'micro']);
  const { deployment } = load(context, cidField(tx.body, 'deployment'));
  if (tx.from !== deployment.buyer) throw fail('escrow.notBuyer', { expected: deployment.buyer, got: tx.from });
  const micro = intField(tx.body, 'micro', 1, SAFE_MAX);
  const held = balanceOf(context.state, balanceKey.escrow(deployment.digest));
  if (micro > held) throw fail('escrow.overdrawn', { expected: `at most ${held} micro in escrow`, got: micro });
  post(context.state, [
    { balance: { escrow: deployment.digest }, micro: 0 - micro },
    { balance: { account: tx.from }, micro },
  ]);
}

/** @throws `deployment.notApproved`, `deployment.expired`. */
export function requireApproved(context: BlockContext, deployment: Deployment, row: DeploymentRow): void {
  if (row.status === DEPLOYMENT_STATUS.proposed || row.status === DEPLOYMENT_STATUS.ended) {
    const expected = `${deployment.k} of ${deployment.operators.length} approvals and not ended`;
    throw fail('deployment.notApproved', { expected, got: `${row.approvals.length} approvals, status ${row.status}` });
  }
  refuseExpired(context, deployment);
}

function refuseExpired({ tMs }: BlockContext, deployment: Deployment): void {
  if (tMs >= deployment.notAfterMs) {
    throw fail('deployment.expired', { expected: `block time before ${deployment.notAfterMs}`, got: tMs });
  }
}

function operatorAction(context: BlockContext, tx: AccountTx) {
  const found = find(context, tx);
  requireOperator(found.deployment, tx.from);
  return found;
}

function find(context: BlockContext, tx: AccountTx) {
  expectKeys(tx.body, ['deployment']);
  return load(context, cidField(tx.body, 'deployment'));
}

/** @throws `deployment.unknown`. */
export function load({ state, cache }: BlockContext, digest: string) {
  const row = deploymentTable.get(state, digest);
  if (row === undefined) throw fail('deployment.unknown', { got: digest });
  return { deployment: cache.deployment(state, digest), row };
}

function requireOperator(deployment: Deployment, name: string): void {
  if (!deployment.operators.includes(name)) {
    throw fail('deployment.notOperator', { expected: deployment.operators.join(', '), got: name });
  }
}

function wrongStatus(expected: string, row: DeploymentRow) {
  return fail('deployment.status', { expected, got: row.status });
}
