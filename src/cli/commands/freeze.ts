/** `gridpact freeze`: the shape of the command; the work is in ../actions/freeze.ts. */
import { defineCommand, integer, text } from '../command.ts';

export interface FreezeFlags {
  readonly out: string;
  readonly points: number;
  readonly interface?: string | undefined;
  readonly output?: string | undefined;
}

export const command = defineCommand<FreezeFlags, [float: string]>({
  brief: 'Freeze a float policy to the integers that a ledger executes',
  details:
    'Reads a float.json, as `gridpact train` writes it, or the ONNX file of a policy trained elsewhere, and writes the\n' +
    'artifact gridpolicy/int16/1. An ONNX file says nothing of units and limits: --interface names the task it was trained\n' +
    'on, or a model with the same inputs and outputs; docs/reference/onnx.md says what is read.\n' +
    'The error is measured between the float network and the integer one on seeded points of the input box.',
  parameters: {
    flags: {
      out: { kind: 'parsed', parse: text, default: 'policy.cbor', placeholder: 'file', brief: 'Artifact to write' },
      interface: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'task|model',
        brief: 'Of an ONNX file: what goes in and out',
      },
      output: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'name',
        brief: 'Of an ONNX file with several outputs: the action',
      },
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
      parameters: [{ parse: text, placeholder: 'policy', brief: 'A float.json, its directory, or an .onnx file' }],
    },
  },
  load: async () => (await import('../actions/freeze.ts')).freeze,
});
