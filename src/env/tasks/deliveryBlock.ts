/**
 * What the frequency does in a block of `frequency-area1-delivery-v1`: a path of a measured or synthetic series, and
 * contingencies on top. A state holds what was drawn, from which both are made again.
 */
import { fail } from '../../base/errors.ts';
import type { RandomStream } from '../../base/random.ts';
import { uniform } from '../../base/realMath.ts';
import { METER_S } from '../physics/frequency/deliveryError.ts';
import { contingencyHz } from '../series/generator/contingency.ts';
import { syntheticFrequencyDeviationHz } from '../series/generator/frequency.ts';
import type { ScalarSeries } from '../series/scalar.ts';
import { testDay, trainDay } from '../series/synthetic.ts';
import { between } from './frequencyDraws.ts';

/** Samples of the meter, and of synthetic series, ms apart. */
export const METER_MS = 50;
const SAMPLE_MS = 1000;
const HOURS_OF_DAY = 24;
const CONTINGENCY = { depthHz: [0.5, 0.8], slopeHzPerS: [0.1, 0.5], restoreS: [120, 300] } as const;
const GENERATION_SHARE = 0.75;
const SECOND_SHARE = 0.5;
const SECOND_AFTER_S = 1200;

/** As in `FrequencyDeliveryArgs`. */
export interface BlockArgs {
  readonly scenario: 'regulation' | 'containment';
  readonly split: 'train' | 'test';
  readonly episodeMs: number;
  readonly series?: ScalarSeries | undefined;
  readonly seriesScale: number;
  readonly seriesSeed: number;
  readonly days: number;
  readonly eventsPerDay: number;
}

/** From meter sample `first` on. */
interface Contingency {
  readonly first: number;
  readonly depthHz: number;
  readonly riseS: number;
  readonly restoreS: number;
}

/** Of the split, the hour that the synthetic series begins at, and the sample of that series or of the one given. */
interface PathDraw {
  readonly day: number;
  readonly fromHour: number;
  readonly from: number;
}

export interface BlockState {
  /** Undefined before the first episode. */
  readonly path?: PathDraw | undefined;
  readonly contingencies: readonly Contingency[];
}

export class DeliveryBlock {
  readonly #args: BlockArgs;
  readonly #samplesPerPath: number;
  #drawn: BlockState = { contingencies: [] };
  /** Given deviations, Hz, and those of the contingencies by meter sample; empty for regulation. */
  #path: Float64Array = new Float64Array(0);
  #contingencies: Float64Array = new Float64Array(0);

  constructor(args: BlockArgs) {
    this.#args = args;
    this.#samplesPerPath = (args.series?.stepMs ?? SAMPLE_MS) / METER_MS;
  }

  draw(stream: RandomStream): void {
    const path = this.#drawPath(stream);
    this.#lay(this.#args.scenario === 'containment' ? this.#drawContingencies(stream) : [], path);
  }

  /** At the end of meter sample `k`, Hz: the path between its samples, and what the contingencies add. */
  deviationHz(k: number): number {
    const at = (k + 1) / this.#samplesPerPath;
    const j = Math.min(Math.floor(at), this.#path.length - 2);
    const from = this.#path[j]!;
    return from + (this.#path[j + 1]! - from) * (at - j) + (this.#contingencies[k] ?? 0);
  }

  getState(): BlockState {
    return this.#drawn;
  }

  setState(state: BlockState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#drawn)) return;
    const { path, contingencies } = state;
    if (path !== undefined) this.#path = this.#cut(path, this.#valuesOf(path.day, path.fromHour));
    this.#lay(contingencies, path);
  }

  /** Shares what does not change until the next draw. */
  clone(): DeliveryBlock {
    const copy = new DeliveryBlock(this.#args);
    copy.#drawn = this.#drawn;
    copy.#path = this.#path;
    copy.#contingencies = this.#contingencies;
    return copy;
  }

  /** From a drawn second of drawn hours, or of the series given. */
  #drawPath(stream: RandomStream): PathDraw {
    const { args, hours } = { args: this.#args, hours: this.#hours() };
    const given = args.series !== undefined;
    const day = given ? 0 : stream.below(args.days);
    const fromHour = given ? 0 : stream.below(HOURS_OF_DAY - hours + 1);
    const values = this.#valuesOf(day, fromHour);
    const path = { day, fromHour, from: stream.below(values.length - neededSamples(args) + 1) };
    this.#path = this.#cut(path, values);
    return path;
  }

  #cut({ from }: PathDraw, values: Float64Array): Float64Array {
    const end = from + neededSamples(this.#args);
    if (!(from >= 0 && end <= values.length))
      throw fail('env.state', { expected: 'a path within the series', got: from });
    return values.slice(from, end).map((hz) => hz * this.#args.seriesScale);
  }

  #valuesOf(day: number, fromHour: number): Float64Array {
    const { series, split, seriesSeed, eventsPerDay } = this.#args;
    if (series !== undefined) return series.values;
    const span = { stepMs: SAMPLE_MS, fromHour, toHour: fromHour + this.#hours() };
    const ofSplit = split === 'test' ? testDay(day) : trainDay(day);
    return syntheticFrequencyDeviationHz({ seed: seriesSeed, day: ofSplit, ...span, eventsPerDay });
  }

  #hours(): number {
    return Math.min(HOURS_OF_DAY, Math.ceil((neededSamples(this.#args) * SAMPLE_MS) / 3600000) + 1);
  }

  #drawContingencies(stream: RandomStream): Contingency[] {
    const blockS = this.#args.episodeMs / 1000;
    const firstS = between(stream, [60, Math.max(60, blockS / 2)]);
    const first = drawContingency(stream, firstS);
    const secondS = firstS + SECOND_AFTER_S + between(stream, [0, blockS / 2]);
    return uniform(stream) < SECOND_SHARE ? [first, drawContingency(stream, secondS)] : [first];
  }

  #lay(contingencies: readonly Contingency[], path: PathDraw | undefined): void {
    const samples = contingencies.length === 0 ? 0 : this.#args.episodeMs / METER_MS;
    const out = new Float64Array(samples);
    for (const { first, ...at } of contingencies) {
      const shape = contingencyHz(at, METER_MS);
      for (let k = 0; k < shape.length && first + k < samples; k++) out[first + k]! += shape[k]!;
    }
    this.#contingencies = out;
    this.#drawn = { path, contingencies };
  }
}

function drawContingency(stream: RandomStream, atS: number): Contingency {
  const size = between(stream, CONTINGENCY.depthHz);
  const riseS = size / between(stream, CONTINGENCY.slopeHzPerS);
  const restoreS = between(stream, CONTINGENCY.restoreS);
  const depthHz = uniform(stream) < GENERATION_SHARE ? size : -size;
  return { first: Math.floor(atS / METER_S), depthHz, riseS, restoreS };
}

/** Of the path of a block, both ends in. */
function neededSamples({ episodeMs, series }: BlockArgs): number {
  return Math.ceil(episodeMs / (series?.stepMs ?? SAMPLE_MS)) + 1;
}

/** @throws `env.taskArgument` when the series is too short for a block. */
export function checkBlock(args: BlockArgs): void {
  const has = args.series?.values.length ?? (HOURS_OF_DAY * 3600000) / SAMPLE_MS;
  if (has < neededSamples(args)) {
    throw fail('env.taskArgument', {
      expected: `series: at least ${neededSamples(args)} samples for a block`,
      got: has,
    });
  }
}
