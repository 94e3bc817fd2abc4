/** The hand-made schedule policy: exact in time, bounded by the state of charge, silent when blind. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../../src/base/errors.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { createExecutor } from '../../../src/contracts/policy/execute.ts';
import { createSnapshot, setChannel } from '../../../src/grid/snapshot.ts';
import { gatherInputs } from '../../../src/grid/interface.ts';
import { schedulePolicy, schedulePower, type Schedule } from '../../../src/agents/freeze/schedule.ts';

const HOUR_S = 3600;
/** Charge at noon, discharge in the evening. */
const EVENING: Schedule = {
  knotsS: [0, 6, 7, 10, 11, 17, 18, 21].map((h) => h * HOUR_S),
  pW: [-2000, -2000, 0, 0, -5000, -5000, 5000, 0],
  pMaxW: 5000,
  socFloorMicro: 100000,
  socCeilingMicro: 900000,
};

function refusal(change: Partial<Schedule>): string {
  try {
    schedulePolicy({ ...EVENING, ...change });
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('a schedule of eight knots', () => {
  const frozen = schedulePolicy(EVENING);
  const executor = createExecutor(frozen.artifact);
  const out = new Int32Array(1);
  const at = (tS: number, socMicro: number): number => {
    executor.run(Int32Array.of(tS, socMicro), 0, out);
    return out[0]!;
  };

  it('gives each knot within one W and every dispatch time within two', () => {
    EVENING.knotsS.forEach((tS, j) => expect(Math.abs(at(tS, 500000) - EVENING.pW[j]!)).toBeLessThanOrEqual(1));
    for (let tS = 0; tS < 86400; tS += 300) {
      expect(Math.abs(at(tS, 500000) - schedulePower(EVENING, tS))).toBeLessThanOrEqual(2);
    }
    expect(at(86399, 500000)).toBe(0);
  });

  it('reports the error it has', () => {
    expect(frozen.quantisation.points).toBe(21600);
    expect(frozen.quantisation.maxError).toBeLessThanOrEqual(0.0002);
    expect(frozen.quantisation.bound).toBeGreaterThanOrEqual(frozen.quantisation.maxError);
  });

  it('never discharges at or below the floor, never charges at or above the ceiling', () => {
    for (let tS = 0; tS < 86400; tS += 120) {
      for (const soc of [-5, 0, 99999, 100000]) expect(at(tS, soc)).toBeLessThanOrEqual(0);
      for (const soc of [900000, 900001, 1000000, 2000000]) expect(at(tS, soc)).toBeGreaterThanOrEqual(0);
    }
    expect(at(18 * HOUR_S, 100000)).toBe(0);
    expect(at(18 * HOUR_S, 100001)).toBe(at(18 * HOUR_S, 500000));
    expect(at(12 * HOUR_S, 900000)).toBe(0);
  });

  it('opens over the taper when there is one', () => {
    const tapered = createExecutor(schedulePolicy({ ...EVENING, taperMicro: 50000 }).artifact);
    const discharge = [100000, 110000, 125000, 150000].map((soc) => {
      tapered.run(Int32Array.of(18 * HOUR_S, soc), 0, out);
      return out[0];
    });
    expect(discharge).toEqual([0, 1000, 2500, at(18 * HOUR_S, 500000)]);
  });

  it('answers 0 W when the time or the state of charge is missing, through the snapshot', () => {
    const { interface: shared } = frozen.artifact;
    const snapshot = createSnapshot();
    const raw = new Int32Array(2);
    setChannel(snapshot, 'time.day', 18 * HOUR_S);
    expect(executor.run(raw, gatherInputs(shared, snapshot, undefined, raw), out)).toBe('fallback');
    expect(out[0]).toBe(0);
    setChannel(snapshot, 'soc', 500000);
    expect(executor.run(raw, gatherInputs(shared, snapshot, undefined, raw), out)).toBe('network');
    expect(out[0]).toBeGreaterThan(4990);
  });
});

describe('any schedule', () => {
  it('stays within its bound, which is a few counts unless the power swings without end', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const stream = RandomStream.fromSeed(seed, 'schedule');
        const count = 2 + stream.below(11);
        const steps = new Set(Array.from({ length: count }, () => 60 * stream.below(1440)));
        const knotsS = [...steps, 86400].sort((a, b) => a - b);
        const pMaxW = 1 + stream.below(10000000);
        const pW = knotsS.map(() => stream.below(2 * pMaxW + 1) - pMaxW);
        const { quantisation } = schedulePolicy({ ...EVENING, knotsS, pW, pMaxW });
        expect(quantisation.maxError).toBeLessThanOrEqual(quantisation.bound);
        expect(quantisation.maxError).toBeLessThanOrEqual(16 / 65534 + 1 / pMaxW);
      }),
      { numRuns: 10 },
    );
  }, 20000);

  it('flat, two knots, and ramps of four seconds', () => {
    const flat = schedulePolicy({ ...EVENING, knotsS: [0, 86400], pW: [1234, 1234] });
    expect(flat.quantisation.maxError).toBeLessThanOrEqual(1 / 10000);
    const steep = schedulePolicy({ ...EVENING, knotsS: [0, 4, 43200, 43204], pW: [-5000, 5000, 5000, -5000] });
    expect(steep.quantisation.maxError).toBeLessThanOrEqual(2 / 10000);
  });

  it('same schedule, same CID', () => {
    expect(schedulePolicy(EVENING).cid).toBe(schedulePolicy({ ...EVENING, taperMicro: 1 }).cid);
  });
});

describe('refusals', () => {
  const cases: [string, Partial<Schedule>][] = [
    ['one knot', { knotsS: [0], pW: [0] }],
    ['a power too few', { pW: [0, 0] }],
    ['knots that do not ascend', { knotsS: [0, 0], pW: [0, 0] }],
    ['a knot between the ticks of the input', { knotsS: [0, 6], pW: [0, 0] }],
    ['a knot beyond the day', { knotsS: [0, 86404], pW: [0, 0] }],
    ['power beyond the rating', { knotsS: [0, 4], pW: [0, 5001] }],
    ['a fraction of a W', { knotsS: [0, 4], pW: [0, 0.5] }],
    ['NaN', { knotsS: [0, 4], pW: [0, NaN] }],
    ['a rating of zero', { pMaxW: 0 }],
    ['a floor above the ceiling', { socFloorMicro: 900000, socCeilingMicro: 100000 }],
    ['a taper wider than the band', { taperMicro: 400001 }],
    ['a ceiling above one', { socCeilingMicro: 1000001 }],
  ];

  it.each(cases)('%s', (_name, change) => {
    expect(refusal(change)).toBe('freeze.schedule');
  });
});
