/** `gridpact evaluate`: the shape of the command; the work is in ../actions/evaluate.ts. */
import { defineCommand, integer, text } from '../command.ts';

export interface EvaluateFlags {
  readonly suite?: string | undefined;
  readonly count?: number | undefined;
  readonly days?: number | undefined;
  readonly from?: number | undefined;
  readonly against?: readonly string[] | undefined;
  readonly apart: boolean;
  readonly workers?: number | undefined;
  readonly html?: string | undefined;
  readonly write?: string | undefined;
  readonly keep?: string | undefined;
  readonly plot?: string | undefined;
  readonly homes?: string | undefined;
  readonly mpc: boolean;
}

export const command = defineCommand<EvaluateFlags, string[]>({
  brief: 'Compare policies with every baseline on scenarios nobody trained on',
  details:
    'Runs each policy, every baseline and every bound of a suite through the same held-out scenarios, and compares them\n' +
    'scenario by scenario: means, interquartile means (IQM), 95 % bootstrap intervals. The suite is that of the policy:\n' +
    'its card names the task, or its inputs and outputs tell. Policies of one recipe are its training seeds and share a\n' +
    'row. A float.json beside a policy shows what freezing changed. Baselines are tuned on training scenarios:\n' +
    'docs/reference/evaluation.md says how everything is counted. With --homes and no policy: what homes with batteries\n' +
    'pay under greedy self-use and under a year known beforehand.',
  parameters: {
    flags: {
      suite: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'id',
        brief: "Instead of the policy's own; a wrong id is answered with the list",
      },
      count: {
        kind: 'parsed',
        parse: integer(1, 10000),
        optional: true,
        placeholder: 'n',
        brief: "Scenarios; the suite's own number unless given",
      },
      days: {
        kind: 'parsed',
        parse: integer(1, 10000),
        optional: true,
        hidden: true,
        placeholder: 'n',
        brief: 'Former name of --count',
      },
      from: {
        kind: 'parsed',
        parse: integer(0, 1000000),
        optional: true,
        placeholder: 'n',
        brief: 'First scenario of the held-out list; those before were looked at while recipes were made',
      },
      against: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        placeholder: 'name',
        brief: 'Only this baseline or bound; may be given again',
      },
      apart: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'A row for each policy, also for those of one recipe',
      },
      workers: {
        kind: 'parsed',
        parse: integer(1, 64),
        optional: true,
        placeholder: 'n',
        brief: 'Threads; default: one a core, and one for fewer than 8 scenarios. The result is the same',
      },
      html: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'file',
        brief: 'Write a page with tables and plots, whole in itself',
      },
      write: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'dir',
        brief: 'Write evaluation.json into a model folder, for its card',
      },
      keep: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'file',
        brief: 'Keep results here as they come, and take up what is there',
      },
      plot: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'path',
        brief:
          'Voltage: draw the day hardest without control: a directory for all plots, or one .svg for the day over time',
      },
      homes: {
        kind: 'parsed',
        parse: text,
        optional: true,
        placeholder: 'folder',
        brief: 'Homes in the form of the CityLearn challenge 2022 (schema.json beside its CSVs) as scenarios',
      },
      mpc: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'With --homes and no policy: also model-predictive control, 24 h ahead; 20 s for a year of a home',
      },
    },
    positional: {
      kind: 'array',
      parameter: {
        parse: text,
        placeholder: 'policy',
        brief: 'Artifacts or models; models/voltage-ieee33 unless given',
      },
    },
  },
  load: async () => (await import('../actions/evaluate.ts')).evaluate,
});
