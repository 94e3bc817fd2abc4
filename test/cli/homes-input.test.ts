import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readHomes } from '../../src/cli/homesInput.ts';
import { cityLearnHomes, hasCityLearn } from '../support/citylearn.ts';
import { SHARED } from '../support/matpower.ts';

describe('a folder of homes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gridpact-homes-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is refused by name when it is not there, has no schema, or the schema names files outside it', async () => {
    const code = async (path: string): Promise<string> =>
      readHomes(path).then(
        () => 'read',
        (error: unknown) => (error as { code: string }).code,
      );
    expect(await code(join(folder, 'absent'))).toBe('cli.file');
    expect(await code(folder)).toBe('cli.file');
    writeFileSync(join(folder, 'schema.json'), '{}');
    expect(await code(folder)).toBe('series.schema');
    const building = {
      energy_simulation: 'a.csv',
      pricing: '../pricing.csv',
      carbon_intensity: 'c.csv',
      electrical_storage: { attributes: { capacity: 1, efficiency: 1, nominal_power: 1 } },
      pv: { attributes: { nominal_power: 1 } },
    };
    writeFileSync(join(folder, 'schema.json'), JSON.stringify({ buildings: { A: building } }));
    writeFileSync(join(folder, 'a.csv'), 'month,hour,non_shiftable_load,solar_generation\n7,24,1,1\n8,1,1,1\n');
    expect(await code(folder)).toBe('series.schema');
    writeFileSync(join(folder, 'a.csv'), Uint8Array.of(0xff, 0xfe));
    expect(await code(folder)).toBe('cli.file');
  });

  it.skipIf(!hasCityLearn)('gives the homes of the shared data', async () => {
    const { homes, issues } = await readHomes(join(SHARED, 'data/citylearn-2022-phase-1'));
    expect({ homes, issues }).toEqual(cityLearnHomes());
  });
});
