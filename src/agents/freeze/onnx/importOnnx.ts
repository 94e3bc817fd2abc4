/**
 * A network trained elsewhere (PyTorch, Stable-Baselines3, CleanRL), read from its ONNX file: one chain of dense layers
 * with relu, tanh or hardtanh. Everything else is refused by name. docs/reference/onnx.md.
 */
import { fail } from '../../../base/errors.ts';
import { POLICY_LIMITS } from '../../../contracts/policy/artifact.ts';
import type { PolicyInterface } from '../../../grid/interface.ts';
import type { FloatLayer, FloatPolicy } from '../floatPolicy.ts';
import { findChain } from './graph.ts';
import { buildLayers } from './layers.ts';
import { readModel, type OnnxModel } from './model.ts';

export interface OnnxOptions {
  /** Name of an output of the graph; needed where there are several. */
  readonly output?: string;
}

export interface OnnxNetwork {
  readonly layers: readonly FloatLayer[];
  /** Observations and actions, without the batch axis. */
  readonly inputSize: number;
  readonly outputSize: number;
  /** Version of the default operator set. */
  readonly opset: number;
  /** What was rounded, folded or left aside, a sentence each. */
  readonly notes: readonly string[];
}

/** bytes: at most 8 MiB. @throws `onnx.*`, and nothing else whatever the bytes. */
export function importOnnx(bytes: Uint8Array, options: OnnxOptions = {}): OnnxNetwork {
  const model = readModel(bytes);
  const chain = findChain(model, options.output);
  const notes: string[] = [];
  const layers = buildLayers(chain, model.opset, notes);
  checkLimits(layers);
  checkDeclared(model, chain.output, layers[layers.length - 1]!.outSize);
  notes.push(...chain.ignored.map((name) => `${name}: not used`));
  return {
    layers,
    inputSize: layers[0]!.inSize,
    outputSize: layers[layers.length - 1]!.outSize,
    opset: model.opset,
    notes,
  };
}

/**
 * The network behind the interface of a task. It must have been trained on observations x/32768 and actions u whose
 * +-1 is the range of the output, as that interface scales them. @throws `onnx.interface`.
 */
export function onnxPolicy({ layers, inputSize, outputSize }: OnnxNetwork, shared: PolicyInterface): FloatPolicy {
  const expected = { inputs: shared.inputs.length, outputs: shared.outputs.length };
  if (inputSize !== expected.inputs || outputSize !== expected.outputs) {
    throw fail('onnx.interface', { expected, got: { inputs: inputSize, outputs: outputSize } });
  }
  return { layers, interface: shared };
}

/** What the file says of its output, where it says it. */
function checkDeclared({ outputs }: OnnxModel, output: string, outSize: number): void {
  const dims = outputs.find(({ name }) => name === output)?.dims ?? [];
  const last = dims[dims.length - 1] ?? -1;
  if (last >= 0 && last !== outSize) throw fail('onnx.shape', { expected: { output, dims }, got: outSize });
}

/** What no artifact can hold, said before the freeze is tried. */
function checkLimits(layers: readonly FloatLayer[]): void {
  const sizes = [
    ['layers', layers.length, POLICY_LIMITS.layers],
    ['inputs', layers[0]!.inSize, POLICY_LIMITS.inputs],
    ['width', Math.max(...layers.map(({ outSize }) => outSize)), POLICY_LIMITS.width],
    ['outputs', layers[layers.length - 1]!.outSize, POLICY_LIMITS.outputs],
    ['weights', layers.reduce((sum, { weights }) => sum + weights.length, 0), POLICY_LIMITS.weights],
  ] as const;
  for (const [what, got, most] of sizes) if (got > most) throw fail('onnx.limits', { expected: { [what]: most }, got });
}
