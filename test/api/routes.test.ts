import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { cidOf } from '../../src/base/cid.ts';
import { RECEIPT } from '../../src/ledger/receipt.ts';
import { decodeGenesis } from '../../src/ledger/genesis.ts';
import { headerFromHex, headerHash, verifyHeader } from '../../src/ledger/header.ts';
import { verifyReceiptProof, verifyStateProof } from '../../src/ledger/proof.ts';
import { accountView, assetView, balances, deploymentView, policyView, setpointView } from '../../src/ledger/query.ts';
import { readResults, readStatement } from '../../src/ledger/reader.ts';
import { accountTable, setpointTable } from '../../src/ledger/tables.ts';
import type { TrieProof } from '../../src/ledger/trie.ts';
import { digestHex, ESCROW_MICRO, FIRST_INTERVAL, PARAMETERS, signer, START_MS, TestChain } from '../support/chain.ts';
import { BACKEND, get, serve, type ErrorAnswer, type Served } from './served.ts';

let served: Served;
/** Route templates that were asked for. */
const asked = new Set<string>();

beforeAll(async () => {
  const chain = await TestChain.open();
  await chain.live(3);
  served = await serve(chain);
});
afterAll(() => served.close());

/** Asks and remembers which route it was. */
async function ask<T>(
  template: string,
  params: Readonly<Record<string, string | number>> = {},
  query = '',
): Promise<T> {
  asked.add(template);
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name]!));
  return get<T>(served.api, path + query);
}

interface ProofJson {
  readonly key: string;
  readonly value: string | null;
  readonly siblings: readonly string[];
  readonly leaf: { readonly keyHash: string; readonly valueHash: string } | null;
  readonly signedHeader: string;
}

/** As a device checks it: the node's signature, then the path. */
function verifyProofJson({ key, value, siblings, leaf, signedHeader }: ProofJson): boolean {
  const header = headerFromHex(signedHeader);
  const proof: TrieProof = {
    siblings: siblings.map((hex) => fromHex(hex)),
    leaf: leaf === null ? undefined : { keyHash: fromHex(leaf.keyHash), valueHash: fromHex(leaf.valueHash) },
  };
  const signed = verifyHeader(header) && toHex(header.signer) === toHex(signer('node').publicKey);
  return signed && verifyStateProof(header, key, value === null ? undefined : fromHex(value), proof);
}

