/**
 * Metrics of `policy`: one network, 6-64-64-1 relu, by the WebAssembly kernel from raw integers to setpoints, beside
 * onnxruntime-node on the same network in float32, from floats to floats. One core, in turns.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { loadArtifact } from '../src/contracts/policy/codec.ts';
import { normaliseInput } from '../src/grid/interface.ts';
import { createKernel, type PolicyKernel } from '../src/contracts/policy/kernel/kernel.ts';
import { assertSelfTest, vectorDigests } from '../src/contracts/policy/vectors.ts';
import { benchPolicy, benchVectors } from './policies.ts';
import type { Bench, Measurement, Workload } from './harness.ts';
import { onnxModel } from './onnxModel.ts';

const BATCH = 4096;
const ROUNDS = 5;
const LOADS = 30;
const RUNS_PER_BATCH = 4096;
/** Short, so that some fall between the time slices of whatever else is running. */
const WINDOW_MS = 2;

interface Peer {
  readonly name: string;
  /** Runs per second of one vector, or vectors per second of BATCH at a time. */
  rate(vectors: number, seconds: number): Promise<number>;
}

/** What of onnxruntime-node is used. */
interface Ort {
  readonly Tensor: new (
    type: 'float32',
    data: Float32Array,
    dims: readonly number[],
  ) => { readonly data: Float32Array };
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{ run(feeds: object): Promise<Record<string, { data: Float32Array }>> }>;
  };
}

export const policyBench: Bench = async function* ({ seconds, withPeers, only }) {
  const policy = benchPolicy(false);
  const { vec4096, vec65536 } = vectorDigests(policy);
  const kernel = createKernel(policy, { vec65536 });
  const peer = withPeers ? await onnxPeer() : undefined;
  const metrics = [
    { name: 'policy.single.inferencesPerSecond', vectors: 1, workload: single(kernel) },
    { name: 'policy.batch.inferencesPerSecond', vectors: BATCH, workload: batch(kernel) },
  ];
  for (const { name, vectors, workload } of metrics) {
    if (name.includes(only)) yield await rateOf(name, kernel.kind, vectors, workload, seconds, peer);
  }
  if ('policy.load.ms'.includes(only)) yield loadTime(policy.bytes, vec4096, vec65536);
};

async function rateOf(
  metric: string,
  kind: string,
  vectors: number,
  workload: Workload,
  seconds: number,
  peer: Peer | undefined,
): Promise<Measurement> {
  let value = 0;
  let peerValue = 0;
  for (let round = 0; round < ROUNDS; round++) {
    value = Math.max(value, bestRate(workload, (1000 * seconds) / ROUNDS / 2));
    if (peer !== undefined) peerValue = Math.max(peerValue, await peer.rate(vectors, seconds / ROUNDS / 2));
  }
  const terms = `6-64-64-1 relu, ${kind} kernel, ${vectors === 1 ? 'run()' : `runBatch() of ${vectors}`}, raw integers to setpoint`;
  const own = { metric, value, unit: '1/s', terms, checksum: workload.checksum() };
  return peer === undefined
    ? own
    : { ...own, peer: peer.name, peerValue, peerNote: 'float32, one thread, session.run' };
}

/** Of windows of WINDOW_MS, one after the other. */
function bestRate({ batch: step }: Workload, durationMs: number): number {
  const endMs = performance.now() + durationMs;
  let best = 0;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    let count = 0;
    while (performance.now() - startMs < WINDOW_MS) count += step();
    best = Math.max(best, (1000 * count) / (performance.now() - startMs));
  }
  return best;
}

function single(kernel: PolicyKernel): Workload {
  const { inputs } = kernel.policy.interface;
  const raw = benchVectors(kernel.policy, 64);
  const vectors = Array.from({ length: 64 }, (_, n) => raw.subarray(n * inputs.length, (n + 1) * inputs.length));
  const out = new Int32Array(1);
  let sum = 0;
  const step = (): number => {
    for (let n = 0; n < RUNS_PER_BATCH; n++) {
      kernel.run(vectors[n & 63]!, 0, out);
      sum = (sum + out[0]!) | 0;
    }
    return RUNS_PER_BATCH;
  };
  return { batch: step, checksum: () => sum };
}

function batch(kernel: PolicyKernel): Workload {
  const raw = benchVectors(kernel.policy, BATCH);
  const out = new Int32Array(BATCH);
  let sum = 0;
  const step = (): number => {
    kernel.runBatch(raw, out);
    sum = (sum + out[BATCH - 1]!) | 0;
    return BATCH;
  };
  return { batch: step, checksum: () => sum };
}

/** Bytes to an admitted kernel: every check of the loader, 4 096 reference vectors, 65 536 of the kernel. */
function loadTime(bytes: Uint8Array, vec4096: string, vec65536: string): Measurement {
  const samples: number[] = [];
  for (let n = 0; n < LOADS; n++) {
    const startMs = performance.now();
    const policy = loadArtifact(bytes);
    assertSelfTest(policy, vec4096);
    createKernel(policy, { vec65536 });
    samples.push(performance.now() - startMs);
  }
  const terms = 'loadArtifact, vec4096 by the reference, vec65536 by the kernel; best of the samples';
  return { metric: 'policy.load.ms', value: Math.min(...samples), unit: 'ms', terms, checksum: bytes.length, samples };
}

/** GRIDPACT_ORT, else .cache/bench: a folder whose node_modules has onnxruntime-node. undefined: none loads. */
async function onnxPeer(): Promise<Peer | undefined> {
  const folder = process.env['GRIDPACT_ORT'] ?? join(import.meta.dirname, '..', '.cache', 'bench');
  try {
    const ort = createRequire(join(folder, 'package.json'))('onnxruntime-node') as Ort;
    return await openPeer(ort);
  } catch (error) {
    process.stderr.write(`peer onnxruntime-node skipped: ${(error as Error).message.split('\n')[0]}\n`);
    return undefined;
  }
}

async function openPeer(ort: Ort): Promise<Peer> {
  const policy = benchPolicy(false);
  const { inputs } = policy.interface;
  const options = {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  };
  const session = await ort.InferenceSession.create(onnxModel(policy), options);
  const raw = benchVectors(policy, BATCH);
  const x = Float32Array.from(raw, (r, at) => normaliseInput(inputs[at % inputs.length]!, r) / 32768);
  const feed = (vectors: number): object => ({
    x: new ort.Tensor('float32', x.slice(0, vectors * inputs.length), [vectors, inputs.length]),
  });
  return {
    name: 'onnxruntime-node',
    async rate(vectors, seconds) {
      const feeds = feed(vectors);
      const endMs = performance.now() + 1000 * seconds;
      let best = 0;
      while (performance.now() < endMs) {
        const startMs = performance.now();
        let count = 0;
        for (; performance.now() - startMs < WINDOW_MS; count += vectors) await session.run(feeds);
        best = Math.max(best, (1000 * count) / (performance.now() - startMs));
      }
      return best;
    },
  };
}
