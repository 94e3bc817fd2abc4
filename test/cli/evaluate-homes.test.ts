/** `gridpact evaluate --homes` by the real program, on a folder written here and on the shared homes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hasCityLearn } from '../support/citylearn.ts';
import { SHARED } from '../support/matpower.ts';
import { builtCli } from './built.ts';

const cli = await builtCli();
const directory = mkdtempSync(join(tmpdir(), 'gridpact-evaluate-homes-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function evaluate(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'evaluate', ...args], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

interface Cost {
  readonly cost: number;
  readonly ratio: number | null;
  readonly carbonKg: number;
}
type Row = Record<'none' | 'greedy' | 'foresight' | 'mpc', Cost> & { readonly home: string };
interface Document {
  readonly homes: readonly Row[];
  readonly all: Row;
  readonly issues: readonly { file: string; line: number; code: string }[];
}
const documentOf = (stdout: string): Document => JSON.parse(stdout) as Document;

const HOURS = 96;
/** kWh of an hour, W per kW installed, price and carbon by hour of day. */
const loadKwh = (t: number): number => 0.4 + (t % 24 >= 17 && t % 24 < 23 ? 1.5 : 0) + (t % 5) / 10;
const pvWPerKw = (t: number): number => (t % 24 > 7 && t % 24 < 18 ? 100 * (t % 7) : 0);
const price = (t: number): number => (t % 24 >= 15 && t % 24 < 20 ? 0.5 : 0.2);
const carbon = (t: number): number => 0.1 + (t % 12) / 100;

interface Ratings {
  readonly capacity: number;
  readonly efficiency: number;
  readonly power: number;
  readonly pv: number;
}

const HOMES: Record<string, Ratings> = {
  North: { capacity: 6.4, efficiency: 0.81, power: 5, pv: 4 },
  South: { capacity: 3, efficiency: 0.64, power: 0.7, pv: 2 },
};

function writeHomes(name: string, homes: Record<string, Ratings>, load = loadKwh): string {
  const folder = join(directory, name);
  mkdirSync(folder);
  const buildings = Object.fromEntries(
    Object.entries(homes).map(([home, { capacity, efficiency, power, pv }]) => [
      home,
      {
        energy_simulation: `${home}.csv`,
        pricing: 'pricing.csv',
        carbon_intensity: 'carbon.csv',
        electrical_storage: { attributes: { capacity, efficiency, nominal_power: power } },
        pv: { attributes: { nominal_power: pv } },
      },
    ]),
  );
  const csv = (file: string, header: string, row: (t: number) => string): void => {
    const rows = Array.from({ length: HOURS }, (_, t) => row(t));
    writeFileSync(join(folder, file), [header, ...rows, ''].join('\n'));
  };
  writeFileSync(join(folder, 'schema.json'), JSON.stringify({ buildings }, null, 2));
  for (const home of Object.keys(homes)) {
    csv(`${home}.csv`, 'month,hour,non_shiftable_load,solar_generation', (t) => {
      return `${t === 0 ? 7 : 8},${((t + 23) % 24) + 1},${load(t)},${pvWPerKw(t)}`;
    });
  }
  const ahead = [1, 2, 3].map((k) => `electricity_pricing_predicted_${k}`);
  csv('pricing.csv', ['electricity_pricing', ...ahead].join(','), (t) => Array(4).fill(price(t)).join(','));
  csv('carbon.csv', 'carbon_intensity', (t) => `${carbon(t)}`);
  return name;
}

/** Worked out again, in kWh, without any of the code under test. */
function byHand({ capacity, efficiency, power, pv }: Ratings, greedy: boolean): { cost: number; carbonKg: number } {
  const eta = Math.sqrt(efficiency);
  const sums = { cost: 0, carbonKg: 0 };
  let stored = 0;
  for (let t = 0; t < HOURS; t++) {
    const net = loadKwh(t) - (pvWPerKw(t) * pv) / 1000;
    const charge = greedy ? Math.min(Math.max(0, -net), power, (capacity - stored) / eta) : 0;
    const discharge = greedy ? Math.min(Math.max(0, net), power, stored * eta) : 0;
    stored += charge * eta - discharge / eta;
    const bought = Math.max(0, net - discharge);
    sums.cost += bought * price(t);
    sums.carbonKg += bought * carbon(t);
  }
  return sums;
}

