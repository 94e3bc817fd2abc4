/** The slips in an interface that would make the fallback act for ever or read beyond a table. */
import { describe, expect, it } from 'vitest';
import { checkInterface } from '../../src/env/gym/checkInterface.ts';
import { fitInput, fitOutput, type PolicyInterface } from '../../src/grid/interface.ts';

const SOUND: PolicyInterface = {
  inputs: [
    fitInput('soc', 'ratio.e-6', 0, 1000000),
    fitInput('p.own/1', 'w', -100, 100),
    fitInput('prev.p', 'w', -9, 9),
  ],
  outputs: [fitOutput('p', 'w', -9, 9), fitOutput('q', 'var', -9, 9)],
  envelopes: [
    { d: 0, sk: 'in', si: 0, r: [0, 10], l: [-9, -9], h: [0, 9] },
    { d: 1, sk: 'out', si: 0, r: [0], l: [-9], h: [9] },
  ],
  fallback: [0, 1].map(() => ({ si: 0, r: [0, 1], y: [0, 9], z: 0 })),
  state: [{ i: 2, d: 0, z: 0 }],
};
const [soc, own, prev] = SOUND.inputs as [PolicyInterface['inputs'][0], ...PolicyInterface['inputs']];
const [first, second] = SOUND.envelopes as [PolicyInterface['envelopes'][0], ...PolicyInterface['envelopes']];
const table = { si: 0, r: [0, 1], y: [0, 9], z: 0 };

const SLIPS: Record<string, Partial<PolicyInterface>> = {
  'input state.of.charge': { inputs: [{ ...soc, n: 'state.of.charge' }, own!, prev!] },
  'input soc: unit': { inputs: [{ ...soc, u: 'w' }, own!, prev!] },
  'input soc: integers': { inputs: [{ ...soc, hi: 0.5 }, own!, prev!] },
  'input soc: lo < hi': { inputs: [{ ...soc, hi: 0 }, own!, prev!] },
  'input p.own/1: one of 1 assets': {},
  'input prev.p: a channel': { state: [] },
  'envelopes[0].d': { envelopes: [{ ...first, d: 2 }] },
  'envelopes[1].si': { envelopes: [first, { ...second!, si: 1 }] },
  'envelopes[0].r': { envelopes: [{ ...first, r: [10, 0] }] },
  'envelopes[0]: an integer for every knot': { envelopes: [{ ...first, l: [-9] }] },
  'envelopes[0]: l <= h': { envelopes: [{ ...first, l: [1, -9] }] },
  'fallback: one entry': { fallback: [table] },
  'fallback[1].si': { fallback: [table, { ...table, si: 3 }] },
  'fallback[0].r': { fallback: [{ ...table, r: [1, 1] }, table] },
  'fallback[0].z': { fallback: [{ ...table, z: NaN }, table] },
  'state[0].i': {
    state: [
      { i: 2, d: 0, z: 0 },
      { i: 3, d: 0, z: 0 },
    ].reverse(),
  },
  'state[0].d': { state: [{ i: 2, d: 2, z: 0 }] },
  'inputs and outputs': { outputs: [] },
};

describe('the interface of a task', () => {
  it('passes when it fits itself', () => {
    expect(() => checkInterface(SOUND, 2)).not.toThrow();
  });

  it.each(Object.entries(SLIPS))('is refused with %s', (said, slip) => {
    const assets = said.includes('assets') ? 1 : 2;
    expect(() => checkInterface({ ...SOUND, ...slip }, assets)).toThrow(/env\.interface/);
    expect(() => checkInterface({ ...SOUND, ...slip }, assets)).toThrow(said);
  });
});
