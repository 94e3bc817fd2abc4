import { afterEach, describe, it, expect, vi } from 'vitest';
import fc from 'fast-check';
import { verify as nodeVerify, createPublicKey } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/base/hash.ts';
import {
  generateSecretKey,
  isAcceptableKey,
  publicKeyOf,
  secretFromSeed,
  sign,
  signerOf,
  signingBytes,
  verify,
  verifyReference,
} from '../../src/base/signature.ts';
import { fastEd25519 } from '../../src/base/signatureFast.ts';

const { Point } = ed25519;
type EdPoint = InstanceType<typeof Point>;
const L = Point.Fn.ORDER;
const P = Point.Fp.ORDER;
/** The eight points of small order: multiples of one of order 8, found by clearing the large order of a point. */
const SMALL = smallOrderPoints();

describe('Ed25519 acceptance rule', () => {
  it('keys of small order are refused, each with a signature that would otherwise hold', () => {
    expect(new Set(SMALL.map((point) => point.toHex())).size).toBe(8);
    for (const point of SMALL) {
      const A = point.toBytes();
      // With A small, R = B and S = 1 meet the cofactored equation for every message.
      const signature = concatBytes(Point.BASE.toBytes(), littleEndian(1n));
      expect(ed25519.verify(signature, utf8('m'), A, { zip215: true })).toBe(true);
      expect(isAcceptableKey(A)).toBe(false);
      expect(verify(A, utf8('m'), signature)).toBe(false);
    }
  });

  it('keys whose y is not reduced, or whose x = 0 has a sign bit, are refused', () => {
    const unreduced = Array.from({ length: 19 }, (_, i) => littleEndian(P + BigInt(i)));
    const onCurve = unreduced.filter((bytes) => isPoint(bytes, true));
    expect(onCurve.length).toBeGreaterThan(3);
    const negativeZero = littleEndian(1n);
    negativeZero[31]! |= 0x80;
    for (const bytes of [...onCurve, negativeZero]) expect(isAcceptableKey(bytes), toHex(bytes)).toBe(false);
  });

  it('bytes that are no point, or of another length, are no key', () => {
    const noPoint = littleEndian(2n);
    expect(isPoint(noPoint, true)).toBe(false);
    expect(isAcceptableKey(noPoint)).toBe(false);
    expect(isAcceptableKey(new Uint8Array(31))).toBe(false);
    expect(verify(new Uint8Array(31), new Uint8Array(0), new Uint8Array(64))).toBe(false);
    expect(verify(publicKeyOf(secretFromSeed('a', 'test')), new Uint8Array(0), new Uint8Array(63))).toBe(false);
  });

  it('S + L is refused', () => {
    const { publicKey, message, signature } = forge({ seed: 's' });
    expect(verify(publicKey, message, signature)).toBe(true);
    const S = readLittleEndian(signature.subarray(32));
    const high = concatBytes(signature.subarray(0, 32), littleEndian(S + L));
    expect(verify(publicKey, message, high)).toBe(false);
    expect(verifyReference(publicKey, message, high)).toBe(false);
  });

  it('an R that is not canonical is refused, though it stands for the right point', () => {
    const negativeZero = littleEndian(1n);
    negativeZero[31]! |= 0x80;
    for (const encodingOfR of [littleEndian(P + 1n), negativeZero]) {
      const { publicKey, message, signature } = forge({ seed: 'r', r: 0n, encodingOfR });
      expect(ed25519.verify(signature, message, publicKey, { zip215: true })).toBe(true);
      expect(verify(publicKey, message, signature)).toBe(false);
    }
  });

  it('a component of small order in R or A is accepted, whatever OpenSSL says', () => {
    let openSslRefused = 0;
    for (let i = 0; i < 8; i++) {
      for (let j = 0; j < 8; j++) {
        const { publicKey, message, signature } = forge({ seed: `${i}/${j}`, addToA: SMALL[i]!, addToR: SMALL[j]! });
        expect(verify(publicKey, message, signature), `A + T${i}, R + T${j}`).toBe(true);
        if (!openSslVerify(publicKey, message, signature)) openSslRefused++;
      }
    }
    expect(openSslRefused).toBeGreaterThan(20);
  });
});

