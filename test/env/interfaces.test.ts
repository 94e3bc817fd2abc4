/**
 * What is trained is what is deployed, for every task: its interface passes the loader of artifacts, and the contract
 * issues on the same snapshots the very integers that the environment issues.
 */
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import { createExecutor, evaluateLayer } from '../../src/contracts/policy/execute.ts';
import type { DenseLayer } from '../../src/contracts/policy/artifact.ts';
import { make, TASK_IDS } from '../../src/env/gym/registry.ts';
import { NETWORK_SCALE, PolicyPort } from '../../src/env/gym/policyPort.ts';
import { gatherInputs, type PolicyInterface } from '../../src/grid/interface.ts';
import {
  CHANNEL_NAMES,
  clearSnapshot,
  createSnapshot,
  isChannel,
  setChannel,
  type Snapshot,
} from '../../src/grid/snapshot.ts';

const DECISIONS = 400;
const I32 = 2 ** 31;

/** One linear layer over all inputs, outputs within +-32767 for most inputs and beyond for some. */
function randomLayer({ inputs, outputs }: PolicyInterface, stream: RandomStream): DenseLayer {
  const size = inputs.length * outputs.length;
  return {
    inSize: inputs.length,
    outSize: outputs.length,
    shift: 10,
    weights: Int16Array.from({ length: size }, () => stream.below(2001) - 1000),
    bias: Int32Array.from(outputs, () => stream.below(200001) - 100000),
    activation: 'identity',
    exponent: 0,
  };
}

/** In the range of an input, on or beyond its ends, or anywhere in i32. */
function randomValue(lo: number, hi: number, stream: RandomStream): number {
  const kind = stream.below(20);
  if (kind === 0) return stream.below(2) === 0 ? -I32 : I32 - 1;
  if (kind === 1) return stream.below(2) === 0 ? lo : hi;
  const width = hi - lo;
  return kind === 2 ? lo - width + stream.below(3 * width) : lo + stream.below(width + 1);
}

/** Channels that the interface reads, each missing now and then in every other decision. */
function randomSnapshot(snapshot: Snapshot, policy: PolicyInterface, mayMiss: boolean, stream: RandomStream): void {
  clearSnapshot(snapshot);
  for (const channel of CHANNEL_NAMES) {
    const spec = policy.inputs.find(({ n }) => n === channel || n.startsWith(`${channel}/`));
    if (spec === undefined || (mayMiss && stream.below(12) === 0)) continue;
    setChannel(snapshot, channel, randomValue(spec.lo, spec.hi, stream));
  }
}

describe.each(TASK_IDS.map((id) => ({ id })))('$id', ({ id }) => {
  const { policy } = make(id).copy.port;

  it('reads channels that there are, or its own outputs as last issued', () => {
    const held = new Set(policy.state.map(({ i }) => i));
    policy.inputs.forEach(({ n }, i) => expect([n, held.has(i) || isChannel(n.split('/')[0]!)]).toEqual([n, true]));
  });

  it('passes the loader of artifacts and issues through the contract what it issues in training', () => {
    const stream = RandomStream.fromSeed(1, `test/interfaces/${id}`);
    const layer = randomLayer(policy, stream);
    const artifact = buildPolicy({ interface: policy, layers: [layer], head: { kind: 'cont' } });
    expect(artifact.interface).toEqual(policy);

    const executor = createExecutor(artifact);
    const port = new PolicyPort(policy, 1);
    const fleet = Array.from({ length: 8 }, createSnapshot);
    const seen = new Float32Array(port.inputs);
    const z = new Int32Array(port.outputs);
    const raw = new Int32Array(port.inputs);
    const issued = new Int32Array(port.outputs);
    let previous: Int32Array | undefined;
    const paths = new Set<string>();
    for (let k = 0; k < DECISIONS; k++) {
      for (const snapshot of fleet) randomSnapshot(snapshot, policy, k % 2 === 1, stream);
      // Training: the float observation, the layer, a float action.
      port.look(0, fleet[0]!, fleet);
      port.observe(0, seen, 0);
      evaluateLayer(
        layer,
        Int32Array.from(seen, (x) => x * NETWORK_SCALE),
        z,
      );
      port.decide(
        Float32Array.from(z, (y) => Math.max(-1, Math.min(1, y / NETWORK_SCALE))),
        0,
      );
      // Deployment: the same snapshots, the loaded bytes.
      const missing = gatherInputs(artifact.interface, fleet[0]!, previous, raw, fleet);
      expect([missing, Array.from(raw)]).toEqual([port.missing[0], Array.from(port.raw)]);
      paths.add(executor.run(raw, missing, issued));
      expect([k, Array.from(issued)]).toEqual([k, Array.from(port.issued)]);
      policy.outputs.forEach(({ lo, hi }, d) => expect(issued[d]! >= lo && issued[d]! <= hi).toBe(true));
      previous = issued.slice();
    }
    expect(paths).toEqual(new Set(['network', 'fallback']));
  });
});
