/** Frequency dynamics against closed forms, invariants and the signs and bases of the spec. */
import { describe, expect, it } from 'vitest';
import { responseAt, droopResponse, noResponse } from '../../src/env/physics/frequency/responseCurve.ts';
import { initialRocofHzPerS } from '../../src/env/physics/frequency/metrics.ts';
import { rotorSystem, tieLine, type Rotor } from '../../src/env/physics/frequency/rotorSystem.ts';
import { FrequencySimulator, type SimulatorOptions } from '../../src/env/physics/frequency/simulator.ts';

const F0 = 50;
const LOSS = 0.1;
type Integrator = 'trapezoidal' | 'rk4';
const INTEGRATORS: readonly Integrator[] = ['trapezoidal', 'rk4'];

function oneArea(rotor: Partial<Rotor>, options: SimulatorOptions = {}): FrequencySimulator {
  const system = rotorSystem({
    f0Hz: F0,
    rotors: [{ baseMva: 1000, hS: 4, dPu: 1, ...rotor }],
    ports: [{ baseMva: 1000, shares: [1] }],
  });
  return new FrequencySimulator(system, [], options);
}

/** 2H dw/dt = -P - D w. */
function firstOrder(tS: number): number {
  return (-LOSS / 1) * (1 - Math.exp(-tS / 8));
}

const SFR: Rotor = {
  baseMva: 1000,
  hS: 4,
  dPu: 1,
  governor: { rPu: 0.05, tGovernorS: 0, tTurbineS: 0, reheat: { tS: 8, highPressureShare: 0.3 } },
};

/** System frequency response model: w(s) = -P/s (1 + T s) / (2HT s^2 + (2H + DT + FT/R) s + D + 1/R). */
function secondOrder(tS: number): number {
  const [h, d, r, t, f] = [4, 1, 0.05, 8, 0.3];
  const wn = Math.sqrt((d + 1 / r) / (2 * h * t));
  const zwn = (2 * h + d * t + (f * t) / r) / (4 * h * t);
  const wd = Math.sqrt(wn * wn - zwn * zwn);
  const decay = Math.exp(-zwn * tS);
  const step = (1 - decay * (Math.cos(wd * tS) + (zwn / wd) * Math.sin(wd * tS))) / (wn * wn);
  return (-LOSS / (2 * h * t)) * (step + (t * decay * Math.sin(wd * tS)) / wd);
}

function worstError(rotor: Partial<Rotor>, exact: (tS: number) => number, options: SimulatorOptions): number {
  const sim = oneArea(rotor, options);
  sim.setDemand(0, LOSS);
  let worst = 0;
  for (let k = 1; k * sim.dtS <= 20; k++) {
    sim.advance(1);
    worst = Math.max(worst, Math.abs(sim.speedPu(0) - exact(k * sim.dtS)));
  }
  return worst;
}

describe('step response', () => {
  for (const integrator of INTEGRATORS) {
    it(`first order by ${integrator}: the closed form to 1e-6, order >= 2`, () => {
      const coarse = worstError({}, firstOrder, { integrator, dtS: 0.02 });
      const fine = worstError({}, firstOrder, { integrator, dtS: 0.01 });
      expect(coarse).toBeLessThan(1e-6);
      expect(fine === 0 || Math.log2(coarse / fine) > 1.95 || coarse < 1e-14).toBe(true);
    });

    it(`second order (Anderson & Mirheydar) by ${integrator}: the closed form to 1e-6, order >= 2`, () => {
      const coarse = worstError(SFR, secondOrder, { integrator, dtS: 0.02 });
      const fine = worstError(SFR, secondOrder, { integrator, dtS: 0.01 });
      expect(coarse).toBeLessThan(1e-6);
      expect(Math.log2(coarse / fine)).toBeGreaterThan(integrator === 'rk4' ? 3.9 : 1.99);
    });
  }

  it('keeps its order when the event falls between steps', () => {
    const at = 0.317;
    const errorOf = (dtS: number): number => {
      const sim = oneArea(SFR, { dtS });
      sim.advanceTo(at);
      sim.setDemand(0, LOSS);
      sim.advanceTo(at + 3);
      return Math.abs(sim.speedPu(0) - secondOrder(3));
    };
    expect(Math.log2(errorOf(0.02) / errorOf(0.01))).toBeGreaterThan(1.99);
  });

  it('falls at -dP f0 / 2H at first', () => {
    const sim = oneArea({ dPu: 0 });
    sim.setDemand(0, LOSS);
    sim.advance(1);
    expect((sim.speedPu(0) * F0) / sim.dtS).toBeCloseTo(initialRocofHzPerS(LOSS, F0, 4), 12);
    expect(initialRocofHzPerS(LOSS, F0, 4)).toBeCloseTo(-0.625, 15);
  });
});

