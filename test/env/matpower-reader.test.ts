import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import { parseMatpower } from '../../src/env/cases/matpower.ts';
import type { Network } from '../../src/grid/network.ts';
import { hasShared, matpowerCase, readShared } from '../support/matpower.ts';

const SMALL = `function mpc = small
%SMALL  three buses
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
	1	3	0	0	0	0	1	1	5	345	1	1.1	0.9;
	2	2	0	0	0	0	1	1	0	345	1	1.1	0.9;
	4	1	90	30	1	-19	1	0.98	-3	345	1	1.1	0.9;
];
mpc.gen = [
	1	72.3	27.03	300	-300	1.04	100	1	250	10;
	2	163	6.54	Inf	-Inf	1.025	100	1	300	10;
];
mpc.branch = [
	1	4	0	0.0576	0	250	250	250	0	0	1	-360	360;
	4	2	0.017	0.092	0.158	0	250	250	0.978	-30	1	-360	360;
	2	1	0	0	0	0	0	0	0	0	0	-360	360;
];
`;

/** The code and what it says of the text; 'read' when it is read. */
function refusal(text: string): string {
  try {
    parseMatpower(text);
  } catch (error) {
    if (isGridPactError(error)) return `${error.code}: ${String(error.expected)} | ${String(error.got)}`;
    throw error;
  }
  return 'read';
}

function totals({ buses, generators = [] }: Network): number[] {
  const sum = (values: readonly number[]): number => Math.round(values.reduce((a, b) => a + b, 0)) / 1e6;
  return [
    sum(buses.map((b) => b.loadPW)),
    sum(buses.map((b) => b.loadQVar)),
    sum(buses.map((b) => b.shuntQVar ?? 0)),
    sum(generators.map((g) => g.pW)),
  ];
}

describe.skipIf(!hasShared('data/matpower'))('the six reference cases (need shared data)', () => {
  // Buses, branches, those in service, machines; MW and Mvar of load, Mvar of shunts, MW of machines.
  it.each([
    ['case9', 9, 9, 9, 3, [315, 115, 0, 320.3]],
    ['case14', 14, 20, 20, 5, [259, 73.5, 19, 272.4]],
    ['case118', 118, 186, 186, 54, [4242, 1438, 88, 4377.4]],
    ['case33bw', 33, 37, 32, 1, [3.715, 2.3, 0, 0]],
    ['case69', 69, 68, 68, 1, [3.8021, 2.6947, 0, 0]],
    ['case141', 141, 140, 140, 1, [11.94463, 7.402614, 0, 0]],
  ] as const)('%s: counts and totals', (name, buses, branches, live, machines, expected) => {
    const network = matpowerCase(name);
    expect(network.name).toBe(name);
    expect(network.buses.length).toBe(buses);
    expect(network.branches.length).toBe(branches);
    expect(network.branches.filter(({ inService }) => inService !== false).length).toBe(live);
    expect(network.generators!.length).toBe(machines);
    totals(network).forEach((total, k) => expect(Math.abs(total - expected[k]!)).toBeLessThan(1e-9 * 5000));
  });

  it('case33bw: ohm become pu on 12.66 kV and 10 MVA, kW become W', () => {
    const { branches, buses, baseKv } = matpowerCase('case33bw');
    expect(baseKv).toBe(12.66);
    expect(branches[0]).toMatchObject({ fromBus: 1, toBus: 2, rPu: 0.0922 / (12660 ** 2 / 1e7) });
    expect(buses[1]).toMatchObject({ id: 2, kind: 'pq', loadPW: 100000, loadQVar: 60000 });
  });

  it('case141: kVA at power factor 0.85', () => {
    const rows = [...readShared('data/matpower/case141.m').matchAll(/^\t(\d+)\t1\t([1-9]\d*)\t0\t/gm)];
    const { buses } = matpowerCase('case141');
    expect(rows.length).toBeGreaterThan(50);
    for (const [, id, kva] of rows) {
      const bus = buses.find((b) => b.id === Number(id))!;
      expect(bus.loadPW).toBeCloseTo(Number(kva) * 850, 6);
      expect(bus.loadQVar).toBeCloseTo(Number(kva) * 1000 * Math.sqrt(1 - 0.85 ** 2), 6);
    }
  });
});

