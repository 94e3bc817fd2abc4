/** Runs every contender through every scenario: results by place, so that the order of the work changes nothing. */
import { fail } from '../../base/errors.ts';
import type { Contender, MetricSpec, Metrics, Scenario } from './suite.ts';

/** A contender and the name its results are kept under: another key wherever the results could be others. */
export interface Runner {
  readonly key: string;
  readonly contender: Contender;
}

/** Results of earlier runs by contender and scenario, and where new ones go. */
export interface ResultStore {
  find(key: string, scenario: Scenario): Metrics | undefined;
  keep(key: string, scenario: Scenario, metrics: Metrics): void;
}

export interface RunProgress {
  readonly done: number;
  readonly total: number;
  /** What ended last. */
  readonly contender: string;
  readonly scenario: string;
}

/** Lives through a scenario with a contender, both by their place in the lists. */
export type Live = (runner: number, scenario: number) => Promise<Metrics>;

export interface RunOptions {
  /** In this thread unless given. */
  readonly live?: Live | undefined;
  /** How many scenarios are lived through at a time; 1. A scenario and all its contenders stay in one lane. */
  readonly lanes?: number | undefined;
  readonly store?: ResultStore | undefined;
  readonly onProgress?: (progress: RunProgress) => void;
}

/** Metrics by contender and scenario. @throws `agents.evaluate` for a metric that is not finite. */
export async function runAll(
  runners: readonly Runner[],
  scenarios: readonly Scenario[],
  metrics: readonly MetricSpec[],
  { live = liveHere(runners, scenarios), lanes = 1, store, onProgress }: RunOptions = {},
): Promise<Metrics[][]> {
  const results = runners.map(() => new Array<Metrics>(scenarios.length));
  const total = runners.length * scenarios.length;
  let [next, done] = [0, 0];
  const lane = async (): Promise<void> => {
    while (next < scenarios.length) {
      const s = next++;
      for (const [r, { key, contender }] of runners.entries()) {
        const scenario = scenarios[s]!;
        let found = store?.find(key, scenario);
        if (found === undefined) {
          found = chosen(await live(r, s), metrics, contender, scenario);
          store?.keep(key, scenario, found);
        }
        results[r]![s] = found;
        onProgress?.({ done: ++done, total, contender: contender.name, scenario: scenario.id });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

export function liveHere(runners: readonly Runner[], scenarios: readonly Scenario[]): Live {
  return async (runner, scenario) => runners[runner]!.contender.run(scenarios[scenario]!);
}

/** The metrics of the suite, in its order; one that a contender does not have is left out. */
function chosen(given: Metrics, metrics: readonly MetricSpec[], contender: Contender, { id }: Scenario): Metrics {
  const pairs = metrics.flatMap(({ key }) => (given[key] === undefined ? [] : [[key, given[key]] as const]));
  const bad = pairs.find(([, value]) => !Number.isFinite(value));
  if (bad === undefined && pairs.length > 0) return Object.fromEntries(pairs);
  throw fail('agents.evaluate', {
    expected: `metrics of ${contender.name} in ${id}, finite`,
    got: bad === undefined ? 'none of the suite' : `${bad[0]} ${bad[1]}`,
  });
}
