/** Conformance X3 and the pinned bytes of the kernel modules. */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../src/base/bytes.ts';
import { sha256 } from '../../../../src/base/hash.ts';
import { PAGES } from '../../../../src/contracts/policy/kernel/layout.ts';
import { kernelModule, MODULE_SHA256 } from '../../../../src/contracts/policy/kernel/module.ts';
import { isFloat, scanModule } from './opcodes.ts';

const IMPORTS = 2;
const START = 8;
const MEMORY_GROW = '0x40';
const KINDS = ['simd', 'scalar'] as const;

describe.each(KINDS)('kernel module, %s', (kind) => {
  const bytes = kernelModule(kind);

  it('is a pure function of the source with the pinned digest, 8 kB at most', () => {
    expect(toHex(sha256(bytes))).toBe(MODULE_SHA256[kind]);
    expect(kernelModule(kind)).toEqual(bytes);
    expect(bytes.length).toBeLessThanOrEqual(8000);
  });

  it('X3 no import, no start, no float opcode, no relaxed SIMD, no memory.grow, memory of one size', () => {
    const { sections, opcodes, instructions, memory } = scanModule(bytes);
    expect(sections).toEqual([1, 3, 5, 7, 10]);
    expect(sections).not.toContain(IMPORTS);
    expect(sections).not.toContain(START);
    expect([...opcodes].filter(isFloat)).toEqual([]);
    expect(opcodes).not.toContain(MEMORY_GROW);
    expect(memory).toEqual([PAGES, PAGES]);
    expect(instructions).toBeGreaterThan(500);
    expect(opcodes.has('0xfd 0xba')).toBe(kind === 'simd');
  });
});

describe('the scanner of X3', () => {
  /** The module with the first i32.add (in a scalar function) made f32.add, or memory.grow, or a relaxed opcode. */
  function mutated(opcode: readonly number[]): Uint8Array {
    // (func (result i32) opcode... end) behind type, function, memory and code sections
    const body = [0, ...opcode, 0x0b];
    return Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...[1, 4, 1, 0x60, 0, 0],
      ...[3, 2, 1, 0],
      ...[5, 4, 1, 1, 1, 1],
      ...[10, body.length + 2, 1, body.length, ...body],
    ]);
  }

  it('sees what it looks for', () => {
    expect([...scanModule(mutated([0x43, 0, 0, 0, 0, 0x1a])).opcodes].filter(isFloat)).toEqual(['0x43']);
    expect(scanModule(mutated([0x41, 1, 0x40, 0, 0x1a])).opcodes).toContain(MEMORY_GROW);
    expect([...scanModule(mutated([0xfd, 0xe4, 1])).opcodes].filter(isFloat)).toEqual(['0xfd 0xe4']);
    expect(() => scanModule(mutated([0xfd, 0x85, 2]))).toThrow('relaxed');
  });
});
