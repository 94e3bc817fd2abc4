/**
 * Double entry. A posting is a list of (balance, delta) that sums to exactly zero. An owner or escrow that
 * would fall below zero goes to zero and the rest stands as a receivable (a companion balance <= 0), which
 * the next credit clears first: what is held and what is owed depend on the sum alone, never on the order.
 */
import { fail } from '../base/errors.ts';
import { addSafe } from '../base/fixed.ts';
import type { StateReader, StateWriter } from './state.ts';
import { balanceKey, balanceTable } from './tables.ts';

/** Balances that may owe, and where what they owe stands. */
type Owner = { readonly account: string } | { readonly escrow: string };

export interface Entry {
  readonly balance: Owner | { readonly reserved: string } | 'rounding' | 'issuance';
  readonly micro: number;
}

export function balanceOf(state: StateReader, key: string): number {
  return balanceTable.get(state, key)?.micro ?? 0;
}

/** @throws `money.unbalanced` when the entries do not sum to zero: a bug, never a user's mistake. */
export function post(state: StateWriter, entries: readonly Entry[]): void {
  let sum = 0;
  for (const { micro } of entries) sum = addSafe(sum, micro);
  if (sum !== 0) throw fail('money.unbalanced', { expected: 0, got: sum });
  for (const { balance, micro } of entries) apply(state, balance, micro);
}

function apply(state: StateWriter, balance: Entry['balance'], micro: number): void {
  if (micro === 0) return;
  if (balance === 'rounding') return add(state, balanceKey.rounding(), micro);
  if (balance === 'issuance') return add(state, balanceKey.issuance(), micro);
  if ('reserved' in balance) return add(state, balanceKey.reserved(balance.reserved), micro);
  if ('account' in balance) {
    return addNet(state, balanceKey.account(balance.account), balanceKey.receivable(balance.account), micro);
  }
  return addNet(state, balanceKey.escrow(balance.escrow), balanceKey.owed(balance.escrow), micro);
}

function add(state: StateWriter, key: string, micro: number): void {
  write(state, key, addSafe(balanceOf(state, key), micro));
}

function addNet(state: StateWriter, heldKey: string, owedKey: string, micro: number): void {
  const net = addSafe(addSafe(balanceOf(state, heldKey), balanceOf(state, owedKey)), micro);
  write(state, heldKey, Math.max(0, net));
  write(state, owedKey, Math.min(0, net));
}

/** Zero balances have no row, so that a balance that came and went leaves the same state. */
function write(state: StateWriter, key: string, micro: number): void {
  if (micro === 0) balanceTable.delete(state, key);
  else balanceTable.set(state, { micro }, key);
}

/** Move what an account holds. @throws `account.balance`. */
export function transfer(state: StateWriter, from: string, to: Entry['balance'], micro: number): void {
  const held = balanceOf(state, balanceKey.account(from));
  if (micro > held) throw fail('account.balance', { expected: `at most ${held} micro held by ${from}`, got: micro });
  post(state, [
    { balance: { account: from }, micro: 0 - micro },
    { balance: to, micro },
  ]);
}