describe('chain', () => {
  it('health names chain, height, roots, pool, backend and version', async () => {
    const { engine, clock, stateRoot } = served.chain;
    expect(await ask('/v1/health')).toEqual({
      status: 'ok',
      chain: 'test-chain',
      height: engine.height,
      timeMs: engine.app.lastHeader!.timeMs,
      clockMs: clock.nowMs(),
      stateRoot,
      appHash: toHex(headerHash(engine.app.lastHeader!)),
      poolSize: 0,
      backend: BACKEND,
      version: '0.1.0',
    });
  });

  it('asks for the backend once, and not before the first health request', async () => {
    const chain = await TestChain.bare();
    let calls = 0;
    const backend = (): Promise<string> => Promise.resolve(`loaded ${++calls}`);
    const other = await serve(chain, { backend });
    await get(other.api, '/v1/genesis');
    expect(calls).toBe(0);
    const health = await Promise.all([1, 2].map(() => get<{ backend: string }>(other.api, '/v1/health')));
    expect(health.map((h) => h.backend)).toEqual(['loaded 1', 'loaded 1']);
    expect(health[0]).toMatchObject({ height: 0, timeMs: null });
    await get(other.api, '/v1/proofs/state/02', 404);
    await other.close();
  });

  it('stands without a backend: a node does not train', async () => {
    const other = await serve(await TestChain.bare(), { backend: () => Promise.reject(new Error('no backend')) });
    expect(await get(other.api, '/v1/health')).toMatchObject({ status: 'ok', backend: 'unavailable' });
    await other.close();
  });

  it('genesis is the document itself, decoded', async () => {
    const genesis = await ask<{ document: string; cid: string }>('/v1/genesis');
    const bytes = fromHex(genesis.document);
    expect(genesis.cid).toBe(cidOf(bytes));
    const { accounts, ...rest } = decodeGenesis(bytes);
    expect(genesis).toMatchObject({
      ...rest,
      accounts: accounts.map(({ name, key, micro }) => ({ name, publicKey: toHex(key), micro })),
    });
  });

  it('blocks come in pages, in order, linked by their hashes', async () => {
    interface Page {
      readonly blocks: readonly { height: number; previous: string; hash: string }[];
      readonly next: number | null;
    }
    const { height } = served.chain.engine;
    const all: Page['blocks'][number][] = [];
    for (let from: number | null = 1; from !== null;) {
      const page: Page = await ask('/v1/blocks', {}, `?from=${from}&limit=5`);
      all.push(...page.blocks);
      from = page.next;
    }
    expect(all.map((block) => block.height)).toEqual(Array.from({ length: height }, (_, i) => i + 1));
    all.slice(1).forEach((block, i) => expect(block.previous).toBe(all[i]!.hash));
    const last = await ask<Page>('/v1/blocks', {}, '?limit=2');
    expect(last.blocks).toEqual(all.slice(-2));
    expect(await ask<Page>('/v1/blocks', {}, `?from=${height + 5}`)).toEqual({ blocks: [], next: null });
  });

  it('a block has its signed header, its transactions and what came of them', async () => {
    interface Json {
      readonly header: { readonly hash: string };
      readonly signedHeader: string;
      readonly txs: readonly { readonly kind: string; readonly from: string; readonly result: unknown }[];
    }
    const block = await ask<Json>('/v1/blocks/{height}', { height: 2 });
    const header = headerFromHex(block.signedHeader);
    expect(verifyHeader(header)).toBe(true);
    expect(block.header.hash).toBe(toHex(headerHash(header)));
    expect(block.txs.map(({ kind, from }) => [kind, from])).toEqual(
      [0, 1, 2].map(() => ['deployment.propose', 'engineer']),
    );
    expect(block.txs.map(({ result }) => result)).toEqual(await readResults(served.chain.engine.store, 2));
  });

  it('bytes that are no transaction are shown as such, with the refusal', async () => {
    const chain = await TestChain.open();
    const other = await serve(chain);
    const { block, results } = await chain.engine.produce({ timeMs: START_MS - 20000, txs: [new Uint8Array(99)] });
    const { txs } = await get<{ txs: unknown[] }>(other.api, `/v1/blocks/${block.height}`);
    expect(txs).toMatchObject([{ kind: 'undecodable', from: '', result: results[0] }]);
    expect(results[0]!.error).toBe('tx.malformed');
    await other.close();
  });
});

