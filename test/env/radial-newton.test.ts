/** The radial Newton against the sweep, the reference solution of case33bw, and its own edge of collapse. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { caseNetwork } from '../../src/env/cases/index.ts';
import { RadialNewton } from '../../src/env/physics/powerflow/radialNewton.ts';
import { RadialPowerFlow } from '../../src/env/physics/radial.ts';
import type { Network } from '../../src/grid/network.ts';
import { goldenFlow, hasShared } from '../support/matpower.ts';

const OPTIONS = { tolerancePu: 1e-10, maxIterations: 25 };

/** Net injections of the case's loads times `scale`, plus `more` by bus, pu. */
function injections(network: Network, scale: number, more: readonly number[] = []): [Float64Array, Float64Array] {
  const base = network.baseMva * 1e6;
  return [
    Float64Array.from(network.buses, ({ loadPW }, i) => (-scale * loadPW) / base + (more[i] ?? 0)),
    Float64Array.from(network.buses, ({ loadQVar }) => (-scale * loadQVar) / base),
  ];
}

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

describe('radial Newton', () => {
  it.skipIf(!hasShared('reference/powerflow/case33bw.json'))('meets the reference of case33bw', () => {
    const network = caseNetwork('ieee33');
    const flow = new RadialNewton(network);
    const golden = goldenFlow('case33bw');
    expect(flow.solve(...injections(network, 1), OPTIONS)).toBe(true);
    const vm = golden.bus.map(([, v]) => v);
    expect(worst(flow.vmPu, vm)).toBeLessThan(1e-9);
    expect(Math.abs(flow.lossPu * network.baseMva - golden.loss_mw)).toBeLessThan(1e-8);
  });

  it.each(['ieee33', 'ieee69', 'anm6'])('solves %s as the sweep does, energy closing', (name) => {
    const network = caseNetwork(name);
    const newton = new RadialNewton(network);
    const sweep = new RadialPowerFlow(network);
    const n = network.buses.length;
    const share = fc.double({ min: -0.02, max: 0.02, noNaN: true });
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        fc.array(share, { minLength: n, maxLength: n }),
        (scale, more) => {
          const [p, q] = injections(network, scale, more);
          expect(newton.solve(p, q, OPTIONS)).toBe(true);
          expect(sweep.solve(p, q, { tolerancePu: 1e-13, maxIterations: 1000 })).toBe(true);
          expect(worst(newton.vmPu, sweep.vmPu)).toBeLessThan(1e-11);
          expect(newton.feedInQPu).toBeCloseTo(sweep.feedInQPu, 10);
          const slack = network.buses.findIndex(({ kind }) => kind === 'slack');
          const injected = p.reduce((sum, x, bus) => sum + (bus === slack ? 0 : x), newton.feedInPu);
          expect(Math.abs(injected - newton.lossPu)).toBeLessThan(1e-12);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('finds a solution as far as there is one and says when there is none', () => {
    // One line and a reactive load: v^2 - v + x Q = 0 has its nose at x Q = 1/4.
    const line: Network = {
      name: 'line',
      provenance: 'two buses',
      baseMva: 100,
      baseKv: 33,
      buses: [
        { id: 1, kind: 'slack', loadPW: 0, loadQVar: 0, vSetPu: 1 },
        { id: 2, kind: 'pq', loadPW: 0, loadQVar: 0, vSetPu: 1 },
      ],
      branches: [{ fromBus: 1, toBus: 2, rPu: 0, xPu: 0.1 }],
    };
    const flow = new RadialNewton(line);
    for (const share of [0.1, 0.9, 0.999, 0.999999]) {
      const q = (share * 0.25) / 0.1;
      expect(flow.solve(Float64Array.of(0, 0), Float64Array.of(0, -q), OPTIONS)).toBe(true);
      expect(Math.abs(flow.vmPu[1]! - (1 + Math.sqrt(1 - share)) / 2)).toBeLessThan(1e-9);
      expect(Math.abs(flow.currentPu[1]! - q / flow.vmPu[1]!)).toBeLessThan(1e-8);
    }
    for (const share of [1.0001, 1.5, 40]) {
      expect(flow.solve(Float64Array.of(0, 0), Float64Array.of(0, (-share * 0.25) / 0.1), OPTIONS)).toBe(false);
    }
    expect(flow.solve(Float64Array.of(0, NaN), Float64Array.of(0, 0), OPTIONS)).toBe(false);
  });
});
