/**
 * One-line diagram of a network as SVG text: every bus coloured by where its voltage stands in or out of the band, every
 * branch as wide as the power through it and with an arrow along the active power, sites with what they do. Buses out of
 * band carry a triangle, so nothing rests on colour alone. Pure: no files, no clock, no chance.
 */
import { fail } from '../../base/errors.ts';
import type { Bus, Network } from '../../grid/network.ts';
import type { BranchFlow } from '../physics/powerflow/flows.ts';
import { busPositions, graphOf } from './layout.ts';
import { drawLegend, LEGEND_HEIGHT } from './oneLineLegend.ts';
import { drawSite, SITE_SIZE, type SiteState } from './oneLineSites.ts';
import { Placer, type Box } from './placer.ts';
import { element, lineFrom, num, svgDocument, textAt } from './svg.ts';
import { bandSide, voltageColour, type Band } from './voltageScale.ts';

export interface OneLineState {
  readonly network: Network;
  /** Voltage magnitudes, pu, in the order of `network.buses`. */
  readonly vPu: ArrayLike<number>;
  /** In the order of `network.branches`, pu on `baseMva`; left out: branches are drawn alike. */
  readonly flows?: readonly BranchFlow[];
  readonly sites?: readonly SiteState[];
  /** [0.95, 1.05]. */
  readonly band?: Band;
}

export interface OneLineOptions {
  readonly title: string;
  /** A second line: when, under which control. */
  readonly subtitle?: string;
  /** Pixels; 1200. */
  readonly width?: number;
}

/** Everything the parts of the drawing need. */
interface Scene {
  readonly state: OneLineState;
  readonly band: Band;
  /** Pixels, x and y as pairs by bus. */
  readonly xy: Float64Array;
  readonly ends: readonly (readonly [number, number])[];
  readonly area: Box;
  readonly radius: number;
  readonly detailed: boolean;
}

const MARGIN = 48;
const HEADER = 64;
const MAX_HEIGHT = 1000;
const MIN_HEIGHT = 120;
/** Up to so many buses have their voltage written beside them; up to so many sites what they do. */
const DETAILED_BUSES = 40;
const NAMED_BUSES = 150;
const DETAILED_SITES = 24;
const WARNING_LOADING = 0.8;
const WARNING_COLOUR = '#e69f00';
const OVERLOAD_COLOUR = '#d55e00';

/** @throws `env.render` when voltages or flows do not fit the network, `env.unknownBus`. */
export function oneLineSvg(state: OneLineState, options: OneLineOptions): string {
  checkState(state);
  const { title, subtitle, width = 1200 } = options;
  const scene = sceneOf(state, width);
  const height = scene.area.y + scene.area.height + LEGEND_HEIGHT;
  const placer = placerOf(scene);
  const body = [
    textAt(24, 32, title, { size: 18, tone: 'strong' }),
    ...(subtitle === undefined ? [] : [textAt(24, 52, subtitle, { size: 13, tone: 'soft' })]),
    ...drawBranches(scene),
    ...drawSites(scene, placer),
    ...state.network.buses.map((bus, b) => drawBus(scene, bus, b)),
    ...drawLabels(scene, placer),
    drawLegend({
      band: scene.band,
      y: height - LEGEND_HEIGHT,
      width,
      greatestMva: greatestFlow(state) * state.network.baseMva,
      thickness: scene.radius / 9,
      rated: (state.flows ?? []).some(({ loading }) => loading !== undefined),
    }),
  ];
  return svgDocument({ width, height, title, description: describe(state, scene.band, subtitle), body });
}

function checkState({ network, vPu, flows, band }: OneLineState): void {
  const fits =
    network.buses.length > 0 &&
    vPu.length === network.buses.length &&
    (flows === undefined || flows.length === network.branches.length) &&
    (band === undefined || band[1] > band[0]);
  if (!fits) {
    throw fail('env.render', {
      expected: `${network.buses.length} voltages, ${network.branches.length} flows, a band of two ascending voltages`,
      got: { vPu: vPu.length, flows: flows?.length, band },
    });
  }
}

