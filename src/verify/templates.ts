/**
 * The guarantees of the catalogue (docs/reference/verification.md) as properties of one policy: each with a sentence an
 * operator can read and the property that says it exactly.
 */
import { fail } from '../base/errors.ts';
import { clamp } from '../base/fixed.ts';
import type { LoadedPolicy } from '../contracts/policy/artifact.ts';
import {
  buildProperty,
  type Interval,
  type LoadedProperty,
  type Property,
} from '../contracts/policy/certificate/property.ts';
import { inferNetwork } from '../contracts/policy/execute.ts';
import { UNIT_SCALE } from '../grid/units.ts';
import { boxOf, countsAbove, countsBelow, indexOf, inUnit, whereInWords, type Where } from './wording.ts';

export type GuaranteeId = 'G1' | 'G2' | 'G3' | 'G4' | 'G5' | 'G6' | 'G8';

export interface Guarantee {
  readonly guarantee: GuaranteeId;
  readonly id: string;
  readonly sentence: string;
  readonly property: LoadedProperty;
  /** False: asked for information (does the network keep it without its envelope?), no claim about the policy. */
  readonly isClaim: boolean;
}

interface Common {
  readonly id: string;
  readonly output: string;
  readonly where?: Where;
}

/** G1: the extreme of an output, to within a tolerance in its unit. */
export interface RangeTemplate extends Common {
  readonly template: 'range';
  readonly side: 'max' | 'min';
  readonly tolerance: number;
}

/** G2: an output stays at or below (above) a value in a region. `envelopes` false: before the envelopes. */
export interface LimitTemplate extends Common {
  readonly template: 'limit';
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly envelopes?: boolean;
}

/** G3: the same kept by construction, and whether the network would keep it without its envelopes. */
export interface EnvelopeTemplate extends Omit<LimitTemplate, 'template' | 'envelopes'> {
  readonly template: 'envelope';
}

/** G4: while one input rises by `step`, the output rises by between atLeast and atMost. */
export interface SlopeTemplate extends Common {
  readonly template: 'slope';
  readonly input: string;
  readonly step: number;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly envelopes?: boolean;
}

/** G5: inputs move by at most `steps` (either way) from one interval to the next, the output by at most `atMost`. */
export interface RampTemplate extends Common {
  readonly template: 'ramp';
  readonly steps: Readonly<Record<string, number>>;
  readonly atMost: number;
  readonly envelopes?: boolean;
}

/** G6: around an operating point, readings wrong by up to `noise` change the output by at most `within`. */
export interface StableTemplate extends Omit<Common, 'where'> {
  readonly template: 'stable';
  readonly point: Readonly<Record<string, number>>;
  readonly noise: Readonly<Record<string, number>>;
  readonly within: number;
}

/** G8: `count` copies that see the same change step together by at most `atMost` in all. */
export interface FleetTemplate extends Omit<RampTemplate, 'template'> {
  readonly template: 'fleet';
  readonly count: number;
}

export type Template =
  RangeTemplate | LimitTemplate | EnvelopeTemplate | SlopeTemplate | RampTemplate | StableTemplate | FleetTemplate;

/** The properties of one template, in order. @throws `verify.suite` for names or values that do not fit the policy. */
export function guaranteesOf(policy: LoadedPolicy, template: Template): readonly Guarantee[] {
  switch (template.template) {
    case 'range':
      return rangeGuarantee(policy, template);
    case 'limit':
      return limitGuarantees(policy, template, 'G2', template.envelopes ?? true, true);
    case 'envelope':
      return [
        ...limitGuarantees(policy, template, 'G3', true, true),
        ...limitGuarantees(policy, { ...template, id: `${template.id}.without` }, 'G3', false, false),
      ];
    case 'slope':
      return slopeGuarantees(policy, template);
    case 'ramp':
      return rampGuarantee(policy, template, 'G5', 1);
    case 'stable':
      return stableGuarantees(policy, template);
    case 'fleet':
      return rampGuarantee(policy, template, 'G8', template.count);
  }
}

/** A property of this policy over one box; what is not given is empty, and its level `out`. */
function propertyFor(policy: LoadedPolicy, id: string, output: number, parts: Partial<Property>): LoadedProperty {
  const { inputs, outputs } = policy.interface;
  const sign = parts.lin?.[0] ?? 1;
  return buildProperty({
    at: 'out',
    mode: 'forall',
    box: [],
    rel: [],
    rhs: 0,
    tol: 0,
    ...parts,
    id,
    in: inputs.map(({ n, u }) => ({ n, u })),
    out: outputs.map(({ n, u }) => ({ n, u })),
    lin: outputs.map((_, d) => (d === output ? sign : 0)),
    lin2: parts.rel === undefined ? [] : outputs.map((_, d) => (d === output ? 0 - sign : 0)),
  });
}

