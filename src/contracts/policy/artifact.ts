/**
 * The policy artifact `gridpolicy/int16/1` (docs/spec/policy.md): its wire document, its decoded form, its
 * limits and its constant cost.
 */
import type { PolicyInterface } from '../../grid/interface.ts';
import type { Unit } from '../../grid/units.ts';

export const POLICY_VERSION = 'gridpolicy/int16/1';

/** 3.9. Bytes, nesting and items are bounded by base/cbor.ts before decoding. */
export const POLICY_LIMITS = {
  layers: 4,
  inputs: 64,
  width: 256,
  weights: 65536,
  outputs: 16,
  actions: 256,
  envelopes: 16,
  state: 16,
  knots: 64,
  nameLength: 32,
} as const;

/** 3.3: the largest shift. */
export const MAX_LAYER_SHIFT = 30;
/** 3.2 and 3.5: the largest shift of input and output scaling. */
export const MAX_SCALE_SHIFT = 40;
/** 3.4: the largest hardtanh exponent. */
export const MAX_HARDTANH_EXPONENT = 14;

export type Activation = 'relu' | 'hardtanh' | 'tanh' | 'identity';

/** The document as encoded (3.12). Tensors are little-endian byte strings. */
export interface PolicyArtifact {
  readonly v: typeof POLICY_VERSION;
  readonly in: readonly ArtifactInput[];
  readonly layers: readonly ArtifactLayer[];
  readonly head: ArtifactHead;
  readonly env: readonly ArtifactEnvelope[];
  readonly fb: readonly ArtifactFallback[];
  readonly st: readonly { readonly i: number; readonly d: number; readonly z: number }[];
}

export interface ArtifactInput {
  readonly n: string;
  readonly u: Unit;
  readonly lo: number;
  readonly hi: number;
  readonly c: number;
  readonly m: number;
  readonly t: number;
}

export interface ArtifactLayer {
  readonly i: number;
  readonly o: number;
  readonly s: number;
  /** i16 [o][i], row-major. */
  readonly w: Uint8Array;
  /** i32 [o]. */
  readonly b: Uint8Array;
  readonly a: Activation;
  /** Present exactly when a is hardtanh. */
  readonly k?: number;
}

export type ArtifactHead =
  | { readonly k: 'cont'; readonly out: readonly ArtifactInput[] }
  | {
      readonly k: 'disc';
      readonly out: readonly { readonly n: string; readonly u: Unit; readonly lo: number; readonly hi: number }[];
      /** i32 [actions][outputs], row-major. */
      readonly tab: Uint8Array;
    };

/** r, l, h: i32 each. */
export interface ArtifactEnvelope {
  readonly d: number;
  readonly sk: 'in' | 'out';
  readonly si: number;
  readonly r: Uint8Array;
  readonly l: Uint8Array;
  readonly h: Uint8Array;
}

/** r, y: i32 each. */
export interface ArtifactFallback {
  readonly si: number;
  readonly r: Uint8Array;
  readonly y: Uint8Array;
  readonly z: number;
}

/** A dense layer in memory: z_o = (sum_i W[o][i]*x[i] + b[o] + r(s)) >> s, then the activation. */
export interface DenseLayer {
  readonly inSize: number;
  readonly outSize: number;
  readonly shift: number;
  /** [outSize][inSize], row-major, each in [-32767, 32767]. */
  readonly weights: Int16Array;
  /** [outSize]. */
  readonly bias: Int32Array;
  readonly activation: Activation;
  /** hardtanh clamps at +-2^exponent; 0 for every other activation. */
  readonly exponent: number;
}

export type PolicyHead =
  | { readonly kind: 'cont' }
  /** table: i32 [actions][outputs], row-major. */
  | { readonly kind: 'disc'; readonly actions: number; readonly table: Int32Array };

/** What an artifact says, in memory. A discrete head leaves m, t and c of `interface.outputs` at 0. */
export interface PolicyParts {
  readonly interface: PolicyInterface;
  readonly layers: readonly DenseLayer[];
  readonly head: PolicyHead;
}

/** An artifact that passed every check of the loader; only `loadArtifact` makes one. */
export interface LoadedPolicy extends PolicyParts {
  /** Canonical bytes; `cid` is their name. */
  readonly bytes: Uint8Array;
  readonly cid: string;
  /** 3.11: the cost of any call. */
  readonly gas: number;
  /** 3.2: the largest |x_i| each input can reach. */
  readonly xmax: Int32Array;
}

const GAS_BASE = 100;
const GAS_INPUT = 8;
const GAS_CLAMP_UNIT = 2;
const GAS_TANH_UNIT = 12;
const GAS_OUTPUT = 4;
const GAS_ACTION = 2;
const GAS_ENVELOPE = 16;

/**
 * 3.11, the same for every call, the fallback included:
 * gas = 100 + 8*inputs + MACs + 2*(relu and hardtanh units) + 12*tanh units
 *     + (4*outputs if continuous, 2*actions if discrete) + 16*envelopes
 */
export function policyGas({ interface: { inputs, outputs, envelopes }, layers, head }: PolicyParts): number {
  let gas = GAS_BASE + GAS_INPUT * inputs.length + GAS_ENVELOPE * envelopes.length;
  for (const { inSize, outSize, activation } of layers) {
    gas += inSize * outSize + outSize * unitGas(activation);
  }
  return gas + (head.kind === 'cont' ? GAS_OUTPUT * outputs.length : GAS_ACTION * head.actions);
}

function unitGas(activation: Activation): number {
  if (activation === 'identity') return 0;
  return activation === 'tanh' ? GAS_TANH_UNIT : GAS_CLAMP_UNIT;
}
