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
  simulate: {
    brief: 'Run a policy on a simulated feeder and ledger, and pay the storage',
    load: () => import('./commands/simulate.ts'),
  },
  keys: { brief: 'Create and show signing keys', load: () => import('./commands/keys.ts') },
};