function rangeGuarantee(policy: LoadedPolicy, template: RangeTemplate): readonly Guarantee[] {
  const { inputs, outputs } = policy.interface;
  const { id, output, side, tolerance, where = {} } = template;
  const d = indexOf(outputs, output, 'output');
  const { u } = outputs[d]!;
  const tol = countsBelow(positive(tolerance, 'tolerance', true), u);
  const property = propertyFor(policy, id, d, { mode: side, box: [boxOf(policy.interface, where)], tol });
  const extreme = side === 'max' ? 'largest' : 'smallest';
  const sentence = `The ${extreme} ${output}, to ${inUnit(tol / UNIT_SCALE[u], u)}, ${whereInWords(inputs, where)}.`;
  return [{ guarantee: 'G1', id, sentence, property, isClaim: true }];
}

interface Side {
  readonly suffix: string;
  /** 1: the sum is at most rhs. -1: the negated sum. */
  readonly sign: 1 | -1;
  readonly rhs: number;
  readonly words: string;
}

/** atMost and atLeast as one or two claims; a physical limit rounds to the stronger count. */
function sidesOf(
  policy: LoadedPolicy,
  d: number,
  { id, atMost, atLeast }: { readonly id: string; readonly atMost?: number; readonly atLeast?: number },
): readonly Side[] {
  const { u } = policy.interface.outputs[d]!;
  if (atMost === undefined && atLeast === undefined) {
    throw fail('verify.suite', { expected: { at: id, oneOf: ['atMost', 'atLeast'] }, got: 'neither' });
  }
  const isBoth = atMost !== undefined && atLeast !== undefined;
  const sides: Side[] = [];
  if (atMost !== undefined) {
    sides.push({
      suffix: isBoth ? '.most' : '',
      sign: 1,
      rhs: countsBelow(atMost, u),
      words: `at most ${inUnit(atMost, u)}`,
    });
  }
  if (atLeast !== undefined) {
    const rhs = 0 - countsAbove(atLeast, u);
    sides.push({ suffix: isBoth ? '.least' : '', sign: -1, rhs, words: `at least ${inUnit(atLeast, u)}` });
  }
  return sides;
}

function limitGuarantees(
  policy: LoadedPolicy,
  template: Omit<LimitTemplate, 'template' | 'envelopes'>,
  guarantee: GuaranteeId,
  withEnvelopes: boolean,
  isClaim: boolean,
): readonly Guarantee[] {
  const { id, output, where = {} } = template;
  const d = indexOf(policy.interface.outputs, output, 'output');
  const box = [boxOf(policy.interface, where)];
  const at = withEnvelopes ? 'out' : 'head';
  const before = withEnvelopes ? '' : ' even without the envelopes';
  return sidesOf(policy, d, template).map(({ suffix, sign, rhs, words }) => ({
    guarantee,
    id: `${id}${suffix}`,
    sentence: `${output} is ${words}${before}, ${whereInWords(policy.interface.inputs, where)}.`,
    property: propertyFor(policy, `${id}${suffix}`, d, { at, box, lin: [sign], rhs }),
    isClaim,
  }));
}

/** Steps that are 0 but for those named. */
function stepsOf(
  policy: LoadedPolicy,
  steps: Readonly<Record<string, readonly [number, number]>>,
): readonly Interval[] {
  const { inputs } = policy.interface;
  for (const name of Object.keys(steps)) indexOf(inputs, name, 'input');
  return inputs.map(({ n, u }): Interval => {
    const step = Object.hasOwn(steps, n) ? steps[n]! : undefined;
    return step === undefined ? [0, 0] : [countsBelow(step[0], u), countsAbove(step[1], u)];
  });
}

function slopeGuarantees(policy: LoadedPolicy, template: SlopeTemplate): readonly Guarantee[] {
  const { inputs, outputs } = policy.interface;
  const { id, output, input, step, where = {} } = template;
  const d = indexOf(outputs, output, 'output');
  const source = inputs[indexOf(inputs, input, 'input')]!;
  const rel = stepsOf(policy, { [input]: [positive(step, 'step'), step] });
  const box = [boxOf(policy.interface, where)];
  const at = (template.envelopes ?? true) ? 'out' : 'head';
  return sidesOf(policy, d, template).map(({ suffix, sign, rhs, words }) => ({
    guarantee: 'G4',
    id: `${id}${suffix}`,
    sentence: `When ${input} rises by ${inUnit(step, source.u)}, ${output} rises by ${words}, ${whereInWords(inputs, where)}.`,
    // The sum is sign*(p(x') - p(x)).
    property: propertyFor(policy, `${id}${suffix}`, d, { at, box, rel, lin: [0 - sign], rhs }),
    isClaim: true,
  }));
}

