/** Receipts: page by page, or one by its place. */
import { Type, type Static } from 'typebox';
import { toHex } from '../../base/bytes.ts';
import { cidDigest } from '../../base/cid.ts';
import { readReceiptPage, receiptProof, type LocatedReceipt } from '../../ledger/reader.ts';
import { receiptView } from '../../ledger/views.ts';
import type { Api, ApiContext } from '../context.ts';
import { answers, Cid, Count, Height, Id, ReceiptIndex, ref } from '../schemas/common.ts';
import { Receipt, ReceiptPage } from '../schemas/market.ts';

const MAX_RECEIPTS_PER_PAGE = 500;

const PageQuery = Type.Object(
  {
    owner: Type.Optional(Id),
    asset: Type.Optional(Id),
    deployment: Type.Optional(Cid),
    fromInterval: Type.Optional(Count),
    toInterval: Type.Optional(Count),
    limit: Type.Integer({ minimum: 1, maximum: MAX_RECEIPTS_PER_PAGE, default: 100 }),
    cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}\\.[0-9]{1,9}$', description: '`next` of a page' })),
  },
  { additionalProperties: false },
);

export function receiptRoutes(api: Api, { engine }: ApiContext): void {
  api.get('/v1/receipts', {
    schema: {
      operationId: 'listReceipts',
      tags: ['receipts'],
      summary: 'Receipts of intervals in [fromInterval, toInterval), in the order they were issued',
      description:
        'A page may be shorter than `limit`, even empty, and still have a `next`: the rows looked at for one ' +
        'page are bounded. The end is `next: null`.',
      querystring: PageQuery,
      response: answers(ref(ReceiptPage)),
    },
    handler: ({ query }) => receiptPage(engine.store, query),
  });

  api.get('/v1/receipts/:height/:index', {
    schema: {
      operationId: 'getReceipt',
      tags: ['receipts'],
      summary: 'One receipt by block height and its place in that block',
      params: Type.Object({ height: Height, index: ReceiptIndex }),
      response: answers(ref(Receipt)),
    },
    async handler({ params: { height, index } }) {
      const { receipt } = await receiptProof(engine.store, height, index);
      return receiptJson({ height, index, receipt });
    },
  });
}

async function receiptPage(
  store: ApiContext['engine']['store'],
  { limit, cursor = '0.0', deployment, ...filter }: Static<typeof PageQuery>,
): Promise<Static<typeof ReceiptPage>> {
  const [height, index] = cursor.split('.').map(Number) as [number, number];
  const digest = deployment === undefined ? undefined : toHex(cidDigest(deployment));
  const page = await readReceiptPage(store, { ...filter, deployment: digest }, { height, index }, limit);
  const { next } = page;
  return {
    receipts: page.receipts.map(receiptJson),
    next: next === undefined ? null : `${next.height}.${next.index}`,
  };
}

export function receiptJson({ height, index, receipt }: LocatedReceipt): Static<typeof Receipt> {
  return { height, index, ...receiptView(receipt) };
}