describe('MATPOWER case format, version 2', () => {
  it('reads kinds, set points, machines, shunts, taps, shifts, ratings and status', () => {
    const network = parseMatpower(SMALL);
    expect(network).toEqual({
      name: 'small',
      provenance: 'MATPOWER case file small',
      baseMva: 100,
      baseKv: 345,
      buses: [
        { id: 1, kind: 'slack', vSetPu: 1.04, vaDeg: 5, loadPW: 0, loadQVar: 0, ...limits() },
        { id: 2, kind: 'pv', vSetPu: 1.025, loadPW: 0, loadQVar: 0, ...limits() },
        {
          id: 4,
          kind: 'pq',
          vSetPu: 0.98,
          vaDeg: -3,
          loadPW: 90e6,
          loadQVar: 30e6,
          shuntPW: 1e6,
          shuntQVar: -19e6,
          ...limits(),
        },
      ],
      branches: [
        { fromBus: 1, toBus: 4, rPu: 0, xPu: 0.0576, rateVa: 250e6 },
        { fromBus: 4, toBus: 2, rPu: 0.017, xPu: 0.092, bPu: 0.158, tap: 0.978, shiftDeg: -30 },
        { fromBus: 2, toBus: 1, rPu: 0, xPu: 0, inService: false },
      ],
      generators: [machine(1, 72.3e6, 27.03e6, 300e6, 250e6, 1.04), machine(2, 163e6, 6.54e6, Infinity, 300e6, 1.025)],
    });
    expect(parseMatpower(SMALL, 'mine').name).toBe('mine');
  });

  function limits() {
    return { vMinPu: 0.9, vMaxPu: 1.1, baseKv: 345, area: 1 };
  }

  function machine(bus: number, pW: number, qVar: number, qMaxVar: number, pMaxW: number, vSetPu: number) {
    return { bus, pW, qVar, qMaxVar, qMinVar: -qMaxVar, pMaxW, pMinW: 10e6, vSetPu };
  }

  it('a PV bus without a machine in service is PQ at its own voltage; of several machines the last sets', () => {
    const off = parseMatpower(SMALL.replace('1.025\t100\t1', '1.025\t100\t0'));
    expect(off.buses[1]).toMatchObject({ kind: 'pq', vSetPu: 1 });
    expect(off.generators![1]!.inService).toBe(false);
    const two = parseMatpower(
      SMALL.replace('];\nmpc.branch', '2 1 0 1 -1 1.03 100 1 9 0\n2 1 0 1 -1 .97 100 0 9 0 ];\nmpc.branch'),
    );
    expect(two.generators!.length).toBe(4);
    expect(two.buses[1]).toMatchObject({ kind: 'pv', vSetPu: 1.03 });
  });

  it('reads the same network however the text is laid out', () => {
    const expected = parseMatpower(SMALL);
    const variants = [
      SMALL.replaceAll('\n', '\r\n'),
      SMALL.replaceAll(';\n\t', '; '),
      SMALL.replaceAll(';\n', '\n'),
      SMALL.replaceAll('\t', ' , '),
      SMALL.replaceAll('\t', ' ... rest of a line\n '),
      SMALL.replaceAll(' = [\n', ' = ... \n  [ % opened here\n'),
      SMALL.replaceAll('\n', ' % a [ comment \' with "everything" ]; {\n'),
      SMALL.replace('mpc.bus =', '%{\nmpc.bus = [ 1 2 ];\n%}\nmpc.bus ='),
      SMALL.replace('0.0576', '5.76E-02')
        .replace('0.092', '+.092')
        .replace('345', '3450d-1')
        .replace('300\t', '9e2/3 '),
      SMALL.replaceAll('mpc', 'ppc'),
      `\uFEFF${SMALL}end\n`,
      `${SMALL}\nmpc.bus_name = {\n 'a % ]'; 'it''s';\n "b }" };\nmpc.gencost = [ 2 0 0 3 .1 5 150;\n 1 0 0 2 0 0 1 ];\nmpc.dcline=[1 2];`,
      `${SMALL}\nfixed = 0;\nif fixed\n k = find(isinf(mpc.gen(:, 4)));\n if k, x = 1; end\nend\n`,
      SMALL.replace('function mpc = small', '% first a comment\nfunction mpc = small()'),
      SMALL.replace("'2'", '"2"'),
    ];
    for (const variant of variants) expect(parseMatpower(variant)).toEqual(expected);
  });

  it('executes the conversions at the end of distribution cases', () => {
    const names = '[F_BUS, T_BUS, ...\n BR_R, BR_X] = idx_brch;\n[~, ~, ~, ~, ~, ~, PD QD ] = idx_bus;\n';
    const convert = `${names}Vbase = mpc.bus(1, 10) * 1e3; Sbase = mpc.baseMVA * 1e6;
mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);
mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3;
pf = 0.8;
mpc.bus(:, QD) = mpc.bus(:, PD) * sin(acos(pf));
mpc.bus(3, PD) = -(-mpc.bus(3, PD)) * pf + 0.5e-3 - .5e-3;
`;
    const { buses, branches } = parseMatpower(SMALL + convert);
    const ohm = 345000 ** 2 / 100e6;
    expect(branches[1]).toMatchObject({ rPu: 0.017 / ohm, xPu: 0.092 / ohm, bPu: 0.158 });
    expect(buses[2]!.loadPW).toBeCloseTo(72000, 6);
    expect(buses[2]!.loadQVar).toBeCloseTo(54000, 6);
    expect(parseMatpower(`${SMALL}define_constants;\nmpc.gen(1, VG) = 2^0 / 1;`).buses[0]!.vSetPu).toBe(1);
  });

  it.each([
    ['bus row too short', /\t1\.1\t0\.9;/, ';', 'line 7: 11 numbers in a row of mpc.bus, as in its first | 13'],
    ['every bus row too short', /\t0\.9;/g, ';', 'line 6: a bus row of at least 13 numbers | 12'],
    [
      'branch row too long',
      '-30\t1\t-360',
      '-30\t1\t7\t-360',
      'line 16: 13 numbers in a row of mpc.branch, as in its first | 14',
    ],
    ['a word for a number', '0.0576', 'x12', 'line 15: a name that was given a value before | x12'],
    ['two points', '0.0576', '0.05.76', 'line 15: a number in a row of mpc.branch | 0.05.76'],
    ['an operator alone', '0.0576', '1 - 2', 'line 15: a number, a name or ( in an expression | the end of the file'],
    ['not a number', '0.0576', 'NaN', 'line 15: a number for BR_X (column 4 of branch) | NaN'],
    ['an infinite load', '\t90\t', '\t-Inf\t', 'line 8: a finite number for PD (column 3 of bus) | -Infinity'],
    ['unknown bus in a branch', '\t4\t2\t', '\t4\t7\t', 'line 16: a branch between buses of mpc.bus (T_BUS) | bus 7'],
    ['unknown bus of a machine', '\t2\t163', '\t3\t163', 'line 12: a generator at a bus of mpc.bus | bus 3'],
    ['a bus twice', '\t4\t1\t90', '\t1\t1\t90', 'line 8: each bus once | bus 1, also on line 6'],
    ['half a bus', '\t4\t1\t90', '\t4.5\t1\t90', 'line 8: a bus number for BUS_I (column 1 of bus) | 4.5'],
    ['a bus type', '\t4\t1\t90', '\t4\t5\t90', 'line 8: bus type 1, 2, 3 or 4 | 5'],
    ['no slack', '\t1\t3\t0', '\t1\t2\t0', 'a slack bus (type 3) | none in mpc.bus'],
    [
      'a slack bus without machine',
      '1.04\t100\t1',
      '1.04\t100\t0',
      'line 6: a generator in service at the slack bus | none at bus 1',
    ],
    [
      'zero impedance',
      '0.0576',
      '0',
      'line 15: an impedance that is not zero on a branch in service | branch 1 to 4: r = x = 0',
    ],
    ['a loop', '\t4\t2\t0.017', '\t4\t4\t0.017', 'line 16: a branch between two buses | 4 to 4'],
    ['VM', '\t0.98\t', '\t-0.98\t', 'line 8: VM > 0 | -0.98'],
    ['VG', '\t1.025\t', '\t0\t', 'line 12: VG > 0 | 0'],
    ['baseKV', '\t345\t', '\t-1\t', 'line 6: BASE_KV >= 0 | -1'],
    ['rating', '\t250\t250', '\t-1\t250', 'line 15: RATE_A >= 0 | -1'],
    ['version 1', "'2'", "'1'", "line 3: mpc.version = '2' | 1"],
    ['version as a number', "'2'", '2', "line 3: mpc.version = '2' | 2;"],
    ['no version', "mpc.version = '2';", '', "line 19: mpc.version = '2' | none in the whole file"],
    [
      'version 1 function',
      'mpc = small',
      '[baseMVA, bus] = small',
      'line 1: function mpc = name (case format version 2) | [baseMVA, bus] = small',
    ],
    ['no branches', /mpc\.branch[^]*/, '', 'line 14: mpc.branch = [ ... ] | none in the whole file'],
    ['base', 'baseMVA = 100', 'baseMVA = 0', 'line 4: mpc.baseMVA > 0 | 0'],
    ['an open matrix', /\];\s*$/, '', 'line 14: a ] that closes mpc.branch | the end of the file'],
    [
      'an expression for a matrix',
      'mpc.bus = [',
      'mpc.bus = ones(3, 13); x = [',
      'line 5: a matrix in brackets for mpc.bus | ones(3, 13); x = [',
    ],
  ])('names the line: %s', (_what, from, to, expected) => {
    expect(SMALL.replace(from, to)).not.toBe(SMALL);
    expect(refusal(SMALL.replace(from, to))).toBe(`env.caseFile: ${expected}`);
  });

  it.each([
    [
      "mpc = loadcase('case9');",
      "a statement of a case file (docs/reference/case-format.md lists them) | mpc = loadcase('case9');",
    ],
    ['for k = 1:3, end', 'a statement of a case file (docs/reference/case-format.md lists them) | for k = 1:3, end'],
    ['x = find(mpc.bus(:, 2) == 1);', 'a number, sqrt(x), sin(acos(x)) or tan(acos(x)) | find('],
    ['mpc.bus(:, 3) = mpc.bus(:, 3) / mpc.bus(:, 4);', 'one number behind / | a table'],
    ['mpc.bus(:, 3) = mpc.bus(:, 3) * mpc.bus(:, 4);', 'one number on either side of * | two tables'],
    ['mpc.bus(:, 3) = mpc.branch(:, 3:4);', 'a ) | :4);'],
    ['mpc.bus(:, 14) = 1;', 'a column of mpc.bus, 1..13 | 14'],
    ['mpc.bus(0, 1) = 1;', 'a row of mpc.bus, 1..3 | 0'],
    ['mpc.bus(:, 3) = mpc.bus(1, [3 4]);', '3 x 1 numbers for the chosen elements of mpc.bus | another size'],
    ['mpc.bus(:, 3) = mpc.bus(:, 3) + mpc.bus(1, [3 4]);', '3 x 1 numbers on both sides | 1 x 2'],
    ['mpc.bus(:, PD) = 1;', 'a name that was given a value before | PD'],
    ['x = mpc.gencost(1, 1);', 'a field that this reader holds | mpc.gencost'],
    ['x = mpc.bus(:, 1);', 'one number | 3 x 1 numbers'],
    ['x = 2^0.5;', 'a number to an integer power in 0..16 | another power'],
    ['[A, B] = idx_dcline;', 'idx_bus, idx_brch or idx_gen | idx_dcline'],
    ['mpc.bus_name = { 1, 2', 'a closing bracket | the end of the file'],
    ["mpc.bus_name = 'open", "a string that ends on its line | 'open"],
    ['if 1, x = 2;', 'an end that closes the if | the end of the file'],
    ['if 0, x = 2; else, x = 3; end', 'if ... end without else | else'],
    ['x = 1 2;', 'the end of the statement | 2;'],
    [`x = ${'('.repeat(1e5)}1;`, 'at most 100 levels in an expression | more'],
    [`x = ${'-'.repeat(1e5)}1;`, 'at most 100 levels in an expression | more'],
    ['%{', 'a %} that closes the comment | the end of the file'],
  ])('refuses by line what it does not execute: %s', (statement, expected) => {
    expect(refusal(SMALL + statement)).toBe(`env.caseFile: line 19: ${expected}`);
  });

  it('reads what stands behind the end of the function as an error', () => {
    expect(refusal(`${SMALL}end\nx = 1;`)).toBe(
      'env.caseFile: line 20: nothing behind the end of the function | x = 1;',
    );
  });
});

