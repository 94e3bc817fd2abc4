/**
 * Rules of the sites of `stacked-ieee33`, one for each service, and put together: each site by itself, on what a policy sees
 * of the interval before.
 */
import type { StackedCopy } from '../../../env/tasks/stackedIeee33.ts';
import type { StackedService } from '../../../env/tasks/stackedIncome.ts';
import { MICRO, STACKED_INTERFACE } from '../../../env/tasks/stackedInterface.ts';
import { MAX_SHARE_MICRO } from '../../../grid/voltVar.ts';
import type { Decide } from '../../evaluation/episode.ts';

/** Volt-var beyond the inverter's own curve: offset = slope (vRef - v), share of capability. */
export interface DroopRule {
  readonly kind: 'droop';
  readonly vRefPu: number;
  readonly slope: number;
}

/** q <- q + gain (1 - v) / sens: what is paid for at most, found step by step. */
export interface IntegratorRule {
  readonly kind: 'integrator';
  readonly gain: number;
}

export type VoltVarRule = DroopRule | IntegratorRule;

export interface ChargeRule {
  /** State of charge that is held, by a share of the difference in each interval. */
  readonly targetSoc: number;
  readonly rate: number;
  /** At prices above this full power is sold, and nothing is held ready, per MWh. */
  readonly sellAbovePerMwh: number;
}

/** What is absent is not sold. */
export interface StackedRule {
  readonly voltVar?: VoltVarRule;
  readonly charge?: ChargeRule;
  /** Of rated battery power; 0. */
  readonly reserveShare?: number;
}

/** Readings of one site, in SI and pu. */
interface Readings {
  readonly vPu: number;
  readonly pW: number;
  readonly qVar: number;
  readonly sensPuPerVar: number;
  readonly soc: number;
  readonly pricePerMwh: number;
}

const INPUTS = STACKED_INTERFACE.inputs.length;
const OUTPUTS = STACKED_INTERFACE.outputs.length;
const INDEX = new Map(STACKED_INTERFACE.inputs.map(({ n }, i) => [n, i]));

/** The services that a rule sells. */
export function servicesOf({ voltVar, charge, reserveShare = 0 }: StackedRule): readonly StackedService[] {
  const services: StackedService[] = [];
  if (reserveShare > 0) services.push('frequency');
  else if (charge !== undefined) services.push('dispatch');
  if (voltVar !== undefined) services.push('voltage');
  return services.length > 0 ? services : ['dispatch'];
}

export function stackedRule(rule: StackedRule): Decide<StackedCopy> {
  return (copy, _step, issued) => {
    for (let s = 0; s < copy.shape.agents; s++) {
      const readings = read(copy, s);
      const { battery, sMaxVa } = copy.feeder.scenario.sites[s]!;
      const sells = rule.charge !== undefined && readings.pricePerMwh > rule.charge.sellAbovePerMwh;
      const { voltVar, charge, reserveShare = 0 } = rule;
      issued[s * OUTPUTS] = voltVar === undefined ? 0 : whole(shareOf(voltVar, readings, sMaxVa) * MICRO);
      issued[s * OUTPUTS + 1] =
        charge === undefined ? 0 : whole(powerOf(charge, readings, battery.pMaxW, battery.eMaxWh, copy.args.stepMs));
      issued[s * OUTPUTS + 2] = sells ? 0 : whole(reserveShare * MICRO);
    }
  };
}

/** Share of live capability sqrt(S^2 - P^2), within what may be asked for. */
function shareOf(rule: VoltVarRule, { vPu, pW, qVar, sensPuPerVar }: Readings, sMaxVa: number): number {
  const most = MAX_SHARE_MICRO / MICRO;
  const capabilityVar = Math.sqrt(Math.max(1, sMaxVa * sMaxVa - pW * pW));
  const share =
    rule.kind === 'droop'
      ? rule.slope * (rule.vRefPu - vPu)
      : (qVar + (rule.gain * (1 - vPu)) / sensPuPerVar) / capabilityVar;
  return Math.min(most, Math.max(-most, share));
}

/** P = rate (soc - target) E / dt, or all of it where the price is high. */
function powerOf(
  rule: ChargeRule,
  { soc, pricePerMwh }: Readings,
  pMaxW: number,
  ratedWh: number,
  stepMs: number,
): number {
  if (pricePerMwh > rule.sellAbovePerMwh) return pMaxW;
  const dtH = stepMs / 3600000;
  return Math.min(pMaxW, Math.max(-pMaxW, (rule.rate * (soc - rule.targetSoc) * ratedWh) / dtH));
}

function read({ port }: StackedCopy, site: number): Readings {
  const raw = (name: string): number => port.raw[site * INPUTS + INDEX.get(name)!]!;
  return {
    vPu: raw('v.own') / MICRO,
    pW: raw('p.own'),
    qVar: raw('q.own'),
    sensPuPerVar: raw('sens.own') / MICRO / MICRO,
    soc: raw('soc') / MICRO,
    pricePerMwh: raw('price.now') / MICRO,
  };
}

function whole(value: number): number {
  return Math.floor(value + 0.5);
}
