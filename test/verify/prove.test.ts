/** Conformance V1, V5, V6, V8 and V9 of the policy specification: what the search says is what is true. */
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { isGridPactError } from '../../src/base/errors.ts';
import { RandomStream } from '../../src/base/random.ts';
import type { LoadedPolicy } from '../../src/contracts/policy/artifact.ts';
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import { SumEvaluator } from '../../src/contracts/policy/certificate/sum.ts';
import type { Property } from '../../src/contracts/policy/certificate/property.ts';
import { prove, type ProofResult } from '../../src/verify/prove.ts';
import { propertyOf, tameParts } from '../contracts/policy/certificate/samples.ts';
import { dense, plainInput, plainOutput, tinyParts } from '../contracts/policy/samples.ts';
import { bruteForce, gridPolicy, realMaximum } from './brute.ts';

describe('V1: the exact extremes of 2-input 8-8 networks are those of all 65 536 points (1 000 networks in check:deep)', () => {
  it.each(['relu', 'hardtanh', 'tanh'] as const)('%s', async (activation) => {
    for (let seed = 0; seed < 5; seed++) {
      const policy = gridPolicy(seed, 0, activation);
      const { max, min } = bruteForce(policy);
      const found = [await prove(policy, propertyOf(policy, { mode: 'max' }))];
      found.push(await prove(policy, propertyOf(policy, { mode: 'min' })));
      expect(found.map(({ verdict, bound, best }) => ({ verdict, bound, best }))).toEqual([
        { verdict: 'PROVED', bound: max, best: max },
        { verdict: 'PROVED', bound: min, best: min },
      ]);
      for (const { certificate, checked } of found) expect(checked?.bound).toBe(certificate!.bound);
    }
  });
});

describe('V5: planted counterexamples', () => {
  /** Output 0 but for a spike of `width` counts around x0, anywhere in three inputs' box. */
  function spike(x0: number, width: number): LoadedPolicy {
    const inputs = [0, 1, 2].map((i) => plainInput(`in.${i}`));
    const rows = [-width, 0, width].map(() => [1, 0, 0]);
    const offsets = [width - x0, -x0, -width - x0];
    return buildPolicy({
      interface: {
        inputs,
        outputs: [plainOutput('out')],
        envelopes: [],
        fallback: [{ si: 0, r: [0], y: [0], z: 0 }],
        state: [],
      },
      layers: [dense(rows, offsets, 0, 'relu'), dense([[1, -2, 1]], [0], 0, 'identity')],
      head: { kind: 'cont' },
    });
  }

  it('are found however narrow, and a claim just above the peak is proved', async () => {
    const stream = RandomStream.fromSeed(5, 'verify/planted');
    for (let n = 0; n < 20; n++) {
      const width = 1 + stream.below(8);
      const x0 = -30000 + stream.below(60000);
      const policy = spike(x0, width);
      const refuted = await prove(policy, propertyOf(policy, { rhs: width - 1 }));
      expect(refuted).toMatchObject({ verdict: 'REFUTED', best: width });
      expect(refuted.point![0]).toBe(x0);
      expect(refuted.at![0]).toEqual({ n: 'in.0', value: x0, unit: '' });
      expect((await prove(policy, propertyOf(policy, { rhs: width }))).verdict).toBe('PROVED');
    }
  });
});

describe('V6: a budget that runs out', () => {
  const stream = RandomStream.fromSeed(1, 'verify/budget');
  const policy = buildPolicy(tameParts(stream, { inputs: 6, hidden: [32, 32], outputs: 1 }));
  const property = propertyOf(policy, { mode: 'max' });

  it.each([
    ['boxes', { budget: { boxes: 500 } }],
    ['seconds', { budget: { seconds: 1e-9 }, clock: new ManualClock(0) }],
    ['memory', { budget: { bytes: 1 } }],
    ['aborted', { signal: AbortSignal.abort() }],
  ] as const)('%s: UNKNOWN with bounds that hold, never a pass', async (exhausted, options) => {
    const clock = 'clock' in options ? options.clock : undefined;
    const steps = { onProgress: () => undefined, ...options };
    if (clock !== undefined) clock.set(1000);
    const found = await prove(policy, property, clock === undefined ? steps : { ...steps, clock: advancing() });
    expect(found).toMatchObject({ verdict: 'UNKNOWN', exhausted, certificate: undefined, checked: undefined });
    expect(found.bound).toBeGreaterThan(found.best!);
    expect(new SumEvaluator(policy, property).sum(found.point!)).toBe(found.best);
  });

  it('a budget that is none is refused', async () => {
    const refused = await prove(policy, property, { budget: { boxes: 0 } }).catch((error: unknown) => error);
    expect(isGridPactError(refused, 'verify.budget')).toBe(true);
  });

  /** A second passes whenever it is asked. */
  function advancing(): ManualClock {
    const clock = new ManualClock(0);
    return { nowMs: () => (clock.set(clock.nowMs() + 1000), clock.nowMs()) } as ManualClock;
  }
});

