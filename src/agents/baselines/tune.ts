/** Grid tuning of baselines on training days: every cell is kept, so that the search can be shown. */
import { compareScores, evaluateDays, meanMetrics, type EvaluationOptions, type Score } from '../evaluate.ts';
import type { Controller } from './controllers.ts';
import { constantOffset, fixedPointDroop, oneStepDroop } from './controllers.ts';
import { droopCurve, type DroopParameters } from './droop.ts';

export interface DroopGrid {
  readonly vRefPu: readonly number[];
  readonly deadbandPu: readonly number[];
  readonly slope: readonly number[];
}

export type DroopKind = 'one-step' | 'fixed-point';

/**
 * Late droops swing above a slope of about 15 per pu, and low references make them absorb at all hours: 0.94 with a
 * deadband of 0.005 is the same ramp as 0.945 without. Live ones are searched up to slopes that no real inverter has.
 */
export const DROOP_GRIDS: Readonly<Record<DroopKind, DroopGrid>> = {
  'one-step': {
    vRefPu: [0.94, 0.945, 0.95, 0.955, 0.96, 0.965, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995, 1, 1.005, 1.01, 1.015],
    deadbandPu: [0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04],
    slope: [2, 5, 8, 10, 12, 15, 20],
  },
  'fixed-point': {
    vRefPu: [0.99, 0.995, 1, 1.005, 1.01, 1.015, 1.02, 1.025, 1.03],
    deadbandPu: [0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045],
    slope: [5, 10, 20, 40, 80, 160, 320],
  },
};

/** Offsets dispatched to everyone, 1e-6 of capability. */
const OFFSET_GRID: readonly number[] = Array.from({ length: 41 }, (_, i) => 10000 * (i - 10));

export interface TunedCell<P = DroopParameters> extends Score {
  readonly parameters: P;
}

export interface Tuning<P = DroopParameters> {
  readonly best: TunedCell<P>;
  /** Best first. */
  readonly table: readonly TunedCell<P>[];
}

export interface OffsetParameters {
  readonly offsetMicro: number;
}

export function droopController(kind: DroopKind, parameters: DroopParameters, name = `droop-${kind}`): Controller {
  const curve = droopCurve(parameters);
  return kind === 'one-step' ? oneStepDroop(name, curve) : fixedPointDroop(name, curve);
}

export function tuneDroop(
  kind: DroopKind,
  trainingDays: readonly number[],
  options: Partial<EvaluationOptions> = {},
  grid: DroopGrid = DROOP_GRIDS[kind],
): Tuning {
  return tune(cellsOf(grid), (parameters) => droopController(kind, parameters), trainingDays, options);
}

export function tuneOffset(
  trainingDays: readonly number[],
  options: Partial<EvaluationOptions> = {},
  grid: readonly number[] = OFFSET_GRID,
): Tuning<OffsetParameters> {
  const cells = grid.map((offsetMicro) => ({ offsetMicro }));
  return tune(cells, ({ offsetMicro }) => constantOffset('offset', offsetMicro), trainingDays, options);
}

/** Out-of-band share first; ties within OUT_OF_BAND_TOLERANCE of the best share go by losses. */
function tune<P>(
  all: readonly P[],
  controllerOf: (parameters: P) => Controller,
  trainingDays: readonly number[],
  options: Partial<EvaluationOptions>,
): Tuning<P> {
  const cells = all.map((parameters): TunedCell<P> => {
    const { outOfBandShare, lossMwh } = meanMetrics(evaluateDays(trainingDays, controllerOf(parameters), options));
    return { parameters, outOfBandShare, lossMwh };
  });
  // The tolerance is measured from the best share of all: pairwise it would not be a transitive order.
  const least = Math.min(...cells.map((cell) => cell.outOfBandShare));
  const band = (cell: TunedCell<P>): Score => ({
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