describe('market', () => {
  it('policies: registration, summary, and the bytes that the CID names', async () => {
    const { app } = served.chain.engine;
    const { policy } = served.chain;
    const view = policyView(app.state, digestHex(policy));
    expect(await ask('/v1/policies')).toEqual([view]);
    expect(await ask('/v1/policies/{cid}', { cid: policy })).toEqual({
      ...view,
      bytes: 341,
      inputs: [
        { name: 'f.grid', unit: 'hz.e-3', lo: 49000, hi: 51000 },
        { name: 'soc', unit: 'ratio.e-6', lo: 0, hi: 1000000 },
      ],
      outputs: [{ name: 'p.set', unit: 'w', lo: -20000, hi: 20000 }],
      layers: [
        { inSize: 2, outSize: 2, activation: 'relu' },
        { inSize: 2, outSize: 1, activation: 'identity' },
      ],
      head: 'cont',
      envelopes: 1,
    });
    asked.add('/v1/policies/{cid}/artifact');
    const artifact: LightMyRequestResponse = await served.api.inject(`/v1/policies/${policy}/artifact`);
    expect(artifact.headers['content-type']).toBe('application/vnd.ipld.dag-cbor');
    expect(cidOf(artifact.rawPayload)).toBe(policy);
  });

  it('deployments: state, terms and the document', async () => {
    const { chain } = served;
    const views = [chain.deployment, chain.unapproved, chain.expiring].map((cid) =>
      deploymentView(chain.engine.app, digestHex(cid)),
    );
    const all = await ask<{ cid: string }[]>('/v1/deployments');
    expect(all).toHaveLength(3);
    expect(all).toEqual(expect.arrayContaining(views));
    const detail = await ask<{ document: string }>('/v1/deployments/{cid}', { cid: chain.deployment });
    expect(detail).toMatchObject({ deployment: views[0], outputCap: 20000, terms: { buyer: 'buyer' } });
    expect(cidOf(fromHex(detail.document))).toBe(chain.deployment);
  });

  it('accounts, assets and balances that sum to zero', async () => {
    const { app } = served.chain.engine;
    expect(await ask('/v1/accounts/{name}', { name: 'buyer' })).toEqual(accountView(app.state, 'buyer'));
    expect(await ask('/v1/assets/{id}', { id: 'bess-1' })).toEqual(assetView(app.state, 'bess-1'));
    const money = await ask<{ sumMicro: number }>('/v1/balances');
    expect(money).toEqual(balances(app));
    expect(money.sumMicro).toBe(0);
    expect(accountView(app.state, 'buyer').balanceMicro).toBe(1000000000 - ESCROW_MICRO);
  });

  it('a name with a slash is one path segment, encoded', async () => {
    const { error } = await get<ErrorAnswer>(served.api, '/v1/accounts/site%2Fa', 404);
    expect(error).toMatchObject({ code: 'account.unknown', got: 'site/a' });
  });
});

describe('devices', () => {
  const template = '/v1/deployments/{cid}/setpoints/{asset}';

  it('a setpoint comes with a proof that a device can check', async () => {
    const { chain } = served;
    const { app } = chain.engine;
    for (const [query, interval] of [
      ['', FIRST_INTERVAL + 3],
      [`?interval=${FIRST_INTERVAL + 2}`, FIRST_INTERVAL + 2],
    ] as const) {
      const params = { cid: chain.deployment, asset: 'bess-1' };
      const { setpoint, proof } = await ask<{ setpoint: unknown; proof: ProofJson }>(template, params, query);
      expect(setpoint).toEqual(setpointView(app, digestHex(chain.deployment), 'bess-1', interval));
      expect(proof.key).toBe(setpointTable.key(interval, digestHex(chain.deployment), 'bess-1'));
      expect(setpointTable.decode(fromHex(proof.value!)).values).toEqual([10000]);
      expect(verifyProofJson(proof)).toBe(true);
      expect(verifyProofJson({ ...proof, value: proof.value!.replace('1027', '1127') })).toBe(false);
    }
  });

  it('says why there is none', async () => {
    const { chain } = served;
    const later = `?interval=${FIRST_INTERVAL + 100}`;
    for (const [cid, asset, query, status, code] of [
      [chain.deployment, 'bess-2', '', 422, 'asset.notOffered'],
      [chain.deployment, 'bess-9', '', 404, 'asset.unknown'],
      [chain.unapproved, 'bess-1', '', 422, 'deployment.notApproved'],
      [chain.expiring, 'bess-1', '', 422, 'deployment.expired'],
      [chain.deployment, 'bess-1', later, 422, 'deployment.expired'],
      [chain.policy, 'bess-1', '', 404, 'deployment.unknown'],
      ['not-a-cid', 'bess-1', '', 400, 'cid.malformed'],
    ] as const) {
      const url = `/v1/deployments/${cid}/setpoints/${asset}${query}`;
      expect((await get<ErrorAnswer>(served.api, url, status)).error.code).toBe(code);
    }
  });

  it('any state key is provable, also one that holds nothing', async () => {
    const { app } = served.chain.engine;
    const key = accountTable.key('buyer');
    const held = await ask<ProofJson>('/v1/proofs/state/{key}', { key });
    expect(fromHex(held.value!)).toEqual(app.state.get(key));
    expect(verifyProofJson(held)).toBe(true);
    const absent = await ask<ProofJson>('/v1/proofs/state/{key}', { key: accountTable.key('nobody') });
    expect(absent.value).toBeNull();
    expect(verifyProofJson(absent)).toBe(true);
    expect(verifyProofJson({ ...absent, value: '00' })).toBe(false);
  });
});

