/**
 * Every suite by id. A suite is loaded when it is asked for: some bring a linear-program solver or a year of series.
 * The first of several suites on one interface is the one that a policy without a card is judged by.
 */
import { fail } from '../../base/errors.ts';
import { taskDefinition, type TaskId } from '../../env/gym/registry.ts';
import type { HomeSeries } from '../../env/series/home.ts';
import type { ScalarSeries } from '../../env/series/scalar.ts';
import type { PolicyInterface } from '../../grid/interface.ts';
import { interfaceSignature } from '../evaluation/episode.ts';
import type { Suite } from '../evaluation/suite.ts';

/** What a suite may be made of beside its own synthetic scenarios. */
export interface SuiteMaterial {
  /** Homes to be judged on, for suites of homes. */
  readonly homes?: readonly HomeSeries[] | undefined;
  /** Measured deviations of the grid frequency as they are to be met, Hz, for `frequency-area1`. */
  readonly series?: ScalarSeries | undefined;
}

interface SuiteEntry {
  readonly task: TaskId;
  readonly load: (material: SuiteMaterial) => Promise<Suite>;
}

const SUITES: Readonly<Record<string, SuiteEntry>> = {
  'voltage-ieee33': { task: 'voltage-ieee33-v1', load: async () => (await import('./voltage.ts')).voltageIeee33 },
  'voltage-ieee33-delay0': {
    task: 'voltage-ieee33-v1',
    load: async () => (await import('./voltage.ts')).voltageIeee33Delay0,
  },
  'voltage-ieee33-hard': {
    task: 'voltage-ieee33-hard-v1',
    load: async () => (await import('./voltage.ts')).voltageIeee33Hard,
  },
  'voltage-ieee69': { task: 'voltage-ieee69-v1', load: async () => (await import('./voltage.ts')).voltageIeee69 },
  'anm6-easy': { task: 'anm6-easy-v1', load: async () => (await import('./anm6.ts')).anm6Easy },
  'anm6-easy-days': { task: 'anm6-easy-v1', load: async () => (await import('./anm6.ts')).anm6EasyDays },
  'frequency-ieee14': {
    task: 'frequency-ieee14-raise-v1',
    load: async () => (await import('./frequency.ts')).frequencyIeee14Suite,
  },
  'frequency-ieee14-unseen': {
    task: 'frequency-ieee14-raise-v1',
    load: async () => (await import('./frequency.ts')).frequencyIeee14Unseen,
  },
  'frequency-area1': {
    task: 'frequency-area1-delivery-v1',
    load: async ({ series }) => (await import('./frequency.ts')).frequencyArea1Suite(series),
  },
  'frequency-area1-containment': {
    task: 'frequency-area1-delivery-v1',
    load: async () => (await import('./frequency.ts')).frequencyContainment,
  },
  'dispatch-feeder': {
    task: 'dispatch-feeder-margin-v1',
    load: async () => (await import('./dispatchFeeder.ts')).dispatchFeederSuite(),
  },
  'dispatch-home': {
    task: 'dispatch-home-reserve-v1',
    load: async ({ homes }) => (await import('./dispatchHome.ts')).dispatchHomeSuite(homes),
  },
  'stacked-ieee33': { task: 'stacked-ieee33-v1', load: async () => (await import('./stacked.ts')).stackedIeee33Suite },
};

export const SUITE_IDS: readonly string[] = Object.keys(SUITES);

/** @throws `agents.suite`. */
export async function suiteOf(id: string, material: SuiteMaterial = {}): Promise<Suite> {
  const entry = Object.hasOwn(SUITES, id) ? SUITES[id] : undefined;
  if (entry === undefined) throw fail('agents.suite', { expected: SUITE_IDS.join(', '), got: id });
  return entry.load(material);
}

/** What a card says of a policy. */
export interface PolicyHint {
  readonly name?: string | undefined;
  readonly task?: string | undefined;
}

/** A suite that a policy with this interface can be run on; among several its name decides, then its task. */
export function suiteIdFor(policy: PolicyInterface, { name, task }: PolicyHint = {}): string {
  const own = interfaceSignature(policy);
  const fitting = SUITE_IDS.filter((id) => signatureOf(SUITES[id]!.task) === own);
  const found = fitting.find((id) => id === name) ?? fitting.find((id) => SUITES[id]!.task === task) ?? fitting[0];
  if (found !== undefined) return found;
  throw fail('agents.suite', { expected: `the inputs and outputs of one of ${SUITE_IDS.join(', ')}`, got: own });
}

function signatureOf(task: TaskId): string {
  return interfaceSignature(taskDefinition(task).createCopy({}).port.policy);
}
