/** Diagrams and plots: well-formed, the same bytes every time, showing what they are given. What they look like is for eyes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { isGridPactError } from '../../src/base/errors.ts';
import { sha256 } from '../../src/base/hash.ts';
import { CASE_NAMES, caseNetwork } from '../../src/env/cases/index.ts';
import { NewtonPowerFlow } from '../../src/env/physics/powerflow/newton.ts';
import { createSetpoints, Feeder } from '../../src/env/physics/feeder.ts';
import { feederState } from '../../src/env/render/feederState.ts';
import { busPositions } from '../../src/env/render/layout.ts';
import { oneLineSvg, type OneLineState } from '../../src/env/render/oneLine.ts';
import { niceTicks, timeTicks } from '../../src/env/render/ticks.ts';
import { timeSeriesSvg, type TimePlot } from '../../src/env/render/timeSeries.ts';
import { createFeederScenario, ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import type { Network } from '../../src/grid/network.ts';
import { parseXml } from '../support/xml.ts';

const digest = (text: string): string => toHex(sha256(utf8(text))).slice(0, 16);

function outcome(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

/** Injections of a case as it stands, pu. */
function solved(network: Network): OneLineState {
  const flow = new NewtonPowerFlow(network);
  const base = network.baseMva * 1e6;
  const machines = (id: number) => (network.generators ?? []).filter(({ bus }) => bus === id);
  const p = network.buses.map(({ id, loadPW }) => (machines(id).reduce((sum, g) => sum + g.pW, 0) - loadPW) / base);
  const q = network.buses.map(
    ({ id, loadQVar }) => (machines(id).reduce((sum, g) => sum + g.qVar, 0) - loadQVar) / base,
  );
  expect(flow.solve(Float64Array.from(p), Float64Array.from(q))).toBe(true);
  return { network, vPu: flow.vmPu.slice(), flows: flow.branchFlows() };
}

const bus = (id: number, kind: 'slack' | 'pq' = 'pq') => ({ id, kind, loadPW: 0, loadQVar: 0, vSetPu: 1 }) as const;
const LINE = { rPu: 0.01, xPu: 0.01 } as const;
const TINY: Network = {
  name: 'three',
  provenance: 'a test',
  baseMva: 10,
  baseKv: 10,
  buses: [bus(1, 'slack'), bus(2), bus(3)],
  branches: [
    { fromBus: 1, toBus: 2, ...LINE },
    { fromBus: 3, toBus: 2, ...LINE, tap: 0.98 },
  ],
};
const TINY_STATE: OneLineState = {
  network: TINY,
  vPu: [1, 1.02, 1.061],
  flows: [
    { fromPPu: 0.1, fromQPu: 0, toPPu: -0.09, toQPu: 0, loading: 0.9 },
    { fromPPu: 0.2, fromQPu: -0.1, toPPu: -0.19, toQPu: 0.1, loading: 1.2 },
  ],
  sites: [{ bus: 3, pvW: 2100000, qVar: -1000000, battery: { pW: 60000, charge: 0.4 } }],
};

