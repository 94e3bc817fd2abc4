/** Newton on a tree, alone and as the approach of a feeder that is solved to a coarser tolerance. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { caseNetwork } from '../../src/env/cases/index.ts';
import { createSetpoints, Feeder } from '../../src/env/physics/feeder.ts';
import { BUS } from '../../src/env/physics/powerflow/admittance.ts';
import { NewtonPowerFlow } from '../../src/env/physics/powerflow/newton.ts';
import { RadialPowerFlow } from '../../src/env/physics/radial.ts';
import { sensitivityPu } from '../../src/env/physics/sensitivity.ts';
import { testDay } from '../../src/env/series/synthetic.ts';
import { createFeederScenario, ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { expectFlowInvariants } from '../support/invariants.ts';

const NO_BUSES = new Int32Array(0);
const NO_SLOPE = new Float64Array(0);

describe('Newton on a tree', () => {
  it.each(['ieee33', 'ieee69'])('%s: each step squares the error, to the solution that sweeps find', (name) => {
    const network = caseNetwork(name);
    const baseVa = network.baseMva * 1e6;
    const p = Float64Array.from(network.buses, (bus) => -bus.loadPW / baseVa);
    const q = Float64Array.from(network.buses, (bus) => -bus.loadQVar / baseVa);
    const swept = new RadialPowerFlow(network);
    swept.solve(p, q, { tolerancePu: 1e-14 });
    const flow = new RadialPowerFlow(network);
    flow.inject(p, q, 0, 1);
    const moved = Array.from({ length: 5 }, () => flow.newtonStep(NO_BUSES, NO_SLOPE));
    for (let k = 1; k < 4; k++) expect(moved[k]!).toBeLessThan(Math.max(1e-14, moved[k - 1]! ** 2));
    expect(flow.sweep()).toBeLessThan(1e-14);
    flow.converged = true;
    flow.finish();
    flow.vmPu.forEach((v, bus) => expect(Math.abs(v - swept.vmPu[bus]!)).toBeLessThan(1e-13));
    expectFlowInvariants(flow, p, q, 1e-12);
  });

  it('takes a device whose reactive power follows its voltage into the step', () => {
    const network = caseNetwork('ieee33');
    const p = Float64Array.from(network.buses, (bus) => -bus.loadPW / 1e7);
    const load = Float64Array.from(network.buses, (bus) => -bus.loadQVar / 1e7);
    const flow = new RadialPowerFlow(network);
    const buses = Int32Array.of(12, 17, 29);
    const slope = Float64Array.of(-4, -9, -2);
    const device = (s: number): number => slope[s]! * (flow.magnitude(buses[s]!) - 1);
    flow.inject(p, load, 0, 1);
    const moved: number[] = [];
    for (let k = 0; k < 5; k++) {
      buses.forEach((bus, s) => flow.setQ(bus, load[bus]! + device(s)));
      moved.push(flow.newtonStep(buses, slope));
    }
    for (let k = 1; k < 4; k++) expect(moved[k]!).toBeLessThan(Math.max(1e-14, 10 * moved[k - 1]! ** 2));
    buses.forEach((bus, s) => expect(device(s)).toBeCloseTo(flow.qInjPu(bus) - load[bus]!, 10));
  });
});

describe('Newton on a mesh with devices', () => {
  it.each(['ieee14', 'ieee118'])('%s: each step squares the error, to voltages on the device lines', (name) => {
    const flow = new NewtonPowerFlow(caseNetwork(name));
    const { pInjPu, qInjPu, kind } = flow.model;
    const buses = Int32Array.from([...kind.keys()].filter((bus) => kind[bus] === BUS.pq).slice(0, 5));
    const slope = Float64Array.of(-4, -9, 0, -2, -1);
    const q = qInjPu.slice();
    const device = (s: number): number => slope[s]! * (Math.hypot(flow.vRe[buses[s]!]!, flow.vIm[buses[s]!]!) - 1);
    const moved: number[] = [];
    for (let k = 0; k < 7; k++) {
      buses.forEach((bus, s) => (q[bus] = qInjPu[bus]! + device(s)));
      moved.push(flow.iterateWithDevices(pInjPu, q, buses, slope));
    }
    for (let k = 2; k < 5; k++) expect(moved[k]!).toBeLessThan(Math.max(1e-11, 20 * moved[k - 1]! ** 2));
    buses.forEach((bus, s) => expect(device(s)).toBeCloseTo(q[bus]! - qInjPu[bus]!, 9));
    flow.converged = true;
    flow.finish();
    expect(flow.solve(pInjPu, q, { warm: true, tolerancePu: 1e-9 })).toBe(true);
    expect(flow.iterations).toBe(0);
  });
});

describe('voltages moved by a change of reactive injections', () => {
  it('as LinDistFlow has it at every site, and near what the power flow makes of it', () => {
    const network = caseNetwork('ieee33');
    const zero = new Float64Array(network.buses.length);
    const flow = new RadialPowerFlow(network);
    const buses = Int32Array.of(17, 29);
    const dq = Float64Array.of(0.03, -0.02);
    flow.nudge(buses, dq);
    const x = sensitivityPu(flow.topology, [17, 29]);
    buses.forEach((bus, i) => {
      const wanted = 1 + x[2 * i]! * dq[0]! + x[2 * i + 1]! * dq[1]!;
      expect(flow.magnitude(bus)).toBeGreaterThanOrEqual(wanted - 1e-12);
      expect(flow.magnitude(bus)).toBeLessThan(wanted + 1e-3);
    });
    const q = zero.slice();
    buses.forEach((bus, s) => (q[bus] = dq[s]!));
    const solved = new RadialPowerFlow(network);
    solved.solve(zero, q);
    solved.vmPu.forEach((v, bus) => expect(Math.abs(flow.magnitude(bus) - v)).toBeLessThan(1e-3));
  });
});

describe('a feeder at a coarser tolerance', () => {
  it('ends where the sweeps alone do, for any offsets and curves, within the tolerance', () => {
    const series = ieee33Day(testDay(3), { seed: 1 });
    const coarse = new Feeder(createFeederScenario({ series, tolerancePu: 1e-8 }));
    const fine = new Feeder(createFeederScenario({ series }));
    const offsets = fc.array(fc.integer({ min: -800000, max: 800000 }), { minLength: 6, maxLength: 6 });
    const setpoints = createSetpoints(6, 800000);
    let sweeps = 0;
    let runs = 0;
    fc.assert(
      fc.property(
        offsets,
        fc.integer({ min: 2000, max: 50000 }),
        fc.integer({ min: 0, max: 287 }),
        (micro, knee, step) => {
          setpoints.offsetMicro.set(micro);
          setpoints.curve = {
            vMicroPu: [980000 - knee, 980000, 1020000, 1020000 + knee],
            shareMicro: [1600000, 0, 0, -1600000],
          };
          expect(coarse.preview(step, setpoints)).toBe(true);
          expect(fine.preview(step, setpoints)).toBe(true);
          coarse.vPu.forEach((v, bus) => expect(Math.abs(v - fine.vPu[bus]!)).toBeLessThan(3e-8));
          expectFlowInvariants(coarse.flow as RadialPowerFlow, coarse.pInjPu, coarse.qInjPu, 1e-6);
          sweeps += coarse.iterations;
          runs++;
        },
      ),
      { numRuns: 300 },
    );
    expect(sweeps / runs).toBeLessThan(4);
  });

  it('prices what has no solution, and recovers', () => {
    const series = ieee33Day(10, { seed: 1 });
    const broken = { ...series, loadPW: series.loadPW.slice(), pvW: new Float64Array(series.pvW.length) };
    for (let b = 1; b < 33; b++) broken.loadPW[5 * 33 + b] = 4e6;
    const feeder = new Feeder(createFeederScenario({ series: broken, tolerancePu: 1e-6 }));
    const setpoints = createSetpoints(6, 800000);
    feeder.advance(4, setpoints);
    const before = feeder.vPu.slice();
    expect(feeder.advance(5, setpoints)).toBe(false);
    expect(feeder.vPu.every(Number.isFinite)).toBe(true);
    expect(feeder.advance(4, setpoints)).toBe(true);
    feeder.vPu.forEach((v, b) => expect(Math.abs(v - before[b]!)).toBeLessThan(1e-5));
  });
});
