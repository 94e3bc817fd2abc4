/** From anything thrown to the error line, the error document and the exit status. */
import { ERRORS, fail, isGridPactError, type ErrorCode, type GridPactError } from '../base/errors.ts';
import { ArgumentScannerError, formatMessageForArgumentScannerError } from '@stricli/core';
import { toJson, type Json } from './ui/output.ts';

/** 0: done, and the answer is yes. 1: it ran and the answer is no, or it failed. 2: the command line is wrong. */
export const EXIT = { ok: 0, no: 1, usage: 2 } as const;
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** The argument itself is what must be mended. A case that cannot be read is told apart from one without a solution. */
const USAGE: ReadonlySet<ErrorCode> = new Set(['cli.usage', 'env.caseFile', 'env.caseText']);

export interface Failure {
  /** One line; for an unknown exception under GRIDPACT_DEBUG=1 the stack follows. */
  readonly text: string;
  /** `{error: {code, message, expected?, got?}}`. */
  readonly document: { readonly error: { readonly [key: string]: Json } };
  readonly status: ExitStatus;
}

export function failureOf(thrown: unknown, env: Readonly<Record<string, string | undefined>>): Failure {
  return isGridPactError(thrown) ? known(thrown) : unknown(thrown, env['GRIDPACT_DEBUG'] === '1');
}

function known(error: GridPactError): Failure {
  const { code, expected, got } = error;
  return {
    text: `error ${error.message}`,
    document: {
      error: {
        code,
        message: ERRORS[code],
        ...(expected === undefined ? {} : { expected: printable(expected) }),
        ...(got === undefined ? {} : { got: printable(got) }),
      },
    },
    status: USAGE.has(code) ? EXIT.usage : EXIT.no,
  };
}

/** A mistake of ours, not of the user: the code `internal` is in no table because nothing throws it on purpose. */
function unknown(thrown: unknown, debug: boolean): Failure {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const stack = debug && thrown instanceof Error && thrown.stack !== undefined ? thrown.stack : undefined;
  return {
    text: `error internal: ${message}${stack === undefined ? ' | GRIDPACT_DEBUG=1 shows where' : `\n${stack}`}`,
    document: { error: { code: 'internal', message, ...(stack === undefined ? {} : { stack }) } },
    status: EXIT.no,
  };
}

function printable(value: unknown): Json {
  try {
    toJson(value as Json);
    return value as Json;
  } catch {
    return String(value);
  }
}

/** What the argument scanner threw, in our words. */
export function usageFailure(thrown: unknown): GridPactError {
  if (isGridPactError(thrown)) return thrown;
  const detail = { expected: 'a command line as --help shows', got: '' };
  const say = (expected: string, got: string): string => {
    detail.expected = expected;
    detail.got = got;
    return '';
  };
  if (!(thrown instanceof ArgumentScannerError)) return fail('cli.usage', { ...detail, got: String(thrown) });
  formatMessageForArgumentScannerError(thrown, {
    FlagNotFoundError: ({ input, corrections }) =>
      say(`a flag that --help lists${suchAs(corrections, '--')}`, `--${input}`),
    AliasNotFoundError: ({ input }) => say('a flag that --help lists', `-${input}`),
    ArgumentParseError: ({ externalFlagNameOrPlaceholder, input, exception }) =>
      say(`${externalFlagNameOrPlaceholder}: ${reason(exception)}`, input),
    EnumValidationError: ({ externalFlagName, input, values }) =>
      say(`--${externalFlagName}: one of ${values.join(', ')}`, input),
    UnsatisfiedFlagError: ({ externalFlagName, nextFlagName }) =>
      say(`--${externalFlagName} and its value`, nextFlagName === undefined ? 'nothing' : `--${nextFlagName}`),
    UnexpectedFlagError: ({ externalFlagName, previousInput, input }) =>
      say(`--${externalFlagName} once`, `${previousInput}, then ${input}`),
    UnexpectedPositionalError: ({ expectedCount, input }) => say(argumentCount(expectedCount), input),
    UnsatisfiedPositionalError: ({ placeholder }) => say(`an argument <${placeholder}>`, 'nothing'),
    InvalidNegatedFlagSyntaxError: ({ externalFlagName, valueText }) =>
      say(`--${externalFlagName} without a value`, valueText),
  });
  return fail('cli.usage', detail);
}

export function unknownCommand(input: string, corrections: readonly string[]): GridPactError {
  return fail('cli.usage', { expected: `a command that --help lists${suchAs(corrections, '')}`, got: input });
}

function suchAs(corrections: readonly string[], prefix: string): string {
  const names = corrections.map((name) => prefix + name.replaceAll('`', ''));
  return names.length === 0 ? '' : `, such as ${names.join(' or ')}`;
}

function reason(exception: unknown): string {
  if (isGridPactError(exception)) return String(exception.expected ?? exception.message);
  return exception instanceof Error ? exception.message : String(exception);
}

function argumentCount(expected: number): string {
  if (expected === 0) return 'no argument';
  return expected === 1 ? 'one argument' : `at most ${expected} arguments`;
}
