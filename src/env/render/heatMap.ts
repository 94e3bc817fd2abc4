/**
 * A value over two axes as SVG text: cells by colour, ticks in the units given, a colour bar, marked cells hatched.
 * Colours run from blue over white to orange with white at 0 where the value has both signs, else from white on. Pure.
 */
import { element, lineFrom, num, svgDocument, textAt } from './svg.ts';
import { niceTicks, type Tick } from './ticks.ts';

export interface HeatAxis {
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

export interface HeatMap {
  readonly title: string;
  /** Lines under the title. */
  readonly notes: readonly string[];
  readonly across: HeatAxis;
  readonly up: HeatAxis;
  /** `rows` x `columns`, from the lower left corner, row by row. */
  readonly values: ArrayLike<number>;
  readonly columns: number;
  readonly rows: number;
  /** The value: its name, and the ends of the colour bar. */
  readonly value: HeatAxis;
  /** Cells hatched, as `values`; what that means stands in the legend. */
  readonly marked?: { readonly cells: ArrayLike<boolean | number>; readonly label: string };
  /** A cross, in units of the axes. */
  readonly point?: readonly [across: number, up: number];
}

const LEFT = 84;
const RIGHT = 132;
const SIDE = 448;
const TITLE = 34;
const LINE = 18;
const BOTTOM = 70;
const LEVELS = 32;
const LOW = [0, 114, 178] as const;
const HIGH = [213, 94, 0] as const;

interface Frame {
  readonly map: HeatMap;
  readonly top: number;
}

export function heatMapSvg(map: HeatMap): string {
  const frame = { map, top: TITLE + LINE * map.notes.length + 10 };
  const height = frame.top + SIDE + BOTTOM + (map.marked === undefined ? 0 : LINE);
  return svgDocument({
    width: LEFT + SIDE + RIGHT,
    height,
    title: map.title,
    description: [`${map.value.label} over ${map.across.label} and ${map.up.label}`, ...map.notes].join('. '),
    body: [
      textAt(LEFT, 24, map.title, { size: 15, tone: 'strong' }),
      ...map.notes.map((note, i) => textAt(LEFT, TITLE + LINE * i + 8, note, { tone: 'soft' })),
      hatchPattern(),
      ...cells(frame),
      ...axes(frame),
      ...colourBar(frame),
      ...crossAt(frame),
      ...legend(frame),
    ],
  });
}

/** Neighbours of one colour are one rectangle. */
function cells({ map, top }: Frame): string[] {
  const { columns, rows, values, marked } = map;
  const [width, height] = [SIDE / columns, SIDE / rows];
  const out: string[] = [];
  for (let row = 0; row < rows; row++) {
    const y = top + SIDE - (row + 1) * height;
    const draw = (key: (column: number) => string | undefined): void => {
      for (let from = 0, to; from < columns; from = to) {
        const fill = key(from);
        for (to = from + 1; to < columns && key(to) === fill;) to++;
        // A hair more than the cell, so that no seam shows.
        const box = { x: LEFT + from * width, y, width: (to - from) * width + 0.3, height: height + 0.3 };
        if (fill !== undefined) out.push(element('rect', { ...box, fill }));
      }
    };
    draw((column) => colourOf(values[row * columns + column]!, map.value));
    if (marked !== undefined) draw((column) => (marked.cells[row * columns + column] ? 'url(#hatch)' : undefined));
  }
  return out;
}

/** Where a value stands between white and the end of its side, in whole levels. */
function colourOf(value: number, { from, to }: HeatAxis): string {
  const signed = from < 0 && to > 0;
  const reach = signed ? Math.max(-from, to) : to - from || 1;
  const share = Math.min(1, Math.max(-1, (signed ? value : value - from) / reach));
  const level = Math.floor(Math.abs(share) * LEVELS + 0.5) / LEVELS;
  const end = share < 0 ? LOW : HIGH;
  return `rgb(${end.map((c) => num(Math.floor(255 + (c - 255) * level + 0.5))).join(',')})`;
}

function axes({ map: { across, up }, top }: Frame): string[] {
  const bottom = top + SIDE;
  const frame = element('rect', { x: LEFT, y: top, width: SIDE, height: SIDE, class: 'axis' });
  const along = ticksOf(across, 6).flatMap(({ at, label }) => {
    const x = LEFT + SIDE * shareOf(at, across);
    return [
      lineFrom(x, bottom, x, bottom + 5, { class: 'axis' }),
      textAt(x, bottom + 20, label, { anchor: 'middle', tone: 'soft' }),
    ];
  });
  const rising = ticksOf(up, 6).flatMap(({ at, label }) => {
    const y = bottom - SIDE * shareOf(at, up);
    return [
      lineFrom(LEFT - 5, y, LEFT, y, { class: 'axis' }),
      textAt(LEFT - 9, y + 4, label, { anchor: 'end', tone: 'soft' }),
    ];
  });
  const upName = element(
    'g',
    { transform: `translate(18 ${num(top + SIDE / 2)}) rotate(-90)` },
    textAt(0, 0, up.label, { anchor: 'middle' }),
  );
  return [frame, ...along, ...rising, textAt(LEFT + SIDE / 2, bottom + 44, across.label, { anchor: 'middle' }), upName];
}

function colourBar({ map: { value }, top }: Frame): string[] {
  const x = LEFT + SIDE + 28;
  const steps = 2 * LEVELS;
  const bar = Array.from({ length: steps }, (_, i) => {
    const fill = colourOf(value.from + ((value.to - value.from) * (i + 0.5)) / steps, value);
    const y = top + SIDE - (SIDE * (i + 1)) / steps;
    return element('rect', { x, y, width: 16, height: SIDE / steps + 0.3, fill });
  });
  const marks = ticksOf(value, 8).map(({ at, label }) =>
    textAt(x + 22, top + SIDE - SIDE * shareOf(at, value) + 4, label, { tone: 'soft' }),
  );
  return [
    ...bar,
    element('rect', { x, y: top, width: 16, height: SIDE, class: 'axis' }),
    ...marks,
    textAt(x, top - 8, value.label),
  ];
}

function crossAt({ map: { point, across, up }, top }: Frame): string[] {
  if (point === undefined) return [];
  const x = LEFT + SIDE * shareOf(point[0], across);
  const y = top + SIDE - SIDE * shareOf(point[1], up);
  return [
    lineFrom(x - 6, y, x + 6, y, { stroke: '#1f2328', 'stroke-width': 1.5 }),
    lineFrom(x, y - 6, x, y + 6, { stroke: '#1f2328', 'stroke-width': 1.5 }),
  ];
}

function legend({ map: { marked }, top }: Frame): string[] {
  if (marked === undefined) return [];
  const y = top + SIDE + BOTTOM - 4;
  const box = { x: LEFT, y: y - 11, width: 16, height: 12 };
  return [
    element('rect', { ...box, fill: 'url(#hatch)' }),
    element('rect', { ...box, class: 'axis' }),
    textAt(LEFT + 24, y, marked.label),
  ];
}

function hatchPattern(): string {
  const line = lineFrom(0, 0, 0, 6, { stroke: '#1f2328', 'stroke-width': 1 });
  const attributes = {
    id: 'hatch',
    width: 6,
    height: 6,
    patternUnits: 'userSpaceOnUse',
    patternTransform: 'rotate(45)',
  };
  return element('defs', {}, element('pattern', attributes, line));
}

function ticksOf({ from, to }: HeatAxis, count: number): Tick[] {
  return to > from ? niceTicks(from, to, count) : [];
}

function shareOf(at: number, { from, to }: HeatAxis): number {
  return to > from ? (at - from) / (to - from) : 0.5;
}
