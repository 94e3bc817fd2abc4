/**
 * The droops that grid search over training days found best for `voltage-ieee33-v1`; the whole search is in
 * docs/evidence/voltage-ieee33.json, and a test holds these two against it.
 */
import type { DroopParameters } from './droop.ts';

export const TUNED_DROOPS: Readonly<Record<'oneStep' | 'fixedPoint', DroopParameters>> = {
  oneStep: { vRefPu: 0.99, deadbandPu: 0.005, slope: 10 },
  fixedPoint: { vRefPu: 1.015, deadbandPu: 0.03, slope: 160 },
};
