/** Accounts, transfers and enrolment of assets. */
import { fail } from '../../base/errors.ts';
import { SAFE_MAX } from '../../base/fixed.ts';
import { isAcceptableKey, verify } from '../../base/signature.ts';
import type { BlockContext } from '../context.ts';
import { transfer } from '../money.ts';
import { accountTable, assetTable, meterTable } from '../tables.ts';
import { enrolmentBytes, type AccountTx, type TxBody } from '../transaction.ts';
import { bytesField, expectKeys, idField, intField } from './fields.ts';

/** The new key signs for itself, with nonce 0. */
export function openAccount({ state }: BlockContext, tx: AccountTx): void {
  expectKeys(tx.body, ['key']);
  if (accountTable.get(state, tx.from) !== undefined) throw fail('account.exists', { got: tx.from });
  accountTable.set(state, { publicKey: acceptableKey(tx.body, 'key'), nonce: 0 }, tx.from);
}

export function transferMoney({ state }: BlockContext, tx: AccountTx): void {
  expectKeys(tx.body, ['micro', 'to']);
  const to = idField(tx.body, 'to');
  if (accountTable.get(state, to) === undefined) throw fail('account.unknown', { got: to });
  transfer(state, tx.from, { account: to }, intField(tx.body, 'micro', 1, SAFE_MAX));
}

const ASSET_KEYS = [
  'asset',
  'bus',
  'deviceKey',
  'deviceSignature',
  'eMaxWh',
  'etaChargeMicro',
  'etaDischargeMicro',
  'pMaxW',
  'pvPeakW',
  'sMaxVa',
  'socMaxMicro',
  'socMinMicro',
];

/** The owner registers, the device countersigns: neither can enrol the other alone. */
export function registerAsset({ state, genesis }: BlockContext, tx: AccountTx): void {
  const { body, from } = tx;
  expectKeys(body, ASSET_KEYS);
  const asset = idField(body, 'asset');
  if (assetTable.get(state, asset) !== undefined) throw fail('asset.exists', { got: asset });
  const deviceKey = acceptableKey(body, 'deviceKey');
  const signature = bytesField(body, 'deviceSignature', 64);
  if (!verify(deviceKey, enrolmentBytes(genesis.chain, from, body), signature)) {
    throw fail('asset.enrolment', { expected: `a countersignature by the device of ${asset}` });
  }
  assetTable.set(state, { owner: from, deviceKey, ...ratings(body) }, asset);
  meterTable.set(state, { context: 0, counter: 0, gaps: 0 }, asset);
}

function ratings(body: TxBody) {
  const socMinMicro = intField(body, 'socMinMicro', 0, 1000000);
  return {
    bus: intField(body, 'bus', 1, 1000000),
    // sMax^2 must stay a safe integer: 90 MVA.
    sMaxVa: intField(body, 'sMaxVa', 1, 90000000),
    pvPeakW: intField(body, 'pvPeakW', 0, 90000000),
    pMaxW: intField(body, 'pMaxW', 0, 90000000),
    eMaxWh: intField(body, 'eMaxWh', 0, 1000000000),
    etaChargeMicro: intField(body, 'etaChargeMicro', 1, 1000000),
    etaDischargeMicro: intField(body, 'etaDischargeMicro', 1, 1000000),
    socMinMicro,
    socMaxMicro: intField(body, 'socMaxMicro', socMinMicro, 1000000),
  };
}

function acceptableKey(body: TxBody, key: string): Uint8Array {
  const value = bytesField(body, key, 32);
  if (!isAcceptableKey(value)) throw fail('account.key', { expected: `${key}: a canonical Ed25519 key` });
  return value;
}
