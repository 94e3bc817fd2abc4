import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/base/hash.ts';
import { MAX_TX_BYTES } from '../../src/ledger/transaction.ts';
import { START_MS, TestChain, type Draft } from '../support/chain.ts';
import { get, post, serve, type ErrorAnswer, type Served } from './served.ts';

let served: Served;
let chain: TestChain;
let wakes = 0;
const log: string[] = [];

beforeAll(async () => {
  chain = await TestChain.open();
  const stream = { write: (line: string) => void log.push(line) };
  served = await serve(chain, { onAccepted: () => void wakes++, logger: { level: 'debug', stream } });
});
afterAll(() => served.close());

const transfer: Draft = ['buyer', 'account.transfer', { to: 'owner-1', micro: 5 }];

function send(contentType: string, payload: string | Buffer) {
  return served.api.inject({
    method: 'POST',
    url: '/v1/transactions',
    headers: { 'content-type': contentType },
    payload,
  });
}

describe('a transaction', () => {
  it('is taken once: waiting, then committed, and its bytes again change nothing', async () => {
    const tx = chain.tx(transfer);
    const hash = toHex(sha256(tx));
    const first = await post(served.api, tx);
    expect([first.statusCode, first.json()]).toEqual([202, { hash, accepted: true }]);
    expect(wakes).toBe(1);
    expect(await get(served.api, `/v1/transactions/${hash}`)).toMatchObject({ status: 'waiting', height: null });
    const again = await post(served.api, tx);
    expect([again.statusCode, again.json<ErrorAnswer>().error.code]).toEqual([409, 'tx.duplicate']);
    expect([chain.engine.poolSize, wakes]).toEqual([1, 1]);

    const { block } = await chain.engine.produce({ timeMs: START_MS - 35000 });
    expect(block.txs).toHaveLength(1);
    const status = { hash, status: 'committed', height: block.height, index: 0 };
    expect(await get(served.api, `/v1/transactions/${hash}`)).toEqual({
      ...status,
      result: { code: 0, error: '', detail: '' },
    });
    const root = chain.stateRoot;
    const late = await post(served.api, tx);
    expect([late.statusCode, late.json<ErrorAnswer>().error.code]).toEqual([409, 'tx.duplicate']);
    expect([chain.engine.poolSize, chain.stateRoot]).toEqual([0, root]);
    expect(await get(served.api, '/v1/accounts/owner-1')).toMatchObject({ balanceMicro: 5 });
  });

  it('refused in a block may be sent again when it has become good', async () => {
    const early = chain.tx(transfer, { nonce: 3 });
    const { block, results } = await chain.engine.produce({ timeMs: START_MS - 34000, txs: [early] });
    expect(results[0]!.error).toBe('tx.nonce');
    const { result } = await get<{ result: unknown }>(served.api, `/v1/transactions/${toHex(sha256(early))}`);
    expect(result).toEqual(results[0]);
    expect((await post(served.api, early)).json<ErrorAnswer>().error.code).toBe('tx.nonce');
    await chain.block(START_MS - 33000, [transfer]);
    expect((await post(served.api, early)).statusCode).toBe(202);
    const later = await chain.engine.produce({ timeMs: START_MS - 32000 });
    const status = await get<{ height: number }>(served.api, `/v1/transactions/${toHex(sha256(early))}`);
    expect([block.height + 2, status.height]).toEqual([later.block.height, later.block.height]);
  });

  it('that nobody sent is unknown', async () => {
    const { error } = await get<ErrorAnswer>(served.api, `/v1/transactions/${'0'.repeat(64)}`, 404);
    expect(error.code).toBe('tx.unknown');
  });

  it('may come as plain bytes', async () => {
    const tx = chain.tx(transfer);
    const answer = await send('application/octet-stream', Buffer.from(tx));
    expect([answer.statusCode, answer.json()]).toEqual([202, { hash: toHex(sha256(tx)), accepted: true }]);
    await chain.engine.produce({ timeMs: START_MS - 31000 });
  });

  it('as JSON needs hex, and no other field', async () => {
    for (const [body, expected, got] of [
      [{ tx: 'zz' }, 'body.tx must match', 'zz'],
      [{ tx: 'FF' }, 'body.tx must match', 'FF'],
      [{ tx: 'abc' }, 'body.tx must match', 'abc'],
      [{}, 'body must have required property', undefined],
      [{ tx: 'ff', fee: 1 }, 'body must NOT have additional properties', undefined],
    ] as const) {
      const answer = await send('application/json', JSON.stringify(body));
      const { error } = answer.json<ErrorAnswer>();
      expect([answer.statusCode, error.code, error.got]).toEqual([400, 'api.request', got]);
      expect(error.expected).toContain(expected);
    }
    expect((await send('application/json', '{')).json<ErrorAnswer>().error.code).toBe('api.request');
    expect((await send('application/json', '{"tx":"ff"}')).json<ErrorAnswer>().error.code).toBe('tx.size');
  });
});

