/** `gridpact prove`: the shape of the command; the work is in ../actions/prove.ts. */
import { defineCommand, integer, text } from '../command.ts';

export interface ProveFlags {
  readonly suite?: string | undefined;
  readonly only?: readonly string[] | undefined;
  readonly seconds: number;
  readonly workers: number;
  readonly write?: string | undefined;
  readonly check?: string | undefined;
  readonly draft?: string | undefined;
}

export const command = defineCommand<ProveFlags, [artifact: string | undefined]>({
  brief: 'Prove or refute what a policy promises, and write certificates that anyone can check',
  details:
    'Reads the suite.json beside the artifact, or drafts one from its interface, and searches each property over every input\n' +
    'that it speaks of: PROVED for all of them, REFUTED with the readings that break it, or UNKNOWN when the budget ran out,\n' +
    'which is never a pass. What runs on a ledger is what is verified, bit for bit. --write keeps a certificate of each proof,\n' +
    'and --check replays those in integers alone, without searching. The answer is no (exit code 1) unless every claim holds.',
  parameters: {
    flags: {
      suite: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'file',
        brief: 'Properties in physical units; docs/reference/verification.md',
      },
      only: {
        kind: 'parsed',
        parse: text,
        optional: true,
        variadic: true,
        placeholder: 'id',
        brief: 'This property; may be repeated',
      },
      seconds: {
        kind: 'parsed',
        parse: integer(1, 86400),
        default: '60',
        placeholder: 'n',
        brief: 'Longest search of one property',
      },
      workers: {
        kind: 'parsed',
        parse: integer(1, 64),
        default: '1',
        placeholder: 'n',
        brief: 'Threads; they change how long it takes and nothing else',
      },
      write: { kind: 'parsed', parse: text, optional: true, placeholder: 'dir', brief: 'Folder for certificates' },
      check: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'dir',
        brief: 'Folder of certificates to replay',
      },
      draft: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'file',
        brief: 'Write the drafted suite, and stop',
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
  load: async () => (await import('../actions/prove.ts')).proveCommand,
});