describe('V8 and V9: networks at the margin', () => {
  it('what only a real-number reading would prove is refuted, and the true bound is proved', async () => {
    let engineered = 0;
    for (let seed = 100; seed < 107; seed++) {
      const policy = gridPolicy(seed);
      const { max } = bruteForce(policy);
      const realMax = realMaximum(policy);
      const refuted = await prove(policy, propertyOf(policy, { rhs: max - 1 }));
      expect(refuted).toMatchObject({ verdict: 'REFUTED', best: max });
      // Without rounding the network keeps below what the integers reach.
      if (realMax < max) {
        engineered++;
        expect((await prove(policy, propertyOf(policy, { rhs: Math.ceil(realMax) - 1 }))).verdict).toBe('REFUTED');
      }
    }
    expect(engineered).toBeGreaterThan(1);
  });

  it('V9: with units beyond 32767 the exact maximum is still that of all points', async () => {
    for (let seed = 0; seed < 4; seed++) {
      const policy = gridPolicy(seed, 3);
      const { max, min } = bruteForce(policy);
      expect((await prove(policy, propertyOf(policy, { mode: 'max' }))).bound).toBe(max);
      expect((await prove(policy, propertyOf(policy, { mode: 'min' }))).bound).toBe(min);
    }
  });
});

describe('threads', () => {
  it('give the verdict, bound, point and certificate that one thread gives', async () => {
    const stream = RandomStream.fromSeed(7, 'verify/threads');
    const policy = buildPolicy(tameParts(stream, { inputs: 4, hidden: [16, 16], outputs: 1 }));
    const told = ({ verdict, bound, best, point, certificate }: ProofResult): unknown[] => [
      verdict,
      bound,
      best,
      point,
      certificate?.cid,
    ];
    const both = async (parts: Partial<Property>): Promise<ProofResult> => {
      const property = propertyOf(policy, parts);
      const [one, two] = [await prove(policy, property), await prove(policy, property, { workers: 2 })];
      expect(one.boxes).toBeGreaterThan(200);
      expect(told(two)).toEqual(told(one));
      return one;
    };
    const { bound, best } = await both({ mode: 'min', tol: 8 });
    expect((await both({ lin: [-1], rhs: 0 - bound })).verdict).toBe('PROVED');
    const refuted = propertyOf(policy, { lin: [-1], rhs: 0 - best! - 1 });
    expect((await prove(policy, refuted, { workers: 2 })).verdict).toBe('REFUTED');
  });
});

describe('the droop of the specification', () => {
  const policy = buildPolicy(tinyParts());

  it('never discharges at or above 50 Hz, and its envelope closes discharge at 10 % charge', async () => {
    const high = propertyOf(policy, {
      box: [
        [
          [50000, 51000],
          [0, 1000000],
        ],
      ],
    });
    const empty = propertyOf(policy, {
      box: [
        [
          [49000, 51000],
          [-5, 100000],
        ],
      ],
    });
    const [a, b] = [await prove(policy, high), await prove(policy, empty)];
    expect([a.verdict, b.verdict]).toEqual(['PROVED', 'PROVED']);
    const without = await prove(
      policy,
      propertyOf(policy, {
        at: 'head',
        box: [
          [
            [49000, 51000],
            [-5, 100000],
          ],
        ],
      }),
    );
    expect(without).toMatchObject({ verdict: 'REFUTED', best: 20000 });
  });

  it('a union of boxes is one claim', async () => {
    const box = [
      [
        [50000, 50400],
        [0, 1000000],
      ],
      [
        [50500, 51000],
        [200000, 900000],
      ],
      [
        [49000, 50000],
        [0, 100000],
      ],
    ] as const;
    const found = await prove(policy, propertyOf(policy, { box }));
    expect(found.verdict).toBe('PROVED');
    expect(found.checked!.leaves).toBeGreaterThanOrEqual(3);
  });
});
