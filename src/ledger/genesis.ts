/** The genesis document: chain parameters, operators, first accounts. Its CID starts the header chain. */
import { decodeDocument, encodeDocument, type Document } from '../base/cbor.ts';
import { fail } from '../base/errors.ts';
import { assertInt, SAFE_MAX } from '../base/fixed.ts';
import { isId } from '../base/record.ts';
import { isAcceptableKey } from '../base/signature.ts';
import { DAY_MS } from '../grid/interval.ts';
import { SERVICES, type Service } from '../grid/service.ts';
import { serviceContract } from '../contracts/services/registry.ts';
import { MAX_OPERATORS } from './tables.ts';
import { hasExactly } from './transaction.ts';

/** All ms: interval D, gate G, lead L, greatest age A, skew S. */
export interface IntervalParameters {
  readonly dMs: number;
  readonly gMs: number;
  readonly lMs: number;
  readonly aMs: number;
  readonly sMs: number;
}

export interface ServiceVersion {
  readonly service: Service;
  readonly version: number;
  readonly fromMs: number;
}

export interface Genesis {
  readonly chain: string;
  readonly initialTimeMs: number;
  readonly parameters: IntervalParameters;
  /** Which formula version is in force from when. */
  readonly services: readonly ServiceVersion[];
  readonly operators: readonly string[];
  readonly accounts: readonly { readonly name: string; readonly key: Uint8Array; readonly micro: number }[];
}

/** Late readings and corrections are taken this long after an interval ends. */
export const CORRECTION_WINDOW_MS = 30 * DAY_MS;
/** Total of all genesis balances: keeps every sum of balances a safe integer. */
const MAX_ISSUE_MICRO = 4503599627370496;
const VERSION = 'gridpact/genesis/1';

export function encodeGenesis(genesis: Genesis): Uint8Array {
  const { chain, initialTimeMs, parameters, services, operators, accounts } = genesis;
  return encodeDocument({
    v: VERSION,
    chain,
    initialTimeMs,
    parameters: { ...parameters },
    services: services.map((s) => ({ ...s })),
    operators,
    accounts: accounts.map((a) => ({ ...a })),
  });
}

/** @throws `genesis.malformed`, `cbor.*`. */
export function decodeGenesis(bytes: Uint8Array): Genesis {
  try {
    return parse(decodeDocument(bytes) as Record<string, Document>);
  } catch (cause) {
    throw fail('genesis.malformed', { got: cause instanceof Error ? cause.message : String(cause), cause });
  }
}

function parse(map: Record<string, Document>): Genesis {
  const keys = ['accounts', 'chain', 'initialTimeMs', 'operators', 'parameters', 'services', 'v'];
  if (!hasExactly(map, keys) || map['v'] !== VERSION || !isId(map['chain'])) {
    throw fail('genesis.malformed', { expected: `${VERSION} with ${keys.join(', ')}` });
  }
  const accounts = parseAccounts(map['accounts']);
  const operators = parseOperators(map['operators'], accounts);
  return {
    chain: map['chain'],
    initialTimeMs: assertInt(map['initialTimeMs'], 0, SAFE_MAX, 'initialTimeMs'),
    parameters: parseParameters(map['parameters'] as Record<string, Document>),
    services: parseServices(map['services']),
    operators,
    accounts,
  };
}

function parseParameters(map: Record<string, Document>): IntervalParameters {
  const dMs = assertInt(map['dMs'], 1000, DAY_MS, 'dMs');
  return {
    dMs,
    gMs: assertInt(map['gMs'], 0, DAY_MS, 'gMs'),
    // A lead longer than an interval would have two intervals dispatched ahead.
    lMs: assertInt(map['lMs'], 0, dMs, 'lMs'),
    aMs: assertInt(map['aMs'], 0, DAY_MS, 'aMs'),
    sMs: assertInt(map['sMs'], 0, dMs, 'sMs'),
  };
}

function parseServices(value: Document | undefined): readonly ServiceVersion[] {
  if (!Array.isArray(value)) throw fail('genesis.malformed', { expected: 'services: a list' });
  return value.map((item: { service: string; version: number; fromMs: number }) => {
    if (!SERVICES.some((s) => s === item.service)) throw fail('service.unknown', { got: item.service });
    serviceContract(item.service, item.version);
    const fromMs = assertInt(item.fromMs, 0, SAFE_MAX, 'services.fromMs');
    return { service: item.service as Service, version: item.version, fromMs };
  });
}

function parseAccounts(value: Document | undefined): Genesis['accounts'] {
  if (!Array.isArray(value)) throw fail('genesis.malformed', { expected: 'accounts: a list' });
  let total = 0;
  const names: string[] = [];
  return value.map((item: { name: string; key: Uint8Array; micro: number }) => {
    if (!isId(item.name) || names.includes(item.name)) {
      throw fail('genesis.malformed', { expected: 'accounts with distinct names', got: item.name });
    }
    names.push(item.name);
    if (!(item.key instanceof Uint8Array) || !isAcceptableKey(item.key)) {
      throw fail('account.key', { expected: `a canonical Ed25519 key for ${item.name}` });
    }
    total = assertInt(total + assertInt(item.micro, 0, MAX_ISSUE_MICRO, 'micro'), 0, MAX_ISSUE_MICRO, 'total issue');
    return { name: item.name, key: item.key, micro: item.micro };
  });
}

function parseOperators(value: Document | undefined, accounts: Genesis['accounts']): readonly string[] {
  const known = Array.isArray(value) && value.every((name) => accounts.some((a) => a.name === name));
  if (!known || value.length < 1 || value.length > MAX_OPERATORS) {
    throw fail('genesis.malformed', { expected: `1..${MAX_OPERATORS} operators among the accounts`, got: value });
  }
  return value as readonly string[];
}
