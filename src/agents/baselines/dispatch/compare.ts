/** What homes pay without a battery, with greedy self-use and with perfect foresight, one by one and together. */
import type { HomeSeries } from '../../../env/series/home.ts';
import { greedySelfUse, idleBattery, runHome, scheduled } from './home.ts';
import { perfectForesight } from './perfectForesight.ts';

export interface DispatchCost {
  /** Currency. */
  readonly cost: number;
  readonly carbonKg: number;
  /** Of the cost without a battery. */
  readonly ratio: number;
}

export interface DispatchComparison {
  /** A home's name, or `all`. */
  readonly home: string;
  readonly none: DispatchCost;
  readonly greedy: DispatchCost;
  /** The linear program's schedule as the battery lives it. */
  readonly foresight: DispatchCost;
}

type Costs = Pick<DispatchCost, 'cost' | 'carbonKg'>;

/** Start empty, free end, no wear; the last row is `all`. @throws `agents.dispatch`. */
export async function compareDispatch(homes: readonly HomeSeries[]): Promise<readonly DispatchComparison[]> {
  const rows: { home: string; none: Costs; greedy: Costs; foresight: Costs }[] = [];
  for (const home of homes) {
    const { batteryW } = await perfectForesight(home);
    rows.push({
      home: home.name,
      none: runHome(home, idleBattery()),
      greedy: runHome(home, greedySelfUse()),
      foresight: runHome(home, scheduled('foresight', batteryW)),
    });
  }
  const sum = (pick: (row: (typeof rows)[number]) => Costs): Costs => ({
    cost: rows.reduce((total, row) => total + pick(row).cost, 0),
    carbonKg: rows.reduce((total, row) => total + pick(row).carbonKg, 0),
  });
  const all = {
    home: 'all',
    none: sum((r) => r.none),
    greedy: sum((r) => r.greedy),
    foresight: sum((r) => r.foresight),
  };
  return [...rows, all].map(({ home, none, greedy, foresight }) => {
    const of = ({ cost, carbonKg }: Costs): DispatchCost => ({ cost, carbonKg, ratio: cost / none.cost });
    return { home, none: of(none), greedy: of(greedy), foresight: of(foresight) };
  });
}
