/** Solvers in turn until one has an answer, and what each did on the way. */
import { fail } from '../base/errors.ts';
import { BUS, compileNetwork, type PowerFlowModel } from '../env/physics/powerflow/admittance.ts';
import { branchFlows, type BranchFlow } from '../env/physics/powerflow/flows.ts';
import { inService } from '../env/physics/powerflow/islands.ts';
import { NewtonPowerFlow } from '../env/physics/powerflow/newton.ts';
import type { PowerFlow } from '../env/physics/powerflow/port.ts';
import { RadialPowerFlow } from '../env/physics/radial.ts';
import type { Network } from '../grid/network.ts';

export interface PowerFlowOptions {
  readonly solver: 'newton' | 'sweep' | 'auto';
  readonly start: 'flat' | 'case';
  readonly enforceQLimits: boolean;
  readonly tolerance: number;
}

export interface PowerFlowRun {
  readonly solver: 'newton' | 'sweep';
  readonly start: 'flat' | 'case';
  readonly converged: boolean;
  readonly iterations: number;
  readonly residualPu: number;
  /** What the residual was to fall to, pu. */
  readonly tolerancePu: number;
  /** What double precision can resolve of Newton's residual here, pu: where this is more, it is enough. */
  readonly attainablePu: number | undefined;
  /** Residual by step: Newton its largest power mismatch before the first step and after each, the sweep its largest voltage change. */
  readonly trail: readonly number[];
  readonly model: PowerFlowModel;
  readonly flow: PowerFlow;
  readonly branches: readonly BranchFlow[];
  /** Per bus: 1 at the upper Q limit of its machines, -1 at the lower. */
  readonly limited: Int8Array;
}

const MAX_SWEEPS = 200;
/** A voltage that moves further than this in one sweep, pu, has left every solution behind. */
const SWEEP_DIVERGED_PU = 2;

/** The first run that converged, else the first one. @throws `env.network`, `env.networkNotRadial`, `cli.usage`. */
export function solveCase(network: Network, options: PowerFlowOptions): PowerFlowRun {
  const model = compileNetwork(network);
  const { solver, start, enforceQLimits } = options;
  if (solver === 'sweep') return sweep(model, options);
  const first = newton(model, options, start);
  if (first.converged || solver === 'newton') return first;
  const second = newton(model, options, start === 'case' ? 'flat' : 'case');
  if (second.converged || enforceQLimits || obstacle(network) !== undefined) return second.converged ? second : first;
  const third = sweep(model, options);
  return third.converged ? third : first;
}

function newton(model: PowerFlowModel, options: PowerFlowOptions, start: 'flat' | 'case'): PowerFlowRun {
  const flow = new NewtonPowerFlow(model, { enforceQLimits: options.enforceQLimits, start });
  flow.solve(model.pInjPu, model.qInjPu, { tolerancePu: options.tolerance });
  const trail = Array.from(flow.trail.subarray(0, flow.iterations + 1));
  const { attainablePu } = flow;
  return { ...report('newton', start, options, flow, { model, trail }), attainablePu, limited: flow.limitedBuses() };
}

function sweep(model: PowerFlowModel, options: PowerFlowOptions): PowerFlowRun {
  const { tolerance, enforceQLimits } = options;
  const hindrance = enforceQLimits ? '--enforce-q-limits' : obstacle(model.network);
  if (hindrance !== undefined) {
    throw fail('cli.usage', { expected: '--solver sweep on a plain radial feeder', got: hindrance });
  }
  const flow = new RadialPowerFlow({ ...model.network, branches: model.network.branches.filter(inService) });
  const trail: number[] = [];
  do {
    trail.push(flow.iterate(model.pInjPu, model.qInjPu));
    flow.converged = trail.at(-1)! <= tolerance;
  } while (!flow.converged && trail.at(-1)! < SWEEP_DIVERGED_PU && trail.length < MAX_SWEEPS);
  flow.iterations = trail.length;
  flow.residualPu = trail.at(-1)!;
  flow.finish();
  return report('sweep', 'flat', options, flow, { model, trail });
}

