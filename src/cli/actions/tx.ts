import { fromHex, toHex } from '../../base/bytes.ts';
import type { Document } from '../../base/cbor.ts';
import { fail } from '../../base/errors.ts';
import { signTx, TX_KINDS, type TxBody, type TxKind } from '../../ledger/transaction.ts';
import type { Action } from '../command.ts';
import type { TxFlags } from '../commands/tx.ts';
import { EXIT } from '../failure.ts';
import { readBytesFile } from '../files.ts';
import { loadSigner } from '../keyFile.ts';
import { facts } from '../ui/table.ts';

interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

export const tx: Action<TxFlags, [kind: string, body: string | undefined]> = async (report, flags, kind, body) => {
  const from = flags.from ?? flags.key;
  const known = TX_KINDS.find((name) => name === kind);
  if (known === undefined) throw fail('cli.usage', { expected: TX_KINDS.join(', '), got: kind });
  const signer = await loadSigner(flags.keysDir, flags.key);
  const content = await parseBody(body ?? '{}');
  const { chain } = (await ask(flags.node, '/v1/health')) as { chain: string };
  const nonce = await nextNonce(flags.node, from, known);
  const bytes = signTx({ chain, from, nonce, kind: known, body: content }, signer);
  const answer = await send(flags.node, bytes);
  if ('error' in answer) {
    const { code, message } = answer.error;
    report.text(`refused ${code}`, message);
    report.document({ accepted: false, chain, from, nonce, kind, error: { code, message } });
    return EXIT.no;
  }
  report.text(
    ...facts([
      ['accepted', `${kind} by ${from}, nonce ${nonce}, chain ${chain}`],
      ['hash', answer.hash],
      ['follow', `${flags.node}/v1/transactions/${answer.hash}`],
    ]),
  );
  report.document({ accepted: true, chain, from, nonce, kind, hash: answer.hash });
  return EXIT.ok;
};

/** JSON to a document: `{"hex": ...}` and `{"file": ...}` stand for bytes, which JSON does not have. */
async function parseBody(text: string): Promise<TxBody> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fail('cli.usage', { expected: 'a body in JSON', got: text.slice(0, 80), cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fail('cli.usage', { expected: 'a body that is a JSON object', got: text.slice(0, 80) });
  }
  return (await toDocument(value)) as TxBody;
}

async function toDocument(value: unknown): Promise<Document> {
  if (typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))) return value;
  if (Array.isArray(value)) return Promise.all(value.map(toDocument));
  if (typeof value !== 'object' || value === null) {
    throw fail('cli.usage', { expected: 'integers, text, lists and objects', got: value });
  }
  const entries = Object.entries(value);
  const [name, content] = entries[0] ?? ['', undefined];
  if (entries.length === 1 && name === 'hex' && typeof content === 'string') return fromHex(content);
  if (entries.length === 1 && name === 'file' && typeof content === 'string') return readBytesFile(content);
  const items = await Promise.all(entries.map(async ([key, item]) => [key, await toDocument(item)] as const));
  return Object.fromEntries(items);
}

/** A new account starts at 0; every other is told by the node. */
async function nextNonce(node: string, from: string, kind: TxKind): Promise<number> {
  if (kind === 'account.open') return 0;
  const account = (await ask(node, `/v1/accounts/${encodeURIComponent(from)}`)) as { nonce: number };
  return account.nonce;
}

async function ask(node: string, path: string): Promise<unknown> {
  const { status, body } = await call(node, path);
  if (status === 200) return body;
  const { error } = body as Partial<Refusal>;
  throw fail('cli.node', { expected: `${path} answered with 200`, got: error?.message ?? `status ${status}` });
}

async function send(node: string, bytes: Uint8Array): Promise<{ readonly hash: string } | Refusal> {
  const { status, body } = await call(node, '/v1/transactions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tx: toHex(bytes) }),
  });
  const answer = body as Partial<Refusal & { hash: string }>;
  if (status === 202 && typeof answer.hash === 'string') return { hash: answer.hash };
  if (answer.error !== undefined) return { error: answer.error };
  throw fail('cli.node', { expected: 'an answer of a GridPact node', got: `status ${status}` });
}

async function call(node: string, path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
  try {
    const response = await fetch(new URL(path, node), { ...init, signal: AbortSignal.timeout(10000) });
    return { status: response.status, body: await response.json() };
  } catch (cause) {
    throw fail('cli.node', { expected: `a GridPact node at ${node}`, got: String(cause), cause });
  }
}
