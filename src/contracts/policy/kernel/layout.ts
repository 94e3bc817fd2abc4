/**
 * Where everything lies in the kernel's memory (docs/reference/kernel.md). Sizes are the limits of
 * docs/spec/policy.md 3.9, so one module of one memory serves every artifact. All values little-endian.
 */
import { floorDiv } from '../../../base/fixed.ts';

/** Vectors a call of `batch` or `fleet` takes. */
export const CHUNK = 1024;

/** Inferences the SIMD module runs side by side, two vectors of four lanes. */
export const LANES = 8;

/** Words of the header. */
export const HEADER = {
  inputs: 0,
  outputs: 4,
  layers: 8,
  envelopes: 12,
  actions: 16,
  inputBytes: 20,
  outputBytes: 24,
  narrow: 28,
};

/**
 * in[i]: x = clamp((clamp(r, lo, hi)*m + k) >> t), k = r(t) - c*m, lo and hi drawn in to where x still moves (pack.ts).
 * `raised` = k + 2^62 keeps the sum from being negative, `back` = 2^(62-t) modulo 2^32 undoes that after the shift.
 */
export const INPUT = { lo: 0, hi: 4, m: 8, k: 16, t: 24, raised: 32, back: 40, size: 48 };

/**
 * out[d]: p = clamp(((y*m + half) >> t) + c, lo, hi), all i64. `raised` = half + 2^62 and `moved` = c - 2^(62-t) modulo
 * 2^32 serve where `HEADER.narrow` says that no value before the clamp leaves i32.
 */
export const OUTPUT = { m: 0, half: 8, t: 16, c: 24, lo: 32, hi: 40, raised: 48, moved: 56, size: 64 };

/** What becomes of the sums of a layer. */
export const MODE = { clamp: 0, tanh: 1, raw: 2 };

/** A layer; `pairs` is its inputs two by two, `quads` four by four, `vectors` its outputs four by four, `rows` its form (pack.ts). */
export const LAYER = {
  inputs: 0,
  pairs: 4,
  quads: 8,
  outputs: 12,
  vectors: 16,
  weights: 20,
  bias: 24,
  shift: 28,
  mode: 32,
  lo: 36,
  hi: 40,
  rows: 44,
  /** Eight inputs at a time, of a layer in rows. */
  octets: 48,
  size: 64,
};

/** env[]: offsets in bytes of target and source, the flag that says the source is missing (0: never). */
export const ENVELOPE = { target: 0, fromOutput: 4, source: 8, bit: 12, last: 16, r: 20, l: 24, h: 28, size: 32 };

/** fb[d]. */
export const FALLBACK = { source: 0, bit: 4, z: 8, last: 12, r: 16, y: 20, size: 24 };

/**
 * Weights of at most 65 536 i16, with the outputs of a layer filled up to four and its inputs to eight:
 * (o+3)*(i+7) <= o*i + 7*o + 3*i + 21, four layers of at most 256 by 256.
 */
const WEIGHT_BYTES = 2 * (65536 + 4 * (7 * 256 + 3 * 256 + 21));

/** Name of a part -> its bytes, in order. */
const PARTS = {
  header: 32,
  inputs: 64 * INPUT.size,
  outputs: 16 * OUTPUT.size,
  layers: 4 * LAYER.size,
  envelopes: 16 * ENVELOPE.size,
  fallback: 16 * FALLBACK.size,
  tanh: 1040,
  /** r, l and h of 16 envelopes, r and y of 16 fallbacks, 64 knots each. */
  knots: 16 * 5 * 64 * 4,
  /** i32, 256 actions by 16 outputs. */
  actions: 256 * 16 * 4,
  bias: 4 * 256 * 4,
  weights: WEIGHT_BYTES,
  /** Activations, i16, that layers read and write in turns: [i] of one inference, [pair of i][lane][2] of several. */
  xEven: 2 * 256 * LANES + 16,
  xOdd: 2 * 256 * LANES + 16,
  /** Sums before tanh or a discrete head, i32 [o] or [o][lane]. */
  z: 4 * 256 * LANES + 16,
  masks: 4 * CHUNK,
  flags: CHUNK,
  raw: CHUNK * 64 * 4,
  out: CHUNK * 16 * 4,
};
type Part = keyof typeof PARTS;

const ALIGNMENT = 64;
const PAGE = 65536;

function layOut(): { readonly at: Readonly<Record<Part, number>>; readonly pages: number } {
  let end = ALIGNMENT;
  const place = (part: Part): number => {
    const start = end;
    end = start + ALIGNMENT * floorDiv(PARTS[part] + ALIGNMENT - 1, ALIGNMENT);
    return start;
  };
  const at = {
    header: place('header'),
    inputs: place('inputs'),
    outputs: place('outputs'),
    layers: place('layers'),
    envelopes: place('envelopes'),
    fallback: place('fallback'),
    tanh: place('tanh'),
    knots: place('knots'),
    bias: place('bias'),
    xEven: place('xEven'),
    xOdd: place('xOdd'),
    z: place('z'),
    weights: place('weights'),
    actions: place('actions'),
    masks: place('masks'),
    flags: place('flags'),
    raw: place('raw'),
    out: place('out'),
  };
  return { at, pages: floorDiv(end + PAGE - 1, PAGE) };
}

const { at, pages } = layOut();
/** First byte of every part. */
export const AT = at;
/** Of 64 KiB: fixed, the memory never grows. */
export const PAGES = pages;
