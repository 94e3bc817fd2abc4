/**
 * What tuning found for the 33-bus task at scale 0.5: the best cells of the grids on the first 12 hard training
 * days. `npx tsx train/study.ts` finds them again and shows the tables; a test checks them against their neighbours.
 *
 * Judged by the band first, a droop that acts one step late ends close to constant absorption: a reference far below
 * the voltages of the day and a gentle slope, at a high price in losses.
 */
import type { DroopParameters } from './droop.ts';
import type { OffsetParameters } from './tune.ts';

export interface TunedBaselines {
  readonly oneStep: DroopParameters;
  readonly fixedPoint: DroopParameters;
  readonly offset: OffsetParameters;
}

export const TUNED: TunedBaselines = {
  oneStep: { vRefPu: 0.94, deadbandPu: 0.005, slope: 5 },
  fixedPoint: { vRefPu: 1.015, deadbandPu: 0.03, slope: 160 },
  offset: { offsetMicro: 110000 },
};
