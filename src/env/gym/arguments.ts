/** Arguments of a task over their defaults: nothing unknown, nothing of another type, nothing out of bounds. */
import { fail } from '../../base/errors.ts';

/**
 * By argument: a number within [low, high], inclusive, or one of a list. A number whose default is an integer must be
 * one too, unless its bounds say 'real'.
 */
export type Bounds<Args> = {
  readonly [Name in keyof Args]?: Args[Name] extends number
    ? readonly [low: number, high: number, kind?: 'real']
    : readonly Args[Name][];
};

/**
 * A number without bounds must be finite. Arrays and objects are taken as they are. @throws `env.taskArgument`, which
 * names the argument.
 */
export function taskArguments<Args extends object>(
  defaults: Args,
  given: Partial<Args>,
  bounds: Bounds<Args> = {},
): Args {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) throw refused(`one of ${Object.keys(defaults).join(', ')}`, name);
    const usual: unknown = defaults[name as keyof Args];
    if (typeof value !== typeof usual) throw refused(`${name}: ${typeof usual}`, value);
    const allowed = bounds[name as keyof Args];
    if (typeof value === 'number') checkNumber(name, value, usual as number, allowed as NumberBounds | undefined);
    else if (allowed !== undefined && !(allowed as readonly unknown[]).includes(value)) {
      throw refused(`${name}: ${allowed.join(', ')}`, value);
    }
  }
  return { ...defaults, ...given };
}

type NumberBounds = readonly [low: number, high: number, kind?: 'real'];

function checkNumber(name: string, value: number, usual: number, bounds: NumberBounds | undefined): void {
  const [low, high, kind] = bounds ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  const whole = kind !== 'real' && Number.isSafeInteger(usual);
  if (value >= low && value <= high && (!whole || Number.isSafeInteger(value))) return;
  const range = bounds === undefined ? '' : ` within [${low}, ${high}]`;
  throw refused(`${name}: ${whole ? 'an integer' : 'a finite number'}${range}`, value);
}

function refused(expected: string, got: unknown): Error {
  return fail('env.taskArgument', { expected, got: typeof got === 'number' ? String(got) : got });
}
