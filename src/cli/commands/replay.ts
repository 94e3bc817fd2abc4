/** `gridpact replay`: the shape of the command; the work is in ../actions/audit.ts. */
import { defineCommand, text } from '../command.ts';
import type { LedgerFlags } from './audit.ts';

export const command = defineCommand<LedgerFlags>({
  brief: 'Execute a stored ledger again from genesis',
  details:
    'Executes every block again in memory and compares every field of every header, state root included.\n' +
    'Exit status 1 at the first block that comes out differently, with its height and field.',
  parameters: {
    flags: { data: { kind: 'parsed', parse: text, placeholder: 'dir', brief: 'Directory of the ledger' } },
  },
  load: async () => (await import('../actions/audit.ts')).replay,
});
