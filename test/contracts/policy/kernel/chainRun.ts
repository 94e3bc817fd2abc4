/** The digest chain of a policy by one executor, in whatever engine runs this: nothing here is Node's. */
import { fromHex } from '../../../../src/base/bytes.ts';
import { loadArtifact } from '../../../../src/contracts/policy/codec.ts';
import { instantiateKernel } from '../../../../src/contracts/policy/kernel/engine.ts';
import { WasmKernel, type PolicyKernel } from '../../../../src/contracts/policy/kernel/kernel.ts';
import { ReferenceKernel } from '../../../../src/contracts/policy/kernel/referenceKernel.ts';
import { CHAIN_CHUNK, digestChain } from '../../../../src/contracts/policy/kernel/selfTest.ts';

export interface ChainInput {
  readonly kind: PolicyKernel['kind'];
  /** Canonical bytes as hex. */
  readonly artifact: string;
  /** Lengths after which the chain is read, ascending, whole chunks but for the last. */
  readonly points: readonly number[];
}

/** Several, one after the other. */
export function runAll(inputs: readonly ChainInput[]): string[][] {
  return inputs.map(run);
}

/** The chain after each of the lengths. @throws RangeError for a length within a chunk before the last. */
export function run({ kind, artifact, points }: ChainInput): string[] {
  const policy = loadArtifact(fromHex(artifact));
  const kernel =
    kind === 'reference' ? new ReferenceKernel(policy) : new WasmKernel(policy, kind, instantiateKernel(kind));
  const next = digestChain(kernel);
  let done = 0;
  let digest = '';
  return points.map((point) => {
    if (done % CHAIN_CHUNK !== 0) throw new RangeError(`a chain cannot go on from ${done} vectors`);
    while (done < point) {
      const vectors = Math.min(CHAIN_CHUNK, point - done);
      digest = next(vectors);
      done += vectors;
    }
    return digest;
  });
}
