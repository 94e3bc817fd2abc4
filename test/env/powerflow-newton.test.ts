/** What Newton's power flow promises of any network, by properties over random ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import { IEEE33 } from '../../src/env/cases/ieee33.ts';
import { NewtonPowerFlow } from '../../src/env/physics/powerflow/newton.ts';
import { RadialPowerFlow } from '../../src/env/physics/radial.ts';
import type { Network } from '../../src/grid/network.ts';
import { expectNetworkInvariants } from '../support/invariants.ts';
import { randomNetwork, shuffled } from '../support/randomNetwork.ts';

const SEED = fc.integer({ min: 0, max: 1000000 });
const TIGHT = { tolerancePu: 1e-12 };

function solved(network: Network, options?: ConstructorParameters<typeof NewtonPowerFlow>[1]): NewtonPowerFlow {
  const flow = new NewtonPowerFlow(network, options);
  expect(flow.solve(flow.model.pInjPu, flow.model.qInjPu, TIGHT)).toBe(true);
  return flow;
}

function vOf(flow: NewtonPowerFlow, id: number): [re: number, im: number] {
  const k = flow.model.network.buses.findIndex((bus) => bus.id === id);
  return [flow.vRe[k]!, flow.vIm[k]!];
}

function expectSameVoltages(a: NewtonPowerFlow, b: NewtonPowerFlow, within = 1e-9): void {
  for (const { id } of b.model.network.buses) {
    const [re, im] = vOf(a, id);
    const [otherRe, otherIm] = vOf(b, id);
    expect(Math.abs(re - otherRe) + Math.abs(im - otherIm), `bus ${id}`).toBeLessThan(within);
  }
}

describe('Newton power flow of random networks', () => {
  it('balances at every bus and in sum: meshes, machines, taps, shifters, shunts, charging', () => {
    fc.assert(
      fc.property(SEED, fc.integer({ min: 2, max: 30 }), fc.integer({ min: 0, max: 8 }), (seed, buses, loops) => {
        const machines = Math.floor(buses / 4);
        const flow = solved(randomNetwork(seed, { buses, loops, machines, dressed: true }));
        expect(flow.iterations).toBeLessThan(8);
        expectNetworkInvariants(flow, flow.model.pInjPu, flow.model.qInjPu);
      }),
      { numRuns: 150 },
    );
  });

  it('has one solution whatever the order of buses, branches and machines', () => {
    fc.assert(
      fc.property(SEED, fc.integer({ min: 2, max: 25 }), (seed, buses) => {
        const network = randomNetwork(seed, { buses, loops: 3, machines: 2, dressed: true });
        expectSameVoltages(solved(network), solved(shuffled(network, seed + 1)));
      }),
      { numRuns: 60 },
    );
  });

  it('agrees with the sweep on trees', () => {
    fc.assert(
      fc.property(SEED, fc.integer({ min: 2, max: 30 }), (seed, buses) => {
        const network = randomNetwork(seed, { buses });
        const newton = solved(network);
        const sweep = new RadialPowerFlow(network);
        expect(sweep.solve(newton.model.pInjPu, newton.model.qInjPu, TIGHT)).toBe(true);
        for (let k = 0; k < buses; k++) {
          expect(Math.abs(newton.vRe[k]! - sweep.vRe[k]!)).toBeLessThan(1e-10);
          expect(Math.abs(newton.vIm[k]! - sweep.vIm[k]!)).toBeLessThan(1e-10);
        }
        for (const key of ['lossPu', 'lossQPu', 'feedInPu', 'feedInQPu'] as const) {
          expect(Math.abs(newton[key] - sweep[key]), key).toBeLessThan(1e-10);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('turns all angles by a shifter on the only path and no flow with it', () => {
    const network = randomNetwork(3, { buses: 6 });
    const turned = { ...network, branches: network.branches.map((b, k) => (k === 0 ? { ...b, shiftDeg: 30 } : b)) };
    const [plain, shifted] = [solved(network), solved(turned)];
    expect(Math.abs(plain.lossPu - shifted.lossPu)).toBeLessThan(1e-12);
    const last = network.buses.length - 1;
    expect(shifted.angles()[last]! - plain.angles()[last]!).toBeCloseTo(-Math.PI / 6, 10);
  });

  it('of two buses is what the quadratic equation says', () => {
    const bus = { vSetPu: 1.03, loadPW: 0, loadQVar: 0 };
    fc.assert(
      fc.property(
        fc.double({ min: -0.4, max: 0.6, noNaN: true }),
        fc.double({ min: -0.3, max: 0.3, noNaN: true }),
        (p, q) => {
          const [r, x] = [0.12, 0.21];
          const flow = solved({
            name: 'two',
            provenance: 'here',
            baseMva: 10,
            baseKv: 10,
            buses: [
              { ...bus, id: 1, kind: 'slack' },
              { ...bus, id: 2, kind: 'pq', loadPW: p * 1e7, loadQVar: q * 1e7 },
            ],
            branches: [{ fromBus: 1, toBus: 2, rPu: r, xPu: x }],
          });
          // v^4 + (2 (r p + x q) - v1^2) v^2 + (r^2 + x^2)(p^2 + q^2) = 0
          const half = (1.03 ** 2 - 2 * (r * p + x * q)) / 2;
          const square = half + Math.sqrt(half * half - (r * r + x * x) * (p * p + q * q));
          const current = (p * p + q * q) / square;
          expect(flow.vmPu[1]! ** 2).toBeCloseTo(square, 11);
          expect(flow.lossPu).toBeCloseTo(r * current, 11);
          expect(flow.lossQPu).toBeCloseTo(x * current, 11);
          expect(flow.feedInPu).toBeCloseTo(p + r * current, 11);
          expect(flow.feedInQPu).toBeCloseTo(q + x * current, 11);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes parallel branches for one of half the impedance, twice the charging', () => {
    const network = randomNetwork(8, { buses: 9, loops: 2, machines: 2, dressed: true });
    const [first, ...others] = network.branches;
    const half = { ...first!, rPu: 2 * first!.rPu, xPu: 2 * first!.xPu, bPu: first!.bPu! / 2 };
    const turned = { ...half, fromBus: half.toBus, toBus: half.fromBus, tap: 1, shiftDeg: 0 };
    const plain = { ...half, tap: 1, shiftDeg: 0 };
    expectSameVoltages(solved({ ...network, branches: [half, half, ...others] }), solved(network), 1e-11);
    const onePlain = { ...network, branches: [{ ...first!, tap: 1, shiftDeg: 0 }, ...others] };
    expectSameVoltages(solved({ ...network, branches: [plain, turned, ...others] }), solved(onePlain), 1e-11);
  });

  it('adds up the machines of a bus, and leaves out what is out of service', () => {
    const network = randomNetwork(9, { buses: 9, loops: 2, machines: 2, dressed: true });
    const [machine, ...rest] = network.generators!;
    const part = (share: number) => ({ ...machine!, pW: share * machine!.pW });
    const off = { inService: false, pW: 1e9, vSetPu: 1.4 };
    const tie = { fromBus: network.buses[0]!.id, toBus: network.buses[7]!.id, rPu: 1e-6, xPu: 1e-6, inService: false };
    const split = {
      ...network,
      branches: [tie, ...network.branches],
      generators: [part(0.75), part(0.25), ...rest, { ...machine!, ...off }],
    };
    expectSameVoltages(solved(split), solved(network), 1e-11);
    const pqBus = network.buses[5]!;
    const fixed = { ...machine!, bus: pqBus.id, pW: 2e5, qVar: 1e5 };
    const less = { ...pqBus, loadPW: pqBus.loadPW - 4e5, loadQVar: pqBus.loadQVar - 2e5 };
    const lighter = { ...network, buses: network.buses.map((b) => (b === pqBus ? less : b)) };
    const added = solved({ ...network, generators: [...network.generators!, fixed, fixed] });
    expectSameVoltages(added, solved(lighter), 1e-11);
    expect(added.vmPu[5]).not.toBeCloseTo(solved(network).vmPu[5]!, 5);
  });

  it('injects the susceptance of a shunt times the square of the voltage', () => {
    const network = randomNetwork(10, { buses: 6 });
    const at = (over: Partial<Network['buses'][number]>): Network => ({
      ...network,
      buses: network.buses.map((b, k) => (k === 4 ? { ...b, ...over } : b)),
    });
    const flow = solved(at({ shuntPW: 2e5, shuntQVar: 5e5 }));
    const square = flow.vmPu[4]! ** 2;
    const { loadPW, loadQVar } = network.buses[4]!;
    const same = solved(at({ loadPW: loadPW + 2e5 * square, loadQVar: loadQVar - 5e5 * square }));
    expectSameVoltages(flow, same, 1e-11);
    expect(flow.shuntPu).toBeCloseTo(0.02 * square, 12);
    expect(flow.shuntQPu).toBeCloseTo(-0.05 * square, 12);
  });

  it('raises an unloaded bus by 1 / tap', () => {
    const network = randomNetwork(4, { buses: 2 });
    const idle = { ...network.buses[1]!, loadPW: 0, loadQVar: 0 };
    const branch = { ...network.branches[0]!, tap: 0.95 };
    const flow = solved({ ...network, buses: [network.buses[0]!, idle], branches: [branch] });
    expect(flow.vmPu[1]).toBeCloseTo(network.buses[0]!.vSetPu / 0.95, 12);
  });
});

describe('islands', () => {
  const main = randomNetwork(11, { buses: 12, loops: 3, machines: 2, dressed: true });
  const other = randomNetwork(12, { buses: 5, loops: 1, machines: 1 });
  const renamed = (id: number): number => id + 5000;
  const rest = other.buses.map((bus) => ({ ...bus, id: renamed(bus.id) }));
  const restBranches = other.branches.map((b) => ({ ...b, fromBus: renamed(b.fromBus), toBus: renamed(b.toBus) }));
  const tie = { fromBus: main.buses[3]!.id, toBus: rest[2]!.id, rPu: 0.01, xPu: 0.05 };
  const joined = (over: object, kind: 'slack' | 'pq' | 'isolated'): Network => ({
    ...main,
    buses: [...rest.map((bus, k) => (k === 0 ? { ...bus, kind } : bus)), ...main.buses],
    branches: [...restBranches, { ...tie, ...over }, ...main.branches],
    generators: [...main.generators!, ...other.generators!.map((g) => ({ ...g, bus: renamed(g.bus) }))],
  });

  it('leaves a part without slack bus dead, named, and the rest as if it were not there', () => {
    const flow = solved(joined({ inService: false }, 'pq'));
    expectSameVoltages(flow, solved(main), 1e-11);
    expect(flow.model.islands.map(({ energised, buses }) => [energised, buses.length])).toEqual([
      [false, 5],
      [true, 12],
    ]);
    for (let k = 0; k < 5; k++) expect([flow.vRe[k], flow.vIm[k], flow.vmPu[k]]).toEqual([0, 0, 0]);
    expectNetworkInvariants(flow, flow.model.pInjPu, flow.model.qInjPu);
  });

  it('solves each part that has its own slack bus', () => {
    const flow = solved(joined({ inService: false }, 'slack'));
    expectSameVoltages(flow, solved(main), 1e-11);
    expect(flow.feedInPu).toBeCloseTo(solved(main).feedInPu + solved(other).feedInPu, 10);
  });

  it('takes an isolated bus and its branches out', () => {
    const flow = solved(joined({}, 'isolated'));
    expect(flow.vmPu[0]).toBe(0);
    expect(flow.branchFlows()[0]).toMatchObject({ fromPPu: 0, toPPu: 0 });
    expectNetworkInvariants(flow, flow.model.pInjPu, flow.model.qInjPu);
  });

  it('joined by the tie they are one', () => {
    const flow = solved(joined({}, 'pq'));
    expect(flow.model.islands.length).toBe(1);
    expectNetworkInvariants(flow, flow.model.pInjPu, flow.model.qInjPu);
  });

  it.each<[string, Partial<Network>]>([
    ['no slack bus', { buses: main.buses.map((bus) => ({ ...bus, kind: 'pq' as const })) }],
    ['a repeated id', { buses: [...main.buses, main.buses[0]!] }],
    ['a branch without impedance', { branches: [...main.branches, { ...tie, toBus: 100, rPu: 0, xPu: 0 }] }],
    ['one of next to none', { branches: [...main.branches, { ...tie, toBus: 100, rPu: 1e-200, xPu: 0 }] }],
    ['a set point of 0', { generators: [{ ...main.generators![0]!, vSetPu: 0 }, ...main.generators!.slice(1)] }],
    ['a load that is not a number', { buses: [{ ...main.buses[0]!, loadPW: NaN }, ...main.buses.slice(1)] }],
  ])('refuses %s', (_, over) => {
    try {
      new NewtonPowerFlow({ ...main, ...over });
      expect.unreachable();
    } catch (error) {
      expect(isGridPactError(error) && error.code).toBe('env.network');
    }
  });
});

describe('starts, steps and failures', () => {
  const network = randomNetwork(21, { buses: 20, loops: 5, machines: 4, dressed: true });

  it('says so when there is no solution: trail, finite voltages, and the next solve is as good as new', () => {
    const flow = new NewtonPowerFlow(network);
    const { pInjPu, qInjPu } = flow.model;
    for (const factor of [200, 1e4, 1e12, NaN]) {
      expect(
        flow.solve(
          pInjPu.map((p) => p * factor),
          qInjPu,
        ),
      ).toBe(false);
      expect(flow.converged).toBe(false);
      for (const v of flow.vmPu) expect(v >= 0.1 - 1e-12 && v <= 2 + 1e-12).toBe(true);
      expect([flow.lossPu, flow.feedInPu].every(Number.isFinite)).toBe(true);
    }
    expect(
      flow.solve(
        pInjPu.map((p) => p * 200),
        qInjPu,
      ),
    ).toBe(false);
    expect(flow.trail[flow.iterations]).toBe(flow.residualPu);
    expect(flow.trail[0]).toBeGreaterThan(0.1);
    expect(flow.solve(pInjPu, qInjPu, TIGHT)).toBe(true);
    expect([...flow.vRe]).toEqual([...solved(network).vRe]);
  });

  it('a part without slack bus stays dead through a divergence', () => {
    const far = { ...network.buses[1]!, id: 9999, kind: 'pq' as const };
    const flow = new NewtonPowerFlow({ ...network, buses: [...network.buses, far] });
    const { pInjPu, qInjPu } = flow.model;
    const wild = pInjPu.map((p) => 200 * p);
    for (const [p, done] of [
      [wild, false],
      [pInjPu, true],
    ] as const) {
      // prettier-ignore
      expect(flow.solve(p, qInjPu)).toBe(done);
      expect([flow.vRe.at(-1), flow.vIm.at(-1), flow.vmPu.at(-1), flow.angles().at(-1)]).toEqual([0, 0, 0, 0]);
    }
  });

  it('says what it can resolve, goes as far as that, and is solved there', () => {
    const stiff = { ...network, branches: network.branches.map((b, k) => (k === 4 ? { ...b, rPu: 0, xPu: 1e-9 } : b)) };
    const flow = new NewtonPowerFlow(stiff);
    const { pInjPu, qInjPu } = flow.model;
    expect(flow.attainablePu).toBeGreaterThan(1e-7);
    expect(flow.solve(pInjPu, qInjPu, TIGHT)).toBe(true);
    expect(flow.residualPu).toBeGreaterThan(1e-12);
    expect(flow.residualPu).toBeLessThanOrEqual(flow.attainablePu);
    // Not merely below what can be resolved: no longer falling.
    expect(flow.residualPu).toBeGreaterThan(flow.trail[flow.iterations - 1]! / 2);
    expect(flow.solve(pInjPu, qInjPu, { tolerancePu: 1e-5 })).toBe(true);
    const plain = solved(network);
    expect(plain.attainablePu).toBeLessThan(1e-12);
    expect(plain.residualPu).toBeLessThan(1e-12);
  });

  it('converges quadratically', () => {
    const { trail } = solved(network);
    for (let k = 1; k < 4 && trail[k]! > 1e-7; k++) expect(trail[k]).toBeLessThan(2 * trail[k - 1]! ** 2 + 1e-12);
  });

  it('starts warm from where it is, and cold again when that leads nowhere', () => {
    const flow = solved(network);
    const p = flow.model.pInjPu.map((x) => 1.02 * x);
    expect(flow.solve(p, flow.model.qInjPu, { ...TIGHT, warm: true })).toBe(true);
    const warm = flow.vRe.slice();
    expect(flow.iterations).toBeLessThanOrEqual(3);
    expect(flow.solve(p, flow.model.qInjPu, TIGHT)).toBe(true);
    for (let k = 0; k < warm.length; k++) expect(Math.abs(warm[k]! - flow.vRe[k]!)).toBeLessThan(1e-11);
    for (const bad of [NaN, 1e-9, 50]) {
      flow.vRe.fill(bad);
      expect(flow.solve(p, flow.model.qInjPu, { ...TIGHT, warm: true })).toBe(true);
      for (let k = 0; k < warm.length; k++) expect(Math.abs(warm[k]! - flow.vRe[k]!)).toBeLessThan(1e-10);
    }
  });

  it('steps one by one to the same place', () => {
    const whole = solved(network);
    const flow = new NewtonPowerFlow(network);
    let moved = Infinity;
    for (let n = 0; n < 10 && moved > 1e-10; n++) moved = flow.iterate(flow.model.pInjPu, flow.model.qInjPu);
    expect(moved).toBeLessThan(1e-10);
    flow.converged = true;
    flow.finish();
    expectSameVoltages(flow, whole, 1e-11);
    expect(flow.lossPu).toBeCloseTo(whole.lossPu, 10);
    expect(flow.feedInPu).toBeCloseTo(whole.feedInPu, 10);
  });

  it('gives the same bits whatever was solved before, and for two solvers of one compiled network', () => {
    const first = solved(network);
    const again = new NewtonPowerFlow(first.model);
    again.solve(
      first.model.pInjPu.map((p) => 3 * p),
      first.model.qInjPu,
    );
    again.solve(first.model.pInjPu, first.model.qInjPu, TIGHT);
    expect([...again.vRe, ...again.vIm, again.lossPu]).toEqual([...first.vRe, ...first.vIm, first.lossPu]);
  });

  it('solves batches as it solves one by one', () => {
    const flow = new NewtonPowerFlow(network);
    const { pInjPu, qInjPu, busCount: n } = flow.model;
    const rows = 6;
    const p = Float64Array.from(
      { length: rows * n },
      (_, k) => pInjPu[k % n]! * (k >= 4 * n && k < 5 * n ? 500 : 0.5 + Math.floor(k / n) / 8),
    );
    const q = Float64Array.from({ length: rows * n }, (_, k) => qInjPu[k % n]!);
    const result = () => ({
      converged: new Uint8Array(rows),
      vmPu: new Float64Array(rows * n),
      vRe: new Float64Array(rows * n),
      vIm: new Float64Array(rows * n),
      lossPu: new Float64Array(rows),
      feedInPu: new Float64Array(rows),
      feedInQPu: new Float64Array(rows),
    });
    const [cold, chain] = [result(), result()];
    expect(flow.solveBatch(p, q, rows, cold, TIGHT)).toBe(rows - 1);
    flow.flatStart();
    expect(flow.solveBatch(p, q, rows, chain, { ...TIGHT, warm: true })).toBe(rows - 1);
    expect([...cold.converged]).toEqual([1, 1, 1, 1, 0, 1]);
    const single = new NewtonPowerFlow(network);
    for (let row = 0; row < rows; row++) {
      const done = single.solve(p.slice(row * n, (row + 1) * n), q.slice(row * n, (row + 1) * n), TIGHT);
      expect(cold.converged[row]).toBe(done ? 1 : 0);
      expect([...cold.vmPu.slice(row * n, (row + 1) * n)]).toEqual([...single.vmPu]);
      expect([cold.lossPu[row], cold.feedInPu[row], cold.feedInQPu[row]]).toEqual([
        single.lossPu,
        single.feedInPu,
        single.feedInQPu,
      ]);
      if (!done) continue;
      for (let k = row * n; k < (row + 1) * n; k++) expect(Math.abs(cold.vRe[k]! - chain.vRe[k]!)).toBeLessThan(1e-10);
    }
  });

  it('reports branch loading as the larger end over its rating', () => {
    const flow = solved(network);
    flow.branchFlows().forEach(({ fromPPu, fromQPu, toPPu, toQPu, loading }, k) => {
      const most = Math.max(Math.hypot(fromPPu, fromQPu), Math.hypot(toPPu, toQPu));
      expect(loading).toBeCloseTo((most * network.baseMva * 1e6) / network.branches[k]!.rateVa!, 10);
    });
    expect(solved(IEEE33).branchFlows()[0]!.loading).toBeUndefined();
  });

  it('gives dV/dQ as finite differences do, 0 where a machine holds the voltage', () => {
    const flow = solved(network);
    const buses = [0, 2, 7, 13, 19];
    const sensitivity = flow.reactiveSensitivityPu(buses);
    const step = 1e-4;
    buses.forEach((j, column) => {
      const at = (by: number): Float64Array => {
        const q = flow.model.qInjPu.map((x, k) => (k === j ? x + by : x));
        const moved = new NewtonPowerFlow(flow.model);
        expect(moved.solve(flow.model.pInjPu, q, TIGHT)).toBe(true);
        return moved.vmPu;
      };
      const [up, down] = [at(step), at(-step)];
      buses.forEach((i, row) => {
        const expected = (up[i]! - down[i]!) / (2 * step);
        expect(Math.abs(sensitivity[row * buses.length + column]! - expected)).toBeLessThan(1e-7);
      });
    });
    expect(sensitivity[3 * buses.length + 3]).toBeGreaterThan(0);
    expect([sensitivity[0], sensitivity[buses.length + 1]]).toEqual([0, 0]);
  });
});