function report(
  solver: PowerFlowRun['solver'],
  start: PowerFlowRun['start'],
  { tolerance }: PowerFlowOptions,
  flow: PowerFlow,
  { model, trail }: Pick<PowerFlowRun, 'model' | 'trail'>,
): PowerFlowRun {
  const { converged, iterations, residualPu } = flow;
  const branches = branchFlows(model, flow.vRe, flow.vIm);
  flow.angles();
  return {
    solver,
    start,
    converged,
    iterations,
    residualPu,
    tolerancePu: tolerance,
    attainablePu: undefined,
    trail,
    model,
    flow,
    branches,
    limited: new Int8Array(model.busCount),
  };
}

/** What the sweep does not know, in the words of a person; undefined when there is nothing of the kind. */
function obstacle({ buses, branches }: Network): string | undefined {
  const live = branches.filter(inService);
  if (live.length !== buses.length - 1) return `${live.length} branches in service between ${buses.length} buses`;
  const strange = buses.find(({ kind }) => kind === 'pv' || kind === 'isolated');
  if (strange !== undefined) return `bus ${strange.id} is ${strange.kind}`;
  const slacks = buses.filter(({ kind }) => kind === 'slack');
  if (slacks.length !== 1) return `${slacks.length} slack buses`;
  if ((slacks[0]!.vaDeg ?? 0) !== 0) return `an angle at slack bus ${slacks[0]!.id}`;
  const shunt = buses.find(({ shuntPW = 0, shuntQVar = 0 }) => shuntPW !== 0 || shuntQVar !== 0);
  if (shunt !== undefined) return `a shunt at bus ${shunt.id}`;
  const branch = live.find(({ bPu = 0, tap = 1, shiftDeg = 0 }) => bPu !== 0 || tap !== 1 || shiftDeg !== 0);
  return branch === undefined ? undefined : `charging or a tap on branch ${branch.fromBus}-${branch.toBus}`;
}

/** Complex power, pu. */
export interface Power {
  readonly p: number;
  readonly q: number;
}

/** Of a solved run: fed in + machines = load (but for that at slack buses) + losses + shunts. */
export interface Balance {
  readonly load: Power;
  /** Load at buses that no slack bus feeds. */
  readonly unserved: Power;
  /** What machines away from slack buses deliver. */
  readonly machines: Power;
  /** What bus shunts draw. */
  readonly shunts: Power;
}

export function balanceOf({ model, flow, branches }: PowerFlowRun): Balance {
  const { network, kind, gShuntPu, bShuntPu } = model;
  const baseVa = network.baseMva * 1e6;
  const sums = { load: { p: 0, q: 0 }, unserved: { p: 0, q: 0 }, machines: { p: 0, q: 0 }, shunts: { p: 0, q: 0 } };
  const add = (sum: { p: number; q: number }, p: number, q: number): void => {
    sum.p += p;
    sum.q += q;
  };
  const live = (k: number): boolean => kind[k] !== BUS.dead;
  const inner = (k: number): boolean => live(k) && kind[k] !== BUS.slack;
  network.buses.forEach(({ loadPW, loadQVar }, k) => {
    const [p, q] = [loadPW / baseVa, loadQVar / baseVa];
    add(live(k) ? sums.load : sums.unserved, p, q);
    const square = flow.vmPu[k]! ** 2;
    const [shuntP, shuntQ] = [gShuntPu[k]! * square, -bShuntPu[k]! * square];
    if (live(k)) add(sums.shunts, shuntP, shuntQ);
    // What a bus sends out, its load and its shunt come from its machines.
    if (inner(k)) add(sums.machines, p + shuntP, q + shuntQ);
  });
  branches.forEach(({ fromPPu, fromQPu, toPPu, toQPu }, k) => {
    if (inner(model.branches.from[k]!)) add(sums.machines, fromPPu, fromQPu);
    if (inner(model.branches.to[k]!)) add(sums.machines, toPPu, toQPu);
  });
  return sums;
}
