import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { cidOf } from '../../src/base/cid.ts';
import { ERRORS } from '../../src/base/errors.ts';
import { I32_MAX } from '../../src/base/fixed.ts';
import type { PolicyParts } from '../../src/contracts/policy/artifact.ts';
import { rowBound } from '../../src/contracts/policy/checks.ts';
import { buildPolicy, encodeArtifact } from '../../src/contracts/policy/codec.ts';
import { vectorDigests } from '../../src/contracts/policy/vectors.ts';
import { fromHex } from '../../src/base/bytes.ts';
import { tinyParts } from '../contracts/policy/samples.ts';
import {
  deviceSigner,
  enrolment,
  FIRST_INTERVAL,
  meter,
  meterValues,
  observation,
  offerBody,
  registration,
  signer,
  TestChain,
  type Draft,
} from '../support/chain.ts';
import { get, post, serve, type ErrorAnswer, type Served } from './served.ts';

let served: Served;
let chain: TestChain;

beforeAll(async () => {
  chain = await TestChain.open();
  await chain.live(2);
  served = await serve(chain, { limits: { requestsPerMinute: 100000 } });
});
afterAll(() => served.close());

/** Later than everything committed, and long before anything falls due. */
function laterMs(): number {
  return chain.engine.app.lastHeader!.timeMs + 1000;
}

/** Refused by the API with that code, and by a block that holds it all the same; neither changes the state. */
async function expectRefusal(tx: Uint8Array, status: number, code: string): Promise<ErrorAnswer['error']> {
  const before = chain.stateRoot;
  chain.clock.set(laterMs());
  const answer = await post(served.api, tx);
  const { error } = answer.json<ErrorAnswer>();
  expect([answer.statusCode, error.code]).toEqual([status, code]);
  expect(error.message).toBe(ERRORS[code as keyof typeof ERRORS]);
  expect([chain.engine.poolSize, chain.stateRoot]).toEqual([0, before]);
  const { results, header } = await chain.engine.produce({ timeMs: laterMs(), txs: [tx] });
  expect(results.map((result) => result.error)).toEqual([code]);
  expect(toHex(header.stateRoot)).toBe(before);
  return error;
}

/** Taken by the API and by the next block. */
async function expectAccepted(tx: Uint8Array): Promise<void> {
  chain.clock.set(laterMs());
  const answer = await post(served.api, tx);
  expect([answer.statusCode, answer.json<{ accepted: boolean }>().accepted]).toEqual([202, true]);
  const { results } = await chain.engine.produce({ timeMs: laterMs() });
  expect(results.map((result) => result.error)).toEqual(['']);
}

function fundDraft(deployment: string, micro = 1): Draft {
  return ['buyer', 'escrow.fund', { deployment, micro }];
}

describe('who signs', () => {
  it('a signature by another key, or with one bit changed', async () => {
    const draft = fundDraft(chain.deployment);
    await expectRefusal(chain.tx(draft, { signer: signer('owner-1') }), 401, 'tx.signature');
    const bytes = chain.tx(draft);
    bytes[40]! ^= 4;
    await expectRefusal(bytes, 401, 'tx.signature');
  });

  it('a transaction of another chain', async () => {
    const error = await expectRefusal(chain.tx(fundDraft(chain.deployment), { chain: 'other-chain' }), 422, 'tx.chain');
    expect(error).toMatchObject({ expected: 'test-chain', got: 'other-chain' });
  });

  it('a nonce used before, or one ahead', async () => {
    const error = await expectRefusal(chain.tx(fundDraft(chain.deployment), { nonce: 0 }), 409, 'tx.nonce');
    expect(error).toMatchObject({ expected: 1, got: 0 });
    await expectRefusal(chain.tx(fundDraft(chain.deployment), { nonce: 7 }), 409, 'tx.nonce');
  });

  it('an account that does not exist', async () => {
    await expectRefusal(chain.tx(['nobody', 'account.transfer', { to: 'buyer', micro: 1 }]), 404, 'account.unknown');
  });

  it('who is no operator, no owner, no buyer', async () => {
    const { deployment } = chain;
    await expectRefusal(chain.tx(['owner-1', 'deployment.suspend', { deployment }]), 403, 'deployment.notOperator');
    await expectRefusal(chain.tx(['owner-1', 'escrow.withdraw', { deployment, micro: 1 }]), 403, 'escrow.notBuyer');
    await expectRefusal(chain.tx(['buyer', 'offer.make', offerBody('bess-1', deployment)]), 403, 'offer.notOwner');
    await expectRefusal(chain.tx(['owner-2', 'offer.make', offerBody('bess-1', deployment)]), 403, 'offer.notOwner');
  });

  it('an operator may not offer what an owner has not', async () => {
    const draft: Draft = ['operator-1', 'offer.make', offerBody('bess-2', chain.deployment)];
    await expectRefusal(chain.tx(draft), 403, 'offer.notOwner');
    const url = `/v1/deployments/${chain.deployment}/setpoints/bess-2`;
    expect((await get<ErrorAnswer>(served.api, url, 422)).error.code).toBe('asset.notOffered');
  });

  it('an enrolment without the countersignature of its device', async () => {
    const [owner, kind, body] = enrolment('bess-9', 'owner-1');
    const forged: Draft = [owner, kind, { ...body, bus: 19 }];
    await expectRefusal(chain.tx(forged), 401, 'asset.enrolment');
  });
});

