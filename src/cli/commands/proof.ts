/** `gridpact proof`: the shape of the commands; the work is in ../actions/proof.ts. */
import { defineCommand, defineGroup, integer, text } from '../command.ts';

export interface MakeFlags {
  readonly data: string;
  readonly height?: number;
  readonly index?: number;
  readonly owner?: string;
  readonly last: boolean;
  readonly out?: string;
  readonly headerOut?: string;
  readonly key: string;
  readonly keysDir?: string;
}

export interface VerifyFlags {
  readonly proof: string;
  readonly header: string;
  readonly nodeKey?: string;
}

const FILE = { kind: 'parsed', parse: text, placeholder: 'file' } as const;

export const command = defineGroup('Make and check proofs of payment', {
  make: defineCommand<MakeFlags>({
    brief: 'Prove one payment to whoever holds the header of its block',
    details:
      'Takes the payment at --height and --index (as `gridpact statement` lists them), or the last one of --owner.\n' +
      'Writes the proof and the signed block header, each as one line of hex; without --out they are printed.',
    parameters: {
      flags: {
        data: { kind: 'parsed', parse: text, placeholder: 'dir', brief: 'Directory of the ledger' },
        height: {
          kind: 'parsed',
          parse: integer(1, Number.MAX_SAFE_INTEGER),
          optional: true,
          placeholder: 'n',
          brief: 'Block of the payment',
        },
        index: {
          kind: 'parsed',
          parse: integer(0, 0xffffffff),
          optional: true,
          placeholder: 'n',
          brief: 'Place of its receipt in the block',
        },
        owner: {
          kind: 'parsed',
          parse: text,
          optional: true,
          placeholder: 'name',
          brief: 'With --last: whose payment',
        },
        last: { kind: 'boolean', default: false, withNegated: false, brief: 'The last payment of --owner' },
        out: { ...FILE, optional: true, brief: 'Write the proof here' },
        headerOut: { ...FILE, optional: true, brief: 'Write the signed header here' },
        key: { kind: 'parsed', parse: text, default: 'node', placeholder: 'name', brief: 'Key that signs headers' },
        keysDir: {
          kind: 'parsed',
          parse: text,
          optional: true,
          placeholder: 'path',
          brief: 'Directory of key files; default the --data directory',
        },
      },
    },
    load: async () => (await import('../actions/proof.ts')).makeProof,
  }),
  verify: defineCommand<VerifyFlags>({
    brief: 'Check a proof of payment against a block header, without any ledger',
    details:
      'Reads the two files and nothing else. The header must carry a valid signature; with --node-key it must be that\n' +
      'node. A file with any byte changed fails: proof.invalid says what did not hold, exit status 1.',
    parameters: {
      flags: {
        proof: { ...FILE, brief: 'The proof' },
        header: { ...FILE, brief: 'The signed header' },
        nodeKey: {
          kind: 'parsed',
          parse: text,
          optional: true,
          placeholder: 'hex',
          brief: 'Public key that must have signed the header',
        },
      },
    },
    load: async () => (await import('../actions/proof.ts')).verifyProof,
  }),
});
