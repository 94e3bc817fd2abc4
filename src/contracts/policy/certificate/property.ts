/**
 * The property document `gridproperty/1` (docs/spec/policy.md 4.1): a statement about what a policy issues for
 * every raw input vector of some boxes, in integers, named by its CID.
 */
import { decodeDocument, encodeDocument, type Document } from '../../../base/cbor.ts';
import { cidOf } from '../../../base/cid.ts';
import { fail } from '../../../base/errors.ts';
import { I32_MAX, I32_MIN, SAFE_MAX, U32_MAX } from '../../../base/fixed.ts';
import { UNIT_SCALE, type Unit } from '../../../grid/units.ts';
import { sortedKeys } from '../../../base/sorted.ts';
import { POLICY_LIMITS, type PolicyParts } from '../artifact.ts';
import { DocumentReader } from './reader.ts';

export const PROPERTY_VERSION = 'gridproperty/1';

export const PROPERTY_LIMITS = {
  boxes: 16,
  /** Sum of all |coefficients|: the claimed sum then stays within 2^52. */
  coefficientSum: 2097152,
} as const;

/**
 * What p is: `out` the issued outputs; `head` the outputs before the envelopes; `unit` the activations of the
 * last layer (the scores of the actions when the head is discrete).
 */
export type PropertyLevel = 'out' | 'head' | 'unit';
/** forall: the sum never exceeds rhs. max, min: find its extreme to within tol. */
export type PropertyMode = 'forall' | 'max' | 'min';

export interface NamedUnit {
  readonly n: string;
  readonly u: Unit;
}

export type Interval = readonly [lo: number, hi: number];

/**
 * For every x of a box (and, when `rel` is not empty, every x' of the same box with x' - x in `rel`):
 * sum_d lin[d]*p_d(x) + sum_d lin2[d]*p_d(x') <= rhs, or its extreme.
 */
export interface Property {
  readonly v: typeof PROPERTY_VERSION;
  readonly id: string;
  /** Inputs and outputs it speaks of, which must be those of the policy, in order. */
  readonly in: readonly NamedUnit[];
  readonly out: readonly NamedUnit[];
  readonly at: PropertyLevel;
  readonly mode: PropertyMode;
  /** [boxes][inputs], raw integers; the union of the boxes is meant. */
  readonly box: readonly (readonly Interval[])[];
  /** [inputs] or empty. */
  readonly rel: readonly Interval[];
  /** [outputs], or [units of the last layer] for `unit`. */
  readonly lin: readonly number[];
  /** As `lin`, or empty when `rel` is. */
  readonly lin2: readonly number[];
  /** 0 unless mode is forall. */
  readonly rhs: number;
  /** 0 when mode is forall. */
  readonly tol: number;
}

export interface LoadedProperty extends Property {
  readonly bytes: Uint8Array;
  readonly cid: string;
}

const KEYS = ['v', 'id', 'in', 'out', 'at', 'mode', 'box', 'rel', 'lin', 'lin2', 'rhs', 'tol'] as const;
const UNITS = sortedKeys(UNIT_SCALE) as readonly Unit[];
const read = new DocumentReader('property.schema');

/** Scan, decode, compare with the canonical bytes, then the schema. @throws `cbor.*`, `property.*`. */
export function loadProperty(bytes: Uint8Array): LoadedProperty {
  const property = readProperty(decodeDocument(bytes));
  return { ...property, bytes: Uint8Array.from(bytes), cid: cidOf(bytes) };
}

/** Encode and load: the way to make a property. @throws as `loadProperty`. */
export function buildProperty(property: Omit<Property, 'v'>): LoadedProperty {
  const { id, at, mode, box, rel, lin, lin2, rhs, tol } = property;
  const named = (list: readonly NamedUnit[]): NamedUnit[] => list.map(({ n, u }) => ({ n, u }));
  const document = { v: PROPERTY_VERSION, id, in: named(property.in), out: named(property.out), at, mode, box, rel };
  return loadProperty(encodeDocument({ ...document, lin, lin2, rhs, tol } as unknown as Document));
}

