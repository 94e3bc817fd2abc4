/** `gridpact freeze`: the shape of the command; the work is in ../actions/freeze.ts. */
import { defineCommand, integer, text } from '../command.ts';

export interface FreezeFlags {
  readonly out: string;
  readonly points: number;
}

export const command = defineCommand<FreezeFlags, [float: string]>({
  brief: 'Freeze a float policy to the integers that a ledger executes',
  details:
    'Reads a float.json, as `gridpact train` writes it, and writes the artifact gridpolicy/int16/1.\n' +
    'The error is measured between the float network and the integer one on seeded points of the input box.',
  parameters: {
    flags: {
      out: { kind: 'parsed', parse: text, default: 'policy.cbor', placeholder: 'file', brief: 'Artifact to write' },
      points: {
        kind: 'parsed',
        parse: integer(1000, 10000000),
        default: '100000',
        placeholder: 'n',
        brief: 'Points on which the error is measured',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: text, placeholder: 'float.json', brief: 'Float policy' }],
    },
  },
  load: async () => (await import('../actions/freeze.ts')).freeze,
});
