/** Deployments, and the setpoints that devices fetch. */
import { Type, type Static } from 'typebox';
import { toHex } from '../../base/bytes.ts';
import type { Document } from '../../base/cbor.ts';
import { cidDigest } from '../../base/cid.ts';
import { fail } from '../../base/errors.ts';
import { deploymentDigests, deploymentView, setpointView } from '../../ledger/query.ts';
import { deploymentDocumentTable, scheduleTable, setpointTable } from '../../ledger/tables.ts';
import type { Api, ApiContext } from '../context.ts';
import { answers, Cid, Count, Id, list, ref } from '../schemas/common.ts';
import { Deployment, DeploymentDetail, ProvedSetpoint } from '../schemas/market.ts';
import { provedKey } from './proofs.ts';

type App = ApiContext['engine']['app'];

export function deploymentRoutes(api: Api, context: ApiContext): void {
  const { app } = context.engine;

  api.get('/v1/deployments', {
    schema: {
      operationId: 'listDeployments',
      tags: ['deployments'],
      summary: 'Deployments and their state',
      response: answers(list(ref(Deployment), { description: 'in order of digest' })),
    },
    handler: async () => deploymentDigests(app.state).map((digest) => deploymentView(app, digest)),
  });

  api.get('/v1/deployments/:cid', {
    schema: {
      operationId: 'getDeployment',
      tags: ['deployments'],
      summary: 'A deployment: state, terms, document',
      params: Type.Object({ cid: Cid }),
      response: answers(ref(DeploymentDetail)),
    },
    handler: async ({ params: { cid } }) => detail(app, toHex(cidDigest(cid))),
  });

  api.get('/v1/deployments/:cid/setpoints/:asset', {
    schema: {
      operationId: 'getSetpoint',
      tags: ['deployments'],
      summary: 'The setpoint of an asset with its proof; without `interval`, of the newest one dispatched',
      params: Type.Object({ cid: Cid, asset: Id }),
      querystring: Type.Object({ interval: Type.Optional(Count) }, { additionalProperties: false }),
      response: answers(ref(ProvedSetpoint)),
    },
    handler: async ({ params: { cid, asset }, query: { interval } }) =>
      provedSetpoint(context, toHex(cidDigest(cid)), asset, interval ?? newestDispatched(app)),
  });
}

function detail(app: App, digest: string): Static<typeof DeploymentDetail> {
  const view = deploymentView(app, digest);
  const { outputCap, termsDocument } = app.cache.deployment(app.state, digest);
  const document = deploymentDocumentTable.get(app.state, digest)!;
  return { deployment: view, outputCap, terms: plain(termsDocument), document: toHex(document) };
}

/** As JSON: bytes become hex; a document holds nothing else that JSON does not. */
function plain(value: Document): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map((item: Document) => plain(item));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item as Document)]));
}

function newestDispatched({ state, genesis }: App): number {
  const schedule = scheduleTable.get(state);
  if (schedule === undefined) throw fail('block.unknown', { expected: `a block of ${genesis.chain}`, got: 'none yet' });
  return schedule.nextDispatch - 1;
}

function provedSetpoint(
  { engine }: ApiContext,
  digest: string,
  asset: string,
  interval: number,
): Static<typeof ProvedSetpoint> {
  const setpoint = setpointView(engine.app, digest, asset, interval);
  return { setpoint, proof: provedKey(engine, setpointTable.key(interval, digest, asset)) };
}