const GOVERNOR = { rPu: 0.05, tGovernorS: 0.2, tTurbineS: 0.5 };

function twoAreas(options: { governor?: boolean; agc?: boolean; dPu?: readonly [number, number] } = {}) {
  const bases = [2000, 800] as const;
  const d = options.dPu ?? [1, 1.5];
  const governors = [GOVERNOR, { ...GOVERNOR, rPu: 0.04, reheat: { tS: 7, highPressureShare: 0.3 } }];
  const rotors = bases.map((baseMva, i): Rotor => {
    const betaPu = 1 / governors[i]!.rPu + d[i]!;
    return {
      baseMva,
      hS: [5, 3.5][i]!,
      dPu: d[i]!,
      governor: options.governor === true ? governors[i] : undefined,
      agc: options.agc === true ? { biasPu: betaPu, kp: 0.05, kiPerS: 0.1 } : undefined,
    };
  });
  return rotorSystem({
    f0Hz: F0,
    rotors,
    coupling: tieLine(0.8, bases[0]),
    ports: bases.map((baseMva, i) => ({ baseMva, shares: i === 0 ? [1, 0] : [0, 1] })),
  });
}

describe('two areas', () => {
  it('conserve H1 dw1^2 + H2 dw2^2 + T12 d^2 / (4 pi f0) to 1e-9 in 60 s', () => {
    const sim = new FrequencySimulator(twoAreas({ dPu: [0, 0] }), []);
    // A pulse of demand leaves them swinging against each other.
    sim.setDemand(0, 0.2);
    sim.advance(25);
    sim.setDemand(0, 0);
    const energy = (): number => {
      const [w1, w2] = [sim.speedPu(0), sim.speedPu(1)];
      const angle = sim.tiePu(0) / 0.8;
      // On the base of area 1: H2 counts S2 / S1 times.
      return 5 * w1 * w1 + 3.5 * (800 / 2000) * w2 * w2 + (0.8 * angle * angle) / (4 * Math.PI * F0);
    };
    const first = energy();
    let drift = 0;
    let moved = 0;
    for (let k = 0; k < 3000; k++) {
      sim.advance(1);
      drift = Math.max(drift, Math.abs(energy() - first) / first);
      moved = Math.max(moved, Math.abs(sim.tiePu(0)));
    }
    expect(moved).toBeGreaterThan(0.01);
    expect(drift).toBeLessThanOrEqual(1e-9);
  });

  it('settle without AGC at df = -dPL1/(b1+b2), dPtie = -dPL1 b2/(b1+b2) on a common base', () => {
    const sim = new FrequencySimulator(twoAreas({ governor: true }), []);
    sim.setDemand(0, 0.05);
    sim.advance(50 * 1200);
    const beta1 = 1 / 0.05 + 1;
    const beta2 = (1 / 0.04 + 1.5) * (800 / 2000);
    expect(sim.speedPu(0)).toBeCloseTo(-0.05 / (beta1 + beta2), 12);
    expect(sim.speedPu(1)).toBeCloseTo(-0.05 / (beta1 + beta2), 12);
    expect(sim.tiePu(0)).toBeCloseTo((-0.05 * beta2) / (beta1 + beta2), 11);
    expect(sim.tiePu(1)).toBeCloseTo(((0.05 * beta2) / (beta1 + beta2)) * (2000 / 800), 11);
  });

  it('come back to df = 0 and dPtie = 0 with AGC, each area covering its own demand', () => {
    const sim = new FrequencySimulator(twoAreas({ governor: true, agc: true }), []);
    sim.setDemand(0, 0.05);
    sim.advance(50 * 900);
    for (const area of [0, 1]) {
      expect(sim.speedPu(area)).toBeCloseTo(0, 10);
      expect(sim.tiePu(area)).toBeCloseTo(0, 10);
    }
    expect(sim.mechanicalPu(0)).toBeCloseTo(0.05, 9);
    expect(sim.mechanicalPu(1)).toBeCloseTo(0, 9);
  });

  it('send power from 1 to 2 when area 2 lacks it', () => {
    const sim = new FrequencySimulator(twoAreas({ governor: true }), []);
    sim.setDemand(1, 0.1);
    sim.advance(100);
    expect(sim.speedPu(1)).toBeLessThan(0);
    expect(sim.tiePu(0)).toBeGreaterThan(0);
    expect(sim.tiePu(1) * 800).toBeCloseTo(-sim.tiePu(0) * 2000, 9);
  });
});

