/** Controllers of ANM6 without a model or a forecast: readings of the slot before, in the units of the policy. */
import { ANM6_SLOT_HOURS, ANM6_STORAGE } from '../../../env/cases/anm6Devices.ts';
import type { Anm6Copy } from '../../../env/tasks/anm6Easy.ts';
import type { Decide } from '../../evaluation/episode.ts';
import { inputOf } from './forecast.ts';

const MW = 1000000;
/** Most that the devices can export: everything, and no reactive power, the storage at rest. */
const PASSIVE = Int32Array.of(30 * MW, 50 * MW, 0, 0, 0, 0);

/** gym-anm's do-nothing. */
export const passive: Decide<Anm6Copy> = (_copy, _step, issued) => issued.set(PASSIVE);

export interface RuleOptions {
  /** Active power that a line of 18 MVA is trusted with, W. */
  readonly lineW: number;
  /** The same of the line of 25 MVA that carries wind and storage, and of the connection upstream of 32 MVA. */
  readonly trunkW: number;
  readonly exportW: number;
  /** How fast the storage fills while its line has room, W. */
  readonly chargeW: number;
  /** Filled up to here, 1e-6 of what it holds. */
  readonly fullMicro: number;
  /** By how much a track may move from the slot seen to the slot acted on, W. */
  readonly growthW: number;
}

/** The best of a search by coordinates on the published day. */
const RULE_DEFAULTS: RuleOptions = {
  lineW: 17 * MW,
  trunkW: 23 * MW,
  exportW: 29.3 * MW,
  chargeW: 11 * MW,
  fullMicro: 500000,
  growthW: 3 * MW,
};

const input = (name: string): (({ port }: Pick<Anm6Copy, 'port'>) => number) => {
  const at = inputOf(name);
  return ({ port }) => port.raw[at]!;
};
const HOMES = input('p.own/1');
const FACTORY = input('p.own/3');
const CARS = input('p.own/5');
const SUN = input('p.potential/2');
const SOC = input('soc/6');
const WH_PER_MICRO = (ANM6_STORAGE.socMax * MW) / 1e6;

/**
 * What an operator would write down: sun exports what its line carries beyond the homes' load; cars that need more than
 * their line carries get it from the storage, which fills slowly whenever they need little; wind exports what its line,
 * the trunk and the connection upstream have left.
 */
export function ruleBased(options: RuleOptions = RULE_DEFAULTS): Decide<Anm6Copy> {
  const { lineW, trunkW, exportW, growthW } = options;
  return (copy, _step, issued) => {
    const [homes, factory, cars] = [-HOMES(copy), -FACTORY(copy), -CARS(copy)];
    const store = storeW(options, cars, SOC(copy));
    const sun = lineW + homes;
    const sunMost = Math.min(sun, SUN(copy) + growthW);
    const wind = Math.min(
      lineW + factory,
      trunkW + factory + cars - store,
      exportW + homes + factory + cars - store - sunMost,
    );
    issued.set([sun, Math.max(0, wind), 0, 0, store, 0].map(Math.floor));
  };
}

/** Discharging positive; a set point that the state of charge does not allow is cut off by the storage. */
function storeW({ lineW, growthW, chargeW, fullMicro }: RuleOptions, cars: number, socMicro: number): number {
  const lack = cars + growthW - lineW;
  if (lack > 0) return cars > 0 ? lack : 0;
  const room = (Math.max(0, fullMicro - socMicro) * WH_PER_MICRO) / ANM6_SLOT_HOURS;
  return -Math.min(chargeW, -lack, room);
}
