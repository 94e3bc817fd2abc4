/** State before the first block: what the genesis document says. */
import { ceilDiv } from '../base/fixed.ts';
import { intervalAt } from '../grid/interval.ts';
import type { Genesis } from './genesis.ts';
import { post } from './money.ts';
import type { StateWriter } from './state.ts';
import { accountTable, genesisTable, scheduleTable } from './tables.ts';

export function writeInitialState(state: StateWriter, genesis: Genesis, genesisBytes: Uint8Array): void {
  const { initialTimeMs, parameters, accounts } = genesis;
  genesisTable.set(state, genesisBytes);
  for (const { name, key, micro } of accounts) {
    accountTable.set(state, { publicKey: key, nonce: 0 }, name);
    post(state, [
      { balance: { account: name }, micro },
      { balance: 'issuance', micro: 0 - micro },
    ]);
  }
  const nextDispatch = ceilDiv(initialTimeMs, parameters.dMs);
  scheduleTable.set(state, { nextClose: intervalAt(initialTimeMs, parameters.dMs), nextDispatch });
}