describe('damage', () => {
  const sources = [
    SMALL,
    ...(hasShared('data/matpower') ? ['case141', 'case14'].map((n) => readShared(`data/matpower/${n}.m`)) : []),
  ];

  it('to any bytes is an error of the table or another network, never another exception', () => {
    const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999999, noNaN: true }), fc.nat(255), fc.nat(3)), {
      minLength: 1,
      maxLength: 6,
    });
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...sources), damage, (source, places) => {
        const bytes = Buffer.from(source);
        for (const [share, byte, run] of places) {
          const at = Math.floor(share * bytes.length);
          bytes.fill(byte, at, Math.min(bytes.length, at + run + 1));
        }
        if (refusal(bytes.toString()) !== 'read') refused++;
      }),
      { numRuns: 1500 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('by cutting the text anywhere likewise', () => {
    for (let end = 0; end < SMALL.length - 5; end += 3)
      expect(refusal(SMALL.slice(0, end))).toMatch(/^env\.caseFile: line \d+: /);
  });

  it('takes time that goes with the text: long lines, long numbers, statements over whole tables', () => {
    // Of this process, so that a busy machine does not count.
    const started = process.cpuUsage();
    expect(parseMatpower(SMALL + 'x=1;'.repeat(1e5)).buses.length).toBe(3);
    expect(refusal(SMALL.replace('0.0576', `${'1'.repeat(1e6)}x`))).toMatch(
      /^env\.caseFile: line 15: a number in a row/,
    );
    expect(refusal(`${SMALL}x = ${'1'.repeat(1e6)}x;`)).toBe('env.caseFile: line 19: the end of the statement | x;');
    const rows = Array.from(
      { length: 20000 },
      (_, k) => `\t${k + 10}\t1\t1\t1\t0\t0\t1\t1\t0\t345\t1\t1.1\t0.9;\n`,
    ).join('');
    const wide = SMALL.replace('];\nmpc.gen', `${rows}];\nmpc.gen`);
    const statement = 'mpc.bus(:, [3 4]) = mpc.bus(:, [3 4]) * 1;\n';
    expect(parseMatpower(wide + statement.repeat(20)).buses.length).toBe(20003);
    expect(refusal(wide + statement.repeat(2000))).toMatch(/: statements that touch at most 33554432 elements/);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(8000);
  });

  it('and text without end is refused before it is read', () => {
    expect(refusal('%'.repeat(64 * 1024 * 1024 + 1))).toMatch(/^env\.caseFile: at most 67108864 characters/);
  });
});
