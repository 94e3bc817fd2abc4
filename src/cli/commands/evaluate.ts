/** `gridpact evaluate`: the shape of the command; the work is in ../actions/evaluate.ts. */
import { defineCommand, integer, text } from '../command.ts';

export interface EvaluateFlags {
  readonly days: number;
  readonly from: number;
  readonly hard: boolean;
  readonly plot?: string | undefined;
}

export const command = defineCommand<EvaluateFlags, [policy: string | undefined]>({
  brief: 'Compare a policy with every baseline on days nobody trained on',
  details:
    'Runs the policy and the baselines through the same synthetic test days, batteries on the same plan, and compares\n' +
    'day by day with a paired bootstrap. Score: out-of-band share first (ties within 0.01 %), then line losses.\n' +
    'The droops were tuned by grid on training days: docs/evidence/voltage-ieee33.md.',
  parameters: {
    flags: {
      days: { kind: 'parsed', parse: integer(1, 500), default: '20', placeholder: 'n', brief: 'Test days' },
      from: {
        kind: 'parsed',
        parse: integer(0, 3650),
        default: '300',
        placeholder: 'n',
        brief: 'First test day; those before 300 were looked at while the shipped recipe was made',
      },
      hard: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Only days on which IEEE 1547-2018 B, one interval late, leaves more than 0.5 % out of band',
      },
      plot: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'path',
        brief: 'Draw the day hardest without control: a directory for all plots, or one .svg for the day over time',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: text,
          optional: true,
          placeholder: 'policy',
          brief: 'Artifact or model; default models/voltage-ieee33',
        },
      ],
    },
  },
  load: async () => (await import('../actions/evaluate.ts')).evaluate,
});
