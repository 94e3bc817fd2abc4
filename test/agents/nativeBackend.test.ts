/**
 * The native addon itself, where one is installed: in node_modules, or in the folder that GRIDPACT_TFJS_NODE names
 * (tools/nativeTfjs.sh builds it, docs/guide/native-backend.md). The choice among backends is backend.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadBackend, type Backend } from '../../src/agents/backend.ts';
import { MlpGradient } from '../../src/agents/gradient.ts';
import { initialiseMlp, mlpShape, type HiddenActivation } from '../../src/agents/network.ts';
import { trainPpo } from '../../src/agents/ppo.ts';
import { RandomStream } from '../../src/base/random.ts';
import { normal } from '../../src/base/realMath.ts';
import { REPO_ROOT } from '../support/repo.ts';
import { makeToy, TOY_CONFIG } from './support/trainToy.ts';

const ROWS = 128;

interface Passes {
  readonly outputs: Float32Array;
  readonly gradient: Float32Array;
  readonly inputs: Float32Array;
}

function passesOn({ tf }: Backend, hidden: HiddenActivation): Passes {
  const shape = mlpShape([20, 64, 64, 4], hidden);
  const stream = RandomStream.fromSeed(3, 'native');
  const draw = (size: number): Float32Array => Float32Array.from({ length: size }, () => normal(stream));
  const params = new Float32Array(shape.to);
  initialiseMlp(params, shape, 1, stream);
  const net = new MlpGradient(tf, shape);
  const outputs = net.forward(params, draw(ROWS * 20), ROWS).slice();
  const gradient = new Float32Array(shape.to);
  const inputs = net.backward(draw(ROWS * 4), gradient, true).slice();
  net.dispose();
  return { outputs, gradient, inputs };
}

/** Largest difference over the largest value. */
function distance(a: Float32Array, b: Float32Array): number {
  const largest = (values: Float32Array): number => values.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return largest(a.map((x, k) => x - b[k]!)) / largest(b);
}

describe('the native addon', () => {
  let native: Backend | undefined;
  let absent = '';

  beforeAll(async () => {
    try {
      native = await loadBackend('node');
    } catch (error) {
      absent = JSON.stringify((error as { got?: unknown }).got ?? String(error));
    }
  }, 30_000);

  beforeEach((context) => {
    if (native !== undefined) return;
    const named = process.env['GRIDPACT_TFJS_NODE'];
    if (named !== undefined) throw new Error(`GRIDPACT_TFJS_NODE=${named} holds no addon that loads: ${absent}`);
    context.skip(`no native addon: docs/guide/native-backend.md tells how to build one. ${absent}`);
  });

  it('is taken by name and by auto, and says which libtensorflow it runs on', async () => {
    for (const request of ['node', 'auto'] as const) {
      const backend = await loadBackend(request);
      expect(backend).toMatchObject({ name: 'node', tried: [] });
      expect(backend.detail).toMatch(/^@tensorflow\/tfjs-node, libtensorflow \d+\.\d+/);
      expect(backend.wasmSha256).toBeUndefined();
      expect(backend.tf.getBackend()).toBe('tensorflow');
    }
  });

  it.each<HiddenActivation>(['relu', 'hardtanh', 'tanh'])('gives the gradients of wasm (%s)', async (hidden) => {
    const there = passesOn(await loadBackend('node'), hidden);
    const here = passesOn(await loadBackend('wasm'), hidden);
    expect(distance(there.outputs, here.outputs)).toBeLessThan(1e-5);
    expect(distance(there.gradient, here.gradient)).toBeLessThan(1e-4);
    expect(distance(there.inputs, here.inputs)).toBeLessThan(1e-4);
  });

  it('trains the toy line and keeps no tensor', async () => {
    const { stats, backend } = await trainPpo(TOY_CONFIG, makeToy, undefined, await loadBackend('node'));
    expect(backend.name).toBe('node');
    expect(stats.at(-1)!.meanReturn!).toBeGreaterThan(-1);
    expect(stats.at(-1)!.meanReturn!).toBeGreaterThan(stats[0]!.meanReturn! / 5);
    expect(new Set(stats.map(({ tensors }) => tensors)).size).toBe(1);
  });
});

describe('tools/nativeTfjs.sh', () => {
  const run = (...args: readonly string[]): { readonly status: number | null; readonly stderr: string } =>
    spawnSync('bash', [join(REPO_ROOT, 'tools/nativeTfjs.sh'), ...args], { encoding: 'utf8' });

  it('says how it is called, and what is missing', () => {
    expect(run()).toMatchObject({ status: 2, stderr: expect.stringContaining('usage: tools/nativeTfjs.sh') as string });
    expect(run('/nowhere')).toMatchObject({ status: 1, stderr: 'nativeTfjs: no such folder: /nowhere\n' });
    if (process.platform !== 'linux') return;
    const here = join(REPO_ROOT, 'src');
    const expected = `nativeTfjs: no tensorflow/c/eager/c_api.h in ${here}/include\n`;
    expect(run(here)).toMatchObject({ status: 1, stderr: expected });
  });
});
