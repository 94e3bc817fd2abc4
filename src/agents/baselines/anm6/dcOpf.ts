/**
 * Model-predictive control of ANM6 as gym-anm publishes it: every slot a multi-stage DC optimal power flow over the
 * slots ahead, of which the first is acted on; HiGHS solves the linear program. Lines are lossless and carry no reactive
 * power, so that on a tree a flow is the sum of what is injected below it. Per unit on 100 MVA, stage i from 0:
 *   min  sum_i gamma^i ( P_slack + 100 sum_k max(0, |f_k| - beta rate_k) )
 *   P_slack = -(loads + p2 + p4 + out - in)
 *   0 <= p2, p4 <= potential;   in, out >= 0;   e_i = e_(i-1) + dt (0.9 in - out / 0.9),   0 <= e_i <= 1 pu h
 * with a free end. Q is 0.
 * Source: R. Henry and D. Ernst, Energy and AI 5, 2021, arXiv 2103.07932, section 4.2; gym_anm/agents/mpc.py of 2.0.1.
 */
import type { Highs, Model, ModelData } from 'highs';
import { fail } from '../../../base/errors.ts';
import { ANM6_LOADS, ANM6_RENEWABLES, ANM6_SLOT_HOURS, ANM6_STORAGE } from '../../../env/cases/anm6Devices.ts';
import { caseNetwork } from '../../../env/cases/index.ts';
import { busIndex, radialTopology } from '../../../env/physics/topology.ts';
import type { Anm6Copy } from '../../../env/tasks/anm6Easy.ts';
import { ANM6_BASE_W, ANM6_TRACKS, SOC_MAX_PU_H, SOC_MIN_PU_H } from '../../../env/tasks/anm6Grid.ts';
import type { Decide } from '../../evaluation/episode.ts';
import { inputOf, type Forecast } from './forecast.ts';

export interface DcOpfOptions {
  /** N, slots ahead. */
  readonly stages: number;
  /** beta: share of a line's rate that the plan keeps to. */
  readonly safetyMargin: number;
}

const DISCOUNT = 0.995;
const PENALTY_WEIGHT = 100;
const EFFICIENCY = ANM6_STORAGE.efficiency;
const SOC_INPUT = inputOf('soc/6');
const MICRO = 1e6;
const SOC_KEYS = MICRO + 1;

const NETWORK = caseNetwork('anm6');
const { parent: PARENT } = radialTopology(NETWORK);
const RATE_PU = NETWORK.branches.map(({ rateVa }) => (rateVa ?? Infinity) / ANM6_BASE_W);
/** Of each branch: the buses that it feeds. */
const BELOW = NETWORK.branches.map(({ fromBus, toBus }) => {
  const [from, to] = [busIndex(NETWORK, fromBus), busIndex(NETWORK, toBus)];
  const fed = PARENT[to] === from ? to : from;
  return new Set([...NETWORK.buses.keys()].filter((bus) => isBelow(bus, fed)));
});
const LOAD_BUS = ANM6_LOADS.map(({ bus }) => busIndex(NETWORK, bus));
const SOURCE_BUS = ANM6_RENEWABLES.map(({ bus }) => busIndex(NETWORK, bus));
const STORE_BUS = busIndex(NETWORK, ANM6_STORAGE.bus);
const SOURCE_MAX_PU = ANM6_RENEWABLES.map(({ rating }) => (rating.pMax * MICRO) / ANM6_BASE_W);

function isBelow(bus: number, fed: number): boolean {
  for (let at = bus; at >= 0; at = PARENT[at]!) if (at === fed) return true;
  return false;
}

/** Columns of a stage: p2, p4, in, out, energy at the end, then over and under of each branch. */
const P_IN = SOURCE_BUS.length;
const P_OUT = P_IN + 1;
const COLUMNS = P_OUT + 2 + 2 * RATE_PU.length;
/** Rows of a stage: energy, then branches. */
const ROWS = 1 + RATE_PU.length;

/** Setpoints by the plan; `model` is the caller's, who frees it. @throws `agents.dispatch` when no plan is found. */
export function dcOpfControl(highs: Highs, model: Model, forecast: Forecast, options: DcOpfOptions): Decide<Anm6Copy> {
  const { stages } = options;
  const track = new Float64Array(stages * ANM6_TRACKS);
  model.passModel(dcOpfModel(highs, options));
  model.options.set('output_flag', false);
  model.options.set('random_seed', 0);
  // A day that repeats is planned once for each slot and state of charge.
  const planned = new Map<number, Int32Array>();
  const plan = (socMicro: number): Int32Array => {
    foresee(model, track, socMicro / MICRO, options);
    const { modelStatus } = model.run();
    if (modelStatus !== highs.constants.modelStatus.optimal) {
      throw fail('agents.dispatch', { expected: 'an optimal plan', got: `HiGHS model status ${modelStatus}` });
    }
    const [sun, wind, into, outOf] = model.getSolution().colValue;
    return Int32Array.of(watts(sun!), watts(wind!), 0, 0, watts(outOf! - into!), 0);
  };
  return (copy, step, issued) => {
    const named = forecast(copy, step, stages, track);
    const socMicro = copy.port.raw[SOC_INPUT]!;
    const key = named === undefined ? undefined : named * SOC_KEYS + socMicro;
    const found = (key === undefined ? undefined : planned.get(key)) ?? plan(socMicro);
    if (key !== undefined) planned.set(key, found);
    issued.set(found);
  };
}

