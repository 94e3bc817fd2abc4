/**
 * The life of `voltage-ieee33-*`, bit for bit: digests taken before any of it was made faster. A policy was trained
 * on these numbers, so a change here is a new version of the task.
 */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/base/hash.ts';
import { RandomStream } from '../../src/base/random.ts';
import { uniform } from '../../src/base/realMath.ts';
import { testDay } from '../../src/env/series/synthetic.ts';
import { make, makeVector } from '../../src/env/gym/registry.ts';
import { createSetpoints, Feeder } from '../../src/env/physics/feeder.ts';
import { createFeederScenario, followPlan, ieee33Day, type VoltageCopy } from '../../src/env/tasks/voltageIeee33.ts';
import { DEFAULT_BATTERY_PLAN } from '../../src/env/cases/ieee33Sites.ts';

type Words = Float32Array | Float64Array | Int32Array | Uint8Array;

/** SHA-256 over the bits of everything that was added. */
class Digest {
  readonly #parts: Uint8Array[] = [];

  add(words: Words): void {
    this.#parts.push(new Uint8Array(words.buffer, words.byteOffset, words.byteLength).slice());
  }

  text(text: string): void {
    this.#parts.push(new TextEncoder().encode(text));
  }

  hex(): string {
    const all = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return toHex(sha256(all)).slice(0, 32);
  }
}

/** As first released; info may have grown since. */
const INFO = [
  'step',
  'dayStartMs',
  'outOfBandShare',
  'controllableRatio',
  'lossWh',
  'meanAbsQVar',
  'meanReward',
  'divergedSteps',
  'fallbackShare',
  'trajectoryHash',
];

function addInfo(digest: Digest, info: Readonly<Record<string, number | string>>): void {
  digest.text(JSON.stringify(INFO.map((key) => info[key])));
}

function addFeeder(digest: Digest, feeder: Feeder): void {
  for (const part of [feeder.vPu, feeder.qVar, feeder.pW, feeder.socWh]) digest.add(part);
  digest.add(Float64Array.of(feeder.lossW, feeder.feedInW, feeder.minVPu, feeder.maxVPu));
  digest.add(Float64Array.of(feeder.iterations, feeder.outOfBandBuses, feeder.residualPu));
}

const VARIANTS = {
  shared: ['voltage-ieee33-v1', {}, 600],
  hard: ['voltage-ieee33-hard-v1', {}, 300],
  difference: ['voltage-ieee33-v1', { credit: 'difference', missingRate: 0.1 }, 300],
  undelayed: ['voltage-ieee33-v1', { observationDelay: 0, missingRate: 0.25 }, 300],
  quarters: ['voltage-ieee33-hard-v1', { stepMs: 900000, split: 'test', seriesSeed: 7, credit: 'difference' }, 200],
} as const;

function live(name: keyof typeof VARIANTS): string {
  const [id, args, steps] = VARIANTS[name];
  const vector = makeVector(id, 2, args);
  const stream = RandomStream.fromSeed(17, 'golden');
  const actions = new Float32Array(12);
  const digest = new Digest();
  digest.add(vector.reset(31));
  for (let k = 0; k < steps; k++) {
    for (let i = 0; i < actions.length; i++) actions[i] = 2.4 * uniform(stream) - 1.2;
    const step = vector.step(actions);
    for (const part of [step.observations, step.rewards, step.truncated]) digest.add(part);
    if (step.truncated[0] === 1) digest.add(step.finalObservations);
    for (const episode of vector.ended) addInfo(digest, episode.info);
    for (const copy of vector.copies) addFeeder(digest, copy.feeder);
  }
  return digest.hex();
}

describe('voltage-ieee33, bit for bit', () => {
  it.each([
    ['shared', '7f266bc072cb054a956042e3b4e1dba3'],
    ['hard', 'b9cd0c4ae326ea82a7f0c7539382a088'],
    ['difference', '3f2c06b880c0385bb2c83f6daf606ca8'],
    ['undelayed', '0630f66a41d7d409a05904e5ea1816c5'],
    ['quarters', '7b0d52792ea5242f2ecd905cae68ad19'],
  ] as const)('random actions, %s', (name, golden) => {
    expect(live(name)).toBe(golden);
  });

  it('goes on the same from a clone and from a state that went through JSON', () => {
    const env = make('voltage-ieee33-v1', { missingRate: 0.1 });
    env.reset({ seed: 3 });
    const action = Float32Array.of(0.9, -0.2, 0.3, -0.4, 0.5, -1);
    for (let k = 0; k < 130; k++) env.step(action);
    const twin = env.clone();
    const digest = new Digest();
    for (let k = 0; k < 158; k++) {
      const result = twin.step(action);
      digest.add(result.observation);
      if (result.truncated) addInfo(digest, result.info);
    }
    digest.add(twin.reset().observation);
    addFeeder(digest, (twin.copy as VoltageCopy).feeder);
    expect(digest.hex()).toBe('52b9a5dcef1c9b76743c1a1f874e419c');
  });

  it('a feeder alone, with another curve, shares, and an interval without a solution', () => {
    const series = ieee33Day(testDay(3), { seed: 1 });
    const broken = { ...series, loadPW: series.loadPW.slice() };
    for (let b = 1; b < 33; b++) broken.loadPW[150 * 33 + b] = 4e6;
    const feeder = new Feeder(createFeederScenario({ series: broken }));
    const setpoints = createSetpoints(6, 800000);
    const digest = new Digest();
    for (let k = 0; k < 288; k++) {
      followPlan(feeder, DEFAULT_BATTERY_PLAN, k, setpoints);
      setpoints.offsetMicro.fill(((k * 7919) % 1600001) - 800000);
      setpoints.mode = k % 3 === 0 ? 'share' : 'curve';
      const steep = { vMicroPu: [980000, 990000, 1010000, 1020000], shareMicro: [1600000, 0, 0, -1600000] };
      setpoints.curve = k % 5 === 0 ? steep : undefined;
      feeder.advance(k, setpoints);
      addFeeder(digest, feeder);
      digest.add(feeder.flow.vRe);
      digest.add(feeder.flow.vIm);
    }
    expect(digest.hex()).toBe('a8f4f2d5711fd71a9ffbeaa5ffc36d4a');
  });
});
