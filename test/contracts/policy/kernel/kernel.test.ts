/**
 * Conformance A8, X1 and C7 of the kernels against the reference executor. The full X1, 65 536 vectors on 50 nets, is
 * `npm run check:deep -- policy-chains`; here every net takes some hundred vectors.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../../src/base/random.ts';
import { buildPolicy } from '../../../../src/contracts/policy/codec.ts';
import { createExecutor } from '../../../../src/contracts/policy/execute.ts';
import { compileKernel, instantiateKernel } from '../../../../src/contracts/policy/kernel/engine.ts';
import { assertKernel, createKernel, WasmKernel } from '../../../../src/contracts/policy/kernel/kernel.ts';
import { AT } from '../../../../src/contracts/policy/kernel/layout.ts';
import { kernelModule } from '../../../../src/contracts/policy/kernel/module.ts';
import { ReferenceKernel } from '../../../../src/contracts/policy/kernel/referenceKernel.ts';
import { digestChain, outputDigest } from '../../../../src/contracts/policy/kernel/selfTest.ts';
import { vec65536, vectorDigests } from '../../../../src/contracts/policy/vectors.ts';
import type { LoadedPolicy } from '../../../../src/contracts/policy/artifact.ts';
import { tinyParts } from '../samples.ts';
import { adversarialPolicies, randomPolicy } from './nets.ts';

const KINDS = ['simd', 'scalar'] as const;
const RANDOM_NETS = 50;
const RANDOM_VECTORS = 203;
const ADVERSARIAL_VECTORS = 507;

function wasm(policy: LoadedPolicy, kind: 'simd' | 'scalar'): WasmKernel {
  return new WasmKernel(policy, kind, instantiateKernel(kind));
}

/** Raw i32 vectors of the policy's own boxes and beyond. */
function vectors(policy: LoadedPolicy, stream: RandomStream, count: number): Int32Array {
  const { inputs } = policy.interface;
  return Int32Array.from({ length: count * inputs.length }, (_, at) => {
    const { lo, hi } = inputs[at % inputs.length]!;
    return stream.below(8) === 0 ? stream.next() | 0 : lo + stream.below(Math.min(hi - lo + 1, 4294967295));
  });
}

describe('X1 kernels give the digest of the reference', () => {
  it(`${RANDOM_NETS} random nets, ${RANDOM_VECTORS} vectors each`, () => {
    const stream = RandomStream.fromSeed(1, 'x1');
    for (let n = 0; n < RANDOM_NETS; n++) {
      const policy = randomPolicy(stream);
      const expected = outputDigest(new ReferenceKernel(policy), RANDOM_VECTORS);
      for (const kind of KINDS)
        expect([n, kind, outputDigest(wasm(policy, kind), RANDOM_VECTORS)]).toEqual([n, kind, expected]);
    }
  });

  const nets = adversarialPolicies(RandomStream.fromSeed(2, 'x1'));
  it.each(nets)(`%s, ${ADVERSARIAL_VECTORS} vectors`, (_, policy) => {
    const expected = outputDigest(new ReferenceKernel(policy), ADVERSARIAL_VECTORS);
    for (const kind of KINDS) expect(outputDigest(wasm(policy, kind), ADVERSARIAL_VECTORS)).toBe(expected);
  });

  it('the digest of a reference kernel is that of the reference executor', () => {
    const policy = buildPolicy(tinyParts());
    expect(outputDigest(new ReferenceKernel(policy), 4096)).toBe(vectorDigests(policy).vec4096);
  });
});

