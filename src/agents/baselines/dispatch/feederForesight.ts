/**
 * The most that the batteries of a feeder could have earned in an episode, everything known: sequential linear programs.
 *
 * Per battery s and interval t, energy in and out at the terminals c, d >= 0, W h, d - c <= pMax dt, and
 *   e(t) = e(t-1) + eta_c c - d / eta_d,   eMin <= e <= eMax
 *   maximise  sum (d - c) (price + carbon) - wear d / eta_d - (d - c) dN/dp - limitPrice x energy beyond the substation's limits
 * N: what losses and voltages cost, by its slope at the plan so far (one power flow per site and interval); power at the
 * substation likewise. Each program's plan is mixed with the one before by a search along the line on the environment
 * itself, rainflow wear and all, so that the plan kept is one that was lived and never gets worse. Local: not a proof.
 */
import type { Highs, ModelData } from 'highs';
import { fail } from '../../../base/errors.ts';
import { batteryModel, type BatteryModel } from '../../../env/physics/battery.ts';
import { linearWearCostPerKwh } from '../../../env/physics/wear/batteryWear.ts';
import type { DispatchFeederCopy } from '../../../env/tasks/dispatchFeeder.ts';

const SHARE = 1000000;
const MS_PER_HOUR = 3600000;
const WH_PER_KWH = 1000;
/** Programs at most; a day has settled before. */
const ROUNDS = 8;
const MIXES = [1, 0.5, 0.25, 0.1, 0.03] as const;
/** Currency by which a round must do better to go on. */
const LEAST_GAIN = 0.01;
/** By which a slope is taken. */
const NUDGE_W = 10000;

/** Battery powers, W, steps x sites, of the episode from where the copy stands; the copy stays there. @throws `agents.dispatch`. */
export function feederForesight(highs: Highs, copy: DispatchFeederCopy): Float64Array {
  const program = new FeederProgram(copy);
  let plan = new Float64Array(program.steps * program.sites);
  let income = incomeOf(copy, plan);
  for (let round = 0; round < ROUNDS; round++) {
    const target = program.solve(highs, program.slopes(plan));
    const tried = MIXES.map((mix) => plan.map((w, k) => w + mix * (target[k]! - w)));
    const incomes = tried.map((candidate) => incomeOf(copy, candidate));
    const best = incomes.indexOf(Math.max(...incomes));
    if (incomes[best]! < income + LEAST_GAIN) break;
    [plan, income] = [tried[best]!, incomes[best]!];
  }
  return plan;
}

/** Setpoint of a battery power. */
export function setpointOf(powerW: number, ratedW: number): number {
  return Math.min(Math.max(Math.floor((powerW / ratedW) * SHARE + 0.5), -SHARE), SHARE);
}

/** Rewards of all agents over the episode under a plan. */
function incomeOf(from: DispatchFeederCopy, plan: Float64Array): number {
  const copy = from.clone() as DispatchFeederCopy;
  const { agents } = copy.shape;
  const idle = new Float32Array(agents);
  const rewards = new Float32Array(agents);
  let sum = 0;
  for (let t = 0, over = false; !over; t++) {
    const issued = Int32Array.from(plan.subarray(t * agents, (t + 1) * agents), (w) =>
      setpointOf(w, copy.args.batteryW),
    );
    copy.port.impose(issued);
    over = copy.step(idle, 0, rewards);
    sum += rewards.reduce((total, r) => total + r, 0);
  }
  return sum;
}

/** At a plan: of every interval the power at the substation, and by site its slope and that of what the network costs. */
interface Slopes {
  readonly plan: Float64Array;
  readonly feedInW: Float64Array;
  /** W per W. */
  readonly feedInPerW: Float64Array;
  /** Currency per W over the interval. */
  readonly costPerW: Float64Array;
}

class FeederProgram {
  readonly steps: number;
  readonly sites: number;
  readonly #copy: DispatchFeederCopy;
  readonly #battery: BatteryModel;
  readonly #dtH: number;

  constructor(copy: DispatchFeederCopy) {
    this.#copy = copy;
    this.steps = copy.feeder.series.steps;
    this.sites = copy.shape.agents;
    this.#battery = batteryModel(copy.feeder.scenario.sites[0]!.battery);
    this.#dtH = copy.args.stepMs / MS_PER_HOUR;
  }

  slopes(plan: Float64Array): Slopes {
    const { steps, sites } = this;
    const copy = this.#copy;
    const out = {
      plan,
      feedInW: new Float64Array(steps),
      feedInPerW: new Float64Array(plan.length),
      costPerW: new Float64Array(plan.length),
    };
    for (let t = 0; t < steps; t++) {
      const powers = plan.slice(t * sites, (t + 1) * sites);
      const base = copy.interval(t, powers);
      out.feedInW[t] = base.feedInW;
      for (let s = 0; s < sites; s++) {
        const nudged = powers.slice();
        nudged[s]! += NUDGE_W;
        const { feedInW, cost } = copy.interval(t, nudged);
        out.feedInPerW[t * sites + s] = (feedInW - base.feedInW) / NUDGE_W;
        out.costPerW[t * sites + s] = (cost - base.cost) / NUDGE_W;
      }
    }
    return out;
  }

