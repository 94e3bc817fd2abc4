/** What the signs of a one-line diagram mean, along its foot. */
import { drawBatterySign, drawInverterSign, drawPvSign } from './oneLineSites.ts';
import { element, lineFrom, num, textAt } from './svg.ts';
import { voltageScale, type Band } from './voltageScale.ts';

export const LEGEND_HEIGHT = 84;
const SWATCH = 44;

export interface LegendOptions {
  readonly band: Band;
  readonly y: number;
  readonly width: number;
  /** Apparent power of the widest branch; 0: no flows are drawn. */
  readonly greatestMva: number;
  /** Of line widths, against those of a small network. */
  readonly thickness: number;
  /** Some branch has a rating. */
  readonly rated: boolean;
}

export function drawLegend(options: LegendOptions): string {
  const { band, y, width, greatestMva } = options;
  const top = y + 28;
  return element(
    'g',
    {},
    lineFrom(24, y + 6, width - 24, y + 6, { class: 'grid' }),
    drawScale(24, top, band),
    drawShapes(24 + 7 * SWATCH + 36, top),
    greatestMva > 0 ? drawWidths(24 + 7 * SWATCH + 36 + 330, top, options) : '',
  );
}

function drawScale(x: number, y: number, band: Band): string {
  const steps = voltageScale(band);
  const parts = steps.flatMap(({ colour, upToPu }, i) => [
    element('rect', { x: x + i * SWATCH, y, width: SWATCH, height: 12, style: `fill:${colour}` }),
    ...(upToPu === undefined
      ? []
      : [textAt(x + (i + 1) * SWATCH, y + 26, upToPu.toFixed(3), { size: 11, anchor: 'middle', tone: 'soft' })]),
  ]);
  const outline = element('rect', {
    class: 'ring',
    x: x + 2 * SWATCH,
    y: y - 1,
    width: 3 * SWATCH,
    height: 14,
    'stroke-width': 1.4,
  });
  const caption = textAt(x, y + 44, `bus voltage, pu; framed: within the band ${num(band[0])} to ${num(band[1])}`, {
    size: 11,
  });
  return [...parts, outline, caption].join('');
}

function drawShapes(x: number, y: number): string {
  const mark = (at: number, up: number): string => {
    const [cx, cy, h] = [at + 7, y + 6, 4.2];
    const points = `${num(cx)},${num(cy + up * h)} ${num(cx - h)},${num(cy - 0.6 * up * h)} ${num(cx + h)},${num(cy - 0.6 * up * h)}`;
    const fill = up < 0 ? '#e6550d' : '#2f7fbf';
    return (
      element('circle', { class: 'ring', style: `fill:${fill}`, cx, cy, r: 7 }) +
      element('polygon', { points, fill: '#ffffff' })
    );
  };
  const diamond = `${num(x + 83)},${num(y + 28)} ${num(x + 90)},${num(y + 35)} ${num(x + 83)},${num(y + 42)} ${num(x + 76)},${num(y + 35)}`;
  return [
    mark(x, -1),
    textAt(x + 20, y + 10, 'above', { size: 11 }),
    mark(x + 76, 1),
    textAt(x + 96, y + 10, 'below the band', { size: 11 }),
    element('rect', { class: 'ring', x: x + 1, y: y + 29, width: 12, height: 12 }),
    textAt(x + 20, y + 39, 'slack', { size: 11 }),
    element('polygon', { class: 'ring', points: diamond }),
    textAt(x + 96, y + 39, 'voltage held', { size: 11 }),
    drawPvSign(x + 200, y),
    textAt(x + 218, y + 10, 'PV', { size: 11 }),
    drawBatterySign(x + 240, y, 0.6),
    textAt(x + 258, y + 10, 'battery', { size: 11 }),
    drawInverterSign(x + 200, y + 29),
    textAt(x + 218, y + 39, 'inverter, reactive', { size: 11 }),
  ].join('');
}

function drawWidths(x: number, y: number, { greatestMva, thickness, rated }: LegendOptions): string {
  const bar = (at: number, share: number): string =>
    lineFrom(x + at, y + 6, x + at + 44, y + 6, {
      class: 'wire',
      'stroke-width': thickness * (1.5 + 5 * Math.sqrt(share)),
    }) + textAt(x + at + 22, y + 26, mva(share * greatestMva), { size: 11, anchor: 'middle', tone: 'soft' });
  const loads = rated
    ? [
        lineFrom(x + 214, y + 6, x + 258, y + 6, { style: 'stroke:#e69f00', 'stroke-width': 4 }),
        textAt(x + 236, y + 26, 'over 80 %', { size: 11, anchor: 'middle', tone: 'soft' }),
        lineFrom(x + 276, y + 6, x + 320, y + 6, {
          style: 'stroke:#d55e00',
          'stroke-width': 4,
          'stroke-dasharray': '9 3',
        }),
        textAt(x + 298, y + 26, 'over 100 %', { size: 11, anchor: 'middle', tone: 'soft' }),
        textAt(x + 214, y + 44, 'of rating', { size: 11 }),
      ]
    : [];
  return [
    bar(0, 0.05),
    bar(64, 0.3),
    bar(128, 1),
    textAt(x, y + 44, 'branch power; arrow: active power', { size: 11 }),
    ...loads,
  ].join('');
}

function mva(x: number): string {
  if (x >= 100) return `${x.toFixed(0)} MVA`;
  return x >= 1 ? `${x.toFixed(1)} MVA` : `${(1000 * x).toFixed(0)} kVA`;
}
