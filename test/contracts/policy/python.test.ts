/** The second executor, in Python and from the page alone: it passes the conformance files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { buildPolicy, loadArtifact } from '../../../src/contracts/policy/codec.ts';
import { createExecutor } from '../../../src/contracts/policy/execute.ts';
import { againstPython } from '../../support/fuzzPython.ts';
import { ABOUT_PYTHON, gridpolicy, HAS_PYTHON } from '../../support/gridpolicy.ts';
import { CONFORMANCE } from '../../../tools/conformance.ts';
import { randomParts, tinyParts } from './samples.ts';

describe.skipIf(!HAS_PYTHON)(ABOUT_PYTHON, () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gridpolicy-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const files = ['arithmetic', 'loader', 'artifacts'].map((suite) => join(CONFORMANCE, `${suite}.json`));

  it('passes every conformance file', () => {
    const { status, stdout, stderr } = gridpolicy(['check', ...files]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.match(/^\w+: \d+ cases, \d+ checks passed, 0 failed$/gm)).toHaveLength(files.length);
  });

  it('a file with one wrong expectation fails, and the line says which', () => {
    const text = readFileSync(files[0]!, 'utf8').replace('[-1,1,0]', '[-1,1,-1]');
    const file = join(folder, 'wrong.json');
    writeFileSync(file, text);
    const { status, stderr } = gridpolicy(['check', file]);
    expect(status).toBe(1);
    expect(stderr).toContain('[-1, 1]: expected -1, got 0');
  });

  it('runs vectors from stdin, null for a missing input, as the reference does', () => {
    const policy = buildPolicy(randomParts(RandomStream.fromSeed(23, 'conformance-artifact')));
    const file = join(folder, 'policy.cbor');
    writeFileSync(file, policy.bytes);
    const width = policy.interface.inputs.length;
    const stream = RandomStream.fromSeed(1, 'python');
    const vectors = Array.from({ length: 200 }, (_, n) =>
      Array.from({ length: width }, () => (n % 4 === 3 && stream.below(2) === 0 ? null : stream.next() | 0)),
    );
    const executor = createExecutor(policy);
    const expected = vectors.map((raw) => {
      const out = new Int32Array(policy.interface.outputs.length);
      const mask = raw.reduce<number>((held, r, i) => (r === null ? held | (1 << i) : held), 0);
      executor.run(
        Int32Array.from(raw, (r) => r ?? 0),
        mask,
        out,
      );
      return Array.from(out);
    });
    const { stdout } = gridpolicy(['run', file], vectors.map((raw) => JSON.stringify(raw)).join('\n'));
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(expected);
  });

  it('accepts and refuses 3000 mutated artifacts as the reference does', () => {
    const { accepted, differences } = againstPython(20261122, 0, 3000);
    expect(differences).toEqual([]);
    expect(accepted).toBeGreaterThan(60);
  });

  it('refuses a broken artifact with a code and exit 1', () => {
    const bytes = buildPolicy(tinyParts()).bytes;
    const file = join(folder, 'broken.cbor');
    writeFileSync(file, bytes.subarray(0, 100));
    const { status, stderr } = gridpolicy(['id', file]);
    expect({ status, code: stderr.split(':')[0] }).toEqual({ status: 1, code: 'cbor.malformed' });
    expect(() => loadArtifact(bytes.subarray(0, 100))).toThrow(/cbor\.malformed/);
  });
});