/** Steps go both ways, so bounding p(x') - p(x) from above bounds it from below as well. */
function rampGuarantee(
  policy: LoadedPolicy,
  template: Omit<RampTemplate, 'template'>,
  guarantee: GuaranteeId,
  count: number,
): readonly Guarantee[] {
  const { inputs, outputs } = policy.interface;
  const { id, output, steps, atMost, where = {} } = template;
  if (!Number.isSafeInteger(count) || count < 1)
    throw fail('verify.suite', { expected: { count: 'at least 1' }, got: count });
  const d = indexOf(outputs, output, 'output');
  const { u } = outputs[d]!;
  const moves = Object.entries(steps).map(([n, by]) => [n, [0 - positive(by, n), by]] as const);
  const rel = stepsOf(policy, Object.fromEntries(moves));
  const each = Math.floor(countsBelow(positive(atMost, 'atMost', true), u) / count);
  const at = (template.envelopes ?? true) ? 'out' : 'head';
  const property = propertyFor(policy, id, d, { at, box: [boxOf(policy.interface, where)], rel, lin: [-1], rhs: each });
  const named = inputs
    .filter(({ n }) => Object.hasOwn(steps, n))
    .map((one) => `${one.n} by ${inUnit(steps[one.n]!, one.u)}`);
  const who = count === 1 ? output : `${output} of ${count} devices that see the same`;
  const sentence = `Between two runs whose inputs differ by at most ${named.join(', ')}, ${who} differs by at most ${inUnit(atMost, u)}, ${whereInWords(inputs, where)}.`;
  return [{ guarantee, id, sentence, property, isClaim: true }];
}

function stableGuarantees(policy: LoadedPolicy, template: StableTemplate): readonly Guarantee[] {
  const { inputs, outputs } = policy.interface;
  const { id, output, point, noise, within } = template;
  const d = indexOf(outputs, output, 'output');
  const { u } = outputs[d]!;
  for (const name of [...Object.keys(point), ...Object.keys(noise)]) indexOf(inputs, name, 'input');
  const centre = inputs.map(({ n, u: unit, lo, hi }) => {
    if (!Object.hasOwn(point, n))
      throw fail('verify.suite', { expected: { at: `${id}.point`, input: n }, got: 'nothing' });
    return clamp(Math.round(point[n]! * UNIT_SCALE[unit]), lo, hi);
  });
  const box = inputs.map(({ n, u: unit }, i): Interval => {
    const counts = Object.hasOwn(noise, n) ? countsAbove(positive(noise[n]!, n, true), unit) : 0;
    return [centre[i]! - counts, centre[i]! + counts];
  });
  const nominal = inferNetwork(policy, Int32Array.from(centre))[d]!;
  const allowed = countsBelow(positive(within, 'within', true), u);
  const noises = inputs
    .filter(({ n }) => Object.hasOwn(noise, n))
    .map((one) => `${one.n} by ${inUnit(noise[one.n]!, one.u)}`);
  const around = inUnit(nominal / UNIT_SCALE[u], u);
  return ([1, -1] as const).map((sign) => ({
    guarantee: 'G6',
    id: `${id}${sign === 1 ? '.above' : '.below'}`,
    sentence: `Readings wrong in ${noises.join(', ')} leave ${output} within ${inUnit(within, u)} ${sign === 1 ? 'above' : 'below'} ${around}.`,
    property: propertyFor(policy, `${id}${sign === 1 ? '.above' : '.below'}`, d, {
      box: [box],
      lin: [sign],
      rhs: sign * nominal + allowed,
    }),
    isClaim: true,
  }));
}

function positive(value: number, what: string, orZero = false): number {
  if (!(value > 0 || (orZero && value === 0)) || !Number.isFinite(value)) {
    throw fail('verify.suite', { expected: { [what]: orZero ? 'at least 0' : 'more than 0' }, got: value });
  }
  return value;
}

/** Shares of an output's range that G1 is asked to. */
const RANGE_TOLERANCE = 0.001;

/**
 * What can be asked of any policy from its interface alone: the range of each output to 0.1 %, and what each end of
 * each envelope enforces, with and without it.
 */
export function standardTemplates({ interface: { inputs, outputs, envelopes } }: LoadedPolicy): readonly Template[] {
  const templates: Template[] = [];
  outputs.forEach(({ n, u, lo, hi }, d) => {
    if (lo === hi) return;
    const tolerance = Math.floor((hi - lo) * RANGE_TOLERANCE) / UNIT_SCALE[u];
    for (const side of ['max', 'min'] as const)
      templates.push({ template: 'range', id: `out${d}.${side}`, output: n, side, tolerance });
  });
  envelopes.forEach(({ d, sk, si, r, l, h }, e) => {
    if (sk !== 'in') return;
    const source = inputs[si]!;
    const output = outputs[d]!;
    const last = r.length - 1;
    for (const [end, knot] of [
      ['low', 0],
      ['high', last],
    ] as const) {
      const at = r[knot]! / UNIT_SCALE[source.u];
      const where: Where = { [source.n]: end === 'low' ? [null, at] : [at, null] };
      const base = { template: 'envelope', output: output.n, where } as const;
      const id = `env${e}.${end}`;
      if (h[knot]! < output.hi) templates.push({ ...base, id: `${id}.most`, atMost: h[knot]! / UNIT_SCALE[output.u] });
      if (l[knot]! > output.lo)
        templates.push({ ...base, id: `${id}.least`, atLeast: l[knot]! / UNIT_SCALE[output.u] });
    }
  });
  return templates;
}
