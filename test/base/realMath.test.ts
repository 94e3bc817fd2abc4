import { describe, expect, it } from 'vitest';
import { atan2Real, cosReal, expReal, lnReal, powReal, sinReal, tanhReal } from '../../src/base/realMath.ts';
import { RandomStream } from '../../src/base/random.ts';
import { uniform } from '../../src/base/realMath.ts';

/** Greatest error over a sweep: relative where |y| > 1, else absolute. */
function worst(mine: (x: number) => number, theirs: (x: number) => number, lo: number, hi: number): number {
  const stream = RandomStream.fromSeed(1, 'realMath');
  let most = 0;
  for (let i = 0; i < 20000; i++) {
    const x = lo + (hi - lo) * uniform(stream);
    const y = theirs(x);
    most = Math.max(most, Math.abs(mine(x) - y) / Math.max(1, Math.abs(y)));
  }
  return most;
}

describe('elementary functions against Math', () => {
  it('exp within 1e-14, relative, over +-700', () => {
    expect(
      worst(
        (x) => expReal(x) / Math.exp(x),
        () => 1,
        -700,
        700,
      ),
    ).toBeLessThan(1e-14);
  });

  it('ln within 1e-15 over 1e-12..1e12', () => {
    expect(
      worst(
        (x) => lnReal(expReal(x)),
        (x) => x,
        -27,
        27,
      ),
    ).toBeLessThan(1e-14);
    expect(worst(lnReal, Math.log, 0.5, 2)).toBeLessThan(1e-15);
  });

  it('tanh within 1e-15, absolute; odd', () => {
    expect(worst(tanhReal, Math.tanh, -25, 25)).toBeLessThan(1e-15);
    expect(worst(tanhReal, Math.tanh, -1e-4, 1e-4)).toBeLessThan(1e-15);
  });

  it('sin and cos within 1e-14, absolute, over +-100', () => {
    expect(worst(sinReal, Math.sin, -100, 100)).toBeLessThan(1e-14);
    expect(worst(cosReal, Math.cos, -100, 100)).toBeLessThan(2e-14);
  });

  it('atan2 within 1e-15, absolute, in every quadrant and on the axes', () => {
    const angle = (a: number): number => atan2Real(3 * Math.sin(a), 3 * Math.cos(a));
    expect(worst(angle, (a) => Math.atan2(3 * Math.sin(a), 3 * Math.cos(a)), -3.14, 3.14)).toBeLessThan(1e-15);
    for (const [y, x] of [
      [0, 1],
      [0, -1],
      [1, 0],
      [-1, 0],
      [1e-9, -1],
      [-1e-9, -1],
      [1e-200, 1],
    ] as const) {
      expect(Math.abs(atan2Real(y, x) - Math.atan2(y, x))).toBeLessThan(1e-15);
    }
    expect(atan2Real(0, 0)).toBe(0);
  });

  it('ends of the range', () => {
    expect([expReal(1000), expReal(-1000), expReal(0)]).toEqual([Infinity, 0, 1]);
    expect([lnReal(0), lnReal(1), lnReal(Infinity)]).toEqual([-Infinity, 0, Infinity]);
    expect([lnReal(-1), lnReal(NaN)]).toEqual([NaN, NaN]);
    expect([tanhReal(100), tanhReal(-100), tanhReal(0)]).toEqual([1, -1, 0]);
  });

  it('bits that every engine must reproduce', () => {
    // Of this code, frozen: a change here changes every synthetic series and every trained policy.
    const bits = (x: number): string => {
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, x);
      return view.getBigUint64(0).toString(16);
    };
    expect([expReal(1), lnReal(10), tanhReal(0.5), sinReal(1), cosReal(1)].map(bits)).toEqual([
      '4005bf0a8b14576a',
      '40026bb1bbb55516',
      '3fdd9353d7568af4',
      '3feaed548f090cee',
      '3fe14a280fb5068c',
    ]);
  });

  it('powers are within 1e-12, and what they are at zero', () => {
    for (const x of [1e-6, 0.1, 0.8, 1, 2.5, 4000]) {
      for (const y of [-0.501, 0, 0.5, 1, 3.3])
        expect(Math.abs(powReal(x, y) / Math.pow(x, y) - 1)).toBeLessThan(1e-12);
    }
    expect([powReal(0, 2), powReal(0, 0), powReal(0, -1)]).toEqual([0, NaN, Infinity]);
  });
});
