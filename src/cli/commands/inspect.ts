/** `gridpact inspect`: the shape of the command; the work is in ../actions/inspect.ts. */
import { defineCommand, text } from '../command.ts';

export const command = defineCommand<NonNullable<unknown>, [artifact: string | undefined]>({
  brief: 'Show what a policy artifact sees, computes, moves and may not do',
  details:
    'Loads an artifact with every check of the policy format and shows its architecture, inputs and outputs in\n' +
    'physical units, envelopes, fallback, cost, size, name (CID) and self-test digest.',
  parameters: {
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
