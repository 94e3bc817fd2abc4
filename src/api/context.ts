/** What routes work with. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Clock } from '../base/clock.ts';
import type { EmbeddedEngine } from '../ledger/engines/embedded.ts';
import type { TxIndex } from './txIndex.ts';

export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface ApiContext {
  readonly engine: EmbeddedEngine;
  readonly clock: Clock;
  readonly version: string;
  /** Describes the tfjs backend; loading one takes half a second, so it is asked once and late. */
  readonly backend: () => Promise<string>;
  readonly index: TxIndex;
  /** Called after a transaction went into the pool. */
  readonly onAccepted: () => void;
}
