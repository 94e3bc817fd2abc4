/** One of a crew: searches the tasks it is sent and keeps them for the next turn. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadProperty } from '../contracts/policy/certificate/property.ts';
import { loadArtifact } from '../contracts/policy/codec.ts';
import { TaskRunner, type WorkerData, type WorkerJob } from './crew.ts';
import { SearchTools } from './search.ts';

const { policy, property } = (workerData as { readonly data: WorkerData }).data;
const runner = new TaskRunner(new SearchTools(loadArtifact(policy), loadProperty(property)));

parentPort!.on('message', (job: WorkerJob) => {
  parentPort!.postMessage(job.kind === 'run' ? runner.run(job.turn, job.piece) : runner.tree(job.task));
});
