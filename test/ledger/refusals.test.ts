/** What the ledger must refuse: a coded error, and not a byte of state changed. */
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/base/bytes.ts';
import { cidOf } from '../../src/base/cid.ts';
import { encodeDocument } from '../../src/base/cbor.ts';
import { buildPolicy, encodeArtifact } from '../../src/contracts/policy/codec.ts';
import { signBatch, signTx, type TxBody, type TxKind } from '../../src/ledger/transaction.ts';
import { accountTable } from '../../src/ledger/tables.ts';
import type { PolicyParts } from '../../src/contracts/policy/artifact.ts';
import {
  CHAIN,
  constantPolicy,
  deviceSigner,
  Market,
  meter,
  observation,
  registrationBody,
  signer,
  type Item,
} from '../support/market.ts';

const ASSET = 'bess-1';

/** A running market in the middle of interval 1, with an unapproved and an expired deployment beside it. */
async function running(): Promise<Market & { unapproved: string; expired: string; taken: Uint8Array }> {
  const market = await Market.open({ assets: 2, unoffered: ['bess-2'] });
  const documents = [
    encodeDocument(market.deploymentBody({ caps: { output: 1 } })),
    encodeDocument(market.deploymentBody({ caps: { output: 2 }, notAfter: market.at(1) })),
  ];
  await market.block(
    market.at(0, -9),
    documents.map((document) => ['engineer', 'deployment.propose', { document }] as const),
  );
  const [unapproved, expired] = documents.map((document) => cidOf(document));
  await market.block(market.at(0, -8), [
    ['operator-1', 'deployment.approve', { deployment: expired! }],
    ['operator-2', 'deployment.approve', { deployment: expired! }],
  ]);
  await market.block(market.at(0), [market.seen(ASSET, market.at(0))]);
  await market.block(market.at(1), [market.metered(ASSET, 0), market.seen(ASSET, market.at(1))]);
  return Object.assign(market, {
    unapproved: unapproved!,
    expired: expired!,
    taken: market.blocks.at(-1)!.txs.at(-1)!,
  });
}

type Running = Awaited<ReturnType<typeof running>>;
let shared: Promise<Running> | undefined;
const market = (): Promise<Running> => (shared ??= running());

function tx(m: Market, from: string, kind: TxKind, body: TxBody, over: Partial<Parameters<typeof signTx>[0]> = {}) {
  const nonce = accountTable.get(m.app.state, from)?.nonce ?? 0;
  return signTx({ chain: CHAIN, from, nonce, kind, body, ...over }, signer(from));
}

/** `add` one to the row sum of a policy that meets 3.6 with equality. */
function atTheLimit(add: 0 | 1): PolicyParts {
  const parts = constantPolicy('energy-dispatch');
  // One input of |x| <= 32 716 (67 * 500000 / 1024), weight 32767; the bias takes the rest of 2^31 - 1.
  const xmax = 32715;
  const bias = 2147483647 - 32767 * xmax + add;
  const layer = { ...parts.layers[0]!, weights: Int16Array.of(32767), bias: Int32Array.of(bias) };
  return { ...parts, layers: [layer] };
}

function flipped(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  return bytes.map((byte, i) => (i === at ? byte ^ mask : byte));
}

const transfer = { to: 'buyer', micro: 1 };

