/**
 * The HTTP API over an engine: Fastify 5, TypeBox schemas, one OpenAPI 3.1 document. `buildServer` does not
 * listen, so tests inject requests; whoever listens owns the engine and closes it after the server.
 */
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyServerOptions } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { systemClock, type Clock } from '../base/clock.ts';
import { fail } from '../base/errors.ts';
import type { EmbeddedEngine } from '../ledger/engines/embedded.ts';
import { MAX_TX_BYTES } from '../ledger/transaction.ts';
import type { Api, ApiContext } from './context.ts';
import { sendFailure } from './failure.ts';
import { registerOpenApi } from './openapi.ts';
import { accountRoutes } from './routes/accounts.ts';
import { chainRoutes } from './routes/chain.ts';
import { deploymentRoutes } from './routes/deployments.ts';
import { policyRoutes } from './routes/policies.ts';
import { proofRoutes } from './routes/proofs.ts';
import { receiptRoutes } from './routes/receipts.ts';
import { transactionRoutes } from './routes/transactions.ts';
import { NAMED_SCHEMAS } from './schemas/all.ts';
import { TxIndex } from './txIndex.ts';
import { packageVersion } from './version.ts';

export interface ServerLimits {
  /** Of one client address. */
  readonly requestsPerMinute: number;
  readonly maxBodyBytes: number;
}

/** 20 requests a second, and the hex of the largest transaction with its JSON around it. */
const DEFAULT_LIMITS: ServerLimits = { requestsPerMinute: 1200, maxBodyBytes: 2 * MAX_TX_BYTES + 64 };

export interface ServerOptions {
  readonly engine: EmbeddedEngine;
  /** Describes the tfjs backend of this node; called once, by the first health request. */
  readonly backend: () => Promise<string>;
  readonly clock?: Clock;
  readonly limits?: Partial<ServerLimits>;
  /** Called after a transaction went into the pool: whoever makes blocks wants to know. */
  readonly onAccepted?: () => void;
  /** Of Fastify: false, or where pino writes and from which level on. */
  readonly logger?: Exclude<FastifyServerOptions['logger'], undefined>;
}

/** A path may carry a state key or a CID. */
const MAX_PARAM_LENGTH = 512;
/** A client that is slower than this at sending its request is dropped. */
const REQUEST_TIMEOUT_MS = 30000;
const ROUTES = [
  transactionRoutes,
  chainRoutes,
  policyRoutes,
  deploymentRoutes,
  accountRoutes,
  receiptRoutes,
  proofRoutes,
] as const;

export async function buildServer(options: ServerOptions): Promise<Api> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const context = contextOf(options);
  const api: Api = Fastify({
    logger: options.logger ?? false,
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // What the router refuses before there is a route: a path that does not decode, a part of it too long.
    frameworkErrors: (error, request, reply) => void sendFailure(error, request, reply),
    // Text of a query becomes numbers; nothing unknown is dropped in silence.
    ajv: { customOptions: { coerceTypes: true, removeAdditional: false } },
  }).withTypeProvider<TypeBoxTypeProvider>();
  api.setErrorHandler(sendFailure);
  await protect(api, limits);
  acceptBodies(api);
  for (const schema of NAMED_SCHEMAS) api.addSchema(schema);
  await registerOpenApi(api, context.version);
  for (const register of ROUTES) register(api, context);
  return api;
}

function contextOf({ engine, backend, clock, onAccepted }: ServerOptions): ApiContext {
  let described: Promise<string> | undefined;
  return {
    engine,
    clock: clock ?? systemClock,
    version: packageVersion(),
    // A node does not train: it is in health without a backend, and says so.
    backend: () => (described ??= backend().catch(() => 'unavailable')),
    index: new TxIndex(engine),
    onAccepted: onAccepted ?? (() => undefined),
  };
}

/** Answers are data: no page may frame, script or sniff them. The page of /docs has a policy of its own. */
async function protect(api: Api, { requestsPerMinute }: ServerLimits): Promise<void> {
  await api.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Plain HTTP by default: a proxy that ends TLS sets this itself.
    strictTransportSecurity: false,
  });
  await api.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: 60000,
    errorResponseBuilder: (_request, { max }) => fail('api.rate', { expected: `at most ${max} requests a minute` }),
  });
  const tell = (method: string, url: string) =>
    fail('api.route', { expected: 'a route that /docs lists', got: `${method} ${url.slice(0, 200)}` });
  api.setNotFoundHandler({ preHandler: api.rateLimit() }, (request, reply) =>
    sendFailure(tell(request.method, request.url), request, reply),
  );
}

/** JSON, and bytes as they are; nothing else. */
function acceptBodies(api: Api): void {
  api.removeContentTypeParser('text/plain');
  api.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
}
