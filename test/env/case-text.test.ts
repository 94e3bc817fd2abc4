import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import { formatCase } from '../../src/env/cases/caseFormat.ts';
import { parseCase } from '../../src/env/cases/caseText.ts';
import { CASE_NAMES, caseNetwork } from '../../src/env/cases/index.ts';
import type { Network } from '../../src/grid/network.ts';
import { hasShared, matpowerCase } from '../support/matpower.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/reference/case-format.md'), 'utf8');
const EXAMPLE = /```case\n([^]*?)```/.exec(PAGE)![1]!;

function refusal(text: string): string {
  try {
    parseCase(text);
  } catch (error) {
    if (isGridPactError(error)) return `${error.code}: ${String(error.expected)} | ${String(error.got)}`;
    throw error;
  }
  return 'read';
}

describe('the example of docs/reference/case-format.md', () => {
  it('is read as the page says', () => {
    const bus = (id: number, loadPW: number, loadQVar: number) => ({ id, kind: 'pq', loadPW, loadQVar, vSetPu: 1, vMinPu: 0.95, vMaxPu: 1.05 }); // prettier-ignore
    const base = (10 * 10) / 10;
    expect(parseCase(EXAMPLE)).toStrictEqual({
      name: 'village',
      provenance: 'measured 2024, utility of Example',
      licence: 'CC BY 4.0',
      baseMva: 10,
      baseKv: 10,
      buses: [
        { id: 1, kind: 'slack', loadPW: 0, loadQVar: 0, vSetPu: 1.02 },
        bus(2, 400000, 150000),
        bus(3, 250000, 90000),
      ],
      branches: [
        { fromBus: 1, toBus: 2, rPu: 0.42 / base, xPu: 0.31 / base, rateVa: 3e6, inService: true },
        { fromBus: 2, toBus: 3, rPu: 0.65 / base, xPu: 0.48 / base, rateVa: 2e6, inService: true },
        { fromBus: 1, toBus: 3, rPu: 1.1 / base, xPu: 0.9 / base, rateVa: 2e6, inService: false },
      ],
      generators: [
        { bus: 3, pW: 900000, qVar: 0, qMinVar: -500000, qMaxVar: 500000, pMinW: 0, pMaxW: 1500000, vSetPu: 1 },
      ],
      layout: { 1: [0, 0], 2: [1, 0], 3: [2, 0] },
    });
  });

  it('units are part of the column: the same network in W, kW and MW', () => {
    const kilo = parseCase(EXAMPLE);
    const mega = EXAMPLE.replaceAll('load_kW', 'load_MW')
      .replace('400        150', '.4 150')
      .replace('250         90', '25e-2 90');
    expect(parseCase(mega)).toStrictEqual(kilo);
    const plain = EXAMPLE.replace('load_kW', 'load_W')
      .replace('400        150', '400000 150')
      .replace('250         90', '2.5E5 90');
    expect(parseCase(plain)).toStrictEqual(kilo);
  });

  it.each([
    ['another format', 'gridpact-case 1', 'gridpact-case 2', 'line 1: gridpact-case 1 | gridpact-case 2'],
    [
      'an unknown key',
      'licence ',
      'license ',
      'line 5: one of name, source, licence, base_MVA, base_kV, or a table such as [bus] | license  CC BY 4.0',
    ],
    ['a key twice', 'licence  CC', 'name CC', 'line 5: name once | name CC BY 4.0'],
    ['no name', /name .*\n/, '', 'line 8: name in the header | none before the first table'],
    ['no value', 'base_kV  10', 'base_kV', 'line 7: a value behind base_kV | none'],
    ['a base', 'base_MVA 10', 'base_MVA 0', 'line 6: base_MVA > 0 | 0'],
    ['an open quote', 'village', '"village', 'line 3: a string that ends with its quote, as in JSON | "village'],
    ['ohm without a base', 'base_kV  10', 'base_kV 0', 'line 16: base_kV > 0 in the header for r_ohm | 0'],
    ['an unknown table', '[generator]', '[gen]', 'line 21: one of [bus] [branch] [generator] | [gen]'],
    ['a table twice', '[generator]', '[bus]', 'line 21: [bus] once | a second one'],
    ['no branches', /\[branch\][^]*(?=\[gen)/, '', 'line 18: a table [branch] | none in the whole file'],
    ['no columns', /bus {2}p_kW[^]*/, '', 'line 22: a line of columns behind [generator] | the end'],
    ['a quantity twice', 'load_kW  load_kvar', 'load_kW load_W', 'line 10: each quantity once | load_W'],
    [
      'a column too few',
      'v_set_pu  v_min_pu',
      'v_min_pu',
      'line 10: a column v_set_pu in [bus] | id  kind   load_kW  load_kvar  v_min_pu  v_max_pu  x  y',
    ],
    ['a row too short', '3  pq         250', '3 pq', 'line 13: 9 cells in a bus row, as in the line of columns | 8'],
    ['a kind', '2  pq ', '2  load ', 'line 12: slack, pv, pq, isolated in column kind | load'],
    ['a bus number', '   2   3 ', '   2   3.5', 'line 18: a bus number in column to | 3.5'],
    ['no number', '0.65', 'O.65', 'line 18: a number in column r_ohm | O.65'],
    ['an infinite one', '0.65', 'inf', 'line 18: a number in column r_ohm | inf'],
    ['a number too large', '0.65', '1e999', 'line 18: a number in column r_ohm | 1e999'],
    ['a required cell left out', '400 ', '- ', 'line 12: a number in column load_kW | -'],
    ['a bad optional cell', '0.95      1.05  1', 'low 1.05 1', 'line 12: a number in column v_min_pu, or - | low'],
    ['a flag', '3000         yes', '3000 on', 'line 17: yes, no or - in column in_service | on'],
    ['a bus twice', ' 3  pq', ' 2  pq', 'line 13: each bus once | bus 2, also on line 12'],
    ['no slack', 'slack ', 'pv ', 'line 24: a bus of kind slack | none in [bus]'],
    ['no voltage', '1.02', '0', 'line 11: v_set_pu > 0 | 0'],
    ['a branch to no bus', '   2   3 ', '   2   7 ', 'line 18: a bus of [bus] | bus 7'],
    ['a loop', '   2   3 ', '   3   3 ', 'line 18: a branch between two buses | 3 to 3'],
    [
      'zero impedance',
      '0.65   0.48',
      '0 0',
      'line 18: an impedance that is not zero on a branch in service | branch 2 to 3',
    ],
    ['a machine at no bus', '  3   900', '  4   900', 'line 23: a bus of [bus] | bus 4'],
    ['a machine without a set point', '1500         1\n', '1500 -1\n', 'line 23: v_set_pu > 0 | -1'],
    ['half a coordinate', '1.05  1  0', '1.05  1  -', 'line 12: both x and y, or neither | one of them'],
  ])('names the line: %s', (_what, from, to, expected) => {
    const damaged = EXAMPLE.replace(from, to);
    expect(damaged).not.toBe(EXAMPLE);
    expect(refusal(damaged)).toBe(`env.caseText: ${expected}`);
  });

  it('a number of a million digits takes no longer to refuse than to read', () => {
    const digits = '1'.repeat(1e6);
    const started = process.cpuUsage();
    expect(refusal(EXAMPLE.replace('base_MVA 10', `base_MVA ${digits}x`))).toMatch(
      /^env\.caseText: line 6: base_MVA > 0/,
    );
    expect(refusal(EXAMPLE.replace('0.65', `${digits}x`))).toMatch(/^env\.caseText: line 18: a number in column r_ohm/);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(2000);
  });

  it('any byte damage is an error of the table or another network', () => {
    const places = fc.array(fc.tuple(fc.nat(EXAMPLE.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(places, (damage) => {
        const bytes = Buffer.from(EXAMPLE);
        for (const [at, byte] of damage) bytes[at] = byte;
        expect(refusal(bytes.toString())).toMatch(/^read$|^env\.caseText: line \d+: /);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('round trip', () => {
  const real = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e290, max: 1e290 });
  const positive = fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-6, max: 1e6 });
  const bound = fc.oneof(real, fc.constant(Infinity), fc.constant(-Infinity));
  const maybe = <T>(key: string, value: fc.Arbitrary<T>) =>
    fc.option(value, { nil: undefined }).map((v) => (v === undefined ? {} : { [key]: v }));
  const record = (...parts: fc.Arbitrary<object>[]) =>
    fc.tuple(...parts).map((found) => Object.assign({}, ...found) as object);

  const network = fc.integer({ min: 2, max: 6 }).chain((n) => {
    const ids = fc.uniqueArray(fc.nat(1000), { minLength: n, maxLength: n });
    const busRest = record(
      fc.record({ loadPW: real, loadQVar: real, vSetPu: positive }),
      maybe('vaDeg', real), maybe('shuntPW', real), maybe('shuntQVar', real), maybe('vMinPu', real),
      maybe('vMaxPu', real), maybe('baseKv', real), maybe('area', real),
    ); // prettier-ignore
    const kinds = fc.array(fc.constantFrom('pv', 'pq', 'isolated', 'slack'), { minLength: n - 1, maxLength: n - 1 });
    const branchRest = record(
      fc.record({ rPu: positive, xPu: real }),
      maybe('bPu', real), maybe('tap', real), maybe('shiftDeg', real), maybe('rateVa', real), maybe('inService', fc.boolean()),
    ); // prettier-ignore
    const machine = record(
      fc.record({ pW: real, qVar: real, qMinVar: bound, qMaxVar: bound, pMinW: bound, pMaxW: bound, vSetPu: positive }),
      maybe('inService', fc.boolean()),
    );
    return fc
      .record({
        ids,
        kinds,
        rests: fc.array(busRest, { minLength: n, maxLength: n }),
        branches: fc.array(fc.tuple(fc.nat(n - 1), fc.integer({ min: 1, max: n - 1 }), branchRest), { maxLength: 8 }),
        machines: fc.option(fc.array(fc.tuple(fc.nat(n - 1), machine), { maxLength: 4 }), { nil: undefined }),
        places: fc.option(fc.array(fc.tuple(fc.nat(n - 1), real, real), { minLength: 1 }), { nil: undefined }),
        name: fc.string({ unit: 'grapheme' }),
        provenance: fc.string({ unit: 'binary' }),
        licence: fc.option(fc.string(), { nil: undefined }),
        baseMva: positive,
        baseKv: fc.oneof(positive, fc.constant(0)),
      })
      .map(({ ids: busIds, kinds: rest, rests, branches, machines, places, licence, ...header }) => ({
        ...header,
        ...(licence === undefined ? {} : { licence }),
        buses: busIds.map((id, k) => ({ id, kind: k === 0 ? 'slack' : rest[k - 1], ...rests[k] })),
        branches: branches.map(([from, step, r]) => ({
          fromBus: busIds[from],
          toBus: busIds[(from + step) % n],
          ...r,
        })),
        ...(machines === undefined ? {} : { generators: machines.map(([at, g]) => ({ bus: busIds[at], ...g })) }),
        ...(places === undefined
          ? {}
          : { layout: Object.fromEntries(places.map(([at, x, y]) => [busIds[at], [x, y]])) }),
      })) as fc.Arbitrary<unknown> as fc.Arbitrary<Network>;
  });

  it('is exact, bit for bit, for any network, in pu and in ohm', () => {
    fc.assert(
      fc.property(network, fc.constantFrom('pu' as const, 'ohm' as const), (given, impedance) => {
        fc.pre(impedance === 'pu' || given.baseKv > 0);
        const text = formatCase(given, impedance);
        expect(parseCase(text)).toStrictEqual(given);
        expect(formatCase(parseCase(text), impedance)).toBe(text);
      }),
      { numRuns: 400 },
    );
  });

  it('refuses what has no text', () => {
    const good = parseCase(EXAMPLE);
    const code = (changed: Partial<Network>): unknown => {
      try {
        return formatCase({ ...good, ...changed });
      } catch (error) {
        return isGridPactError(error, 'env.caseText') ? error.got : error;
      }
    };
    expect(code({ baseMva: NaN })).toBe('NaN');
    expect(code({ buses: good.buses.map((bus) => ({ ...bus, loadPW: Infinity })) })).toBe('Infinity');
    expect(code({ layout: { 9: [0, 0] } })).toBe('bus 9');
  });
});

describe('built-in cases', () => {
  it.each(CASE_NAMES)('%s names itself and its source, has a place for every bus, and is made once', (name) => {
    const network = caseNetwork(name);
    expect(caseNetwork(name)).toBe(network);
    expect(network.name).toBe(name);
    expect(network.provenance.length).toBeGreaterThan(40);
    expect(network.licence).toMatch(/public|MIT/);
    const places = network.buses.map(({ id }) => network.layout![id]!.join());
    expect(new Set(places).size).toBe(network.buses.length);
    expect(parseCase(formatCase(network))).toStrictEqual(network);
  });

  it('an unknown name says which there are', () => {
    expect(() => caseNetwork('ieee15')).toThrow(/env\.caseName.*ieee14, ieee33, ieee69, ieee118, anm6.*ieee15/);
    expect(() => caseNetwork('__proto__')).toThrow(/env\.caseName/);
  });

  it('ieee33 has the bits that trained models were made with', () => {
    const { branches, buses } = caseNetwork('ieee33');
    const numbers = Float64Array.from([
      ...branches.flatMap((b) => [b.fromBus, b.toBus, b.rPu, b.xPu]),
      ...buses.flatMap((b) => [b.id, b.loadPW, b.loadQVar, b.vSetPu]),
    ]);
    // Of the published tables in ohm and kW, z / (12.66 * 12.66 / 10) and p * 1000, little-endian doubles.
    const digest = createHash('sha256').update(Buffer.from(numbers.buffer)).digest('hex');
    expect(digest).toBe('f33c050e0d327177354cc791d8bb4003f9850eeb8e4737b4445791901102bf4f');
    expect(branches[0]!.rPu).toBe(0.0922 / ((12.66 * 12.66) / 10));
  });

  it.skipIf(!hasShared('data/matpower')).each([
    ['ieee14', 'case14'],
    ['ieee118', 'case118'],
  ])('%s is the %s of MATPOWER, number for number (needs shared data)', (name, file) => {
    const { baseMva, baseKv, buses, branches, generators } = caseNetwork(name);
    const expected = matpowerCase(file);
    expect({ baseMva, baseKv, buses, branches, generators }).toStrictEqual({
      baseMva: expected.baseMva,
      baseKv: expected.baseKv,
      buses: expected.buses,
      branches: expected.branches,
      generators: expected.generators,
    });
  });

  it.skipIf(!hasShared('data/matpower'))(
    'ieee69 is case69 but for the last bit of its unit conversion (needs shared data)',
    () => {
      const [ours, file] = [caseNetwork('ieee69'), matpowerCase('case69')];
      expect(ours.branches.length).toBe(file.branches.length);
      expect(ours.buses.length).toBe(file.buses.length);
      const close = (a: number, b: number): void => expect(Math.abs(a - b)).toBeLessThanOrEqual(5e-16 * Math.abs(b));
      ours.branches.forEach((branch, k) => {
        const other = file.branches[k]!;
        expect([branch.fromBus, branch.toBus]).toEqual([other.fromBus, other.toBus]);
        close(branch.rPu, other.rPu);
        close(branch.xPu, other.xPu);
      });
      ours.buses.forEach((bus, k) => {
        const other = file.buses[k]!;
        expect([bus.id, bus.kind, bus.vSetPu]).toEqual([other.id, other.kind, other.vSetPu]);
        close(bus.loadPW, other.loadPW);
        close(bus.loadQVar, other.loadQVar);
      });
    },
  );
});
