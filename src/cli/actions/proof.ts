import { writeFile } from 'node:fs/promises';
import { fromHex, toHex } from '../../base/bytes.ts';
import { fail } from '../../base/errors.ts';
import { headerHash, headerView, SIGNED_HEADER, signHeader } from '../../ledger/header.ts';
import { allReceipts, receiptProof, type LocatedReceipt } from '../../ledger/reader.ts';
import type { KeyValueStore } from '../../ledger/store/kv.ts';
import { receiptView } from '../../ledger/views.ts';
import type { Action } from '../command.ts';
import type { MakeFlags, VerifyFlags } from '../commands/proof.ts';
import { withLedger } from '../dataDirectory.ts';
import { errnoOf, readBytesFile } from '../files.ts';
import { loadSigner } from '../keyFile.ts';
import { hexLine, verifyPayment, type VerifiedPayment } from '../paymentProof.ts';
import { money } from '../ui/format.ts';
import { facts } from '../ui/table.ts';

type Place = Pick<LocatedReceipt, 'height' | 'index'>;

export const makeProof: Action<MakeFlags> = async (report, flags) => {
  const { data, key, keysDir = data, out, headerOut } = flags;
  const place = placeOf(flags);
  const made = await withLedger(data, async (store) => {
    const { height, index } = typeof place === 'string' ? await lastPayment(store, place) : place;
    return { height, index, ...(await receiptProof(store, height, index)) };
  });
  const signer = await loadSigner(keysDir, key);
  const proof = hexLine(made.proof);
  const header = hexLine(SIGNED_HEADER.encode(signHeader(made.header, signer)));
  // A store that was tampered with gives proofs that do not hold: better said here than where they are shown.
  verifyPayment(proof, header, signer.publicKey);
  if (out !== undefined) await write(out, proof);
  if (headerOut !== undefined) await write(headerOut, header);
  const { height, index, receipt } = made;
  report.text(
    ...facts([
      ['payment', `${money(receipt.payMicro)} to ${receipt.owner}, block ${height} receipt ${index}`],
      ['proof', out ?? toHex(made.proof)],
      ['header', headerOut ?? textOf(header)],
    ]),
  );
  report.document({ height, index, proof: made.proof, header: textOf(header), receipt: { ...receiptView(receipt) } });
};

/** The owner whose last payment is meant, or the place itself. @throws `cli.usage` unless exactly one is given. */
function placeOf({ height, index, owner, last }: MakeFlags): string | Place {
  const placed = height !== undefined && index !== undefined;
  const named = owner !== undefined && last;
  const either = height !== undefined || index !== undefined;
  if (named && !either) return owner;
  if (placed && owner === undefined && !last) return { height, index };
  throw fail('cli.usage', { expected: '--height and --index, or --owner and --last', got: 'something else' });
}

/** @throws `receipt.unknown` when nothing was paid. */
async function lastPayment(store: KeyValueStore, owner: string): Promise<Place> {
  let last: LocatedReceipt | undefined;
  for await (const located of allReceipts(store, owner)) if (located.receipt.payMicro > 0) last = located;
  if (last === undefined) throw fail('receipt.unknown', { expected: 'a payment', got: `none to ${owner}` });
  return last;
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    throw fail('cli.file', { expected: 'a file that can be written', got: `${file} (${errnoOf(cause)})`, cause });
  }
}

function textOf(line: Uint8Array): string {
  return new TextDecoder().decode(line).trimEnd();
}

export const verifyProof: Action<VerifyFlags> = async (report, { proof, header, nodeKey }) => {
  const key = nodeKey === undefined ? undefined : readKey(nodeKey);
  const payment = verifyPayment(await readBytesFile(proof), await readBytesFile(header), key);
  report.text(...paymentLines(payment, key !== undefined, report.colours.green));
  report.document({
    verified: true,
    nodeKeyChecked: key !== undefined,
    receipt: { ...receiptView(payment.receipt) },
    header: headerView(payment.header),
  });
};

function readKey(hex: string): Uint8Array {
  if (/^[0-9a-f]{64}$/.test(hex)) return fromHex(hex);
  throw fail('cli.usage', { expected: '--node-key: 64 lower-case hex digits', got: hex.slice(0, 80) });
}

function paymentLines(
  { header, receipt }: VerifiedPayment,
  pinned: boolean,
  green: (text: string) => string,
): string[] {
  const { owner, asset, service, startMs, payMicro, penaltyMicro, hash } = receiptView(receipt);
  return facts([
    ['verdict', green('the proof holds')],
    ['payment', `${money(payMicro)} to ${owner}${penaltyMicro > 0 ? `, penalty ${money(penaltyMicro)}` : ''}`],
    ['for', `${service} of ${asset} in the interval from ${new Date(startMs).toISOString()}`],
    ['receipt', hash],
    ['block', `${header.height} of ${header.chain}, ${new Date(header.timeMs).toISOString()}`],
    ['header', toHex(headerHash(header))],
    ['signed by', toHex(header.signer)],
    ...(pinned ? [] : [['', 'any node: --node-key insists on one'] as const]),
  ]);
}
