/**
 * Carbon intensity, kg CO2 per kWh, every 5 min. Two kinds:
 *
 * `average`: of all generation. level(day) + shape(h) + noise, smooth, lowest at night and highest in the evening, with
 *   a slow daily part and a season. Matched to CityLearn 2022.
 * `marginal`: of the unit that would follow a change of load. shape(h) with the solar dip (morning to afternoon) and the
 *   evening ramp, times a log-normal of a daily part, an Ornstein-Uhlenbeck part of 3.5 h and one of 8 min; now and then,
 *   for minutes, nothing burns (sun to spare: 0, by day) or the dirtiest unit does (the cap, mostly in the evening).
 *   Kept within [0, cap]. Matched to CAISO marginal emissions (MOER) of June 2019, in local time.
 * See docs/reference/series.md.
 */
import { expReal, normal, uniform } from '../../../base/realMath.ts';
import {
  betweenNoons,
  bumpAt,
  checkRequest,
  dayLevel,
  exponential,
  ouNoise,
  poissonTimes,
  streamOf,
  yearCosine,
  type DayRequest,
} from './tracks.ts';
import { toStep } from '../scalar.ts';

export interface CarbonRequest extends DayRequest {
  /** `marginal`. */
  readonly kind?: 'average' | 'marginal';
}

const NATIVE_MS = 300000;
const STEPS = 288;
/** Greatest value of the measured month. */
const CAP_KG_PER_KWH = 0.66375;

/** 24 h / stepMs intensities, kg CO2 / kWh. @throws `env.taskArgument`. */
export function syntheticCarbonKgPerKwh(request: CarbonRequest): Float64Array {
  checkRequest(request, NATIVE_MS);
  const native = request.kind === 'average' ? average(request) : marginal(request);
  return toStep(native, NATIVE_MS, request.stepMs);
}

function noiseOf({ seed, day }: CarbonRequest, purpose: string, tauSteps: number): Float64Array {
  return ouNoise({ seed, purpose: `carbon/${purpose}`, block: day, blocks: 1, stepsPerBlock: STEPS, tauSteps });
}

function average(request: CarbonRequest): Float64Array {
  const level = betweenNoons(
    (d) => 0.157 + 0.02 * yearCosine(d, 200) + 0.026 * dayLevel(request.seed, 'carbon/average', d, 0.8),
    request.day,
  );
  const noise = noiseOf(request, 'average/noise', 90);
  const smooth = noiseOf(request, 'average/wander', 90);
  return Float64Array.from({ length: STEPS }, (_, t) => {
    const hour = (t + 0.5) / 12;
    const shape = 0.058 * bumpAt(hour, 18, 4.3) + 0.04 * bumpAt(hour, 10, 3) - 0.039;
    return Math.max(0.02, level(hour) + shape + 0.009 * (noise[t]! + smooth[t]!));
  });
}

function marginal(request: CarbonRequest): Float64Array {
  const { seed, day } = request;
  const level = betweenNoons((d) => 0.4 * dayLevel(seed, 'carbon/marginal', d, 0.7), day);
  const slow = noiseOf(request, 'marginal/slow', 60);
  const fast = noiseOf(request, 'marginal/fast', 1.6);
  const out = Float64Array.from({ length: STEPS }, (_, t) => {
    const hour = (t + 0.5) / 12;
    return marginalShape(hour) * expReal(level(hour) + 0.32 * slow[t]! + 0.12 * fast[t]! - 0.1);
  });
  switchUnits(out, request, 'clean', 0.45, 0, (hour) => bumpAt(hour, 10, 3));
  switchUnits(out, request, 'dirty', 0.15, CAP_KG_PER_KWH, (hour) => 0.06 + bumpAt(hour, 18.5, 1.8));
  return out.map((x) => Math.min(CAP_KG_PER_KWH, Math.max(0, x)));
}

function marginalShape(hour: number): number {
  return 0.2 + 0.17 * bumpAt(hour, 20, 2.4) + 0.09 * bumpAt(hour, 6, 1) - 0.035 * bumpAt(hour, 11, 3.2);
}

/** Spells in which another unit is the marginal one, at most two hours long, from this day's and the last day's draws. */
function switchUnits(
  out: Float64Array,
  { seed, day }: CarbonRequest,
  name: string,
  perHour: number,
  value: number,
  chance: (hour: number) => number,
): void {
  for (const back of [1, 0]) {
    const stream = streamOf(seed, `carbon/marginal/${name}`, day - back);
    const often = expReal(0.8 * normal(stream) - 0.32);
    for (const at of poissonTimes(stream, perHour * often, 24)) {
      const kept = uniform(stream) < chance(at);
      const hours = Math.min(2, 0.33 * exponential(stream));
      const from = (at - 24 * back) * 12;
      if (!kept) continue;
      for (let t = Math.max(0, Math.floor(from)); t < Math.min(STEPS, from + hours * 12); t++) out[t] = value;
    }
  }
}
