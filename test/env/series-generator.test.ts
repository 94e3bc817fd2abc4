/** Properties every generator keeps whatever its parameters; what its numbers look like is in docs/reference/series.md. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GridPactError } from '../../src/base/errors.ts';
import { sha256 } from '../../src/base/hash.ts';
import { toHex } from '../../src/base/bytes.ts';
import { syntheticCarbonKgPerKwh } from '../../src/env/series/generator/carbon.ts';
import { syntheticFrequencyDeviationHz } from '../../src/env/series/generator/frequency.ts';
import { syntheticLoadW } from '../../src/env/series/generator/load.ts';
import { syntheticPricePerMwh } from '../../src/env/series/generator/price.ts';
import { syntheticPvShare } from '../../src/env/series/generator/pv.ts';
import type { DayRequest } from '../../src/env/series/generator/tracks.ts';

interface Case {
  readonly name: string;
  readonly nativeMs: number;
  readonly make: (request: DayRequest) => Float64Array;
  readonly min: number;
  readonly max: number;
  /** Head of SHA-256 over the values of seed 7, day 40. */
  readonly bits: string;
}

const CASES: readonly Case[] = [
  { name: 'price', nativeMs: 3600000, make: syntheticPricePerMwh, min: -100, max: 4000, bits: 'd83330205e2ae178' },
  {
    name: 'load',
    nativeMs: 300000,
    make: (r) => syntheticLoadW({ ...r, home: 3 }),
    min: 50,
    max: 40000,
    bits: 'bb23de950cf82dad',
  },
  { name: 'pv', nativeMs: 300000, make: syntheticPvShare, min: 0, max: 1, bits: '3bad2ddf5802e25a' },
  { name: 'carbon', nativeMs: 300000, make: syntheticCarbonKgPerKwh, min: 0, max: 0.66375, bits: '27db3bda719e900e' },
  {
    name: 'carbon average',
    nativeMs: 300000,
    make: (r) => syntheticCarbonKgPerKwh({ ...r, kind: 'average' }),
    min: 0.02,
    max: 0.5,
    bits: 'cb0466fbeacadb3e',
  },
  {
    name: 'frequency',
    nativeMs: 1000,
    make: (r) => syntheticFrequencyDeviationHz({ ...r, fromHour: 22, toHour: 24 }),
    min: -0.7,
    max: 0.7,
    bits: '936013aceff2e4d2',
  },
];

const digest = (values: Float64Array): string =>
  toHex(sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))).slice(0, 16);

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof GridPactError ? error.code : String(error);
  }
  return undefined;
};

describe.each(CASES)('generator of $name', ({ name, nativeMs, make, min, max, bits }) => {
  it('gives the bits it always gave', () => {
    expect(digest(make({ seed: 7, day: 40, stepMs: nativeMs }))).toBe(bits);
  });

  it('gives the same day alone or after others, another for another seed or day', () => {
    const day = (d: number, seed = 5): string => digest(make({ seed, day: d, stepMs: nativeMs }));
    const alone = day(12);
    day(11);
    day(13);
    expect(day(12)).toBe(alone);
    expect(new Set([alone, day(13), day(12, 6)]).size).toBe(3);
  });

  it('stays finite and within bounds', () => {
    const days = fc.nat({ max: 20000 });
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.string()), days, (seed, day) => {
        const values = make({ seed, day, stepMs: nativeMs });
        return values.every((x) => x >= min && x <= max);
      }),
      { numRuns: name === 'frequency' ? 10 : 40 },
    );
  });

  it('is the mean of its steps at a coarser step and holds them at a finer one', () => {
    const native = make({ seed: 1, day: 3, stepMs: nativeMs });
    const coarse = make({ seed: 1, day: 3, stepMs: 2 * nativeMs });
    const fine = make({ seed: 1, day: 3, stepMs: nativeMs / 2 });
    expect(coarse).toHaveLength(native.length / 2);
    expect(fine).toHaveLength(native.length * 2);
    coarse.forEach((x, t) => expect(x).toBeCloseTo((native[2 * t]! + native[2 * t + 1]!) / 2, 9));
    expect(Array.from(fine)).toEqual(Array.from(native).flatMap((x) => [x, x]));
  });

  it('refuses days and steps it cannot make', () => {
    for (const bad of [{ day: -1 }, { day: 0.5 }, { stepMs: 0 }, { stepMs: 7000001 }, { stepMs: NaN }]) {
      expect(codeOf(() => make({ seed: 1, day: 1, stepMs: nativeMs, ...bad }))).toBe('env.taskArgument');
    }
  });
});

describe('midnight', () => {
  const native = CASES.filter(({ name }) => name !== 'frequency' && name !== 'pv');
  it.each(native)('$name runs on across it: no larger steps there than elsewhere', ({ nativeMs, make }) => {
    const inside: number[] = [];
    const across: number[] = [];
    let last: number | undefined;
    for (let day = 0; day < 150; day++) {
      const values = make({ seed: 2, day, stepMs: nativeMs });
      if (last !== undefined) across.push(Math.abs(values[0]! - last));
      // The two hours on either side, so that the time of day is the same.
      const hours2 = 7200000 / nativeMs;
      for (let t = 1; t < values.length; t++) {
        if (t < hours2 || t >= values.length - hours2) inside.push(Math.abs(values[t]! - values[t - 1]!));
      }
      last = values.at(-1);
    }
    const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length;
    expect(mean(across)).toBeGreaterThan(0.4 * mean(inside));
    expect(mean(across)).toBeLessThan(2 * mean(inside));
  });

  it('frequency: hours asked for apart are the hours of the day', () => {
    const request = { seed: 9, day: 4, stepMs: 1000 };
    const six = syntheticFrequencyDeviationHz({ ...request, fromHour: 4, toHour: 10 });
    const two = syntheticFrequencyDeviationHz({ ...request, fromHour: 6, toHour: 8 });
    // What is remembered is warmed up over one hour: forgotten to exp(-3600/480).
    let worst = 0;
    two.forEach((x, t) => (worst = Math.max(worst, Math.abs(x - six[7200 + t]!))));
    expect(worst).toBeLessThan(5e-5);
    expect(codeOf(() => syntheticFrequencyDeviationHz({ ...request, fromHour: 5, toHour: 5 }))).toBe(
      'env.taskArgument',
    );
    expect(codeOf(() => syntheticFrequencyDeviationHz({ ...request, stepMs: 1 }))).toBe('env.taskArgument');
  });
});

describe('homes and options', () => {
  it('gives every home its own load under one climate', () => {
    const homes = [0, 1, 2].map((home) => syntheticLoadW({ seed: 1, day: 200, stepMs: 3600000, home }));
    expect(new Set(homes.map(digest)).size).toBe(3);
  });

  it('leaves spikes and events out on request', () => {
    const largest = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const days = Array.from({ length: 120 }, (_, day) => day);
    const prices = (spikesPerDay: number): number =>
      Math.max(...days.map((day) => largest(syntheticPricePerMwh({ seed: 1, day, stepMs: 3600000, spikesPerDay }))));
    expect(prices(0)).toBeLessThan(90);
    expect(prices(0.5)).toBeGreaterThan(100);
    const events = (eventsPerDay: number): number =>
      largest(syntheticFrequencyDeviationHz({ seed: 1, day: 0, stepMs: 1000, eventsPerDay }));
    expect(events(0)).toBeLessThan(0.07);
    expect(events(24)).toBeGreaterThan(0.09);
  });
});
