/** `gridpact evaluate --plot` by the real program: which files it writes, what they show, what it refuses. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { noControl } from '../../src/agents/baselines/controllers.ts';
import { evaluateDay } from '../../src/agents/evaluate.ts';
import { traceDay } from '../../src/cli/dayPlots.ts';
import { testDay } from '../../src/env/series/synthetic.ts';
import { parseXml } from '../support/xml.ts';
import { builtCli } from './built.ts';

const cli = await builtCli();
const directory = mkdtempSync(join(tmpdir(), 'gridpact-plot-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function evaluate(...args: string[]) {
  const policy = join(import.meta.dirname, 'fixtures/policy.cbor');
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'evaluate', policy, '--days', '2', ...args], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

const FILES = ['one-line-policy.svg', 'one-line-none.svg', 'day.svg'];
const title = (svg: string): string => /<title id="title">(.*?)<\/title>/.exec(svg)![1]!;
const description = (svg: string): string => /<desc id="desc">(.*?)<\/desc>/.exec(svg)![1]!;

describe('gridpact evaluate --plot', () => {
  const run = evaluate('--plot', 'out/plots');
  const read = (name: string): string => readFileSync(join(directory, 'out/plots', name), 'utf8');

  it('writes a diagram of the policy and of no control, and the day over time, and says so', () => {
    expect(run.status).toBe(0);
    expect(run.stdout.trimEnd().split('\n').slice(-3)).toEqual(FILES.map((name) => `wrote ${join('out/plots', name)}`));
    expect(readdirSync(join(directory, 'out/plots')).sort()).toEqual([...FILES].sort());
    for (const name of FILES) parseXml(read(name));
  });

  it('draws the day that is hardest without control, at its worst interval', () => {
    const days = [testDay(300), testDay(301)].map((day) => evaluateDay(day, noControl()));
    const hardest = days[0]!.outOfBandShare > days[1]!.outOfBandShare ? days[0]! : days[1]!;
    const { worst, highestVPu, lowestVPu, lossKw } = traceDay(hardest.day, noControl());
    const furthest = Math.max(...highestVPu.map((v) => v - 1), ...lowestVPu.map((v) => 1 - v));
    expect(Math.abs(worst.vPu - 1)).toBe(furthest);
    expect(lossKw.reduce((sum, kw) => sum + kw, 0) / 12000).toBeCloseTo(hardest.lossMwh, 9);
    expect(title(read('one-line-none.svg'))).toBe('33-bus feeder, control: none');
    expect(description(read('one-line-none.svg'))).toContain(`synthetic test day ${hardest.day}; worst interval, `);
    expect(description(read('one-line-none.svg'))).toContain(`${worst.vPu.toFixed(4)} pu.`);
  });

  it('shows policy and baselines in the plots of the day', () => {
    for (const name of ['policy', 'none', 'device-curve', 'droop-fixed-point-tuned'])
      expect(read('day.svg')).toContain(`>${name}<`);
    const lines = parseXml(read('day.svg')).filter(({ attributes }) => attributes['class'] === 'line');
    // Highest and lowest voltage, loss and reactive power of four controls; batteries, on one plan; load and PV.
    expect(lines).toHaveLength(4 * 4 + 1 + 2);
  });

  it('writes the same bytes again, lists them under --json, and one file when that is what is named', () => {
    const again = evaluate('--plot', 'again', '--json');
    expect((JSON.parse(again.stdout) as { plots: string[] }).plots).toEqual(FILES.map((name) => join('again', name)));
    for (const name of FILES) expect(readFileSync(join(directory, 'again', name), 'utf8')).toBe(read(name));
    const one = evaluate('--plot', 'only.svg', '--json');
    expect((JSON.parse(one.stdout) as { plots: string[] }).plots).toEqual(['only.svg']);
    expect(readFileSync(join(directory, 'only.svg'), 'utf8')).toBe(read('day.svg'));
    expect(JSON.parse(evaluate('--json').stdout)).not.toHaveProperty('plots');
  });

  it('refuses a place it cannot write to, with a code', () => {
    writeFileSync(join(directory, 'file'), '');
    const { status, stderr } = evaluate('--plot', 'file/plots');
    expect(status).toBe(1);
    expect(stderr).toContain('error cli.file');
    expect(existsSync(join(directory, 'file/plots'))).toBe(false);
    expect(evaluate('--plot', 'nowhere/day.svg').stderr).toContain('error cli.file');
  });
});
