import { fail } from '../../base/errors.ts';
import type { Branch, Bus } from '../../grid/network.ts';
import { readCase } from '../caseInput.ts';
import type { Action } from '../command.ts';
import type { PowerFlowFlags } from '../commands/powerflow.ts';
import { printable } from '../../env/cases/decimal.ts';
import { BUS } from '../../env/physics/powerflow/admittance.ts';
import { EXIT, failureOf } from '../failure.ts';
import { balanceOf, solveCase, type Power, type PowerFlowRun } from '../powerFlowRun.ts';
import { fixed, percent } from '../ui/format.ts';
import type { Json } from '../ui/output.ts';
import { facts, table } from '../ui/table.ts';

const DEGREES = 180 / Math.PI;
/** Rows of each table of the text. */
const SHOWN = 8;
/** Less than this is no machine but what the mismatch leaves. */
const MACHINE_PU = 1e-6;

export const powerflow: Action<PowerFlowFlags, [name: string]> = async (report, flags, name) => {
  const network = await readCase(name);
  const run = solveCase(network, flags);
  if (run.converged) {
    report.text(...summary(run), '', ...voltages(run), '', ...overloads(run));
    report.document(documentOf(run));
    return EXIT.ok;
  }
  const diverged = failureOf(
    fail('env.powerFlowDiverged', {
      expected: `${residualName(run)} at most ${exponent(flags.tolerance)} pu`,
      got: `${exponent(run.residualPu)} pu after ${steps(run)}`,
    }),
    report.io.env,
  );
  report.text(...summary(run), '', `${residualName(run)} by step, pu`, ...trailLines(run));
  report.document({ ...documentOf(run), ...diverged.document });
  report.note(diverged.text);
  return EXIT.no;
};

/** Numbers of a run that did not converge mean nothing, and are not in it. */
function documentOf(run: PowerFlowRun): { readonly [key: string]: Json } {
  const { network, baseMva } = baseOf(run);
  const { flow, converged } = run;
  return {
    case: network.name,
    converged,
    iterations: run.iterations,
    lossMw: converged ? flow.lossPu * baseMva : null,
    lossMvar: converged ? flow.lossQPu * baseMva : null,
    feedInMw: converged ? flow.feedInPu * baseMva : null,
    feedInMvar: converged ? flow.feedInQPu * baseMva : null,
    baseMva,
    baseKv: network.baseKv,
    solver: run.solver,
    start: run.start,
    residualPu: orNull(run.residualPu),
    tolerancePu: run.tolerancePu,
    attainablePu: run.attainablePu ?? null,
    trail: run.trail.map(orNull),
    bus: converged
      ? network.buses.map(({ id }, k) => ({ id, vmPu: flow.vmPu[k]!, vaDeg: flow.vaRad[k]! * DEGREES }))
      : [],
    overload: converged ? overloaded(run).map(({ branch, loading }) => ({ ...ends(branch), loading })) : [],
    qLimited: network.buses.flatMap(({ id }, k) =>
      run.limited[k] === 0 ? [] : [{ id, limit: run.limited[k] === 1 ? 'max' : 'min' }],
    ),
  };
}

function baseOf({ model: { network } }: PowerFlowRun) {
  return { network, baseMva: network.baseMva };
}

