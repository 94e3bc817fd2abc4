/** `gridpact evaluate`: the shape of the command; the work is in ../actions/evaluate.ts. */
import { defineCommand, integer, text } from '../command.ts';

export interface EvaluateFlags {
  readonly days?: number | undefined;
  readonly from?: number | undefined;
  readonly hard: boolean;
  readonly plot?: string | undefined;
  readonly homes?: string | undefined;
  readonly mpc: boolean;
}

export const command = defineCommand<EvaluateFlags, [policy: string | undefined]>({
  brief: 'Compare a policy with every baseline on days nobody trained on',
  details:
    'Runs the policy and the baselines through the same synthetic test days, batteries on the same plan, and compares\n' +
    'day by day with a paired bootstrap. Score: out-of-band share first (ties within 0.01 %), then line losses.\n' +
    'The droops were tuned by grid on training days: docs/evidence/voltage-ieee33.md. With --homes it compares what\n' +
    'homes with batteries pay instead: no battery, greedy self-use, a year known beforehand (linear program).',
  parameters: {
    flags: {
      days: {
        kind: 'parsed',
        parse: integer(1, 500),
        optional: true,
        placeholder: 'n',
        brief: 'Test days; 20 unless given',
      },
      from: {
        kind: 'parsed',
        parse: integer(0, 3650),
        optional: true,
        placeholder: 'n',
        brief: 'First test day; 300 unless given: those before were looked at while the shipped recipe was made',
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
      homes: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'folder',
        brief: 'Homes in the form of the CityLearn challenge 2022 (schema.json beside its CSVs), without a policy',
      },
      mpc: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'With --homes: also model-predictive control, 24 h ahead; 20 s for a year of a home',
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