describe('limits', () => {
  it('no body is larger than the largest transaction needs', async () => {
    const largest = JSON.stringify({ tx: '01'.repeat(MAX_TX_BYTES) });
    expect((await send('application/json', largest)).json<ErrorAnswer>().error.code).not.toMatch(/^api/);
    const answer = await send('application/json', JSON.stringify({ tx: '01'.repeat(MAX_TX_BYTES + 64) }));
    expect([answer.statusCode, answer.json<ErrorAnswer>().error.code]).toEqual([413, 'api.bodySize']);
    const over = await send('application/octet-stream', Buffer.alloc(MAX_TX_BYTES + 1, 1));
    expect(over.json<ErrorAnswer>().error.code).toBe('tx.size');
  });

  it('other media types are refused', async () => {
    for (const type of ['text/plain', 'application/xml']) {
      const answer = await send(type, 'x');
      expect([answer.statusCode, answer.json<ErrorAnswer>().error.code]).toEqual([415, 'api.mediaType']);
    }
  });

  it('one address has so many requests a minute, unknown routes included', async () => {
    const other = await serve(await TestChain.bare(), { limits: { requestsPerMinute: 3 } });
    const ask = async (url: string) => {
      const answer = await other.api.inject(url);
      return [answer.statusCode, answer.json<Partial<ErrorAnswer>>().error?.code];
    };
    const answers: unknown[] = [];
    for (const url of ['/v1/balances', '/v1/nowhere', '/v1/balances', '/v1/balances', '/v1/nowhere']) {
      answers.push(await ask(url));
    }
    expect(answers).toEqual([
      [200, undefined],
      [404, 'api.route'],
      [200, undefined],
      [429, 'api.rate'],
      [429, 'api.rate'],
    ]);
    await other.close();
  });
});

describe('what a browser and a log see', () => {
  it('nothing may be framed, sniffed or run; no origin but its own is let in', async () => {
    const { headers } = await served.api.inject({ url: '/v1/health', headers: { origin: 'http://elsewhere.example' } });
    expect(headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    const preflight = await served.api.inject({ method: 'OPTIONS', url: '/v1/transactions' });
    expect(preflight.statusCode).toBe(404);
  });

  it('the page at /docs runs under its own policy: own scripts and styles, nothing inline', async () => {
    const page = await served.api.inject('/docs');
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    expect(page.body).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>|<style|\son[a-z]+=|style=/);
    const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!);
    expect(sources.length).toBeGreaterThan(4);
    for (const url of sources) expect([url, (await served.api.inject(url)).statusCode]).toEqual([url, 200]);
  });

  it('the log tells of requests, never of what they carried', async () => {
    const tx = chain.tx(transfer);
    await post(served.api, tx);
    const text = log.join('');
    expect(text).toContain('/v1/transactions');
    expect(text).not.toContain(toHex(tx).slice(0, 64));
    expect(text).not.toContain('"body"');
  });

  it('a fault of ours is told as internal, without its stack', async () => {
    const other = await serve(await TestChain.bare(), {
      clock: {
        nowMs: () => {
          throw new Error('secret detail of the machine');
        },
      },
    });
    const answer = await other.api.inject('/v1/health');
    expect([answer.statusCode, answer.json()]).toEqual([
      500,
      { error: { code: 'internal', message: 'An unexpected error; see the log of the node.' } },
    ]);
    await other.close();
  });
});