function describe({ network, vPu, flows }: OneLineState, band: Band, subtitle: string | undefined): string {
  const voltages = Array.from({ length: vPu.length }, (_, b) => vPu[b]!);
  const at = (v: number): string => `${v.toFixed(4)} pu at bus ${network.buses[voltages.indexOf(v)]!.id}`;
  const out = voltages.filter((v) => bandSide(v, band) !== 'in').length;
  const lossW = (flows ?? []).reduce((sum, f) => sum + f.fromPPu + f.toPPu, 0) * network.baseMva * 1e6;
  return [
    subtitle === undefined ? '' : `${subtitle}. `,
    `${network.buses.length} buses, voltages from ${at(Math.min(...voltages))} to ${at(Math.max(...voltages))}; `,
    `${out} outside the band of ${num(band[0])} to ${num(band[1])} pu.`,
    flows === undefined ? '' : ` Losses in branches ${(lossW / 1000).toFixed(1)} kW.`,
  ].join('');
}

function sceneOf(state: OneLineState, width: number): Scene {
  const raw = busPositions(state.network);
  const count = state.network.buses.length;
  const siteCount = state.sites?.length ?? 0;
  const detailed = siteCount <= DETAILED_SITES;
  const [x0, x1, y0, y1] = extent(raw);
  const inner = width - 2 * MARGIN;
  const across = x1 - x0 > 0 ? inner / (x1 - x0) : 1;
  const scale = y1 - y0 > 0 ? Math.min(across, MAX_HEIGHT / (y1 - y0)) : across;
  // A feeder that is long and thin leaves no room for what stands beside its sites: pull its rows apart.
  const thin = (y1 - y0) * scale < 0.5 * inner && siteCount > 0 && detailed;
  const down = thin ? scale * Math.min(2, (0.5 * inner) / ((y1 - y0) * scale || inner)) : scale;
  const pad = siteCount > 0 && detailed ? SITE_SIZE.height : 24;
  const height = Math.max(MIN_HEIGHT, (y1 - y0) * down + 2 * pad);
  const left = (width - (x1 - x0) * scale) / 2;
  const top = HEADER + (height - (y1 - y0) * down) / 2;
  const xy = raw.map((v, i) => (i % 2 === 0 ? left + (v - x0) * scale : top + (v - y0) * down));
  return {
    state,
    band: state.band ?? [0.95, 1.05],
    xy,
    ends: graphOf(state.network).edges,
    area: { x: 8, y: HEADER, width: width - 16, height },
    radius: count <= 60 ? 9 : count <= NAMED_BUSES ? 6.5 : 4,
    detailed,
  };
}

function extent(xy: Float64Array): [number, number, number, number] {
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < xy.length; i += 2) {
    [x0, x1] = [Math.min(x0, xy[i]!), Math.max(x1, xy[i]!)];
    [y0, y1] = [Math.min(y0, xy[i + 1]!), Math.max(y1, xy[i + 1]!)];
  }
  return [x0, x1, y0, y1];
}

function placerOf({ area, xy, ends, radius }: Scene): Placer {
  const placer = new Placer(area);
  for (const [a, b] of ends) placer.addSegment(xy[2 * a]!, xy[2 * a + 1]!, xy[2 * b]!, xy[2 * b + 1]!);
  for (let i = 0; i < xy.length; i += 2) {
    placer.addBox({ x: xy[i]! - radius, y: xy[i + 1]! - radius, width: 2 * radius, height: 2 * radius });
  }
  return placer;
}

// ---- branches ----------------------------------------------------------------------------------------------

function apparent({ fromPPu, fromQPu, toPPu, toQPu }: BranchFlow): number {
  return Math.sqrt(Math.max(fromPPu * fromPPu + fromQPu * fromQPu, toPPu * toPPu + toQPu * toQPu));
}

function greatestFlow({ flows }: OneLineState): number {
  return (flows ?? []).reduce((most, flow) => Math.max(most, apparent(flow)), 0);
}

