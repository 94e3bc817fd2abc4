/** How to call this program again: npm puts `gridpact` on no PATH, so what npm started is told with npx. */
import type { CliIo } from './io.ts';

export function programName({ env }: Pick<CliIo, 'env'>): string {
  return env['npm_lifecycle_event'] === undefined ? 'gridpact' : 'npx gridpact';
}
