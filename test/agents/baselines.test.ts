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
import { createSetpoints, Feeder, type FeederSetpoints } from '../../src/env/physics/feeder.ts';
import { capabilityVarReal } from '../../src/env/physics/inverter.ts';
import { createFeederScenario, ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { evaluateTable } from '../../src/grid/interface.ts';
import { quantise } from '../../src/grid/snapshot.ts';

const NOON = 144;
/** A training day on which voltages rise at noon. */
const SUNNY_DAY = 72;

/** The feeder one interval before noon, without control. */
function feederBeforeNoon(): { feeder: Feeder; setpoints: FeederSetpoints } {
  const feeder = new Feeder(createFeederScenario({ series: ieee33Day(SUNNY_DAY) }));
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
