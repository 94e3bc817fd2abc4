/** Newton's power flow against MATPOWER 8, case by case. */
import { describe, expect, it } from 'vitest';
import { parseMatpower } from '../../src/env/cases/matpower.ts';
import { NewtonPowerFlow } from '../../src/env/physics/powerflow/newton.ts';
import { goldenFlow, hasShared, readShared } from '../support/matpower.ts';
import { expectNetworkInvariants } from '../support/invariants.ts';

interface Bounds {
  readonly vPu: number;
  readonly lossMw: number;
}

const EXACT: Bounds = { vPu: 1e-9, lossMw: 1e-8 };
/** Its reference is solved to 1e-9 pu. */
const CASE141: Bounds = { vPu: 1e-8, lossMw: 1e-7 };

const CASES: readonly (readonly [string, Bounds])[] = [
  ['case9', EXACT],
  ['case14', EXACT],
  ['case33bw', EXACT],
  ['case69', EXACT],
  ['case118', EXACT],
  ['case141', CASE141],
];

describe.skipIf(!hasShared('reference/powerflow'))('Newton power flow against MATPOWER 8 (needs shared data)', () => {
  it.each(CASES)('%s: every bus, losses, from a flat start and from the case', (name, bounds) => {
    const network = parseMatpower(readShared(`data/matpower/${name}.m`), name);
    const golden = goldenFlow(name);
    for (const start of ['flat', 'case'] as const) {
      const flow = new NewtonPowerFlow(network, { start });
      const { pInjPu, qInjPu } = flow.model;
      expect(flow.solve(pInjPu, qInjPu)).toBe(true);
      const va = flow.angles();
      expect(golden.bus.length).toBe(network.buses.length);
      golden.bus.forEach(([id, vm, vaDeg], k) => {
        expect(network.buses[k]!.id).toBe(id);
        expect(Math.abs(flow.vmPu[k]! - vm), `bus ${id}`).toBeLessThan(bounds.vPu);
        expect(Math.abs((va[k]! * 180) / Math.PI - vaDeg), `angle of bus ${id}`).toBeLessThan(100 * bounds.vPu);
      });
      expect(Math.abs(flow.lossPu * network.baseMva - golden.loss_mw)).toBeLessThan(bounds.lossMw);
      expect(Math.abs(flow.lossQPu * network.baseMva - golden.loss_mvar)).toBeLessThan(bounds.lossMw);
      expectNetworkInvariants(flow, pInjPu, qInjPu, Math.max(1e-10, flow.residualPu));
    }
  });
});
