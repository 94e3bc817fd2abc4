import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import { balanceOf, solveCase, type PowerFlowOptions } from '../../src/cli/powerFlowRun.ts';
import { readCase } from '../../src/cli/caseInput.ts';
import { formatCase } from '../../src/env/cases/caseFormat.ts';
import { caseNetwork } from '../../src/env/cases/index.ts';
import type { Branch, Bus, Network } from '../../src/grid/network.ts';
import { goldenFlow, hasShared, matpowerCase } from '../support/matpower.ts';

const AUTO: PowerFlowOptions = { solver: 'auto', start: 'case', enforceQLimits: false, tolerance: 1e-10 };
const FEEDER = caseNetwork('ieee33');

function changed(bus: Partial<Bus>, branch: Partial<Branch> = {}): Network {
  return {
    ...FEEDER,
    buses: FEEDER.buses.map((b, k) => (k === 20 ? { ...b, ...bus } : b)),
    branches: FEEDER.branches.map((b, k) => (k === 31 ? { ...b, ...branch } : b)),
  };
}

describe('the balance that is printed', () => {
  it.each(['ieee14', 'ieee33', 'ieee118', 'anm6'])('%s: fed in + machines = load + losses + shunts', (name) => {
    const network = caseNetwork(name);
    for (const enforceQLimits of [false, true]) {
      const run = solveCase(network, { ...AUTO, enforceQLimits });
      const { load, unserved, machines, shunts } = balanceOf(run);
      const slack = network.buses.filter(({ kind }) => kind === 'slack').reduce((sum, bus) => sum + bus.loadPW, 0);
      expect(slack).toBe(0);
      const { feedInPu, feedInQPu, lossPu, lossQPu } = run.flow;
      expect(feedInPu + machines.p).toBeCloseTo(load.p + lossPu + shunts.p, 9);
      expect(feedInQPu + machines.q).toBeCloseTo(load.q + lossQPu + shunts.q, 9);
      const given = network.generators?.filter(
        ({ bus }) => network.buses.find(({ id }) => id === bus)!.kind !== 'slack',
      );
      const pW = given?.reduce((sum, machine) => sum + machine.pW, 0) ?? 0;
      expect(machines.p * network.baseMva).toBeCloseTo(pW / 1e6, 7);
      expect(unserved).toEqual({ p: 0, q: 0 });
    }
  });

  it('counts what is not fed', () => {
    const cut = { ...FEEDER, branches: FEEDER.branches.slice(0, -1) };
    const { load, unserved } = balanceOf(solveCase(cut, AUTO));
    expect(unserved.p * 1e7).toBeCloseTo(FEEDER.buses[32]!.loadPW, 6);
    expect((load.p + unserved.p) * 1e7).toBeCloseTo(3.715e6, 6);
  });
});

