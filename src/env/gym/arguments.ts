/** Arguments of a task over their defaults: nothing unknown, nothing of another type, no number out of bounds. */
import { fail } from '../../base/errors.ts';

/** Inclusive. */
export type Bounds<Args> = { readonly [Name in keyof Args]?: readonly [low: number, high: number] };

/**
 * `bounds` for numbers; one without bounds must be finite, and one whose default is an integer an integer.
 * Arrays and objects are taken as they are. @throws `env.taskArgument`.
 */
export function taskArguments<Args extends object>(
  defaults: Args,
  given: Partial<Args>,
  bounds: Bounds<Args> = {},
): Args {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      throw fail('env.taskArgument', { expected: Object.keys(defaults).join(', '), got: name });
    }
    const usual: unknown = defaults[name as keyof Args];
    if (typeof value !== typeof usual)
      throw fail('env.taskArgument', { expected: `${name}: ${typeof usual}`, got: value });
    const [low, high] = bounds[name as keyof Args] ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
    if (typeof value !== 'number') continue;
    const whole = Number.isSafeInteger(usual);
    if (!(value >= low && value <= high) || (whole && !Number.isSafeInteger(value))) {
      const kind = whole ? 'an integer' : 'a number';
      throw fail('env.taskArgument', { expected: `${name}: ${kind} within [${low}, ${high}]`, got: value });
    }
  }
  return { ...defaults, ...given };
}
