/** A test chain with the API in front of it; requests are injected, nothing listens. */
import type { Api } from '../../src/api/context.ts';
import { buildServer, type ServerOptions } from '../../src/api/server.ts';
import { toHex } from '../../src/base/bytes.ts';
import type { TestChain } from '../support/chain.ts';

export const BACKEND = 'described once';

export interface Served {
  readonly chain: TestChain;
  readonly api: Api;
  close(): Promise<void>;
}

export async function serve(chain: TestChain, options: Partial<ServerOptions> = {}): Promise<Served> {
  const { engine, clock } = chain;
  const api = await buildServer({ engine, clock, backend: () => Promise.resolve(BACKEND), ...options });
  await api.ready();
  return {
    chain,
    api,
    async close() {
      await api.close();
      await chain.close();
    },
  };
}

export interface ErrorAnswer {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly expected?: unknown;
    readonly got?: unknown;
  };
}

/** The answer's JSON. @throws Error unless the status is the one expected. */
export async function get<T>(api: Api, url: string, status = 200): Promise<T> {
  const answer = await api.inject(url);
  if (answer.statusCode !== status) throw new Error(`${url}: ${answer.statusCode} ${answer.body}`);
  return answer.json<T>();
}

export function post(api: Api, tx: Uint8Array) {
  return api.inject({ method: 'POST', url: '/v1/transactions', payload: { tx: toHex(tx) } });
}