function watts(pu: number): number {
  return Math.floor(pu * ANM6_BASE_W + 0.5);
}

/** Of each branch and each of p2, p4, in, out: by how much the flow towards the root grows. */
function flowShare(branch: number, column: number): number {
  const below = (bus: number): number => (BELOW[branch]!.has(bus) ? 1 : 0);
  if (column < P_IN) return below(SOURCE_BUS[column]!);
  return (column === P_IN ? -1 : 1) * below(STORE_BUS);
}

/** Without what is expected; `foresee` sets that. */
function dcOpfModel(highs: Highs, { stages }: DcOpfOptions): ModelData {
  const cost: number[] = [];
  const upper: number[] = [];
  const starts = [0];
  const rows: number[] = [];
  const values: number[] = [];
  const add = (c: number, most: number, entries: readonly (readonly [number, number])[]): void => {
    cost.push(c);
    upper.push(most);
    for (const [row, value] of entries.filter(([, coefficient]) => coefficient !== 0)) {
      rows.push(row);
      values.push(value);
    }
    starts.push(rows.length);
  };
  const capPu = (ANM6_STORAGE.rating.pMax * MICRO) / ANM6_BASE_W;
  let weight = 1;
  for (let i = 0; i < stages; i++, weight *= DISCOUNT) {
    const row = i * ROWS;
    const flows = (column: number): [number, number][] => RATE_PU.map((_, k) => [row + 1 + k, flowShare(k, column)]);
    SOURCE_BUS.forEach((_, s) => add(-weight, SOURCE_MAX_PU[s]!, flows(s)));
    add(weight, capPu, [[row, -ANM6_SLOT_HOURS * EFFICIENCY], ...flows(P_IN)]);
    add(-weight, capPu, [[row, ANM6_SLOT_HOURS / EFFICIENCY], ...flows(P_OUT)]);
    const energy: [number, number][] = [[row, 1]];
    if (i + 1 < stages) energy.push([row + ROWS, -1]);
    add(0, SOC_MAX_PU_H, energy);
    for (const sign of [-1, 1]) {
      RATE_PU.forEach((_, k) => add(PENALTY_WEIGHT * weight, highs.infinity, [[row + 1 + k, sign]]));
    }
  }
  // The energy columns are bounded below by the least state of charge, which is 0 as every other column's bound.
  const lower = new Float64Array(cost.length).fill(SOC_MIN_PU_H);
  const bound = new Float64Array(stages * ROWS);
  return {
    numCols: cost.length,
    numRows: bound.length,
    colCost: cost,
    colLower: lower,
    colUpper: upper,
    rowLower: bound,
    rowUpper: bound,
    matrix: {
      format: 'csc',
      numRows: bound.length,
      numCols: cost.length,
      starts,
      indices: rows,
      values,
    },
  };
}

/** -beta rate - loads <= flow of sources and store <= beta rate - loads */
function foresee(model: Model, track: Float64Array, socPuH: number, { stages, safetyMargin }: DcOpfOptions): void {
  const rowLower = new Float64Array(stages * ROWS);
  const rowUpper = new Float64Array(stages * ROWS);
  rowLower[0] = rowUpper[0] = socPuH;
  const columns: number[] = [];
  const most: number[] = [];
  for (let i = 0; i < stages; i++) {
    const at = i * ANM6_TRACKS;
    RATE_PU.forEach((rate, k) => {
      let loads = 0;
      LOAD_BUS.forEach((bus, l) => (loads += BELOW[k]!.has(bus) ? track[at + l]! : 0));
      rowLower[i * ROWS + 1 + k] = -safetyMargin * rate - loads;
      rowUpper[i * ROWS + 1 + k] = safetyMargin * rate - loads;
    });
    SOURCE_MAX_PU.forEach((max, s) => {
      columns.push(i * COLUMNS + s);
      most.push(Math.min(max, Math.max(0, track[at + LOAD_BUS.length + s]!)));
    });
  }
  model.changeColsBounds({ kind: 'set', indices: columns }, new Float64Array(columns.length), most);
  model.changeRowsBounds({ kind: 'range', from: 0, to: rowLower.length - 1 }, rowLower, rowUpper);
}