describe('fast path and reference', () => {
  it('the fast path is in use under node', () => {
    expect(fastEd25519).toBeDefined();
  });

  it('agree on 2000 honest, damaged, malleable and mixed-order inputs', () => {
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(inputs(), ({ publicKey, message, signature }) => {
        const answer = verify(publicKey, message, signature);
        seen[answer ? 'accepted' : 'refused']++;
        return answer === verifyReference(publicKey, message, signature);
      }),
      { numRuns: 2000 },
    );
    expect(seen.accepted).toBeGreaterThan(400);
    expect(seen.refused).toBeGreaterThan(400);
  }, 60_000);

  it('OpenSSL accepts nothing that the reference refuses, the key being acceptable', () => {
    fc.assert(
      fc.property(inputs(), ({ publicKey, message, signature }) => {
        fc.pre(isAcceptableKey(publicKey) && openSslVerify(publicKey, message, signature));
        return verifyReference(publicKey, message, signature);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  it('signing and key derivation are equal to the reference', () => {
    const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 300 }), (secret, message) => {
        const expected = ed25519.sign(message, secret);
        const signer = signerOf(secret);
        expect(toHex(signer.publicKey)).toBe(toHex(ed25519.getPublicKey(secret)));
        expect(toHex(signer.sign(message))).toBe(toHex(expected));
        expect(toHex(sign(secret, message))).toBe(toHex(expected));
      }),
      { numRuns: 60 },
    );
  });
});

describe('in a browser, where there is no process', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('the reference alone signs and verifies, to the same bytes', async () => {
    vi.resetModules();
    vi.stubGlobal('process', undefined);
    const browser = await import('../../src/base/signature.ts');
    const { fastEd25519: fast } = await import('../../src/base/signatureFast.ts');
    vi.unstubAllGlobals();
    expect(fast).toBeUndefined();
    const secret = secretFromSeed('browser', 'test');
    const signature = sign(secret, utf8('m'));
    expect(toHex(browser.publicKeyOf(secret))).toBe(toHex(publicKeyOf(secret)));
    expect(toHex(browser.sign(secret, utf8('m')))).toBe(toHex(signature));
    expect(toHex(browser.signerOf(secret).sign(utf8('m')))).toBe(toHex(signature));
    expect(browser.verify(publicKeyOf(secret), utf8('m'), signature)).toBe(true);
    expect(browser.verify(publicKeyOf(secret), utf8('n'), signature)).toBe(false);
  });
});

describe('secrets and signing bytes', () => {
  it('a new secret is 32 bytes, another each time, and signs', () => {
    const [a, b] = [generateSecretKey(), generateSecretKey()];
    expect(a.length).toBe(32);
    expect(equalBytes(a, b)).toBe(false);
    expect(verify(publicKeyOf(a), utf8('x'), sign(a, utf8('x')))).toBe(true);
  });

  it('a secret of the wrong length is refused without being shown', () => {
    const secret = new Uint8Array(31).fill(0xab);
    for (const use of [() => sign(secret, secret), () => signerOf(secret), () => publicKeyOf(secret)]) {
      expect(use).toThrow(expect.objectContaining({ code: 'signature.secret', got: '31 bytes' }));
    }
  });

  it('layout: "gridpact/<domain>/v1" 00 length chainId payload', () => {
    expect(toHex(signingBytes('reading', 'twin-1', fromHex('0aff')))).toBe(
      `${toHex(utf8('gridpact/reading/v1'))}0006${toHex(utf8('twin-1'))}0aff`,
    );
    expect(() => signingBytes('reading', 'Twin', fromHex(''))).toThrow(/signature\.domain/);
    expect(() => signingBytes('read\0ing', 'twin', fromHex(''))).toThrow(/signature\.domain/);
    expect(() => signingBytes('', 'twin', fromHex(''))).toThrow(/signature\.domain/);
  });

  it('no two (domain, chain, payload) give the same bytes', () => {
    const id = fc.stringMatching(/^[ab/.-]{1,4}$/);
    const part = fc.tuple(id, id, fc.uint8Array({ maxLength: 4, max: 2 }));
    fc.assert(
      fc.property(part, part, (one, two) => {
        const same = one[0] === two[0] && one[1] === two[1] && equalBytes(one[2], two[2]);
        expect(equalBytes(signingBytes(...one), signingBytes(...two))).toBe(same);
      }),
    );
  });

  it('a seeded secret depends on seed and purpose alone', () => {
    const expected = sha256(concatBytes(utf8('gridpact/secret/v1'), fromHex('0005'), utf8('meter'), utf8('seed 7')));
    expect(toHex(secretFromSeed('seed 7', 'meter'))).toBe(toHex(expected));
    expect(toHex(secretFromSeed(utf8('seed 7'), 'meter'))).toBe(toHex(expected));
    expect(toHex(secretFromSeed('seed 7', 'owner'))).not.toBe(toHex(expected));
  });
});

