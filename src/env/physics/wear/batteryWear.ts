/**
 * Wear of one battery as a part of its state: cycling by incremental rainflow, calendar ageing step by step.
 *
 * Damage is additive, so a history may be cut anywhere and threaded on through the state. Cost per step:
 *   cost = replacement x delta_damage / damage at end of life
 * every unit of damage costs alike whatever the age of the cell, and the costs of a whole life, cycling and calendar
 * together, sum to one replacement. State of health is 1 - L(damage) and never rises.
 */
import { fail } from '../../../base/errors.ts';
import { capacityLoss, damageOfLoss, depthStress, socStress, temperatureStress, timeStress } from './degradation.ts';
import { RainflowDamage, type RainflowState } from './rainflow.ts';

export interface WearModel {
  /** Cell temperature, deg C, in (-30, 80). */
  readonly temperatureC: number;
  /** What a new battery costs per rated kWh, in the currency of the task. */
  readonly replacementPerKwh: number;
  /** State of health at which it is replaced, in (0, 1). */
  readonly endOfLifeSoh: number;
}

export const DEFAULT_WEAR: WearModel = { temperatureC: 25, replacementPerKwh: 400, endOfLifeSoh: 0.8 };

export interface WearState {
  readonly rainflow: RainflowState;
  readonly soc: number;
  readonly calendar: number;
  readonly earlier: number;
  readonly equivalentCycles: number;
}

/** @throws `env.wear`. */
export function checkWearModel(model: WearModel): WearModel {
  const { temperatureC, replacementPerKwh, endOfLifeSoh } = model;
  const valid =
    temperatureC > -30 &&
    temperatureC < 80 &&
    replacementPerKwh >= 0 &&
    Number.isFinite(replacementPerKwh) &&
    endOfLifeSoh > 0 &&
    endOfLifeSoh < 1;
  if (!valid) {
    throw fail('env.wear', {
      expected: 'temperatureC in (-30, 80), replacementPerKwh >= 0, endOfLifeSoh in (0, 1)',
      got: { temperatureC, replacementPerKwh, endOfLifeSoh },
    });
  }
  return model;
}

/** Damage of one cycle of a depth around a mean state of charge. */
export function cycleDamage(model: WearModel): (depth: number, meanSoc: number) => number {
  const heat = temperatureStress(model.temperatureC);
  return (depth, meanSoc) => depthStress(depth) * socStress(meanSoc) * heat;
}

/**
 * The linear proxy for LP and MPC: currency per kWh drawn from the cells, of cycles of this depth around 0.5.
 *   rate = replacement per kWh x f(depth) / (f(end of life) x depth)
 */
export function linearWearCostPerKwh(model: WearModel, depth = 0.8): number {
  const perCycle = cycleDamage(model)(depth, 0.5) / damageOfLoss(1 - model.endOfLifeSoh);
  return (model.replacementPerKwh * perCycle) / depth;
}

export interface WearStart {
  readonly ratedWh: number;
  /** State of charge, share of rated. */
  readonly soc: number;
  /** State of health, share of rated; 1. */
  readonly soh?: number;
}

export class BatteryWear {
  readonly model: WearModel;
  /** Equivalent full cycles: half of all movement of the state of charge. */
  equivalentCycles = 0;

  readonly #rainflow: RainflowDamage;
  readonly #heat: number;
  readonly #costPerDamage: number;
  #soc: number;
  #calendar = 0;
  /** Damage from before this history began. */
  #earlier: number;

  /** @throws `env.wear`. */
  constructor(model: WearModel, { ratedWh, soc, soh = 1 }: WearStart) {
    this.model = checkWearModel(model);
    if (!(soh > 0 && soh <= 1)) throw fail('env.wear', { expected: 'state of health in (0, 1]', got: soh });
    this.#rainflow = new RainflowDamage(cycleDamage(model), soc);
    this.#heat = temperatureStress(model.temperatureC);
    this.#costPerDamage = (model.replacementPerKwh * ratedWh) / 1000 / damageOfLoss(1 - model.endOfLifeSoh);
    this.#soc = soc;
    this.#earlier = soh === 1 ? 0 : damageOfLoss(1 - soh);
  }

  /** Of cycling since the history began. */
  get cycleDamage(): number {
    return this.#rainflow.total;
  }

  get calendarDamage(): number {
    return this.#calendar;
  }

  /** 1 - L, share of rated capacity. */
  get soh(): number {
    return 1 - capacityLoss(this.#earlier + this.#calendar + this.#rainflow.total);
  }

  /** Cycling or the calendar alone may bring it about. */
  get endOfLife(): boolean {
    return this.soh <= this.model.endOfLifeSoh;
  }

  /** Move to a state of charge in a straight line for `dtS` seconds. Returns what it cost, >= 0. */
  step(soc: number, dtS: number): number {
    const cycling = this.#rainflow.add(soc);
    const calendar = this.#calendarOf((this.#soc + soc) / 2, dtS);
    this.equivalentCycles += Math.abs(soc - this.#soc) / 2;
    this.#calendar += calendar;
    this.#soc = soc;
    return this.#costPerDamage * (cycling + calendar);
  }

  /** What `dtS` seconds of standing at a state of charge cost; nothing is counted. */
  standingCost(soc: number, dtS: number): number {
    return this.#costPerDamage * this.#calendarOf(soc, dtS);
  }

  /** S_t S_sigma(sigma) S_T */
  #calendarOf(meanSoc: number, dtS: number): number {
    return timeStress(dtS) * socStress(meanSoc) * this.#heat;
  }

  getState(): WearState {
    return {
      rainflow: this.#rainflow.getState(),
      soc: this.#soc,
      calendar: this.#calendar,
      earlier: this.#earlier,
      equivalentCycles: this.equivalentCycles,
    };
  }

  setState(state: WearState): void {
    this.#rainflow.setState(state.rainflow);
    this.#soc = state.soc;
    this.#calendar = state.calendar;
    this.#earlier = state.earlier;
    this.equivalentCycles = state.equivalentCycles;
  }
}
