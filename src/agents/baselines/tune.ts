/** Droops of the two kinds that tuning searches. */
import type { Controller } from './controllers.ts';
import { fixedPointDroop, oneStepDroop } from './controllers.ts';
import { droopCurve, type DroopParameters } from './droop.ts';

export interface DroopGrid {
  readonly vRefPu: readonly number[];
  readonly deadbandPu: readonly number[];
  readonly slope: readonly number[];
}

export type DroopKind = 'one-step' | 'fixed-point';

export function droopController(kind: DroopKind, parameters: DroopParameters, name = `droop-${kind}`): Controller {
  const curve = droopCurve(parameters);
  return kind === 'one-step' ? oneStepDroop(name, curve) : fixedPointDroop(name, curve);
}
