/** The network of an artifact, laid out for bounding. */
import { halfUnit } from '../../../grid/interface.ts';
import type { Activation, DenseLayer, PolicyParts } from '../artifact.ts';
import { clampOf } from './lines.ts';

export interface BoundLayer {
  readonly inSize: number;
  readonly outSize: number;
  readonly shift: number;
  readonly activation: Activation;
  /** [outSize][inSize]. */
  readonly weights: Int32Array;
  readonly magnitudes: Int32Array;
  /** b + r(s), which 3.6 keeps in i32. */
  readonly offset: Int32Array;
  readonly clamp: readonly [number, number] | undefined;
}

export function boundLayers({ layers }: PolicyParts): readonly BoundLayer[] {
  return layers.map((layer: DenseLayer) => {
    const { inSize, outSize, shift, activation, bias } = layer;
    const weights = Int32Array.from(layer.weights);
    return {
      inSize,
      outSize,
      shift,
      activation,
      weights,
      magnitudes: weights.map((w) => Math.abs(w)),
      offset: bias.map((b) => b + halfUnit(shift)),
      clamp: clampOf(layer),
    };
  });
}

export function widestLayer(layers: readonly BoundLayer[]): number {
  return layers.reduce((widest, { inSize, outSize }) => Math.max(widest, inSize, outSize), 1);
}
