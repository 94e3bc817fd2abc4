import { describe, expect, it } from 'vitest';
import { compareDispatch } from '../../../src/agents/baselines/dispatch/compare.ts';
import { greedySelfUse, idleBattery, runHome, scheduled } from '../../../src/agents/baselines/dispatch/home.ts';
import { perfectForesight, type ForesightOptions } from '../../../src/agents/baselines/dispatch/perfectForesight.ts';
import { recedingHorizon } from '../../../src/agents/baselines/dispatch/recedingHorizon.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { uniform } from '../../../src/base/realMath.ts';
import { BatteryWear, DEFAULT_WEAR, linearWearCostPerKwh } from '../../../src/env/physics/wear/batteryWear.ts';
import type { HomeSeries } from '../../../src/env/series/home.ts';
import { syntheticHome } from '../../../src/env/series/syntheticHome.ts';

const STEPS = 8;

/** A few hours of a random home; selling earns `sell` of the price. */
function tinyHome(seed: number, sell: number): HomeSeries {
  const stream = RandomStream.fromSeed(seed, 'test/foresight');
  const draw = (low: number, high: number): Float64Array =>
    Float64Array.from({ length: STEPS }, () => low + (high - low) * uniform(stream));
  const pricePerKwh = draw(0.1, 0.6);
  return {
    name: `tiny-${seed}`,
    stepMs: 3600000,
    startMs: 0,
    steps: STEPS,
    loadW: draw(0, 4000),
    pvW: draw(0, 5000),
    pricePerKwh,
    exportPricePerKwh: pricePerKwh.map((p) => p * sell),
    carbonKgPerKwh: draw(0, 0.5),
    priceAhead: { h6: pricePerKwh, h12: pricePerKwh, h24: pricePerKwh },
    battery: { pMaxW: 2000, etaCharge: 0.95, etaDischarge: 0.9, eMinWh: 0, eMaxWh: 5000, ratedWh: 5000 },
    provenance: 'test',
  };
}

/** The same problem by dynamic programming over a grid of states of charge: an upper bound that closes in on the optimum. */
function byDynamicProgramming(home: HomeSeries, options: ForesightOptions, levels: number): number {
  const { battery } = home;
  const at = (i: number): number => (battery.eMaxWh * i) / levels;
  let best = Float64Array.from({ length: levels + 1 }, (_, i) =>
    at(i) >= (options.endSocWh ?? 0) - 1e-9 ? 0 : Infinity,
  );
  for (let t = home.steps - 1; t >= 0; t--) {
    const now = new Float64Array(levels + 1).fill(Infinity);
    for (let i = 0; i <= levels; i++) {
      for (let j = 0; j <= levels; j++) {
        const moved = at(j) - at(i);
        const p = moved > 0 ? -moved / battery.etaCharge : -moved * battery.etaDischarge;
        if (Math.abs(p) > battery.pMaxW + 1e-9) continue;
        const net = (home.loadW[t]! - home.pvW[t]! - p) / 1000;
        const buy = home.pricePerKwh[t]! + (options.carbonPrice ?? 0) * home.carbonKgPerKwh[t]!;
        const energy = net > 0 ? net * buy : net * home.exportPricePerKwh[t]!;
        const wear = (Math.max(0, -moved) / 1000) * (options.wearPerKwh ?? 0);
        now[i] = Math.min(now[i]!, energy + wear + best[j]!);
      }
    }
    best = now;
  }
  return best[Math.round(((options.startSocWh ?? 0) / battery.eMaxWh) * levels)]!;
}

