/** The CityLearn homes of the shared data. */
import { readCityLearn } from '../../src/env/series/citylearn.ts';
import { hasShared, readShared } from './matpower.ts';

const FOLDER = 'data/citylearn-2022-phase-1';
const FILES = [
  'schema.json',
  'pricing.csv',
  'carbon_intensity.csv',
  'Building_1.csv',
  'Building_2.csv',
  'Building_3.csv',
];

export const hasCityLearn = hasShared(FOLDER);

export function cityLearnText(file: string): string {
  return readShared(`${FOLDER}/${file}`);
}

export function cityLearnFolder(): Map<string, string> {
  return new Map(FILES.map((file) => [file, cityLearnText(file)]));
}

export function cityLearnHomes(): ReturnType<typeof readCityLearn> {
  return readCityLearn(cityLearnFolder());
}
