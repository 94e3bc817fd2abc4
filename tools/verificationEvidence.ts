/** The cases of the verifier that are too heavy for `npm test`: V1, V3, fuzzed documents, and shipped policies by the clock. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isGridPactError } from '../src/base/errors.ts';
import { RandomStream } from '../src/base/random.ts';
import { buildCertificate, loadCertificate } from '../src/contracts/policy/certificate/certificate.ts';
import { checkCertificate, rootPiece } from '../src/contracts/policy/certificate/check.ts';
import { LeafBounder } from '../src/contracts/policy/certificate/leaf.ts';
import { loadProperty } from '../src/contracts/policy/certificate/property.ts';
import { SumEvaluator } from '../src/contracts/policy/certificate/sum.ts';
import { buildPolicy, loadArtifact } from '../src/contracts/policy/codec.ts';
import { FloatBounds, isFloatBounded } from '../src/verify/floatBounds.ts';
import { guaranteesOf, prove, standardTemplates } from '../src/verify/index.ts';
import {
  propertyOf,
  randomPoint,
  randomProperty,
  shrink,
  tameParts,
} from '../test/contracts/policy/certificate/samples.ts';
import { randomParts } from '../test/contracts/policy/samples.ts';
import { bruteForce, gridPolicy } from '../test/verify/brute.ts';

type Facts = readonly (readonly [string, string | number])[];
type Told = (line: string) => void;

const GRID_NETWORKS = 1000;
const POINTS = 10000000;
const MUTANTS = 1000000;
const SECONDS_EACH = 60;

/** V1: exact extremes of so many networks of 65 536 points each. */
async function bruteForced(tell: Told): Promise<{ wrong: number; boxes: number }> {
  let [wrong, boxes] = [0, 0];
  for (let seed = 0; seed < GRID_NETWORKS; seed++) {
    const policy = gridPolicy(seed, seed % 4 === 3 ? 3 : 0, (['relu', 'hardtanh', 'tanh'] as const)[seed % 3]!);
    const { max, min } = bruteForce(policy);
    for (const [mode, truth] of [
      ['max', max],
      ['min', min],
    ] as const) {
      const found = await prove(policy, propertyOf(policy, { mode }));
      boxes += found.boxes;
      if (found.verdict !== 'PROVED' || found.bound !== truth || found.checked?.bound !== truth) wrong++;
    }
    if (seed % 100 === 99) tell(`${seed + 1} networks against all of their points`);
  }
  return { wrong, boxes };
}

/** V3: points of random pieces of random policies, against every kind of bound. */
function contained(tell: Told): { points: number; outside: number } {
  let [points, outside] = [0, 0];
  for (let seed = 0; points < POINTS; seed++) {
    const stream = RandomStream.fromSeed(seed, 'verify/deep');
    const hidden = Array.from({ length: 1 + stream.below(3) }, () => 4 + stream.below(12));
    const activation = (['relu', 'hardtanh', 'tanh'] as const)[stream.below(3)]!;
    const tame = {
      inputs: 1 + stream.below(5),
      hidden,
      outputs: 1 + stream.below(3),
      activation,
      envelopes: stream.below(3),
    };
    const policy = buildPolicy(seed % 3 === 0 ? randomParts(stream) : tameParts(stream, tame));
    const property = randomProperty(stream, policy);
    const sign = property.mode === 'min' ? -1 : 1;
    const evaluator = new SumEvaluator(policy, property);
    const piece = shrink(stream, rootPiece(property, 0));
    const integers = new LeafBounder(policy, property);
    const bounds = ([2, 3] as const).map((mode) => integers.bound(0, piece.lo, piece.hi, mode));
    if (isFloatBounded(policy, property)) {
      bounds.push(new FloatBounds(policy, property).bound(piece.lo, piece.hi, Number.NEGATIVE_INFINITY));
    }
    const least = Math.min(...bounds);
    for (let k = 0; k < 1000; k++) {
      const point = randomPoint(stream, property, piece);
      if (point === undefined) continue;
      points++;
      if (sign * evaluator.sum(point) > least) outside++;
    }
    if (seed % 2000 === 1999) tell(`${points} points in their bounds`);
  }
  return { points, outside };
}

interface Fuzzed {
  readonly accepted: number;
  readonly falseClaims: number;
  readonly notCanonical: number;
  readonly crashes: number;
  readonly slowestMs: number;
}

