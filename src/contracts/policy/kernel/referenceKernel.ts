/** The reference executor behind the calls of a kernel, for engines without WebAssembly and as the judge of the others. */
import { floorDiv } from '../../../base/fixed.ts';
import { PolicyExecutor } from '../execute.ts';
import type { PolicyKernel } from './kernel.ts';

export class ReferenceKernel extends PolicyExecutor implements PolicyKernel {
  readonly kind = 'reference';

  runBatch(raw: Int32Array, out: Int32Array): void {
    this.#each(raw, out, (one, answer) => this.runNetwork(one, answer));
  }

  runFleet(raw: Int32Array, missingMasks: Int32Array, out: Int32Array, paths: Uint8Array): void {
    this.#each(raw, out, (one, answer, n) => {
      paths[n] = this.run(one, missingMasks[n]!, answer) === 'fallback' ? 1 : 0;
    });
  }

  #each(raw: Int32Array, out: Int32Array, execute: (one: Int32Array, answer: Int32Array, n: number) => void): void {
    const { inputs, outputs } = this.policy.interface;
    const vectors = floorDiv(raw.length, inputs.length);
    for (let n = 0; n < vectors; n++) {
      const one = raw.subarray(n * inputs.length, (n + 1) * inputs.length);
      execute(one, out.subarray(n * outputs.length, (n + 1) * outputs.length), n);
    }
  }
}
