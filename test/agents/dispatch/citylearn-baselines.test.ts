/** Costs of the three CityLearn homes: spec values measured once and held here. */
import { describe, expect, it } from 'vitest';
import { greedySelfUse, idleBattery, runHome, scheduled } from '../../../src/agents/baselines/dispatch/home.ts';
import { perfectForesight } from '../../../src/agents/baselines/dispatch/perfectForesight.ts';
import { cityLearnHomes, hasCityLearn } from '../../support/citylearn.ts';

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe.skipIf(!hasCityLearn)(
  'CityLearn 2022 homes: start empty, free end, no wear, no export pay (shared data)',
  () => {
    const { homes } = hasCityLearn ? cityLearnHomes() : { homes: [] };
    const none = homes.map((home) => runHome(home, idleBattery()).cost);
    const greedy = homes.map((home) => runHome(home, greedySelfUse()).cost);

    it('without battery the three pay 5532.5 $', () => {
      expect(sum(none)).toBeCloseTo(5532.5, 1);
    });

    it('greedy self-use pays 0.6356 of it', () => {
      expect(sum(greedy) / sum(none)).toBeCloseTo(0.6356, 3);
      [0.642, 0.678, 0.562].forEach((ratio, h) => expect(Math.abs(greedy[h]! / none[h]! - ratio)).toBeLessThan(0.002));
    });

    it('greedy buys nothing to store it and sells nothing from the store', () => {
      for (const home of homes) {
        const { batteryW } = runHome(home, greedySelfUse());
        for (let t = 0; t < home.steps; t++) {
          const net = home.loadW[t]! - home.pvW[t]!;
          if (batteryW[t]! < 0) expect(-batteryW[t]!).toBeLessThanOrEqual(-net + 1e-9);
          if (batteryW[t]! > 0) expect(batteryW[t]!).toBeLessThanOrEqual(net + 1e-9);
        }
      }
    });

    it('with the whole year known, 0.5734 of it; the battery can live the plan and pays what it says', async () => {
      const best: number[] = [];
      for (const home of homes) {
        const { objective, batteryW } = await perfectForesight(home);
        const lived = runHome(home, scheduled('plan', batteryW));
        expect(lived.cost).toBeCloseTo(objective, 4);
        expect(Math.max(...lived.batteryW.map((p, t) => Math.abs(p - batteryW[t]!)))).toBeLessThan(0.01);
        best.push(lived.cost);
      }
      expect(sum(best) / sum(none)).toBeCloseTo(0.5734, 3);
      [0.594, 0.599, 0.499].forEach((ratio, h) => expect(Math.abs(best[h]! / none[h]! - ratio)).toBeLessThan(0.002));
    });
  },
);