/** Mutated properties and certificates: refused with a code, or canonical; and no claim that is false. */
async function fuzzed(tell: Told): Promise<Fuzzed> {
  const parts = tameParts(RandomStream.fromSeed(7, 'certificate/check'), { inputs: 3, hidden: [8, 8], outputs: 2 });
  const policy = buildPolicy(parts);
  const maximum = propertyOf(policy, { mode: 'max', tol: 20 });
  const proof = (await prove(policy, maximum)).certificate!;
  const reached = new SumEvaluator(policy, maximum).sum(proof.wit);
  const stream = RandomStream.fromSeed(1, 'verify/fuzz');
  const sources = [maximum.bytes, proof.bytes];
  let [accepted, falseClaims, notCanonical, crashes, slowestMs] = [0, 0, 0, 0, 0];
  for (let n = 0; n < MUTANTS; n++) {
    const isProperty = n % 2 === 0;
    const bytes = mutated(stream, sources[n % 2]!);
    const startMs = performance.now();
    try {
      const again = isProperty ? loadProperty(bytes) : loadCertificate(bytes);
      accepted++;
      if (!equal(again.bytes, bytes)) notCanonical++;
      if (!isProperty) {
        const certificate = loadCertificate(bytes);
        if (!equal(buildCertificate(certificate).bytes, bytes)) notCanonical++;
        if (checkCertificate(policy, maximum, certificate).bound < reached) falseClaims++;
      }
    } catch (error) {
      if (!isGridPactError(error)) crashes++;
    }
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    if (n % 100000 === 99999) tell(`${n + 1} mutated documents`);
  }
  return { accepted, falseClaims, notCanonical, crashes, slowestMs };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** One to four edits: a byte set, a bit flipped, bytes taken out, put in or repeated. */
function mutated(stream: RandomStream, source: Uint8Array): Uint8Array {
  let bytes = Array.from(source);
  for (let edits = 1 + stream.below(4); edits > 0; edits--) {
    const at = stream.below(bytes.length);
    const kind = stream.below(5);
    if (kind === 0) bytes[at] = stream.below(256);
    else if (kind === 1) bytes[at]! ^= 1 << stream.below(8);
    else if (kind === 2) bytes = bytes.toSpliced(at, 1 + stream.below(4));
    else if (kind === 3) bytes = bytes.toSpliced(at, 0, stream.below(256));
    else bytes = bytes.toSpliced(at, 0, ...bytes.slice(at, at + stream.below(40)));
    if (bytes.length === 0) bytes = [0];
  }
  return Uint8Array.from(bytes);
}

interface SuiteRow {
  readonly row: string;
  readonly isDecided: boolean;
  readonly isClaim: boolean;
  readonly isFalse: boolean;
}

/** What can be asked of every shipped policy, one thread, so many seconds each. */
async function shippedSuites(root: string, tell: Told): Promise<readonly SuiteRow[]> {
  const rows: SuiteRow[] = [];
  for (const model of readdirSync(join(root, 'models')).sort()) {
    const policy = loadArtifact(readFileSync(join(root, 'models', model, 'policy.cbor')));
    for (const guarantee of standardTemplates(policy).flatMap((template) => guaranteesOf(policy, template))) {
      const { guarantee: g, id, sentence, property, isClaim } = guarantee;
      const found = await prove(policy, property, { budget: { seconds: SECONDS_EACH, boxes: 100000000 } });
      const { verdict, seconds, boxes, bound, best, checked, uncertified } = found;
      const leaves = checked === undefined ? (uncertified === undefined ? '-' : 'too many') : String(checked.leaves);
      const figures = [verdict, seconds.toFixed(2), boxes, leaves, bound, best ?? '-'].join(' | ');
      rows.push({
        row: `| ${model} | ${g} ${id} | ${sentence} | ${figures} |`,
        isDecided: verdict !== 'UNKNOWN',
        isClaim,
        isFalse: isClaim && verdict === 'REFUTED',
      });
      tell(`${model} ${id}: ${verdict}, ${seconds.toFixed(2)} s, ${boxes} boxes`);
    }
  }
  return rows;
}

export async function verificationEvidence(
  root: string,
  tell: Told,
): Promise<{ facts: Facts; passed: boolean; sections: readonly string[] }> {
  const rows = await shippedSuites(root, tell);
  const decided = rows.filter(({ isDecided }) => isDecided).length;
  const brute = await bruteForced(tell);
  const inside = contained(tell);
  const fuzz = await fuzzed(tell);
  const facts: Facts = [
    [`networks of 65 536 points whose exact maximum and minimum were proved, checked and right (V1)`, GRID_NETWORKS],
    ['of their extremes wrong', brute.wrong],
    ['pieces bounded for that', brute.boxes],
    ['random points of random pieces in every kind of bound (V3)', inside.points],
    ['of them outside', inside.outside],
    ['mutated properties and certificates', MUTANTS],
    ['of them accepted as documents', fuzz.accepted],
    ['claims below what a policy reaches', fuzz.falseClaims],
    ['not canonical and accepted', fuzz.notCanonical],
    ['crashes', fuzz.crashes],
    ['slowest, ms', fuzz.slowestMs.toFixed(1)],
    ['properties of shipped policies', rows.length],
    [`of them decided within ${SECONDS_EACH} s on one thread`, decided],
    ['of the claims among them refuted', rows.filter(({ isFalse }) => isFalse).length],
  ];
  const clean = fuzz.falseClaims + fuzz.notCanonical + fuzz.crashes === 0;
  const passed = brute.wrong === 0 && inside.outside === 0 && clean && decided >= 0.95 * rows.length;
  const head = [
    '| policy | property | in words | verdict | s | boxes | leaves | bound | furthest seen |',
    '|---|---|---|---|---|---|---|---|---|',
  ];
  const intro =
    'Bounds and values in counts of the output. `.without` asks whether the network keeps a claim without its envelopes: refuted there means that the envelope binds.';
  return {
    facts,
    passed,
    sections: ['## Shipped policies', '', intro, '', ...head, ...rows.map(({ row }) => row), ''],
  };
}
