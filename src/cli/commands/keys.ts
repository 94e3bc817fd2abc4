/** `gridpact keys`: the shape of the commands; the work is in ../actions/keys.ts. */
import { defineCommand, defineGroup, text } from '../command.ts';

export interface KeysFlags {
  readonly dir: string;
}

const flags = {
  dir: { kind: 'parsed', parse: text, default: './keys', placeholder: 'path', brief: 'Directory of key files' },
} as const;

const positional = {
  kind: 'tuple',
  parameters: [{ parse: text, placeholder: 'name', brief: 'Name of the key: 1..32 of [a-z0-9._-]' }],
} as const;

export const command = defineGroup('Create and show signing keys', {
  new: defineCommand<KeysFlags, [name: string]>({
    brief: 'Create a key and its file',
    details:
      'Creates an Ed25519 key and writes <dir>/<name>.key.json, readable by its owner alone.\n' +
      'An existing file is never overwritten. The secret is never printed.',
    parameters: { flags, positional },
    load: async () => (await import('../actions/keys.ts')).newKey,
  }),
  show: defineCommand<KeysFlags, [name: string]>({
    brief: 'Print the public key of a key file',
    parameters: { flags, positional },
    load: async () => (await import('../actions/keys.ts')).showKey,
  }),
  list: defineCommand<KeysFlags>({
    brief: 'List the key files of a directory',
    details: 'Lists the key files of a directory. Exit status 1 when one of them cannot be used.',
    parameters: { flags },
    load: async () => (await import('../actions/keys.ts')).listAll,
  }),
});
