/**
 * Artifacts to bytes and back (docs/spec/policy.md 3.12). The bytes are canonical, so one behaviour has one
 * spelling and one CID.
 */
import { cidOf } from '../../base/cid.ts';
import { decodeDocument, encodeDocument, type Document } from '../../base/cbor.ts';
import {
  POLICY_VERSION,
  policyGas,
  type ArtifactHead,
  type ArtifactLayer,
  type DenseLayer,
  type LoadedPolicy,
  type PolicyArtifact,
  type PolicyParts,
} from './artifact.ts';
import { checkParts, inputMaxima } from './checks.ts';
import { readParts } from './schema.ts';
import { int16Bytes, int32Bytes } from './tensors.ts';

/**
 * Scan, decode, compare with the canonical bytes, then every static check of 3.2 to 3.9 and 3.12.
 * @throws `cbor.*` for the bytes, `policy.*` for the content.
 */
export function loadArtifact(bytes: Uint8Array): LoadedPolicy {
  const parts = readParts(decodeDocument(bytes));
  checkParts(parts);
  return {
    ...parts,
    bytes: bytes.slice(),
    cid: cidOf(bytes),
    gas: policyGas(parts),
    xmax: inputMaxima(parts.interface.inputs),
  };
}

/** Canonical bytes. Checks only that a document can hold the values: `loadArtifact` is the judge. */
export function encodeArtifact(parts: PolicyParts): Uint8Array {
  return encodeDocument(artifactDocument(parts) as unknown as Document);
}

/** Encode and load: the way to make an artifact. @throws as `loadArtifact`. */
export function buildPolicy(parts: PolicyParts): LoadedPolicy {
  return loadArtifact(encodeArtifact(parts));
}

/** The document of 3.12, for encoding and for showing. */
export function artifactDocument(parts: PolicyParts): PolicyArtifact {
  const { inputs, envelopes, fallback, state } = parts.interface;
  return {
    v: POLICY_VERSION,
    in: inputs.map(({ n, u, lo, hi, c, m, t }) => ({ n, u, lo, hi, c, m, t })),
    layers: parts.layers.map(layerDocument),
    head: headDocument(parts),
    env: envelopes.map(({ d, sk, si, r, l, h }) => ({
      d,
      sk,
      si,
      r: int32Bytes(r),
      l: int32Bytes(l),
      h: int32Bytes(h),
    })),
    fb: fallback.map(({ si, r, y, z }) => ({ si, r: int32Bytes(r), y: int32Bytes(y), z })),
    st: state.map(({ i, d, z }) => ({ i, d, z })),
  };
}

function layerDocument({ inSize, outSize, shift, weights, bias, activation, exponent }: DenseLayer): ArtifactLayer {
  const layer = { i: inSize, o: outSize, s: shift, w: int16Bytes(weights), b: int32Bytes(bias), a: activation };
  return activation === 'hardtanh' ? { ...layer, k: exponent } : layer;
}

function headDocument({ interface: { outputs }, head }: PolicyParts): ArtifactHead {
  if (head.kind === 'cont') {
    return { k: 'cont', out: outputs.map(({ n, u, m, t, c, lo, hi }) => ({ n, u, m, t, c, lo, hi })) };
  }
  return { k: 'disc', out: outputs.map(({ n, u, lo, hi }) => ({ n, u, lo, hi })), tab: int32Bytes(head.table) };
}