describe('receipts', () => {
  interface ReceiptJson {
    readonly height: number;
    readonly index: number;
    readonly interval: number;
    readonly payMicro: number;
    readonly hash: string;
  }
  interface Page {
    readonly receipts: readonly ReceiptJson[];
    readonly next: string | null;
  }

  it('pages go on where the cursor says, whatever the filter', async () => {
    const paged: ReceiptJson[] = [];
    let cursor = '';
    for (let pages = 0; pages < 9; pages++) {
      const page = await ask<Page>('/v1/receipts', {}, `?owner=owner-1&limit=1${cursor}`);
      paged.push(...page.receipts);
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(paged.map((receipt) => receipt.interval)).toEqual([0, 1, 2].map((i) => FIRST_INTERVAL + i));
    const { deployment } = served.chain;
    for (const [query, count] of [
      ['', 3],
      ['?asset=bess-1', 3],
      ['?asset=bess-2', 0],
      ['?owner=owner-2', 0],
      [`?deployment=${deployment}`, 3],
      [`?deployment=${served.chain.unapproved}`, 0],
      [`?fromInterval=${FIRST_INTERVAL + 1}`, 2],
      [`?fromInterval=${FIRST_INTERVAL + 1}&toInterval=${FIRST_INTERVAL + 2}`, 1],
    ] as const) {
      const { receipts, next } = await ask<Page>('/v1/receipts', {}, query);
      expect([query, receipts.length, next]).toEqual([query, count, null]);
    }
  });

  it('one receipt, and a payment proof that verifies against its header', async () => {
    const { receipts } = await ask<Page>('/v1/receipts');
    const { height, index } = receipts[1]!;
    expect(await ask('/v1/receipts/{height}/{index}', { height, index })).toEqual(receipts[1]);
    const proved = await ask<{ proof: string; signedHeader: string; receipt: ReceiptJson }>(
      '/v1/proofs/receipt/{height}/{index}',
      { height, index },
    );
    const header = headerFromHex(proved.signedHeader);
    expect(verifyHeader(header)).toBe(true);
    const receipt = verifyReceiptProof(header, fromHex(proved.proof));
    expect(proved.receipt).toEqual(receipts[1]);
    expect(receipt.payMicro).toBe(49999);
    expect(RECEIPT.encode(receipt).length).toBeGreaterThan(100);
    const { error } = await get<ErrorAnswer>(served.api, `/v1/receipts/${height}/${index + 1}`, 404);
    expect(error.code).toBe('receipt.unknown');
  });

  it('a statement is what the ledger reads, of the period asked for', async () => {
    const { store } = served.chain.engine;
    const all = await ask<{ netMicro: number }>('/v1/statements/{owner}', { owner: 'owner-1' });
    expect(all).toEqual(await readStatement(store, 'owner-1'));
    expect(all.netMicro).toBe(3 * 49999);
    const period = `?fromMs=${START_MS + 1}&toMs=${START_MS + PARAMETERS.dMs + 1}`;
    const part = await ask<{ netMicro: number }>('/v1/statements/{owner}', { owner: 'owner-1' }, period);
    expect(part.netMicro).toBe(49999);
    expect((await get<ErrorAnswer>(served.api, '/v1/statements/nobody', 404)).error.code).toBe('account.unknown');
  });
});

it('every GET route of the OpenAPI document was asked for above', () => {
  const { paths } = served.api.swagger() as { paths: Record<string, Record<string, unknown>> };
  const gets = Object.keys(paths).filter((path) => 'get' in paths[path]!);
  // Transactions have tests of their own.
  expect(gets.filter((path) => !asked.has(path))).toEqual(['/v1/transactions/{hash}']);
});
