/** stacked-ieee33-v1: frequency in 20 ms steps inside 5-minute dispatch inside the voltage of a feeder. */
import { describe, expect, it } from 'vitest';
import { make } from '../../src/env/gym/registry.ts';
import { ieee33Sites } from '../../src/env/cases/ieee33Sites.ts';
import { batteryModel } from '../../src/env/physics/battery.ts';
import { BatteryWear, DEFAULT_WEAR } from '../../src/env/physics/wear/batteryWear.ts';
import { AreaResponse } from '../../src/env/tasks/areaResponse.ts';
import { liveSeconds } from '../../src/env/tasks/stackedBattery.ts';
import { stackedIeee33, StackedCopy } from '../../src/env/tasks/stackedIeee33.ts';

const rewards = new Float32Array(6);

function copyOf(args: object = {}): StackedCopy {
  const copy = make('stacked-ieee33-v1', args).copy;
  expect(copy).toBeInstanceOf(StackedCopy);
  return copy as StackedCopy;
}

/** The same three actions for every site. */
function actions(offset: number, power: number, reserve: number): Float32Array {
  return Float32Array.from({ length: 18 }, (_, i) => [offset, power, reserve][i % 3]!);
}

function live(copy: StackedCopy, steps: number, given: Float32Array, each: () => void = () => {}): void {
  for (let i = 0; i < steps; i++) {
    copy.step(given, 0, rewards);
    each();
  }
}

describe('stacked-ieee33-v1', () => {
  it('reserves hold the frequency of the area: the same day with and without', () => {
    const rms = [-1, 1].map((reserve) => {
      const copy = copyOf();
      copy.seed(5);
      copy.reset();
      live(copy, 36, actions(0, 0, reserve));
      return copy.info() as { rmsHz: number; reserveKwh: number; reserveRevenue: number };
    });
    expect(rms[0]!.reserveKwh).toBe(0);
    expect(rms[1]!.reserveRevenue).toBeCloseTo(rms[1]!.reserveKwh * 0.01, 9);
    expect(rms[1]!.rmsHz).toBeLessThan(0.95 * rms[0]!.rmsHz);
  });

  it('a battery gives no more than its rating and ends no interval beyond its limits, driven into both', () => {
    const copy = copyOf({ frequencyScale: 30 });
    copy.seed(2);
    copy.reset();
    for (const power of [1, -1]) {
      live(copy, 40, actions(0, power, 1), () => {
        for (let s = 0; s < 6; s++) {
          expect(Math.abs(copy.feeder.pBatteryW[s]!)).toBeLessThanOrEqual(100000 * (1 + 1e-9));
          expect(copy.feeder.socWh[s]!).toBeGreaterThanOrEqual(25000 - 1e-6);
          expect(copy.feeder.socWh[s]!).toBeLessThanOrEqual(225000 + 1e-6);
        }
        const { sources, sinks } = copy.balance()!;
        expect(Math.abs(sources - sinks)).toBeLessThan(Math.max(1e-3, 1e-9 * sources));
      });
    }
    // The envelopes on the state of charge stop discharging near 12 %.
    expect(Number(copy.info()['energyRevenue'])).not.toBe(0);
  });

  it('balances where the meters preview the next interval, and where the inverters are smaller than the batteries', () => {
    for (const args of [{ observationDelay: 0 }, { scale: 0.05 }]) {
      const copy = copyOf({ ...args, frequencyScale: 30 });
      copy.seed(2);
      copy.reset();
      for (const power of [1, -1]) {
        live(copy, 30, actions(0, power, 1), () => {
          const { sources, sinks } = copy.balance()!;
          expect(Math.abs(sources - sinks)).toBeLessThan(1e-3);
        });
      }
    }
  });

  it('shows at the end of the day what the next one begins with', () => {
    const copy = copyOf({ stepMs: 3600000 });
    copy.seed(4);
    copy.reset();
    const named = (name: string): number => copy.port.raw[copy.shape.observationNames.indexOf(name)]!;
    const ahead: number[] = [];
    live(copy, 24, actions(0, 0, -1), () => ahead.push(named('price.12h')));
    expect(named('time.day')).toBe(0);
    // The forecast for 12 h ahead of hour 12 is the price of hour 24.
    expect(named('price.now')).toBe(ahead[11]);
  });

  it('what it earns is energy at the price, reserve held, less wear of the seconds lived', () => {
    const copy = copyOf({ frequencyWeight: 0, wearWeight: 0, reservePrice: 0 });
    copy.seed(3);
    copy.reset();
    copy.step(actions(0, 0.5, -1), 0, rewards);
    const shared = rewards[0]! - Number(copy.info()['energyRevenue']) / 6;
    expect(copy.reserveW.every((w) => w === 0)).toBe(true);
    // 0.5 is the network integer 16384 of 32767
    expect(copy.feeder.pBatteryW[0]).toBeCloseTo((100000 * 16384) / 32767, 0);
    expect(shared).toBeLessThan(0);
    expect(Number(copy.info()['wear'])).toBeGreaterThan(0);
  });

  it('tells the wear of turning points what every second would have told it', () => {
    const { battery } = ieee33Sites()[0]!;
    const model = batteryModel(battery);
    const responseW = Float64Array.from({ length: 300 }, (_, t) => 1e5 * Math.sin(t / 7) * Math.cos(t / 31));
    const wear = (): BatteryWear => new BatteryWear(DEFAULT_WEAR, { ratedWh: model.ratedWh, soc: 0.5 });
    const [turning, secondly] = [wear(), wear()];
    const from = model.ratedWh / 2;
    const lived = liveSeconds(model, turning, from, { baseW: -2e4, share: 0.8, responseW });
    let stored = from;
    let cost = 0;
    for (const w of responseW) {
      const wh = (-2e4 + 0.8 * w) / 3600;
      stored -= wh > 0 ? wh / model.etaDischarge : wh * model.etaCharge;
      cost += secondly.step(stored / model.ratedWh, 1);
    }
    expect(lived.storedWh).toBe(stored);
    expect(turning.cycleDamage / secondly.cycleDamage).toBeCloseTo(1, 12);
    // The calendar takes a straight line from turn to turn.
    expect(lived.cost / cost).toBeCloseTo(1, 4);
    expect(from - lived.storedWh).toBeCloseTo(lived.energyWh + lived.lossWh, 9);
  });

  it('the area answers a standing deficit by the steady state of droop and reserve', () => {
    const area = new AreaResponse(600000);
    area.reset();
    const responseW = new Float64Array(120);
    // -0.1 Hz without the fleet: demand 21 x 0.002 pu of 20 MVA. With 600 kW at full 0.2 Hz and 15 mHz deadband:
    // 21 d / 50 + 0.03 (d - 0.015) / 0.185 = 0.042
    area.advance(new Float64Array(120).fill(-0.1), 0, 600000, responseW);
    const d = (0.042 + (0.03 * 0.015) / 0.185) / (21 / 50 + 0.03 / 0.185);
    expect(area.lastHz).toBeCloseTo(-d, 9);
    expect(responseW[119]!).toBeCloseTo((600000 * (d - 0.015)) / 0.185, 3);
    expect(Math.abs(area.deltaHz)).toBeLessThan(1e-9);
  });

  it('refuses arguments out of bounds', () => {
    for (const bad of [
      { stepMs: 7000 },
      { stepMs: 500 },
      { days: 0 },
      { scale: 0 },
      { nothing: 1 },
      { eventsPerDay: NaN },
    ]) {
      expect(() => stackedIeee33.createCopy(bad)).toThrow('env.taskArgument');
    }
  });
});