describe('a fleet of inverters', () => {
  const base = { port: 0, lagS: 0.1, curve: noResponse(), pMaxPu: 0.1, rampPuPerS: Infinity };
  const system = twoAreas({ governor: true });

  it('answers a set point with a first-order lag', () => {
    const errorOf = (dtS: number): number => {
      const sim = new FrequencySimulator(system, [base], { dtS });
      sim.setpointPu[0] = 0.05;
      sim.advanceTo(0.2);
      return Math.abs(sim.powerPu[0]! - 0.05 * (1 - Math.exp(-2)));
    };
    expect(errorOf(0.001)).toBeLessThan(1e-6);
    expect(Math.log2(errorOf(0.02) / errorOf(0.01))).toBeGreaterThan(1.98);
  });

  it('ramps, and stops at its limit', () => {
    const sim = new FrequencySimulator(system, [{ ...base, lagS: 0.02, rampPuPerS: 0.2 }]);
    sim.setpointPu[0] = 1;
    sim.advance(10);
    expect(sim.powerPu[0]).toBeCloseTo(0.04, 12);
    sim.advance(100);
    expect(sim.powerPu[0]).toBeCloseTo(0.1, 12);
  });

  for (const integrator of INTEGRATORS) {
    it(`settles by ${integrator} where droop outside the deadband balances the demand`, () => {
      const curve = droopResponse(0.02, 0.0003);
      const one = rotorSystem({
        f0Hz: F0,
        rotors: [{ baseMva: 1000, hS: 4, dPu: 1, governor: GOVERNOR }],
        ports: [{ baseMva: 1000, shares: [1] }],
      });
      const sim = new FrequencySimulator(one, [{ ...base, curve }], { integrator });
      sim.setDemand(0, 0.1);
      sim.advance(50 * 120);
      // -w (D + 1/R) + (-w - deadband) / Rinv = demand
      const w = -(0.1 + 0.0003 / 0.02) / (1 + 20 + 50);
      expect(sim.speedPu(0)).toBeCloseTo(w, 12);
      expect(sim.powerPu[0]).toBeCloseTo(responseAt(curve, w), 12);
    });
  }

  it('a deadband leaves the trapezoidal rule at order 2 and brings RK4 down to it', () => {
    const run = (dtS: number, integrator: Integrator, loss: number): number => {
      const fleet = { ...base, curve: droopResponse(0.02, 0.0005) };
      const sim = new FrequencySimulator(oneArea(SFR).system, [fleet], { dtS, integrator });
      sim.setDemand(0, loss);
      sim.advanceTo(5);
      return sim.speedPu(0);
    };
    // Where in a step the knot is crossed decides the error, so it is averaged over many events.
    const losses = Array.from({ length: 24 }, (_, i) => 0.05 + 0.003 * i);
    const exact = losses.map((loss) => run(0.02 / 128, 'rk4', loss));
    const error = (dtS: number, integrator: Integrator): number =>
      losses.reduce((sum, loss, i) => sum + Math.abs(run(dtS, integrator, loss) - exact[i]!), 0);
    const order = (integrator: Integrator): number => Math.log2(error(0.02, integrator) / error(0.005, integrator)) / 2;
    expect(order('rk4')).toBeLessThan(2.6);
    expect(order('rk4')).toBeGreaterThan(1.5);
    expect(order('trapezoidal')).toBeGreaterThan(1.7);
  });

  it('several fleets, saturated or not, converge to the finely stepped RK4 with order 2', () => {
    const fleets = [0, 1].map((port) => ({ ...base, port, curve: droopResponse(0.005, 0.0003), pMaxPu: 0.08 }));
    const run = (dtS: number, integrator: Integrator): number[] => {
      const sim = new FrequencySimulator(system, fleets, { dtS, integrator });
      sim.setDemand(0, 0.15);
      sim.advanceTo(4);
      return [sim.speedPu(0), sim.speedPu(1), sim.tiePu(0), ...sim.powerPu];
    };
    const exact = run(0.0005, 'rk4');
    const error = (dtS: number): number =>
      Math.max(...run(dtS, 'trapezoidal').map((value, i) => Math.abs(value - exact[i]!)));
    expect(error(0.02)).toBeLessThan(2e-3);
    expect(Math.log2(error(0.02) / error(0.0025)) / 3).toBeGreaterThan(1.8);
  });

  it('one rotor with one fleet: the fast way is the general way, bit for bit', () => {
    const one = rotorSystem({
      f0Hz: F0,
      rotors: [{ ...SFR, governor: { ...GOVERNOR, reheat: { tS: 7, highPressureShare: 0.3 } } }],
      ports: [{ baseMva: 1000, shares: [1] }],
    });
    const store = { eMinPuS: 0, eMaxPuS: 0.4, etaCharge: 0.9, etaDischarge: 0.8 };
    const fleet = { ...base, curve: droopResponse(0.02, 0.0003), rampPuPerS: 0.5, store };
    // A second fleet that can do nothing leads the long way round.
    const fast = new FrequencySimulator(one, [fleet]);
    const general = new FrequencySimulator(one, [fleet, { ...base, pMaxPu: 0 }]);
    for (let k = 0; k < 200; k++) {
      for (const sim of [fast, general]) {
        sim.setDemand(0, 0.3 * Math.sin(k));
        sim.setpointPu[0] = 0.1 * Math.cos(2 * k);
        sim.gain[0] = k % 3;
        sim.advance(17);
      }
      const { x, xIntegral, timeS } = fast.getState();
      expect(general.getState()).toMatchObject({ x, xIntegral, timeS });
      expect([general.powerPu[0], general.storedPuS[0]]).toEqual([fast.powerPu[0], fast.storedPuS[0]]);
      expect(general.deliveredPuS(0)).toBe(fast.deliveredPuS(0));
    }
  });

  it('runs its batteries to their limits and not past them, with both efficiencies', () => {
    const store = { eMinPuS: 0, eMaxPuS: 1, etaCharge: 0.9, etaDischarge: 0.8 };
    const sim = new FrequencySimulator(system, [{ ...base, rampPuPerS: 0.5, store }]);
    sim.setpointPu[0] = 1;
    let least = 1;
    for (let k = 0; k < 3000; k++) {
      sim.advance(1);
      least = Math.min(least, sim.storedPuS[0]!);
    }
    expect(least).toBeGreaterThanOrEqual(0);
    expect(least).toBeLessThan(1e-9);
    expect(sim.deliveredPuS(0)).toBeCloseTo(0.5 * 0.8, 8);
    sim.setpointPu[0] = -1;
    sim.advance(50 * 60);
    expect(sim.storedPuS[0]).toBeLessThanOrEqual(1);
    expect(sim.storedPuS[0]).toBeCloseTo(1, 8);
    expect(sim.deliveredPuS(0)).toBeCloseTo(0.5 * 0.8 - 1 / 0.9, 8);
  });
});

