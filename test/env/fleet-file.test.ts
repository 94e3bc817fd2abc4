import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import { parseFleet } from '../../src/env/cases/fleet.ts';
import { caseNetwork } from '../../src/env/cases/index.ts';
import { make } from '../../src/env/gym/registry.ts';
import type { VoltageCopy } from '../../src/env/tasks/voltageTask.ts';

const FILE = {
  format: 'gridpact-fleet 1',
  name: 'three roofs',
  assets: [
    {
      id: 'roof-1',
      owner: 'ana',
      bus: 13,
      pv: '0.12 MW',
      inverter: '144 kVA',
      battery: { power: '30 kW', energy: '75 kWh', chargeEfficiency: 0.9, minSoc: 0.05 },
    },
    { id: 'roof-2', owner: 'ben', bus: 18, pv: '80.4 kW' },
    { id: 'store', owner: 'ben', bus: 33, inverter: 50000, battery: { power: 50000, energy: '0.1 MWh' } },
  ],
};

type Change = (file: { format: string; assets: Record<string, unknown>[] }) => void;

async function refusal(text: string): Promise<string> {
  try {
    await parseFleet(text);
  } catch (error) {
    if (isGridPactError(error) && error.code === 'env.fleet') return String(error.expected);
    throw error;
  }
  return 'accepted';
}

function changed(change: Change): string {
  const file = structuredClone(FILE) as unknown as Parameters<Change>[0];
  change(file);
  return JSON.stringify(file);
}

describe('fleet files', () => {
  it('reads quantities with units into the integers of the ledger', async () => {
    const [first, second, third] = await parseFleet(JSON.stringify(FILE));
    expect(first).toEqual({
      id: 'roof-1',
      owner: 'ana',
      bus: 13,
      sMaxVa: 144000,
      pvPeakW: 120000,
      battery: {
        pMaxW: 30000,
        eMaxWh: 75000,
        etaChargeMicro: 900000,
        etaDischargeMicro: 950000,
        socMinMicro: 50000,
        socMaxMicro: 900000,
      },
    });
    expect([second!.pvPeakW, second!.sMaxVa, second!.battery.eMaxWh]).toEqual([80400, 96480, 0]);
    expect([third!.pvPeakW, third!.sMaxVa, third!.battery.eMaxWh]).toEqual([0, 50000, 100000]);
  });

  it.each<[string, Change]>([
    ['format:', (f) => (f.format = 'gridpact-fleet 2')],
    ['assets:', (f) => (f.assets = [])],
    ['assets[1].colour:', (f) => (f.assets[1]!['colour'] = 'red')],
    ['assets[1].id:', (f) => (f.assets[1]!['id'] = 'roof-1')],
    ['assets[0].owner:', (f) => (f.assets[0]!['owner'] = ' ')],
    ['assets[2].bus:', (f) => (f.assets[2]!['bus'] = '33')],
    ['assets[1].pv:', (f) => (f.assets[1]!['pv'] = '80 kWh')],
    ['assets[1].pv:', (f) => (f.assets[1]!['pv'] = -1)],
    ['assets[1].pv:', (f) => (f.assets[1]!['pv'] = '3 GW')],
    ['assets[2].inverter:', (f) => delete f.assets[2]!['inverter']],
    ['assets[2].battery.energy:', (f) => delete (f.assets[2]!['battery'] as Record<string, unknown>)['energy']],
    ['assets[0].battery.chargeEfficiency:', (f) => Object.assign(f.assets[0]!['battery']!, { chargeEfficiency: 0 })],
    ['assets[0].battery.minSoc:', (f) => Object.assign(f.assets[0]!['battery']!, { minSoc: 0.9 })],
    ['assets[0].battery:', (f) => (f.assets[0]!['battery'] = 5)],
  ])('names the path of what does not hold: %s', async (path, change) => {
    const expected = await refusal(changed(change));
    expect(expected.slice(0, path.length)).toBe(path);
  });

  it('refuses any text and any JSON with one code, and never breaks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        expect(await refusal(text)).not.toBe('accepted');
      }),
    );
  });

  it('makes the agents of voltage-case', async () => {
    const fleet = await parseFleet(JSON.stringify(FILE));
    const env = make('voltage-case-v1', { network: caseNetwork('ieee33'), fleet });
    env.reset({ seed: 1 });
    const { feeder } = env.copy as VoltageCopy;
    for (let k = 0; k < 150; k++) env.step(new Float32Array(3).fill(0.5));
    expect(Array.from(feeder.pvW).map((p) => p > 0)).toEqual([true, true, false]);
    expect(feeder.qVar.every((q) => q !== 0)).toBe(true);
    expect(feeder.socWh[1]).toBe(0);
  });
});
