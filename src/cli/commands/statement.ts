/** `gridpact statement`: the shape of the command; the work is in ../actions/statement.ts. */
import { defineCommand, integer, text } from '../command.ts';

export interface StatementFlags {
  readonly data: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

export const command = defineCommand<StatementFlags, [owner: string]>({
  brief: 'Show every payment to an owner with its evidence',
  details:
    'Lists what an owner was paid and what for: the setpoint, what the meter showed, the score and the money, with\n' +
    'the block and index that `gridpact proof make` takes. Payments that a later correction replaced are shown and\n' +
    'not counted. --from and --to bound the start of the intervals, --to not included. --json holds every line in full.',
  parameters: {
    flags: {
      data: { kind: 'parsed', parse: text, placeholder: 'dir', brief: 'Directory of the ledger' },
      from: { kind: 'parsed', parse: text, optional: true, placeholder: 'time', brief: 'ISO 8601 (UTC) or ms' },
      to: { kind: 'parsed', parse: text, optional: true, placeholder: 'time', brief: 'ISO 8601 (UTC) or ms' },
      limit: {
        kind: 'parsed',
        parse: integer(0, 1e9),
        default: '20',
        placeholder: 'n',
        brief: 'Show the last n payments, 0 for all; totals cover all',
      },
    },
    positional: { kind: 'tuple', parameters: [{ parse: text, placeholder: 'owner', brief: 'Account of the owner' }] },
  },
  load: async () => (await import('../actions/statement.ts')).statement,
});