describe('bad parameters', () => {
  const good: Rotor = { baseMva: 100, hS: 4, dPu: 1 };
  const port = { baseMva: 100, shares: [1] };
  const cases = {
    'no inertia': { f0Hz: F0, rotors: [{ ...good, hS: 0 }], ports: [port] },
    'a negative lag': {
      f0Hz: F0,
      rotors: [{ ...good, governor: { ...GOVERNOR, tTurbineS: -1 } }],
      ports: [port],
    },
    'shares that do not sum to 1': { f0Hz: F0, rotors: [good], ports: [{ baseMva: 100, shares: [0.9] }] },
    'two rotors without a tie': { f0Hz: F0, rotors: [good, good], ports: [] },
    'a coupling whose rows do not sum to 0': {
      f0Hz: F0,
      rotors: [good, good],
      ports: [],
      coupling: { baseMva: 100, perRad: Float64Array.of(1, -0.9, -0.9, 1) },
    },
  };
  for (const [name, parameters] of Object.entries(cases)) {
    it(`refuses ${name}`, () => {
      expect(() => rotorSystem(parameters)).toThrow(expect.objectContaining({ code: 'env.frequency' }));
    });
  }

  it('refuses steps over 20 ms and fleets without a port', () => {
    expect(() => oneArea({}, { dtS: 0.03 })).toThrow(expect.objectContaining({ code: 'env.frequency' }));
    const fleet = { port: 1, lagS: 0.1, curve: noResponse(), pMaxPu: 1, rampPuPerS: 1 };
    const { system } = oneArea({});
    expect(() => new FrequencySimulator(system, [fleet])).toThrow(expect.objectContaining({ code: 'env.frequency' }));
  });
});
