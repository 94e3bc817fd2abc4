/** `gridpact reproduce`: the shape of the command; the work is in ../actions/reproduce.ts. */
import { fail } from '../../base/errors.ts';
import { defineCommand, integer, text } from '../command.ts';

export interface ReproduceFlags {
  readonly segment?: number | 'last';
  readonly checkpoints?: string;
  readonly recipe?: string;
}

function segment(input: string): number | 'last' {
  if (input === 'last') return 'last';
  if (!/^\d+$/.test(input)) throw fail('cli.usage', { expected: 'a segment number, 0 or more, or last', got: input });
  return integer(0, 1000000)(input);
}

export const command = defineCommand<ReproduceFlags, [model: string]>({
  brief: 'Train a model again and compare every digest with its card',
  details:
    'Takes recipe and seed from the card, trains again on the wasm backend and compares the digests of recipe, every ' +
    'checkpoint and parameters, and the CID of the frozen policy. Exit status 0: all the same; 1: not, and it ' +
    'says which digest differed first; 2: the command line is wrong. One segment runs from checkpoint K (0: the ' +
    'start) to the next, or to the end after the last; its first checkpoint must be at hand.',
  parameters: {
    flags: {
      segment: {
        kind: 'parsed',
        parse: segment,
        optional: true,
        placeholder: 'k',
        brief: 'Only from checkpoint k to the next; last: from the last checkpoint to the end',
      },
      checkpoints: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'dir',
        brief: 'Where checkpoint files are, for example the checkpoints folder of a run; default: those of the model',
      },
      recipe: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'file',
        brief: "Recipe to train; default: recipe.toml or recipe.json of the model, else the project's of that name",
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: text, placeholder: 'model', brief: 'Folder with card.json, for example models/voltage-ieee33' },
      ],
    },
  },
  load: async () => (await import('../actions/reproduce.ts')).reproduce,
});