  solve(highs: Highs, slopes: Slopes): Float64Array {
    return highs.withModel(this.#model(slopes), (model) => {
      model.options.set('output_flag', false);
      model.options.set('solver', 'simplex');
      model.options.set('random_seed', 0);
      model.options.set('time_limit', 60);
      const { modelStatus } = model.run();
      if (modelStatus !== highs.constants.modelStatus.optimal) {
        throw fail('agents.dispatch', {
          expected: 'an optimal plan of the feeder',
          got: `HiGHS model status ${modelStatus}`,
        });
      }
      const columns = model.getSolution().colValue;
      return Float64Array.from(
        { length: slopes.plan.length },
        (_, k) => (columns[3 * k + 1]! - columns[3 * k]!) / this.#dtH,
      );
    });
  }

  /** Columns: charged, discharged, energy of every battery and interval; then energy beyond each limit. Wh. */
  #model({ plan, feedInW, feedInPerW, costPerW }: Slopes): ModelData {
    const { steps, sites } = this;
    const { args, market, feeder } = this.#copy;
    const { etaCharge, etaDischarge, eMinWh, eMaxWh, pMaxW } = this.#battery;
    const dtH = this.#dtH;
    const wear = args.wearWeight * linearWearCostPerKwh(args.wear);
    const matrix = new ColumnMatrix();
    const importRow = steps * sites;
    const exportRow = importRow + steps;
    for (let t = 0; t < steps; t++) {
      const { pricePerKwh, carbonKgPerKwh } = market.tariff;
      const worth = (pricePerKwh[t]! + args.carbonPrice * carbonKgPerKwh[t]!) / WH_PER_KWH;
      for (let s = 0; s < sites; s++) {
        const k = t * sites + s;
        const network = costPerW[k]! / dtH;
        const drawn = feedInPerW[k]!;
        const later = t + 1 < steps ? [k + sites, -1] : [];
        matrix.add(worth - network, 0, pMaxW * dtH, [k, -etaCharge, importRow + t, -drawn, exportRow + t, drawn]);
        matrix.add(network - worth + wear / etaDischarge / WH_PER_KWH, 0, pMaxW * dtH, [
          ...[k, 1 / etaDischarge, importRow + t, drawn, exportRow + t, -drawn],
        ]);
        matrix.add(0, eMinWh, eMaxWh, [k, 1, ...later]);
      }
    }
    const beyond = args.limitPrice / WH_PER_KWH;
    for (let t = 0; t < steps; t++) {
      matrix.add(beyond, 0, Infinity, [importRow + t, -1]);
      matrix.add(beyond, 0, Infinity, [exportRow + t, -1]);
    }
    const lower = new Float64Array(exportRow + steps).fill(-Infinity);
    const upper = new Float64Array(exportRow + steps);
    for (let k = 0; k < importRow; k++) lower[k] = upper[k] = k < sites ? feeder.socWh[k]! : 0;
    for (let t = 0; t < steps; t++) {
      let base = feedInW[t]!;
      for (let s = 0; s < sites; s++) base -= feedInPerW[t * sites + s]! * plan[t * sites + s]!;
      upper[importRow + t] = (args.importLimitW - base) * dtH;
      upper[exportRow + t] = (args.exportLimitW + base) * dtH;
    }
    return matrix.model(lower, upper);
  }
}

/** Columns one after the other, as the solver takes them. */
class ColumnMatrix {
  readonly #cost: number[] = [];
  readonly #lower: number[] = [];
  readonly #upper: number[] = [];
  readonly #starts: number[] = [0];
  readonly #rows: number[] = [];
  readonly #values: number[] = [];

  /** `entries`: row and coefficient, alternating, in ascending order of rows. */
  add(cost: number, lower: number, upper: number, entries: readonly number[]): void {
    this.#cost.push(cost);
    this.#lower.push(lower);
    this.#upper.push(upper);
    for (let k = 0; k < entries.length; k += 2) {
      this.#rows.push(entries[k]!);
      this.#values.push(entries[k + 1]!);
    }
    this.#starts.push(this.#rows.length);
  }

  model(rowLower: Float64Array, rowUpper: Float64Array): ModelData {
    const [numCols, numRows] = [this.#cost.length, rowLower.length];
    const matrix = {
      ...{ format: 'csc' as const, numRows, numCols },
      ...{ starts: this.#starts, indices: this.#rows, values: this.#values },
    };
    return {
      ...{ numCols, numRows, offset: 0, matrix, rowLower, rowUpper },
      ...{ colCost: this.#cost, colLower: this.#lower, colUpper: this.#upper },
    };
  }
}