describe('assets and readings', () => {
  it('an asset that is not registered', async () => {
    await expectRefusal(chain.batch('bess-9', [observation(laterMs())]), 404, 'asset.unknown');
    const draft: Draft = ['owner-1', 'offer.make', offerBody('bess-9', chain.deployment)];
    await expectRefusal(chain.tx(draft), 404, 'asset.unknown');
  });

  it('an asset that the deployment does not name', async () => {
    const draft: Draft = ['owner-2', 'offer.make', offerBody('bess-3', chain.deployment)];
    await expectRefusal(chain.tx(draft), 422, 'offer.notInDeployment');
  });

  it('a batch of another device, a counter used before, an observation too old', async () => {
    const now = [observation(laterMs())];
    await expectRefusal(chain.batch('bess-1', now, { signer: deviceSigner('bess-2') }), 401, 'reading.signature');
    await expectRefusal(chain.batch('bess-1', now, { firstCounter: 1 }), 409, 'reading.counter');
    await expectRefusal(chain.batch('bess-1', [observation(laterMs() - 400000)]), 422, 'reading.stale');
    await expectRefusal(chain.batch('bess-1', [observation(laterMs() + 60000)]), 422, 'reading.future');
  });

  it('a plain reading of a closed interval; a correction is taken and settles it anew', async () => {
    const late = meter(FIRST_INTERVAL, { eStorageMilliWh: 400000 });
    await expectRefusal(chain.batch('bess-1', [late]), 422, 'reading.intervalClosed');
    const values = { ...meterValues(FIRST_INTERVAL), eStorageMilliWh: 400000 };
    await expectAccepted(chain.batch('bess-1', [{ kind: 'correction', revision: 1, ...values }]));
    const { receipts } = await get<{ receipts: { interval: number; revision: number; payMicro: number }[] }>(
      served.api,
      `/v1/receipts?fromInterval=${FIRST_INTERVAL}&toInterval=${FIRST_INTERVAL + 1}`,
    );
    // 0.833333 kWh, then 0.4 kWh at 60 a MWh, rounded down.
    expect(receipts.map(({ revision, payMicro }) => [revision, payMicro])).toEqual([
      [0, 49999],
      [1, 24000],
    ]);
  });

  it('a correction of an interval still open, or by who has no authority', async () => {
    const body = { asset: 'bess-1', revision: 1, ...meterValues(FIRST_INTERVAL) };
    await expectRefusal(chain.tx(['owner-1', 'reading.correct', body]), 403, 'reading.notAuthority');
    const open = { ...body, interval: FIRST_INTERVAL + 9 };
    await expectRefusal(chain.tx(['operator-1', 'reading.correct', open]), 422, 'reading.intervalOpen');
  });
});

describe('deployments and money', () => {
  it('an unapproved deployment takes neither money nor offers', async () => {
    await expectRefusal(chain.tx(fundDraft(chain.unapproved)), 422, 'deployment.notApproved');
    const draft: Draft = ['owner-1', 'offer.make', offerBody('bess-1', chain.unapproved)];
    await expectRefusal(chain.tx(draft), 422, 'deployment.notApproved');
  });

  it('an expired deployment takes neither money nor offers', async () => {
    await expectRefusal(chain.tx(fundDraft(chain.expiring)), 422, 'deployment.expired');
    const draft: Draft = ['owner-1', 'offer.make', offerBody('bess-1', chain.expiring)];
    await expectRefusal(chain.tx(draft), 422, 'deployment.expired');
  });

  it('a deployment that nobody proposed', async () => {
    await expectRefusal(chain.tx(fundDraft(chain.policy)), 404, 'deployment.unknown');
  });

  it('an escrow overdrawn by one, an account overdrawn by one', async () => {
    const { deployment } = chain;
    const { deployment: view } = await get<{ deployment: { escrowMicro: number } }>(
      served.api,
      `/v1/deployments/${deployment}`,
    );
    const micro = view.escrowMicro + 1;
    const draft: Draft = ['buyer', 'escrow.withdraw', { deployment, micro }];
    expect((await expectRefusal(chain.tx(draft), 422, 'escrow.overdrawn')).got).toBe(micro);
    const { balanceMicro } = await get<{ balanceMicro: number }>(served.api, '/v1/accounts/buyer');
    await expectRefusal(chain.tx(fundDraft(deployment, balanceMicro + 1)), 422, 'account.balance');
  });

  it('an approval given twice, and one of a deployment already approved', async () => {
    const { deployment } = chain;
    await expectRefusal(chain.tx(['operator-3', 'deployment.approve', { deployment }]), 409, 'deployment.status');
    await expectAccepted(chain.tx(['operator-1', 'deployment.approve', { deployment: chain.unapproved }]));
    const again: Draft = ['operator-1', 'deployment.approve', { deployment: chain.unapproved }];
    await expectRefusal(chain.tx(again), 409, 'deployment.duplicateApproval');
  });
});

