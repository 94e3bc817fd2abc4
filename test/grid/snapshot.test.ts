import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { I32_MAX, I32_MIN } from '../../src/base/fixed.ts';
import {
  fitInput,
  fitOutput,
  gatherInputs,
  normaliseInput,
  scaleOutput,
  type PolicyInterface,
} from '../../src/grid/interface.ts';
import { DAY_MS, intervalAt, intervalEndMs, intervalStartMs, secondOfDay } from '../../src/grid/interval.ts';
import {
  CHANNELS,
  CHANNEL_NAMES,
  clearSnapshot,
  createSnapshot,
  getChannel,
  isChannel,
  quantise,
  setChannel,
} from '../../src/grid/snapshot.ts';
import { quantity, UNIT_SCALE } from '../../src/grid/units.ts';

describe('snapshot', () => {
  it('channel ids are distinct, dense and fit the presence bits of a reading', () => {
    expect(CHANNEL_NAMES.map((name) => CHANNELS[name].id)).toEqual(CHANNEL_NAMES.map((_, i) => i));
    expect(CHANNEL_NAMES.length).toBeLessThanOrEqual(31);
    for (const name of CHANNEL_NAMES)
      if (CHANNELS[name].source === 'measured') expect(CHANNELS[name].id).toBeLessThan(16);
    expect(isChannel('toString')).toBe(false);
  });

  it('a value is there only when it was set, and saturates at i32', () => {
    const snapshot = createSnapshot();
    expect(getChannel(snapshot, 'soc')).toBeUndefined();
    setChannel(snapshot, 'soc', 5);
    setChannel(snapshot, 'p.own', 1e12);
    setChannel(snapshot, 'q.own', -1e12);
    expect([getChannel(snapshot, 'soc'), getChannel(snapshot, 'p.own'), getChannel(snapshot, 'q.own')]).toEqual([
      5,
      I32_MAX,
      I32_MIN,
    ]);
    clearSnapshot(snapshot);
    expect(getChannel(snapshot, 'soc')).toBeUndefined();
  });

  it('a real becomes an integer once: half rounds up, saturating', () => {
    expect(quantise(1.0000005, 'v.pu.e-6')).toBe(1000001);
    expect(quantise(-2.5, 'w')).toBe(-2);
    expect(quantise(0.4999999, 'w')).toBe(0);
    expect(quantise(1e30, 'wh.e-3')).toBe(I32_MAX);
    fc.assert(
      fc.property(fc.double({ min: -2000, max: 2000, noNaN: true }), (x) => {
        expect(Math.abs(quantise(x, 'hz.e-3') - x * UNIT_SCALE['hz.e-3'])).toBeLessThanOrEqual(0.5000001);
      }),
    );
  });
});

describe('inputs of a policy from a snapshot', () => {
  const input = (n: string) => ({ n, u: 'idx' as const, lo: -10, hi: 10, c: 0, m: 1, t: 0 });
  const policy = (names: readonly string[], state: PolicyInterface['state'] = []): PolicyInterface => ({
    inputs: names.map(input),
    outputs: [],
    envelopes: [],
    fallback: [],
    state,
  });

  it('missing ones are zero with their bit set; unknown names are always missing', () => {
    const snapshot = createSnapshot();
    setChannel(snapshot, 'soc', 7);
    const raw = Int32Array.of(9, 9, 9);
    expect(gatherInputs(policy(['v.own', 'soc', 'no.such']), snapshot, undefined, raw)).toBe(0b101);
    expect([...raw]).toEqual([0, 7, 0]);
  });

  it('a state input is the previous output, or its initial value, and never missing', () => {
    const raw = new Int32Array(2);
    const held = policy(['prev', 'soc'], [{ i: 0, d: 0, z: -3 }]);
    expect(gatherInputs(held, createSnapshot(), undefined, raw)).toBe(0b10);
    expect(raw[0]).toBe(-3);
    gatherInputs(held, createSnapshot(), Int32Array.of(42), raw);
    expect(raw[0]).toBe(42);
  });

  it('channel/k reads the k-th asset of the deployment, and nothing where no fleet is given', () => {
    const fleet = [3, 5].map((w) => {
      const snapshot = createSnapshot();
      setChannel(snapshot, 'p.own', w);
      return snapshot;
    });
    const raw = new Int32Array(4);
    const central = policy(['p.own/1', 'p.own/0', 'p.own/2', 'p.own/01']);
    expect(gatherInputs(central, fleet[0]!, undefined, raw, fleet)).toBe(0b1100);
    expect([...raw]).toEqual([5, 3, 0, 0]);
    expect(gatherInputs(central, fleet[0]!, undefined, raw)).toBe(0b1111);
  });

  it('inputs from the 32nd on share the last bit', () => {
    const names = Array.from({ length: 40 }, (_, i) => `none.${i}`);
    expect(gatherInputs(policy(names), createSnapshot(), undefined, new Int32Array(40))).toBe(-1);
    const known = [...Array.from({ length: 35 }, () => 'soc'), 'none'];
    const snapshot = createSnapshot();
    setChannel(snapshot, 'soc', 1);
    expect(gatherInputs(policy(known), snapshot, undefined, new Int32Array(36)) >>> 0).toBe(0x80000000);
  });
});

