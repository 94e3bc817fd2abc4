/**
 * Tunes the voltage baselines for a setting on training days: a whole grid on a few days, its best cells on all of
 * them, then cells between the best one and its neighbours. Every cell seen on all days is kept, best first.
 */
import { compareScores, type Score } from '../../evaluate.ts';
import type { Metrics } from '../../evaluation/suite.ts';
import type { Controller } from '../controllers.ts';
import type { DroopParameters } from '../droop.ts';
import { DROOP_GRIDS, droopController, type DroopGrid, type DroopKind } from '../tune.ts';
import { controllerDecide, liveDay } from './liveDay.ts';
import { opfController, type OpfOptions } from './opfController.ts';
import { tuningDays, VOLTAGE_SETTINGS, type VoltageSettingName } from './settings.ts';

export interface TuningSize {
  /** Days of the first look, and of the decision. */
  readonly firstDays: number;
  readonly days: number;
  /** Cells that are seen on all days. */
  readonly kept: number;
}

export const TUNING_SIZE: TuningSize = { firstDays: 6, days: 24, kept: 40 };

/** Steepest slope that IEEE 1547-2018 allows: 0.8 of capability over 0.02 pu, the least distance from V3 to V4 of its Table 8. */
export const STEEPEST_STANDARD_SLOPE = 40;

export interface VoltageCell<P> extends Score {
  readonly parameters: P;
  readonly controllableRatio: number;
}

/** Best first. @throws `env.taskArgument`. */
export function tuneSettingDroop(
  setting: VoltageSettingName,
  kind: DroopKind,
  size: TuningSize = TUNING_SIZE,
  grid: DroopGrid = DROOP_GRIDS[kind],
): VoltageCell<DroopParameters>[] {
  const controllerOf = (parameters: DroopParameters): Controller => droopController(kind, parameters);
  const all = cellsOf(grid);
  const first = scored(setting, all, controllerOf, size.firstDays).slice(0, size.kept);
  const seen = scored(setting, parametersOf(first), controllerOf, size.days);
  const between = refinements(seen[0]!.parameters, grid);
  return ranked([...seen, ...scored(setting, between, controllerOf, size.days)]);
}

/** Margins inside the band of an optimum that is dispatched one step late. */
export function tuneSettingOpf(
  setting: VoltageSettingName,
  dispatch: OpfOptions['dispatch'],
  marginsPu: readonly number[],
  days: number = TUNING_SIZE.firstDays,
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
  const days = tuningDays(count, { ...args, observationDelay: 1 });
  return ranked(
    cells.map((parameters) => {
      const lived = days.map((day) => liveDay(task, day, controllerDecide(controllerOf(parameters))));
      const mean = (key: string): number => lived.reduce((sum, m: Metrics) => sum + m[key]!, 0) / lived.length;
      return {
        parameters,
        outOfBandShare: mean('outOfBandShare'),
        controllableRatio: mean('controllableRatio'),
        lossMwh: mean('lossMwh'),
      };
    }),
  );
}

/** Out-of-band share first; those within the tolerance of the least go by losses. */
function ranked<P>(cells: readonly VoltageCell<P>[]): VoltageCell<P>[] {
  const least = Math.min(...cells.map((cell) => cell.outOfBandShare));
  const tied = (cell: VoltageCell<P>): Score => {
    const ties = compareScores({ ...cell, lossMwh: 1 }, { outOfBandShare: least, lossMwh: 1 }) === 0;
    return ties ? { outOfBandShare: 0, lossMwh: cell.lossMwh } : cell;
  };
  return [...cells].sort((a, b) => compareScores(tied(a), tied(b), 0));
}

function parametersOf<P>(cells: readonly VoltageCell<P>[]): P[] {
  return cells.map(({ parameters }) => parameters);
}

function cellsOf({ vRefPu, deadbandPu, slope }: DroopGrid): DroopParameters[] {
  return vRefPu.flatMap((v) => deadbandPu.flatMap((d) => slope.map((s) => ({ vRefPu: v, deadbandPu: d, slope: s }))));
}

/** Half way to the neighbours of a cell, by 0.0025 pu and a factor of about the root of two, within the slopes of the grid. */
function refinements(best: DroopParameters, grid: DroopGrid): DroopParameters[] {
  const [gentlest, steepest] = [Math.min(...grid.slope), Math.max(...grid.slope)];
  const near = (x: number): number[] => [x - 0.0025, x, x + 0.0025].map((y) => Math.round(y * 10000) / 10000);
  const slopes = [0.7, 1, 1.4].map((factor) => Math.min(Math.max(factor * best.slope, gentlest), steepest));
  const around = cellsOf({
    vRefPu: near(best.vRefPu),
    deadbandPu: near(best.deadbandPu).filter((d) => d >= 0),
    slope: [...new Set(slopes.map((s) => Math.round(s * 10) / 10))],
  });
  return around.filter(
    (cell) => cell.vRefPu !== best.vRefPu || cell.deadbandPu !== best.deadbandPu || cell.slope !== best.slope,
  );
}
