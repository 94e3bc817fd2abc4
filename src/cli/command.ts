/** How a command is written: a light description here, the work in a module that is loaded when it runs. */
import {
  buildCommand,
  buildRouteMap,
  type BaseArgs,
  type BaseFlags,
  type Command,
  type CommandContext,
  type RouteMap,
  type TypedCommandParameters,
} from '@stricli/core';
import { fail } from '../base/errors.ts';
import { EXIT, type ExitStatus } from './failure.ts';
import type { CliIo } from './io.ts';
import { Reporter } from './ui/output.ts';
import { wrap, wrapHelp } from './ui/wrap.ts';

/** What the application hands to a command, and gets back from it. */
export interface CliContext extends CommandContext {
  readonly io: CliIo;
  status: ExitStatus;
  reporter: Reporter | undefined;
}

export type CliCommand = Command<CliContext>;
export type CliGroup = RouteMap<CliContext>;

/** The work of a command. Nothing, or EXIT.ok: yes. EXIT.no: it ran and the answer is no. Errors are thrown. */
export type Action<FLAGS, ARGS extends readonly unknown[] = []> = (
  report: Reporter,
  flags: FLAGS,
  ...args: ARGS
) => void | ExitStatus | Promise<void | ExitStatus>;

/** Any object type, an interface included: what @stricli/core asks of flags. */
type FlagsOf<FLAGS> = Readonly<Partial<Record<keyof FLAGS, unknown>>>;

export interface CommandSpec<FLAGS extends FlagsOf<FLAGS>, ARGS extends BaseArgs> {
  /** One line, no full stop: the row in the list of commands. */
  readonly brief: string;
  /** The longer text of --help: one paragraph, wrapped there. */
  readonly details?: string;
  /** Flags and positional arguments, in the types of @stricli/core. `--json` is added to every command. */
  readonly parameters: NoInfer<TypedCommandParameters<FLAGS, ARGS, CliContext>>;
  readonly load: () => Promise<Action<FLAGS, ARGS>>;
}

const JSON_FLAG = {
  kind: 'boolean',
  default: false,
  withNegated: false,
  brief: 'Print JSON on stdout; notes go to stderr',
} as const;

export function defineCommand<FLAGS extends FlagsOf<FLAGS> = NonNullable<unknown>, ARGS extends BaseArgs = []>(
  spec: CommandSpec<FLAGS, ARGS>,
): CliCommand {
  async function run(this: CliContext, flags: BaseFlags, ...args: ARGS): Promise<void> {
    const { json, ...rest } = flags;
    this.reporter = new Reporter(this.io, json === true);
    const action = await spec.load();
    const status = await action(this.reporter, rest as unknown as FLAGS, ...args);
    this.reporter.finish();
    this.status = status ?? EXIT.ok;
  }
  const given = spec.parameters as unknown as TypedCommandParameters<BaseFlags, ARGS, CliContext>;
  const parameters = { ...given, flags: { ...given.flags, json: JSON_FLAG } };
  const fullDescription = wrap(spec.details ?? spec.brief).join('\n');
  const command = buildCommand<BaseFlags, ARGS, CliContext>({
    func: run,
    parameters: parameters as unknown as NoInfer<TypedCommandParameters<BaseFlags, ARGS, CliContext>>,
    docs: { brief: spec.brief, fullDescription },
  });
  return { ...command, formatHelp: (args) => wrapHelp(command.formatHelp(args)) };
}

/** `gridpact keys new|show|list`: commands under one name. */
export function defineGroup(brief: string, routes: Readonly<Record<string, CliCommand>>): CliGroup {
  const group = buildRouteMap<string, CliContext>({ routes, docs: { brief } });
  return { ...group, formatHelp: (args) => wrapHelp(group.formatHelp(args)) };
}

/** Flag parser: an integer within bounds. */
export function integer(lo: number, hi: number): (input: string) => number {
  return (input) => {
    const value = Number(input);
    if (!/^-?\d+$/.test(input) || value < lo || value > hi) {
      throw fail('cli.usage', { expected: `an integer in [${lo}, ${hi}]`, got: input });
    }
    return value;
  };
}

/** Flag parser: any text but none. */
export function text(input: string): string {
  if (input === '') throw fail('cli.usage', { expected: 'text that is not empty', got: '' });
  return input;
}

/** Flag parser: a share, 0 to 1. */
export function share(input: string): number {
  const value = Number(input);
  if (!/^\d*\.?\d+$/.test(input) || value > 1) throw fail('cli.usage', { expected: 'a number in [0, 1]', got: input });
  return value;
}
