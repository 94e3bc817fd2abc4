import { describe, it, expect } from 'vitest';
import {
  deviceCurve,
  fixedPointDroop,
  noControl,
  oneStep1547,
  oneStepDroop,
  type Controller,
} from '../../src/agents/baselines/controllers.ts';
import { droopCurve, IEEE_1547_B } from '../../src/agents/baselines/droop.ts';
import { DROOP_GRIDS, tuneDroop, tuneOffset } from '../../src/agents/baselines/tune.ts';
import { TUNED } from '../../src/agents/baselines/tuned.ts';
import { compareScores } from '../../src/agents/evaluate.ts';
import { hardDays } from '../../src/agents/study.ts';
import { createSetpoints, Feeder, type FeederSetpoints } from '../../src/env/physics/feeder.ts';
import { capabilityVarReal } from '../../src/env/physics/inverter.ts';
import { trainDay } from '../../src/env/series/synthetic.ts';
import { createFeederScenario, ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { evaluateTable } from '../../src/grid/interface.ts';
import { quantise } from '../../src/grid/snapshot.ts';

const NOON = 144;

/** The feeder one interval before noon, without control. */
function feederBeforeNoon(): { feeder: Feeder; setpoints: FeederSetpoints } {
  const feeder = new Feeder(createFeederScenario({ series: ieee33Day(hardDays('train', 1)[0]!) }));
  const setpoints = createSetpoints(feeder.siteCount, 800000);
  noControl().decide(feeder, NOON - 1, setpoints);
  feeder.advance(NOON - 1, setpoints);
  return { feeder, setpoints };
}

function live(controller: Controller) {
  const { feeder, setpoints } = feederBeforeNoon();
  const seen = Array.from({ length: 6 }, (_, s) => ({ v: feeder.siteVPu(s), p: feeder.pW[s]! }));
  expect(Math.max(...seen.map(({ v }) => v))).toBeGreaterThan(1.03);
  controller.decide(feeder, NOON, setpoints);
  feeder.advance(NOON, setpoints);
  return { feeder, seen };
}

describe('droop curves', () => {
  it('has knots where reference, deadband and slope put them', () => {
    expect(droopCurve({ vRefPu: 1.01, deadbandPu: 0.02, slope: 20 })).toEqual({
      vMicroPu: [950000, 990000, 1030000, 1070000],
      shareMicro: [800000, 0, 0, -800000],
    });
    expect(droopCurve({ vRefPu: 1, deadbandPu: 0, slope: 10 })).toEqual({
      vMicroPu: [920000, 1000000, 1080000],
      shareMicro: [800000, 0, -800000],
    });
  });

  it('refuses parameters out of bounds', () => {
    expect(() => droopCurve({ vRefPu: 1, deadbandPu: -0.01, slope: 10 })).toThrow(/agents.droop/);
    expect(() => droopCurve({ vRefPu: 1, deadbandPu: 0, slope: Number.NaN })).toThrow(/agents.droop/);
  });

  it('IEEE 1547-2018 category B: 44 % at 0.92 and 1.08 pu, nothing from 0.98 to 1.02', () => {
    const at = (v: number): number => evaluateTable(IEEE_1547_B.vMicroPu, IEEE_1547_B.shareMicro, v);
    expect([900000, 950000, 980000, 1020000, 1050000, 1100000].map(at)).toEqual([
      440000, 220000, 0, 0, -220000, -440000,
    ]);
  });
});

describe('baseline controllers on the feeder', () => {
  it('none injects nothing', () => {
    expect(Array.from(live(noControl()).feeder.qVar)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('one-step droop acts on the voltage of the interval before, in shares of live capability', () => {
    const curve = droopCurve({ vRefPu: 1, deadbandPu: 0.01, slope: 10 });
    const { feeder, seen } = live(oneStepDroop('late', curve));
    seen.forEach(({ v }, s) => {
      const share = -10 * Math.max(v - 1.01, 0);
      const capability = capabilityVarReal(feeder.scenario.sites[s]!.sMaxVa, feeder.pW[s]!);
      expect(feeder.qVar[s]! / capability).toBeCloseTo(Math.max(share, -0.8), 4);
    });
  });

  it('one-step 1547 asks for a share of nameplate, through the capability last measured', () => {
    const { feeder, seen } = live(oneStep1547());
    seen.forEach(({ v, p }, s) => {
      const { sMaxVa } = feeder.scenario.sites[s]!;
      const nameplate = (-0.44 * Math.max(v - 1.02, 0)) / 0.06;
      const share = (nameplate * sMaxVa) / Math.sqrt(sMaxVa * sMaxVa - p * p);
      const capability = capabilityVarReal(sMaxVa, feeder.pW[s]!);
      expect(feeder.qVar[s]! / capability).toBeCloseTo(Math.max(share, -0.8), 4);
    });
  });

  it('fixed-point droop lies on its own curve at the voltages it brings about', () => {
    const curve = droopCurve({ vRefPu: 1, deadbandPu: 0.01, slope: 10 });
    const { feeder, seen } = live(fixedPointDroop('live', curve));
    seen.forEach((_, s) => {
      const here = feeder.siteVPu(s);
      const capability = capabilityVarReal(feeder.scenario.sites[s]!.sMaxVa, feeder.pW[s]!);
      const onCurve = evaluateTable(curve.vMicroPu, curve.shareMicro, quantise(here, 'v.pu.e-6')) / 1e6;
      expect(feeder.qVar[s]! / capability).toBeCloseTo(onCurve, 4);
    });
    expect(Math.max(...seen.map(({ v }, s) => Math.abs(feeder.siteVPu(s) - v)))).toBeGreaterThan(1e-3);
  });

  it('the device curve is the one the scenario holds, whatever curve ran before', () => {
    const { feeder, setpoints } = feederBeforeNoon();
    fixedPointDroop('other', IEEE_1547_B).decide(feeder, NOON, setpoints);
    deviceCurve().decide(feeder, NOON, setpoints);
    feeder.advance(NOON, setpoints);
    const alone = live(deviceCurve()).feeder;
    feeder.qVar.forEach((q, s) => expect(q).toBeCloseTo(alone.qVar[s]!, 3));
  });
});

describe('grid tuning', () => {
  it('keeps every cell, best first: band within the tolerance, then losses', () => {
    const grid = { vRefPu: [1, 1.01], deadbandPu: [0.02, 0.03], slope: [10, 80] };
    const { best, table } = tuneDroop('fixed-point', [trainDay(2)], {}, grid);
    expect(table.length).toBe(8);
    expect(best).toBe(table[0]);
    const least = Math.min(...table.map((cell) => cell.outOfBandShare));
    expect(best.outOfBandShare - least).toBeLessThanOrEqual(1e-4);
    const tied = table.filter((cell) => cell.outOfBandShare - least <= 1e-4);
    expect(tied.length).toBeGreaterThan(1);
    expect(best.lossMwh).toBe(Math.min(...tied.map((cell) => cell.lossMwh)));
    expect(compareScores(table[0]!, table.at(-1)!)).toBeLessThan(0);
  });

  it.each([
    { kind: 'one-step', tuned: TUNED.oneStep },
    { kind: 'fixed-point', tuned: TUNED.fixedPoint },
  ] as const)(
    'the shipped $kind droop beats its neighbours',
    ({ kind, tuned }) => {
      const around = (values: readonly number[], at: number): number[] => {
        const i = values.indexOf(at);
        expect(i).toBeGreaterThanOrEqual(0);
        return values.slice(Math.max(0, i - 1), i + 2);
      };
      const grid = DROOP_GRIDS[kind];
      const { best, table } = tuneDroop(
        kind,
        hardDays('train', 12),
        {},
        {
          vRefPu: around(grid.vRefPu, tuned.vRefPu),
          deadbandPu: around(grid.deadbandPu, tuned.deadbandPu),
          slope: around(grid.slope, tuned.slope),
        },
      );
      const mine = table.find(
        ({ parameters: p }) =>
          p.vRefPu === tuned.vRefPu && p.deadbandPu === tuned.deadbandPu && p.slope === tuned.slope,
      )!;
      // Cells on one ramp tie exactly: what the deadband adds the reference takes away.
      expect(compareScores(mine, best)).toBeCloseTo(0, 9);
    },
    60000,
  );

  it('the shipped constant offset beats its neighbours', () => {
    const { offsetMicro } = TUNED.offset;
    const { best } = tuneOffset(hardDays('train', 12), {}, [offsetMicro - 10000, offsetMicro, offsetMicro + 10000]);
    expect(best.parameters.offsetMicro).toBe(offsetMicro);
  }, 60000);
});
