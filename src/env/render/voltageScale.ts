/**
 * Voltage as colour: grey in the middle of the band, blue below, orange above, darker beyond the band. Blue and orange are
 * told apart with any common colour blindness; beyond the band a mark says so without colour.
 */

/** Steps of (v - middle) / (half of the band), and the colour up to each. */
const STEPS: readonly (readonly [upTo: number, colour: string])[] = [
  [-1.5, '#084594'],
  [-1, '#2f7fbf'],
  [-0.5, '#a6cee3'],
  [0.5, '#dcdcdc'],
  [1, '#fdcb8b'],
  [1.5, '#e6550d'],
  [Infinity, '#8c2d04'],
];

export type Band = readonly [minPu: number, maxPu: number];

/** Counted in band up to here beyond the edge, so that a bus regulated onto the edge is not out by rounding. */
const SLACK_PU = 1e-9;

export function voltageColour(vPu: number, [low, high]: Band): string {
  // On the edge itself is in band.
  const t =
    Math.abs(vPu - low) <= SLACK_PU
      ? -1 + SLACK_PU
      : Math.abs(vPu - high) <= SLACK_PU
        ? 1
        : (2 * vPu - low - high) / (high - low);
  return STEPS.find(([upTo]) => t <= upTo)?.[1] ?? STEPS[3]![1];
}

export function bandSide(vPu: number, [low, high]: Band): 'below' | 'in' | 'above' {
  if (vPu < low - SLACK_PU) return 'below';
  return vPu > high + SLACK_PU ? 'above' : 'in';
}

export interface ScaleStep {
  readonly colour: string;
  /** Upper edge, pu; undefined for the last. */
  readonly upToPu: number | undefined;
}

export function voltageScale([low, high]: Band): ScaleStep[] {
  const [middle, half] = [(low + high) / 2, (high - low) / 2];
  return STEPS.map(([upTo, colour]) => ({ colour, upToPu: upTo === Infinity ? undefined : middle + upTo * half }));
}
