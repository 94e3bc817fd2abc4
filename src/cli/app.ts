/** One command line, from arguments to exit status. */
import { readFileSync } from 'node:fs';
import {
  buildApplication,
  buildCommand,
  buildRouteMap,
  ExitCode,
  run,
  text_en,
  type Application,
  type ApplicationText,
} from '@stricli/core';
import type { CliCommand, CliContext, CliGroup } from './command.ts';
import { EXIT, failureOf, unknownCommand, usageFailure, type ExitStatus } from './failure.ts';
import type { CliIo } from './io.ts';
import { ROUTES, type Routes } from './routes.ts';
import { toJson } from './ui/output.ts';

const ABOUT = `Train a grid-control policy, freeze it to integers, approve its hash, and let a
ledger run it every interval and pay the storage that delivered.

Every command takes --help and --json. Exit status: 0 done, 1 it ran and the
answer is no or it failed, 2 the command line is wrong. A failure is one line on
stderr: error <code>: ... | expected ... | got ...`;

/** Runs a command line and says how it ended. Never throws; every failure is one line on stderr. */
export async function runCli(args: readonly string[], io: CliIo, commands: Routes = ROUTES): Promise<ExitStatus> {
  const failures: unknown[] = [];
  const context: CliContext & { process: { exitCode?: number } & CliContext['process'] } = {
    io,
    status: EXIT.ok,
    reporter: undefined,
    // Failures are collected and told once, below; the argument library has nothing else to say on stderr.
    process: { stdout: { write: (text) => void io.stdout.write(text) }, stderr: { write: () => undefined } },
  };
  try {
    await run(await application(commands, args[0], textFor(failures)), args, context);
    if (failures.length === 0 && (context.process.exitCode ?? 0) !== ExitCode.Success) {
      failures.push(new Error(`the command line library ended with ${context.process.exitCode}`));
    }
  } catch (thrown) {
    failures.push(thrown);
  }
  if (failures.length === 0) return context.status;
  context.reporter?.abandon();
  return tell(failures[0], io, wantsJson(args));
}

function tell(thrown: unknown, io: CliIo, json: boolean): ExitStatus {
  const failure = failureOf(thrown, io.env);
  io.stderr.write(`${failure.text}\n`);
  if (json) io.stdout.write(`${toJson(failure.document)}\n`);
  return failure.status;
}

/** Read before the arguments are parsed, because a parse error must come out as JSON as well. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

async function application(
  commands: Routes,
  named: string | undefined,
  text: ApplicationText,
): Promise<Application<CliContext>> {
  const routes: Record<string, CliCommand | CliGroup> = {};
  for (const [name, { brief, load }] of Object.entries(commands)) {
    routes[name] = name === named ? (await load()).command : listed(brief);
  }
  return buildApplication(rootOf(routes), {
    name: 'gridpact',
    versionInfo: { getCurrentVersion: () => Promise.resolve(version()) },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { caseStyle: 'convert-camel-to-kebab', disableAnsiColor: true },
    localization: { text },
  });
}

/** The library shows a usage line for every command above the list of all commands; one says as much. */
function rootOf(routes: Readonly<Record<string, CliCommand | CliGroup>>): CliGroup {
  const root = buildRouteMap<string, CliContext>({ routes, docs: { brief: ABOUT } });
  const formatHelp: CliGroup['formatHelp'] = (args) =>
    root.formatHelp(args).replace(/^( {2}gridpact [a-z].*\n)+/m, '  gridpact <command> ...\n');
  return { ...root, formatHelp };
}

/** A row in the list of commands, for a command that this line does not run. */
function listed(brief: string): CliCommand {
  const func = (): Error => new Error('a listed command was run');
  return buildCommand<NonNullable<unknown>, [], CliContext>({ func, parameters: {}, docs: { brief } });
}

function version(): string {
  // The same two levels up from src/cli and from dist/cli.
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as unknown;
  return (manifest as { version: string }).version;
}

/** The library's text, with every failure put aside as it was thrown. */
function textFor(failures: unknown[]): ApplicationText {
  const put = (thrown: unknown): string => {
    failures.push(thrown);
    return '';
  };
  return {
    ...text_en,
    noCommandRegisteredForInput: ({ input, corrections }) => put(unknownCommand(input, corrections)),
    exceptionWhileParsingArguments: (thrown) => put(usageFailure(thrown)),
    exceptionWhileLoadingCommandFunction: put,
    exceptionWhileLoadingCommandContext: put,
    exceptionWhileRunningCommand: put,
    exceptionWhileRunningIntegrationHook: ({ exception }) => put(exception),
    exceptionWhileRunningIntegrationFlag: ({ exception }) => put(exception),
    commandErrorResult: put,
  };
}
