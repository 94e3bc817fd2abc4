/** The OpenAPI 3.1 document, made from the schemas of the routes, and its page at /docs. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { Api } from './context.ts';

const ABOUT = `The ledger that runs frozen control policies and pays the storage that delivered.

Reading needs no key. Everything that changes state is a signed transaction to \`POST /v1/transactions\`; there is
no other write. Money is integer micro-units, power W or var, energy Wh or mWh, voltage 1e-6 pu, time UTC
milliseconds. Every error is \`{error: {code, message, expected, got}}\` with a stable code.`;

const TAGS = [
  { name: 'transactions', description: 'sending transactions' },
  { name: 'chain', description: 'health, genesis, blocks' },
  { name: 'policies', description: 'registered policies' },
  { name: 'deployments', description: 'deployments and setpoints' },
  { name: 'accounts', description: 'accounts, assets, balances' },
  { name: 'receipts', description: 'payments and statements' },
  { name: 'proofs', description: 'proofs against signed headers' },
];

/** The page loads its own scripts and styles and asks this server; nothing inline, nothing from elsewhere. */
const DOCS_POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'frame-ancestors': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
};

export async function registerOpenApi(api: Api, version: string): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'GridPact',
        version,
        description: ABOUT,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'this node' }],
      tags: TAGS,
    },
    // Components keep the names of the schemas.
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json['$id'] ?? `schema-${i}`) },
  });
  await api.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: Object.fromEntries(Object.entries(DOCS_POLICY)),
    uiConfig: { validatorUrl: null, deepLinking: true },
  });
}
