/**
 * The deployment document: policy + service + terms + assets + approvals, named by its CID.
 * Parsing is pure, so parsed documents are kept by digest.
 */
import { toHex } from '../base/bytes.ts';
import { decodeDocument, type Document } from '../base/cbor.ts';
import { cidDigest, cidFromDigest } from '../base/cid.ts';
import { fail } from '../base/errors.ts';
import { assertInt, SAFE_MAX } from '../base/fixed.ts';
import { isId } from '../base/record.ts';
import { sha256 } from '../base/hash.ts';
import { SERVICES, type Service } from '../grid/service.ts';
import { serviceContract } from '../contracts/services/registry.ts';
import { MAX_DEPLOYMENT_ASSETS, MAX_OPERATORS } from './tables.ts';
import { hasExactly } from './transaction.ts';

export interface Deployment {
  /** Hex digest of the document's CID: its key in state. */
  readonly digest: string;
  readonly cid: string;
  readonly policyCid: string;
  readonly policyDigest: string;
  readonly service: Service;
  readonly buyer: string;
  readonly termsDocument: Document;
  /** Ascending: the order of settlement. */
  readonly assets: readonly string[];
  /** On the policy's output, in its unit. */
  readonly outputCap: number;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly k: number;
  readonly operators: readonly string[];
}

const KEYS = [
  'assets',
  'caps',
  'certificateCids',
  'k',
  'notAfter',
  'notBefore',
  'operators',
  'policyCid',
  'propertyCids',
  'semantics',
  'service',
  'terms',
];
export const SEMANTICS = 'gridpolicy/int16/1';

/** @throws `deployment.document`, `service.terms`, `cbor.*`. */
export function parseDeployment(bytes: Uint8Array): Deployment {
  const map = decodeDocument(bytes) as Record<string, Document>;
  if (typeof map !== 'object' || !hasExactly(map, KEYS)) throw malformed(`exactly ${KEYS.join(', ')}`, undefined);
  if (map['semantics'] !== SEMANTICS) throw malformed(`semantics ${SEMANTICS}`, map['semantics']);
  cidList(map['propertyCids'], 'propertyCids');
  cidList(map['certificateCids'], 'certificateCids');
  const service = serviceOf(map['service']);
  const assets = idList(map['assets'], 'assets', MAX_DEPLOYMENT_ASSETS);
  const operators = idList(map['operators'], 'operators', MAX_OPERATORS);
  const terms = map['terms'] as Record<string, Document>;
  serviceContract(service, 1).parseTerms(terms, assets.length);
  const { buyer } = terms;
  if (!isId(buyer)) throw malformed('terms.buyer: an account name', buyer);
  const notBeforeMs = assertInt(map['notBefore'], 0, SAFE_MAX, 'notBefore');
  const digest = sha256(bytes);
  return {
    digest: toHex(digest),
    cid: cidFromDigest(digest),
    policyCid: String(map['policyCid']),
    policyDigest: toHex(cidDigest(String(map['policyCid']))),
    service,
    buyer,
    termsDocument: terms,
    assets,
    outputCap: outputCap(map['caps']),
    notBeforeMs,
    notAfterMs: assertInt(map['notAfter'], notBeforeMs + 1, SAFE_MAX, 'notAfter'),
    k: assertInt(map['k'], 1, operators.length, 'k'),
    operators,
  };
}

function malformed(expected: string, got: unknown) {
  return fail('deployment.document', { expected, got });
}

function serviceOf(value: Document | undefined): Service {
  const service = SERVICES.find((known) => known === value);
  if (service === undefined) throw malformed(`service: ${SERVICES.join(' or ')}`, value);
  return service;
}

function outputCap(value: Document | undefined): number {
  if (typeof value !== 'object' || !hasExactly(value, ['output'])) throw malformed('caps: {output}', value);
  return assertInt((value as Record<string, Document>)['output'], 0, 2147483647, 'caps.output');
}

function idList(value: Document | undefined, what: string, max: number): readonly string[] {
  const ok =
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= max &&
    value.every((item, i) => isId(item) && (i === 0 || item > (value[i - 1] as string)));
  if (!ok) throw malformed(`${what}: 1..${max} ids in strictly ascending order`, value);
  return value as readonly string[];
}

function cidList(value: Document | undefined, what: string): void {
  if (!Array.isArray(value) || value.length > 64) throw malformed(`${what}: a list of CIDs`, value);
  for (const item of value) cidDigest(String(item));
}
