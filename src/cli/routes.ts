/**
 * Every command by name. Only the module of the command that was named is imported, so `gridpact --help` reads none;
 * a brief here is what that list shows.
 */
import type { CliCommand, CliGroup } from './command.ts';

export interface Route {
  readonly brief: string;
  readonly load: () => Promise<{ readonly command: CliCommand | CliGroup }>;
}

export type Routes = Readonly<Record<string, Route>>;

export const ROUTES: Routes = {
  demo: {
    brief: 'The whole story: train, freeze, approve, execute, settle',
    load: () => import('./commands/demo.ts'),
  },
  train: { brief: 'Train a policy from a recipe and freeze it', load: () => import('./commands/train.ts') },
  sweep: {
    brief: 'Search the settings of a recipe: random draws, successive halving',
    load: () => import('./commands/sweep.ts'),
  },
  reproduce: {
    brief: 'Train a model again and compare every digest with its card',
    load: () => import('./commands/reproduce.ts'),
  },
  evaluate: {
    brief: 'Compare policies with every baseline on scenarios nobody trained on',
    load: () => import('./commands/evaluate.ts'),
  },
  freeze: {
    brief: 'Freeze a float policy to the integers that a ledger executes',
    load: () => import('./commands/freeze.ts'),
  },
  simulate: {
    brief: 'Run a policy on a simulated feeder and ledger, and pay the storage',
    load: () => import('./commands/simulate.ts'),
  },
  statement: {
    brief: 'Show every payment to an owner with its evidence',
    load: () => import('./commands/statement.ts'),
  },
  proof: { brief: 'Make and check proofs of payment', load: () => import('./commands/proof.ts') },
  audit: { brief: 'Check a stored ledger against its own headers', load: () => import('./commands/audit.ts') },
  replay: { brief: 'Execute a stored ledger again from genesis', load: () => import('./commands/replay.ts') },
  prove: {
    brief: 'Prove or refute what a policy promises, with certificates to check',
    load: () => import('./commands/prove.ts'),
  },
  inspect: {
    brief: 'Show what a policy artifact sees, computes, moves and may not do',
    load: () => import('./commands/inspect.ts'),
  },
  powerflow: {
    brief: 'Solve the AC power flow of a built-in case or a case file',
    load: () => import('./commands/powerflow.ts'),
  },
  node: { brief: 'Run a ledger node with its HTTP API', load: () => import('./commands/node.ts') },
  tx: { brief: 'Sign a transaction and send it to a node', load: () => import('./commands/tx.ts') },
  keys: { brief: 'Create and show signing keys', load: () => import('./commands/keys.ts') },
};
