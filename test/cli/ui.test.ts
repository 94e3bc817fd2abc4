import { describe, it, expect } from 'vitest';
import fc from 'fast-check';
import { count, duration, energy, fixed, money, mwh, percent, power, rate, short } from '../../src/cli/ui/format.ts';
import { Reporter } from '../../src/cli/ui/output.ts';
import { progressLine } from '../../src/cli/ui/progress.ts';
import { facts, table, visibleWidth } from '../../src/cli/ui/table.ts';
import { terminal } from './fakeTerminal.ts';

describe('format', () => {
  it('money is exact to the micro-unit', () => {
    expect(money(0)).toBe('0.000000');
    expect(money(-1)).toBe('-0.000001');
    expect(money(1234567890123)).toBe('1 234 567.890123');
    expect(money(Number.MAX_SAFE_INTEGER)).toBe('9 007 199 254.740991');
    expect(money(-(10n ** 20n) - 7n)).toBe('-100 000 000 000 000.000007');
    expect(() => money(0.5)).toThrow(RangeError);
  });

  it('money reads back to the same integer', () => {
    fc.assert(fc.property(fc.bigInt(-(10n ** 24n), 10n ** 24n), (n) => BigInt(money(n).replace(/[ .]/g, '')) === n));
  });

  it('decimals never show a negative zero', () => {
    expect(fixed(-0.0004, 3)).toBe('0.000');
    expect(fixed(-0.0006, 3)).toBe('-0.001');
    expect(fixed(-1234.5, 1)).toBe('-1 234.5');
    expect(fixed(Number.NaN, 1)).toBe('n/a');
  });

  it.each([
    [percent(0.01234), '1.23 %'],
    [mwh(1.23456), '1.235 MWh'],
    [energy(999), '999 Wh'],
    [energy(999_960), '1.0 MWh'],
    [energy(-2500), '-2.5 kWh'],
    [power(3.2e6), '3.2 MW'],
    [count(1234567), '1 234 567'],
    [count(-1234567n), '-1 234 567'],
    [rate(3.14), '3.1/s'],
    [rate(1234), '1.2k/s'],
    [rate(2.5e6), '2.5M/s'],
    [duration(820), '820 ms'],
    [duration(12_345), '12.3 s'],
    [duration(59_960), '1:00'],
    [duration(3_725_000), '1:02:05'],
    [short('bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'), 'bafyreigh2..4s52zy'],
    [short('meter/1'), 'meter/1'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
  });
});

describe('table', () => {
  it('aligns by what is visible', () => {
    const rows = [['alice', '\x1b[31m12\x1b[39m'], ['bo', '1.25'], ['none']];
    expect(table([{ title: 'owner' }, { title: 'paid', align: 'right' }], rows)).toEqual([
      'owner  paid',
      '-----  ----',
      'alice    \x1b[31m12\x1b[39m',
      'bo     1.25',
      'none',
    ]);
    expect(visibleWidth('\x1b[31m⣀µ\x1b[39m')).toBe(2);
  });

  it('facts line up', () => {
    expect(
      facts([
        ['cid', 'x'],
        ['state root', 'y'],
      ]),
    ).toEqual(['cid         x', 'state root  y']);
  });
});

describe('progress', () => {
  const state = { label: 'train', unit: 'steps', done: 500, total: 2000, elapsedMs: 1000, detail: 'return -3' };

  it('shows share, rate and remaining time', () => {
    expect(progressLine(state, 200, true)).toBe(
      'train  [#####...............]   25 %  500/2 000 steps  500/s  ETA 3.0 s  return -3',
    );
    expect(progressLine(state, 200, false)).toBe('train   25 %  500/2 000 steps  500/s  ETA 3.0 s  return -3');
    expect(progressLine({ ...state, total: undefined }, 200, true)).toBe('train  500 steps  500/s  return -3');
    expect(progressLine({ ...state, done: 0, elapsedMs: 0 }, 200, false)).toBe(
      'train    0 %  0/2 000 steps  0.0/s  return -3',
    );
    expect(progressLine(state, 20, true)).toHaveLength(20);
  });

  it('redraws at most ten times a second on a TTY, and clears itself', () => {
    const screen = terminal({ tty: true, columns: 60 });
    const bar = new Reporter(screen.io, false).progress('train', 100);
    for (let i = 1; i <= 100; i++) {
      screen.advance(10);
      bar.update(i);
    }
    bar.end('trained');
    const draws = screen.stderr().split('\r\x1b[2K').length - 2;
    expect(draws).toBe(10);
    expect(screen.stderr()).toMatch(/\r\x1b\[2Ktrained\n$/); // eslint-disable-line no-control-regex
    expect(screen.stdout()).toBe('');
  });

  it('writes a plain line every ten seconds elsewhere, none for short work', () => {
    const screen = terminal();
    const bar = new Reporter(screen.io, true).progress('train', 100, 'episodes');
    for (let i = 1; i <= 25; i++) {
      screen.advance(1000);
      bar.update(i);
    }
    bar.end();
    expect(screen.stderr().split('\n')).toEqual([
      'train   10 %  10/100 episodes  1.0/s  ETA 1:30',
      'train   20 %  20/100 episodes  1.0/s  ETA 1:20',
      '',
    ]);
  });

  it('gives way to a note and to text', () => {
    const screen = terminal({ tty: true });
    const report = new Reporter(screen.io, false);
    report.progress('train', 10).update(1);
    report.note('saved');
    expect(screen.stderr()).toMatch(/\r\x1b\[2Ksaved\n$/); // eslint-disable-line no-control-regex
  });
});

describe('colour', () => {
  it.each([
    ['a TTY', { tty: true }, true],
    ['a pipe', {}, false],
    ['NO_COLOR on a TTY', { tty: true, env: { NO_COLOR: '1' } }, false],
    ['NO_COLOR against FORCE_COLOR', { tty: true, env: { NO_COLOR: '1', FORCE_COLOR: '1' } }, false],
    ['FORCE_COLOR in a pipe', { env: { FORCE_COLOR: '1' } }, true],
    ['a dumb terminal', { tty: true, env: { TERM: 'dumb' } }, false],
  ])('%s', (_name, options, coloured) => {
    const text = new Reporter(terminal(options).io, false).colours.red('x');
    expect(text).toBe(coloured ? '\x1b[31mx\x1b[39m' : 'x');
  });

  it('width is that of the terminal within 60..100', () => {
    const widths = [20, 72, 300, undefined].map((columns) => {
      return new Reporter(terminal(columns === undefined ? {} : { columns }).io, false).width;
    });
    expect(widths).toEqual([60, 72, 100, 80]);
  });
});