const cases: readonly (readonly [string, string, (m: Running) => Item])[] = [
  ['a bad signature', 'tx.signature', (m) => flipped(tx(m, 'owner-1', 'account.transfer', transfer), 10)],
  [
    'a signature by another account',
    'tx.signature',
    (m) =>
      signTx(
        {
          chain: CHAIN,
          from: 'buyer',
          nonce: accountTable.get(m.app.state, 'buyer')!.nonce,
          kind: 'account.transfer',
          body: { to: 'owner-2', micro: 1 },
        },
        signer('owner-2'),
      ),
  ],
  ['a wrong chain id', 'tx.chain', (m) => tx(m, 'owner-1', 'account.transfer', transfer, { chain: 'other' })],
  ['a reused nonce', 'tx.nonce', (m) => tx(m, 'owner-1', 'account.transfer', transfer, { nonce: 0 })],
  ['a nonce ahead of its turn', 'tx.nonce', (m) => tx(m, 'owner-1', 'account.transfer', transfer, { nonce: 99 })],
  ['an unknown account', 'account.unknown', (m) => tx(m, 'nobody', 'account.transfer', transfer)],
  [
    'an account opened twice',
    'account.exists',
    (m) => tx(m, 'owner-1', 'account.open', { key: signer('owner-1').publicKey }),
  ],
  ['a new account under a weak key', 'tx.signature', (m) => tx(m, 'new', 'account.open', { key: new Uint8Array(32) })],
  ['money to nobody', 'account.unknown', (m) => tx(m, 'owner-1', 'account.transfer', { to: 'nobody', micro: 1 })],
  [
    'more money than there is',
    'account.balance',
    (m) => tx(m, 'owner-1', 'account.transfer', { to: 'buyer', micro: 1e15 }),
  ],
  ['a transfer of nothing', 'tx.malformed', (m) => tx(m, 'owner-1', 'account.transfer', { to: 'buyer', micro: 0 })],
  [
    'a transfer of less than nothing',
    'tx.malformed',
    (m) => tx(m, 'owner-1', 'account.transfer', { to: 'buyer', micro: -5 }),
  ],
  ['an unknown asset', 'asset.unknown', (m) => ['owner-1', 'offer.make', { ...m.offer(ASSET)[2], asset: 'bess-9' }]],
  [
    'readings of an unknown asset',
    'asset.unknown',
    () => signBatch({ device: 'bess-9', context: 1, firstCounter: 1, readings: [] }, CHAIN, deviceSigner('bess-9')),
  ],
  ['an asset registered twice', 'asset.exists', (m) => m.enrolment(ASSET, 'owner-1')],
  [
    'an enrolment the device did not sign',
    'asset.enrolment',
    (m) => ['owner-1', 'asset.register', { ...m.enrolment('bess-3', 'owner-1')[2], pMaxW: 1 }],
  ],
  [
    'an enrolment the device signed for another owner',
    'asset.enrolment',
    (m) => ['owner-2', 'asset.register', m.enrolment('bess-3', 'owner-1')[2]],
  ],
  ['an offer of someone else’s asset', 'offer.notOwner', (m) => ['owner-2', 'offer.make', m.offer(ASSET)[2]]],
  [
    'the withdrawal of an asset not offered',
    'asset.notOffered',
    (m) => ['owner-2', 'offer.withdraw', m.body({ asset: 'bess-2' })],
  ],
  [
    'an offer to an unapproved deployment',
    'deployment.notApproved',
    (m) => ['owner-1', 'offer.make', { ...m.offer(ASSET)[2], deployment: m.unapproved }],
  ],
  [
    'an offer to an expired deployment',
    'deployment.expired',
    (m) => ['owner-1', 'offer.make', { ...m.offer(ASSET)[2], deployment: m.expired }],
  ],
  [
    'money for an unapproved deployment',
    'deployment.notApproved',
    (m) => ['buyer', 'escrow.fund', { deployment: m.unapproved, micro: 1 }],
  ],
  [
    'money for an expired deployment',
    'deployment.expired',
    (m) => ['buyer', 'escrow.fund', { deployment: m.expired, micro: 1 }],
  ],
  [
    'an unknown deployment',
    'deployment.unknown',
    () => ['buyer', 'escrow.fund', { deployment: cidOf(Uint8Array.of(1)), micro: 1 }],
  ],
  ['an overdrawn escrow', 'escrow.overdrawn', (m) => ['buyer', 'escrow.withdraw', m.body({ micro: m.escrow + 1 })]],
  ['a plain reading of a closed interval', 'reading.intervalClosed', (m) => m.metered(ASSET, 0)],
  [
    'readings signed by another device',
    'reading.signature',
    () =>
      signBatch(
        { device: ASSET, context: 9, firstCounter: 1, readings: [observation(0, { soc: 1 })] },
        CHAIN,
        deviceSigner('bess-2'),
      ),
  ],
  [
    'readings signed for another chain',
    'reading.signature',
    (m) =>
      signBatch(
        { device: ASSET, context: 9, firstCounter: 1, readings: [meter(m.interval(0))] },
        'other',
        deviceSigner(ASSET),
      ),
  ],
  ['a replayed batch', 'reading.counter', (m) => m.taken],
  [
    'an artifact with one flipped bit in a constant: another policy, whose vectors were not stated',
    'policy.vectors',
    () => {
      const body = registrationBody(constantPolicy('energy-dispatch', 9999));
      const artifact = body['artifact'] as Uint8Array;
      // The lowest bit of the output constant 9999 (0x270f), stored big-endian in CBOR.
      const at = artifact.findIndex((byte, i) => byte === 0x27 && artifact[i + 1] === 0x0f) + 1;
      return ['engineer', 'policy.register', { ...body, artifact: flipped(artifact, at) }];
    },
  ],
  [
    'an artifact with one flipped bit in a key',
    'policy.schema',
    () => {
      const body = registrationBody(constantPolicy('energy-dispatch', 9999));
      const artifact = body['artifact'] as Uint8Array;
      // The key "layers" becomes "layerq".
      const text = [...'layers'].map((c) => c.charCodeAt(0));
      const at = artifact.findIndex((_, i) => text.every((c, j) => artifact[i + j] === c));
      return ['engineer', 'policy.register', { ...body, artifact: flipped(artifact, at + 5, 2) }];
    },
  ],
  [
    'an artifact over the row bound of 3.6 by exactly 1',
    'policy.overflow',
    () => {
      const stated = { vec4096: new Uint8Array(32), vec65536: new Uint8Array(32) };
      return ['engineer', 'policy.register', { artifact: encodeArtifact(atTheLimit(1)), ...stated }];
    },
  ],
  [
    'a policy under vectors it does not give',
    'policy.vectors',
    () => [
      'engineer',
      'policy.register',
      { ...registrationBody(constantPolicy('energy-dispatch', 9998)), vec4096: fromHex('00'.repeat(32)) },
    ],
  ],
  ['a policy registered twice', 'policy.exists', (m) => ['engineer', 'policy.register', registrationBody(m.policy)]],
  ['a body with a key too many', 'tx.malformed', (m) => ['buyer', 'escrow.fund', m.body({ micro: 1, tip: 1 })]],
  ['a body with a key too few', 'tx.malformed', (m) => ['buyer', 'escrow.fund', m.body()]],
  ['bytes that are nothing', 'tx.size', () => new Uint8Array(10)],
  ['a transaction of 300 000 bytes', 'tx.size', () => new Uint8Array(300000).fill(1)],
];

