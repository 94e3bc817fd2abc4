/** The picture of a value over two axes: well formed, and every cell in the colour of its value. */
import { describe, expect, it } from 'vitest';
import { heatMapSvg, type HeatMap } from '../../src/env/render/heatMap.ts';
import { parseXml, type XmlElement } from '../support/xml.ts';

const MAP: HeatMap = {
  title: 'p over <f> & soc',
  notes: ['held: price 3'],
  across: { label: 'f, Hz', from: -0.5, to: 0.5 },
  up: { label: 'soc', from: 0, to: 1 },
  values: [-10, -10, 0, 20, 20, 10],
  columns: 3,
  rows: 2,
  value: { label: 'p, W', from: -20, to: 20 },
};

function cellsOf(map: HeatMap, fill: RegExp): readonly XmlElement['attributes'][] {
  const { rows } = map;
  return parseXml(heatMapSvg(map))
    .filter(({ name, attributes }) => name === 'rect' && fill.test(attributes['fill'] ?? ''))
    .map(({ attributes }) => attributes)
    .filter(({ height }) => Math.abs(Number(height) - 448 / rows - 0.3) < 0.01);
}

describe('heatMapSvg', () => {
  it('draws the lower row below, neighbours of one colour as one rectangle', () => {
    const cells = cellsOf(MAP, /^rgb/);
    expect(cells.map(({ fill }) => fill)).toEqual([
      'rgb(128,185,217)',
      'rgb(255,255,255)',
      'rgb(213,94,0)',
      'rgb(234,175,128)',
    ]);
    const [low, middle, high] = cells.map(({ x, y, width }) => [Number(x), Number(y), Number(width)]);
    expect(low![2]! / middle![2]!).toBeCloseTo(2, 1);
    expect(low![1]!).toBeGreaterThan(high![1]!);
    expect(low![0]).toBe(high![0]);
  });

  it('takes white for the least value where all have one sign', () => {
    const cells = cellsOf({ ...MAP, values: [5, 5, 5, 5, 5, 10], value: { label: 'p', from: 5, to: 10 } }, /^rgb/);
    expect(cells.map(({ fill }) => fill)).toEqual(['rgb(255,255,255)', 'rgb(255,255,255)', 'rgb(213,94,0)']);
  });

  it('hatches what is marked, and says in the legend what that means', () => {
    const marked = { cells: [0, 1, 1, 0, 0, 0], label: 'bound' };
    const hatched = cellsOf({ ...MAP, marked }, /^url/);
    expect(hatched).toHaveLength(1);
    expect(Number(hatched[0]!['width'])).toBeCloseTo((448 * 2) / 3 + 0.3, 2);
    expect(heatMapSvg({ ...MAP, marked })).toContain('>bound<');
    expect(heatMapSvg(MAP)).not.toContain('>bound<');
  });

  it('is the same bytes every time, and survives an axis without extent', () => {
    expect(heatMapSvg(MAP)).toBe(heatMapSvg({ ...MAP }));
    expect(parseXml(heatMapSvg({ ...MAP, up: { label: 'soc', from: 1, to: 1 } })).length).toBeGreaterThan(20);
  });
});
