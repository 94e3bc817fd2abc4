/** Accounts, assets, balances, statements. */
import { Type } from 'typebox';
import { SAFE_MAX } from '../../base/fixed.ts';
import { accountView, assetView, balances } from '../../ledger/query.ts';
import { readStatement } from '../../ledger/reader.ts';
import type { Api, ApiContext } from '../context.ts';
import { answers, Count, Id, ref } from '../schemas/common.ts';
import { Account, Asset, Balances, Statement } from '../schemas/market.ts';

export function accountRoutes(api: Api, { engine }: ApiContext): void {
  const { app, store } = engine;

  api.get('/v1/accounts/:name', {
    schema: {
      operationId: 'getAccount',
      tags: ['accounts'],
      summary: 'An account: key, next nonce, balance',
      params: Type.Object({ name: Id }),
      response: answers(ref(Account)),
    },
    handler: async ({ params: { name } }) => accountView(app.state, name),
  });

  api.get('/v1/assets/:id', {
    schema: {
      operationId: 'getAsset',
      tags: ['accounts'],
      summary: 'An asset: owner, ratings, meter counter',
      params: Type.Object({ id: Id }),
      response: answers(ref(Asset)),
    },
    handler: async ({ params: { id } }) => assetView(app.state, id),
  });

  api.get('/v1/balances', {
    schema: {
      operationId: 'listBalances',
      tags: ['accounts'],
      summary: 'Every balance of the ledger, and their sum, which is zero',
      response: answers(ref(Balances)),
    },
    handler: async () => balances(app),
  });

  api.get('/v1/statements/:owner', {
    schema: {
      operationId: 'getStatement',
      tags: ['receipts'],
      summary: 'Every payment to an owner, for intervals that start in [fromMs, toMs)',
      params: Type.Object({ owner: Id }),
      querystring: Type.Object(
        { fromMs: Type.Optional(Count), toMs: Type.Optional(Count) },
        { additionalProperties: false },
      ),
      response: answers(ref(Statement)),
    },
    async handler({ params: { owner }, query: { fromMs = 0, toMs = SAFE_MAX } }) {
      accountView(app.state, owner);
      return readStatement(store, owner, { fromMs, toMs });
    },
  });
}