describe('A8 the order and the grouping of vectors and inputs change nothing', () => {
  it('1000 random permutations and cuts of a batch', () => {
    const stream = RandomStream.fromSeed(8, 'a8');
    for (let round = 0; round < 20; round++) {
      const policy = randomPolicy(stream);
      const { inputs, outputs } = policy.interface;
      const count = 40;
      const raw = vectors(policy, stream, count);
      const expected = new Int32Array(count * outputs.length);
      new ReferenceKernel(policy).runBatch(raw, expected);
      const kernel = wasm(policy, KINDS[round & 1]!);
      for (let p = 0; p < 50; p++) {
        const order = Int32Array.from({ length: count }, (_, n) => n);
        stream.shuffle(order);
        const size = 1 + stream.below(count);
        for (let from = 0; from < count; from += size) {
          const group = order.subarray(from, from + size);
          const given = Int32Array.from({ length: group.length * inputs.length }, (_, at) => {
            return raw[group[Math.floor(at / inputs.length)]! * inputs.length + (at % inputs.length)]!;
          });
          const out = new Int32Array(group.length * outputs.length);
          kernel.runBatch(given, out);
          const wanted = [...group].flatMap((n) => [
            ...expected.subarray(n * outputs.length, (n + 1) * outputs.length),
          ]);
          expect([...out]).toEqual(wanted);
        }
      }
    }
  });

  it('1000 random permutations of the inputs of a layer and of its hidden units', () => {
    const stream = RandomStream.fromSeed(9, 'a8');
    const [, policy] = adversarialPolicies(stream).find(([name]) => name.startsWith('64 inputs'))!;
    const raw = vectors(policy, stream, 3);
    const expected = new Int32Array(9);
    new ReferenceKernel(policy).runBatch(raw, expected);
    const exports = instantiateKernel('simd');
    const out = new Int32Array(9);
    for (let p = 0; p < 1000; p++) {
      const inputs = Int32Array.from({ length: 64 }, (_, i) => i);
      const units = Int32Array.from({ length: 61 }, (_, o) => o);
      stream.shuffle(inputs);
      stream.shuffle(units);
      const kernel = new WasmKernel(permuted(policy, inputs, units), 'simd', exports);
      kernel.runBatch(
        Int32Array.from(raw, (_, at) => raw[64 * (at >> 6) + inputs[at & 63]!]!),
        out,
      );
      expect(out).toEqual(expected);
    }
  });
});

/** The same function with its inputs and the units of its first layer in another order. */
function permuted(policy: LoadedPolicy, inputs: Int32Array, units: Int32Array): LoadedPolicy {
  const [first, second, ...rest] = policy.layers;
  const at = (n: number, width: number): readonly [number, number] => [Math.floor(n / width), n % width];
  const weights = Int16Array.from(first!.weights, (_, n) => {
    const [o, i] = at(n, first!.inSize);
    return first!.weights[units[o]! * first!.inSize + inputs[i]!]!;
  });
  const next = Int16Array.from(second!.weights, (_, n) => {
    const [o, i] = at(n, second!.inSize);
    return second!.weights[o * second!.inSize + units[i]!]!;
  });
  const bias = Int32Array.from(units, (o) => first!.bias[o]!);
  const specs = [...inputs].map((i) => policy.interface.inputs[i]!);
  return {
    ...policy,
    interface: { ...policy.interface, inputs: specs },
    layers: [{ ...first!, weights, bias }, { ...second!, weights: next }, ...rest],
  };
}

