/** `gridpact inspect`: the shape of the command; the work is in ../actions/inspect.ts. */
import { defineCommand, text } from '../command.ts';

export interface InspectFlags {
  readonly map?: string | undefined;
  readonly across?: string | undefined;
  readonly up?: string | undefined;
  readonly output?: string | undefined;
  readonly at?: readonly string[] | undefined;
}

export const command = defineCommand<InspectFlags, [artifact: string | undefined]>({
  brief: 'Show what a policy artifact sees, computes, moves and may not do',
  details:
    'Loads an artifact with every check of the policy format and shows its architecture, inputs and outputs in\n' +
    'physical units, envelopes, fallback, cost, size, name (CID) and self-test digest. With --map also a picture of what\n' +
    'it orders over two of its inputs, the others held in the middle of their ranges or where --at says.',
  parameters: {
    flags: {
      map: { kind: 'parsed', parse: text, optional: true, placeholder: 'file.svg', brief: 'Picture to write' },
      across: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'input',
        brief: 'Of the picture; unless given, of the inputs that move the output most',
      },
      up: { kind: 'parsed', parse: text, optional: true, placeholder: 'input', brief: 'The same, upwards' },
      output: { kind: 'parsed', parse: text, optional: true, placeholder: 'name', brief: 'Output shown; the first' },
      at: {
        kind: 'parsed',
        parse: text,
        optional: true,
        variadic: true,
        placeholder: 'name=number',
        brief: 'Where an input is held, in its physical unit; may be repeated',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: text,
          optional: true,
          placeholder: 'artifact',
          brief: 'File, or a directory with policy.cbor; default models/voltage-ieee33',
        },
      ],
    },
  },
  load: async () => (await import('../actions/inspect.ts')).inspect,
});
