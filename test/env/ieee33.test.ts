import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IEEE33 } from '../../src/env/cases/ieee33.ts';
import { parseMatpower } from '../../src/env/cases/matpower.ts';
import { RadialPowerFlow } from '../../src/env/physics/radial.ts';
import { radialTopology } from '../../src/env/physics/topology.ts';
import { isGridPactError } from '../../src/base/errors.ts';
import { expectFlowInvariants } from '../support/invariants.ts';
import { goldenFlow, hasShared, radialCase, readShared } from '../support/matpower.ts';

const BASE_VA = IEEE33.baseMva * 1e6;

function nominal(factor = 1): [Float64Array, Float64Array] {
  return [
    Float64Array.from(IEEE33.buses, (b) => (-b.loadPW * factor) / BASE_VA),
    Float64Array.from(IEEE33.buses, (b) => (-b.loadQVar * factor) / BASE_VA),
  ];
}

describe('IEEE 33-bus feeder (Baran & Wu 1989)', () => {
  it('has losses of 202.677126 kW and 0.913090479 pu at bus 18', () => {
    const flow = new RadialPowerFlow(IEEE33);
    const [p, q] = nominal();
    expect(flow.solve(p, q)).toBe(true);
    expect(flow.residualPu).toBeLessThan(1e-10);
    expect(Math.abs(flow.lossPu * IEEE33.baseMva - 0.202677126456)).toBeLessThan(1e-8);
    expect(Math.abs(flow.vmPu[17]! - 0.913090479361)).toBeLessThan(1e-9);
    expect(Math.min(...flow.vmPu)).toBe(flow.vmPu[17]);
    expectFlowInvariants(flow, p, q);
  });

  it.skipIf(!hasShared('reference/powerflow'))(
    'agrees with MATPOWER 8 at every bus (needs shared reference data)',
    () => {
      const golden = goldenFlow('case33bw');
      const flow = new RadialPowerFlow(IEEE33);
      const [p, q] = nominal();
      flow.solve(p, q, { tolerancePu: 1e-12 });
      const va = flow.angles();
      expect(golden.bus.length).toBe(33);
      golden.bus.forEach(([id, vm, vaDeg], k) => {
        expect(IEEE33.buses[k]!.id).toBe(id);
        expect(Math.abs(flow.vmPu[k]! - vm), `bus ${id}`).toBeLessThan(1e-9);
        expect(Math.abs((va[k]! * 180) / Math.PI - vaDeg), `angle of bus ${id}`).toBeLessThan(1e-7);
      });
      expect(Math.abs(flow.lossQPu * IEEE33.baseMva - golden.loss_mvar)).toBeLessThan(1e-8);
    },
  );

  it.skipIf(!hasShared('data/matpower'))('is the case33bw of MATPOWER, base and all (needs shared data)', () => {
    const file = radialCase('case33bw');
    expect(file.baseMva).toBe(IEEE33.baseMva);
    expect(file.baseKv).toBe(IEEE33.baseKv);
    expect(file.buses.map(({ id, kind, loadPW, loadQVar, vSetPu }) => [id, kind, loadPW, loadQVar, vSetPu])).toEqual(
      IEEE33.buses.map(({ id, kind, loadPW, loadQVar, vSetPu }) => [id, kind, loadPW, loadQVar, vSetPu]),
    );
    // The file divides by V^2/S, this case by kV^2/MVA: a unit in the last place.
    file.branches.forEach((branch, k) => {
      const ours = IEEE33.branches[k]!;
      expect([branch.fromBus, branch.toBus]).toEqual([ours.fromBus, ours.toBus]);
      expect(Math.abs(branch.rPu / ours.rPu - 1)).toBeLessThan(4e-16);
      expect(Math.abs(branch.xPu / ours.xPu - 1)).toBeLessThan(4e-16);
    });
    expect(file.branches.length).toBe(IEEE33.branches.length);
    // Without its last statements the file holds ohms: divided as here they are the same to the last bit.
    const text = readShared('data/matpower/case33bw.m');
    const ohms = parseMatpower(text.slice(0, text.indexOf('%% convert branch impedances')));
    const ohmPerPu = (IEEE33.baseKv * IEEE33.baseKv) / IEEE33.baseMva;
    const live = ohms.branches.filter(({ inService }) => inService !== false);
    expect(live.map(({ rPu, xPu }) => [rPu / ohmPerPu, xPu / ohmPerPu])).toEqual(
      IEEE33.branches.map(({ rPu, xPu }) => [rPu, xPu]),
    );
  });

  it('keeps its invariants and does not depend on the order of buses and branches', () => {
    const shuffled = {
      ...IEEE33,
      buses: [...IEEE33.buses].reverse(),
      branches: [...IEEE33.branches].reverse().map((b) => ({ ...b, fromBus: b.toBus, toBus: b.fromBus })),
    };
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -0.12, max: 0.06, noNaN: true }), { minLength: 66, maxLength: 66 }),
        (x) => {
          const p = Float64Array.from(x.slice(0, 33));
          const q = Float64Array.from(x.slice(33));
          const a = new RadialPowerFlow(IEEE33);
          const b = new RadialPowerFlow(shuffled);
          const done = a.solve(p, q);
          expect(b.solve(p.slice().reverse(), q.slice().reverse())).toBe(done);
          if (!done) return;
          expectFlowInvariants(a, p, q);
          for (let k = 0; k < 33; k++) expect(Math.abs(a.vmPu[k]! - b.vmPu[32 - k]!)).toBeLessThan(1e-9);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reports an impossible load instead of throwing, with finite voltages', () => {
    const flow = new RadialPowerFlow(IEEE33);
    for (const factor of [5, 20, 1e6]) {
      const [p, q] = nominal(factor);
      expect(flow.solve(p, q)).toBe(false);
      for (const v of flow.vmPu) expect(v).toBeLessThanOrEqual(2 + 1e-12);
      for (const v of flow.vmPu) expect(v).toBeGreaterThanOrEqual(0.1 - 1e-12);
      expect(Number.isFinite(flow.lossPu)).toBe(true);
    }
    const [p, q] = nominal();
    expect(flow.solve(p, q)).toBe(true);
  });

  it('refuses meshes, islands and unknown buses by name', () => {
    const tie = { fromBus: 18, toBus: 33, rPu: 0.03, xPu: 0.03 };
    const code = (branches: typeof IEEE33.branches): string => {
      try {
        radialTopology({ ...IEEE33, branches });
      } catch (error) {
        if (isGridPactError(error)) return error.code;
      }
      return 'accepted';
    };
    expect(code([...IEEE33.branches, tie])).toBe('env.networkNotRadial');
    expect(code([...IEEE33.branches.slice(1), tie])).toBe('env.networkNotRadial');
    expect(code([...IEEE33.branches.slice(0, -1), { ...tie, toBus: 99 }])).toBe('env.unknownBus');
  });
});

describe.skipIf(!hasShared('data/matpower'))('other radial cases against MATPOWER 8 (need shared data)', () => {
  it.each(['case69', 'case141'])('%s: every bus to 1e-8 pu, losses to 1e-8 MW', (name) => {
    const network = radialCase(name);
    const golden = goldenFlow(name);
    const baseVa = network.baseMva * 1e6;
    const p = Float64Array.from(network.buses, (b) => -b.loadPW / baseVa);
    const q = Float64Array.from(network.buses, (b) => -b.loadQVar / baseVa);
    const flow = new RadialPowerFlow(network);
    expect(flow.solve(p, q, { tolerancePu: 1e-12 })).toBe(true);
    expectFlowInvariants(flow, p, q);
    expect(Math.abs(flow.lossPu * network.baseMva - golden.loss_mw)).toBeLessThan(1e-8);
    expect(golden.bus.length).toBe(network.buses.length);
    golden.bus.forEach(([id, vm], k) => {
      expect(network.buses[k]!.id).toBe(id);
      expect(Math.abs(flow.vmPu[k]! - vm), `bus ${id}`).toBeLessThan(1e-8);
    });
  });
});
