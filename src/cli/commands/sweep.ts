/** `gridpact sweep`: the shape of the command; the work is in ../actions/sweep.ts. */
import { defineCommand, integer, text } from '../command.ts';

export interface SweepFlags {
  readonly out: string;
  readonly workers?: number;
}

export const command = defineCommand<SweepFlags, [sweep: string]>({
  brief: 'Search the settings of a recipe: random draws, successive halving',
  details:
    'Draws trials from the ranges of the sweep, trains all of them a little, and the best of them further, in worker ' +
    'threads. A trial is scored by the mean return of its deterministic policy over episodes of the training split. ' +
    'Writes results.json and the best recipe (best.toml) into --out. A sweep that was cut off goes on when it is ' +
    'started again with the same --out.',
  parameters: {
    flags: {
      out: { kind: 'parsed', parse: text, default: 'runs/sweep', placeholder: 'dir', brief: 'Folder of the sweep' },
      workers: {
        kind: 'parsed',
        parse: integer(1, 256),
        optional: true,
        placeholder: 'n',
        brief: 'Threads; default: as many as there are cores',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: text, placeholder: 'sweep', brief: 'Sweep file, TOML or JSON, for example train/sweep-example.toml' },
      ],
    },
  },
  load: async () => (await import('../actions/sweep.ts')).sweep,
});
