/** A small market for tests: the real twin on a slice of a synthetic day, with policies of one layer. */
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import { DEFAULT_INITIAL_SOC_MICRO, DEFAULT_VOLT_VAR, ieee33Sites } from '../../src/env/cases/ieee33Sites.ts';
import { IEEE33 } from '../../src/env/cases/ieee33.ts';
import { ieee33Day } from '../../src/env/tasks/voltageIeee33.ts';
import { VOLTAGE_INTERFACE } from '../../src/env/tasks/voltageInterface.ts';
import type { PolicyInterface } from '../../src/grid/interface.ts';
import type { FeederSeries } from '../../src/env/series/series.ts';
import { DEFAULT_PRICES, type TwinScenario } from '../../src/twin/scenario.ts';

/** Battery power from the time of day alone: charges in the morning, discharges in the evening. */
const ENERGY_INTERFACE: PolicyInterface = {
  inputs: [{ n: 'time.day', u: 's', lo: 0, hi: 86400, c: 43200, m: 24854, t: 15 }],
  outputs: [{ n: 'p.set', u: 'w', m: 100000, t: 15, c: 0, lo: -100000, hi: 100000 }],
  envelopes: [],
  fallback: [{ si: 0, r: [0], y: [0], z: 0 }],
  state: [],
};

export function tinyPolicy(policy: PolicyInterface, weight: number, bias: number): Uint8Array {
  const inSize = policy.inputs.length;
  const weights = new Int16Array(inSize).fill(weight);
  const layer = { inSize, outSize: 1, shift: 4, weights, bias: Int32Array.of(bias), activation: 'identity' as const };
  return buildPolicy({ interface: policy, layers: [{ ...layer, exponent: 0 }], head: { kind: 'cont' } }).bytes;
}

/** `steps` intervals of synthetic day 3, from `first`. */
export function tinySeries(steps: number, first = 140): FeederSeries {
  const day = ieee33Day(3);
  const part = (all: Float64Array): Float64Array => {
    const width = all.length / day.steps;
    return all.slice(first * width, (first + steps) * width);
  };
  return {
    ...day,
    steps,
    startMs: day.startMs + first * day.stepMs,
    loadPW: part(day.loadPW),
    loadQVar: part(day.loadQVar),
    pvW: part(day.pvW),
  };
}

export function tinyScenario(steps: number, options: Partial<TwinScenario> = {}): TwinScenario {
  return {
    chain: 'tiny',
    seed: 'tiny',
    network: IEEE33,
    sites: ieee33Sites(0.5),
    series: tinySeries(steps),
    curve: DEFAULT_VOLT_VAR,
    initialSocMicro: DEFAULT_INITIAL_SOC_MICRO,
    voltagePolicy: tinyPolicy(VOLTAGE_INTERFACE, 3, 5000),
    energyPolicy: tinyPolicy(ENERGY_INTERFACE, 12, 0),
    missingRate: 0.1,
    prices: DEFAULT_PRICES,
    ...options,
  };
}
