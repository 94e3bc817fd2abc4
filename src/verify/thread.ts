/** A module of this room as a worker thread, from the built files and from the sources alike. */
import { Worker } from 'node:worker_threads';

/** Sources run under tsx, whose loader a thread does not inherit; what is built has no need of it. */
const FROM_SOURCE = `
const { workerData } = require('node:worker_threads');
import(workerData.loader).then(({ register }) => { register(); return import(workerData.module); });
`;

/** @param module as `new URL('./worker.ts', import.meta.url)`; it finds `data` in `workerData.data`. */
export function startThread(module: URL, data: unknown): Worker {
  if (import.meta.url.endsWith('.ts')) {
    // Found from here: the working directory may be anywhere.
    const loader = import.meta.resolve('tsx/esm/api');
    return new Worker(FROM_SOURCE, { eval: true, workerData: { loader, module: module.href, data } });
  }
  const built = new URL(module.href.replace(/\.ts$/, '.js'));
  return new Worker(built, { workerData: { module: built.href, data } });
}
