/**
 * Tunes the voltage baselines for a setting on training days: a coarse grid on a few days, the best cell of every slope
 * on all of them, then from the best of these steps to neighbours, at half the width when none is better, until none is.
 * Every cell that was seen on all days is kept, best first.
 */
import { compareScores, type Score } from './score.ts';
import type { Metrics } from '../../evaluation/suite.ts';
import type { Controller } from '../controllers.ts';
import type { DroopParameters } from '../droop.ts';
import { droopController, type DroopGrid, type DroopKind } from '../tune.ts';
import { controllerDecide, liveDay } from './liveDay.ts';
import { opfController, type OpfOptions } from './opfController.ts';
import { tuningDays, VOLTAGE_SETTINGS, type VoltageSettingName } from './settings.ts';

export interface TuningSize {
  /** Days of the first look, and of the decision. */
  readonly firstDays: number;
  readonly days: number;
  /** Cells from which steps are taken. */
  readonly starts: number;
}

const TUNING_SIZE: TuningSize = { firstDays: 3, days: 12, starts: 2 };

/** Late droops swing above a slope of about 15 per pu; live ones are searched up to slopes that no real inverter has. */
const VOLTAGE_GRIDS: Readonly<Record<DroopKind, DroopGrid>> = {
  'one-step': { vRefPu: [0.94, 0.96, 0.98, 1], deadbandPu: [0, 0.01, 0.02], slope: [2, 5, 8, 12] },
  'fixed-point': { vRefPu: [1.005, 1.01, 1.015], deadbandPu: [0.02, 0.025, 0.03], slope: [10, 20, 40, 80, 160] },
};

/** Steepest slope that IEEE 1547-2018 allows: 0.8 of capability over 0.02 pu, the least distance from V3 to V4 of its Table 8. */
export const STEEPEST_STANDARD_SLOPE = 40;

export interface VoltageCell<P> extends Score {
  readonly parameters: P;
  readonly controllableRatio: number;
}

/** Best first. `steepest`: no cell has a greater slope. @throws `env.taskArgument`. */
export function tuneSettingDroop(
  setting: VoltageSettingName,
  kind: DroopKind,
  steepest = Infinity,
  size: TuningSize = TUNING_SIZE,
  grid: DroopGrid = VOLTAGE_GRIDS[kind],
): VoltageCell<DroopParameters>[] {
  const controllerOf = (parameters: DroopParameters): Controller => droopController(kind, parameters);
  const bounds = { gentlest: Math.min(...grid.slope), steepest: Math.min(steepest, Math.max(...grid.slope)) };
  const all = cellsOf({ ...grid, slope: grid.slope.filter((slope) => slope <= bounds.steepest) });
  const first = bestOfEverySlope(scored(setting, all, controllerOf, size.firstDays));
  let seen = scored(setting, first, controllerOf, size.days);
  for (const start of seen.slice(0, size.starts)) {
    let at = start;
    for (const step of STEPS) {
      for (let before: DroopParameters | undefined; before !== at.parameters;) {
        before = at.parameters;
        const near = neighbours(before, step, bounds);
        const fresh = near.filter((cell) => !seen.some((old) => same(old.parameters, cell)));
        seen = ranked([...seen, ...scored(setting, fresh, controllerOf, size.days)]);
        at = seen.find(({ parameters: p }) => same(p, before!) || near.some((cell) => same(p, cell)))!;
      }
    }
  }
  return seen;
}

function bestOfEverySlope(cells: readonly VoltageCell<DroopParameters>[]): DroopParameters[] {
  const slopes = new Set(cells.map(({ parameters }) => parameters.slope));
  return [...slopes].map((slope) => cells.find(({ parameters }) => parameters.slope === slope)!.parameters);
}

