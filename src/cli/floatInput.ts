/** The float policy that `gridpact freeze` reads: a float.json, or an ONNX file with the interface of a task or a model. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FloatPolicy } from '../agents/freeze/floatPolicy.ts';
import { importOnnx, onnxPolicy } from '../agents/freeze/onnx/importOnnx.ts';
import { fail } from '../base/errors.ts';
import { make, TASK_IDS } from '../env/gym/registry.ts';
import type { PolicyInterface } from '../grid/interface.ts';
import { readBytesFile } from './files.ts';
import { readFloatPolicy } from './modelFiles.ts';

export interface FloatInput {
  /** A task, a float.json, or a directory with one; for an ONNX file. */
  readonly interface?: string | undefined;
  /** Of the ONNX graph. */
  readonly output?: string | undefined;
}

export interface ReadFloat {
  readonly policy: FloatPolicy;
  /** What reading it rounded, folded or left aside. */
  readonly notes: readonly string[];
}

const FLOAT = 'float.json';

/** @throws `cli.file`, `cli.usage`, `onnx.*`. */
export async function readFloatInput(path: string, given: FloatInput): Promise<ReadFloat> {
  if (!path.toLowerCase().endsWith('.onnx')) return readOwn(path, given);
  if (given.interface === undefined) {
    const expected = 'with an ONNX file --interface: a task, a float.json or the directory of a model';
    throw fail('cli.usage', { expected, got: 'none' });
  }
  const shared = await readInterface(given.interface);
  const network = importOnnx(await readBytesFile(path), given.output === undefined ? {} : { output: given.output });
  return { policy: onnxPolicy(network, shared), notes: network.notes };
}

async function readOwn(path: string, given: FloatInput): Promise<ReadFloat> {
  const onnxOnly = (['interface', 'output'] as const).find((name) => given[name] !== undefined);
  if (onnxOnly !== undefined) {
    throw fail('cli.usage', {
      expected: `--${onnxOnly} with an ONNX file alone: a float.json says it itself`,
      got: path,
    });
  }
  return { policy: await readFloatPolicy(await inDirectory(path)), notes: [] };
}

async function readInterface(name: string): Promise<PolicyInterface> {
  const task = TASK_IDS.find((id) => id === name);
  if (task !== undefined) return make(task).copy.port.policy;
  const path = await inDirectory(name);
  const isThere = (await stat(path).catch(() => undefined)) !== undefined;
  if (!isThere) {
    const expected = `a float.json, a directory with one, or a task: ${TASK_IDS.join(', ')}`;
    throw fail('cli.usage', { expected: `--interface: ${expected}`, got: name });
  }
  return (await readFloatPolicy(path)).interface;
}

async function inDirectory(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true ? join(path, FLOAT) : path;
}
