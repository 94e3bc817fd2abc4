/** `gridpact node`: its flags; the work is in ../actions/node.ts. */
import { defineCommand, integer, text } from '../command.ts';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

export interface NodeFlags {
  readonly data: string;
  readonly genesis?: string;
  readonly dev: boolean;
  readonly host: string;
  readonly port: number;
  readonly blockMs: number;
  readonly key: string;
  readonly keysDir: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

export const command = defineCommand<NodeFlags>({
  brief: 'Run a ledger node with its HTTP API',
  details:
    'Opens the store, makes blocks by the clock and serves the API (its page is /docs) until SIGINT or SIGTERM.\n' +
    'The first start needs --genesis or --dev; later the store has its own. A genesis file is canonical DAG-CBOR,\n' +
    'or JSON as GET /v1/genesis gives it. --dev makes a genesis for local trials, and in --keys-dir the keys of\n' +
    'node, three operators, buyer, engineer and two owners, unless they are there.\n' +
    'Once it listens it prints where, and goes on; logs go to stderr.',
  parameters: {
    flags: {
      data: { kind: 'parsed', parse: text, placeholder: 'path', brief: 'Directory of the store' },
      genesis: { kind: 'parsed', parse: text, placeholder: 'file', optional: true, brief: 'Genesis of a new store' },
      dev: { kind: 'boolean', default: false, withNegated: false, brief: 'Make a genesis and keys for local trials' },
      host: {
        kind: 'parsed',
        parse: text,
        default: '127.0.0.1',
        placeholder: 'address',
        brief: 'Address to listen on',
      },
      port: {
        kind: 'parsed',
        parse: integer(0, 65535),
        default: '8545',
        placeholder: 'number',
        brief: 'Port to listen on; 0 takes a free one',
      },
      blockMs: {
        kind: 'parsed',
        parse: integer(10, 60000),
        default: '1000',
        placeholder: 'ms',
        brief: 'Longest wait of a transaction for its block, in ms',
      },
      key: { kind: 'parsed', parse: text, default: 'node', placeholder: 'name', brief: 'Key that signs headers' },
      keysDir: {
        kind: 'parsed',
        parse: text,
        default: './keys',
        placeholder: 'path',
        brief: 'Directory of key files',
      },
      logLevel: { kind: 'enum', values: LOG_LEVELS, default: 'info', brief: 'Least severe log line on stderr' },
    },
  },
  load: async () => (await import('../actions/node.ts')).runNode,
});
