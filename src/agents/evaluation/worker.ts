/** One of a crew: makes suite, scenarios and contenders once, then lives through what it is sent. */
import { parentPort, workerData } from 'node:worker_threads';
import { isGridPactError } from '../../base/errors.ts';
import { loadArtifact } from '../../contracts/policy/codec.ts';
import { suiteOf } from '../suites/index.ts';
import type { CrewAnswer, CrewJob, CrewTask } from './crew.ts';
import { runnersOf } from './evaluate.ts';
import { liveHere, type Live } from './runner.ts';

async function prepare({ suite: id, material, count, from, against, entries }: CrewTask): Promise<Live> {
  const suite = await suiteOf(id, material);
  const loaded = entries.map(({ bytes, ...entry }) => ({ ...entry, artifact: loadArtifact(bytes) }));
  return liveHere(runnersOf(suite, loaded, against), suite.scenarios({ count, from }));
}

const prepared = prepare((workerData as { readonly data: CrewTask }).data);
// Told with the first answer.
prepared.catch(() => undefined);

async function answer({ runner, scenario }: CrewJob): Promise<CrewAnswer> {
  try {
    const live = await prepared;
    return { metrics: await live(runner, scenario) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!isGridPactError(error)) return { error: { message } };
    // A thread can be handed plain values only.
    const [expected, got] = [error.expected, error.got].map(
      (value) => JSON.parse(JSON.stringify(value ?? null)) as unknown,
    );
    return { error: { code: error.code, expected, got, message } };
  }
}

parentPort!.on('message', (job: CrewJob) => void answer(job).then((found) => parentPort!.postMessage(found)));