function ends({ fromBus, toBus }: Branch) {
  return { from: fromBus, to: toBus };
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

type Fact = readonly [label: string, value: string];

function summary(run: PowerFlowRun): string[] {
  const { network, baseMva } = baseOf(run);
  const live = run.model.branches.live.reduce((sum, one) => sum + one, 0);
  const from = run.solver === 'sweep' ? '' : run.start === 'case' ? ', from the case' : ', from 1 pu';
  return facts([
    [
      'case',
      `${printable(network.name)}: ${network.buses.length} buses, ${live} of ${network.branches.length} branches live`,
    ],
    ['bases', `${baseMva} MVA${network.baseKv === 0 ? '' : `, ${network.baseKv} kV`}`],
    ['solver', `${run.solver}${from}: ${steps(run)}, ${residualName(run)} ${exponent(run.residualPu)} pu`],
    ...precision(run),
    ...powers(run),
    ...limitedBuses(run),
  ]);
}

/** Where the tolerance was not met because numbers end before it. */
function precision({ converged, residualPu, tolerancePu, attainablePu }: PowerFlowRun): Fact[] {
  if (!converged || attainablePu === undefined || residualPu <= tolerancePu) return [];
  const asked = `${exponent(tolerancePu)} pu was asked`;
  return [['precision', `${asked}; double precision resolves ${exponent(attainablePu)} pu here`]];
}

/** Without a solution, the load alone. */
function powers(run: PowerFlowRun): Fact[] {
  const { baseMva } = baseOf(run);
  const { flow } = run;
  const { load, unserved, machines, shunts } = balanceOf(run);
  const power = ({ p, q }: Power): string => megas(p * baseMva, q * baseMva);
  const dead = run.model.kind.filter((kind) => kind === BUS.dead).length;
  const unfed: Fact[] = dead === 0 ? [] : [['dead', `${plural(dead, 'bus', 'buses')} unfed by a slack bus, ${power(unserved)} of load`]]; // prettier-ignore
  if (!run.converged) return [['load', power(load)], ...unfed];
  const hasMachines = Math.abs(machines.p) + Math.abs(machines.q) > MACHINE_PU;
  return [
    ['load', power(load)],
    ['fed in', `${power({ p: flow.feedInPu, q: flow.feedInQPu })}, net at the slack`],
    ...(hasMachines ? [['machines', `${power(machines)}, away from the slack`] as const] : []),
    ['losses', `${power({ p: flow.lossPu, q: flow.lossQPu })}, charging included`],
    ...(shunts.p === 0 && shunts.q === 0 ? [] : [['shunts', power(shunts)] as const]),
    ...unfed,
  ];
}

function limitedBuses({ model, limited }: PowerFlowRun): Fact[] {
  const ids = model.network.buses.flatMap(({ id }, k) => (limited[k] === 0 ? [] : [String(id)]));
  if (ids.length === 0) return [];
  const more = ids.length > SHOWN ? ' ...' : '';
  return [['Q limits', `reached at ${plural(ids.length, 'bus', 'buses')}: ${ids.slice(0, SHOWN).join(' ')}${more}`]];
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function steps({ iterations }: PowerFlowRun): string {
  return plural(iterations, 'step', 'steps');
}

function residualName({ solver }: PowerFlowRun): string {
  return solver === 'newton' ? 'mismatch' : 'voltage change';
}

function megas(p: number, q: number): string {
  return `${fixed(p, 6)} MW, ${fixed(q, 6)} Mvar`;
}

function exponent(value: number): string {
  return Number.isFinite(value) ? value.toExponential(1) : String(value);
}

function trailLines({ trail, solver }: PowerFlowRun): string[] {
  const first = solver === 'newton' ? 0 : 1;
  const line = (value: number, k: number): string => `  ${String(k + first).padStart(3)}  ${exponent(value)}`;
  const lines = trail.map(line);
  return lines.length <= 24 ? lines : [...lines.slice(0, 12), '  ...', ...lines.slice(-8)];
}

interface Voltage {
  readonly bus: Bus;
  readonly vmPu: number;
  readonly vaDeg: number;
  /** pu beyond a limit; 0 within. */
  readonly beyond: number;
}

function voltages(run: PowerFlowRun): string[] {
  const { network } = baseOf(run);
  const all = network.buses.flatMap((bus, k): Voltage[] => {
    const vmPu = run.flow.vmPu[k]!;
    if (vmPu === 0) return [];
    const { vMinPu = 0, vMaxPu = Infinity } = bus;
    return [{ bus, vmPu, vaDeg: run.flow.vaRad[k]! * DEGREES, beyond: Math.max(0, vMinPu - vmPu, vmPu - vMaxPu) }];
  });
  const worst = all.sort((a, b) => b.beyond - a.beyond || Math.abs(b.vmPu - 1) - Math.abs(a.vmPu - 1)).slice(0, SHOWN);
  const outside = all.filter(({ beyond }) => beyond > LIMIT_SLACK_PU).length;
  const columns = [{ title: 'bus', align: 'right' }, { title: 'kind' }, { title: 'V pu', align: 'right' }, { title: 'angle deg', align: 'right' }, { title: 'limits pu' }] as const; // prettier-ignore
  const rows = worst.map(({ bus, vmPu, vaDeg, beyond }) => [
    String(bus.id),
    bus.kind,
    fixed(vmPu, 6),
    fixed(vaDeg, 4),
    limits(bus) + (beyond > LIMIT_SLACK_PU ? `, ${fixed(beyond, 4)} beyond` : ''),
  ]);
  const bounded = all.some(({ bus }) => bus.vMinPu !== undefined || bus.vMaxPu !== undefined);
  const found = bounded ? `${outside} of ${all.length} buses outside their limits` : 'no bus has limits';
  return [`worst voltages; ${found}`, '', ...table(columns, rows)];
}

/** A set point at its limit is not beyond it. */
const LIMIT_SLACK_PU = 1e-9;

function limits({ vMinPu, vMaxPu }: Bus): string {
  if (vMinPu === undefined && vMaxPu === undefined) return 'none';
  return `${vMinPu ?? '-'} .. ${vMaxPu ?? '-'}`;
}

function overloaded({ model, branches }: PowerFlowRun) {
  return branches
    .flatMap(({ loading }, k) =>
      loading !== undefined && loading > 1 ? [{ branch: model.network.branches[k]!, loading }] : [],
    )
    .sort((a, b) => b.loading - a.loading);
}

function overloads(run: PowerFlowRun): string[] {
  const rated = run.branches.filter(({ loading }) => loading !== undefined).length;
  if (rated === 0) return ['no branch has a rating'];
  const over = overloaded(run);
  if (over.length === 0) return [`no branch beyond its rating, of ${rated} that have one`];
  const columns = [
    { title: 'branch' },
    { title: 'rating MVA', align: 'right' },
    { title: 'loading', align: 'right' },
  ] as const;
  const rows = over
    .slice(0, SHOWN)
    .map(({ branch, loading }) => [
      `${branch.fromBus}-${branch.toBus}`,
      fixed(branch.rateVa! / 1e6, 3),
      percent(loading),
    ]);
  return [`branches beyond their rating: ${over.length} of ${rated} that have one`, '', ...table(columns, rows)];
}
