/**
 * What can be had on the voltage suites before anything is learnt: every baseline and bound on the held-out days, and the
 * search that tuned them on training days. What is finished is kept in runs/voltage-frontier and taken up again.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DroopParameters } from '../src/agents/baselines/droop.ts';
import { TUNED_SETTINGS } from '../src/agents/baselines/tuned.ts';
import type { OpfOptions } from '../src/agents/baselines/voltage/opfController.ts';
import { VOLTAGE_SETTINGS, type VoltageSettingName } from '../src/agents/baselines/voltage/settings.ts';
import {
  STEEPEST_STANDARD_SLOPE,
  tuneSettingDroop,
  tuneSettingOpf,
  type VoltageCell,
} from '../src/agents/baselines/voltage/tuneSetting.ts';
import { resultFile } from '../src/agents/evaluation/resultFile.ts';
import type { Metrics, Suite } from '../src/agents/evaluation/suite.ts';
import { voltageIeee33, voltageIeee33Delay0, voltageIeee33Hard, voltageIeee69 } from '../src/agents/suites/voltage.ts';
import { percent } from './figures.ts';

type Fact = readonly [string, string | number];

export interface Frontier {
  readonly facts: readonly Fact[];
  readonly passed: boolean;
  readonly sections: readonly string[];
}

/** Baselines and bounds of `voltage-ieee33-delay0` are those of `voltage-ieee33`: one table for both. */
const SUITES: readonly (readonly [Suite, VoltageSettingName, string])[] = [
  [voltageIeee33, 'ieee33', `${voltageIeee33.id} and ${voltageIeee33Delay0.id}`],
  [voltageIeee33Hard, 'ieee33-hard', voltageIeee33Hard.id],
  [voltageIeee69, 'ieee69', voltageIeee69.id],
];
const OFFSET_MARGINS_PU = [0, 0.002, 0.004, 0.006, 0.008];
const SHARE_MARGINS_PU = [0, 0.004, 0.008];
const OPF_DAYS = 6;
const SHOWN = 8;

/** @throws whatever tuning and evaluation throw. */
export async function voltageFrontier(root: string, say: (line: string) => void): Promise<Frontier> {
  const folder = join(root, 'runs', 'voltage-frontier');
  mkdirSync(folder, { recursive: true });
  const facts: Fact[] = [];
  const sections: string[] = [];
  let passed = true;
  for (const [suite, , title] of SUITES) {
    const rows = await measured(suite, join(folder, 'results.jsonl'), say);
    sections.push(...frontierTable(title, suite, rows), ...aboutLines(suite));
    facts.push(...gaps(suite, rows));
    passed &&= rows.get('opf')!['lossMwh']! < rows.get('opf-late')!['lossMwh']!;
  }
  for (const setting of Object.keys(VOLTAGE_SETTINGS) as VoltageSettingName[]) {
    const found = searches(setting, folder, say);
    sections.push(...searchTables(setting, found));
    const same = isTuned(setting, found);
    facts.push([`tuned constants of ${setting} are those found`, String(same)]);
    passed &&= same;
  }
  return { facts, passed, sections };
}

async function measured(suite: Suite, path: string, say: (line: string) => void): Promise<Map<string, Metrics>> {
  const store = resultFile(path, suite.id);
  const scenarios = suite.scenarios();
  const rows = new Map<string, Metrics>();
  for (const contender of suite.baselines()) {
    const key = `${contender.name}: ${contender.about}`;
    const lived: Metrics[] = [];
    for (const scenario of scenarios) {
      let metrics = store.find(key, scenario);
      if (metrics === undefined) {
        metrics = await contender.run(scenario);
        store.keep(key, scenario, metrics);
      }
      lived.push(metrics);
    }
    const mean = (k: string): number => lived.reduce((sum, m) => sum + m[k]!, 0) / lived.length;
    rows.set(contender.name, Object.fromEntries(suite.metrics.map(({ key: k }) => [k, mean(k)])));
    say(`${suite.id} ${contender.name}`);
  }
  return rows;
}

function frontierTable(title: string, suite: Suite, rows: ReadonlyMap<string, Metrics>): string[] {
  const opf = rows.get('opf')!['lossMwh']!;
  return [
    `## ${title}`,
    '',
    `${suite.scenarios().length} test days, a year; means per day.`,
    '',
    '| | out of band | steps all in band | loss MWh/day | against opf | mean abs q Mvar |',
    '|---|---|---|---|---|---|',
    ...[...rows].map(([name, m]) =>
      row([
        name,
        percent(m['outOfBandShare']!, 4),
        percent(m['controllableRatio']!, 3),
        m['lossMwh']!.toFixed(4),
        signedPercent(m['lossMwh']! / opf - 1),
        m['meanAbsQMvar']!.toFixed(4),
      ]),
    ),
    '',
  ];
}