describe('one-line diagram', () => {
  it('of three buses is these bytes', () => {
    const svg = oneLineSvg(TINY_STATE, { title: 'Three', subtitle: 'noon' });
    expect(digest(svg)).toBe('d250496032cbc60b');
    expect(oneLineSvg(TINY_STATE, { title: 'Three', subtitle: 'noon' })).toBe(svg);
  });

  it('says in words what it shows', () => {
    const svg = oneLineSvg(TINY_STATE, { title: 'Three <buses> & "more"', subtitle: 'noon' });
    expect(svg).toContain('<title id="title">Three &lt;buses&gt; &amp; &quot;more&quot;</title>');
    expect(svg).toContain(
      '<desc id="desc">noon. 3 buses, voltages from 1.0000 pu at bus 1 to 1.0610 pu at bus 3; 1 outside the band of 0.95 to 1.05 pu. Losses in branches 200.0 kW.</desc>',
    );
    for (const shown of ['bus 3: 1.0610 pu', '2.10 MW', '+60 kW, 40 %', '\u22121.00 Mvar', 'of rating'])
      expect(svg).toContain(shown);
  });

  it('points its arrows along the active power', () => {
    const backwards = { ...TINY_STATE, flows: TINY_STATE.flows!.map((f) => ({ ...f, fromPPu: -f.fromPPu })) };
    const arrows = (state: OneLineState): string[] =>
      parseXml(oneLineSvg(state, { title: '' })).flatMap(({ attributes }) =>
        attributes['class'] === 'arrow' ? [attributes['points']!] : [],
      );
    const tips = (state: OneLineState): number[] => arrows(state).map((points) => Number(points.split(',')[0]));
    const [there, back] = [tips(TINY_STATE), tips(backwards)];
    expect(there).toHaveLength(2);
    // Bus 1 is left of 2, and 2 of 3: power from 1 to 2 points right, from 3 to 2 left.
    expect(there[0]!).toBeGreaterThan(back[0]!);
    expect(there[1]!).toBeLessThan(back[1]!);
  });

  it.each(CASE_NAMES.flatMap((name) => [[name, true] as const, [name, false] as const]))(
    'of %s, own layout %s',
    (name, own) => {
      const state = solved(caseNetwork(name));
      const { layout: _layout, ...bare } = state.network;
      const svg = oneLineSvg(own ? state : { ...state, network: bare }, { title: name });
      const elements = parseXml(svg);
      const width = Number(elements[0]!.attributes['width']);
      const height = Number(elements[0]!.attributes['height']);
      const inside = (value: string | undefined, most: number): boolean =>
        value === undefined || (Number(value) >= 0 && Number(value) <= most);
      expect(
        elements.every(
          ({ attributes: a }) =>
            inside(a['x'], width) && inside(a['cx'], width) && inside(a['y'], height) && inside(a['cy'], height),
        ),
      ).toBe(true);
      const named = svg.match(/<title>bus \d+: /g) ?? [];
      expect(named).toHaveLength(state.network.buses.length);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    },
  );

  it('of a feeder shows the interval it lived, and stays when the feeder goes on', () => {
    const feeder = new Feeder(createFeederScenario({ series: ieee33Day(0) }));
    const setpoints = createSetpoints(feeder.siteCount, 800000);
    feeder.advance(150, setpoints);
    const state = feederState(feeder);
    const { baseMva } = state.network;
    const lossPu = state.flows!.reduce((sum, flow) => sum + flow.fromPPu + flow.toPPu, 0);
    expect(lossPu * baseMva * 1e6).toBeCloseTo(feeder.lossW, 3);
    const svg = oneLineSvg(state, { title: 'Feeder' });
    feeder.advance(230, setpoints);
    expect(oneLineSvg(state, { title: 'Feeder' })).toBe(svg);
    expect(oneLineSvg(feederState(feeder), { title: 'Feeder' })).not.toBe(svg);
  });

  it('refuses what does not fit', () => {
    const draw = (change: Partial<OneLineState>): string =>
      outcome(() => oneLineSvg({ ...TINY_STATE, ...change }, { title: '' }));
    expect(draw({ vPu: [1] })).toBe('env.render');
    expect(draw({ flows: [] })).toBe('env.render');
    expect(draw({ band: [1.05, 0.95] })).toBe('env.render');
    expect(draw({ sites: [{ bus: 9, qVar: 0 }] })).toBe('env.unknownBus');
    expect(draw({ network: { ...TINY, branches: [{ fromBus: 1, toBus: 9, ...LINE }, TINY.branches[1]!] } })).toBe(
      'env.unknownBus',
    );
    const many = Array.from({ length: 3001 }, (_, i) => bus(i + 1));
    expect(draw({ network: { ...TINY, buses: many, branches: [] }, vPu: many.map(() => 1), flows: [] })).toBe(
      'env.render',
    );
  });
});

