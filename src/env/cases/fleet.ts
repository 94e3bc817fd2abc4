/**
 * Fleet files: who has what behind which inverter, as JSON with units. Quantities are text with a unit ("5 kW",
 * "2.5 MVA", "13.5 kWh") or numbers in W, VA and Wh; shares are numbers.
 *
 *   {
 *     "format": "gridpact-fleet 1",
 *     "name": "two roofs",                      optional, as is "source"
 *     "assets": [
 *       { "id": "roof-1", "owner": "ana", "bus": 13, "pv": "120 kW", "inverter": "144 kVA",
 *         "battery": { "power": "30 kW", "energy": "75 kWh", "chargeEfficiency": 0.95,
 *                      "dischargeEfficiency": 0.95, "minSoc": 0.1, "maxSoc": 0.9 } },
 *       { "id": "roof-2", "owner": "ben", "bus": 18, "pv": "80 kW" }
 *     ]
 *   }
 *
 *   | field               | default    | bounds          |                                        |
 *   | id, owner           |            | text            | ids are distinct                       |
 *   | bus                 |            | integer >= 0    | id of a bus of the network             |
 *   | pv                  | 0          | >= 0            | peak of the PV behind the inverter     |
 *   | inverter            | 1.2 x pv   | > 0             | apparent power                         |
 *   | battery             | none       |                 | energy and power are asked for         |
 *   | chargeEfficiency    | 0.95       | (0, 1]          | one way, as is dischargeEfficiency     |
 *   | minSoc, maxSoc      | 0.1, 0.9   | [0, 1], min<max | share of rated energy                  |
 *
 * Ratings become integers in W, VA, Wh and 1e-6, nearest. Unknown fields are refused.
 */
import { fail } from '../../base/errors.ts';
import type { Asset, BatteryRating } from '../../grid/asset.ts';
import { quantity } from '../../grid/units.ts';

const FORMAT = 'gridpact-fleet 1';
const OVERSIZE = 1.2;
/** Ratings reach the ledger as i32. */
const MAX_RATING = 2147483647;
const MICRO = 1000000;

const NO_BATTERY: BatteryRating = {
  pMaxW: 0,
  eMaxWh: 0,
  etaChargeMicro: MICRO,
  etaDischargeMicro: MICRO,
  socMinMicro: 0,
  socMaxMicro: MICRO,
};

type Fields = Readonly<Record<string, unknown>>;

/** Assets of a fleet file. @throws `env.fleet` with the path of the first field that does not hold. */
export async function parseFleet(text: string): Promise<readonly Asset[]> {
  const file = fields(parseJson(text), '', ['format', 'name', 'source', 'assets']);
  if (file['format'] !== FORMAT) throw wrong('format', FORMAT, file['format']);
  const { assets } = file;
  if (!Array.isArray(assets) || assets.length === 0) throw wrong('assets', 'a list of at least one asset', assets);
  const fleet: Asset[] = [];
  for (const [k, entry] of assets.entries()) {
    const asset = await readAsset(entry, `assets[${k}]`);
    if (fleet.some(({ id }) => id === asset.id)) throw wrong(`assets[${k}].id`, 'an id of its own', asset.id);
    fleet.push(asset);
  }
  return fleet;
}

async function readAsset(entry: unknown, path: string): Promise<Asset> {
  const given = fields(entry, path, ['id', 'owner', 'bus', 'pv', 'inverter', 'battery']);
  const pvPeakW = await rating(given['pv'] ?? 0, 'W', `${path}.pv`, 0);
  const sMaxVa = await rating(given['inverter'] ?? OVERSIZE * pvPeakW, 'VA', `${path}.inverter`, 1);
  const { bus } = given;
  if (!Number.isSafeInteger(bus) || (bus as number) < 0) throw wrong(`${path}.bus`, 'the integer id of a bus', bus);
  return {
    id: words(given['id'], `${path}.id`),
    owner: words(given['owner'], `${path}.owner`),
    bus: bus as number,
    sMaxVa,
    pvPeakW,
    battery: given['battery'] === undefined ? NO_BATTERY : await readBattery(given['battery'], `${path}.battery`),
  };
}

async function readBattery(entry: unknown, path: string): Promise<BatteryRating> {
  const known = ['power', 'energy', 'chargeEfficiency', 'dischargeEfficiency', 'minSoc', 'maxSoc'];
  const given = fields(entry, path, known);
  const battery = {
    pMaxW: await rating(given['power'], 'W', `${path}.power`, 0),
    eMaxWh: await rating(given['energy'], 'Wh', `${path}.energy`, 0),
    etaChargeMicro: share(given['chargeEfficiency'] ?? 0.95, `${path}.chargeEfficiency`, 1),
    etaDischargeMicro: share(given['dischargeEfficiency'] ?? 0.95, `${path}.dischargeEfficiency`, 1),
    socMinMicro: share(given['minSoc'] ?? 0.1, `${path}.minSoc`, 0),
    socMaxMicro: share(given['maxSoc'] ?? 0.9, `${path}.maxSoc`, 0),
  };
  if (battery.socMinMicro >= battery.socMaxMicro) throw wrong(`${path}.minSoc`, 'less than maxSoc', given['minSoc']);
  return battery;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw fail('env.fleet', { expected: 'a fleet file in JSON', got: (cause as Error).message, cause });
  }
}

function fields(value: unknown, path: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'an object', value);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw wrong(path === '' ? unknown : `${path}.${unknown}`, `one of ${known.join(', ')}`, unknown);
  }
  return value as Fields;
}

function words(value: unknown, path: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw wrong(path, 'text', value);
  return value;
}

/** Integer in `unit`. */
async function rating(value: unknown, unit: string, path: string, least: number): Promise<number> {
  const expected = `a quantity in ${unit}, ${least} to ${MAX_RATING}`;
  if (typeof value !== 'number' && typeof value !== 'string') throw wrong(path, expected, value);
  const number = await readable(value, unit, path);
  const whole = Math.floor(number + 0.5);
  if (!(whole >= least && whole <= MAX_RATING)) throw wrong(path, expected, value);
  return whole;
}

async function readable(value: number | string, unit: string, path: string): Promise<number> {
  try {
    return await quantity(value, unit);
  } catch {
    throw wrong(path, `a quantity in ${unit}, such as "5 k${unit}"`, value);
  }
}

/** 1e-6 of a share in [0, 1], at least `leastMicro`. */
function share(value: unknown, path: string, leastMicro: number): number {
  const micro = typeof value === 'number' ? Math.floor(value * MICRO + 0.5) : NaN;
  if (!(micro >= leastMicro && micro <= MICRO)) throw wrong(path, 'a share up to 1', value);
  return micro;
}

function wrong(path: string, expected: string, got: unknown): Error {
  return fail('env.fleet', { expected: path === '' ? expected : `${path}: ${expected}`, got });
}
