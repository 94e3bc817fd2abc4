import { describe, expect, it } from 'vitest';
import { cityLearnFiles, readCityLearn } from '../../src/env/series/citylearn.ts';
import { checkHome, homeWindow } from '../../src/env/series/home.ts';
import { cityLearnHomes, cityLearnText, hasCityLearn } from '../support/citylearn.ts';

const BUILDING = {
  include: true,
  energy_simulation: 'a.csv',
  pricing: 'pricing.csv',
  carbon_intensity: 'carbon.csv',
  electrical_storage: { attributes: { capacity: 6.4, efficiency: 0.81, nominal_power: 5 } },
  pv: { attributes: { nominal_power: 4 } },
};
const SCHEMA = { seconds_per_time_step: 3600, buildings: { A: BUILDING } };

/** A folder of `hours` rows from 2016-07-31T23:00. */
function folder(schema: unknown = SCHEMA, hours = 48): Map<string, string> {
  const rows = (header: string, row: (t: number) => string): string =>
    [header, ...Array.from({ length: hours }, (_, t) => row(t))].join('\n');
  const month = (t: number): number => (t === 0 ? 7 : 8);
  return new Map([
    ['schema.json', JSON.stringify(schema, null, 1)],
    [
      'a.csv',
      rows(
        'month,hour,spare,non_shiftable_load,solar_generation',
        (t) => `${month(t)},${((t + 23) % 24) + 1},,${t / 10},${t}`,
      ),
    ],
    [
      'pricing.csv',
      rows(
        'electricity_pricing,electricity_pricing_predicted_1,electricity_pricing_predicted_2,electricity_pricing_predicted_3',
        (t) => `0.2,0.${t},0.3,0.4`,
      ),
    ],
    ['carbon.csv', rows('carbon_intensity', (t) => `0.${t + 10}`)],
  ]);
}

function edit(files: Map<string, string>, name: string, line: number, text: string): Map<string, string> {
  const lines = files.get(name)!.split('\n');
  lines[line - 1] = text;
  return files.set(name, lines.join('\n'));
}

