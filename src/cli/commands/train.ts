/** `gridpact train`: the shape of the command; the work is in ../actions/train.ts. */
import { fail } from '../../base/errors.ts';
import { defineCommand, integer, text } from '../command.ts';

export interface TrainFlags {
  readonly seed?: number;
  readonly seeds?: readonly number[];
  readonly out: string;
  readonly model?: string;
  readonly steps?: number;
  readonly backend?: 'auto' | 'node' | 'wasm' | 'cpu';
  readonly resume?: string;
  readonly workers?: number;
  readonly keepCheckpoints?: number;
}

const seed = integer(0, 4294967295);

/** `1,2,3` or `1-5`. */
function seedList(input: string): readonly number[] {
  const seeds = input.split(',').flatMap((part) => {
    const range = /^(\d+)-(\d+)$/.exec(part);
    if (range === null) return [seed(part)];
    const [from, to] = [seed(range[1]!), seed(range[2]!)];
    if (to < from || to - from >= 1000)
      throw fail('cli.usage', { expected: 'at most 1000 seeds, ascending', got: part });
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  if (new Set(seeds).size !== seeds.length) throw fail('cli.usage', { expected: 'each seed once', got: input });
  return seeds;
}

export const command = defineCommand<TrainFlags, [recipe?: string]>({
  brief: 'Train a policy from a recipe and freeze it',
  details:
    'The recipe and the seed decide every byte: the same two on the wasm backend give the same CID on any machine.\n' +
    'Writes policy.cbor, float.json, card.json, learning-curve.svg, log.jsonl (one line an update), an event file for ' +
    'TensorBoard and checkpoints into --out. Several seeds are trained side by side in worker threads, each into a ' +
    'folder of its own; none is selected. A run that was cut off goes on with --resume and comes to the same bytes.',
  parameters: {
    flags: {
      seed: {
        kind: 'parsed',
        parse: seed,
        optional: true,
        placeholder: 'n',
        brief: "Training seed; default: the recipe's, or 1",
      },
      seeds: { kind: 'parsed', parse: seedList, optional: true, placeholder: 'list', brief: 'Several: 1,2,5 or 1-5' },
      out: { kind: 'parsed', parse: text, default: 'runs/train', placeholder: 'dir', brief: 'Folder of the run' },
      model: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'dir',
        brief: 'One seed: also write here what a model ships with (policy, float, card, last checkpoint)',
      },
      steps: {
        kind: 'parsed',
        parse: integer(1, 10000000000),
        optional: true,
        placeholder: 'n',
        brief: "Instead of the recipe's number of steps; gives another policy",
      },
      backend: {
        kind: 'enum',
        values: ['auto', 'node', 'wasm', 'cpu'],
        optional: true,
        brief: "tfjs backend instead of the recipe's; auto tries node, wasm, cpu",
      },
      resume: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'dir',
        brief: 'Go on with the run in this folder, from its last checkpoint; takes no recipe',
      },
      workers: {
        kind: 'parsed',
        parse: integer(1, 256),
        optional: true,
        placeholder: 'n',
        brief: 'Threads for several seeds; default: as many as there are cores',
      },
      keepCheckpoints: {
        kind: 'parsed',
        parse: integer(1, 1000000),
        optional: true,
        placeholder: 'n',
        brief: 'Keep only the newest n checkpoint files; default: all',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: text,
          placeholder: 'recipe',
          brief: 'Recipe file, TOML or JSON, for example train/voltage-ieee33.json',
          optional: true,
        },
      ],
    },
  },
  load: async () => (await import('../actions/train.ts')).train,
});
