/** Machines on the IEEE 14-bus network: the reduction by hand and by invariants, and the secondary-control task. */
import { describe, expect, it } from 'vitest';
import { caseNetwork } from '../../src/env/cases/index.ts';
import { checkEnv } from '../../src/env/gym/checkEnv.ts';
import { randomRun } from '../../src/env/gym/randomRun.ts';
import { make } from '../../src/env/gym/registry.ts';
import { machineNetwork } from '../../src/env/physics/frequency/machineNetwork.ts';
import { rotorSystem } from '../../src/env/physics/frequency/rotorSystem.ts';
import { FrequencySimulator } from '../../src/env/physics/frequency/simulator.ts';
import {
  frequencyIeee14,
  type FrequencyIeee14Args,
  type FrequencyIeee14Copy,
} from '../../src/env/tasks/frequencyIeee14.ts';
import type { Network } from '../../src/grid/network.ts';

const ID = 'frequency-ieee14-v1';
const MACHINES = [1, 2, 3, 6, 8].map((bus) => ({ bus, baseMva: 100, xTransientPu: 0.2 }));

/** Three buses in a row, x = 0.1 and 0.3, at no load and 1 pu: the angles are 0 and E = V. */
const ROW: Network = {
  name: 'row',
  provenance: 'by hand',
  baseMva: 100,
  baseKv: 10,
  buses: [1, 2, 3].map((id) => ({ id, kind: id === 1 ? 'slack' : 'pq', loadPW: 0, loadQVar: 0, vSetPu: 1 })),
  branches: [
    { fromBus: 1, toBus: 2, rPu: 0, xPu: 0.1 },
    { fromBus: 2, toBus: 3, rPu: 0, xPu: 0.3 },
  ],
};

describe('reduction to the machines', () => {
  it('two machines at the ends of a row: reactances in series, shares as the other way is long', () => {
    const machines = [
      { bus: 1, baseMva: 50, xTransientPu: 0.05 },
      { bus: 3, baseMva: 200, xTransientPu: 0.2 },
    ];
    const { coupling, ports } = machineNetwork(ROW, machines, [1, 2, 3]);
    // 0.05 x 100/50 + 0.1 + 0.3 + 0.2 x 100/200 = 0.6
    expect(coupling.perRad[0]).toBeCloseTo(1 / 0.6, 12);
    expect(coupling.perRad[1]).toBeCloseTo(-1 / 0.6, 12);
    [0.5 / 0.6, 0.4 / 0.6, 0.1 / 0.6].forEach((share, i) => {
      expect(ports[i]!.shares[0]).toBeCloseTo(share, 12);
      expect(ports[i]!.shares[1]).toBeCloseTo(1 - share, 12);
    });
  });

  it('a phase shifter in a row turns the angles behind it and couples no differently', () => {
    const machines = [1, 3].map((bus) => ({ bus, baseMva: 100, xTransientPu: 0.1 }));
    const buses = ROW.buses.map((bus) => (bus.id === 3 ? { ...bus, loadPW: 30e6, loadQVar: 5e6 } : bus));
    const branches = ROW.branches.map((branch, i) => (i === 1 ? { ...branch, shiftDeg: 30 } : branch));
    const plain = machineNetwork({ ...ROW, buses }, machines, [2]);
    const turned = machineNetwork({ ...ROW, buses, branches }, machines, [2]);
    expect(turned.coupling.perRad[0]).toBeCloseTo(plain.coupling.perRad[0]!, 9);
    expect(turned.ports[0]!.shares[0]).toBeCloseTo(plain.ports[0]!.shares[0]!, 9);
  });

  it('the power that a machine takes of an injection is how much its angle moves that bus', () => {
    const { coupling, ports } = machineNetwork(caseNetwork('ieee14'), MACHINES, [4, 9, 13, 14]);
    for (const { shares } of ports) {
      expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      shares.forEach((share) => expect(share).toBeGreaterThan(0));
    }
    for (let g = 0; g < 5; g++) {
      for (let h = 0; h < 5; h++) {
        if (g !== h) expect(coupling.perRad[g * 5 + h]).toBeLessThan(0);
        expect(coupling.perRad[g * 5 + h]).toBe(coupling.perRad[h * 5 + g]);
      }
    }
  });

  it('undamped machines without governors keep their energy to 1e-9 in 60 s', () => {
    const network = machineNetwork(caseNetwork('ieee14'), MACHINES, [14]);
    const rotors = MACHINES.map(({ baseMva }, i) => ({ baseMva: baseMva * (1 + i / 2), hS: 4 + i, dPu: 0 }));
    const f0Hz = 60;
    const sim = new FrequencySimulator(rotorSystem({ f0Hz, rotors, ...network }), []);
    sim.setDemand(0, 0.3);
    sim.advance(17);
    sim.setDemand(0, 0);
    // The simulator has the ties' powers, not the angles: integrate d d_i/dt = 2 pi f0 w_i by the same rule.
    const angle = new Float64Array(5);
    const start = rotors.map((_, i) => 2 * Math.PI * f0Hz * sim.speedPuS(i));
    const energy = (): number => {
      rotors.forEach((_, i) => (angle[i] = 2 * Math.PI * f0Hz * sim.speedPuS(i)));
      let sum = 0;
      rotors.forEach(({ hS, baseMva }, i) => {
        sum += ((hS * baseMva) / 100) * sim.speedPu(i) ** 2;
        for (let j = 0; j < 5; j++)
          sum += (angle[i]! * network.coupling.perRad[i * 5 + j]! * angle[j]!) / (4 * Math.PI * f0Hz);
      });
      return sum;
    };
    const first = energy();
    expect(first).toBeGreaterThan(0);
    expect(start.some((x) => Math.abs(x - start[0]!) > 1e-3)).toBe(true);
    let drift = 0;
    for (let k = 0; k < 3000; k++) {
      sim.advance(1);
      drift = Math.max(drift, Math.abs(energy() - first) / first);
    }
    expect(drift).toBeLessThanOrEqual(1e-9);
  });

  it('refuses a bus that is not there and a machine without reactance', () => {
    expect(() => machineNetwork(ROW, [{ bus: 9, baseMva: 1, xTransientPu: 0.2 }], [])).toThrow(
      expect.objectContaining({ code: 'env.unknownBus' }),
    );
    expect(() => machineNetwork(ROW, [{ bus: 1, baseMva: 1, xTransientPu: 0 }], [])).toThrow(
      expect.objectContaining({ code: 'env.frequency' }),
    );
  });
});

