/** A choice among prepared actions, or among levels of every coordinate, around an environment with a box of actions. */
import { fail } from '../../../base/errors.ts';
import { contains, discrete, multiDiscrete, spaceSize } from '../spaces.ts';
import type { BoxSpace, DiscreteSpace, Env, MultiDiscreteSpace, StepResult } from '../types.ts';
import { Wrapper } from './wrapper.ts';

/** Action k is row k of a table. */
export class DiscreteActions<Inner extends Env = Env> extends Wrapper<Inner> {
  override readonly actionSpace: DiscreteSpace;
  readonly table: readonly Float32Array[];

  /** @param table actions of the environment inside. @throws `env.wrapper` for a row that is not one of them. */
  constructor(env: Inner, table: readonly ArrayLike<number>[]) {
    super(env);
    const inner = boxOf(env);
    this.table = table.map((row) => Float32Array.from(row));
    if (this.table.length === 0 || !this.table.every((row) => contains(inner, row))) {
      throw fail('env.wrapper', {
        expected: `rows of ${spaceSize(inner)} numbers within the action space`,
        got: table,
      });
    }
    this.actionSpace = discrete(this.table.length);
  }

  /** Action k is `values[k]` in one coordinate and 0, or what is nearest to it, in all others. @throws `env.wrapper`. */
  static levels<Inner extends Env>(env: Inner, coordinate: number, values: readonly number[]): DiscreteActions<Inner> {
    const inner = boxOf(env);
    const rest = inner.low.map((low, i) => Math.min(Math.max(0, low), inner.high[i]!));
    if (!(coordinate in rest))
      throw fail('env.wrapper', { expected: `a coordinate below ${rest.length}`, got: coordinate });
    return new DiscreteActions(
      env,
      values.map((value) => rest.map((other, i) => (i === coordinate ? value : other))),
    );
  }

  /** @throws `env.action` for what is not one of 0 .. n-1. */
  override step(action: Float32Array): StepResult {
    if (!contains(this.actionSpace, action)) {
      throw fail('env.action', { expected: `one of 0 .. ${this.actionSpace.n - 1}`, got: Array.from(action) });
    }
    return super.step(this.table[action[0]!]!.slice());
  }

  protected override around(env: Env): DiscreteActions {
    return new DiscreteActions(env, this.table);
  }
}

/** Coordinate i of the action is `levels[i][action[i]]`. */
export class MultiDiscreteActions<Inner extends Env = Env> extends Wrapper<Inner> {
  override readonly actionSpace: MultiDiscreteSpace;
  readonly levels: readonly Float32Array[];

  /** @param levels for every coordinate its values, or how many evenly spaced ones from low to high. @throws `env.wrapper`. */
  constructor(env: Inner, levels: number | readonly ArrayLike<number>[]) {
    super(env);
    const inner = boxOf(env);
    this.levels = typeof levels === 'number' ? evenly(inner, levels) : levels.map((row) => Float32Array.from(row));
    const fits =
      this.levels.length === spaceSize(inner) &&
      this.levels.every((row, i) => row.length > 0 && row.every((x) => x >= inner.low[i]! && x <= inner.high[i]!));
    if (!fits)
      throw fail('env.wrapper', { expected: `levels within bounds for ${spaceSize(inner)} coordinates`, got: levels });
    this.actionSpace = multiDiscrete(this.levels.map((row) => row.length));
  }

  /** @throws `env.action`. */
  override step(action: Float32Array): StepResult {
    if (!contains(this.actionSpace, action)) {
      throw fail('env.action', { expected: this.actionSpace.nvec, got: Array.from(action) });
    }
    return super.step(action.map((k, i) => this.levels[i]![k]!));
  }

  protected override around(env: Env): MultiDiscreteActions {
    return new MultiDiscreteActions(env, this.levels);
  }
}

function boxOf(env: Env): BoxSpace {
  const space = env.actionSpace;
  if (space.kind !== 'box') throw fail('env.wrapper', { expected: 'a box of actions', got: space.kind });
  return space;
}

function evenly({ low, high }: BoxSpace, count: number): Float32Array[] {
  if (!Number.isSafeInteger(count) || count < 2)
    throw fail('env.wrapper', { expected: '2 levels or more', got: count });
  // low + (high - low) k / (n - 1), exact at both ends
  return Array.from(low, (bottom, i) =>
    Float32Array.from({ length: count }, (_, k) =>
      k === count - 1 ? high[i]! : bottom + ((high[i]! - bottom) * k) / (count - 1),
    ),
  );
}
