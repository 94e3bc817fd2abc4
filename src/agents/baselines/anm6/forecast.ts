/** What a planner of ANM6 expects of the slots ahead: P of the three loads, then the two potentials, all pu. */
import type { Anm6Copy } from '../../../env/tasks/anm6Easy.ts';
import { ANM6_BASE_W, ANM6_DAY_PU, ANM6_TRACKS } from '../../../env/tasks/anm6Grid.ts';
import { ANM6_LOADS, ANM6_RENEWABLES, ANM6_SLOT_HOURS, ANM6_SLOTS } from '../../../env/cases/anm6Devices.ts';
import { ANM6_INTERFACE } from '../../../env/tasks/anm6Interface.ts';

/**
 * Fills `track`, stages x ANM6_TRACKS, from the slot acted on; `step` of the episode, from 0. A number says that whenever
 * it is answered again the track is the same.
 */
export type Forecast = (copy: Anm6Copy, step: number, stages: number, track: Float64Array) => number | undefined;

const SLOT_S = 3600 * ANM6_SLOT_HOURS;
/** Too little for a collapse on any day. */
const QUIET_W = 10000000;

/** Where the policy finds an input. */
export function inputOf(name: string): number {
  return ANM6_INTERFACE.inputs.findIndex(({ n }) => n === name);
}

const TIME = inputOf('time.day');
const SEEN = [
  ...ANM6_LOADS.map(({ id }) => inputOf(`p.own/${id}`)),
  ...ANM6_RENEWABLES.map(({ id }) => inputOf(`p.potential/${id}`)),
];

/** The slot that the next decision is for. */
export function slotAhead({ port }: Pick<Anm6Copy, 'port'>): number {
  return Math.floor(port.raw[TIME]! / SLOT_S) % ANM6_SLOTS;
}

/** The published day: perfect where `variation` is 0, a typical day where it is not. */
export const publishedDay: Forecast = (copy, _step, stages, track) => {
  const from = slotAhead(copy);
  for (let i = 0; i < stages; i++) {
    const at = ((from + i) % ANM6_SLOTS) * ANM6_TRACKS;
    for (let k = 0; k < ANM6_TRACKS; k++) track[i * ANM6_TRACKS + k] = ANM6_DAY_PU[at + k]!;
  }
  return from;
};

/** As last seen, for ever: gym-anm's constant forecast. */
export const constantForecast: Forecast = ({ port }, _step, stages, track) => {
  for (let i = 0; i < stages * ANM6_TRACKS; i++) track[i] = port.raw[SEEN[i % ANM6_TRACKS]!]! / ANM6_BASE_W;
  return undefined;
};

/**
 * Everything known: a clone lives `steps` and `stages` more ahead of the copy, the renewables held below what their
 * lines carry, and writes down what comes. For a copy at the beginning of its episode.
 */
export function perfectForecast(start: Anm6Copy, steps: number): Forecast {
  const lived = new Float64Array(steps * ANM6_TRACKS);
  const scout = start.clone() as Anm6Copy;
  const idle = new Float32Array(scout.shape.actionSize);
  const rewards = new Float32Array(1);
  const quiet = Int32Array.of(QUIET_W, QUIET_W, 0, 0, 0, 0);
  for (let t = 0; t < steps; t++) {
    scout.port.impose(quiet);
    scout.step(idle, 0, rewards);
    let at = t * ANM6_TRACKS;
    for (const { id } of ANM6_LOADS) lived[at++] = scout.grid.pPu[id]!;
    for (const { id } of ANM6_RENEWABLES) lived[at++] = scout.grid.potentialPu[id]!;
  }
  return (_copy, step, stages, track) => {
    const from = step * ANM6_TRACKS;
    track.set(lived.subarray(from, from + stages * ANM6_TRACKS));
    return undefined;
  };
}
