/** The tracks of ANM6 as they are lived: the published day again and again, or days that differ from it at random. */
import type { RandomStream } from '../../base/random.ts';
import { uniform } from '../../base/realMath.ts';
import { ANM6_LOADS, ANM6_SLOTS } from '../cases/anm6Devices.ts';
import { ANM6_DAY_PU, ANM6_TRACKS } from './anm6Grid.ts';

/** How much of the spread of days moves from slot to slot, and how much of that stays for the next slot. */
const SLOT_SHARE = 0.5;
const SLOT_MEMORY = 0.9;

export interface Anm6DayState {
  readonly slot: number;
  readonly part: number;
  readonly dayFactor: readonly number[];
  readonly drift: readonly number[];
}

export class Anm6Day {
  /** Slot last set, 0..95. */
  slot = 0;
  /** Decision of that slot, 0 .. parts - 1. */
  part = 0;
  /** Tracks of that slot, pu. */
  readonly track = new Float64Array(ANM6_TRACKS);

  readonly #variation: number;
  /** Added to the factor of a whole day, in units of `variation`: loads up, renewables down. */
  readonly #season: number;
  readonly #parts: number;
  readonly #dayFactor = new Float64Array(ANM6_TRACKS);
  readonly #drift = new Float64Array(ANM6_TRACKS);

  /** `parts`: decisions in a slot. */
  constructor(variation: number, season: number, parts: number) {
    this.#parts = parts;
    this.#variation = variation;
    this.#season = season;
  }

  /** Begin a run in this slot of a new day. */
  start(slot: number, stream: RandomStream): void {
    this.#drift.fill(0);
    // The last decision of the slot, so that the first to come is for the next slot.
    this.part = this.#parts - 1;
    this.#drawDay(stream);
    this.#go(slot, stream);
  }

  next(stream: RandomStream): void {
    if (++this.part < this.#parts) return;
    this.part = 0;
    const slot = this.slot + 1 < ANM6_SLOTS ? this.slot + 1 : 0;
    if (slot === 0) this.#drawDay(stream);
    this.#go(slot, stream);
  }

  getState(): Anm6DayState {
    return { slot: this.slot, part: this.part, dayFactor: Array.from(this.#dayFactor), drift: Array.from(this.#drift) };
  }

  setState(state: Anm6DayState): void {
    this.slot = state.slot;
    this.part = state.part;
    this.#dayFactor.set(state.dayFactor);
    this.#drift.set(state.drift);
    this.#fill();
  }

  /** factor = 1 + variation (u +- season), u uniform in [-1, 1) */
  #drawDay(stream: RandomStream): void {
    for (let i = 0; i < ANM6_TRACKS; i++) {
      const season = i < ANM6_LOADS.length ? this.#season : -this.#season;
      this.#dayFactor[i] = this.#variation === 0 ? 1 : 1 + this.#variation * (2 * uniform(stream) - 1 + season);
    }
  }

  /** drift' = 0.9 drift + 0.1 variation 0.5 u, so that |drift| <= 0.5 variation */
  #go(slot: number, stream: RandomStream): void {
    this.slot = slot;
    if (this.#variation > 0) {
      for (let i = 0; i < ANM6_TRACKS; i++) {
        const step = (1 - SLOT_MEMORY) * SLOT_SHARE * this.#variation * (2 * uniform(stream) - 1);
        this.#drift[i] = SLOT_MEMORY * this.#drift[i]! + step;
      }
    }
    this.#fill();
  }

  /** What a track may exceed, the devices' own bounds take off again. */
  #fill(): void {
    const at = this.slot * ANM6_TRACKS;
    for (let i = 0; i < ANM6_TRACKS; i++) {
      this.track[i] = ANM6_DAY_PU[at + i]! * (this.#dayFactor[i]! + this.#drift[i]!);
    }
  }
}
