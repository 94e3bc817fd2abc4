/** `gridpact audit`: the shape of the command; the work is in ../actions/audit.ts. */
import { defineCommand, text } from '../command.ts';

export interface LedgerFlags {
  readonly data: string;
}

export const command = defineCommand<LedgerFlags>({
  brief: 'Check a stored ledger against its own headers',
  details:
    'Reads everything that is kept and holds it against the block headers: the chain of hashes, transactions,\n' +
    'results, receipts, the state and its root, and that all balances sum to 0. Exit status 1 when something differs.',
  parameters: {
    flags: { data: { kind: 'parsed', parse: text, placeholder: 'dir', brief: 'Directory of the ledger' } },
  },
  load: async () => (await import('../actions/audit.ts')).audit,
});