function aboutLines(suite: Suite): string[] {
  return [...suite.baselines().map(({ name, kind, about }) => `- \`${name}\` (${kind}): ${about}.`), ''];
}

/** How much there is to win: the optimum below the droops. */
function gaps({ id }: Suite, rows: ReadonlyMap<string, Metrics>): Fact[] {
  const loss = (name: string): number => rows.get(name)!['lossMwh']!;
  const below = (bound: string, name: string): string => percent(1 - loss(bound) / loss(name), 2);
  return [
    [`${id}: opf below droop-live`, below('opf', 'droop-live')],
    [`${id}: opf below droop-live-standard`, below('opf', 'droop-live-standard')],
    [`${id}: opf-late below droop-live`, below('opf-late', 'droop-live')],
    [`${id}: opf-late below droop-late`, below('opf-late', 'droop-late')],
  ];
}

interface Searches {
  readonly fixedPoint: readonly VoltageCell<DroopParameters>[];
  readonly standard: readonly VoltageCell<DroopParameters>[];
  readonly oneStep: readonly VoltageCell<DroopParameters>[];
  readonly opf: readonly VoltageCell<OpfOptions>[];
  readonly opfShare: readonly VoltageCell<OpfOptions>[];
}

function searches(setting: VoltageSettingName, folder: string, say: (line: string) => void): Searches {
  const kept = <T>(what: string, make: () => T): T => {
    const path = join(folder, `${setting}-${what}.json`);
    if (!existsSync(path)) writeFileSync(path, `${JSON.stringify(make(), null, 1)}\n`);
    say(`${setting} ${what} tuned`);
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  };
  return {
    fixedPoint: kept('fixed-point', () => tuneSettingDroop(setting, 'fixed-point')),
    standard: kept('standard', () => tuneSettingDroop(setting, 'fixed-point', STEEPEST_STANDARD_SLOPE)),
    oneStep: kept('one-step', () => tuneSettingDroop(setting, 'one-step')),
    opf: kept('opf', () => tuneSettingOpf(setting, 'offset', OFFSET_MARGINS_PU, OPF_DAYS)),
    opfShare: kept('opf-share', () => tuneSettingOpf(setting, 'share', SHARE_MARGINS_PU, OPF_DAYS)),
  };
}

/** Of the manners of dispatch, shares held never came near the offsets. */
function isTuned(setting: VoltageSettingName, found: Searches): boolean {
  const tuned = TUNED_SETTINGS[setting];
  const pairs = [
    [tuned.fixedPoint, found.fixedPoint],
    [tuned.standard, found.standard],
    [tuned.oneStep, found.oneStep],
    [tuned.opf, found.opf],
  ] as const;
  const worse = found.opfShare[0]!.outOfBandShare > found.opf[0]!.outOfBandShare;
  return worse && pairs.every(([own, [best]]) => JSON.stringify(own) === JSON.stringify(best!.parameters));
}

function searchTables(setting: VoltageSettingName, found: Searches): string[] {
  return [
    ...droopTable(`${setting}: live droop`, found.fixedPoint),
    ...droopTable(`${setting}: live droop, slopes of the standard`, found.standard),
    ...droopTable(`${setting}: droop one step late`, found.oneStep),
    `## Search, ${setting}: margin of the optimum dispatched late, training days`,
    '',
    '| margin pu | dispatched as | out of band | loss MWh/day |',
    '|---|---|---|---|',
    ...[...found.opf, ...found.opfShare].map(({ parameters: { marginPu, dispatch }, outOfBandShare, lossMwh }) =>
      row([String(marginPu), dispatch, percent(outOfBandShare, 4), lossMwh.toFixed(4)]),
    ),
    '',
  ];
}

function droopTable(title: string, cells: readonly VoltageCell<DroopParameters>[]): string[] {
  return [
    `## Search, ${title}: best ${SHOWN} of ${cells.length} cells seen on all tuning days`,
    '',
    '| vRef pu | deadband pu | slope 1/pu | out of band | loss MWh/day |',
    '|---|---|---|---|---|',
    ...cells
      .slice(0, SHOWN)
      .map(({ parameters: { vRefPu, deadbandPu, slope }, outOfBandShare, lossMwh }) =>
        row([String(vRefPu), String(deadbandPu), String(slope), percent(outOfBandShare, 4), lossMwh.toFixed(4)]),
      ),
    '',
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function signedPercent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(100 * share).toFixed(2)} %`;
}
