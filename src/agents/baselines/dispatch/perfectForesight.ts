/**
 * The least a home could have paid: a linear program over the whole series with everything known, by HiGHS.
 *
 * Per interval t, with s = max(0, PV - load) and n = max(0, load - PV), prices per kWh with the value of carbon in:
 *   store surplus   0 <= a <= min(P, s)        costs what selling it would have earned
 *   buy to store    0 <= b <= P - min(P, s)    costs the price
 *   serve load      0 <= d <= min(P, n)        saves the price                         less wear per kWh drawn
 *   sell            0 <= x <= P - min(P, n)    earns the price of selling              less wear per kWh drawn
 *   e(t) = e(t-1) + eta_c (a + b) - (d + x) / eta_d,   eMin <= e <= eMax
 * Selling never earns more than buying costs, so cheaper segments fill first, and while no price is negative charging
 * and discharging at once only loses: the optimum is one the battery can live, and the program is exact.
 */
import type { Highs, ModelData } from 'highs';
import { loadHighs } from '../highs.ts';
import { fail } from '../../../base/errors.ts';
import { hoursPerStep, netLoadW } from '../../../env/physics/homeMeter.ts';
import type { HomeSeries } from '../../../env/series/home.ts';

export interface ForesightOptions {
  /** Default: empty. */
  readonly startSocWh?: number;
  /** Least energy at the end; default: any. */
  readonly endSocWh?: number;
  /** Currency per kWh drawn from the cells, as of `linearWearCostPerKwh`; 0. */
  readonly wearPerKwh?: number;
  /** Currency per kg CO2; 0. */
  readonly carbonPrice?: number;
  /** Currency per kWh and step by which moving energy later is worse; 0. Breaks ties for who cannot trust a forecast. */
  readonly delayCost?: number;
  /** Currency per kWh and step by which buying later is better; 0. What is bought late is bought knowing more. */
  readonly waitGain?: number;
  /** Refused beyond; 60. */
  readonly timeLimitS?: number;
}

export interface ForesightPlan {
  /** What is minimised: bought less sold, wear by the linear proxy, carbon at its price. */
  readonly objective: number;
  /** W, discharging positive. */
  readonly batteryW: Float64Array;
}

const WH_PER_KWH = 1000;

/** @throws `agents.dispatch` when a price is negative, selling earns more than buying costs, or the program has no solution within the limit. */
export async function perfectForesight(home: HomeSeries, options: ForesightOptions = {}): Promise<ForesightPlan> {
  return solvePlan(await loadHighs(), home, options);
}

/** As `perfectForesight`, with the solver at hand. */
export function solvePlan(highs: Highs, home: HomeSeries, options: ForesightOptions): ForesightPlan {
  const columns = buildColumns(home, options);
  return highs.withModel(columns.model(home, options), (model) => {
    model.options.set('output_flag', false);
    model.options.set('solver', 'simplex');
    model.options.set('random_seed', 0);
    model.options.set('time_limit', options.timeLimitS ?? 60);
    const { modelStatus } = model.run();
    if (modelStatus !== highs.constants.modelStatus.optimal) {
      throw fail('agents.dispatch', {
        expected: 'an optimal plan',
        got: `${home.name}: HiGHS model status ${modelStatus}`,
      });
    }
    return {
      objective: model.getObjectiveValue(),
      batteryW: columns.batteryW(home, Float64Array.from(model.getSolution().colValue)),
    };
  });
}

/** Columns of the program in the order they were added: power segments of an interval (Wh), then its energy. */
class Columns {
  offset = 0;
  readonly cost: number[] = [];
  readonly lower: number[] = [];
  readonly upper: number[] = [];
  readonly starts: number[] = [0];
  readonly rows: number[] = [];
  readonly values: number[] = [];
  /** Per column the interval it moves energy in, times +1 (discharging) or -1 (charging); energy columns: 0. */
  readonly sign: number[] = [];
  readonly interval: number[] = [];

  /** `entries`: row and coefficient, alternating. */
  add(t: number, sign: number, cost: number, lower: number, upper: number, entries: readonly number[]): void {
    this.cost.push(cost);
    this.lower.push(lower);
    this.upper.push(upper);
    this.sign.push(sign);
    this.interval.push(t);
    for (let k = 0; k < entries.length; k += 2) {
      this.rows.push(entries[k]!);
      this.values.push(entries[k + 1]!);
    }
    this.starts.push(this.rows.length);
  }

  model({ steps, battery }: HomeSeries, options: ForesightOptions): ModelData {
    // Row t: e(t) - e(t-1) - eta_c in + out / eta_d = 0; the energy at the start stands on the right of row 0.
    const balance = new Float64Array(steps);
    balance[0] = options.startSocWh ?? battery.eMinWh;
    return {
      numCols: this.cost.length,
      numRows: steps,
      offset: this.offset,
      colCost: this.cost,
      colLower: this.lower,
      colUpper: this.upper,
      rowLower: balance,
      rowUpper: balance,
      matrix: {
        format: 'csc',
        numRows: steps,
        numCols: this.cost.length,
        starts: this.starts,
        indices: this.rows,
        values: this.values,
      },
    };
  }

  batteryW(home: HomeSeries, solution: Float64Array): Float64Array {
    const out = new Float64Array(home.steps);
    const perHour = 1 / hoursPerStep(home);
    solution.forEach((wh, j) => (out[this.interval[j]!]! += this.sign[j]! * wh * perHour));
    return out;
  }
}

function buildColumns(home: HomeSeries, options: ForesightOptions): Columns {
  const { battery, steps } = home;
  const { wearPerKwh = 0, carbonPrice = 0, delayCost = 0, waitGain = 0, endSocWh = battery.eMinWh } = options;
  const columns = new Columns();
  const dtH = hoursPerStep(home);
  const capWh = battery.pMaxW * dtH;
  const wear = wearPerKwh / battery.etaDischarge;
  for (let t = 0; t < steps; t++) {
    const buy = home.pricePerKwh[t]! + carbonPrice * home.carbonKgPerKwh[t]!;
    const sell = home.exportPricePerKwh[t]!;
    if (!(buy >= sell && sell >= 0)) {
      throw fail('agents.dispatch', { expected: 'prices of 0 or more, selling at most buying', got: { t, buy, sell } });
    }
    const netWh = netLoadW(home, t) * dtH;
    const surplus = Math.min(capWh, Math.max(0, -netWh));
    const need = Math.min(capWh, Math.max(0, netWh));
    columns.offset += (Math.max(0, netWh) * buy - Math.max(0, -netWh) * sell) / WH_PER_KWH;
    const segment = (sign: number, upper: number, perKwh: number): void => {
      if (upper <= 0) return;
      const entries = [t, sign > 0 ? 1 / battery.etaDischarge : -battery.etaCharge];
      columns.add(t, sign, (perKwh + delayCost * t) / WH_PER_KWH, 0, upper, entries);
    };
    segment(-1, surplus, sell);
    segment(-1, capWh - surplus, buy - waitGain * t);
    segment(1, need, wear - buy);
    // Sold for nothing it would only wear.
    if (sell > wear) segment(1, capWh - need, wear - sell);
    const last = t === steps - 1;
    columns.add(t, 0, 0, last ? endSocWh : battery.eMinWh, battery.eMaxWh, last ? [t, 1] : [t, 1, t + 1, -1]);
  }
  return columns;
}
