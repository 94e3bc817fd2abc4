/** A device believes nothing but a proved setpoint of its own, once. */
import { beforeAll, describe, expect, it } from 'vitest';
import { signHeader } from '../../src/ledger/header.ts';
import { setpointTable } from '../../src/ledger/tables.ts';
import { decodeTx } from '../../src/ledger/transaction.ts';
import { createSnapshot, setChannel } from '../../src/grid/snapshot.ts';
import { Device, meterReading, type ProvedSetpoint } from '../../src/twin/device.ts';
import { CHAIN, deviceSigner, Market, signer } from '../support/market.ts';

const node = signer('node');
let market: Market;
/** Setpoint of one asset in one interval, as the ledger hands it out after the block that dispatched it. */
const proved = new Map<string, ProvedSetpoint>();

beforeAll(async () => {
  market = await Market.open({ assets: 2 });
  for (let k = 0; k < 3; k++) {
    const { header } = await market.block(
      market.at(k),
      market.assets.map((asset) => market.seen(asset, market.at(k))),
    );
    for (const asset of market.assets) {
      const key = setpointTable.key(market.interval(k), market.digest, asset);
      const value = market.app.state.get(key)!;
      proved.set(`${asset}/${k}`, {
        key,
        value,
        proof: market.app.state.prove(key),
        header: signHeader(header, node),
      });
    }
  }
});

function device(asset = 'bess-1', missingRate = 0): Device {
  return new Device({
    asset,
    chain: CHAIN,
    signer: deviceSigner(asset),
    nodeKey: node.publicKey,
    seed: 's',
    missingRate,
  });
}

function setpoint(k: number, asset = 'bess-1'): ProvedSetpoint {
  return proved.get(`${asset}/${k}`)!;
}

const flip = (bytes: Uint8Array): Uint8Array => bytes.map((b, i) => (i === 3 ? b ^ 1 : b));

describe('what a device accepts', () => {
  it('its own setpoints in order, gaps allowed', () => {
    const d = device();
    expect(d.accept(market.digest, setpoint(0))).toEqual([10000]);
    expect(d.accept(market.digest, setpoint(2))).toEqual([10000]);
  });

  it('no interval at or before the last one', () => {
    const d = device();
    d.accept(market.digest, setpoint(1));
    expect(d.accept(market.digest, setpoint(1))).toBeUndefined();
    expect(d.accept(market.digest, setpoint(0))).toBeUndefined();
    expect(d.accept(market.digest, setpoint(2))).toEqual([10000]);
  });

  it('nothing of another device or another deployment', () => {
    expect(device('bess-2').accept(market.digest, setpoint(0, 'bess-1'))).toBeUndefined();
    expect(device().accept('00'.repeat(32), setpoint(0))).toBeUndefined();
  });

  const forgeries: readonly (readonly [string, (s: ProvedSetpoint) => ProvedSetpoint])[] = [
    [
      'a header with another state root',
      (s) => ({ ...s, header: { ...s.header, stateRoot: flip(s.header.stateRoot) } }),
    ],
    ['a header with another time', (s) => ({ ...s, header: { ...s.header, timeMs: s.header.timeMs + 1 } })],
    ['a header signed by another node', (s) => ({ ...s, header: signHeader(s.header, signer('stranger')) })],
    [
      'a header signed by another node under this one’s name',
      (s) => ({ ...s, header: { ...signHeader(s.header, signer('stranger')), signer: node.publicKey } }),
    ],
    ['a header of another chain', (s) => ({ ...s, header: signHeader({ ...s.header, chain: 'other' }, node) })],
    ['another value', (s) => ({ ...s, value: flip(s.value) })],
    ['another key', (s) => ({ ...s, key: setpoint(1).key })],
    [
      'a sibling changed',
      (s) => ({ ...s, proof: { ...s.proof, siblings: s.proof.siblings.map((h, i) => (i === 0 ? flip(h) : h)) } }),
    ],
    ['no leaf', (s) => ({ ...s, proof: { ...s.proof, leaf: undefined } })],
    ['the proof of another setpoint', (s) => ({ ...s, proof: setpoint(1).proof })],
  ];
  it.each(forgeries)('not with %s; and is not put off the genuine one by it', (_, forge) => {
    const d = device();
    expect(d.accept(market.digest, forge(setpoint(0)))).toBeUndefined();
    expect(d.accept(market.digest, setpoint(0))).toEqual([10000]);
  });
});

describe('what a device sends', () => {
  function sent(d: Device, i: number) {
    const seen = createSnapshot();
    setChannel(seen, 'v.own', 1010000);
    setChannel(seen, 'soc', 500000);
    setChannel(seen, 'sens.own', 7);
    const meter = meterReading(41, 300000, { pW: 1234.5, qVar: -0.4, vPu: 1.01, pBatteryW: -12000 });
    const bytes = d.batch(i, 5000, seen, i === 0 ? undefined : meter);
    if (bytes === undefined) return undefined;
    const decoded = decodeTx(bytes);
    return decoded.type === 'device' ? decoded.batch : undefined;
  }

  it('its meter and what it measured, never what the ledger derives; two counters a step', () => {
    expect(sent(device(), 3)).toEqual({
      device: 'bess-1',
      context: 1,
      firstCounter: 7,
      readings: [
        {
          kind: 'meter',
          interval: 41,
          pW: 1235,
          qVar: 0,
          vMicroPu: 1010000,
          eStorageMilliWh: -1000000,
          quality: 0,
        },
        { kind: 'observation', tMs: 5000, present: 0b10001, values: [1010000, 500000] },
      ],
    });
  });

  it('loses observations by seed and step, the same in every run, at about the rate asked for', () => {
    const lost = (d: Device): boolean[] =>
      Array.from({ length: 300 }, (_, i) => (sent(d, i)?.readings ?? []).every(({ kind }) => kind !== 'observation'));
    const one = lost(device('bess-1', 0.2));
    expect(lost(device('bess-1', 0.2))).toEqual(one);
    expect(lost(device('bess-2', 0.2))).not.toEqual(one);
    const share = one.filter(Boolean).length / one.length;
    expect(share > 0.12 && share < 0.28).toBe(true);
    expect(lost(device('bess-1', 0)).some(Boolean)).toBe(false);
  });
});
