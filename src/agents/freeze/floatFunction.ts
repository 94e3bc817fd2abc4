/** A float policy behind the integer interface, to be compared with what it was frozen to. */
import { clamp } from '../../base/fixed.ts';
import { applyEnvelopes, evaluateFallback, normaliseInput, scaleOutput, UNIT_INTEGER } from '../../grid/interface.ts';
import { runnerOf } from '../network.ts';
import { greatestLogit, type FloatPolicy } from './floatPolicy.ts';

/** An integer policy: (raw inputs, bits of missing ones, outputs to fill); a frozen artifact's executor fits. */
export type IntegerPolicy = (raw: Int32Array, missingMask: number, out: Int32Array) => void;

/** A float policy as an integer function: what freezing it would give if nothing were lost. */
export function floatPolicyFunction(policy: FloatPolicy): IntegerPolicy {
  const { inputs, outputs, envelopes } = policy.interface;
  const run = runnerOf(policy.layers);
  const observation = new Float32Array(inputs.length);
  const { actionTable } = policy;
  const u = new Float32Array(policy.layers.at(-1)!.outSize);
  return (raw, missingMask, out) => {
    if (missingMask !== 0) return evaluateFallback(policy.interface, raw, missingMask, out);
    inputs.forEach((input, i) => (observation[i] = normaliseInput(input, raw[i]!) / (UNIT_INTEGER + 1)));
    run(observation, 1, u);
    const row = actionTable === undefined ? 0 : greatestLogit(u) * outputs.length;
    outputs.forEach((output, d) => {
      out[d] =
        actionTable?.[row + d] ??
        scaleOutput(output, clamp(Math.floor(u[d]! * (UNIT_INTEGER + 1) + 0.5), -UNIT_INTEGER, UNIT_INTEGER));
    });
    applyEnvelopes(envelopes, raw, 0, out);
  };
}
