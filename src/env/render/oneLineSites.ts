/** A site beside its bus: PV, battery and inverter, each a sign and a figure. */
import { element, lineFrom, num, textAt } from './svg.ts';
import type { Box } from './placer.ts';

/** Export and injection positive. */
export interface SiteState {
  /** Id of its bus. */
  readonly bus: number;
  readonly qVar: number;
  /** Left out: the site has no PV. */
  readonly pvW?: number;
  /** Left out: the site has no battery. Charge is a share of what the battery holds, 0 to 1. */
  readonly battery?: { readonly pW: number; readonly charge: number };
}

/** Wide enough for `\u2212888 kW, 100 %` and `\u22128.88 MW, 100 %` in the widest of the usual sans-serif fonts. */
export const SITE_SIZE = { width: 132, height: 56 };
/** Between the edge of a box and its rows. */
const INSET = 2;
const PV_COLOUR = '#e69f00';
const BATTERY_COLOUR = '#009e73';
const INVERTER_COLOUR = '#0072b2';

export function drawSite(site: SiteState, x: number, y: number, box: Box, detailed: boolean): string {
  const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
  const stem = lineFrom(x, y, cx, cy, { class: 'wire', 'stroke-dasharray': '2 2' });
  if (!detailed) return element('g', {}, stem, drawPvSign(box.x + 1, box.y + 1));
  const rows = [
    ...(site.pvW === undefined ? [] : [{ sign: drawPvSign, text: power(site.pvW, 'W', false) }]),
    ...(site.battery === undefined ? [] : [batteryRow(site.battery)]),
    { sign: drawInverterSign, text: power(site.qVar, 'var', true) },
  ];
  const frame = element('rect', {
    class: 'body',
    x: box.x,
    y: box.y,
    width: box.width,
    height: box.height,
    rx: 4,
    'stroke-width': 0.6,
  });
  const pitch = (box.height - 2 * INSET) / rows.length;
  const lines = rows.map(({ sign, text }, i) => {
    const top = box.y + INSET + pitch * (i + 0.5);
    return sign(box.x + 5, top - 6) + textAt(box.x + 22, top + 4, text, { size: 11 });
  });
  return element('g', {}, stem, frame, ...lines);
}

function batteryRow({ pW, charge }: { readonly pW: number; readonly charge: number }): {
  sign: (x: number, y: number) => string;
  text: string;
} {
  return {
    sign: (x, y) => drawBatterySign(x, y, charge),
    text: `${power(pW, 'W', true)}, ${(100 * charge).toFixed(0)} %`,
  };
}

/** `512 kW`, `+60 kW`, `1.23 Mvar`, `12.3 MW`: at most three digits. */
function power(x: number, unit: 'W' | 'var', signed: boolean): string {
  const size = Math.abs(x);
  const digits = size >= 99.95e6 ? 0 : size >= 9.995e6 ? 1 : 2;
  const [text, prefix] = size >= 999500 ? [(size / 1e6).toFixed(digits), 'M'] : [(size / 1e3).toFixed(0), 'k'];
  const zero = Number(text) === 0;
  const sign = zero ? '' : x < 0 ? '\u2212' : signed ? '+' : '';
  return `${sign}${text} ${prefix}${unit}`;
}

/** Twelve pixels square, from the upper left corner. A panel with its cells. */
export function drawPvSign(x: number, y: number): string {
  const cells = [4, 8].flatMap((d) => [
    lineFrom(x + d, y, x + d, y + 12, { stroke: '#ffffff', 'stroke-width': 0.8 }),
    lineFrom(x, y + d, x + 12, y + d, { stroke: '#ffffff', 'stroke-width': 0.8 }),
  ]);
  return element('rect', { x, y, width: 12, height: 12, fill: PV_COLOUR }) + cells.join('');
}

/** Filled from below by its charge. */
export function drawBatterySign(x: number, y: number, charge: number): string {
  const level = 9 * Math.min(1, Math.max(0, charge));
  return [
    element('rect', { class: 'mark', x: x + 4, y: y - 0.5, width: 4, height: 2 }),
    element('rect', { x: x + 2, y: y + 11 - level, width: 8, height: level, fill: BATTERY_COLOUR }),
    element('rect', { class: 'ring', x: x + 1.5, y: y + 1.5, width: 9, height: 10, 'stroke-width': 1.2 }),
  ].join('');
}

/** A circle with a wave. */
export function drawInverterSign(x: number, y: number): string {
  const wave = `M${num(x + 2.5)} ${num(y + 6)}q1.75 -4.5 3.5 0t3.5 0`;
  return [
    element('circle', { cx: x + 6, cy: y + 6, r: 6, fill: INVERTER_COLOUR }),
    element('path', { d: wave, fill: 'none', stroke: '#ffffff', 'stroke-width': 1.4 }),
  ].join('');
}
