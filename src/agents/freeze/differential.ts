/**
 * Bounds of (integer network) - (float network) over a box of real inputs x, by one linear relaxation of both
 * (docs/reference/freeze.md). With W, b the float layer, Q, q the integer one in real units, a and d the float activation
 * and the difference of activations that arrive, exactly:
 *   delta = Q d + (Q - W) a + (q - b) + rho,     |rho| <= half a count (0 at shift 0)
 *   d' = lambda delta (- what the integer relu cuts off above 32767, +- the tanh table), lambda in [0, 1]
 * lambda is 1 where both stand surely on the linear piece, 0 where both surely are cut, and the least and greatest
 * derivative between them for tanh. Coefficients of a and d are carried back to the inputs layer by layer with their signs,
 * so errors that cancel cancel here too; what a relaxation leaves open enters as +- a radius.
 *
 * Sound in doubles: the sum of the magnitudes of all terms of a bound is at most 16 times `magnitude` (the same sum with
 * absolute values over the whole box), no sum has more than 8000 terms in sequence, so each bound is within 2^-36 of that
 * magnitude, and is widened by as much.
 */
import { UNIT_INTEGER } from '../../grid/interface.ts';
import { activateReal, type FloatLayer, type Range } from './floatPolicy.ts';
import type { IntegerLayer } from './integerNetwork.ts';
import { JointRadius } from './jointRadius.ts';
import { relax, type Relaxation } from './reach.ts';

/** Both networks of a layer in real units. */
interface Pair {
  readonly inSize: number;
  readonly outSize: number;
  readonly activation: FloatLayer['activation'];
  /** [outSize][inSize]: of the float layer, of the integer one, and their difference. */
  readonly weights: Float64Array;
  readonly integer: Float64Array;
  readonly gap: Float64Array;
  /** [outSize] */
  readonly bias: Float64Array;
  readonly gapBias: Float64Array;
  /** Half a count. */
  readonly rounding: Float64Array;
  /** Where the integer relu is cut. */
  readonly top: Float64Array;
  readonly slack: Float64Array;
}

/** Of one layer over a box: values of the float network before the activation, and how far the integer one is off. */
export interface LayerBounds {
  readonly z: Range;
  readonly delta: Range;
}

/** How a layer's activation is relaxed over a box: a = slope z + mid +- radius, d = lambda delta + dMid +- dRadius. */
interface Relaxed {
  readonly slope: Float64Array;
  readonly mid: Float64Array;
  readonly radius: Float64Array;
  readonly lambda: Float64Array;
  readonly dMid: Float64Array;
  readonly dRadius: Float64Array;
  /** The part of dRadius that stands for |delta| at a slope not known: open * off, and open itself. */
  readonly openRadius: Float64Array;
  readonly open: Float64Array;
}

/** delta of the units of a hidden layer as a sum of shared errors: D e +- own, |e_k| <= 1. */
interface Shared {
  readonly columns: number;
  /** [outSize][columns] */
  readonly d: Float64Array;
  /** [outSize]: |middle| + rounding + slack. */
  readonly own: Float64Array;
  readonly joint: JointRadius;
}

/** The integer tanh against tanh, at equal z: table, interpolation, rounding and the cut at 8, in its own counts. */
export const TANH_COUNTS = 1.65;
const SLACK = 2 ** -36;

export class Differential {
  readonly #pairs: readonly Pair[];
  readonly #relaxed: readonly Relaxed[];
  /** Per layer [outSize][inputs]: |coefficient| of each input in the float value, of the last box. */
  readonly #slopes: readonly Float64Array[];
  /** Of hidden layers from the second on; undefined for the first, whose errors are its own, and the last. */
  readonly #shared: readonly (Shared | undefined)[];
  readonly #inputs: number;
  readonly #weightOf: Float64Array;
  readonly #scratch: readonly Float64Array[];
  readonly #relaxation: Relaxation = { slope: 0, lo: 0, hi: 0 };

  constructor(network: readonly IntegerLayer[], input: Range) {
    this.#pairs = pairsOf(network, input);
    this.#inputs = input.lo.length;
    this.#relaxed = this.#pairs.map(({ outSize }) => emptyRelaxed(outSize));
    this.#slopes = this.#pairs.map(({ outSize }) => new Float64Array(outSize * this.#inputs));
    this.#shared = sharedOf(this.#pairs, this.#inputs);
    const width = this.#pairs.reduce((held, { inSize, outSize }) => Math.max(held, inSize, outSize), 1);
    this.#scratch = Array.from({ length: 6 }, () => new Float64Array(width));
    this.#weightOf = new Float64Array(width);
  }

