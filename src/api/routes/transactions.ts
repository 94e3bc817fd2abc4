/** Sending transactions, and asking what became of them. */
import { Type, type Static } from 'typebox';
import { fromHex } from '../../base/bytes.ts';
import { fail, type GridPactError } from '../../base/errors.ts';
import { readResults } from '../../ledger/reader.ts';
import type { Api, ApiContext } from '../context.ts';
import { Submission, Submitted, TxStatus } from '../schemas/chain.ts';
import { answers, Hash, ref } from '../schemas/common.ts';

const OCTETS = 'application/octet-stream';

export function transactionRoutes(api: Api, context: ApiContext): void {
  api.post('/v1/transactions', {
    schema: {
      operationId: 'submitTransaction',
      tags: ['transactions'],
      summary: 'Check a signed transaction and hold it for the next block',
      description:
        'Safe to repeat: bytes that wait or are committed are refused with `tx.duplicate` and change nothing. ' +
        'Acceptance here is a check; what came of the transaction is in its block.',
      body: {
        content: {
          'application/json': { schema: ref(Submission) },
          [OCTETS]: { schema: Type.Any({ description: 'the bytes of the transaction' }) },
        },
      },
      response: answers(ref(Submitted), 202),
    },
    async handler({ body }, reply) {
      const tx = body instanceof Uint8Array ? body : fromHex((body as Static<typeof Submission>).tx);
      const { hash, refusal } = context.engine.submit(tx);
      if (refusal !== undefined) throw await explain(context, hash, refusal);
      context.onAccepted();
      return reply.code(202).send({ hash, accepted: true });
    },
  });

  api.get('/v1/transactions/:hash', {
    schema: {
      operationId: 'getTransaction',
      tags: ['transactions'],
      summary: 'Where a recent transaction stands, and what came of it',
      params: Type.Object({ hash: Hash }),
      response: answers(ref(TxStatus)),
    },
    handler: ({ params: { hash } }) => statusOf(context, hash),
  });
}

/** Sent again after it was committed, a transaction fails on its nonce or counter; what the sender must know is why. */
async function explain({ engine, index }: ApiContext, hash: string, refusal: GridPactError): Promise<GridPactError> {
  const position = await index.find(hash);
  if (position === undefined) return refusal;
  const result = (await readResults(engine.store, position.height))[position.index];
  return result?.code === 0 ? fail('tx.duplicate', { got: `${hash}, committed in block ${position.height}` }) : refusal;
}

async function statusOf({ engine, index }: ApiContext, hash: string): Promise<Static<typeof TxStatus>> {
  if (engine.isWaiting(hash)) return { hash, status: 'waiting', height: null, index: null, result: null };
  const position = await index.find(hash);
  if (position === undefined) throw fail('tx.unknown', { got: hash });
  const result = (await readResults(engine.store, position.height))[position.index]!;
  return { hash, status: 'committed', ...position, result };
}