describe('layout', () => {
  const pitch = (xy: Float64Array, a: number, b: number): number =>
    Math.hypot(xy[2 * a]! - xy[2 * b]!, xy[2 * a + 1]! - xy[2 * b + 1]!);

  it('uses the network\u2019s own points when every bus has one', () => {
    const layout = { 1: [0, 0], 2: [5, 0], 3: [5, 7] } as const;
    expect([...busPositions({ ...TINY, layout })]).toEqual([0, 0, 5, 0, 5, 7]);
    expect([...busPositions({ ...TINY, layout: { 1: [0, 0] } })]).toEqual([0, 0, 1, 0, 2, 0]);
  });

  it('no two buses of any graph share a place, trees and meshes and islands alike', () => {
    const graph = fc.integer({ min: 2, max: 30 }).chain((n) =>
      fc.record({
        n: fc.constant(n),
        pairs: fc.array(fc.tuple(fc.integer({ min: 1, max: n }), fc.integer({ min: 1, max: n })), { maxLength: 2 * n }),
        tree: fc.boolean(),
        parents: fc.array(fc.nat(), { minLength: n, maxLength: n }),
      }),
    );
    fc.assert(
      fc.property(graph, ({ n, pairs, tree, parents }) => {
        const links = tree ? parents.slice(1).map((p, i): [number, number] => [(p % (i + 1)) + 1, i + 2]) : pairs;
        const buses = Array.from({ length: n }, (_, i) => bus(i + 1, i === 0 ? 'slack' : 'pq'));
        const branches = links.map(([fromBus, toBus]) => ({ fromBus, toBus, ...LINE }));
        const network = { ...TINY, buses, branches };
        const xy = busPositions(network);
        expect(xy.every(Number.isFinite)).toBe(true);
        for (let a = 0; a < n; a++)
          for (let b = 0; b < a; b++) expect(pitch(xy, a, b)).toBeGreaterThan(tree ? 0.99 : 1e-3);
        parseXml(oneLineSvg({ network, vPu: buses.map(() => 1) }, { title: '' }));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps what is near on the network near on paper', () => {
    const { layout: _layout, ...network } = caseNetwork('ieee118');
    const xy = busPositions(network);
    const index = new Map(network.buses.map(({ id }, i) => [id, i]));
    const joined = network.branches.map(({ fromBus, toBus }) => pitch(xy, index.get(fromBus)!, index.get(toBus)!));
    const longest = Math.max(...joined);
    expect(longest).toBeLessThan(3.5);
    expect(joined.reduce((a, b) => a + b, 0) / joined.length).toBeLessThan(1.3);
  });
});

describe('time series', () => {
  const plot: TimePlot = {
    title: 'Two panels',
    startMs: Date.UTC(2024, 2, 1),
    stepMs: 3600000,
    marks: [{ step: 3, label: 'here' }],
    panels: [
      { title: 'Voltage', unit: 'pu', band: [0.95, 1.05], lines: [{ name: 'a', values: [1, 1.01, NaN, 0.99, 1.06] }] },
      {
        title: 'Loss',
        unit: 'kW',
        fromZero: true,
        lines: [
          { name: 'a', values: [5, 6, 7, 8, 9] },
          { name: 'b', values: [1, 1, 1, 1, 1] },
        ],
      },
    ],
  };

  it('is these bytes', () => {
    expect(digest(timeSeriesSvg(plot))).toBe('0902997ad6c27f7b');
  });

  it('names axes, units, limits, times and lines', () => {
    const svg = timeSeriesSvg(plot);
    for (const shown of ['>Voltage, pu<', '>Loss, kW<', '>00:00<', '>05:00<', '>1.05<', '>here<', '>b<', '2024-03-01'])
      expect(svg).toContain(shown);
    expect(svg).toContain('Voltage from 0.95 to 1.06 pu; Loss from 0 to 9 kW. Lines: a, b.');
    const lines = parseXml(svg).filter(({ attributes }) => attributes['class'] === 'line');
    expect(lines.map(({ attributes }) => attributes['stroke-dasharray'])).toEqual([undefined, undefined, '7 3']);
    // A gap ends the line and begins another.
    expect(lines[0]!.attributes['d']!.match(/M/g)).toHaveLength(2);
  });

  it('loses no peak of a long series', () => {
    const values = new Float64Array(86400);
    values[43210] = 77;
    const svg = timeSeriesSvg({
      ...plot,
      stepMs: 1000,
      panels: [{ title: 'x', unit: 'Hz', lines: [{ name: 'x', values }] }],
    });
    const path = parseXml(svg).find(({ attributes }) => attributes['class'] === 'line')!.attributes['d']!;
    const heights = [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
    const [top, bottom] = [Math.min(...heights), Math.max(...heights)];
    expect(bottom - top).toBeGreaterThan(100);
    expect(svg.length).toBeLessThan(60000);
  });

  it('refuses lines of different lengths, none, and times without a date', () => {
    const draw = (change: Partial<TimePlot>): string => outcome(() => timeSeriesSvg({ ...plot, ...change }));
    expect(draw({ panels: [] })).toBe('env.render');
    expect(draw({ panels: [{ title: '', unit: '', lines: [] }] })).toBe('env.render');
    expect(draw({ panels: [...plot.panels, { title: '', unit: '', lines: [{ name: 'c', values: [1] }] }] })).toBe(
      'env.render',
    );
    expect(draw({ stepMs: 0 })).toBe('env.render');
    expect(draw({ startMs: 1e16 })).toBe('env.render');
  });

  it('any numbers and names give a well-formed document', () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(0, 1, 1e-300, -1e300));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), fc.string({ unit: 'binary' }), (values, name) => {
        const svg = timeSeriesSvg({
          title: name,
          startMs: 0,
          stepMs: 60000,
          panels: [{ title: name, unit: name, lines: [{ name, values }] }],
        });
        parseXml(svg);
        expect(svg).not.toMatch(/"(NaN|-?Infinity)/);
      }),
      { numRuns: 100 },
    );
  });
});

describe('ticks', () => {
  it('are round numbers inside the range', () => {
    expect(niceTicks(0.93, 1.07, 5).map(({ label }) => label)).toEqual(['0.95', '1.00', '1.05']);
    expect(niceTicks(-60, 65, 5).map(({ label }) => label)).toEqual(['\u221250', '0', '50']);
    expect(niceTicks(0, 100000, 5).map(({ label }) => label)).toEqual([
      '0',
      '20\u2009000',
      '40\u2009000',
      '60\u2009000',
      '80\u2009000',
      '100\u2009000',
    ]);
  });

  it('of time are at full hours, minutes or days', () => {
    const labels = (from: number, to: number): string[] => timeTicks(from, to, 8).map(({ label }) => label);
    expect(labels(0, 86400000)).toEqual([
      '00:00',
      '03:00',
      '06:00',
      '09:00',
      '12:00',
      '15:00',
      '18:00',
      '21:00',
      '00:00',
    ]);
    expect(labels(500, 20500)).toEqual(['00:00:05', '00:00:10', '00:00:15', '00:00:20']);
    expect(labels(0, 5 * 86400000)).toEqual(['01-01', '01-02', '01-03', '01-04', '01-05', '01-06']);
  });
});
