/** What homes pay without a battery, with greedy self-use and with perfect foresight, one by one and together. */
import { fail } from '../../../base/errors.ts';
import type { HomeSeries } from '../../../env/series/home.ts';
import { greedySelfUse, idleBattery, runHome, scheduled, type HomeController } from './home.ts';
import { perfectForesight } from './perfectForesight.ts';

export interface DispatchCost {
  /** Currency. */
  readonly cost: number;
  readonly carbonKg: number;
  /** Of the cost without a battery; not finite where that is 0. */
  readonly ratio: number;
}

export interface DispatchComparison {
  /** A home's name, or `all`. */
  readonly home: string;
  readonly none: DispatchCost;
  readonly greedy: DispatchCost;
  /** The linear program's schedule as the battery lives it. */
  readonly foresight: DispatchCost;
  /** Of the controller given. */
  readonly extra?: DispatchCost;
}

export interface CompareOptions {
  /** A controller to run beside the others. */
  readonly extra?: HomeController | undefined;
  /** After each home, with how many are done. */
  readonly onHome?: (done: number) => void;
}

type Costs = Pick<DispatchCost, 'cost' | 'carbonKg'>;
type Control = Exclude<keyof DispatchComparison, 'home'>;
type Row = { readonly home: string } & { readonly [C in Control]?: Costs };

/**
 * Start empty, free end, no wear; the last row is `all`.
 * @throws `agents.dispatch` when there is no home, a price is negative or a program has no solution.
 */
export async function compareDispatch(
  homes: readonly HomeSeries[],
  { extra, onHome }: CompareOptions = {},
): Promise<readonly DispatchComparison[]> {
  if (homes.length === 0) throw fail('agents.dispatch', { expected: 'at least one home', got: 0 });
  const rows: Row[] = [];
  for (const home of homes) {
    const { batteryW } = await perfectForesight(home);
    rows.push({
      home: home.name,
      none: runHome(home, idleBattery()),
      greedy: runHome(home, greedySelfUse()),
      foresight: runHome(home, scheduled('foresight', batteryW)),
      ...(extra === undefined ? {} : { extra: runHome(home, extra) }),
    });
    onHome?.(rows.length);
  }
  const all: Row = {
    home: 'all',
    none: sum(rows, 'none'),
    greedy: sum(rows, 'greedy'),
    foresight: sum(rows, 'foresight'),
    ...(extra === undefined ? {} : { extra: sum(rows, 'extra') }),
  };
  return [...rows, all].map(compared);
}

function sum(rows: readonly Row[], control: Control): Costs {
  return {
    cost: rows.reduce((total, row) => total + row[control]!.cost, 0),
    carbonKg: rows.reduce((total, row) => total + row[control]!.carbonKg, 0),
  };
}

function compared({ home, none, greedy, foresight, extra }: Row): DispatchComparison {
  const of = ({ cost, carbonKg }: Costs): DispatchCost => ({ cost, carbonKg, ratio: cost / none!.cost });
  return {
    home,
    none: of(none!),
    greedy: of(greedy!),
    foresight: of(foresight!),
    ...(extra === undefined ? {} : { extra: of(extra) }),
  };
}
