/** Section 4 of docs/spec/policy.md against the code: versions, codes, limits, bytes of a tree, gas. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../../../src/base/errors.ts';
import {
  CERTIFICATE_VERSION,
  LEAF_INTERVAL,
  LEAF_LINEAR,
  MAX_LEAVES,
} from '../../../../src/contracts/policy/certificate/certificate.ts';
import { checkGas, leafGas, MAX_CHECK_GAS } from '../../../../src/contracts/policy/certificate/check.ts';
import { PROPERTY_LIMITS, PROPERTY_VERSION } from '../../../../src/contracts/policy/certificate/property.ts';
import { buildPolicy } from '../../../../src/contracts/policy/codec.ts';
import { REPO_ROOT } from '../../../support/repo.ts';
import { tinyParts } from '../samples.ts';
import { propertyOf } from './samples.ts';

const page = readFileSync(path.join(REPO_ROOT, 'docs/spec/policy.md'), 'utf8');
const section = page.slice(page.indexOf('## 4. Properties'), page.indexOf('## 5. '));

describe('docs/spec/policy.md, section 4', () => {
  it('names every code with which a property or a certificate is refused', () => {
    const codes = Object.keys(ERRORS).filter((code) => /^(certificate|property)\./.test(code));
    expect(codes.length).toBeGreaterThan(8);
    for (const code of codes) expect(section).toContain(`\`${code}\``);
  });

  it('states versions, limits and the bytes of leaves', () => {
    for (const version of [PROPERTY_VERSION, CERTIFICATE_VERSION]) expect(section).toContain(`\`${version}\``);
    expect(section).toContain(`1..${PROPERTY_LIMITS.boxes} boxes`);
    expect(PROPERTY_LIMITS.coefficientSum).toBe(2 ** 21);
    expect(section).toContain('at most 2^21');
    expect(MAX_LEAVES).toBe(4096);
    expect(section).toContain('At most 4 096 leaves');
    expect(MAX_CHECK_GAS).toBe(2 ** 30);
    expect(section).toContain('cost more than 2^30');
    for (const leaf of [LEAF_LINEAR, LEAF_INTERVAL]) expect(section).toContain(`0x${leaf.toString(16)}`);
  });

  it('gas of a leaf of the droop: 2 inputs, 2 units, 1 output', () => {
    const policy = buildPolicy(tinyParts());
    const one = propertyOf(policy);
    const two = propertyOf(policy, {
      rel: [
        [1, 1],
        [0, 0],
      ],
      lin2: [-1],
    });
    // 2*146; and 2*(1*4) + (4 + 2) for the rows of the second layer and the sum itself.
    expect(leafGas(policy, one)).toEqual({ interval: 292, linear: 292 + 8 + 6 });
    expect(leafGas(policy, two)).toEqual({ interval: 876, linear: 876 + 24 + 18 });
    expect(checkGas(policy, one, { interval: 2, linear: 3 })).toBe(1000 + 2 * 292 + 3 * 306);
  });
});
