/** `npm run check:deep -- python-chain`: the digest chain of 3.14 on every shipped model, reference and Python. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadArtifact } from '../src/contracts/policy/codec.ts';
import { CHAIN_CHUNK, digestChain } from '../src/contracts/policy/kernel/selfTest.ts';
import { ReferenceKernel } from '../src/contracts/policy/kernel/referenceKernel.ts';
import { gridpolicy } from '../test/support/gridpolicy.ts';
import { MODELS } from './modelCard.ts';

const VECTORS = 20_480;

export function pythonChain(root: string): {
  facts: (readonly [string, string | number])[];
  passed: boolean;
} {
  const chains = MODELS.map((name) => {
    const artifact = join(root, 'models', name, 'policy.cbor');
    const expected = referenceChain(artifact, VECTORS);
    const { status, stdout, stderr } = gridpolicy(['chain', artifact, `${VECTORS}`]);
    return { name, expected, got: status === 0 ? stdout.trim() : stderr.trim() };
  });
  const equal = chains.filter(({ expected, got }) => expected === got).length;
  return {
    facts: [
      ['vectors a model', VECTORS],
      ['models whose chains are equal', `${equal} of ${chains.length}`],
      ...chains.map(
        ({ name, expected, got }) => [name, expected === got ? got : `${expected}, Python ${got}`] as const,
      ),
    ],
    passed: equal === chains.length,
  };
}

/** The chain of the first `vectors` by the reference executor. */
export function referenceChain(artifact: string, vectors: number): string {
  const next = digestChain(new ReferenceKernel(loadArtifact(new Uint8Array(readFileSync(artifact)))));
  let digest = '';
  for (let from = 0; from < vectors; from += CHAIN_CHUNK) digest = next(Math.min(CHAIN_CHUNK, vectors - from));
  return digest;
}
