/**
 * Ed25519 by node:crypto (OpenSSL), where it exists; `undefined` in a browser. Nothing here decides what
 * is accepted: signature.ts does. The module is looked up at run time, not imported, so that a browser
 * bundle of signature.ts holds no trace of it.
 */
import type { KeyObject } from 'node:crypto';

export interface FastEd25519 {
  /** Parses the key once; the closure then verifies (message, signature) by the cofactorless equation. */
  verifierOf(publicKey: Uint8Array): (message: Uint8Array, signature: Uint8Array) => boolean;
  /** Parses the secret once; the closure then signs as RFC 8032, 5.1.6. */
  signerOf(secretKey: Uint8Array): (message: Uint8Array) => Uint8Array;
  publicKeyOf(secretKey: Uint8Array): Uint8Array;
}

type NodeCrypto = typeof import('node:crypto');

// RFC 8410: everything before the 32 key bytes in PKCS#8 and in SubjectPublicKeyInfo.
const PKCS8_HEAD = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);
const SPKI_HEAD = Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0);

export const fastEd25519: FastEd25519 | undefined = load();

function load(): FastEd25519 | undefined {
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto');
  return crypto === undefined ? undefined : overNode(crypto);
}

function overNode(crypto: NodeCrypto): FastEd25519 {
  const secretObject = (secretKey: Uint8Array): KeyObject =>
    crypto.createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, secretKey]), format: 'der', type: 'pkcs8' });
  return {
    verifierOf(publicKey) {
      const key = crypto.createPublicKey({ key: Buffer.concat([SPKI_HEAD, publicKey]), format: 'der', type: 'spki' });
      return (message, signature) => crypto.verify(null, message, key, signature);
    },
    signerOf(secretKey) {
      const key = secretObject(secretKey);
      return (message) => Uint8Array.from(crypto.sign(null, message, key));
    },
    publicKeyOf(secretKey) {
      const spki = crypto.createPublicKey(secretObject(secretKey)).export({ format: 'der', type: 'spki' });
      return Uint8Array.from(spki.subarray(SPKI_HEAD.length));
    },
  };
}
