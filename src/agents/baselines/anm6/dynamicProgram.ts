/**
 * What no controller of ANM6 on its published day can do better than, but for the fineness of two grids: backward
 * dynamic programming over slot and state of charge, with the AC power flow and the best of the five other setpoints in
 * every stage. Slot t of the day, energy e, storage power p > 0 discharging:
 *   V_t(e) = min over p of c_t(p) + 0.995 V_(t+1)(e - dt (0.9 p if p <= 0 else p / 0.9))
 * and V_96 = V_0, for ever. V is read linearly between energies; c comes from `StageSolver`.
 */
import { fail } from '../../../base/errors.ts';
import { ANM6_SLOT_HOURS, ANM6_SLOTS, ANM6_STORAGE } from '../../../env/cases/anm6Devices.ts';
import type { Anm6Copy } from '../../../env/tasks/anm6Easy.ts';
import { ANM6_DAY_PU, ANM6_TRACKS } from '../../../env/tasks/anm6Grid.ts';
import type { Decide } from '../../evaluation/episode.ts';
import { inputOf, slotAhead } from './forecast.ts';
import { StageSolver, type StageCosts } from './stageCost.ts';

export interface ProgramOptions {
  /** Between two powers of the storage, MW; divides 1. */
  readonly powerStepMw: number;
  /** Between two states of charge, MWh; divides 1. */
  readonly energyStepMwh: number;
}

/** Fine enough that halving both moves the bound by less than 0.02. */
const PROGRAM_DEFAULTS: ProgramOptions = { powerStepMw: 0.5, energyStepMwh: 0.1 };

const DISCOUNT = 0.995;
const EFFICIENCY = ANM6_STORAGE.efficiency;
/** The storage's line carries 18 MVA: what charges faster, or discharges faster than line and load take, breaks it. */
const POWER_RANGE_MW = [-18, 44] as const;
const CONVERGED = 1e-7;
const MAX_DAYS = 200;
const OUTPUTS = 6;
const SOC_INPUT = inputOf('soc/6');
const SOC_SCALE = ANM6_STORAGE.socMax / 1e6;

export class Anm6Program {
  readonly powersMw: Float64Array;
  readonly stages: readonly StageCosts[];
  /** Cost to go, slots x energies, 0 MWh first. */
  readonly value: Float64Array;
  readonly #energies: number;
  readonly #perMwh: number;
  /** Energy that a slot at each power takes out, in steps of the grid. */
  readonly #drawn: Float64Array;
  #best = 0;

  /** @throws `agents.dispatch` for steps that do not divide 1. */
  constructor({ powerStepMw, energyStepMwh }: ProgramOptions = PROGRAM_DEFAULTS) {
    const [perMw, perMwh] = [Math.round(1 / powerStepMw), Math.round(1 / energyStepMwh)];
    if (!(perMw >= 1 && perMwh >= 1)) {
      throw fail('agents.dispatch', { expected: 'steps of at most 1', got: { powerStepMw, energyStepMwh } });
    }
    const [low, high] = POWER_RANGE_MW;
    this.powersMw = Float64Array.from({ length: (high - low) * perMw + 1 }, (_, k) => low + k / perMw);
    this.#perMwh = perMwh;
    this.#drawn = this.powersMw.map((p) => perMwh * ANM6_SLOT_HOURS * (p <= 0 ? EFFICIENCY * p : p / EFFICIENCY));
    this.#energies = ANM6_STORAGE.socMax * perMwh + 1;
    this.value = new Float64Array(ANM6_SLOTS * this.#energies);
    this.stages = solveStages(this.powersMw);
    for (let day = 0; day < MAX_DAYS && this.#sweepDay() > CONVERGED * (1 - DISCOUNT); day++);
  }

  /** The greatest return from a slot about to be lived with this much stored. */
  bound(slot: number, energyMwh: number): number {
    const at = energyMwh * this.#perMwh;
    const low = Math.min(Math.floor(at), this.#energies - 2);
    const from = slot * this.#energies + low;
    return -(this.value[from]! + (at - low) * (this.value[from + 1]! - this.value[from]!));
  }

  /** Index of the best power there. */
  decide(slot: number, energyMwh: number): number {
    this.#search(slot, energyMwh * this.#perMwh);
    return this.#best;
  }

  /** Greatest change of a cost to go, weighed as if it stayed. */
  #sweepDay(): number {
    let change = 0;
    for (let slot = ANM6_SLOTS - 1; slot >= 0; slot--) {
      for (let e = 0; e < this.#energies; e++) {
        const at = slot * this.#energies + e;
        const value = this.#search(slot, e);
        change = Math.max(change, Math.abs(value - this.value[at]!));
        this.value[at] = value;
      }
    }
    return change;
  }

  /** V_slot at an energy in steps of the grid; `#best` is the power's index. */
  #search(slot: number, energy: number): number {
    const { cost } = this.stages[slot]!;
    const { value } = this;
    const drawn = this.#drawn;
    const last = this.#energies - 1;
    const next = slot + 1 < ANM6_SLOTS ? (slot + 1) * this.#energies : 0;
    let least = Infinity;
    for (let k = 0; k < drawn.length; k++) {
      const to = energy - drawn[k]!;
      if (to < 0) break;
      if (to > last) continue;
      const low = to < last ? Math.floor(to) : last - 1;
      const v = value[next + low]!;
      const total = cost[k]! + DISCOUNT * (v + (to - low) * (value[next + low + 1]! - v));
      if (total < least) {
        least = total;
        this.#best = k;
      }
    }
    return least;
  }
}

/** The program's own setpoints: what it promises, lived. Knows the published day. */
export function programControl(program: Anm6Program): Decide<Anm6Copy> {
  return (copy, _step, issued) => {
    const slot = slotAhead(copy);
    const k = program.decide(slot, copy.port.raw[SOC_INPUT]! * SOC_SCALE);
    issued.set(program.stages[slot]!.setpoints.subarray(k * OUTPUTS, (k + 1) * OUTPUTS));
  };
}

/** Slots that are alike share their stage. */
function solveStages(powersMw: Float64Array): StageCosts[] {
  const solver = new StageSolver();
  const known = new Map<string, StageCosts>();
  return Array.from({ length: ANM6_SLOTS }, (_, slot) => {
    const track = ANM6_DAY_PU.subarray(slot * ANM6_TRACKS, (slot + 1) * ANM6_TRACKS);
    const key = Array.from(track, (x) => x.toFixed(9)).join(' ');
    const stage = known.get(key) ?? solver.solve(track, powersMw);
    known.set(key, stage);
    return stage;
  });
}
