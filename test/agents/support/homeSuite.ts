/** A small suite on dispatch-home-v1: two days of a synthetic home, quick enough to be run many times. */
import { solvePlan } from '../../../src/agents/baselines/dispatch/perfectForesight.ts';
import { loadHighs } from '../../../src/agents/baselines/highs.ts';
import {
  artifactDecide,
  liveEpisode,
  scenarioCopy,
  type Decide,
  type LivedEpisode,
} from '../../../src/agents/evaluation/episode.ts';
import type { Contender, Metrics, Scenario, Suite } from '../../../src/agents/evaluation/suite.ts';
import { freezePolicy, type FrozenPolicy } from '../../../src/agents/freeze/freeze.ts';
import type { FloatPolicy } from '../../../src/agents/freeze/floatPolicy.ts';
import { initialiseMlp, layersOf, mlpShape } from '../../../src/agents/network.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { netLoadW } from '../../../src/env/physics/homeMeter.ts';
import { DISPATCH_HOME_INTERFACE } from '../../../src/env/tasks/dispatchHomeInterface.ts';
import type { DispatchHomeCopy } from '../../../src/env/tasks/dispatchHome.ts';

const MICRO = 1000000;

function metricsOf({ return: value, info }: LivedEpisode): Metrics {
  const [importWh, exportWh] = [info['importWh'] as number, info['exportWh'] as number];
  return {
    cost: info['cost'] as number,
    importKwh: importWh / 1000,
    exportShare: exportWh / (importWh + exportWh),
    return: value,
  };
}

function live(scenario: Scenario, decide: Decide<DispatchHomeCopy>): Metrics {
  return metricsOf(liveEpisode(scenarioCopy<DispatchHomeCopy>('dispatch-home-v1', scenario), decide));
}

const issue =
  (wantedW: (copy: DispatchHomeCopy, step: number) => number): Decide<DispatchHomeCopy> =>
  (copy, step, issued) => {
    const share = wantedW(copy, step) / copy.home.battery.pMaxW;
    issued[0] = Math.round(MICRO * Math.min(1, Math.max(-1, share)));
  };

const none: Contender = {
  name: 'none',
  kind: 'baseline',
  about: 'The battery rests.',
  run: (scenario) =>
    live(
      scenario,
      issue(() => 0),
    ),
};

const greedy: Contender = {
  name: 'greedy',
  kind: 'baseline',
  about: 'Self-use on the load and PV of the interval itself.',
  run: (scenario) =>
    live(
      scenario,
      issue(({ home }, step) => netLoadW(home, step)),
    ),
};

const foresight: Contender = {
  name: 'foresight',
  kind: 'bound',
  about: 'A linear program that knows both days beforehand.',
  async run(scenario) {
    const highs = await loadHighs();
    const copy = scenarioCopy<DispatchHomeCopy>('dispatch-home-v1', scenario);
    const { batteryW } = solvePlan(highs, copy.home, { startSocWh: copy.socWh });
    return live(
      scenario,
      issue((_, step) => batteryW[step]!),
    );
  },
};

export const homeSuite: Suite = {
  id: 'home-test',
  task: 'dispatch-home-v1',
  title: 'Two days of a home',
  metrics: [
    { key: 'cost', label: 'cost', better: 'less', digits: 3 },
    { key: 'importKwh', label: 'import kWh', better: 'less', digits: 2, over: 'worst' },
    { key: 'exportShare', label: 'exported', better: 'neither', digits: 1, percent: true },
    { key: 'return', label: 'return', better: 'more', digits: 3 },
  ],
  scenarios: ({ count = 6, from = 0 } = {}) =>
    Array.from({ length: count }, (_, i) => ({
      id: `week ${from + i}`,
      seed: from + i,
      args: { days: 2, split: 'test', wearWeight: 0 },
    })),
  baselines: () => [none, greedy, foresight],
  policy(name, policy) {
    const decide = artifactDecide(policy);
    return { name, kind: 'policy', about: 'Sees its own meter and prices.', run: (scenario) => live(scenario, decide) };
  },
};

/** A policy of random weights: seeds differ, nothing is learned. */
export function randomHomePolicy(seed: number): { readonly float: FloatPolicy; readonly frozen: FrozenPolicy } {
  const shape = mlpShape([11, 8, 1], 'relu');
  const params = new Float32Array(shape.to);
  initialiseMlp(params, shape, 1, RandomStream.fromSeed(seed, 'test'));
  const float = { layers: layersOf(params, shape), interface: DISPATCH_HOME_INTERFACE };
  return { float, frozen: freezePolicy(float, { points: 500 }) };
}
