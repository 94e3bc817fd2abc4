/**
 * Power flow and the inverters' live volt-var loops at once: where voltages and reactive powers agree.
 *
 * Sweeps of the power flow take turns with the loops until neither moves. Newton steps on both together come first
 * where they pay: on meshed networks, and on a tree at a tolerance coarser than the default.
 */
import type { GridFlow } from './gridFlow.ts';
import { DEFAULT_TOLERANCE_PU } from './powerflow/port.ts';
import type { VoltVarLoop } from './voltVarLoop.ts';

const MAX_SWEEPS = 200;
/** Newton steps before the sweeps: at most so many, and none after a movement so small that the next is its square. */
const APPROACH_STEPS = 6;
const APPROACHED_PU = 1e-4;
/** Devices this close to their curves need no look ahead for the piece that they will be on. */
const LINEARISED_PU = 1e-3;
/** A last movement that is not below this has led astray. */
const LOST_PU = 0.05;
/** A voltage that moves this far in one sweep has left the solution behind. */
const DIVERGED_PU = 2;

export interface JointOptions {
  /** By site. */
  readonly siteBus: Int32Array;
  /** Largest movement of a voltage and of a reactive injection that counts as settled. */
  readonly tolerancePu: number;
  readonly newtonFirst: boolean;
}

export class JointSolution {
  readonly flow: GridFlow;
  readonly loop: VoltVarLoop;
  /** Reactive load at each site's bus, pu, injection positive: given. */
  readonly qLoadPu: Float64Array;

  readonly #siteBus: Int32Array;
  readonly #tolerancePu: number;
  /** At the finest tolerance the loops are settled to the last bits, as ever; else no finer than the voltages are. */
  readonly #loopTolerancePu: number | undefined;
  readonly #newtonFirst: boolean;
  readonly #vSite: Float64Array;
  readonly #vBefore: Float64Array;
  readonly #slope: Float64Array;

  constructor(flow: GridFlow, loop: VoltVarLoop, { siteBus, tolerancePu, newtonFirst }: JointOptions) {
    this.flow = flow;
    this.loop = loop;
    this.qLoadPu = new Float64Array(loop.n);
    this.#siteBus = siteBus;
    this.#tolerancePu = tolerancePu;
    this.#loopTolerancePu = tolerancePu > DEFAULT_TOLERANCE_PU ? tolerancePu : undefined;
    this.#newtonFirst = newtonFirst;
    this.#vSite = new Float64Array(loop.n);
    this.#vBefore = new Float64Array(loop.n);
    this.#slope = new Float64Array(loop.n);
  }

  /** From the present voltages and reactive powers; the outcome is in `flow` and `loop`. */
  solve(): void {
    if (this.#newtonFirst) this.#approach();
    if (this.#settle()) return;
    // A warm start far from the new operating point can fail where a flat one does not.
    this.flow.flatStart();
    this.#settle();
  }

  /** Newton steps on feeder and device curves together, to a start that one sweep seldom moves beyond the tolerance. */
  #approach(): void {
    const { flow, loop } = this;
    const siteBus = this.#siteBus;
    const slope = this.#slope;
    let moved = Infinity;
    this.#readSites();
    for (let step = 0; step < APPROACH_STEPS && moved > APPROACHED_PU; step++) {
      loop.linearise(this.#vSite, slope, LINEARISED_PU);
      if (step === 0 && flow.nudge !== undefined) {
        flow.nudge(siteBus, loop.movedPu);
        this.#followSites();
      }
      this.#injectReactive();
      moved = flow.newtonStep(siteBus, slope);
      this.#followSites();
    }
    if (moved < LOST_PU) return;
    flow.flatStart();
    loop.qPu.fill(0);
  }

  /** Read the sites' new voltages and move their reactive powers along the lines that stand for their curves. */
  #followSites(): void {
    this.#vBefore.set(this.#vSite);
    this.#readSites();
    this.loop.follow(this.#vBefore, this.#vSite, this.#slope);
  }

  /** Sweep, settle the loops on the new voltages, repeat until neither moves. */
  #settle(): boolean {
    const { flow, loop } = this;
    const tolerancePu = this.#tolerancePu;
    let done = false;
    let count = 0;
    let moved = Infinity;
    this.#injectReactive();
    while (!done && count < MAX_SWEEPS) {
      moved = flow.sweep();
      count++;
      if (!(moved < DIVERGED_PU)) break;
      this.#readSites();
      const changed = loop.settle(this.#vSite, this.#loopTolerancePu);
      if (changed > 0) this.#injectReactive();
      done = moved <= tolerancePu && changed <= tolerancePu;
    }
    flow.residualPu = moved;
    flow.converged = done;
    flow.iterations = count;
    return done;
  }

  #injectReactive(): void {
    this.flow.setReactive(this.#siteBus, this.qLoadPu, this.loop.qPu);
  }

  #readSites(): void {
    this.flow.magnitudes(this.#siteBus, this.#vSite);
  }
}
