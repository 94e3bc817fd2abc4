/** Health, genesis and blocks. */
import { Type, type Static } from 'typebox';
import { toHex } from '../../base/bytes.ts';
import { cidOf } from '../../base/cid.ts';
import { fail, isGridPactError } from '../../base/errors.ts';
import { sha256 } from '../../base/hash.ts';
import type { TxResult } from '../../ledger/engines/port.ts';
import { headerHash, headerView, SIGNED_HEADER, type SignedHeader } from '../../ledger/header.ts';
import { readBlock, readResults } from '../../ledger/reader.ts';
import { ROW } from '../../ledger/store/rows.ts';
import { decodeTx } from '../../ledger/transaction.ts';
import type { Api, ApiContext } from '../context.ts';
import { Block, BlockPage, Genesis, Health, type BlockTx, type Header } from '../schemas/chain.ts';
import { answers, Height, ref } from '../schemas/common.ts';

const MAX_BLOCKS_PER_PAGE = 100;

export function chainRoutes(api: Api, context: ApiContext): void {
  api.get('/v1/health', {
    schema: {
      operationId: 'getHealth',
      tags: ['chain'],
      summary: 'Where the chain and this node stand',
      response: answers(ref(Health)),
    },
    handler: () => health(context),
  });

  api.get('/v1/genesis', {
    schema: {
      operationId: 'getGenesis',
      tags: ['chain'],
      summary: 'The genesis document',
      response: answers(ref(Genesis)),
    },
    handler: () => genesis(context),
  });

  api.get('/v1/blocks', {
    schema: {
      operationId: 'listBlocks',
      tags: ['chain'],
      summary: 'Headers in order of height; without `from`, the last ones',
      querystring: Type.Object(
        {
          from: Type.Optional(Height),
          limit: Type.Integer({ minimum: 1, maximum: MAX_BLOCKS_PER_PAGE, default: 20 }),
        },
        { additionalProperties: false },
      ),
      response: answers(ref(BlockPage)),
    },
    handler: ({ query: { from, limit } }) => blockPage(context, from, limit),
  });

  api.get('/v1/blocks/:height', {
    schema: {
      operationId: 'getBlock',
      tags: ['chain'],
      summary: 'A block: signed header, transactions, results',
      params: Type.Object({ height: Height }),
      response: answers(ref(Block)),
    },
    handler: ({ params: { height } }) => block(context, height),
  });
}

async function health({ engine, clock, backend, version }: ApiContext): Promise<Static<typeof Health>> {
  const described = await backend();
  const { app, height, poolSize } = engine;
  return {
    status: 'ok',
    chain: app.genesis.chain,
    height,
    timeMs: app.lastHeader?.timeMs ?? null,
    clockMs: clock.nowMs(),
    stateRoot: toHex(app.state.root()),
    appHash: toHex(app.info().lastBlockAppHash),
    poolSize,
    backend: described,
    version,
  };
}

async function genesis({ engine }: ApiContext): Promise<Static<typeof Genesis>> {
  const bytes = await engine.store.get(ROW.genesis);
  if (bytes === undefined) throw fail('store.damaged', { expected: 'a genesis document' });
  const { accounts, ...rest } = engine.app.genesis;
  return {
    ...rest,
    cid: cidOf(bytes),
    accounts: accounts.map(({ name, key, micro }) => ({ name, publicKey: toHex(key), micro })),
    document: toHex(bytes),
  };
}

async function blockPage(
  { engine }: ApiContext,
  given: number | undefined,
  limit: number,
): Promise<Static<typeof BlockPage>> {
  const from = given ?? Math.max(1, engine.height - limit + 1);
  const end = Math.min(from + limit, engine.height + 1);
  const blocks: Static<typeof Header>[] = [];
  for (let height = from; height < end; height++) blocks.push(headerJson(await engine.header(height)));
  return { blocks, next: end <= engine.height && end >= from ? end : null };
}

async function block({ engine }: ApiContext, height: number): Promise<Static<typeof Block>> {
  const header = await engine.header(height);
  const { txs } = await readBlock(engine.store, height);
  const results = await readResults(engine.store, height);
  return {
    header: headerJson(header),
    signedHeader: toHex(SIGNED_HEADER.encode(header)),
    txs: txs.map((tx, i) => blockTx(tx, results[i]!)),
  };
}

function headerJson(header: SignedHeader): Static<typeof Header> {
  return { ...(headerView(header) as Static<typeof Header>), hash: toHex(headerHash(header)) };
}

function blockTx(tx: Uint8Array, result: TxResult): Static<typeof BlockTx> {
  return { hash: toHex(sha256(tx)), ...sender(tx), tx: toHex(tx), result };
}

/** A block may hold bytes that are no transaction: they are refused in execution. */
function sender(tx: Uint8Array): { readonly kind: string; readonly from: string } {
  try {
    const decoded = decodeTx(tx);
    return decoded.type === 'account'
      ? { kind: decoded.tx.kind, from: decoded.tx.from }
      : { kind: 'readings', from: decoded.batch.device };
  } catch (error) {
    if (!isGridPactError(error)) throw error;
    return { kind: 'undecodable', from: '' };
  }
}
