/**
 * The optimal power flow as a dispatcher: what it issues for an interval is the optimum of the state that the feeder
 * shows, which is the interval's own (observationDelay 0: a bound that knows all loads) or that of the interval before.
 */
import { clamp } from '../../../base/fixed.ts';
import { capabilityVarReal } from '../../../env/physics/inverter.ts';
import type { Feeder } from '../../../env/physics/feeder.ts';
import { DEFAULT_BAND } from '../../../env/physics/feederPlant.ts';
import { busIndex, radialTopology } from '../../../env/physics/topology.ts';
import { evaluateTable } from '../../../grid/interface.ts';
import { quantise } from '../../../grid/snapshot.ts';
import { MAX_SHARE_MICRO } from '../../../grid/voltVar.ts';
import type { Controller } from '../controllers.ts';
import { FeederDerivatives } from './feederDerivatives.ts';
import { optimalFlow, type OptimalFlowResult } from './optimalFlow.ts';

const MICRO = 1000000;
/** Setpoints are whole millionths of capability: so much of the band is left for their rounding. */
const ROUNDING_PU = 1e-6;

export interface OpfOptions {
  /** The optimum keeps this far inside the band, pu. */
  readonly marginPu: number;
  /**
   * What is dispatched: the `share` of capability itself, held for the interval, or the `offset` that reproduces it with
   * the inverter's live curve at the voltage of the optimum, so that the curve answers what changes afterwards.
   */
  readonly dispatch: 'share' | 'offset';
}

/** The optimum for the state that a feeder shows, warm from one call to the next. */
export class FeederOptimum {
  readonly flow: FeederDerivatives;
  readonly #feeder: Feeder;
  readonly #qMaxPu: Float64Array;
  readonly #baseVa: number;
  #start: Float64Array;

  /** @throws `env.networkNotRadial`. */
  constructor(feeder: Feeder) {
    const { network, sites } = feeder.scenario;
    this.#feeder = feeder;
    this.#baseVa = network.baseMva * MICRO;
    this.flow = new FeederDerivatives(
      radialTopology(network),
      Int32Array.from(sites, (site) => busIndex(network, site.bus)),
    );
    this.#qMaxPu = new Float64Array(sites.length);
    this.#start = new Float64Array(sites.length);
  }

  /** Reactive power that the sites may have, pu: 0.8 sqrt(S^2 - P^2). */
  get qMaxPu(): Float64Array {
    return this.#qMaxPu;
  }

  solve(marginPu: number): OptimalFlowResult {
    const { scenario, pW, qVar, siteCount, countedBuses } = this.#feeder;
    const { flow } = this;
    const base = this.#baseVa;
    flow.pInjPu.set(this.#feeder.pInjPu);
    flow.qInjPu.set(this.#feeder.qInjPu);
    for (let s = 0; s < siteCount; s++) {
      flow.qInjPu[flow.siteBus[s]!]! -= qVar[s]! / base;
      this.#qMaxPu[s] = ((MAX_SHARE_MICRO / MICRO) * capabilityVarReal(scenario.sites[s]!.sMaxVa, pW[s]!)) / base;
    }
    const [low, high] = scenario.band ?? DEFAULT_BAND;
    const inside = marginPu + ROUNDING_PU;
    const limits = { vMinPu: low + inside, vMaxPu: high - inside, qMaxPu: this.#qMaxPu, counted: countedBuses };
    const result = optimalFlow(flow, limits, this.#start);
    this.#start = result.qPu.slice();
    return result;
  }
}

export function opfController(name: string, { marginPu, dispatch }: OpfOptions): Controller {
  let known: Feeder | undefined;
  let optimum: FeederOptimum | undefined;
  return {
    name,
    decide: (feeder, _k, setpoints) => {
      if (optimum === undefined || feeder !== known) optimum = new FeederOptimum(feeder);
      known = feeder;
      const { qPu } = optimum.solve(marginPu);
      const { curve } = feeder.scenario;
      setpoints.mode = dispatch === 'share' ? 'share' : 'curve';
      setpoints.curve = undefined;
      for (let s = 0; s < feeder.siteCount; s++) {
        const most = optimum.qMaxPu[s]!;
        let share = most > 0 ? (MAX_SHARE_MICRO * qPu[s]!) / most : 0;
        if (dispatch === 'offset') {
          const v = quantise(optimum.flow.vmPu[optimum.flow.siteBus[s]!]!, 'v.pu.e-6');
          share -= evaluateTable(curve.vMicroPu, curve.shareMicro, v);
        }
        setpoints.offsetMicro[s] = clamp(Math.floor(share + 0.5), -MAX_SHARE_MICRO, MAX_SHARE_MICRO);
      }
    },
  };
}
