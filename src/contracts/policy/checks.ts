/**
 * The static checks of an artifact that relate its parts to each other (docs/spec/policy.md 3.3 to 3.9).
 * What passes here cannot overflow, divide by zero or leave an output's bounds, whatever the input.
 */
import { fail, type ErrorCode } from '../../base/errors.ts';
import { I32_MAX, SAFE_MAX } from '../../base/fixed.ts';
import { halfUnit, normaliseInput, UNIT_INTEGER, type EnvelopeSpec, type InputSpec } from '../../grid/interface.ts';
import { POLICY_LIMITS, type DenseLayer, type PolicyParts } from './artifact.ts';

/** The missing flags of a call are one 32-bit mask: inputs up to this index have a bit of their own. */
const LAST_FLAGGED_INPUT = 30;

/** @throws `policy.*`; expected and got say where. */
export function checkParts(parts: PolicyParts): void {
  checkNames(parts);
  checkLayers(parts);
  checkHead(parts);
  checkEnvelopes(parts);
  checkFallback(parts);
  checkState(parts);
  checkOverflow(parts);
}

/** 3.2: xmax_i = max(|x(lo)|, |x(hi)|); the normaliser is monotone, so nothing between exceeds it. */
export function inputMaxima(inputs: readonly InputSpec[]): Int32Array {
  return Int32Array.from(inputs, (spec) =>
    Math.max(Math.abs(normaliseInput(spec, spec.lo)), Math.abs(normaliseInput(spec, spec.hi))),
  );
}

/** 3.6: the largest |activation| a layer can give, or i32's for identity, which is always last. */
export function activationMaximum(layer: DenseLayer): number {
  if (layer.activation === 'hardtanh') return 1 << layer.exponent;
  return layer.activation === 'identity' ? I32_MAX : UNIT_INTEGER;
}

/** 3.6: sum_i |W[o][i]|*xmax_i + |b[o]| + r(s), which must not exceed 2^31-1. At most 2^39, so exact. */
export function rowBound(layer: DenseLayer, row: number, xmax: ArrayLike<number>): number {
  const { inSize, weights, bias, shift } = layer;
  let sum = Math.abs(bias[row]!) + halfUnit(shift);
  for (let i = 0; i < inSize; i++) sum += Math.abs(weights[row * inSize + i]!) * xmax[i]!;
  return sum;
}

function checkNames({ interface: { inputs, outputs } }: PolicyParts): void {
  for (const [list, specs] of [
    ['in', inputs],
    ['head.out', outputs],
  ] as const) {
    const seen = new Set<string>();
    specs.forEach(({ n }, i) => {
      if (seen.has(n)) throw fail('policy.name', { expected: { at: `${list}[${i}].n`, unique: true }, got: n });
      seen.add(n);
    });
  }
}

function checkLayers({ interface: { inputs }, layers }: PolicyParts): void {
  let width = inputs.length;
  let weights = 0;
  layers.forEach((layer, l) => {
    if (layer.inSize !== width)
      throw fail('policy.layers', { expected: { at: `layers[${l}].i`, value: width }, got: layer.inSize });
    width = layer.outSize;
    weights += layer.weights.length;
    checkWeights(layer, l);
    if (layer.activation === 'identity' && l !== layers.length - 1) {
      throw fail('policy.layers', {
        expected: { at: `layers[${l}].a`, rule: 'identity in the last layer only' },
        got: 'identity',
      });
    }
  });
  if (weights > POLICY_LIMITS.weights)
    throw fail('policy.limits', { expected: { at: 'weights', max: POLICY_LIMITS.weights }, got: weights });
}

/** -32768 has no negative in i16, and its product with itself overflows pair sums in SIMD. */
function checkWeights({ inSize, weights }: DenseLayer, layer: number): void {
  let row = 0;
  let column = 0;
  for (const value of weights) {
    if (value < -UNIT_INTEGER) {
      throw fail('policy.tensor', {
        expected: { at: `layers[${layer}].w`, min: -UNIT_INTEGER },
        got: { layer, row, column, value },
      });
    }
    if (++column === inSize) {
      column = 0;
      row++;
    }
  }
}

function checkHead({ interface: { outputs }, layers, head }: PolicyParts): void {
  const last = layers[layers.length - 1]!;
  const allowed = head.kind === 'cont' ? ['identity', 'tanh', 'hardtanh'] : ['identity'];
  if (!allowed.includes(last.activation)) {
    throw fail('policy.head', {
      expected: { at: `layers[${layers.length - 1}].a`, oneOf: allowed },
      got: last.activation,
    });
  }
  const width = head.kind === 'cont' ? outputs.length : head.actions;
  if (last.outSize !== width) {
    throw fail('policy.head', { expected: { at: `layers[${layers.length - 1}].o`, value: width }, got: last.outSize });
  }
  if (head.kind === 'cont') return;
  if (head.actions < 2 || head.actions > POLICY_LIMITS.actions) {
    throw fail('policy.limits', {
      expected: { at: 'head.tab', minRows: 2, maxRows: POLICY_LIMITS.actions },
      got: head.actions,
    });
  }
  for (let a = 0; a < head.actions; a++) {
    outputs.forEach(({ lo, hi }, d) => {
      within(head.table[a * outputs.length + d]!, lo, hi, 'policy.head', { at: 'head.tab', action: a, output: d });
    });
  }
}

