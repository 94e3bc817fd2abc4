/** Proofs, each with the signed header that it verifies against. */
import { Type, type Static } from 'typebox';
import { toHex } from '../../base/bytes.ts';
import { fail } from '../../base/errors.ts';
import type { EmbeddedEngine } from '../../ledger/engines/embedded.ts';
import { SIGNED_HEADER } from '../../ledger/header.ts';
import { stateProofView } from '../../ledger/query.ts';
import { receiptProof } from '../../ledger/reader.ts';
import type { Api, ApiContext } from '../context.ts';
import { answers, Height, ReceiptIndex, ref } from '../schemas/common.ts';
import { ReceiptProof, StateProof } from '../schemas/market.ts';
import { receiptJson } from './receipts.ts';

/** Longer than any key of state. */
const MAX_KEY_DIGITS = 512;

export function proofRoutes(api: Api, { engine }: ApiContext): void {
  api.get('/v1/proofs/receipt/:height/:index', {
    schema: {
      operationId: 'proveReceipt',
      tags: ['proofs'],
      summary: 'A payment proof: whoever holds the header checks the payment with it alone',
      params: Type.Object({ height: Height, index: ReceiptIndex }),
      response: answers(ref(ReceiptProof)),
    },
    async handler({ params: { height, index } }) {
      const { header, proof, receipt } = await receiptProof(engine.store, height, index);
      return {
        receipt: receiptJson({ height, index, receipt }),
        proof: toHex(proof),
        signedHeader: toHex(SIGNED_HEADER.encode(engine.sign(header))),
      };
    },
  });

  api.get('/v1/proofs/state/:key', {
    schema: {
      operationId: 'proveState',
      tags: ['proofs'],
      summary: 'What a state key holds after the last block, or that it holds nothing',
      params: Type.Object({ key: Type.String({ pattern: '^([0-9a-f]{2})+$', maxLength: MAX_KEY_DIGITS }) }),
      response: answers(ref(StateProof)),
    },
    handler: async ({ params: { key } }) => provedKey(engine, key),
  });
}

/** State and header change together, so the proof is always of the header that goes with it. */
export function provedKey(engine: EmbeddedEngine, key: string): Static<typeof StateProof> {
  const header = engine.app.lastHeader;
  if (header === undefined) throw fail('block.unknown', { expected: 'a committed block', got: 'none yet' });
  return { ...stateProofView(engine.app, key), signedHeader: toHex(SIGNED_HEADER.encode(engine.sign(header))) };
}
