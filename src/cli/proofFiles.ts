/**
 * Proofs in a folder: `ID.property.cbor` and `ID.certificate.cbor` of every proof, and `proofs.json`, which says of every
 * property of a suite what came of it. Nothing in it depends on the clock or the number of threads.
 */
import { join } from 'node:path';
import { checkCertificate, type CheckedClaim } from '../contracts/policy/certificate/check.ts';
import { countLeaves, loadCertificate } from '../contracts/policy/certificate/certificate.ts';
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import type { Guarantee, ProofResult } from '../verify/index.ts';
import { several } from './ui/format.ts';
import { makeNamedDirectory, readBytesFile, writeNamedFile } from './files.ts';

const PROOFS_FORMAT = 'gridpact-proofs/1';

export interface ProofRecord {
  readonly id: string;
  readonly guarantee: Guarantee['guarantee'];
  readonly sentence: string;
  /** False: asked for information, no claim about the policy. */
  readonly isClaim: boolean;
  readonly verdict: ProofResult['verdict'];
  /** CIDs; no certificate for what is not proved, or is proved by a search too large for one. */
  readonly property: string;
  readonly certificate: string | null;
  readonly leaves: number | null;
  /** Of the sum, in the integers of the property; null where nothing bounds or was seen. */
  readonly bound: number | null;
  readonly best: number | null;
  /** Where `best` is: raw inputs, then the steps of a second run. */
  readonly point: readonly number[] | null;
}

interface ProofDocument {
  readonly format: typeof PROOFS_FORMAT;
  readonly policy: string;
  readonly proofs: readonly ProofRecord[];
}

export function proofRecord(
  { guarantee, id, sentence, isClaim, property }: Guarantee,
  result: ProofResult,
): ProofRecord {
  const { verdict, certificate, checked } = result;
  return {
    id,
    guarantee,
    sentence,
    isClaim,
    verdict,
    property: property.cid,
    certificate: certificate?.cid ?? null,
    leaves: checked?.leaves ?? null,
    bound: finite(result.bound),
    best: finite(result.best),
    point: verdict === 'REFUTED' || property.mode !== 'forall' ? (result.point ?? null) : null,
  };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** An id may hold slashes; the file lies in the folder all the same. */
function proofFile(folder: string, id: string, kind: 'property' | 'certificate'): string {
  return join(folder, `${id.replaceAll('/', '~')}.${kind}.cbor`);
}

/** @throws `cli.file`. */
export async function writeProof(
  folder: string,
  { id, property }: Guarantee,
  { certificate }: ProofResult,
): Promise<void> {
  await writeNamedFile(proofFile(folder, id, 'property'), property.bytes);
  if (certificate !== undefined) await writeNamedFile(proofFile(folder, id, 'certificate'), certificate.bytes);
}

/** @throws `cli.file`. */
export async function writeProofs(folder: string, policy: LoadedPolicy, proofs: readonly ProofRecord[]): Promise<void> {
  const document: ProofDocument = { format: PROOFS_FORMAT, policy: policy.cid, proofs };
  await makeNamedDirectory(folder);
  await writeNamedFile(join(folder, 'proofs.json'), `${JSON.stringify(document, null, 1)}\n`);
}

/**
 * Replays one certificate against the property as the suite has it today: neither the file nor its neighbours are
 * believed. @throws `cli.file`, `certificate.*`, `property.*`.
 */
export async function recheck(folder: string, policy: LoadedPolicy, guarantee: Guarantee): Promise<CheckedClaim> {
  const certificate = loadCertificate(await readBytesFile(proofFile(folder, guarantee.id, 'certificate')));
  return checkCertificate(policy, guarantee.property, certificate);
}

/** Leaves by kind, for a line of text. */
export function leavesOf({ certificate }: ProofResult, { property }: Guarantee): string {
  if (certificate === undefined) return 'no certificate';
  const dims = property.in.length + property.rel.length;
  const { linear, interval } = countLeaves(certificate.tree, property.box.length, dims);
  return several(interval + linear, 'leaf', 'leaves');
}
