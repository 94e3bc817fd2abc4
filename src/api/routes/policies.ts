/** Registered policies: who registered them, what they say, their bytes. */
import { Type, type Static } from 'typebox';
import { toHex } from '../../base/bytes.ts';
import { cidDigest } from '../../base/cid.ts';
import { fail } from '../../base/errors.ts';
import { policyDigests, policyView } from '../../ledger/query.ts';
import { artifactTable } from '../../ledger/tables.ts';
import type { Api, ApiContext } from '../context.ts';
import { answers, Cid, list, ref } from '../schemas/common.ts';
import { PolicyDetail, PolicyRegistration } from '../schemas/market.ts';

const DAG_CBOR = 'application/vnd.ipld.dag-cbor';
const params = Type.Object({ cid: Cid });

export function policyRoutes(api: Api, { engine }: ApiContext): void {
  const { app } = engine;

  api.get('/v1/policies', {
    schema: {
      operationId: 'listPolicies',
      tags: ['policies'],
      summary: 'Registered policies',
      response: answers(list(ref(PolicyRegistration), { description: 'in order of digest' })),
    },
    handler: async () => policyDigests(app).map((digest) => policyView(app.state, digest)),
  });

  api.get('/v1/policies/:cid', {
    schema: {
      operationId: 'getPolicy',
      tags: ['policies'],
      summary: 'A policy: inputs and outputs with units, layers, cost',
      params,
      response: answers(ref(PolicyDetail)),
    },
    handler: async ({ params: { cid } }) => policyDetail(engine.app, toHex(cidDigest(cid))),
  });

  api.get('/v1/policies/:cid/artifact', {
    schema: {
      operationId: 'getArtifact',
      tags: ['policies'],
      summary: 'The artifact: the canonical bytes that the CID names',
      params,
      response: {
        ...answers(Type.Any()),
        200: { description: 'canonical DAG-CBOR', content: { [DAG_CBOR]: { schema: Type.Any() } } },
      },
    },
    async handler({ params: { cid } }, reply) {
      const bytes = artifactTable.get(app.state, toHex(cidDigest(cid)));
      if (bytes === undefined) throw fail('policy.unknown', { got: cid });
      return reply.type(DAG_CBOR).send(Buffer.from(bytes));
    },
  });
}

function policyDetail(app: ApiContext['engine']['app'], digest: string): Static<typeof PolicyDetail> {
  const registration = policyView(app.state, digest);
  const { policy } = app.cache.executor(app.state, digest);
  const { inputs, outputs, envelopes } = policy.interface;
  return {
    ...registration,
    bytes: policy.bytes.length,
    inputs: inputs.map(portView),
    outputs: outputs.map(portView),
    layers: policy.layers.map(({ inSize, outSize, activation }) => ({ inSize, outSize, activation })),
    head: policy.head.kind,
    envelopes: envelopes.length,
  };
}

function portView({ n, u, lo, hi }: { n: string; u: string; lo: number; hi: number }) {
  return { name: n, unit: u, lo, hi };
}