describe('perfect foresight', () => {
  it('agrees with dynamic programming, with and without selling, wear, carbon and end', async () => {
    const cases: [number, ForesightOptions][] = [
      [0, {}],
      [0, { wearPerKwh: 0.08 }],
      [0.7, {}],
      [0.7, { wearPerKwh: 0.05, carbonPrice: 0.3, startSocWh: 2500, endSocWh: 2500 }],
      [1, { startSocWh: 5000 }],
    ];
    for (const [sell, options] of cases) {
      for (let seed = 1; seed <= 3; seed++) {
        const home = tinyHome(seed, sell);
        const { objective } = await perfectForesight(home, options);
        const bound = byDynamicProgramming(home, options, 100);
        expect(objective).toBeLessThanOrEqual(bound + 1e-9);
        // 50 Wh between levels.
        expect(bound - objective).toBeLessThan(0.05);
      }
    }
  });

  it('is dynamic programming to the last digits where the optimum lies on its levels', async () => {
    // Without losses the program is a flow in whole levels of 250 Wh as soon as loads, PV and limits are.
    const whole = (values: Float64Array): Float64Array => values.map((w) => Math.round(w / 250) * 250);
    for (const [sell, options] of [
      [0, {}],
      [0.6, { wearPerKwh: 0.04, startSocWh: 1000, endSocWh: 2000 }],
      [1, { carbonPrice: 0.2 }],
    ] as [number, ForesightOptions][]) {
      for (let seed = 11; seed <= 16; seed++) {
        const drawn = tinyHome(seed, sell);
        const battery = { ...drawn.battery, etaCharge: 1, etaDischarge: 1 };
        const home = { ...drawn, loadW: whole(drawn.loadW), pvW: whole(drawn.pvW), battery };
        const { objective, batteryW } = await perfectForesight(home, options);
        expect(objective).toBeCloseTo(byDynamicProgramming(home, options, 20), 9);
        expect(batteryW.reduce((wh, w) => wh - w, options.startSocWh ?? 0)).toBeGreaterThan(
          (options.endSocWh ?? 0) - 1e-6,
        );
      }
    }
  });

  it('may throw energy away where it is free, and the battery still pays what the plan says', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const home = tinyHome(seed, 0);
      const free = { ...home, pricePerKwh: home.pricePerKwh.map((p, t) => ((t + seed) % 3 === 0 ? 0 : p)) };
      const { objective, batteryW } = await perfectForesight(free, { startSocWh: 2500 });
      const lived = runHome(free, scheduled('plan', batteryW), { startSocWh: 2500 });
      expect(lived.cost).toBeCloseTo(objective, 9);
    }
  });

  it('is what the battery then pays, and never more than greedy or nothing', async () => {
    for (const [home, sell] of [
      [3, 0],
      [4, 0.6],
    ] as const) {
      const week = syntheticHome({
        seed: 5,
        home,
        day: 180,
        days: 7,
        stepMs: 900000,
        tariff: 'day-ahead',
        exportShare: sell,
      });
      const { objective, batteryW } = await perfectForesight(week);
      const lived = runHome(week, scheduled('plan', batteryW));
      expect(lived.cost).toBeCloseTo(objective, 5);
      expect(objective).toBeLessThanOrEqual(runHome(week, greedySelfUse()).cost + 1e-9);
      expect(runHome(week, greedySelfUse()).cost).toBeLessThanOrEqual(runHome(week, idleBattery()).cost);
    }
  });

  it('with the linear proxy of wear, pays less in all than without it', async () => {
    const home = syntheticHome({
      seed: 2,
      home: 1,
      day: 200,
      days: 14,
      stepMs: 3600000,
      tariff: 'time-of-use',
      exportShare: 0,
    });
    const dear = { ...DEFAULT_WEAR, replacementPerKwh: 1200 };
    const total = async (wearPerKwh: number): Promise<number> => {
      const { batteryW } = await perfectForesight(home, { wearPerKwh });
      const wear = new BatteryWear(dear, { ratedWh: home.battery.ratedWh, soc: 0 });
      const { cost, wearCost } = runHome(home, scheduled('plan', batteryW), { wear });
      return cost + wearCost;
    };
    expect(await total(linearWearCostPerKwh(dear))).toBeLessThan(await total(0));
  });

  it('compares homes one by one and together', async () => {
    const homes = [1, 2].map((home) =>
      syntheticHome({ seed: 3, home, day: 30, days: 7, stepMs: 3600000, tariff: 'time-of-use', exportShare: 0 }),
    );
    const table = await compareDispatch(homes);
    expect(table.map(({ home }) => home)).toEqual(['synthetic-1', 'synthetic-2', 'all']);
    const [a, b, all] = table;
    expect(all!.greedy.cost).toBeCloseTo(a!.greedy.cost + b!.greedy.cost, 9);
    for (const { none, greedy, foresight } of table) {
      expect(none.ratio).toBe(1);
      expect(foresight.ratio).toBeLessThan(greedy.ratio);
      expect(greedy.ratio).toBeLessThan(1);
    }
  });

  it('refuses negative prices, selling dearer than buying and programs without a solution', async () => {
    const home = tinyHome(1, 0);
    const pump = { ...home, exportPricePerKwh: home.pricePerKwh.map((p) => p + 0.1) };
    await expect(perfectForesight(pump)).rejects.toThrow(expect.objectContaining({ code: 'agents.dispatch' }));
    const negative = { ...home, pricePerKwh: home.pricePerKwh.map((p) => p - 1) };
    await expect(perfectForesight(negative)).rejects.toThrow(expect.objectContaining({ code: 'agents.dispatch' }));
    await expect(perfectForesight(home, { endSocWh: 6000 })).rejects.toThrow(
      expect.objectContaining({ code: 'agents.dispatch' }),
    );
  });
});

describe('receding horizon', () => {
  const home = syntheticHome({
    seed: 3,
    home: 0,
    day: 150,
    days: 5,
    stepMs: 3600000,
    tariff: 'time-of-use',
    exportShare: 0,
  });

  it('takes most of what perfect foresight saves, without seeing the future', async () => {
    const none = runHome(home, idleBattery()).cost;
    const { objective } = await perfectForesight(home);
    const saved = none - runHome(home, await recedingHorizon()).cost;
    expect(saved / (none - objective)).toBeGreaterThan(0.6);
    expect(saved / (none - objective)).toBeLessThanOrEqual(1);
  });

  it('does not change what it does when only the future load changes', async () => {
    const cut = 60;
    const other = { ...home, loadW: home.loadW.map((w, t) => (t > cut ? 2 * w : w)) };
    const acted = runHome(home, await recedingHorizon({ hours: 12 })).batteryW.subarray(0, cut + 1);
    expect(runHome(other, await recedingHorizon({ hours: 12 })).batteryW.subarray(0, cut + 1)).toEqual(acted);
    await expect(recedingHorizon({ hours: 0 })).rejects.toThrow(expect.objectContaining({ code: 'agents.dispatch' }));
  });
});
