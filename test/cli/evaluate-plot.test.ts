/** `gridpact evaluate --plot` by the real program: which files it writes, what they show, what it refuses. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { suiteOf } from '../../src/agents/suites/index.ts';
import { traceDay } from '../../src/cli/dayPlots.ts';
import { parseXml } from '../support/xml.ts';
import { builtCli } from './built.ts';

const cli = await builtCli();
const directory = mkdtempSync(join(tmpdir(), 'gridpact-plot-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const policy = join(directory, 'policy');
copyFileSync(join(import.meta.dirname, 'fixtures/policy.cbor'), policy);
const FEW = ['--suite', 'voltage-ieee33', '--count', '2', '--against', 'none', '--against', 'droop-live'];

function evaluate(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'evaluate', 'policy', ...FEW, ...args], {
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

  it('draws the day that is hardest without control, at its worst interval', async () => {
    const suite = await suiteOf('voltage-ieee33');
    const none = suite.baselines()[0]!;
    const lived = await Promise.all(
      suite.scenarios({ count: 2 }).map(async (scenario) => ({ scenario, metrics: await none.run(scenario) })),
    );
    lived.sort((a, b) => b.metrics['outOfBandShare']! - a.metrics['outOfBandShare']!);
    const { scenario, metrics } = lived[0]!;
    const { worst, highestVPu, lowestVPu, lossKw } = await traceDay(none, scenario);
    const furthest = Math.max(...highestVPu.map((v) => v - 1), ...lowestVPu.map((v) => 1 - v));
    expect(Math.abs(worst.vPu - 1)).toBe(furthest);
    expect(lossKw.reduce((sum, kw) => sum + kw, 0) / 12000).toBeCloseTo(metrics['lossMwh']!, 9);
    expect(title(read('one-line-none.svg'))).toBe('Feeder, control: none');
    expect(description(read('one-line-none.svg'))).toContain(`scenario ${scenario.id}; worst interval, `);
    expect(description(read('one-line-none.svg'))).toContain(`${worst.vPu.toFixed(4)} pu.`);
  });

  it('shows policy, weakest and strongest baseline and the bound in the plots of the day', () => {
    for (const name of ['policy', 'none', 'droop-live', 'opf']) expect(read('day.svg')).toContain(`>${name}<`);
    const lines = parseXml(read('day.svg')).filter(({ attributes }) => attributes['class'] === 'line');
    // Highest and lowest voltage, loss and reactive power of four controls; batteries, on one plan; load and PV.
    expect(lines).toHaveLength(4 * 4 + 1 + 2);
  });

  it('writes the same bytes again, and one file when that is what is named', () => {
    const again = evaluate('--plot', 'again', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ format: 'gridpact-evaluation/1' });
    for (const name of FILES) expect(readFileSync(join(directory, 'again', name), 'utf8')).toBe(read(name));
    const one = evaluate('--plot', 'only.svg', '--json');
    expect(one.status).toBe(0);
    expect(readFileSync(join(directory, 'only.svg'), 'utf8')).toBe(read('day.svg'));
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
