/**
 * Secondary control of `frequency-ieee14` without learning, at the same 20 instants, from the same readings and through the
 * same envelope as a policy: nothing, or a PI, beside the droop that the fleets may run live. Set points are shares of a fleet's power, 1e-6.
 */
import { clamp } from '../../../base/fixed.ts';
import type { PortView } from '../../../env/gym/task.ts';
import { applyEnvelopes } from '../../../grid/interface.ts';
import type { Decide } from '../../evaluation/episode.ts';

/** share = -(kpPerHz f + sum over instants of kiPerHz f), with what the devices' own droop does beside. */
export interface PiGains {
  readonly kpPerHz: number;
  readonly kiPerHz: number;
  /** `central`: one controller on the mean frequency for all fleets, as AGC; `own`: each fleet on that of its bus. */
  readonly form: 'central' | 'own';
}

const MICRO = 1000000;
const F_DEV = 0;

/** Set points stay 0. */
export function restingFleets(): Decide {
  return (_copy, _step, issued) => void issued.fill(0);
}

/** Its integral starts anew with the episode and stops at full power. */
export function proportionalIntegral({ kpPerHz, kiPerHz, form }: PiGains): Decide {
  const sums: number[] = [];
  const out = new Int32Array(1);
  return ({ port, shape }, step, issued) => {
    const { agents } = shape;
    const inputs = port.policy.inputs.length;
    if (step === 0) sums.splice(0, Infinity, ...Array.from({ length: agents }, () => 0));
    const seenHz = Array.from({ length: agents }, (_, a) => port.raw[a * inputs + F_DEV]! / MICRO);
    const meanHz = seenHz.reduce((sum, hz) => sum + hz, 0) / agents;
    for (let a = 0; a < agents; a++) {
      const hz = form === 'central' ? meanHz : seenHz[a]!;
      sums[a] = Math.min(1, Math.max(-1, sums[a]! + kiPerHz * hz));
      out[0] = clamp(Math.floor(-MICRO * (kpPerHz * hz + sums[a]!) + 0.5), -MICRO, MICRO);
      applyEnvelopes(port.policy.envelopes, rawOf(port, a), 0, out);
      issued[a] = out[0];
    }
  };
}

function rawOf({ raw, policy }: PortView, agent: number): Int32Array {
  const inputs = policy.inputs.length;
  return raw.subarray(agent * inputs, (agent + 1) * inputs);
}
