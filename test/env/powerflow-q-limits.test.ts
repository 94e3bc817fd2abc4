/** Reactive limits against brute force: every combination of held and limited machines, solved without switching. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMatpower } from '../../src/env/cases/matpower.ts';
import { BUS } from '../../src/env/physics/powerflow/admittance.ts';
import { NewtonPowerFlow } from '../../src/env/physics/powerflow/newton.ts';
import type { Network } from '../../src/grid/network.ts';
import { expectNetworkInvariants } from '../support/invariants.ts';
import { hasShared, readShared } from '../support/matpower.ts';
import { randomNetwork } from '../support/randomNetwork.ts';

const TIGHT = { tolerancePu: 1e-12 };
const SLACKNESS = 1e-7;

interface Outcome {
  readonly sides: readonly number[];
  readonly vmPu: Float64Array;
}

/** Machines of the network at these sides (1 upper limit, -1 lower, 0 holds), as fixed injections where limited. */
function atSides(network: Network, sides: readonly number[]): Network {
  const machines = network.generators!;
  const sideOf = (bus: number): number => sides[machines.findIndex((machine) => machine.bus === bus)] ?? 0;
  return {
    ...network,
    buses: network.buses.map((bus) => (sideOf(bus.id) === 0 ? bus : { ...bus, kind: 'pq' as const })),
    generators: machines.map((machine, k) => ({
      ...machine,
      qVar: sides[k]! > 0 ? machine.qMaxVar : machine.qMinVar,
    })),
  };
}

/** Every combination whose machines are within limits where they hold, and push the right way where they do not. */
function consistentOutcomes(network: Network): Outcome[] {
  const machines = network.generators!;
  const baseVa = network.baseMva * 1e6;
  const outcomes: Outcome[] = [];
  for (let code = 0; code < 3 ** machines.length; code++) {
    const sides = machines.map((_, k) => (Math.floor(code / 3 ** k) % 3) - 1);
    const flow = new NewtonPowerFlow(atSides(network, sides));
    if (!flow.solve(flow.model.pInjPu, flow.model.qInjPu, TIGHT)) continue;
    const fits = machines.every((machine, k) => {
      const bus = network.buses.findIndex(({ id }) => id === machine.bus);
      const q = (flow.qNetPu[bus]! + network.buses[bus]!.loadQVar / baseVa) * baseVa;
      const excess = flow.vmPu[bus]! - machine.vSetPu;
      if (sides[k] === 0) return q <= machine.qMaxVar + SLACKNESS && q >= machine.qMinVar - SLACKNESS;
      return excess * sides[k]! <= SLACKNESS;
    });
    if (fits) outcomes.push({ sides, vmPu: flow.vmPu.slice() });
  }
  return outcomes;
}

describe('Q limits of machines', () => {
  it('come to the one combination that brute force finds', () => {
    const sizes: number[] = [];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100000 }), fc.integer({ min: 1, max: 4 }), (seed, machines) => {
        const network = randomNetwork(seed, { buses: 9, loops: 3, machines, dressed: seed % 2 === 0, qRangePu: 0.05 });
        const flow = new NewtonPowerFlow(network, { enforceQLimits: true });
        expect(flow.solve(flow.model.pInjPu, flow.model.qInjPu, TIGHT)).toBe(true);
        const limited = flow.limitedBuses();
        const sides = network.generators!.map(({ bus }) => limited[network.buses.findIndex(({ id }) => id === bus)]!);
        const match = consistentOutcomes(network).find((outcome) =>
          outcome.sides.every((side, k) => side === sides[k]),
        );
        expect(match, `sides ${sides.join()}`).toBeDefined();
        match!.vmPu.forEach((v, k) => expect(Math.abs(v - flow.vmPu[k]!)).toBeLessThan(1e-10));
        sizes.push(sides.filter((side) => side !== 0).length);
      }),
      { numRuns: 80 },
    );
    // The property would say little if no machine, or every one, met its limit.
    expect(sizes.some((size) => size === 0)).toBe(true);
    expect(sizes.some((size) => size > 1)).toBe(true);
  });

  it('that are wide change nothing but the last bits', () => {
    const network = randomNetwork(5, { buses: 15, loops: 4, machines: 4, dressed: true });
    const [plain, limited] = [false, true].map((enforceQLimits) => {
      const flow = new NewtonPowerFlow(network, { enforceQLimits });
      expect(flow.solve(flow.model.pInjPu, flow.model.qInjPu, TIGHT)).toBe(true);
      return flow;
    });
    plain!.vmPu.forEach((v, k) => expect(Math.abs(v - limited!.vmPu[k]!)).toBeLessThan(1e-12));
    expect([...limited!.limitedBuses()].every((side) => side === 0)).toBe(true);
    expect([...plain!.limitedBuses()]).toEqual([...limited!.limitedBuses()]);
  });

  it('are summed over the machines of a bus', () => {
    const network = randomNetwork(6, { buses: 6, loops: 1, machines: 1, qRangePu: 0.02 });
    const [machine] = network.generators!;
    const part = (share: number) => ({
      ...machine!,
      pW: machine!.pW * share,
      qMinVar: machine!.qMinVar * share,
      qMaxVar: machine!.qMaxVar * share,
    });
    const split = { ...network, generators: [part(0.25), part(0.75), { ...part(9), inService: false }] };
    const [one, three] = [network, split].map((each) => {
      const flow = new NewtonPowerFlow(each, { enforceQLimits: true });
      flow.solve(flow.model.pInjPu, flow.model.qInjPu, TIGHT);
      return flow;
    });
    one!.vmPu.forEach((v, k) => expect(Math.abs(v - three!.vmPu[k]!)).toBeLessThan(1e-12));
  });

  it('leave a pv bus without a machine in service to its load', () => {
    const network = randomNetwork(7, { buses: 6, machines: 1 });
    const off = network.generators!.map((machine) => ({ ...machine, inService: false }));
    expect(new NewtonPowerFlow({ ...network, generators: off }).model.kind[1]).toBe(BUS.pq);
    expect(new NewtonPowerFlow(network).model.kind[1]).toBe(BUS.pv);
  });

  it.skipIf(!hasShared('data/matpower'))(
    'hold in case118, whose machines pass theirs without (needs shared data)',
    () => {
      const network = parseMatpower(readShared('data/matpower/case118.m'));
      const flow = new NewtonPowerFlow(network, { enforceQLimits: true });
      const { pInjPu, qInjPu, qMaxPu, qMinPu, kind } = flow.model;
      const beyond = (): number =>
        flow.qNetPu.reduce((most, q, k) => {
          if (kind[k] !== BUS.pv) return most;
          return Math.max(most, q - qInjPu[k]! - qMaxPu[k]!, qMinPu[k]! - (q - qInjPu[k]!));
        }, 0);
      expect(flow.solve(pInjPu, qInjPu, TIGHT)).toBe(true);
      expect(beyond()).toBeLessThan(1e-8);
      const limited = flow.limitedBuses();
      expect([...limited].filter((side) => side !== 0).length).toBeGreaterThan(0);
      limited.forEach((side, k) => expect((flow.vmPu[k]! - flow.model.vSetPu[k]!) * side).toBeLessThan(1e-8));
      expectNetworkInvariants(flow, pInjPu, qInjPu);
    },
  );
});
