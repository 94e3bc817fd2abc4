/**
 * What the grids of tune.ts found on training episodes: 64 of `frequency-ieee14` at its own inertia and size of step (`nominal`)
 * and as varied as policies are trained on (`varied`), each for the least time and the least integral; for the recharge, 24
 * blocks of regulation and 96 of containment that start anywhere in the states of charge that fulfil both requirements, for
 * the fewest breaches and then the least throughput. `npm run check:deep -- frequency --again` searches them again; the
 * whole tables stand in docs/evidence/frequency.md.
 */
import type { RechargeSettings } from './recharge.ts';
import type { PiGains } from './secondary.ts';

export interface TunedFrequency {
  readonly pi: readonly (PiGains & { readonly name: string; readonly tunedFor: string })[];
  readonly recharge: { readonly regulation: RechargeSettings; readonly containment: RechargeSettings };
}

export const TUNED_FREQUENCY: TunedFrequency = {
  pi: [
    {
      name: 'droop + PI, varied, integral',
      tunedFor: 'varied inertia and size, least integral of |df|',
      kpPerHz: 0.25,
      kiPerHz: 4.25,
      form: 'central',
    },
    {
      name: 'droop + PI, varied, time',
      tunedFor: 'varied inertia and size, least time to 10 mHz',
      kpPerHz: -0.25,
      kiPerHz: 3,
      form: 'own',
    },
    {
      name: 'droop + PI, nominal, time',
      tunedFor: 'episodes of the case, least time to 10 mHz',
      kpPerHz: 0,
      kiPerHz: 4.5,
      form: 'central',
    },
    {
      name: 'droop + PI, nominal, integral',
      tunedFor: 'episodes of the case, least integral of |df|',
      kpPerHz: -0.5,
      kiPerHz: 6,
      form: 'own',
    },
  ],
  recharge: {
    regulation: { rate: 1, idleShare: 0.6, deadbandHz: 0.015 },
    containment: { rate: 1, idleShare: 0.2, deadbandHz: 0.015 },
  },
};
