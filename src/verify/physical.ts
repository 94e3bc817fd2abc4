/** Raw integers as quantities that a person reads. */
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import { UNIT_SCALE, unitName } from '../grid/units.ts';

export interface Quantity {
  readonly n: string;
  readonly value: number;
  readonly unit: string;
}

/** point: raw inputs, then for two runs the steps, named `step of` the input. */
export function toPhysical({ interface: { inputs } }: LoadedPolicy, point: readonly number[]): readonly Quantity[] {
  return point.map((raw, i) => {
    const { n, u } = inputs[i < inputs.length ? i : i - inputs.length]!;
    return { n: i < inputs.length ? n : `step of ${n}`, value: raw / UNIT_SCALE[u], unit: unitName(u) };
  });
}
