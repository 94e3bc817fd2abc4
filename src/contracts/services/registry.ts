/** Formulae by service and version. A change to what one computes is a new version with an effective date. */
import { fail } from '../../base/errors.ts';
import type { Service } from '../../grid/service.ts';
import { energyDispatchV1 } from './energyDispatch.ts';
import type { ServiceContract } from './types.ts';
import { voltageSupportV1 } from './voltageSupport.ts';

/** Terms are opaque to callers: they come from the same contract's parseTerms. */
const FORMULAE: readonly ServiceContract[] = [voltageSupportV1, energyDispatchV1];

/** @throws `service.unknown`. */
export function serviceContract(service: string, version: number): ServiceContract {
  const found = FORMULAE.find((formula) => formula.service === service && formula.version === version);
  if (found === undefined) {
    const known = FORMULAE.map((f) => `${f.service} v${f.version}`).join(', ');
    throw fail('service.unknown', { expected: known, got: `${service} v${version}` });
  }
  return found;
}

export const SERVICE_CODE: Readonly<Record<Service, number>> = { 'voltage-support': 1, 'energy-dispatch': 2 };

export function serviceOfCode(code: number): Service {
  return code === SERVICE_CODE['voltage-support'] ? 'voltage-support' : 'energy-dispatch';
}
