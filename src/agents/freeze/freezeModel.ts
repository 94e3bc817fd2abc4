/**
 * gridfreeze/2 (docs/reference/freeze.md): a float policy becomes an integer artifact, with what that cost, measured and
 * proved. Scales from certified reach, shifts by trial, rounding that answers for the sums, a differential bound over the
 * whole box, and a refusal with its reasons where the result is over the gate.
 * Deterministic: same float policy and options, same bytes and figures, on every engine.
 */
import { fail } from '../../base/errors.ts';
import type { LoadedPolicy } from '../../contracts/policy/artifact.ts';
import { buildPolicy } from '../../contracts/policy/codec.ts';
import { certify } from './certify.ts';
import { checkFloatPolicy, type FloatPolicy } from './floatPolicy.ts';
import { checkInterface, frozen, type FreezeOptions, type FrozenPolicy, type Quantisation } from './frozenPolicy.ts';
import {
  choiceErrors,
  layerErrors,
  saturation,
  trialScore,
  type ChoiceErrors,
  type Saturation,
} from './inspectNetwork.ts';
import { floatSums, inputBox, integerNetwork, type IntegerLayer, type SamplePoints } from './integerNetwork.ts';
import { measureError, outputErrors, referencePoints, type ReferencePoints } from './measure.ts';
import { certifiedRanges } from './reach.ts';
import type { Range } from './floatPolicy.ts';

/** Pinned in the provenance of a policy. */
export const FREEZE_VERSION_2 = 'gridfreeze/2';

/** What a frozen policy may lose at most; shares of the rated range, or of the range of logits. */
export interface FreezeGate {
  readonly maxError?: number;
  readonly maxBound?: number;
}

/** A float policy that quantises better and does the same: see fineTune.ts. */
export type FineTune = (policy: FloatPolicy, points: ReferencePoints) => FloatPolicy;

export interface FreezeModelOptions extends FreezeOptions {
  /** Over it the freeze refuses; default: it never does. */
  readonly gate?: FreezeGate;
  /** Boxes that the certified bound may look at; default by the size of the network, 2 000 and one per 50 points at most. */
  readonly boxes?: number;
  readonly fineTune?: {
    readonly tune: FineTune;
    /** Tried where the measured error is above, and kept where it is lower then. */
    readonly above: number;
  };
}

export interface ModelQuantisation extends Quantisation {
  /** Per output (per action: none): greatest measured error. */
  readonly outputs: readonly number[];
  /** Per layer: the error that layer alone would bring, on 2 000 points. */
  readonly layers: readonly number[];
  readonly saturation: Saturation;
  /** Boxes behind the bound. */
  readonly boxes: number;
  /** Of a policy that chooses among actions; maxError, meanError and bound are of its logits then. */
  readonly choice?: ChoiceErrors;
  readonly fineTuned: boolean;
}

export interface FrozenModel extends FrozenPolicy {
  readonly quantisation: ModelQuantisation;
}

interface Candidate {
  readonly network: readonly IntegerLayer[];
  readonly artifact: LoadedPolicy;
  readonly score: number;
}

const DEFAULT_POINTS = 100000;
const MAX_POINTS = 10000000;
/** Grid points beside the calibration on which rounding is chosen, and on which candidates are compared. */
const SAMPLE_GRID = 3072;
const TRIAL_GRID = 12000;
const LAYER_POINTS = 2000;
const SATURATION_POINTS = 8000;
/** A relu holds this much more than its certified reach, for the error of what arrives. */
const REACH_MARGIN = 1.001;
/** Multiplications that bounds may cost, so that a freeze takes seconds whatever the network. */
const REACH_BUDGET = 5e8;
const CERTIFY_BUDGET = 5e8;

/**
 * @throws `freeze.*`; `policy.*` when the interface itself is not one an artifact can have.
 */
export function freezeModel(float: FloatPolicy, options: FreezeModelOptions = {}): FrozenModel {
  checkPoints(options);
  checkInterface(float);
  checkFloatPolicy(float);
  const { points: gridPoints = DEFAULT_POINTS, seed = 1, gate = {}, fineTune } = options;
  const calibration = options.calibration ?? float.calibration ?? new Float32Array(0);
  const points = referencePoints(float, calibration, gridPoints, seed);
  const plain = bestCandidate(float, float, points);
  let candidate = plain.candidate;
  let fineTuned = false;
  if (fineTune !== undefined && measuredError(float, candidate, points) > fineTune.above) {
    const tuned = bestCandidate(float, fineTune.tune(float, points), points);
    if (measuredError(float, tuned.candidate, points) < measuredError(float, candidate, points)) {
      [candidate, fineTuned] = [tuned.candidate, true];
    }
  }
  const quantisation = { ...quantisationOf(float, candidate, points, plain.ranges, options.boxes), fineTuned };
  checkGate(float, quantisation, gate);
  return { ...frozen(candidate.artifact, quantisation), quantisation };
}

function checkPoints({ points = DEFAULT_POINTS, boxes = 1 }: FreezeModelOptions): void {
  if (!Number.isSafeInteger(points) || points < 0 || points > MAX_POINTS) {
    throw fail('freeze.options', { expected: { points: `0..${MAX_POINTS}` }, got: points });
  }
  if (!Number.isSafeInteger(boxes) || boxes < 1) {
    throw fail('freeze.options', { expected: { boxes: 'an integer >= 1' }, got: boxes });
  }
}