describe('ranges fitted to the network integers', () => {
  const range = fc
    .tuple(fc.integer({ min: I32_MIN, max: I32_MAX }), fc.integer({ min: I32_MIN, max: I32_MAX }))
    .filter(([a, b]) => a !== b)
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

  it('an input fills +-32767 without clipping inside its range', () => {
    fc.assert(
      fc.property(range, ([lo, hi]) => {
        const spec = fitInput('soc', 'w', lo, hi);
        expect(spec.m).toBeGreaterThanOrEqual(1);
        expect(spec.m).toBeLessThanOrEqual(32767);
        expect(spec.t).toBeLessThanOrEqual(40);
        const ends = [normaliseInput(spec, lo), normaliseInput(spec, hi)];
        expect(Math.max(Math.abs(ends[0]!), Math.abs(ends[1]!))).toBeGreaterThan(32700);
        // one step inside the range is told from the end when the range has fewer steps than the network
        if (hi - lo < 30000) expect(normaliseInput(spec, hi - 1)).toBeLessThan(ends[1]!);
      }),
    );
  });

  it('an output reaches both ends of its range and its middle', () => {
    fc.assert(
      fc.property(range, ([lo, hi]) => {
        const spec = fitOutput('p', 'w', lo, hi);
        expect(Math.abs(spec.m)).toBeLessThanOrEqual(2147483647);
        expect(scaleOutput(spec, 32767)).toBe(hi);
        expect(scaleOutput(spec, -32767)).toBe(lo);
        expect(scaleOutput(spec, 0)).toBe(Math.floor((lo + hi) / 2));
      }),
    );
  });
});

describe('intervals', () => {
  it('k = floor(t / D), half open, and the second of day in UTC', () => {
    fc.assert(
      fc.property(fc.nat(4102444800000), fc.integer({ min: 1000, max: DAY_MS }), (tMs, dMs) => {
        const k = intervalAt(tMs, dMs);
        expect(intervalStartMs(k, dMs) <= tMs && tMs < intervalEndMs(k, dMs)).toBe(true);
      }),
    );
    expect(secondOfDay(Date.UTC(2026, 0, 1))).toBe(0);
    expect(secondOfDay(Date.UTC(2026, 5, 7, 23, 59, 59, 999))).toBe(86399);
  });
});

describe('quantities with units', () => {
  it('reads them in the unit asked for, reactive ones included', async () => {
    expect(await quantity('5 kW', 'W')).toBe(5000);
    expect(await quantity('2 Mvar', 'var')).toBe(2000000);
    expect(await quantity('250 kWh', 'Wh')).toBeCloseTo(250000, 6);
    expect(await quantity('5 min', 's')).toBe(300);
    expect(await quantity(7, 'W')).toBe(7);
    await expect(quantity('5 kg', 'W')).rejects.toThrow('base.unit');
    await expect(quantity('five', 'W')).rejects.toThrow('base.unit');
  });
});
