/**
 * Grid tuning of the frequency baselines on training episodes: every cell is kept, so that the search can be shown
 * (docs/evidence/frequency.md).
 */
import type { FrequencyDeliveryArgs, FrequencyDeliveryCopy } from '../../../env/tasks/frequencyDelivery.ts';
import type { FrequencyIeee14Args, FrequencyIeee14Copy } from '../../../env/tasks/frequencyIeee14.ts';
import { liveEpisode, scenarioCopy, type Decide } from '../../evaluation/episode.ts';
import { naiveRecharge, type RechargeSettings } from './recharge.ts';
import { proportionalIntegral, type PiGains } from './secondary.ts';

export interface Cell<P> {
  readonly parameters: P;
  /** Means over the training episodes. */
  readonly values: Readonly<Record<string, number>>;
}

const steps = (from: number, to: number, by: number): number[] =>
  Array.from({ length: Math.floor((to - from) / by + 1.5) }, (_, k) => from + k * by);

const PI_GRID: readonly PiGains[] = (['central', 'own'] as const).flatMap((form) =>
  steps(-0.5, 1.5, 0.25).flatMap((kpPerHz) =>
    steps(2, 6.5, 0.25).map((kiPerHz): PiGains => ({ kpPerHz, kiPerHz, form })),
  ),
);
const RECHARGE_GRID: readonly RechargeSettings[] = [0.25, 0.5, 1].flatMap((rate) =>
  [0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8].map((idleShare) => ({ rate, idleShare, deadbandHz: 0.015 })),
);

/** Episodes from seed 0 on that the kept gains were found on, and blocks of the recharge. */
export const PI_TUNING_EPISODES = 64;
export const RECHARGE_TUNING = { regulation: 24, containment: 96 } as const;

/** By gains, over the episodes from seed `from` on: time to 10 mHz (`withinS`; to the end of the episode where it is not reached) and integral of |f| (`centreHzS`). */
export function tunePi(
  args: Partial<FrequencyIeee14Args>,
  episodes: number,
  grid: readonly PiGains[] = PI_GRID,
  from = 0,
): readonly Cell<PiGains>[] {
  return grid.map((parameters) => ({
    parameters,
    values: meansOf(episodes, (k) => {
      const seed = from + k;
      const copy = scenarioCopy<FrequencyIeee14Copy>('frequency-ieee14-v1', {
        id: `${seed}`,
        seed,
        args: { response: 'droop', ...args },
      });
      const info = liveEpisode(copy, proportionalIntegral(parameters) as Decide<FrequencyIeee14Copy>).info;
      const within = Number(info['within10mHzS']);
      const endS = copy.args.episodeMs / 1000;
      return { withinS: within < 0 ? endS : within, centreHzS: Number(info['centreHzS']) };
    }),
  }));
}

/** By settings: breaches of the state of energy, energy through the terminals, E. */
export function tuneRecharge(
  args: Partial<FrequencyDeliveryArgs>,
  episodes: number,
): readonly Cell<RechargeSettings>[] {
  return RECHARGE_GRID.map((parameters) => ({
    parameters,
    values: meansOf(episodes, (seed) => {
      const scenario = { id: `${seed}`, seed, args: { ...args } };
      const copy = scenarioCopy<FrequencyDeliveryCopy>('frequency-area1-delivery-v1', scenario);
      const decide = naiveRecharge(parameters, copy.socWindowMicro) as Decide<FrequencyDeliveryCopy>;
      const { info } = liveEpisode(copy, decide);
      return {
        soeBreaches: Number(info['soeBreaches']),
        throughputMwh: Number(info['throughputWh']) / 1e6,
        errorMax: Number(info['errorMax']),
      };
    }),
  }));
}

/** The cell with the least of `key`; ties go to the least of `then`. */
export function leastOf<P>(cells: readonly Cell<P>[], key: string, then: string): Cell<P> {
  const at = (cell: Cell<P>): [number, number] => [cell.values[key]!, cell.values[then]!];
  return cells.reduce((best, cell) => {
    const [a, b] = [at(best), at(cell)];
    return b[0] < a[0] || (b[0] === a[0] && b[1] < a[1]) ? cell : best;
  });
}

function meansOf(
  episodes: number,
  live: (seed: number) => Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (let seed = 0; seed < episodes; seed++) {
    for (const [key, value] of Object.entries(live(seed))) sums[key] = (sums[key] ?? 0) + value / episodes;
  }
  return sums;
}
