/** Arguments of a task over their defaults: nothing unknown, nothing of another type, nothing out of bounds. */
import { fail } from '../../base/errors.ts';

/**
 * By argument: a number within [low, high], inclusive, or one of a list. A number whose default is an integer must be
 * one too, unless its bounds say 'real'; so must one without a default.
 */
export type Bounds<Args> = {
  readonly [Name in keyof Args]?: NonNullable<Args[Name]> extends number
    ? readonly [low: number, high: number, kind?: 'real']
    : readonly NonNullable<Args[Name]>[];
};

/** Arguments without a default: what `typeof` says of them, or `array`. They may be left out or undefined. */
type OptionalKinds<Args> = { readonly [Name in keyof Args]?: Kind };

type Kind = 'number' | 'string' | 'boolean' | 'object' | 'array';

/**
 * A number without bounds must be finite. What arrays and objects hold is left to the task. @throws
 * `env.taskArgument`, which names the argument.
 */
export function taskArguments<Args extends object>(
  defaults: Args,
  given: Partial<Args>,
  bounds: Bounds<Args> = {},
  optional: OptionalKinds<Args> = {},
): Args {
  for (const [name, value] of Object.entries(given)) {
    const usual: unknown = defaults[name as keyof Args];
    const free = optional[name as keyof Args];
    if (!Object.hasOwn(defaults, name) && free === undefined) {
      throw refused(`one of ${[...Object.keys(defaults), ...Object.keys(optional)].join(', ')}`, name);
    }
    if (value === undefined && free !== undefined) continue;
    const kind = free ?? kindOf(usual);
    if (kindOf(value) !== kind) throw refused(`${name}: ${kind}`, value);
    const allowed = bounds[name as keyof Args];
    if (typeof value === 'number') checkNumber(name, value, usual, allowed as NumberBounds | undefined);
    else if (allowed !== undefined && !(allowed as readonly unknown[]).includes(value)) {
      throw refused(`${name}: ${(allowed as readonly unknown[]).join(', ')}`, value);
    }
  }
  return { ...defaults, ...given };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

type NumberBounds = readonly [low: number, high: number, kind?: 'real'];

function checkNumber(name: string, value: number, usual: unknown, bounds: NumberBounds | undefined): void {
  const [low, high, kind] = bounds ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  const whole = kind !== 'real' && (usual === undefined || Number.isSafeInteger(usual));
  if (value >= low && value <= high && (!whole || Number.isSafeInteger(value))) return;
  const range = bounds === undefined ? '' : ` within [${low}, ${high}]`;
  throw refused(`${name}: ${whole ? 'an integer' : 'a finite number'}${range}`, value);
}

function refused(expected: string, got: unknown): Error {
  return fail('env.taskArgument', { expected, got: typeof got === 'number' ? String(got) : brief(got) });
}

/** Series, networks and the like are named, not printed. */
function brief(got: unknown): unknown {
  return typeof got === 'object' && got !== null ? kindOf(got) : got;
}