interface Input {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** Honest signatures, and each way of spoiling or bending one. */
function inputs(): fc.Arbitrary<Input> {
  const honest = fc
    .record({ key: fc.nat(15), message: fc.uint8Array({ minLength: 1, maxLength: 200 }) })
    .map(({ key, message }) => {
      const secret = secretFromSeed(String(key), 'agreement');
      return { publicKey: publicKeyOf(secret), message, signature: sign(secret, message) };
    });
  const damaged = fc
    .tuple(honest, fc.constantFrom('publicKey', 'message', 'signature'), fc.nat(511))
    .map(([input, part, bit]) => ({ ...input, [part]: withFlippedBit(input[part], bit) }));
  const malleable = honest.map((input) => {
    const S = readLittleEndian(input.signature.subarray(32));
    return { ...input, signature: concatBytes(input.signature.subarray(0, 32), littleEndian(S + L)) };
  });
  const mixed = fc
    .tuple(fc.nat(7), fc.nat(7), fc.nat(20))
    .map(([i, j, n]) => forge({ seed: `mixed ${n}`, addToA: SMALL[i]!, addToR: SMALL[j]! }));
  const noise = fc
    .tuple(honest, fc.uint8Array({ minLength: 64, maxLength: 64 }))
    .map(([input, signature]) => ({ ...input, signature }));
  return fc.oneof({ arbitrary: honest, weight: 2 }, damaged, malleable, mixed, noise);
}

interface Forgery {
  readonly seed: string;
  readonly r?: bigint;
  readonly addToA?: EdPoint;
  readonly addToR?: EdPoint;
  readonly encodingOfR?: Uint8Array;
}

/** S = r + k a for A = aB + addToA and R = rB + addToR: always meets the cofactored equation. */
function forge({ seed, r, addToA = Point.ZERO, addToR = Point.ZERO, encodingOfR }: Forgery): Input {
  const message = utf8(seed);
  const a = ed25519.utils.getExtendedPublicKey(secretFromSeed(seed, 'forge')).scalar;
  const nonce = r ?? readLittleEndian(sha512(message)) % L;
  const publicKey = Point.BASE.multiplyUnsafe(a).add(addToA).toBytes();
  const R = encodingOfR ?? Point.BASE.multiplyUnsafe(nonce).add(addToR).toBytes();
  const k = readLittleEndian(sha512(concatBytes(R, publicKey, message))) % L;
  return { publicKey, message, signature: concatBytes(R, littleEndian((nonce + k * a) % L)) };
}

function smallOrderPoints(): EdPoint[] {
  for (let y = 2n; ; y++) {
    if (!isPoint(littleEndian(y), false)) continue;
    // [L]Q keeps only the small-order part of Q, an eighth root for half of all points.
    const Q = Point.fromBytes(littleEndian(y));
    const torsion = Q.multiplyUnsafe(L - 1n).add(Q);
    if (torsion.multiplyUnsafe(4n).is0()) continue;
    return Array.from({ length: 8 }, (_, i) => torsion.multiplyUnsafe(BigInt(i)));
  }
}

function isPoint(bytes: Uint8Array, zip215: boolean): boolean {
  try {
    Point.fromBytes(bytes, zip215);
    return true;
  } catch {
    return false;
  }
}

function openSslVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return nodeVerify(null, message, key, signature);
}

function withFlippedBit(bytes: Uint8Array, bit: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  out[(bit >>> 3) % out.length]! ^= 1 << (bit & 7);
  return out;
}

function littleEndian(x: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((x >> BigInt(8 * i)) & 255n));
}

function readLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}
