/**
 * Freeze: a float policy becomes an integer artifact, with what that cost (docs/spec/policy.md 3.7).
 * The artifact is what is hashed, verified, approved and executed; the float network ends here.
 */
import { fail, isGridPactError } from '../../base/errors.ts';
import type { LoadedPolicy } from '../../contracts/policy/artifact.ts';
import { buildPolicy } from '../../contracts/policy/codec.ts';
import { checkFloatPolicy, type FloatPolicy } from './floatPolicy.ts';
import { freezeModel } from './freezeModel.ts';
import { checkInterface, frozen, type FreezeOptions, type FrozenPolicy } from './frozenPolicy.ts';
import { errorBound, measureError, observedMaxima, referencePoints, type ReferencePoints } from './measure.ts';
import { quantise, type QuantisedLayer } from './quantise.ts';

export type { FreezeOptions, FrozenPolicy } from './frozenPolicy.ts';

/** Pinned in the provenance of a policy. */
export const FREEZE_VERSION = 'gridfreeze/1';

interface Candidate {
  readonly layers: readonly QuantisedLayer[];
  readonly artifact: LoadedPolicy;
}

const DEFAULT_POINTS = 100000;
const MAX_POINTS = 10000000;
/** Grid points that show activations for calibration. */
const CALIBRATION_GRID = 4096;
/** Points on which candidates are compared. */
const TRIAL_POINTS = 10000;
/** Relu ranges as multiples of the calibrated maximum, in order of preference; Infinity is the certified range. */
const RANGE_MARGINS = [Infinity, 4, 1.5] as const;
/** A max error that needs no other candidate: certified ranges cannot saturate, calibrated ones can. */
const GOOD_ERROR = 0.0005;

/**
 * Relu ranges come from certified intervals; where those cost more than 0.05 % of the rated range, the best
 * of certified and calibrated ranges is taken. A policy that chooses is frozen by `freezeModel`. Deterministic: same float policy and options, same bytes.
 * @throws `freeze.*`; `policy.*` when the interface itself is not one an artifact can have.
 */
export function freezePolicy(float: FloatPolicy, options: FreezeOptions = {}): FrozenPolicy {
  if (float.actionTable !== undefined) return freezeModel(float, options);
  const { points: gridPoints = DEFAULT_POINTS, seed = 1 } = options;
  const calibration = options.calibration ?? float.calibration ?? new Float32Array(0);
  if (!Number.isSafeInteger(gridPoints) || gridPoints < 0 || gridPoints > MAX_POINTS) {
    throw fail('freeze.options', { expected: { points: `0..${MAX_POINTS}` }, got: gridPoints });
  }
  checkInterface(float);
  checkFloatPolicy(float);
  const points = referencePoints(float, calibration, gridPoints, seed);
  const { layers, artifact } = bestCandidate(float, points);
  const measured = measureError(artifact, points, 0, points.count);
  return frozen(artifact, { ...measured, points: points.count, bound: errorBound(float, layers) });
}

function bestCandidate(float: FloatPolicy, points: ReferencePoints): Candidate {
  const maxima = observedMaxima(float, points, CALIBRATION_GRID);
  let best: Candidate | undefined;
  let bestError = Infinity;
  let refusal: unknown;
  for (const margin of RANGE_MARGINS) {
    let candidate: Candidate;
    try {
      candidate = makeCandidate(float, maxima, margin);
    } catch (error) {
      if (!isGridPactError(error, 'freeze.scale')) throw error;
      refusal ??= error;
      continue;
    }
    const error = trialError(candidate.artifact, points);
    if (error < bestError) [best, bestError] = [candidate, error];
    if (bestError <= GOOD_ERROR) break;
  }
  if (best === undefined) throw refusal;
  return best;
}

function makeCandidate(float: FloatPolicy, maxima: readonly Float64Array[], margin: number): Candidate {
  const reluMaximum = maxima.map((values) => values.map((v) => (margin === Infinity ? Infinity : margin * v)));
  const layers = quantise(float, reluMaximum);
  const parts = {
    interface: float.interface,
    layers: layers.map(({ layer }) => layer),
    head: { kind: 'cont' },
  } as const;
  return { layers, artifact: buildPolicy(parts) };
}

/** Over every calibration row and the first grid points. */
function trialError(artifact: LoadedPolicy, points: ReferencePoints): number {
  return measureError(artifact, points, 0, Math.min(points.count, points.calibration + TRIAL_POINTS)).maxError;
}
