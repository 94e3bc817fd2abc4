/** `gridpact powerflow`: the shape of the command; the work is in ../actions/powerflow.ts. */
import { fail } from '../../base/errors.ts';
import { defineCommand, text } from '../command.ts';

export interface PowerFlowFlags {
  readonly solver: 'newton' | 'sweep' | 'auto';
  readonly start: 'flat' | 'case';
  readonly enforceQLimits: boolean;
  readonly tolerance: number;
}

export const command = defineCommand<PowerFlowFlags, [name: string]>({
  brief: 'Solve the AC power flow of a built-in case or a case file',
  details:
    'CASE is ieee14, ieee33, ieee69, ieee118 or anm6, a MATPOWER case file (version 2), or a file in the text format of\n' +
    'docs/reference/case-format.md. Prints the balance of power, the worst voltages and the branches beyond their\n' +
    'ratings; with --json every bus. Signs, methods and what counts as solved: docs/reference/power-flow.md. Exit\n' +
    'status: 0 solved, 1 no solution was found, 2 the case cannot be read.',
  parameters: {
    flags: {
      solver: {
        kind: 'enum',
        values: ['newton', 'sweep', 'auto'],
        default: 'auto',
        brief: 'auto: Newton from either start, then the sweep on a plain radial feeder',
      },
      start: {
        kind: 'enum',
        values: ['flat', 'case'],
        default: 'case',
        brief: 'Where Newton begins: the voltages of the case, or 1 pu',
      },
      enforceQLimits: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Let a pv bus go where its machines reach their Q limits',
      },
      tolerance: {
        kind: 'parsed',
        parse: tolerance,
        default: '1e-10',
        placeholder: 'pu',
        brief: 'Largest power mismatch (sweep: voltage change) that is solved',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: text, placeholder: 'case', brief: 'Built-in case or file' }],
    },
  },
  load: async () => (await import('../actions/powerflow.ts')).powerflow,
});

function tolerance(input: string): number {
  const value = Number(input);
  if (input.trim() !== '' && value > 0 && value <= 0.01) return value;
  throw fail('cli.usage', { expected: 'a number above 0, at most 0.01', got: input });
}
