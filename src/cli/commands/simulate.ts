/** `gridpact simulate`: the shape of the command; the work is in ../actions/simulate.ts. */
import { defineCommand, integer, share, text } from '../command.ts';

export interface SimulateFlags {
  readonly policy?: string;
  readonly series?: string;
  readonly days: number;
  readonly start: number;
  readonly intervals?: number;
  readonly scale: 'feeder' | 'raw';
  readonly data?: string;
  readonly seed: string;
  readonly missingRate: number;
}

export const command = defineCommand<SimulateFlags>({
  brief: 'Run a policy on a simulated feeder and ledger, and pay the storage',
  details:
    'Runs the 33-bus feeder for whole days: meters sign readings, the ledger dispatches the policy every five minutes\n' +
    'and pays the owners. The same days run again without control and under the IEEE 1547-2018 category B droop.\n' +
    'Without --series the days are synthetic test days. A CSV holds time, load.<bus>, q.<bus> and pv.<bus> columns,\n' +
    'or is the 34-node distribution of RL-ADN; rows that cannot be used are named by line.\n' +
    'With --data the ledger is kept, and a run that was interrupted goes on where it stopped.',
  parameters: {
    flags: {
      policy: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'path',
        brief: 'Policy artifact, or a directory with policy.cbor; default models/voltage-ieee33',
      },
      series: { kind: 'parsed', parse: text, optional: true, placeholder: 'csv', brief: 'Measured loads and PV' },
      days: { kind: 'parsed', parse: integer(1, 366), default: '1', placeholder: 'n', brief: 'Days to run' },
      start: {
        kind: 'parsed',
        parse: integer(0, 3650),
        default: '0',
        placeholder: 'n',
        brief: 'First day: of the file, or of the test days, from 0',
      },
      intervals: {
        kind: 'parsed',
        parse: integer(1, 366 * 288),
        optional: true,
        placeholder: 'n',
        brief: 'Stop the days after so many intervals',
      },
      scale: {
        kind: 'enum',
        values: ['feeder', 'raw'],
        default: 'feeder',
        brief: 'RL-ADN powers brought to the feeder, or in kW as in the file',
      },
      data: { kind: 'parsed', parse: text, optional: true, placeholder: 'dir', brief: 'Keep the ledger here' },
      seed: { kind: 'parsed', parse: text, default: '1', placeholder: 'text', brief: 'Of keys and of lost readings' },
      missingRate: {
        kind: 'parsed',
        parse: share,
        default: '0',
        placeholder: '0..1',
        brief: 'Share of readings that never reach the ledger',
      },
    },
  },
  load: async () => (await import('../actions/simulate.ts')).simulate,
});