function checkEnvelopes({ interface: { inputs, outputs, envelopes } }: PolicyParts): void {
  envelopes.forEach((envelope, e) => {
    const at = `env[${e}]`;
    const { d, sk, si, r, l, h } = envelope;
    const output = outputs[d];
    if (output === undefined)
      throw fail('policy.envelope', { expected: { at: `${at}.d`, max: outputs.length - 1 }, got: d });
    if (sk === 'in') checkSource(si, inputs.length, at, 'policy.envelope');
    else if (si >= outputs.length || si === d) {
      throw fail('policy.envelope', { expected: { at: `${at}.si`, max: outputs.length - 1, not: d }, got: si });
    }
    checkKnots(r, [l, h], at, 'policy.envelope');
    for (const v of [l, h]) checkValues(r, v, output.lo, output.hi, at, 'policy.envelope');
    checkOpen(envelope, at);
  });
}

/** Every segment leaves an integer between its rounded bounds: lower rounds up, upper rounds down. */
function checkOpen({ r, l, h }: EnvelopeSpec, at: string): void {
  for (let j = 0; j < r.length; j++) {
    if (l[j]! > h[j]!)
      throw fail('policy.envelope', { expected: { at, knot: j, rule: 'l <= h' }, got: { l: l[j], h: h[j] } });
  }
  for (let j = 0; j + 1 < r.length; j++) {
    const apart = h[j]! - l[j]! >= 1 && h[j + 1]! - l[j + 1]! >= 1;
    if (!apart && l[j] !== l[j + 1] && h[j] !== h[j + 1]) {
      const rule = 'h - l >= 1 at both ends, or l constant, or h constant';
      throw fail('policy.envelope', {
        expected: { at, segment: j, rule },
        got: { l: [l[j], l[j + 1]], h: [h[j], h[j + 1]] },
      });
    }
  }
}

function checkFallback({ interface: { inputs, outputs, fallback } }: PolicyParts): void {
  if (fallback.length !== outputs.length) {
    throw fail('policy.fallback', { expected: { at: 'fb', entries: outputs.length }, got: fallback.length });
  }
  fallback.forEach(({ si, r, y, z }, d) => {
    const at = `fb[${d}]`;
    const { lo, hi } = outputs[d]!;
    checkSource(si, inputs.length, at, 'policy.fallback');
    checkKnots(r, [y], at, 'policy.fallback');
    checkValues(r, y, lo, hi, at, 'policy.fallback');
    within(z, lo, hi, 'policy.fallback', { at: `${at}.z` });
  });
}

function checkState({ interface: { inputs, outputs, state } }: PolicyParts): void {
  const seen = new Set<number>();
  state.forEach(({ i, d }, j) => {
    if (i >= inputs.length)
      throw fail('policy.state', { expected: { at: `st[${j}].i`, max: inputs.length - 1 }, got: i });
    if (d >= outputs.length)
      throw fail('policy.state', { expected: { at: `st[${j}].d`, max: outputs.length - 1 }, got: d });
    if (seen.has(i)) throw fail('policy.state', { expected: { at: `st[${j}].i`, unique: true }, got: i });
    seen.add(i);
  });
}

function checkOverflow({ interface: { inputs }, layers }: PolicyParts): void {
  let xmax: ArrayLike<number> = inputMaxima(inputs);
  layers.forEach((layer, l) => {
    for (let row = 0; row < layer.outSize; row++) {
      const sum = rowBound(layer, row, xmax);
      if (sum > I32_MAX) throw fail('policy.overflow', { expected: { max: I32_MAX }, got: { layer: l, row, sum } });
    }
    xmax = new Int32Array(layer.outSize).fill(activationMaximum(layer));
  });
}

/** A raw input that bounds or replaces an output must have a missing flag of its own. */
function checkSource(si: number, inputs: number, at: string, code: ErrorCode): void {
  const max = inputs <= LAST_FLAGGED_INPUT + 2 ? inputs - 1 : LAST_FLAGGED_INPUT;
  if (si > max) throw fail(code, { expected: { at: `${at}.si`, max }, got: si });
}

function checkKnots(r: readonly number[], values: readonly (readonly number[])[], at: string, code: ErrorCode): void {
  for (const v of values) {
    if (v.length !== r.length) throw fail(code, { expected: { at, knots: r.length }, got: v.length });
  }
  for (let j = 0; j + 1 < r.length; j++) {
    if (r[j]! >= r[j + 1]!) throw fail(code, { expected: { at, knot: j + 1, rule: 'knots ascend' }, got: r[j + 1] });
  }
}

/** 3.5(c), 3.8: values inside the output's bounds, and |v_{j+1}-v_j|*D <= 2^53-1 in every segment. */
function checkValues(
  r: readonly number[],
  v: readonly number[],
  lo: number,
  hi: number,
  at: string,
  code: ErrorCode,
): void {
  for (let j = 0; j < v.length; j++) within(v[j]!, lo, hi, code, { at, knot: j });
  for (let j = 0; j + 1 < r.length; j++) {
    // A product of 2^53 or more may round, but never to below 2^53.
    const product = Math.abs(v[j + 1]! - v[j]!) * (r[j + 1]! - r[j]!);
    if (product > SAFE_MAX) throw fail(code, { expected: { at, segment: j, maxProduct: SAFE_MAX }, got: product });
  }
}

function within(
  value: number,
  min: number,
  max: number,
  code: ErrorCode,
  where: Readonly<Record<string, string | number>>,
): void {
  if (value < min || value > max) throw fail(code, { expected: { ...where, min, max }, got: value });
}
