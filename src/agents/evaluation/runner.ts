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

export interface RunOptions {
  /** Lives through a scenario; in this thread unless given. */
  readonly live?: (runner: Runner, scenario: Scenario) => Metrics | Promise<Metrics>;
  /** How many scenarios are lived through at a time; 1. */
  readonly lanes?: number;
  readonly store?: ResultStore | undefined;
  readonly onProgress?: (progress: RunProgress) => void;
}

/** Metrics by contender and scenario. @throws `agents.evaluate` for a metric that is not finite. */
export async function runAll(
  runners: readonly Runner[],
  scenarios: readonly Scenario[],
  metrics: readonly MetricSpec[],
  { live = ({ contender }, scenario) => contender.run(scenario), lanes = 1, store, onProgress }: RunOptions = {},
): Promise<Metrics[][]> {
  const results = runners.map(() => new Array<Metrics>(scenarios.length));
  const jobs = runners.flatMap((runner, c) => scenarios.map((scenario, s) => ({ runner, scenario, c, s })));
  const total = jobs.length;
  let [next, done] = [0, 0];
  const lane = async (): Promise<void> => {
    while (next < total) {
      const { runner, scenario, c, s } = jobs[next++]!;
      let found = store?.find(runner.key, scenario);
      if (found === undefined) {
        found = chosen(await live(runner, scenario), metrics, runner, scenario);
        store?.keep(runner.key, scenario, found);
      }
      results[c]![s] = found;
      onProgress?.({ done: ++done, total, contender: runner.contender.name, scenario: scenario.id });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** The metrics of the suite, in its order; one that a contender does not have is left out. */
function chosen(given: Metrics, metrics: readonly MetricSpec[], { contender }: Runner, { id }: Scenario): Metrics {
  const pairs = metrics.flatMap(({ key }) => (given[key] === undefined ? [] : [[key, given[key]] as const]));
  const bad = pairs.find(([, value]) => !Number.isFinite(value));
  if (bad === undefined && pairs.length > 0) return Object.fromEntries(pairs);
  throw fail('agents.evaluate', {
    expected: `metrics of ${contender.name} in ${id}, finite`,
    got: bad === undefined ? 'none of the suite' : `${bad[0]} ${bad[1]}`,
  });
}
