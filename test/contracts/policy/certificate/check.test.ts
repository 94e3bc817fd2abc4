/** Conformance V4 and V10: certificates as bytes, and everything that the checker must not accept. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeDocument, type Document } from '../../../../src/base/cbor.ts';
import { isGridPactError, type ErrorCode } from '../../../../src/base/errors.ts';
import { RandomStream } from '../../../../src/base/random.ts';
import type { LoadedPolicy, PolicyParts } from '../../../../src/contracts/policy/artifact.ts';
import {
  buildCertificate,
  LEAF_INTERVAL,
  LEAF_LINEAR,
  loadCertificate,
  type Certificate,
} from '../../../../src/contracts/policy/certificate/certificate.ts';
import { checkCertificate, leafGas, MAX_CHECK_GAS } from '../../../../src/contracts/policy/certificate/check.ts';
import { loadProperty, type LoadedProperty } from '../../../../src/contracts/policy/certificate/property.ts';
import { SumEvaluator } from '../../../../src/contracts/policy/certificate/sum.ts';
import { buildPolicy } from '../../../../src/contracts/policy/codec.ts';
import { prove } from '../../../../src/verify/prove.ts';
import { tinyParts } from '../samples.ts';
import { propertyOf, tameParts } from './samples.ts';

const parts = tameParts(RandomStream.fromSeed(7, 'certificate/check'), { inputs: 3, hidden: [8, 8], outputs: 2 });
const policy = buildPolicy(parts);

async function proofOf(property: LoadedProperty): Promise<Certificate> {
  const { verdict, certificate } = await prove(policy, property);
  expect(verdict).toBe('PROVED');
  return certificate!;
}

const maximum = propertyOf(policy, { mode: 'max', tol: 20 });
const least = propertyOf(policy, { mode: 'min', tol: 20, lin: [1, -1] });
const maximumProof = await proofOf(maximum);
const forall = propertyOf(policy, { rhs: maximumProof.bound });
const forallProof = await proofOf(forall);

function refusal(act: () => unknown): ErrorCode | 'accepted' {
  try {
    act();
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

function refused(certificate: Certificate, of: LoadedProperty = forall, by: LoadedPolicy = policy): string {
  return refusal(() => checkCertificate(by, of, buildCertificate(certificate)));
}

describe('a certificate of the search', () => {
  it('is accepted, with its gas, for each mode', async () => {
    const proofs: readonly (readonly [LoadedProperty, Certificate])[] = [
      [maximum, maximumProof],
      [least, await proofOf(least)],
      [forall, forallProof],
    ];
    for (const [property, certificate] of proofs) {
      const claim = checkCertificate(policy, property, buildCertificate(certificate));
      expect(claim.bound).toBe(certificate.bound);
      expect(claim.leaves).toBeGreaterThan(8);
      const { interval, linear } = leafGas(policy, property);
      expect(claim.gas).toBeGreaterThanOrEqual(claim.leaves * interval);
      expect(claim.gas).toBeLessThanOrEqual(1000 + claim.leaves * linear);
    }
  });
});

describe('V4: what is altered is refused', () => {
  it('a claim one lower or one higher than what the leaves prove', () => {
    expect(refused({ ...forallProof, bound: forallProof.bound - 1 })).toBe('certificate.claim');
    expect(refused({ ...forallProof, bound: forallProof.bound + 1 })).toBe('certificate.claim');
    expect(refused({ ...maximumProof, bound: maximumProof.bound - 1 }, maximum)).toBe('certificate.claim');
  });

  it('a bound that the property does not ask for', async () => {
    const tight = propertyOf(policy, { rhs: forallProof.bound - 1 });
    expect(refused({ ...forallProof, property: tight.cid }, tight)).toBe('certificate.claim');
  });

  it('a leaf left out, added or made into a split, at every place of the tree', () => {
    const { tree } = forallProof;
    for (let at = 0; at < tree.length; at++) {
      const bytes = Array.from(tree);
      const without = Uint8Array.from(bytes.toSpliced(at, 1));
      if (without.length > 0) expect(refused({ ...forallProof, tree: without })).not.toBe('accepted');
      expect(refused({ ...forallProof, tree: Uint8Array.from(bytes.toSpliced(at, 0, LEAF_INTERVAL)) })).toBe(
        'certificate.tree',
      );
      expect(refused({ ...forallProof, tree: tree.with(at, 3) })).toBe('certificate.tree');
      expect(refused({ ...forallProof, tree: tree.with(at, 128) })).toBe('certificate.tree');
    }
  });

  it('a linear leaf called an interval leaf', () => {
    const at = forallProof.tree.indexOf(LEAF_LINEAR);
    expect(at).toBeGreaterThanOrEqual(0);
    expect(refused({ ...forallProof, tree: forallProof.tree.with(at, LEAF_INTERVAL) })).toBe('certificate.claim');
  });

  it('a tree that splits on after a point', () => {
    const point = propertyOf(policy, {
      box: [
        [
          [5, 5],
          [6, 6],
          [7, 7],
        ],
      ],
      rhs: 20000,
    });
    const tree = Uint8Array.of(0, LEAF_INTERVAL, LEAF_INTERVAL);
    expect(refused({ ...forallProof, property: point.cid, tree }, point)).toBe('certificate.tree');
  });

  it('a witness outside the boxes, one that falls short, one where none belongs, and none', () => {
    const off = maximumProof.wit.with(0, 200000);
    expect(refused({ ...maximumProof, wit: off }, maximum)).toBe('certificate.witness');
    expect(refused({ ...maximumProof, wit: [0, 0, 0] }, maximum)).toBe('certificate.witness');
    expect(refused({ ...maximumProof, wit: [] }, maximum)).toBe('certificate.witness');
    expect(refused({ ...forallProof, wit: maximumProof.wit })).toBe('certificate.witness');
  });

  it('a policy with one weight changed by one, whatever its name is said to be', () => {
    let changed = 0;
    let disproved = 0;
    parts.layers.forEach((layer, l) => {
      layer.weights.forEach((w, at) => {
        const layers = parts.layers.with(l, { ...layer, weights: layer.weights.with(at, w + 1) });
        const other = buildPolicy({ ...parts, layers } satisfies PolicyParts);
        expect(refused(forallProof, forall, other)).toBe('certificate.policy');
        changed++;
        // Renamed to the changed policy, it holds only where the same leaves still prove the same bound.
        const renamed = refused({ ...forallProof, policy: other.cid }, forall, other);
        if (renamed !== 'accepted') {
          expect(renamed).toBe('certificate.claim');
          disproved++;
        } else {
          expect(new SumEvaluator(other, maximum).sum(maximumProof.wit)).toBeLessThanOrEqual(forallProof.bound);
        }
      });
    });
    expect(changed).toBe(3 * 8 + 8 * 8 + 8 * 2);
    expect(disproved).toBeGreaterThan(10);
  });
});

describe('V10: a certificate is for one policy and one property', () => {
  it('refused for another policy, for another property, and for other inputs', () => {
    const tiny = buildPolicy(tinyParts());
    expect(refused(forallProof, propertyOf(tiny), tiny)).toBe('certificate.policy');
    expect(refused(forallProof, maximum)).toBe('certificate.property');
    expect(refused(forallProof, forall, tiny)).toBe('property.mismatch');
  });
});

describe('limits', () => {
  it('more leaves than 4 096 are refused before any bound is derived', () => {
    const tree = Uint8Array.from({ length: 8192 }, (_, i) => (i < 4096 ? 0 : LEAF_INTERVAL));
    expect(refused({ ...forallProof, tree: tree.subarray(0, 8191) })).toBe('certificate.tree');
    expect(refusal(() => buildCertificate({ ...forallProof, tree: new Uint8Array(8193) }))).toBe('certificate.schema');
    const deepest = Uint8Array.from({ length: 8191 }, (_, i) => (i % 2 === 0 && i < 8190 ? i % 3 : LEAF_INTERVAL));
    expect(['certificate.tree', 'certificate.claim']).toContain(refused({ ...forallProof, tree: deepest }));
  });

  it('a check that would cost more than any may is refused', () => {
    const wide = tameParts(RandomStream.fromSeed(3, 'certificate/gas'), { inputs: 8, hidden: [128, 128], outputs: 1 });
    const large = buildPolicy(wide);
    const property = propertyOf(large, { rhs: 20000 });
    expect(4096 * leafGas(large, property).linear).toBeGreaterThan(MAX_CHECK_GAS / 8);
    // A chain of splits: its leaves alone decide the price.
    const widest = tameParts(RandomStream.fromSeed(3, 'certificate/gas'), {
      inputs: 8,
      hidden: [200, 200],
      outputs: 16,
    });
    const costly = buildPolicy(widest);
    const claim = propertyOf(costly, { rhs: 20000 });
    const leaves = Math.ceil(MAX_CHECK_GAS / leafGas(costly, claim).linear) + 1;
    expect(leaves).toBeLessThanOrEqual(4096);
    const tree = Uint8Array.from({ length: 2 * leaves - 1 }, (_, i) => (i < leaves - 1 ? i % 8 : LEAF_LINEAR));
    expect(refused({ ...forallProof, policy: costly.cid, property: claim.cid, tree }, claim, costly)).toBe(
      'certificate.gas',
    );
  });
});

describe('documents', () => {
  it('property and certificate come back from their bytes', () => {
    expect(loadProperty(maximum.bytes)).toEqual(maximum);
    const certificate = buildCertificate(maximumProof);
    expect(loadCertificate(certificate.bytes)).toEqual(certificate);
  });

  it('properties that say what they cannot mean are refused', () => {
    const box = maximum.box[0]!;
    const bad: readonly (readonly [Partial<LoadedProperty>, ErrorCode])[] = [
      [{ box: [] }, 'property.schema'],
      [{ box: [box.slice(1)] }, 'property.schema'],
      [{ box: [box.with(0, [1, 0])] }, 'property.schema'],
      [{ box: [box.with(0, [0, 2147483648])] }, 'property.schema'],
      [{ box: new Array<typeof box>(17).fill(box) }, 'property.schema'],
      [{ lin: [1] }, 'property.schema'],
      [{ lin: [2097152, 1] }, 'property.schema'],
      [{ lin2: [1, 1] }, 'property.schema'],
      [{ rel: [[0, 0]] }, 'property.schema'],
      [{ rel: box.map(() => [0, 1] as const) }, 'property.schema'],
      [{ tol: 1 }, 'property.schema'],
      [{ mode: 'max', rhs: 1 }, 'property.schema'],
      [{ tol: -1, mode: 'max' }, 'property.schema'],
      [{ id: 'Capital' }, 'property.schema'],
      [{ at: 'unit', lin: [] }, 'property.schema'],
    ];
    for (const [change, code] of bad) expect(refusal(() => propertyOf(policy, change))).toBe(code);
  });

  it('another version, a missing key and an unknown key are refused', () => {
    const asDocument = ({ bytes: _bytes, cid: _cid, ...document }: Record<string, unknown>): Document =>
      document as Document;
    for (const [loaded, load, room] of [
      [maximum, loadProperty, 'property'],
      [buildCertificate(maximumProof), loadCertificate, 'certificate'],
    ] as const) {
      const document = asDocument(loaded as unknown as Record<string, unknown>) as { readonly [key: string]: Document };
      const tryWith = (change: { readonly [key: string]: Document }): string =>
        refusal(() => load(encodeDocument({ ...document, ...change })));
      expect(tryWith({})).toBe('accepted');
      expect(tryWith({ v: 'grid/2' })).toBe(`${room}.version`);
      expect(tryWith({ extra: 0 })).toBe(`${room}.schema`);
      for (const key of Object.keys(document)) {
        const { [key]: _left, ...rest } = document;
        expect(refusal(() => load(encodeDocument(rest)))).toBe(`${room}.schema`);
        expect(tryWith({ [key]: key === 'v' ? 7 : new Uint8Array(0) })).not.toBe('accepted');
      }
    }
  });

  it('mutated bytes are refused or are another document in its own canonical bytes, and never prove what is false', () => {
    const reached = new SumEvaluator(policy, maximum).sum(maximumProof.wit);
    const certificate = buildCertificate(forallProof);
    const mutated = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> =>
      fc
        .array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(2)), { minLength: 1, maxLength: 4 })
        .map((edits) => {
          let out = Array.from(bytes);
          for (const [at, value, kind] of edits) {
            out =
              kind === 0 ? out.with(Math.min(at, out.length - 1), value) : out.toSpliced(at, kind === 1 ? 1 : 0, value);
          }
          return Uint8Array.from(out);
        });
    fc.assert(
      fc.property(mutated(certificate.bytes), mutated(forall.bytes), (a, b) => {
        if (refusal(() => loadCertificate(a)) === 'accepted') {
          expect(buildCertificate(loadCertificate(a)).bytes).toEqual(a);
          // Another tree may well be a proof, too, if a dearer one; a claim below what is reached never is.
          if (refusal(() => checkCertificate(policy, forall, loadCertificate(a))) === 'accepted') {
            expect(loadCertificate(a).bound).toBeGreaterThanOrEqual(reached);
          }
        }
        if (refusal(() => loadProperty(b)) === 'accepted') expect(loadProperty(b).bytes).toEqual(b);
      }),
      { numRuns: 800 },
    );
  });
});
