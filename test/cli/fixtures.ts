/** The policy that transcripts run, test/cli/fixtures/policy.cbor: a linear droop on the own voltage. */
import { join } from 'node:path';
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import { VOLTAGE_INTERFACE } from '../../src/env/tasks/voltageInterface.ts';

export const POLICY_FIXTURE = join(import.meta.dirname, 'fixtures', 'policy.cbor');

/** offset = -k (v - 1), all other inputs ignored. */
export function droopPolicy(weight = -8192): Uint8Array {
  const weights = new Int16Array(VOLTAGE_INTERFACE.inputs.length);
  weights[0] = weight;
  const layer = { inSize: weights.length, outSize: 1, shift: 13, weights, bias: new Int32Array(1), exponent: 0 };
  return buildPolicy({
    interface: VOLTAGE_INTERFACE,
    layers: [{ ...layer, activation: 'identity' }],
    head: { kind: 'cont' },
  }).bytes;
}