describe('calls', () => {
  it('run, network, fallback, batch and fleet agree with the executor on random policies, inputs and masks', () => {
    const seeds = fc.integer({ min: 0, max: 2147483647 });
    fc.assert(
      fc.property(seeds, fc.constantFrom(...KINDS), fc.integer({ min: 1, max: 21 }), (seed, kind, count) => {
        const stream = RandomStream.fromSeed(seed, 'calls');
        const policy = randomPolicy(stream);
        const { inputs, outputs } = policy.interface;
        const raw = vectors(policy, stream, count);
        const masks = Int32Array.from({ length: count }, () =>
          stream.below(3) > 0 ? 0 : stream.next() & (2 ** inputs.length - 1),
        );
        const expected = new Int32Array(count * outputs.length);
        const executor = createExecutor(policy);
        const kernel = wasm(policy, kind);
        const paths = new Uint8Array(count);
        for (let n = 0; n < count; n++) {
          const one = raw.subarray(n * inputs.length, (n + 1) * inputs.length);
          const out = expected.subarray(n * outputs.length, (n + 1) * outputs.length);
          const path = executor.run(one, masks[n]!, out);
          paths[n] = path === 'fallback' ? 1 : 0;
          const got = new Int32Array(outputs.length);
          expect(kernel.run(one, masks[n]!, got)).toBe(path);
          expect(got).toEqual(out);
        }
        for (const runner of [kernel, new ReferenceKernel(policy)]) {
          const out = new Int32Array(expected.length);
          const flags = new Uint8Array(count).fill(7);
          runner.runFleet(raw, masks, out, flags);
          expect(out).toEqual(expected);
          expect(flags).toEqual(paths);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('a fleet of more than one chunk', () => {
    const stream = RandomStream.fromSeed(3, 'chunks');
    const policy = buildPolicy(tinyParts());
    const count = 2500;
    const raw = vectors(policy, stream, count);
    const masks = Int32Array.from({ length: count }, () => (stream.below(10) === 0 ? 1 + stream.below(3) : 0));
    const [a, b] = [new Int32Array(count), new Int32Array(count)];
    const [f, g] = [new Uint8Array(count), new Uint8Array(count)];
    new ReferenceKernel(policy).runFleet(raw, masks, a, f);
    wasm(policy, 'simd').runFleet(raw, masks, b, g);
    expect(b).toEqual(a);
    expect(g).toEqual(f);
    expect(f.filter((flag) => flag === 1).length).toBeGreaterThan(100);
  });

  it('two kernels of one process keep their policies apart', () => {
    const stream = RandomStream.fromSeed(4, 'apart');
    const [one, two] = [randomPolicy(stream), randomPolicy(stream)];
    const [first, second] = [wasm(one, 'simd'), wasm(two, 'simd')];
    expect(outputDigest(second, 99)).toBe(outputDigest(new ReferenceKernel(two), 99));
    expect(outputDigest(first, 99)).toBe(outputDigest(new ReferenceKernel(one), 99));
  });
});

describe('createKernel', () => {
  const policy = buildPolicy(tinyParts());
  const expected = vec65536(policy);

  it('takes the fastest kind the engine has and says which', () => {
    expect(createKernel(policy, { vec65536: expected }).kind).toBe('simd');
    expect(createKernel(policy, { kind: 'scalar', vec65536: expected }).kind).toBe('scalar');
    expect(createKernel(policy, { kind: 'reference' }).kind).toBe('reference');
    expect(createKernel(policy).kind).toBe('simd');
  });

  it('C7 refuses a kernel that does not give the stated digest', () => {
    const wrong = expected.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    for (const kind of KINDS) {
      expect(() => createKernel(policy, { kind, vec65536: wrong })).toThrow(
        expect.objectContaining({ code: 'policy.selfTest' }),
      );
    }
  });

  it('C7 a flipped bit of the weights in memory fails the self-test', () => {
    for (const kind of KINDS) {
      const exports = instantiateKernel(kind);
      const kernel = new WasmKernel(policy, kind, exports);
      expect(() => assertKernel(kernel, expected)).not.toThrow();
      new Uint8Array(exports.memory.buffer)[AT.weights + 1]! ^= 1;
      expect(() => assertKernel(kernel, expected)).toThrow(expect.objectContaining({ code: 'policy.selfTest' }));
    }
  });

  it('C7 a flipped bit anywhere in the module is refused before it is compiled', () => {
    for (const kind of KINDS) {
      const bytes = kernelModule(kind);
      for (let at = 0; at < bytes.length; at += 97) {
        const flipped = bytes.slice();
        flipped[at]! ^= 1 << (at & 7);
        expect(() => compileKernel(kind, flipped)).toThrow(expect.objectContaining({ code: 'policy.selfTest' }));
      }
    }
  });
});

describe('digest chain', () => {
  it('is the same for reference and kernels, link by link and with a short last chunk', () => {
    const policy = randomPolicy(RandomStream.fromSeed(6, 'chain'));
    const chains = [new ReferenceKernel(policy), wasm(policy, 'scalar'), wasm(policy, 'simd')].map(digestChain);
    for (const vectors of [undefined, undefined, 100]) {
      const links = chains.map((next) => next(vectors));
      expect(new Set(links).size).toBe(1);
    }
  });
});
