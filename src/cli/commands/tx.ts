/** `gridpact tx`: the shape of the command; the work is in ../actions/tx.ts. */
import { defineCommand, text } from '../command.ts';

export interface TxFlags {
  readonly key: string;
  readonly keysDir: string;
  readonly from?: string;
  readonly node: string;
}

export const command = defineCommand<TxFlags, [kind: string, body: string | undefined]>({
  brief: 'Sign a transaction and send it to a node',
  details:
    'For example: gridpact tx deployment.approve \'{"deployment": "bafy..."}\' --key operator-1\n' +
    'The kinds and their bodies are in docs/spec/ledger.md. Bytes in a body are {"hex": "..."} or {"file": "path"}.\n' +
    'The node tells chain id and next nonce; the secret key never leaves this machine. Exit status 1 when refused.',
  parameters: {
    flags: {
      key: { kind: 'parsed', parse: text, placeholder: 'name', brief: 'Key that signs' },
      keysDir: { kind: 'parsed', parse: text, default: './keys', placeholder: 'path', brief: 'Directory of key files' },
      from: { kind: 'parsed', parse: text, optional: true, placeholder: 'account', brief: 'Account; default: --key' },
      node: {
        kind: 'parsed',
        parse: text,
        default: 'http://127.0.0.1:8545',
        placeholder: 'url',
        brief: 'Node to send to',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: text, placeholder: 'kind', brief: 'Kind of transaction, for example deployment.suspend' },
        { parse: text, optional: true, placeholder: 'body', brief: 'Body as JSON; default {}' },
      ],
    },
  },
  load: async () => (await import('../actions/tx.ts')).tx,
});