describe('CityLearn folder', () => {
  it('reads load in W, PV in W of the installed power, and the battery of the schema', () => {
    const { homes, issues } = readCityLearn(folder());
    expect(issues).toEqual([]);
    const [home] = homes;
    expect([home!.steps, home!.stepMs, new Date(home!.startMs).toISOString()]).toEqual([
      48,
      3600000,
      '2016-07-31T23:00:00.000Z',
    ]);
    expect([home!.loadW[5], home!.pvW[5], home!.pricePerKwh[5], home!.carbonKgPerKwh[5]]).toEqual([500, 20, 0.2, 0.15]);
    expect([home!.priceAhead.h6[5], home!.priceAhead.h12[5], home!.priceAhead.h24[5]]).toEqual([0.5, 0.3, 0.4]);
    expect(home!.battery).toEqual({
      pMaxW: 5000,
      etaCharge: 0.9,
      etaDischarge: 0.9,
      eMinWh: 0,
      eMaxWh: 6400,
      ratedWh: 6400,
    });
    expect(home!.exportPricePerKwh.every((p) => p === 0)).toBe(true);
  });

  it('names the files it needs, and leaves out buildings whose file is not there', () => {
    const schema = { ...SCHEMA, buildings: { A: BUILDING, B: { ...BUILDING, energy_simulation: 'b.csv' } } };
    expect(cityLearnFiles(JSON.stringify(schema))).toEqual(['a.csv', 'pricing.csv', 'carbon.csv', 'b.csv']);
    const files = folder(schema);
    const { homes, issues } = readCityLearn(files);
    expect(homes.map(({ name }) => name)).toEqual(['A']);
    const line =
      files
        .get('schema.json')!
        .split('\n')
        .findIndex((text) => text.includes('"B"')) + 1;
    expect(issues).toEqual([expect.objectContaining({ file: 'schema.json', line, code: 'series.missing' })]);
    expect(() => readCityLearn(files, { buildings: ['B'] })).toThrow(
      expect.objectContaining({ code: 'series.schema' }),
    );
  });

  it('reports what is wrong by file and line, fills rows it cannot read and keeps odd ones', () => {
    const files = folder();
    edit(files, 'a.csv', 10, '8,8,,x,1');
    edit(files, 'a.csv', 20, '8,3,,1,1');
    edit(files, 'a.csv', 30, '8,4,,-1,1');
    edit(files, 'pricing.csv', 40, '0.2,0.3');
    const { homes, issues } = readCityLearn(files);
    expect(issues.map(({ file, line, code }) => `${file}:${line} ${code}`)).toEqual([
      'a.csv:10 series.row',
      'a.csv:11 series.gap',
      'pricing.csv:40 series.row',
      'pricing.csv:41 series.gap',
      'a.csv:20 series.clock',
      'a.csv:30 series.negative',
    ]);
    expect(homes[0]!.loadW[8]).toBe(homes[0]!.loadW[7]);
    expect(homes[0]!.loadW[28]).toBe(-1000);
  });

  it('takes battery and PV of every building from its own attributes', () => {
    const other = {
      ...BUILDING,
      energy_simulation: 'b.csv',
      electrical_storage: { attributes: { capacity: 9.5, efficiency: 0.64, nominal_power: 3.25 } },
      pv: { attributes: { nominal_power: 5.5 } },
    };
    const files = folder({ ...SCHEMA, buildings: { A: BUILDING, B: other } });
    const { homes, issues } = readCityLearn(files.set('b.csv', files.get('a.csv')!));
    expect(issues).toEqual([]);
    const [a, b] = homes;
    expect([a!.battery.ratedWh, a!.battery.pMaxW, a!.pvW[10]]).toEqual([6400, 5000, 40]);
    expect([b!.battery.ratedWh, b!.battery.pMaxW, b!.pvW[10]]).toEqual([9500, 3250, 55]);
    expect([b!.battery.etaCharge, b!.battery.etaDischarge, b!.battery.eMaxWh]).toEqual([0.8, 0.8, 9500]);
    expect(b!.loadW).toEqual(a!.loadW);
  });

  it('names the file that it cannot use', () => {
    const found = (files: Map<string, string>): unknown => {
      try {
        return readCityLearn(files);
      } catch (error) {
        return { code: (error as { code: string }).code, got: (error as { got: unknown }).got };
      }
    };
    expect(found(edit(folder(), 'a.csv', 1, 'month,hour,spare,load,solar_generation'))).toEqual({
      code: 'series.header',
      got: { file: 'a.csv', found: 'month,hour,spare,load,solar_generation' },
    });
    // Rows of all files stand for the same hours, so the first and the last cannot be done without.
    for (const line of [2, 49]) {
      const issue = expect.objectContaining({ line, code: 'series.row' }) as unknown;
      expect(found(edit(folder(), 'a.csv', line, '7,24,,x,1'))).toEqual({
        code: 'series.rows',
        got: { file: 'a.csv', found: [issue] },
      });
    }
    expect(found(edit(folder(), 'pricing.csv', 7, '-0.01,0.1,0.1,0.1'))).toEqual({
      code: 'series.rows',
      got: { file: 'pricing.csv', line: 7, price: -0.01 },
    });
    expect(found(folder().set('carbon.csv', 'carbon_intensity\n'))).toMatchObject({
      code: 'series.rows',
      got: { file: 'carbon.csv' },
    });
  });

  it('refuses a folder that it cannot use', () => {
    const code = (files: Map<string, string>): string => {
      try {
        readCityLearn(files);
        return 'read';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const without = folder();
    without.delete('carbon.csv');
    expect(code(without)).toBe('series.schema');
    expect(code(folder().set('schema.json', '{'))).toBe('series.schema');
    expect(code(folder({ buildings: { A: { ...BUILDING, pv: undefined } } }))).toBe('series.schema');
    expect(code(edit(folder(), 'a.csv', 1, 'month,hour,spare,load,solar_generation'))).toBe('series.header');
    expect(code(folder().set('carbon.csv', folder(SCHEMA, 40).get('carbon.csv')!))).toBe('env.series');
    const dead = {
      ...BUILDING,
      electrical_storage: { attributes: { capacity: 0, efficiency: 0.9, nominal_power: 5 } },
    };
    expect(code(folder({ ...SCHEMA, buildings: { A: dead } }))).toBe('env.series');
  });

  it('cuts a window that shares the arrays', () => {
    const home = checkHome(readCityLearn(folder()).homes[0]!);
    const part = homeWindow(home, 24, 12);
    expect([part.steps, part.loadW[0], part.startMs - home.startMs]).toEqual([12, home.loadW[24], 24 * 3600000]);
    expect(checkHome(part)).toBe(part);
    expect(part.priceAhead.h24.length).toBe(12);
    expect(() => homeWindow(home, 40, 12)).toThrow(expect.objectContaining({ code: 'env.step' }));
  });
});

describe.skipIf(!hasCityLearn)('CityLearn 2022 phase 1 (shared data)', () => {
  it('reads the three homes given without a row amiss, and its forecasts are the prices to come', () => {
    const { homes, issues } = cityLearnHomes();
    expect(homes.map(({ name, steps }) => [name, steps])).toEqual([
      ['Building_1', 8760],
      ['Building_2', 8760],
      ['Building_3', 8760],
    ]);
    expect(issues.map(({ file, code }) => [file, code])).toEqual([
      ['schema.json', 'series.missing'],
      ['schema.json', 'series.missing'],
    ]);
    expect(homes[0]!.loadW[0]).toBeCloseTo(2275.8, 9);
    const { pricePerKwh, priceAhead } = homes[0]!;
    for (let t = 0; t < 8736; t++) {
      expect([priceAhead.h6[t], priceAhead.h12[t], priceAhead.h24[t]]).toEqual(
        [6, 12, 24].map((h) => pricePerKwh[t + h]),
      );
    }
    expect(cityLearnFiles(cityLearnText('schema.json')).length).toBe(7);
  });
});
