import { describe, it, expect } from 'vitest';
import fc from 'fast-check';
import { plot, sparkline } from '../../src/cli/ui/plot.ts';
import { visibleWidth } from '../../src/cli/ui/table.ts';

/** A day of 96 samples: the midday rise of PV on `base`. */
const day = (base: number, rise: number) =>
  Array.from({ length: 96 }, (_, i) => base + rise * Math.max(0, 1 - ((i - 48) / 24) ** 2));

describe('plot', () => {
  it('a day of bus voltage against its band', () => {
    const lines = plot({
      title: 'Highest bus voltage, pu',
      series: [
        { label: 'none', values: day(1.0, 0.06), dash: 'dashed' },
        { label: 'policy', values: day(1.0, 0.03) },
      ],
      limits: [{ value: 0.95 }, { value: 1.05 }],
      width: 60,
      height: 8,
      formatValue: (v) => v.toFixed(2),
      xLabels: ['00:00', '12:00', '24:00'],
    });
    expect(lines).toMatchInlineSnapshot(`
      [
        "Highest bus voltage, pu",
        "1.07 ┤                      ⢀  ⠤⠴⠒  ⠤⣄⣀",
        "1.05 ┤┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈⠴⠋⠉┈┈┈┈┈┈┈┈┈⠈┈┈⣄⡀┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
        "     │                ⢀⡴ ⢀⣀⣠⠤⠤⠖⠒⠒⠒⠒⠒⠲⠤⠤⣄⣀⡀⠙⢦",
        "     │               ⣴⡯⠖⠚⠉               ⠉⠙⠲⢤⣀⡄",
        "     │⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠋⠁                       ⠈⠙⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒",
        "     │",
        "     │",
        "0.95 ┤┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
        "      00:00                    12:00                   24:00",
        "      ⠤ ⠤ none   ⠤⠤⠤ policy   ┈┈┈ limit",
      ]
    `);
  });

  it('puts a value where the axis says it is', () => {
    // Constant series: exactly one dot row, and the limit of the same value on the same line.
    const lines = plot({
      series: [{ label: 'flat', values: [2, 2, 2] }],
      limits: [{ value: 0 }, { value: 2 }, { value: 4 }],
      width: 60,
      height: 9,
    });
    const canvas = lines.slice(0, 9);
    expect(canvas.filter((line) => /[\u2801-\u28ff]/.test(line))).toEqual([expect.stringMatching(/^ *2 ┤[⠉⠒⠤⣀]{57}$/)]);
    expect(canvas.map((line) => line.trimStart()).filter((line) => /^[04] ┤┈+$/.test(line))).toHaveLength(2);
  });

  it('NaN leaves a gap, and no data at all still gives a frame', () => {
    const gap = plot({ series: [{ label: 'x', values: [1, 1, Number.NaN, Number.NaN, 1, 1] }], width: 60 });
    const drawn = gap.find((line) => /[\u2801-\u28ff]/.test(line))!;
    expect(drawn).toMatch(/[\u2801-\u28ff]+ {10,}[\u2801-\u28ff]+/);
    const empty = plot({ series: [{ label: 'x', values: [] }], width: 60, height: 5 });
    expect(empty).toHaveLength(6);
    expect(empty.slice(0, 5).join('')).not.toMatch(/[\u2801-\u28ff]/);
  });

  it('a spike of one sample among 10 000 stays visible', () => {
    const values = new Float64Array(10_000);
    values[5_003] = 1;
    const lines = plot({ series: [{ label: 'spike', values }], width: 80, height: 10 });
    expect(lines.slice(0, 10).filter((line) => /[\u2801-\u28ff]/.test(line)).length).toBeGreaterThan(8);
  });

  it('paints runs, not cells, and widths count what is visible', () => {
    const paint = (text: string) => `\x1b[32m${text}\x1b[39m`;
    const lines = plot({ series: [{ label: 'x', values: [1, 1, 1], paint }], width: 60, height: 5 });
    const drawn = lines.find((line) => /[\u2801-\u28ff]/.test(line))!;
    expect(drawn.split('\x1b[32m')).toHaveLength(2);
    expect(visibleWidth(drawn)).toBe(60);
  });

  it('never exceeds its width, whatever the data', () => {
    const values = fc.array(
      fc.oneof(fc.double({ noDefaultInfinity: true, min: -1e12, max: 1e12 }), fc.constant(Number.NaN)),
    );
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 200 }), (all, width) => {
        const series = all.map((samples, i) => ({ label: `s${i}`, values: samples }));
        const lines = plot({ series, width, limits: [{ value: 1 }] });
        const canvas = lines.slice(0, 12);
        return canvas.every((line) => visibleWidth(line) <= Math.min(100, Math.max(60, width)));
      }),
      { numRuns: 200 },
    );
  });
});

describe('sparkline', () => {
  it('spans the blocks from lowest to highest', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([5, 5, 5])).toBe('▁▁▁');
    expect(sparkline([0, Number.NaN, 7])).toBe('▁ █');
    expect(sparkline([])).toBe('');
  });

  it('averages slices, and takes a range from outside', () => {
    expect(sparkline([0, 0, 8, 8], 2)).toBe('▁█');
    expect(sparkline([1, 2], 2, { lo: 0, hi: 8 })).toBe('▂▃');
  });
});