function drawBranches(scene: Scene): string[] {
  const { state, xy, ends } = scene;
  const most = greatestFlow(state);
  const parallel = new Map<string, number>();
  return ends.map(([a, b], k) => {
    const pair = `${Math.min(a, b)}-${Math.max(a, b)}`;
    const nth = parallel.get(pair) ?? 0;
    parallel.set(pair, nth + 1);
    const shift = nth % 2 === 0 ? -3.5 * nth : 3.5 * (nth + 1);
    const line = shifted(xy[2 * a]!, xy[2 * a + 1]!, xy[2 * b]!, xy[2 * b + 1]!, shift);
    return drawBranch(scene, k, line, most);
  });
}

type Line = readonly [x1: number, y1: number, x2: number, y2: number];

/** Sideways by so many pixels: parallel branches beside each other. */
function shifted(x1: number, y1: number, x2: number, y2: number, by: number): Line {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = Math.sqrt(dx * dx + dy * dy) || 1;
  const [nx, ny] = [(-dy / length) * by, (dx / length) * by];
  return [x1 + nx, y1 + ny, x2 + nx, y2 + ny];
}

function drawBranch({ state, radius }: Scene, k: number, line: Line, most: number): string {
  const branch = state.network.branches[k]!;
  if (branch.inService === false) return lineFrom(...line, { class: 'grid', 'stroke-dasharray': '4 4' });
  const flow = state.flows?.[k];
  const share = flow === undefined || most === 0 ? 0 : apparent(flow) / most;
  const width = (radius / 9) * (1.5 + 5 * Math.sqrt(share));
  const loading = flow?.loading ?? 0;
  const colour = loading > 1 ? OVERLOAD_COLOUR : loading > WARNING_LOADING ? WARNING_COLOUR : undefined;
  const wire = lineFrom(...line, {
    class: 'wire',
    'stroke-width': width,
    style: colour === undefined ? undefined : `stroke:${colour}`,
    'stroke-dasharray': loading > 1 ? '9 3' : undefined,
  });
  const tapped = branch.tap !== undefined && branch.tap !== 0;
  return [wire, ...(tapped ? [drawTransformer(line, radius)] : []), ...arrow(flow, most, line, width)].join('');
}

/** Two rings, a third of the way along. */
function drawTransformer([x1, y1, x2, y2]: Line, radius: number): string {
  const length = Math.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1)) || 1;
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const r = 0.55 * radius;
  const ring = (at: number): string =>
    element('circle', { class: 'body', cx: x1 + (x2 - x1) / 3 + ux * at, cy: y1 + (y2 - y1) / 3 + uy * at, r });
  return ring(-0.6 * r) + ring(0.6 * r).replace('class="body"', 'class="ring"');
}

/** Along the active power, where there is any worth the name. */
function arrow(flow: BranchFlow | undefined, most: number, [x1, y1, x2, y2]: Line, width: number): string[] {
  if (flow === undefined || Math.abs(flow.fromPPu) < 0.002 * most || most === 0) return [];
  const way = flow.fromPPu > 0 ? 1 : -1;
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = Math.sqrt(dx * dx + dy * dy);
  if (length < 16) return [];
  const size = 3.5 + 0.9 * width;
  const [ux, uy] = [(way * dx) / length, (way * dy) / length];
  const [mx, my] = [x1 + 0.55 * dx, y1 + 0.55 * dy];
  const point = (along: number, aside: number): string =>
    `${num(mx + along * ux - aside * uy)},${num(my + along * uy + aside * ux)}`;
  const points = [point(size, 0), point(-size * 0.8, size * 0.8), point(-size * 0.8, -size * 0.8)];
  return [element('polygon', { class: 'arrow', points: points.join(' ') })];
}

// ---- buses -------------------------------------------------------------------------------------------------

