/**
 * Genesis files: canonical DAG-CBOR, or JSON with the fields that `GET /v1/genesis` shows. JSON with a `document`
 * (hex) stands for exactly those bytes; without one it is encoded from its fields.
 */
import { fromHex } from '../base/bytes.ts';
import { fail, isGridPactError } from '../base/errors.ts';
import { decodeGenesis, encodeGenesis, type Genesis } from '../ledger/genesis.ts';
import { readBytesFile } from './files.ts';

const OPENING_BRACE = 0x7b;

/** Canonical genesis bytes, checked. @throws `cli.file`, `genesis.malformed`. */
export async function readGenesisFile(path: string): Promise<Uint8Array> {
  const bytes = await readBytesFile(path);
  const genesis = bytes[0] === OPENING_BRACE ? fromJson(new TextDecoder().decode(bytes)) : Uint8Array.from(bytes);
  decodeGenesis(genesis);
  return genesis;
}

interface GenesisJson extends Omit<Genesis, 'accounts'> {
  readonly accounts: readonly { readonly name: string; readonly publicKey: string; readonly micro: number }[];
  readonly document?: string;
}

function fromJson(text: string): Uint8Array {
  try {
    const { document, accounts, ...rest } = JSON.parse(text) as GenesisJson;
    if (document !== undefined) return fromHex(document);
    const keyed = accounts.map(({ name, publicKey, micro }) => ({ name, key: fromHex(publicKey, 32), micro }));
    return encodeGenesis({ ...rest, accounts: keyed });
  } catch (cause) {
    if (isGridPactError(cause, 'genesis.malformed')) throw cause;
    const got = cause instanceof Error ? cause.message : String(cause);
    throw fail('genesis.malformed', { expected: 'JSON as GET /v1/genesis gives it', got, cause });
  }
}
