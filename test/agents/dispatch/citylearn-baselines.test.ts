/** Costs of the three CityLearn homes: the values of the specification, held here. */
import { describe, expect, it } from 'vitest';
import { compareDispatch } from '../../../src/agents/baselines/dispatch/compare.ts';
import { greedySelfUse, runHome, scheduled } from '../../../src/agents/baselines/dispatch/home.ts';
import { perfectForesight } from '../../../src/agents/baselines/dispatch/perfectForesight.ts';
import { cityLearnHomes, hasCityLearn } from '../../support/citylearn.ts';

describe.skipIf(!hasCityLearn)(
  'CityLearn 2022 homes: start empty, free end, no wear, no export pay (shared data)',
  () => {
    const { homes } = hasCityLearn ? cityLearnHomes() : { homes: [] };

    it('none 5532.5 $, greedy self-use 0.6356 and the whole year known 0.5734 of it', async () => {
      const table = await compareDispatch(homes);
      const all = table.at(-1)!;
      expect(all.none.cost).toBeCloseTo(5532.5, 1);
      expect(all.greedy.ratio).toBeCloseTo(0.6356, 3);
      expect(all.foresight.ratio).toBeCloseTo(0.5734, 3);
      const perHome = [
        [0.642, 0.594],
        [0.678, 0.599],
        [0.562, 0.499],
      ];
      perHome.forEach(([greedy, foresight], h) => {
        expect(Math.abs(table[h]!.greedy.ratio - greedy!)).toBeLessThan(0.002);
        expect(Math.abs(table[h]!.foresight.ratio - foresight!)).toBeLessThan(0.002);
      });
    });

    it('greedy buys nothing to store it and sells nothing from the store', () => {
      for (const home of homes) {
        const { batteryW } = runHome(home, greedySelfUse());
        const wrong = batteryW.filter((p, t) => {
          const net = home.loadW[t]! - home.pvW[t]!;
          return p < 0 ? p < net - 1e-9 : p > Math.max(0, net) + 1e-9;
        });
        expect(wrong.length).toBe(0);
      }
    });

    it('the battery can live the plan and pays what it says', async () => {
      const [home] = homes;
      const { objective, batteryW } = await perfectForesight(home!);
      const lived = runHome(home!, scheduled('plan', batteryW));
      expect(lived.cost).toBeCloseTo(objective, 4);
      expect(lived.batteryW.reduce((worst, p, t) => Math.max(worst, Math.abs(p - batteryW[t]!)), 0)).toBeLessThan(0.01);
    });
  },
);
