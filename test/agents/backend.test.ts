import { describe, it, expect } from 'vitest';
import { loadBackend, type Importer } from '../../src/agents/backend.ts';

const real: Importer = (specifier) => import(specifier) as Promise<unknown>;

/** Fails for the named packages as an absent package does, and as a half-installed addon does. */
function without(...absent: readonly string[]): Importer {
  return async (specifier) => {
    if (absent.some((name) => specifier.endsWith(name))) throw new Error('native addon module can not be found\nstack');
    return real(specifier);
  };
}

describe('tfjs backend choice', () => {
  it('takes wasm by default and names the binary by digest', async () => {
    const backend = await loadBackend();
    expect(backend.name).toBe('wasm');
    expect(backend.version).toBe('4.22.0');
    expect(backend.detail).toMatch(/^(simd|scalar) sha256:[0-9a-f]{16}$/);
    expect(backend.wasmSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(backend.detail.endsWith(backend.wasmSha256!.slice(0, 16))).toBe(true);
    expect(backend.tf.getBackend()).toBe('wasm');
    expect(backend.tried).toEqual([]);
  });

  it('auto: takes the native addon where it loads', async () => {
    // The addon itself is nativeBackend.test.ts; what it does on import is to register the backend `tensorflow`.
    const importer: Importer = async (specifier) => {
      if (!specifier.endsWith('tfjs-node')) return real(specifier);
      const { MathBackendCPU } = await import('@tensorflow/tfjs-backend-cpu');
      const { registerBackend } = await import('@tensorflow/tfjs-core');
      registerBackend('tensorflow', () => new MathBackendCPU());
      return {};
    };
    const backend = await loadBackend('auto', importer);
    expect(backend).toMatchObject({ name: 'node', detail: '@tensorflow/tfjs-node', tried: [] });
    backend.tf.removeBackend('tensorflow');
  });

  it('auto: falls to wasm and says why', async () => {
    const backend = await loadBackend('auto', without('tfjs-node'));
    expect(backend.name).toBe('wasm');
    expect(backend.tried).toEqual([{ name: 'node', reason: 'native addon module can not be found' }]);
  });

  it('auto: falls to cpu when wasm is absent too', async () => {
    const backend = await loadBackend('auto', without('tfjs-node', 'backend-wasm'));
    expect(backend.name).toBe('cpu');
    expect(backend.tried.map(({ name }) => name)).toEqual(['node', 'wasm']);
    expect(backend.tf.getBackend()).toBe('cpu');
  });

  it('never replaces a backend asked for by name', async () => {
    await expect(loadBackend('wasm', without('backend-wasm'))).rejects.toMatchObject({ code: 'agents.backend' });
    await expect(loadBackend('gpu' as 'cpu')).rejects.toMatchObject({ code: 'agents.backend' });
  });

  it('takes cpu when asked', async () => {
    const backend = await loadBackend('cpu');
    expect(backend.name).toBe('cpu');
    expect(backend.wasmSha256).toBeUndefined();
  });
});
