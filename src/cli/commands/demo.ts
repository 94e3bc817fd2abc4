/** `gridpact demo`: the shape of the command; the work is in ../actions/demo.ts. */
import { defineCommand, integer, text } from '../command.ts';

export interface DemoFlags {
  readonly seed: number;
  readonly recipe?: string;
  readonly steps?: number;
  readonly day: number;
  readonly intervals?: number;
  readonly data?: string;
}

export const command = defineCommand<DemoFlags>({
  brief: 'The whole story: train, freeze, approve, execute, settle',
  details:
    'Trains a voltage policy (400 000 steps), freezes it to integers, registers it by its hash, has it approved by ' +
    'two of three operators, and lets a ledger run it for a day of five-minute intervals and pay the storage owners. ' +
    'About half a minute in all.',
  parameters: {
    flags: {
      seed: {
        kind: 'parsed',
        parse: integer(0, 2147483647),
        default: '1',
        placeholder: 'n',
        brief: 'Of training and keys',
      },
      recipe: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'file',
        brief: 'Training recipe; default train/voltage-ieee33-demo.json',
      },
      steps: {
        kind: 'parsed',
        parse: integer(1, 1000000000),
        optional: true,
        placeholder: 'n',
        brief: "Instead of the recipe's number of steps",
      },
      day: {
        kind: 'parsed',
        parse: integer(0, 3650),
        default: '14',
        placeholder: 'n',
        brief: 'Which test day to live; 14 is a day of fast clouds',
      },
      intervals: {
        kind: 'parsed',
        parse: integer(1, 288),
        optional: true,
        placeholder: 'n',
        brief: 'Stop the day after so many intervals',
      },
      data: { kind: 'parsed', parse: text, optional: true, placeholder: 'dir', brief: 'Keep the ledger here' },
    },
  },
  load: async () => (await import('../actions/demo.ts')).demo,
});
