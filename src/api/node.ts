/** A node: store, engine, API and the making of blocks, opened together and closed in the opposite order. */
import type { FastifyServerOptions } from 'fastify';
import type { Clock } from '../base/clock.ts';
import { fail } from '../base/errors.ts';
import type { Signer } from '../base/signature.ts';
import { assertSelfTest } from '../contracts/policy/vectors.ts';
import { EmbeddedEngine } from '../ledger/engines/embedded.ts';
import { policyDigests, policyView } from '../ledger/query.ts';
import type { KeyValueStore } from '../ledger/store/kv.ts';
import type { Api } from './context.ts';
import { assertLead, BlockProducer } from './producer.ts';
import { buildServer, type ServerLimits } from './server.ts';

export interface NodeOptions {
  readonly store: KeyValueStore;
  /** Undefined: the store's own. */
  readonly genesis: Uint8Array | undefined;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly blockMs: number;
  readonly backend: () => Promise<string>;
  readonly logger: Exclude<FastifyServerOptions['logger'], undefined>;
  readonly limits?: Partial<ServerLimits>;
}

export interface RunningNode {
  readonly url: string;
  readonly engine: EmbeddedEngine;
  /** Rejects when no more blocks can be made; else stays pending. */
  readonly failed: Promise<never>;
  /** Answers what is under way, finishes the block in the making, closes the store. */
  stop(): Promise<void>;
}

/** Takes over the store: it is closed on failure too. @throws `api.lead`, `api.listen`, `genesis.*`, `policy.selfTest`. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const engine = await openEngine(options);
  let broken: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (broken = reject));
  // Whoever waits for it hears of it; until then it must not end the process by itself.
  failed.catch(() => undefined);
  const producer = new BlockProducer({
    engine,
    clock: options.clock,
    blockMs: options.blockMs,
    onBlock: ({ block, events }) => {
      api.log.debug({ height: block.height, txs: block.txs.length, receipts: events.receipts.length }, 'block');
      for (const notice of events.notices) api.log.info(notice, 'notice');
    },
    onFailure: broken,
  });
  const { clock, backend, logger, limits = {} } = options;
  const api = await buildServer({ engine, clock, backend, logger, limits, onAccepted: () => producer.wake() });
  try {
    // The first block puts the genesis into state: whoever asks is to find it.
    await producer.tick();
    const url = await listen(api, options);
    producer.start();
    return { url, engine, failed, stop: () => stop(api, producer, engine) };
  } catch (error) {
    await stop(api, producer, engine);
    throw error;
  }
}

async function openEngine({ store, genesis, signer, clock, blockMs }: NodeOptions): Promise<EmbeddedEngine> {
  try {
    const engine = await EmbeddedEngine.open({ store, genesis, signer, clock });
    assertLead(engine.app.genesis.parameters, blockMs);
    selfTest(engine);
    return engine;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A node that does not compute what was registered signs nothing. */
function selfTest({ app }: EmbeddedEngine): void {
  for (const digest of policyDigests(app)) {
    assertSelfTest(app.cache.executor(app.state, digest).policy, policyView(app.state, digest).vec4096);
  }
}

async function listen(api: Api, { host, port }: NodeOptions): Promise<string> {
  try {
    return await api.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw fail('api.listen', {
      expected: 'an address of this machine and a free port',
      got: `${host}:${port} (${code ?? String(cause)})`,
      cause,
    });
  }
}

async function stop(api: Api, producer: BlockProducer, engine: EmbeddedEngine): Promise<void> {
  await api.close();
  await producer.stop();
  await engine.close();
}