  /** Layer by layer; `within`: bounds that hold on a box around this one. */
  bounds(input: Range, within?: readonly LayerBounds[]): LayerBounds[] {
    return this.#pairs.map((pair, l) => {
      const bounds = this.#layerBounds(l, input, within?.[l]);
      relaxLayer(pair, bounds, this.#relaxed[l]!, this.#relaxation);
      return bounds;
    });
  }

  #layerBounds(l: number, input: Range, within: LayerBounds | undefined): LayerBounds {
    const { outSize } = this.#pairs[l]!;
    const z = { lo: new Float64Array(outSize), hi: new Float64Array(outSize) };
    const delta = { lo: new Float64Array(outSize), hi: new Float64Array(outSize) };
    for (let o = 0; o < outSize; o++) this.#row(l, o, input, z, delta);
    const shared = this.#shared[l];
    shared?.joint.set(shared.d, shared.columns);
    if (within !== undefined) {
      intersect(z, within.z);
      intersect(delta, within.delta);
    }
    return { z, delta };
  }

  /**
   * One unit, back to the inputs:
   *   z = cz a + constant +- radius,  delta = ca a + cd d + constant +- radius
   */
  #row(l: number, o: number, input: Range, z: Range, delta: Range): void {
    const pair = this.#pairs[l]!;
    const n = pair.inSize;
    let [cz, ca, cd, nz, na, nd] = this.#scratch as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let i = 0; i < n; i++) {
      cz[i] = pair.weights[o * n + i]!;
      ca[i] = pair.gap[o * n + i]!;
      cd[i] = pair.integer[o * n + i]!;
    }
    let zMid = pair.bias[o]!;
    let zRadius = 0;
    let dMid = pair.gapBias[o]!;
    let dRadius = pair.rounding[o]!;
    const shared = this.#shared[l];
    let column = o * (shared?.columns ?? 0);
    const last = l === this.#pairs.length - 1;
    for (let k = l - 1; k >= 0; k--) {
      const { inSize, outSize, weights, integer, gap, bias, gapBias, rounding } = this.#pairs[k]!;
      const relaxed = this.#relaxed[k]!;
      nz.fill(0, 0, inSize);
      na.fill(0, 0, inSize);
      nd.fill(0, 0, inSize);
      for (let u = 0; u < outSize; u++) {
        const mid = relaxed.mid[u]!;
        const radius = relaxed.radius[u]!;
        const slope = relaxed.slope[u]!;
        const kz = cz[u]! * slope;
        const ka = ca[u]! * slope;
        const kd = cd[u]! * relaxed.lambda[u]!;
        zMid += cz[u]! * mid + kz * bias[u]!;
        zRadius += Math.abs(cz[u]!) * radius;
        dMid += ca[u]! * mid + ka * bias[u]! + cd[u]! * relaxed.dMid[u]! + kd * gapBias[u]!;
        dRadius += Math.abs(ca[u]!) * radius + Math.abs(cd[u]!) * relaxed.dRadius[u]! + Math.abs(kd) * rounding[u]!;
        if (shared !== undefined) {
          shared.d[column++] = ca[u]! * radius;
          shared.d[column++] = cd[u]! * relaxed.dRadius[u]!;
          shared.d[column++] = kd * rounding[u]!;
        }
        if (slope === 0 && kd === 0) continue;
        const at = u * inSize;
        for (let i = 0; i < inSize; i++) {
          const w = weights[at + i]!;
          nz[i]! += kz * w;
          na[i]! += ka * w + kd * gap[at + i]!;
        }
        if (k > 0) for (let i = 0; i < inSize; i++) nd[i]! += kd * integer[at + i]!;
      }
      if (last && this.#shared[k] !== undefined) dRadius -= this.#jointGain(k, cd);
      [cz, nz, ca, na, cd, nd] = [nz, cz, na, ca, nd, cd];
    }
    const slopes = this.#slopes[l]!;
    for (let i = 0; i < this.#inputs; i++) {
      const middle = (input.lo[i]! + input.hi[i]!) / 2;
      const half = (input.hi[i]! - input.lo[i]!) / 2;
      zMid += cz[i]! * middle;
      zRadius += Math.abs(cz[i]!) * half;
      dMid += ca[i]! * middle;
      dRadius += Math.abs(ca[i]!) * half;
      slopes[o * this.#inputs + i] = Math.abs(cz[i]!);
      if (shared !== undefined) shared.d[column++] = ca[i]! * half;
    }
    if (shared !== undefined) shared.own[o] = Math.abs(dMid) + pair.rounding[o]! + pair.slack[o]!;
    const slack = pair.slack[o]!;
    z.lo[o] = zMid - zRadius - slack;
    z.hi[o] = zMid + zRadius + slack;
    delta.lo[o] = dMid - dRadius - slack;
    delta.hi[o] = dMid + dRadius + slack;
  }

  /** How much less than sum |cd_u| openRadius_u the open units of layer k can add, since they share their errors. */
  #jointGain(k: number, cd: Float64Array): number {
    const { open, openRadius } = this.#relaxed[k]!;
    const { own, joint } = this.#shared[k]!;
    const c = this.#weightOf.subarray(0, open.length);
    let [apart, owned] = [0, 0];
    for (let u = 0; u < open.length; u++) {
      c[u] = Math.abs(cd[u]!) * open[u]!;
      apart += Math.abs(cd[u]!) * openRadius[u]!;
      owned += c[u]! * own[u]!;
    }
    return apart === 0 ? 0 : Math.max(0, apart - owned - joint.bound(c));
  }

  /**
   * Which input stands behind most of what the relaxation leaves open in output o, after `bounds` of the same box;
   * -1: splitting would gain nothing.
   */
  splitInput(o: number, input: Range): number {
    const score = new Float64Array(this.#inputs);
    const last = this.#pairs.length - 1;
    const { inSize, gap, integer } = this.#pairs[last]!;
    let ca = gap.slice(o * inSize, (o + 1) * inSize);
    let cd = integer.slice(o * inSize, (o + 1) * inSize);
    for (let k = last - 1; k >= 0; k--) {
      const pair = this.#pairs[k]!;
      const relaxed = this.#relaxed[k]!;
      const [na, nd] = [new Float64Array(pair.inSize), new Float64Array(pair.inSize)];
      for (let u = 0; u < pair.outSize; u++) {
        const open = Math.abs(ca[u]!) * relaxed.radius[u]! + Math.abs(cd[u]!) * relaxed.dRadius[u]!;
        if (open > 0) this.#share(score, k, u, open, input);
        const ka = ca[u]! * relaxed.slope[u]!;
        const kd = cd[u]! * relaxed.lambda[u]!;
        for (let i = 0; i < pair.inSize; i++) {
          na[i]! += ka * pair.weights[u * pair.inSize + i]! + kd * pair.gap[u * pair.inSize + i]!;
          nd[i]! += kd * pair.integer[u * pair.inSize + i]!;
        }
      }
      [ca, cd] = [na, nd];
    }
    for (let i = 0; i < this.#inputs; i++) score[i]! += (Math.abs(ca[i]!) * (input.hi[i]! - input.lo[i]!)) / 2;
    let best = -1;
    for (let i = 0; i < this.#inputs; i++) if (score[i]! > (best < 0 ? 0 : score[best]!)) best = i;
    return best;
  }

  /** By how much each input moves the unit. */
  #share(score: Float64Array, k: number, u: number, open: number, input: Range): void {
    const n = this.#inputs;
    const slopes = this.#slopes[k]!;
    let total = 0;
    for (let i = 0; i < n; i++) total += slopes[u * n + i]! * (input.hi[i]! - input.lo[i]!);
    if (total === 0) return;
    for (let i = 0; i < n; i++) score[i]! += (open * slopes[u * n + i]! * (input.hi[i]! - input.lo[i]!)) / total;
  }
}

function pairsOf(network: readonly IntegerLayer[], input: Range): Pair[] {
  let amax: Float64Array = input.lo.map((lo, i) => Math.max(Math.abs(lo), Math.abs(input.hi[i]!)));
  return network.map(({ plan, layer }) => {
    const { float, inScale, outScale, activation } = plan;
    const { inSize, outSize, shift } = layer;
    const unit = outScale.map((scale) => scale * 2 ** shift);
    const integer = Float64Array.from(
      layer.weights,
      (w, at) => (w * inScale[at % inSize]!) / unit[Math.floor(at / inSize)]!,
    );
    const gap = integer.map((value, at) => value - float.weights[at]!);
    const magnitude = unit.map((perReal, o) => {
      let sum = Math.abs(float.bias[o]!) + Math.abs(layer.bias[o]! / perReal) + 1 / outScale[o]!;
      for (let i = 0; i < inSize; i++) {
        sum += (Math.abs(float.weights[o * inSize + i]!) + Math.abs(integer[o * inSize + i]!)) * amax[i]!;
      }
      return sum;
    });
    amax = magnitude.map((m) => (activation === 'tanh' || activation === 'hardtanh' ? Math.min(m, 2) : m));
    return {
      inSize,
      outSize,
      activation,
      weights: Float64Array.from(float.weights),
      integer,
      gap,
      bias: Float64Array.from(float.bias),
      gapBias: unit.map((perReal, o) => layer.bias[o]! / perReal - float.bias[o]!),
      rounding: outScale.map((scale) => (shift === 0 ? 0 : 0.5 / scale)),
      top: outScale.map((scale) => (activation === 'relu' ? UNIT_INTEGER / scale : Infinity)),
      slack: magnitude.map((m) => SLACK * m),
    };
  });
}

function sharedOf(pairs: readonly Pair[], inputs: number): (Shared | undefined)[] {
  return pairs.map(({ outSize, activation }, l) => {
    if (l === 0 || l === pairs.length - 1 || activation === 'identity') return undefined;
    const columns = inputs + pairs.slice(0, l).reduce((sum, before) => sum + 3 * before.outSize, 0);
    const d = new Float64Array(outSize * columns);
    return { columns, d, own: new Float64Array(outSize), joint: new JointRadius(outSize) };
  });
}

function emptyRelaxed(size: number): Relaxed {
  const array = (): Float64Array => new Float64Array(size);
  return {
    slope: array(),
    mid: array(),
    radius: array(),
    lambda: array(),
    dMid: array(),
    dRadius: array(),
    openRadius: array(),
    open: array(),
  };
}

function relaxLayer(pair: Pair, { z, delta }: LayerBounds, out: Relaxed, relaxation: Relaxation): void {
  for (let u = 0; u < pair.outSize; u++) {
    const { slope, lo, hi } = relax(pair.activation, z.lo[u]!, z.hi[u]!, relaxation);
    out.slope[u] = slope;
    out.mid[u] = (lo + hi) / 2;
    out.radius[u] = (hi - lo) / 2;
    const [least, most] = secants(pair.activation, z.lo[u]!, z.hi[u]!, delta.lo[u]!, delta.hi[u]!);
    out.lambda[u] = (least + most) / 2;
    const off = Math.max(Math.abs(delta.lo[u]!), Math.abs(delta.hi[u]!));
    const cut = Math.max(0, z.hi[u]! + delta.hi[u]! - pair.top[u]!);
    out.open[u] = (most - least) / 2;
    out.openRadius[u] = out.open[u]! * off;
    out.dMid[u] = -cut / 2;
    out.dRadius[u] = out.openRadius[u]! + cut / 2 + (pair.activation === 'tanh' ? TANH_COUNTS / UNIT_INTEGER : 0);
  }
}

/** Least and greatest slope of the activation between a point of [lo, hi] and one off by [dLo, dHi]. */
function secants(
  activation: FloatLayer['activation'],
  lo: number,
  hi: number,
  dLo: number,
  dHi: number,
): readonly [number, number] {
  const from = Math.min(lo, lo + dLo);
  const to = Math.max(hi, hi + dHi);
  if (activation === 'identity') return [1, 1];
  if (activation === 'relu') return from >= 0 ? [1, 1] : to <= 0 ? [0, 0] : [0, 1];
  if (activation === 'hardtanh') return from >= -1 && to <= 1 ? [1, 1] : to <= -1 || from >= 1 ? [0, 0] : [0, 1];
  const [tFrom, tTo] = [activateReal('tanh', from), activateReal('tanh', to)];
  const [atFrom, atTo] = [1 - tFrom * tFrom, 1 - tTo * tTo];
  const most = from <= 0 && to >= 0 ? 1 : Math.max(atFrom, atTo);
  // 1e-12: tanhReal's own error
  return [Math.max(0, Math.min(atFrom, atTo) - 1e-12), Math.min(1, most + 1e-12)];
}

function intersect(range: Range, within: Range): void {
  for (let o = 0; o < range.lo.length; o++) {
    range.lo[o] = Math.max(range.lo[o]!, within.lo[o]!);
    range.hi[o] = Math.min(range.hi[o]!, within.hi[o]!);
  }
}
