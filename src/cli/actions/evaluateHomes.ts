/** `gridpact evaluate --homes`: what homes with batteries pay under the baselines of dispatch. */
import {
  compareDispatch,
  type DispatchComparison,
  type DispatchCost,
} from '../../agents/baselines/dispatch/compare.ts';
import type { HomeController } from '../../agents/baselines/dispatch/home.ts';
import { recedingHorizon } from '../../agents/baselines/dispatch/recedingHorizon.ts';
import { fail } from '../../base/errors.ts';
import type { CityLearnIssue } from '../../env/series/citylearn.ts';
import type { HomeSeries } from '../../env/series/home.ts';
import type { EvaluateFlags } from '../commands/evaluate.ts';
import { readHomes } from '../homesInput.ts';
import { count, fixed } from '../ui/format.ts';
import type { Json, Reporter } from '../ui/output.ts';
import type { Progress } from '../ui/progress.ts';
import { table } from '../ui/table.ts';

/** Lines of each file and kind named on stderr; all of them are in --json. */
const SHOWN = 5;
const HORIZON_HOURS = 24;

const CONTROLS = [
  ['none', 'none'],
  ['greedy', 'greedy self-use'],
  ['mpc', `MPC, ${HORIZON_HOURS} h ahead`],
  ['foresight', 'perfect foresight'],
] as const;

/** @throws `cli.usage`, `cli.file`; `series.*`, `env.series` for the files; `agents.dispatch`. */
export async function evaluateHomes(report: Reporter, flags: EvaluateFlags): Promise<void> {
  refuseOthers(flags);
  const folder = flags.homes!;
  const { homes, issues } = await readHomes(folder);
  sayIssues(report, issues);
  if (homes.length === 0) {
    throw fail('cli.file', { expected: 'a folder with the files of at least one home', got: folder });
  }
  const progress = report.progress('comparing', homes.length, 'homes');
  const extra = flags.mpc ? watched(await recedingHorizon({ hours: HORIZON_HOURS }), progress) : undefined;
  const compared = await compareDispatch(homes, { extra, onHome: (done) => progress.update(done) });
  progress.end();
  const rows = compared.map(({ extra: mpc, ...row }) => (mpc === undefined ? row : { ...row, mpc }));
  report.text(...headLines(folder, homes), '', ...costTable(rows, (text) => report.colours.bold(text)));
  report.document({
    folder,
    homes: rows.slice(0, -1).map((row, h) => ({
      ...documentOf(row),
      steps: homes[h]!.steps,
      stepMs: homes[h]!.stepMs,
      battery: { ...homes[h]!.battery },
    })),
    all: documentOf(rows.at(-1)!),
    issues: issues.map((issue) => ({ ...issue })),
  });
}

function headLines(folder: string, homes: readonly HomeSeries[]): string[] {
  const steps = [...new Set(homes.map((home) => home.steps))];
  const number = homes.length === 1 ? '1 home' : `${count(homes.length)} homes`;
  return [
    `${number} of ${folder}, ${steps.map(count).join(' or ')} intervals of ${homes[0]!.stepMs / 60000} min;`,
    'batteries start empty and may end so, wear is not counted; cost in the currency of the prices',
  ];
}

/** What says how policies are run says nothing of homes without one. */
function refuseOthers({ mpc: _mpc, homes: _homes, workers: _workers, ...others }: EvaluateFlags): void {
  const given = Object.entries(others).filter(([, value]) => value !== undefined && value !== false);
  if (given.length === 0) return;
  const got = given.map(([name]) => `--${name}`).join(', ');
  throw fail('cli.usage', { expected: 'a policy beside it, or --homes and --mpc alone', got });
}

export function sayIssues(report: Reporter, issues: readonly CityLearnIssue[]): void {
  for (const kind of new Set(issues.map(({ code, file }) => `${code} ${file}`))) {
    const found = issues.filter(({ code, file }) => `${code} ${file}` === kind);
    for (const { line, message } of found.slice(0, SHOWN)) report.warn(`${kind} line ${line}: ${message}`);
    if (found.length > SHOWN) report.warn(`${kind}: ${count(found.length - SHOWN)} more lines, all with --json`);
  }
}

type Row = Omit<DispatchComparison, 'extra'> & { readonly mpc?: DispatchCost };

/** A program an interval takes long enough to be shown going on. */
function watched(controller: HomeController, progress: Progress): HomeController {
  let done = 0;
  let name = '';
  return {
    name: controller.name,
    decide(home, t, socWh) {
      if (home.name !== name && name !== '') done++;
      name = home.name;
      if (t % 100 === 0) progress.update(done, `${name}, interval ${count(t)}`);
      return controller.decide(home, t, socWh);
    },
  };
}

function costTable(rows: readonly Row[], strong: (text: string) => string): string[] {
  const columns = [
    { title: 'home' },
    { title: 'control' },
    { title: 'cost', align: 'right' },
    { title: 'of none', align: 'right' },
    { title: 'carbon kg', align: 'right' },
  ] as const;
  const cells = rows.flatMap((row, r) =>
    CONTROLS.filter(([control]) => row[control] !== undefined).map(([control, label], i) => {
      const { cost, ratio, carbonKg } = row[control]!;
      const home = i > 0 ? '' : r === rows.length - 1 ? strong(row.home) : row.home;
      return [home, label, fixed(cost, 2), fixed(ratio, 4), fixed(carbonKg, 1)];
    }),
  );
  return table(columns, cells);
}

function documentOf(row: Row): { readonly [key: string]: Json } {
  const costs = CONTROLS.flatMap(([control]) => {
    const of = row[control];
    // Of nothing there is no share.
    return of === undefined ? [] : [[control, { ...of, ratio: Number.isFinite(of.ratio) ? of.ratio : null }] as const];
  });
  return { home: row.home, ...Object.fromEntries(costs) };
}
