/** Grid tuning of a droop on training days: every cell is kept, so that the search can be shown. */
import { compareScores, evaluateDays, meanMetrics, type EvaluationOptions, type Score } from '../evaluate.ts';
import type { Controller } from './controllers.ts';
import { fixedPointDroop, oneStepDroop } from './controllers.ts';
import { droopCurve, type DroopParameters } from './droop.ts';

export interface DroopGrid {
  readonly vRefPu: readonly number[];
  readonly deadbandPu: readonly number[];
  readonly slope: readonly number[];
}

/** 630 settings. Slopes go beyond what a real inverter is set to, so that the best droop is not held back by the grid. */
export const DROOP_GRID: DroopGrid = {
  vRefPu: [0.99, 0.995, 1, 1.005, 1.01, 1.015, 1.02, 1.025, 1.03],
  deadbandPu: [0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045],
  slope: [2, 5, 10, 20, 40, 80, 160],
};

export interface TunedCell extends Score {
  readonly parameters: DroopParameters;
}

export interface Tuning {
  readonly best: TunedCell;
  /** Best first. */
  readonly table: readonly TunedCell[];
}

export type DroopKind = 'one-step' | 'fixed-point';

export function droopController(kind: DroopKind, parameters: DroopParameters, name = `droop-${kind}`): Controller {
  const curve = droopCurve(parameters);
  return kind === 'one-step' ? oneStepDroop(name, curve) : fixedPointDroop(name, curve);
}

/** Out-of-band share first; ties within OUT_OF_BAND_TOLERANCE of the best share go by losses. */
export function tuneDroop(
  kind: DroopKind,
  trainingDays: readonly number[],
  options: Partial<EvaluationOptions> = {},
  grid: DroopGrid = DROOP_GRID,
): Tuning {
  const cells = cellsOf(grid).map((parameters): TunedCell => {
    const { outOfBandShare, lossMwh } = meanMetrics(
      evaluateDays(trainingDays, droopController(kind, parameters), options),
    );
    return { parameters, outOfBandShare, lossMwh };
  });
  // The tolerance is measured from the best share of all: pairwise it would not be a transitive order.
  const least = Math.min(...cells.map((cell) => cell.outOfBandShare));
  const band = (cell: TunedCell): Score => ({
    ...cell,
    outOfBandShare:
      compareScores({ ...cell, lossMwh: 1 }, { outOfBandShare: least, lossMwh: 1 }) === 0 ? 0 : cell.outOfBandShare,
  });
  const table = [...cells].sort((a, b) => compareScores(band(a), band(b), 0));
  return { best: table[0]!, table };
}

function cellsOf({ vRefPu, deadbandPu, slope }: DroopGrid): DroopParameters[] {
  return vRefPu.flatMap((v) => deadbandPu.flatMap((d) => slope.map((s) => ({ vRefPu: v, deadbandPu: d, slope: s }))));
}
