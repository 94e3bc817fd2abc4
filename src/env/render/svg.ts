/**
 * SVG as text, by hand: numbers of fixed form and a document that names itself. Same input, same bytes on every engine.
 */

/** Colours by role; the document carries both sets and the viewer's preference chooses. */
interface Theme {
  readonly paper: string;
  readonly ink: string;
  readonly soft: string;
  readonly grid: string;
  readonly wire: string;
}

const LIGHT: Theme = { paper: '#ffffff', ink: '#1f2328', soft: '#57606a', grid: '#d8dee4', wire: '#8c959f' };
const DARK: Theme = { paper: '#0d1117', ink: '#e6edf3', soft: '#9198a1', grid: '#30363d', wire: '#6e7681' };

/** Told apart by people with any of the common colour blindnesses (Okabe & Ito 2008), readable on both papers. */
export const SERIES_COLOURS = ['#0072b2', '#e69f00', '#009e73', '#d55e00', '#cc79a7', '#56b4e9', '#8c8c8c'] as const;

/** At most two decimals, no exponent, no -0. */
export function num(x: number): string {
  if (!Number.isFinite(x)) return '0';
  const text = x.toFixed(2).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}

/** For text and attribute values; what XML 1.0 cannot hold at all becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** One element; children are markup already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const list = Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [` ${key}="${typeof value === 'number' ? num(value) : escapeXml(value)}"`];
  });
  const open = `<${name}${list.join('')}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join('')}</${name}>`;
}

export interface TextOptions {
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** `soft`, `strong` or nothing. */
  readonly tone?: 'soft' | 'strong';
  /** A border in the colour of the paper, so that it can be read across lines. */
  readonly halo?: boolean;
}

export function textAt(x: number, y: number, content: string, options: TextOptions = {}): string {
  const { size = 12, anchor = 'start', tone, halo = false } = options;
  const write = (classes: string | undefined): string =>
    element(
      'text',
      { x, y, 'font-size': size, 'text-anchor': anchor === 'start' ? undefined : anchor, class: classes },
      escapeXml(content),
    );
  // Two texts and not paint-order, which some viewers do not know.
  const behind = halo
    ? write(tone === 'strong' ? 'halo strong' : 'halo').replace('<text', '<text aria-hidden="true"')
    : '';
  return behind + write(tone);
}

export function lineFrom(x1: number, y1: number, x2: number, y2: number, attributes: Attributes): string {
  return element('line', { x1, y1, x2, y2, ...attributes });
}

export interface SvgDocument {
  readonly width: number;
  readonly height: number;
  /** Read out by a screen reader, and shown by a browser as the name. */
  readonly title: string;
  readonly description: string;
  readonly body: readonly string[];
}

export function svgDocument({ width, height, title, description, body }: SvgDocument): string {
  const head = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${num(width)} ${num(height)}`,
      role: 'img',
      'aria-labelledby': 'title desc',
      'font-family': 'system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif',
    },
    '',
  ).replace('</svg>', '');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    head,
    element('title', { id: 'title' }, escapeXml(title)),
    element('desc', { id: 'desc' }, escapeXml(description)),
    `<style>${styleOf(LIGHT)}@media (prefers-color-scheme:dark){${styleOf(DARK)}}</style>`,
    element('rect', { class: 'paper', width, height }),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function styleOf({ paper, ink, soft, grid, wire }: Theme): string {
  return [
    `.paper{fill:${paper}}`,
    `text{fill:${ink}}`,
    `.soft{fill:${soft}}`,
    `.strong{font-weight:600}`,
    `.halo{fill:${paper};stroke:${paper};stroke-width:3px;stroke-linejoin:round}`,
    `.grid{stroke:${grid};fill:none}`,
    `.axis{stroke:${soft};fill:none}`,
    `.wire{stroke:${wire};fill:none}`,
    `.arrow{fill:${ink}}`,
    `.ring{stroke:${ink};fill:none}`,
    `.body{stroke:${ink};fill:${paper}}`,
    `.mark{fill:${ink}}`,
  ].join('');
}