describe('refused, and nothing changed', () => {
  it('one row at the bound itself is accepted, so the case below is off by exactly 1', () => {
    expect(() => buildPolicy(atTheLimit(0))).not.toThrow();
  });

  it.each(cases)('%s: %s', async (_, error, make) => {
    const m = await market();
    const before = m.stateRoot;
    const item = make(m);
    const { txResults, header, receipts } = await m.attempt(m.app.lastHeader!.timeMs + 1, [item]);
    expect(txResults[0]).toMatchObject({ code: 1, error });
    expect(txResults[0]!.detail).toContain(error);
    expect(m.stateRoot).toBe(before);
    expect([receipts.length, header.receiptCount]).toEqual([0, 0]);
  });

  it('a refused one does not spoil its neighbours', async () => {
    const m = await running();
    const { txResults } = await m.attempt(m.at(1, 1), [
      ['buyer', 'account.transfer', { to: 'owner-2', micro: 7 }],
      flipped(tx(m, 'engineer', 'account.transfer', transfer), 10),
      ['buyer', 'account.transfer', { to: 'owner-2', micro: 5 }],
    ]);
    expect(txResults.map(({ code }) => code)).toEqual([0, 1, 0]);
    expect(m.account('owner-2')).toBe(12);
  });

  it('random bytes in known envelopes never stop a block', async () => {
    const m = await running();
    const base = [
      tx(m, 'buyer', 'escrow.fund', m.body({ micro: 1 })),
      tx(m, 'engineer', 'deployment.propose', { document: m.document }),
      m.signAll([m.seen(ASSET, m.at(1))])[0]!,
    ];
    const spoilt = base.flatMap((bytes) =>
      Array.from({ length: 100 }, (_, i) => flipped(bytes, 65 + ((i * 13) % (bytes.length - 65)), 1 << (i & 7))),
    );
    const { txResults } = await m.attempt(m.at(1, 1), spoilt);
    expect(txResults.every(({ code }) => code === 1)).toBe(true);
  });

  it('documents spoilt before they are signed never stop a block either', async () => {
    const m = await running();
    const artifact = registrationBody(constantPolicy('energy-dispatch', 9997))['artifact'] as Uint8Array;
    const drafts: Item[] = [];
    for (let i = 0; i < 150; i++) {
      const document = flipped(m.document, (i * 37) % m.document.length, 1 << (i & 7));
      drafts.push(['engineer', 'deployment.propose', { document }]);
      const body = { artifact: flipped(artifact, (i * 7) % artifact.length, 1 << (i & 7)) };
      drafts.push(['buyer', 'policy.register', { ...body, vec4096: new Uint8Array(32), vec65536: new Uint8Array(32) }]);
    }
    for (const draft of drafts) {
      const { txResults } = await m.attempt(m.app.lastHeader!.timeMs + 1, [draft]);
      expect(txResults[0]!.error).toMatch(/^$|^[a-z]+\.[a-zA-Z]+$/);
    }
  });
});