describe('artifacts', () => {
  it('any one flipped bit: what was registered is not what runs', async () => {
    const artifact = buildPolicy(tinyParts()).bytes;
    const { vec4096, vec65536 } = vectorDigests(buildPolicy(tinyParts()));
    const vectors = { vec4096: fromHex(vec4096), vec65536: fromHex(vec65536) };
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * artifact.length - 1), async (bit) => {
        const flipped = artifact.slice();
        flipped[bit >>> 3]! ^= 1 << (bit & 7);
        const tx = chain.tx(['engineer', 'policy.register', { artifact: flipped, ...vectors }]);
        const answer = await post(served.api, tx);
        expect([400, 422]).toContain(answer.statusCode);
        expect(answer.json<ErrorAnswer>().error.code).toMatch(/^(policy|cbor)\./);
        expect(chain.engine.poolSize).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('a flipped weight is told by the vectors', async () => {
    const parts = tinyParts();
    parts.layers[0]!.weights[0]! ^= 1;
    const [from, kind, body] = registration(encodeArtifact(parts));
    await expectRefusal(chain.tx([from, kind, body]), 422, 'policy.vectors');
  });

  it('a row at the bound is registered, one above it is refused', async () => {
    const atBound = tinyParts();
    const last = atBound.layers[1]!;
    last.bias[0] = I32_MAX - rowBound(last, 0, [32767, 32767]);
    const draft = (parts: PolicyParts): Draft => {
      const { vec4096, vec65536 } = vectorDigests(buildPolicy(atBound));
      const artifact = encodeArtifact(parts);
      return ['engineer', 'policy.register', { artifact, vec4096: fromHex(vec4096), vec65536: fromHex(vec65536) }];
    };
    const above = { ...atBound, layers: [atBound.layers[0]!, { ...last, bias: last.bias.map((b) => b + 1) }] };
    const error = await expectRefusal(chain.tx(draft(above)), 422, 'policy.overflow');
    expect(error).toMatchObject({ expected: { max: I32_MAX }, got: { layer: 1, row: 0, sum: I32_MAX + 1 } });
    const accepted = draft(atBound);
    await expectAccepted(chain.tx(accepted));
    await get(served.api, `/v1/policies/${cidOf(accepted[2]['artifact'] as Uint8Array)}`);
    await expectRefusal(chain.tx(accepted), 409, 'policy.exists');
  });
});

describe('garbage', () => {
  it.each([
    ['does not decode', '/v1/accounts/%zz'],
    ['is no UTF-8', '/v1/accounts/%E0%A4%A'],
    ['has too long a part', `/v1/proofs/state/${'a'.repeat(600)}`],
  ])('a path that %s is refused like everything else', async (_what, url) => {
    const { error } = await get<ErrorAnswer>(served.api, url, 400);
    expect(error).toMatchObject({ code: 'api.request', message: ERRORS['api.request'] });
  });

  it('bytes that are no transaction are refused with a code, never with a crash', async () => {
    const before = chain.stateRoot;
    const good = chain.tx(fundDraft(chain.deployment));
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      // The tags of real ones, and real ones cut or overwritten.
      fc.uint8Array({ minLength: 66, maxLength: 400 }).map((bytes) => Uint8Array.of(1 + (bytes[0]! & 1), ...bytes)),
      fc.nat(good.length - 1).map((n) => good.slice(0, n)),
      fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, change]) => {
        const bytes = good.slice();
        bytes[at]! ^= change;
        return bytes;
      }),
    );
    await fc.assert(
      fc.asyncProperty(garbage, async (payload) => {
        const headers = { 'content-type': 'application/octet-stream' };
        const answer = await served.api.inject({
          method: 'POST',
          url: '/v1/transactions',
          headers,
          payload: Buffer.from(payload),
        });
        const { code } = answer.json<ErrorAnswer>().error;
        expect(Object.hasOwn(ERRORS, code), code).toBe(true);
        expect(answer.statusCode).toBeGreaterThanOrEqual(400);
        expect(answer.statusCode).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
    expect([chain.engine.poolSize, chain.stateRoot]).toEqual([0, before]);
  });
});