describe('a case named on the command line', () => {
  it.skipIf(!existsSync('/dev/zero'))('may be a device without end: refused (needs /dev/zero)', async () => {
    await expect(readCase('/dev/zero')).rejects.toMatchObject({ code: 'env.caseFile', got: 'more' });
  });

  it('is told by its first line, whatever comments stand before it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gridpact-case-'));
    const at = async (text: string) => {
      const file = join(folder, 'any name');
      writeFileSync(file, text);
      return readCase(file);
    };
    try {
      const text = formatCase(FEEDER);
      expect(await at(`# one\n\n  # two\n${text}`)).toEqual(FEEDER);
      expect(await at(`\uFEFF${text.replaceAll('\n', '\r\n')}`)).toEqual(FEEDER);
      await expect(at('# '.repeat(1e6))).rejects.toMatchObject({ code: 'env.caseFile' });
      await expect(at('gridpact-case 2\n')).rejects.toMatchObject({ code: 'env.caseText' });
      await expect(readCase(folder)).rejects.toMatchObject({ code: 'cli.usage', got: `${folder} (EISDIR)` });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the solver that a case gets', () => {
  it('auto starts from 1 pu where the voltages of the case lead nowhere', () => {
    const lost = {
      ...FEEDER,
      buses: FEEDER.buses.map((b) => (b.kind === 'pq' ? { ...b, vSetPu: 0.01, vaDeg: 170 } : b)),
    };
    expect(solveCase(lost, { ...AUTO, solver: 'newton' }).converged).toBe(false);
    expect(solveCase(lost, AUTO)).toMatchObject({ converged: true, solver: 'newton', start: 'flat' });
    expect(solveCase(FEEDER, AUTO)).toMatchObject({ converged: true, solver: 'newton', start: 'case' });
  });

  it('a trail begins at the first residual, ends at the last, and falls below the tolerance', () => {
    for (const solver of ['newton', 'sweep'] as const) {
      const run = solveCase(FEEDER, { ...AUTO, solver, tolerance: 1e-8 });
      expect(run.trail.length).toBe(run.iterations + (solver === 'newton' ? 1 : 0));
      expect(run.trail.at(-1)).toBe(run.residualPu);
      expect(run.residualPu).toBeLessThanOrEqual(1e-8);
      expect(run.trail.at(-2)!).toBeGreaterThan(1e-8);
    }
  });

  it.each([
    [changed({ kind: 'pv' }), 'bus 21 is pv'],
    [changed({ kind: 'isolated' }), 'bus 21 is isolated'],
    [changed({ kind: 'slack' }), '2 slack buses'],
    [changed({ shuntQVar: 1e5 }), 'a shunt at bus 21'],
    [changed({}, { inService: false }), '31 branches in service between 33 buses'],
    [changed({}, { tap: 1.05 }), 'charging or a tap on branch 32-33'],
    [changed({}, { shiftDeg: 30 }), 'charging or a tap on branch 32-33'],
    [changed({}, { bPu: 0.01 }), 'charging or a tap on branch 32-33'],
    [{ ...FEEDER, buses: FEEDER.buses.map((b) => ({ ...b, vaDeg: 5 })) }, 'an angle at slack bus 1'],
  ])('the sweep is refused where it would leave something out: %#', (network, got) => {
    const solve = (): unknown => solveCase(network, { ...AUTO, solver: 'sweep' });
    expect(solve).toThrow(expect.objectContaining({ code: 'cli.usage', got }) as Error);
    expect(solveCase(network, AUTO).solver).toBe('newton');
  });

  it('an open tie does not stand in the way of the sweep', () => {
    const tie = { fromBus: 18, toBus: 33, rPu: 0.03, xPu: 0.03, inService: false };
    const run = solveCase({ ...FEEDER, branches: [tie, ...FEEDER.branches] }, { ...AUTO, solver: 'sweep' });
    expect(run.flow.lossPu * 10).toBeCloseTo(0.202677126, 9);
    expect(run.branches[0]).toMatchObject({ fromPPu: 0, toPPu: 0 });
  });

  it('two trees and a mesh that count like one tree are not one', () => {
    const loop = {
      ...FEEDER,
      branches: [...FEEDER.branches.slice(0, -1), { fromBus: 5, toBus: 7, rPu: 0.1, xPu: 0.1 }],
    };
    try {
      solveCase(loop, { ...AUTO, solver: 'sweep' });
      expect.unreachable();
    } catch (error) {
      expect(isGridPactError(error, 'env.networkNotRadial')).toBe(true);
    }
    const run = solveCase(loop, AUTO);
    expect(run).toMatchObject({ converged: true, solver: 'newton' });
    expect(run.flow.vmPu[32]).toBe(0);
  });
});

describe.skipIf(!hasShared('reference/powerflow'))('against MATPOWER 8 (needs shared data)', () => {
  it.each([
    ['case9', 1e-9, 1e-8, ['newton']],
    ['case14', 1e-9, 1e-8, ['newton']],
    ['case118', 1e-9, 1e-8, ['newton']],
    ['case33bw', 1e-9, 1e-8, ['newton', 'sweep']],
    ['case69', 1e-9, 1e-8, ['newton', 'sweep']],
    ['case141', 1e-8, 1e-7, ['newton', 'sweep']],
  ] as const)('%s from its file: every bus, losses, by every solver that applies', (name, pu, mw, solvers) => {
    const golden = goldenFlow(name);
    const network = matpowerCase(name);
    for (const solver of solvers) {
      for (const start of ['case', 'flat'] as const) {
        const { converged, flow } = solveCase(network, { ...AUTO, solver, start });
        expect(converged).toBe(true);
        expect(golden.bus.length).toBe(network.buses.length);
        golden.bus.forEach(([id, vm, vaDeg], k) => {
          expect(network.buses[k]!.id).toBe(id);
          expect(Math.abs(flow.vmPu[k]! - vm)).toBeLessThan(pu);
          expect(Math.abs((flow.vaRad[k]! * 180) / Math.PI - vaDeg)).toBeLessThan(100 * pu);
        });
        expect(Math.abs(flow.lossPu * network.baseMva - golden.loss_mw)).toBeLessThan(mw);
        expect(Math.abs(flow.lossQPu * network.baseMva - golden.loss_mvar)).toBeLessThan(10 * mw);
      }
    }
  });
});
