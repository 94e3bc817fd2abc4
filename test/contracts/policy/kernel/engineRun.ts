/** Started as a process or a worker: `run` of chainRun.ts on the argument, a JSON document; printed or posted. */
import { parentPort, workerData } from 'node:worker_threads';
import { run, type ChainInput } from './chainRun.ts';

const input = JSON.parse((workerData as string | null) ?? process.argv[2]!) as ChainInput;
const digests = run(input);
if (parentPort === null) process.stdout.write(JSON.stringify(digests));
else parentPort.postMessage(digests);