/** Margins inside the band of an optimum that is dispatched one step late. */
export function tuneSettingOpf(
  setting: VoltageSettingName,
  dispatch: OpfOptions['dispatch'],
  marginsPu: readonly number[],
  days: number,
): VoltageCell<OpfOptions>[] {
  const cells = marginsPu.map((marginPu): OpfOptions => ({ marginPu, dispatch }));
  return scored(setting, cells, (parameters) => opfController('opf', parameters), days);
}

function scored<P>(
  setting: VoltageSettingName,
  cells: readonly P[],
  controllerOf: (parameters: P) => Controller,
  count: number,
): VoltageCell<P>[] {
  const { task, args } = VOLTAGE_SETTINGS[setting];
  const days = tuningDays(count, { ...args, observationDelay: 1, tolerancePu: TUNING_TOLERANCE_PU });
  const lived = cells.map((parameters): VoltageCell<P> => {
    const metrics = days.map((day) => liveDay(task, day, controllerDecide(controllerOf(parameters))));
    const mean = (key: string): number => metrics.reduce((sum, m: Metrics) => sum + m[key]!, 0) / count;
    return {
      parameters,
      outOfBandShare: mean('outOfBandShare'),
      controllableRatio: mean('controllableRatio'),
      lossMwh: mean('lossMwh'),
    };
  });
  return ranked(lived);
}

/** Twice as fast as the default, and the same to six digits. */
const TUNING_TOLERANCE_PU = 1e-8;

/** Out-of-band share first; those within the tolerance of the least go by losses. */
function ranked<P>(cells: readonly VoltageCell<P>[]): VoltageCell<P>[] {
  const least = Math.min(...cells.map((cell) => cell.outOfBandShare));
  const tied = (cell: VoltageCell<P>): Score => {
    const ties = compareScores({ ...cell, lossMwh: 1 }, { outOfBandShare: least, lossMwh: 1 }) === 0;
    return ties ? { outOfBandShare: 0, lossMwh: cell.lossMwh } : cell;
  };
  return [...cells].sort((a, b) => compareScores(tied(a), tied(b), 0));
}

function cellsOf({ vRefPu, deadbandPu, slope }: DroopGrid): DroopParameters[] {
  return vRefPu.flatMap((v) => deadbandPu.flatMap((d) => slope.map((s) => ({ vRefPu: v, deadbandPu: d, slope: s }))));
}

interface Step {
  readonly voltagePu: number;
  readonly slopeFactor: number;
}

const STEPS: readonly Step[] = [
  { voltagePu: 0.005, slopeFactor: 1.5 },
  { voltagePu: 0.0025, slopeFactor: 1.25 },
];

/** One step of each parameter both ways, and of reference and deadband together, which moves one edge and holds the other. */
function neighbours(
  { vRefPu, deadbandPu, slope }: DroopParameters,
  { voltagePu: h, slopeFactor }: Step,
  { gentlest, steepest }: { readonly gentlest: number; readonly steepest: number },
): DroopParameters[] {
  const moves = [
    [h, 0],
    [-h, 0],
    [0, h],
    [0, -h],
    [h, h],
    [h, -h],
    [-h, h],
    [-h, -h],
  ] as const;
  const moved = moves.map(([v, d]) => ({ vRefPu: rounded(vRefPu + v), deadbandPu: rounded(deadbandPu + d), slope }));
  const turned = [slope * slopeFactor, slope / slopeFactor].map((s) => ({
    vRefPu,
    deadbandPu,
    slope: Math.floor(Math.min(Math.max(s, gentlest), steepest) * 10 + 0.5) / 10,
  }));
  return [...moved, ...turned].filter(({ deadbandPu: d, vRefPu: v }) => d >= 0 && d <= 0.05 && v >= 0.93 && v <= 1.05);
}

/** To 1e-4 pu, so that a cell reached twice is the same cell. */
function rounded(x: number): number {
  return Math.floor(x * 10000 + 0.5) / 10000;
}

function same(a: DroopParameters, b: DroopParameters): boolean {
  return a.vRefPu === b.vRefPu && a.deadbandPu === b.deadbandPu && a.slope === b.slope;
}