/** @throws `property.schema`, `property.version`. */
function readProperty(document: Document): Property {
  const f = read.fields(document, 'property', KEYS);
  if (f.v !== PROPERTY_VERSION) throw fail('property.version', { expected: PROPERTY_VERSION, got: f.v });
  const inputs = readNames(f.in, 'in', POLICY_LIMITS.inputs);
  const box = read.list(f.box, 'box', 1, PROPERTY_LIMITS.boxes).map((item, b) => {
    const sides = read.list(item, `box[${b}]`, inputs.length, inputs.length);
    return sides.map((side, i) => read.interval(side, `box[${b}][${i}]`, I32_MIN, I32_MAX));
  });
  const steps = read.list(f.rel, 'rel', 0, POLICY_LIMITS.inputs);
  const property: Property = {
    v: PROPERTY_VERSION,
    id: read.id(f.id, 'id'),
    in: inputs,
    out: readNames(f.out, 'out', POLICY_LIMITS.outputs),
    at: read.oneOf(f.at, 'at', ['out', 'head', 'unit']),
    mode: read.oneOf(f.mode, 'mode', ['forall', 'max', 'min']),
    box,
    rel: steps.map((step, i) => read.interval(step, `rel[${i}]`, 0 - U32_MAX, U32_MAX)),
    lin: read.integers(f.lin, 'lin', POLICY_LIMITS.width, PROPERTY_LIMITS.coefficientSum),
    lin2: read.integers(f.lin2, 'lin2', POLICY_LIMITS.width, PROPERTY_LIMITS.coefficientSum),
    rhs: read.integer(f.rhs, 'rhs', 0 - SAFE_MAX, SAFE_MAX),
    tol: read.integer(f.tol, 'tol', 0, SAFE_MAX),
  };
  checkShape(property);
  return property;
}

function readNames(value: Document, at: string, max: number): readonly NamedUnit[] {
  return read.list(value, at, 1, max).map((item, i) => {
    const f = read.fields(item, `${at}[${i}]`, ['n', 'u']);
    return { n: read.id(f.n, `${at}[${i}].n`), u: read.oneOf(f.u, `${at}[${i}].u`, UNITS) };
  });
}

function checkShape({ in: inputs, out, at, mode, rel, lin, lin2, rhs, tol }: Property): void {
  const isPair = rel.length > 0;
  if (isPair && rel.length !== inputs.length) throw read.refuse({ at: 'rel', items: inputs.length }, rel.length);
  if (at === 'unit' ? lin.length === 0 : lin.length !== out.length) {
    throw read.refuse({ at: 'lin', items: at === 'unit' ? 'units of the last layer' : out.length }, lin.length);
  }
  const second = isPair ? lin.length : 0;
  if (lin2.length !== second) throw read.refuse({ at: 'lin2', items: second }, lin2.length);
  const sum = [...lin, ...lin2].reduce((held, c) => held + Math.abs(c), 0);
  if (sum > PROPERTY_LIMITS.coefficientSum) {
    throw read.refuse({ at: 'lin', sumAtMost: PROPERTY_LIMITS.coefficientSum }, sum);
  }
  if (mode === 'forall' ? tol !== 0 : rhs !== 0) throw read.refuse({ rhs: 'of forall', tol: 'of max and min' }, mode);
}

/** A property is about one interface. @throws `property.mismatch` when that of the policy is another. */
export function checkPropertyFits(property: Property, { interface: { inputs, outputs }, layers }: PolicyParts): void {
  checkNames(property.in, inputs, 'in');
  checkNames(property.out, outputs, 'out');
  const units = layers[layers.length - 1]!.outSize;
  const length = property.at === 'unit' ? units : outputs.length;
  if (property.lin.length !== length) {
    throw fail('property.mismatch', { expected: { at: 'lin', items: length }, got: property.lin.length });
  }
}

function checkNames(own: readonly NamedUnit[], policy: readonly NamedUnit[], at: string): void {
  if (own.length !== policy.length) {
    throw fail('property.mismatch', { expected: { at, items: policy.length }, got: own.length });
  }
  own.forEach(({ n, u }, i) => {
    const { n: name, u: unit } = policy[i]!;
    if (n !== name || u !== unit) {
      throw fail('property.mismatch', { expected: { at: `${at}[${i}]`, n: name, u: unit }, got: { n, u } });
    }
  });
}
