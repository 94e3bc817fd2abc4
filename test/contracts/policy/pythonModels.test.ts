/** The second executor gives every shipped model the name, the cost and the digest that its card states. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MODELS } from '../../../tools/modelCard.ts';
import { referenceChain } from '../../../tools/pythonChain.ts';
import { ABOUT_PYTHON, gridpolicy, HAS_PYTHON } from '../../support/gridpolicy.ts';
import { REPO_ROOT } from '../../support/repo.ts';

describe.skipIf(!HAS_PYTHON)(ABOUT_PYTHON, () => {
  it.each(MODELS)('gives the vec4096 that the card of %s states', (name) => {
    const directory = join(REPO_ROOT, 'models', name);
    const card = JSON.parse(readFileSync(join(directory, 'card.json'), 'utf8')) as {
      cid: string;
      gas: number;
      selfTest: { vec4096: string };
    };
    const artifact = join(directory, 'policy.cbor');
    expect(JSON.parse(gridpolicy(['id', artifact]).stdout)).toEqual({ cid: card.cid, gas: card.gas });
    expect(gridpolicy(['vec', artifact, '4096']).stdout.trim()).toBe(card.selfTest.vec4096);
  });

  it('gives the digest chain of the reference, the last chunk short', () => {
    const artifact = join(REPO_ROOT, 'models', 'dispatch-home', 'policy.cbor');
    expect(gridpolicy(['chain', artifact, '5000']).stdout.trim()).toBe(referenceChain(artifact, 5000));
    expect(referenceChain(artifact, 5001)).not.toBe(referenceChain(artifact, 5000));
  });
});