describe('gridpact evaluate --homes', () => {
  const folder = writeHomes('two', HOMES);
  const plain = evaluate('--homes', folder);
  const json = evaluate('--homes', folder, '--mpc', '--json');

  it('gives one document with cost, carbon and share of every home and of all', () => {
    expect([json.status, plain.status]).toEqual([0, 0]);
    const { homes, all, issues } = documentOf(json.stdout);
    expect(issues).toEqual([]);
    expect(homes.map(({ home }) => home)).toEqual(Object.keys(HOMES));
    for (const row of homes) {
      for (const control of ['none', 'greedy'] as const) {
        const { cost, carbonKg } = byHand(HOMES[row.home]!, control === 'greedy');
        expect(row[control].cost).toBeCloseTo(cost, 9);
        expect(row[control].carbonKg).toBeCloseTo(carbonKg, 9);
        expect(row[control].ratio).toBeCloseTo(cost / row.none.cost, 12);
      }
    }
    for (const row of [...homes, all]) {
      expect(row.foresight.cost).toBeLessThan(row.greedy.cost);
      expect(row.foresight.cost).toBeLessThanOrEqual(row.mpc.cost + 1e-9);
      expect(row.mpc.cost).toBeLessThan(row.none.cost);
    }
    for (const control of ['none', 'greedy', 'foresight', 'mpc'] as const) {
      expect(all[control].cost).toBeCloseTo(homes[0]![control].cost + homes[1]![control].cost, 9);
    }
  });

  it('prints the same as a table, without the controller that was not asked for', () => {
    const { homes, all } = documentOf(json.stdout);
    const lines = plain.stdout.split('\n');
    for (const row of [...homes, all]) {
      const at = lines.findIndex((line) => line.startsWith(`${row.home} `));
      const cells = [row.none, row.greedy, row.foresight].map((c) => [c.cost.toFixed(2), c.ratio!.toFixed(4)]);
      cells.forEach((cell, i) => expect(lines[at + i]).toContain(cell.join('   ')));
    }
    expect(plain.stdout).not.toContain('MPC');
    expect(evaluate('--homes', folder, '--mpc').stdout).toContain('MPC, 24 h ahead');
  });

  it('names problems by file and line, and reads on', () => {
    const damaged = writeHomes('damaged', { ...HOMES, Gone: HOMES['North']! });
    rmSync(join(directory, damaged, 'Gone.csv'));
    writeFileSync(
      join(directory, damaged, 'South.csv'),
      ['month,hour,non_shiftable_load,solar_generation']
        .concat(Array.from({ length: HOURS }, (_, t) => (t === 40 ? 'x' : `8,${((t + 23) % 24) + 1},1,0`)))
        .join('\n'),
    );
    const { status, stdout, stderr } = evaluate('--homes', damaged, '--json');
    expect(status).toBe(0);
    const { homes, issues } = documentOf(stdout);
    expect(homes.map(({ home }) => home)).toEqual(['North', 'South']);
    expect(issues.map(({ file, line, code }) => `${file}:${line} ${code}`)).toEqual([
      expect.stringMatching(/^schema\.json:\d+ series\.missing$/),
      'South.csv:42 series.row',
      'South.csv:43 series.gap',
      'South.csv:2 series.clock',
    ]);
    expect(stderr).toContain('warning series.row South.csv line 42: ');
    expect(stderr).toContain('warning series.missing schema.json line ');
  });

  it('a home that draws nothing has no share of its cost', () => {
    const { status, stdout } = evaluate(
      '--homes',
      writeHomes('idle', { Idle: HOMES['North']! }, () => 0),
      '--json',
    );
    expect(status).toBe(0);
    expect(documentOf(stdout).all.greedy).toEqual({ cost: 0, carbonKg: 0, ratio: null });
  });

  it('refuses what says how policies are run, a policy of another task, and a folder without homes', () => {
    for (const args of [['--count', '3'], ['--from', '301'], ['--apart'], ['--plot', 'plots'], ['--html', 'x.html']]) {
      const { status, stdout, stderr } = evaluate('--homes', folder, ...args);
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toContain('error cli.usage');
      expect(stderr).toContain(`got ${args[0]}`);
    }
    const voltage = evaluate('--homes', folder, join(import.meta.dirname, 'fixtures/policy.cbor'));
    expect(voltage).toMatchObject({ status: 2, stderr: expect.stringContaining('got suite voltage-') as string });
    expect(evaluate('--mpc')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--mpc with --homes and no policy') as string,
    });
    expect(evaluate('--homes', 'nowhere')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('error cli.file') as string,
    });
    const empty = writeHomes('empty', { Gone: HOMES['North']! });
    rmSync(join(directory, empty, 'Gone.csv'));
    const { status, stderr } = evaluate('--homes', empty);
    expect(status).toBe(1);
    expect(stderr).toContain('at least one home');
  });

  it.skipIf(!hasCityLearn)('the homes of CityLearn 2022 phase 1 (shared data)', () => {
    const { all, issues } = documentOf(
      evaluate('--homes', join(SHARED, 'data/citylearn-2022-phase-1'), '--json').stdout,
    );
    expect(all.none.cost).toBeCloseTo(5532.5, 1);
    expect(all.greedy.ratio).toBeCloseTo(0.6356, 3);
    expect(all.foresight.ratio).toBeCloseTo(0.5734, 3);
    expect(issues.map(({ code }) => code)).toEqual(['series.missing', 'series.missing']);
  });
});