/** `tuned` brought to integers, judged against `float`. */
function bestCandidate(
  float: FloatPolicy,
  tuned: FloatPolicy,
  points: ReferencePoints,
): { candidate: Candidate; ranges: readonly Range[] } {
  const box = inputBox(tuned.interface.inputs);
  const ranges = certifiedRanges(tuned.layers, box, reachBoxes(tuned));
  const reach = ranges.map(({ hi }) => hi.map((top) => REACH_MARGIN * Math.max(0, top)));
  const samples = samplePoints(tuned, points);
  const hidden = tuned.layers.slice(0, -1);
  let lifts = hidden.map(() => 1);
  let candidate = makeCandidate(float, tuned, reach, lifts, samples, points);
  hidden.forEach(({ activation }, l) => {
    if (activation !== 'relu') return;
    const others = lifts.map((lift, k) => (k === l ? 0 : lift));
    const other = makeCandidate(float, tuned, reach, others, samples, points);
    if (other.score < candidate.score) [candidate, lifts] = [other, others];
  });
  return { candidate, ranges };
}

function samplePoints(policy: FloatPolicy, points: ReferencePoints): SamplePoints {
  const count = Math.min(points.count, points.calibration + SAMPLE_GRID);
  const x = points.x.slice(0, count * policy.interface.inputs.length);
  return { count, x, z: floatSums(policy.layers, x, count) };
}

function makeCandidate(
  float: FloatPolicy,
  tuned: FloatPolicy,
  reach: readonly Float64Array[],
  lifts: readonly number[],
  samples: SamplePoints,
  points: ReferencePoints,
): Candidate {
  const layers = integerNetwork(tuned, reach, lifts, samples);
  // what is measured and bounded is the distance from the policy that was given
  const network = layers.map(({ plan, layer }, l) => ({ plan: { ...plan, float: float.layers[l]! }, layer }));
  const artifact = buildPolicy({
    interface: artifactInterface(float),
    layers: network.map(({ layer }) => layer),
    head: headOf(float),
  });
  return { network, artifact, score: trialScore(float, network, points, points.calibration + TRIAL_GRID) };
}

function measuredError(float: FloatPolicy, { network, artifact }: Candidate, points: ReferencePoints): number {
  if (float.actionTable !== undefined) return choiceErrors(float, network, points).maxError;
  return measureError(artifact, points, 0, points.count).maxError;
}

function quantisationOf(
  float: FloatPolicy,
  { network, artifact }: Candidate,
  points: ReferencePoints,
  ranges: readonly Range[],
  boxes = certifyBoxes(float, points.count),
): Omit<ModelQuantisation, 'fineTuned'> {
  const choice = float.actionTable === undefined ? undefined : choiceErrors(float, network, points);
  const { max, sum } = outputErrors(artifact, points, 0, choice === undefined ? points.count : 0);
  const certified = certify(float, network, {
    boxes,
    ranges,
    ...(choice === undefined ? {} : { logitRange: choice.logitRange }),
  });
  const count = Math.max(1, points.count * max.length);
  return {
    maxError: choice?.maxError ?? max.reduce((held, each) => Math.max(held, each), 0),
    meanError: choice?.meanError ?? sum.reduce((held, each) => held + each, 0) / count,
    points: points.count,
    bound: certified.bound,
    outputs: choice === undefined ? Array.from(max) : [],
    layers: layerErrors(float, network, points, LAYER_POINTS),
    saturation: saturation(float, network, points, SATURATION_POINTS),
    boxes: certified.boxes,
    ...(choice === undefined ? {} : { choice }),
  };
}

/** m, t and c have no meaning before an action table; an artifact has 0 there. */
function artifactInterface({ interface: shared, actionTable }: FloatPolicy): FloatPolicy['interface'] {
  if (actionTable === undefined) return shared;
  return { ...shared, outputs: shared.outputs.map((output) => ({ ...output, m: 0, t: 0, c: 0 })) };
}

function headOf({ actionTable, interface: { outputs } }: FloatPolicy): LoadedPolicy['head'] {
  if (actionTable === undefined) return { kind: 'cont' };
  return { kind: 'disc', actions: actionTable.length / outputs.length, table: actionTable };
}

function reachBoxes(policy: FloatPolicy): number {
  const units = policy.layers.slice(1).reduce((sum, { outSize }) => sum + outSize, 0);
  const perBox = policy.layers.reduce((sum, { inSize, outSize }) => sum + 3 * inSize * outSize, 0);
  return Math.min(400, Math.max(1, Math.floor(REACH_BUDGET / (units * perBox))));
}

function certifyBoxes({ layers }: FloatPolicy, points: number): number {
  let perBox = 0;
  layers.forEach(({ outSize }, l) => {
    for (const before of layers.slice(0, l)) perBox += 4 * outSize * before.outSize * before.inSize;
  });
  return Math.min(2000, Math.max(50, Math.min(points / 50, CERTIFY_BUDGET / Math.max(1, perBox))));
}

/** @throws `freeze.gate`. */
function checkGate({ interface: { outputs } }: FloatPolicy, quantisation: ModelQuantisation, gate: FreezeGate): void {
  const { maxError: error, bound, layers } = quantisation;
  const { maxError = Infinity, maxBound = Infinity } = gate;
  if (error <= maxError && bound <= maxBound) return;
  const worst = quantisation.outputs.indexOf(Math.max(...quantisation.outputs));
  throw fail('freeze.gate', {
    expected: { ...gate },
    got: {
      ...(worst >= 0 ? { output: outputs[worst]!.n } : { output: 'logits' }),
      maxError: error,
      bound,
      layerThatCostsMost: layers.indexOf(Math.max(...layers)),
      errorOfEachLayer: layers,
      remedy:
        error <= maxError
          ? 'bound with more boxes, raise maxBound, or train with a range regulariser'
          : 'train with a range regulariser, give fineTune, or raise maxError',
    },
  });
}
