/** Machines, fleets and the load step as text: what the built-in study says, and what is refused with its line. */
import { describe, expect, it } from 'vitest';
import { IEEE14_MACHINES_TEXT } from '../../src/env/cases/ieee14Machines.ts';
import { parseMachines } from '../../src/env/cases/machineText.ts';

describe('machine text', () => {
  it('has machines, base, buses and instant of the load step of the IEEE 14-bus study, with sources', () => {
    const study = parseMachines(IEEE14_MACHINES_TEXT);
    expect(study).toMatchObject({ name: 'ieee14-load-step', network: 'ieee14', f0Hz: 60, baseMva: 100 });
    expect(study.provenance).toContain('Kodsi');
    expect(study.machines.map(({ bus, baseMva }) => [bus, baseMva])).toEqual([
      [1, 615],
      [2, 60],
      [3, 60],
      [6, 25],
      [8, 25],
    ]);
    expect(study.machines[1]!.governor).toEqual({ rPu: 0.05, tGovernorS: 0.2, tTurbineS: 0.5 });
    expect(study.machines[2]!.governor).toBeUndefined();
    expect(study.fleets[0]!.rating).toMatchObject({ pMaxW: 30000000, eMaxWh: 15000000, etaChargeMicro: 950000 });
    const train = study.steps.filter(({ set }) => set === 'train');
    expect(train.map(({ bus, atMs, demandPu }) => [bus, atMs, demandPu])).toEqual([
      [3, 1000, 0.6],
      [4, 1000, 0.6],
      [9, 1000, 0.6],
      [13, 1000, 0.6],
    ]);
  });

  const refused: readonly (readonly [string, string, string, string])[] = [
    ['another format', 'gridpact-machines 1', 'gridpact-machines 2', 'line 1: gridpact-machines 1'],
    ['a key nobody knows', 'f0_Hz    60', 'f0_Hz    60\nspeed    3', 'line 8: one of name'],
    ['no base', 'base_MVA 100\n\n', '\n', 'header: a value for base_MVA'],
    ['a table nobody knows', '[step]', '[jump]', ': one of [machine] [fleet] [step]'],
    ['a missing column', 'bus  p_MW  e_MWh', 'bus  p_MW', ': the columns bus p_MW e_MWh'],
    ['a short row', '  4    30     15        0.95', '  4    30     15', ': 7 cells in a row'],
    ['inertia of nothing', '5.148', '0', ': H_s > 0'],
    ['words for a number', '615', 'large', ': a number >= 0 in column base_MVA'],
    ['no bus', 'train    3 ', 'train    x ', ': a bus number in column bus'],
  ];
  for (const [what, old, now, expected] of refused) {
    it(`refuses ${what}`, () => {
      const text = IEEE14_MACHINES_TEXT.replace(old, now);
      expect(text).not.toBe(IEEE14_MACHINES_TEXT);
      expect(() => parseMachines(text)).toThrow(
        expect.objectContaining({
          code: 'env.caseText',
          expected: expect.stringContaining(expected),
        }),
      );
    });
  }
});
