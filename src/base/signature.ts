/**
 * Ed25519 (RFC 8032, PureEdDSA), one acceptance rule in every verifier. Sizes in bytes: secret 32 (the RFC's
 * seed), public key 32, signature 64.
 *
 * A signature is accepted iff
 *   A and R are canonical encodings of curve points (y < p, and no sign bit on x = 0),
 *   A is not of small order,  0 <= S < L,  and  [8][S]B = [8]R + [8][k]A,  k = SHA-512(R || A || M) mod L.
 * That is @noble/curves with `zip215: false`: the reference, and all that a browser needs.
 *
 * Under node, OpenSSL is asked first. It checks S < L and that the encoding of [S]B - [k]A equals R byte for
 * byte, so what it accepts has a canonical R and meets the equation without the cofactor, hence with it. What
 * it does not check is the key (it reduces y >= p), which `isAcceptableKey` has done. So: key acceptable and
 * OpenSSL accepts => the reference accepts. When OpenSSL rejects, the reference decides, because the cofactored
 * equation also holds for an R or A with a component of small order.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes, utf8 } from './bytes.ts';
import { fail } from './errors.ts';
import { sha256 } from './hash.ts';
import { BoundedCache } from './lru.ts';
import { isId } from './record.ts';
import { fastEd25519 } from './signatureFast.ts';

export const SECRET_KEY_BYTES = 32;
export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** A secret parsed once; parsing costs ten times a signature. */
export interface Signer {
  readonly publicKey: Uint8Array;
  /** The 64-byte signature. */
  sign(message: Uint8Array): Uint8Array;
}

interface KnownKey {
  readonly acceptable: boolean;
  readonly fastVerify: ((message: Uint8Array, signature: Uint8Array) => boolean) | undefined;
}

/** At about 2 kB a key, 8 MB. */
const knownKeys = new BoundedCache<string, KnownKey>(4096);

/** Whether `signature` is accepted; wrong lengths are a plain false. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  const key = knownKey(publicKey);
  if (!key.acceptable) return false;
  if (key.fastVerify?.(message, signature) === true) return true;
  return verifyReference(publicKey, message, signature);
}

/** The acceptance rule by the reference code alone; `verify` gives the same answer, faster. */
export function verifyReference(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  return ed25519.verify(signature, message, publicKey, { zip215: false });
}

/** A canonical encoding of a point on the curve that is not of small order. */
export function isAcceptableKey(publicKey: Uint8Array): boolean {
  return publicKey.length === PUBLIC_KEY_BYTES && knownKey(publicKey).acceptable;
}

/** Signs once. For many messages under one secret, keep a `signerOf`. @throws `signature.secret`. */
export function sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  assertSecret(secretKey);
  return fastEd25519 === undefined ? ed25519.sign(message, secretKey) : fastEd25519.signerOf(secretKey)(message);
}

/** @throws `signature.secret` unless the secret is 32 bytes. */
export function signerOf(secretKey: Uint8Array): Signer {
  const publicKey = publicKeyOf(secretKey);
  if (fastEd25519 !== undefined) return { publicKey, sign: fastEd25519.signerOf(secretKey) };
  const held = Uint8Array.from(secretKey);
  return { publicKey, sign: (message) => ed25519.sign(message, held) };
}

/** @throws `signature.secret` unless the secret is 32 bytes. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  assertSecret(secretKey);
  return fastEd25519 === undefined ? ed25519.getPublicKey(secretKey) : fastEd25519.publicKeyOf(secretKey);
}

/** 32 bytes of the platform's cryptographic generator (WebCrypto; under node that of node:crypto). For key creation only. */
export function generateSecretKey(): Uint8Array {
  return ed25519.utils.randomSecretKey();
}

/**
 * A secret for reproducible simulations, as guessable as its seed:
 * SHA-256("gridpact/secret/v1" || 0x00 || u8 length of purpose || purpose || seed), text as UTF-8.
 * @throws `signature.domain` unless the purpose is an id.
 */
export function secretFromSeed(seed: Uint8Array | string, purpose: string): Uint8Array {
  return sha256(signingBytes('secret', purpose, typeof seed === 'string' ? utf8(seed) : seed));
}

/**
 * What is signed: "gridpact/<domain>/v1" || 0x00 || u8 length of chainId || chainId || payload. No two
 * (domain, chainId, payload) give the same bytes: an id holds no zero byte, and the chain id has its length.
 * @throws `signature.domain` unless domain and chainId are ids (1..32 of [a-z0-9._/-]).
 */
export function signingBytes(domain: string, chainId: string, payload: Uint8Array): Uint8Array {
  for (const part of [domain, chainId]) {
    if (!isId(part)) throw fail('signature.domain', { expected: '1..32 of [a-z0-9._/-]', got: part });
  }
  return concatBytes(utf8(`gridpact/${domain}/v1`), Uint8Array.of(0, chainId.length), utf8(chainId), payload);
}

function knownKey(publicKey: Uint8Array): KnownKey {
  return knownKeys.getOrMake(String.fromCharCode(...publicKey), () => {
    const acceptable = isCanonicalLargeOrder(publicKey);
    return { acceptable, fastVerify: acceptable ? fastEd25519?.verifierOf(publicKey) : undefined };
  });
}

function isCanonicalLargeOrder(publicKey: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(publicKey, false).isSmallOrder();
  } catch {
    return false; // not a canonical encoding of a point
  }
}

function assertSecret(secretKey: Uint8Array): void {
  if (!(secretKey instanceof Uint8Array) || secretKey.length !== SECRET_KEY_BYTES) {
    // The length alone: the bytes are a secret.
    throw fail('signature.secret', { expected: `${SECRET_KEY_BYTES} bytes`, got: `${secretKey?.length} bytes` });
  }
}