function drawBus({ state, band, xy, radius }: Scene, bus: Bus, b: number): string {
  const [x, y] = [xy[2 * b]!, xy[2 * b + 1]!];
  const v = state.vPu[b]!;
  const look = { class: 'ring', style: `fill:${voltageColour(v, band)}`, 'stroke-width': radius > 5 ? 1.4 : 0.8 };
  const name = element('title', {}, `bus ${bus.id}: ${v.toFixed(4)} pu`);
  const side = bandSide(v, band);
  const mark = side === 'in' ? [] : [triangle(x, y, radius, side)];
  return element('g', {}, name, shape(bus, x, y, radius, look), ...mark);
}

function shape(bus: Bus, x: number, y: number, r: number, look: Readonly<Record<string, string | number>>): string {
  if (bus.kind === 'slack') {
    return element('rect', { x: x - 1.2 * r, y: y - 1.2 * r, width: 2.4 * r, height: 2.4 * r, ...look });
  }
  if (bus.kind === 'pv') {
    const d = 1.35 * r;
    return element('polygon', {
      points: `${num(x)},${num(y - d)} ${num(x + d)},${num(y)} ${num(x)},${num(y + d)} ${num(x - d)},${num(y)}`,
      ...look,
    });
  }
  return element('circle', { cx: x, cy: y, r, ...look });
}

/** Inside the bus where it is large enough: white on the dark colours beyond the band. */
function triangle(x: number, y: number, radius: number, side: 'below' | 'above'): string {
  const h = 0.6 * radius;
  const up = side === 'above' ? -1 : 1;
  const points = `${num(x)},${num(y + up * h)} ${num(x - h)},${num(y - up * 0.6 * h)} ${num(x + h)},${num(y - up * 0.6 * h)}`;
  return element('polygon', { points, fill: '#ffffff' });
}

// ---- what is written ---------------------------------------------------------------------------------------

function drawSites(scene: Scene, placer: Placer): string[] {
  const { state, xy, radius, detailed } = scene;
  const indexOf = new Map(state.network.buses.map(({ id }, b) => [id, b]));
  return (state.sites ?? []).map((site) => {
    const b = indexOf.get(site.bus);
    if (b === undefined) throw fail('env.unknownBus', { expected: `a bus of ${state.network.name}`, got: site.bus });
    const [x, y] = [xy[2 * b]!, xy[2 * b + 1]!];
    const size = detailed ? SITE_SIZE : { width: 14, height: 14 };
    const box = placer.place(x, y, { ...size, gap: radius + 14 });
    return drawSite(site, x, y, box, detailed);
  });
}

/** Numbers of buses and, in a small network or at its extremes, voltages. */
function drawLabels(scene: Scene, placer: Placer): string[] {
  const { state, band, xy, radius } = scene;
  const { buses } = state.network;
  const small = buses.length <= DETAILED_BUSES;
  const notable = new Set(extremes(state));
  return buses.flatMap((bus, b) => {
    const written = small || notable.has(b) || (buses.length <= NAMED_BUSES && bandSide(state.vPu[b]!, band) !== 'in');
    if (!written && buses.length > NAMED_BUSES) return [];
    const lines = written ? [String(bus.id), state.vPu[b]!.toFixed(3)] : [String(bus.id)];
    const size = small ? 11 : written ? 11 : 9;
    const box = placer.place(xy[2 * b]!, xy[2 * b + 1]!, {
      width: 0.68 * size * Math.max(...lines.map((line) => line.length)),
      height: 1.15 * size * lines.length,
      gap: radius + 2,
    });
    return lines.map((line, i) =>
      textAt(box.x + box.width / 2, box.y + 1.15 * size * (i + 0.85), line, {
        size,
        anchor: 'middle',
        halo: true,
        ...(i === 0 && lines.length > 1 ? { tone: 'strong' } : {}),
      }),
    );
  });
}

/** The lowest and the highest bus. */
function extremes({ vPu }: OneLineState): [number, number] {
  let [low, high] = [0, 0];
  for (let b = 1; b < vPu.length; b++) {
    if (vPu[b]! < vPu[low]!) low = b;
    if (vPu[b]! > vPu[high]!) high = b;
  }
  return [low, high];
}