function copyOf(args: Partial<FrequencyIeee14Args>): FrequencyIeee14Copy {
  return frequencyIeee14.createCopy(args) as FrequencyIeee14Copy;
}

/** `action` of each agent's observation, in [-1, 1]; info at the end. */
function live(args: object, action: (observation: Float32Array) => number, seed: number): Record<string, number> {
  const env = make(ID, args);
  let observation = env.reset({ seed }).observation as Float32Array;
  let steps = 0;
  for (;;) {
    const rows = [0, 1, 2].map((a) => observation.subarray(5 * a, 5 * a + 5));
    const result = env.step(Float32Array.from(rows, action));
    observation = result.observation as Float32Array;
    steps++;
    if (result.truncated) return { ...(result.info as Record<string, number>), steps };
  }
}

describe('the secondary-control task', () => {
  it('keeps the contract', () => checkEnv(() => make(ID)));
  it('keeps the contract with a delay, lost readings and the test split', () =>
    checkEnv(() => make(ID, { observationDelay: 1, missingRate: 0.2, split: 'test', response: 'droop' })));

  it('acts at 20 instants from 5 s on; doing nothing leaves primary control where its droop says', () => {
    const info = live({}, () => 0, 2);
    expect(info['steps']).toBe(20);
    // beta = sum of S (1/R + D) on 100 MVA, machines 1 and 2 with governors
    const beta = 6.15 * 22 + 0.6 * 22 + (0.6 + 0.25 + 0.25) * 2;
    expect(info['finalMeanErrorHz']).toBeCloseTo((info['loadPu']! / beta) * 60, 2);
  });

  it('integrating the own frequency brings it back', () => {
    const none = live({}, () => 0, 2);
    const integral = live({}, (seen) => seen[4]! - 1.5 * seen[0]!, 2);
    expect(integral['finalErrorHz']).toBeLessThan(none['finalErrorHz']! / 10);
    expect(integral['meanReward']).toBeGreaterThan(none['meanReward']!);
  });

  it('balances momentum over all machines under random actions', () => {
    const copy = copyOf({ split: 'test' });
    let worst = 0;
    randomRun(copy, {
      seed: 3,
      steps: 200,
      watch: () => {
        const { sources, sinks } = copy.balance();
        worst = Math.max(worst, Math.abs(sources - sinks));
      },
    });
    expect(worst).toBeLessThan(1e-12);
  });

  it('refuses arguments that do not fit', () => {
    for (const args of [{ stepMs: 755 }, { loadStepPu: NaN }, { response: 'all' as never }, { bus: 1 } as never]) {
      expect(() => copyOf(args)).toThrow(expect.objectContaining({ code: 'env.taskArgument' }));
    }
  });
});
