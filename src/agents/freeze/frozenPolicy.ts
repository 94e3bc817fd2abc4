/** What a freeze gives, by whichever method, and the checks that come before one. */
import type { LoadedPolicy } from '../../contracts/policy/artifact.ts';
import { buildPolicy } from '../../contracts/policy/codec.ts';
import { vectorDigests } from '../../contracts/policy/vectors.ts';
import type { FloatPolicy } from './floatPolicy.ts';
import type { MeasuredError } from './measure.ts';

export interface FreezeOptions {
  /** Grid points of the raw input box to measure on, 0..10^7; default 10^5. */
  readonly points?: number;
  /** Seed of the grid; default 1. */
  readonly seed?: number | string;
  /** Normalised observations [rows][inputs], x/32768, measured as well and used to choose scales; those of the policy. */
  readonly calibration?: Float32Array;
}

/** Shares of an output's rated range (hi - lo), before the envelopes. */
export interface Quantisation extends MeasuredError {
  /** Grid points and calibration rows measured. */
  readonly points: number;
  /** A priori, over the whole input box; at least maxError. */
  readonly bound: number;
}

export interface FrozenPolicy {
  readonly bytes: Uint8Array;
  readonly cid: string;
  readonly artifact: LoadedPolicy;
  readonly quantisation: Quantisation;
  /** Lower-case hex. */
  readonly vec4096: string;
  readonly vec65536: string;
}

/** An artifact with its digests. */
export function frozen(artifact: LoadedPolicy, quantisation: Quantisation): FrozenPolicy {
  return { bytes: artifact.bytes, cid: artifact.cid, artifact, quantisation, ...vectorDigests(artifact) };
}

/** The loader's word on the interface and the action table alone, under a network of zeros. */
export function checkInterface({ interface: shared, actionTable }: FloatPolicy): void {
  const inSize = shared.inputs.length;
  const actions = actionTable === undefined ? 0 : Math.floor(actionTable.length / shared.outputs.length);
  const outSize = actionTable === undefined ? shared.outputs.length : actions;
  const weights = new Int16Array(inSize * outSize);
  const bias = new Int32Array(outSize);
  const layer = { inSize, outSize, shift: 0, weights, bias, activation: 'identity', exponent: 0 } as const;
  const head =
    actionTable === undefined ? ({ kind: 'cont' } as const) : { kind: 'disc' as const, actions, table: actionTable };
  buildPolicy({ interface: shared, layers: [layer], head });
}
