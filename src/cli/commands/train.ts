/** `gridpact train`: the shape of the command; the work is in ../actions/train.ts. */
import { defineCommand, integer, text } from '../command.ts';

export interface TrainFlags {
  readonly seed: number;
  readonly out: string;
  readonly steps?: number;
  readonly backend?: 'auto' | 'node' | 'wasm' | 'cpu';
}

export const command = defineCommand<TrainFlags, [recipe: string]>({
  brief: 'Train a policy from a recipe and freeze it',
  details:
    'The recipe and the seed decide every byte: the same two on the wasm backend give the same CID on any machine.\n' +
    'Writes policy.cbor, float.json, card.json and log.jsonl (one line an update) into --out.',
  parameters: {
    flags: {
      seed: { kind: 'parsed', parse: integer(0, 2147483647), default: '1', placeholder: 'n', brief: 'Training seed' },
      out: { kind: 'parsed', parse: text, default: 'runs/train', placeholder: 'dir', brief: 'Where the model goes' },
      steps: {
        kind: 'parsed',
        parse: integer(1, 1000000000),
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
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: text, placeholder: 'recipe', brief: 'Recipe file, for example train/voltage-ieee33.json' }],
    },
  },
  load: async () => (await import('../actions/train.ts')).train,
});
