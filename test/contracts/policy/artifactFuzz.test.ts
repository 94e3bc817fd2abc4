/** A sample of `npm run check:deep -- artifact-fuzz`: mutated artifacts never crash, hang or pass uncanonical. */
import { describe, expect, it } from 'vitest';
import { fuzzArtifacts, fuzzCase } from './artifactFuzz.ts';

describe('mutated artifacts', () => {
  it('20 000 of the 10^6 of check:deep', () => {
    const { failures, outcomes, kinds, slowestMs } = fuzzArtifacts(20261122, 0, 20000);
    expect(failures).toEqual([]);
    expect(slowestMs).toBeLessThan(1000);
    // A wider spelling is never accepted; a value changed within its bounds often is.
    expect(kinds['spelling']![1]).toBe(0);
    expect(kinds['value']![1]).toBeGreaterThan(100);
    for (const code of [
      'cbor.bounds',
      'cbor.canonical',
      'cbor.malformed',
      'policy.schema',
      'policy.range',
      'policy.tensor',
    ]) {
      expect(outcomes[code], code).toBeGreaterThan(20);
    }
  });

  it('a case is a function of seed and number', () => {
    expect(fuzzCase(1, 77)).toEqual(fuzzCase(1, 77));
    expect(fuzzCase(1, 77)).not.toEqual(fuzzCase(2, 77));
  });
});
