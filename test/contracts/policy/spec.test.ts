/** docs/spec/policy.md against the code: the worked example, the table of codes, the limits, the units. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { ERRORS } from '../../../src/base/errors.ts';
import { POLICY_LIMITS } from '../../../src/contracts/policy/artifact.ts';
import { encodeArtifact, loadArtifact } from '../../../src/contracts/policy/codec.ts';
import { createExecutor, evaluateLayer } from '../../../src/contracts/policy/execute.ts';
import { TANH_TABLE_SHA256 } from '../../../src/contracts/policy/tanhTable.ts';
import { vectorDigests } from '../../../src/contracts/policy/vectors.ts';
import { UNIT_SCALE } from '../../../src/grid/units.ts';
import { oracleRun } from './oracle.ts';
import { tinyParts } from './samples.ts';

const page = readFileSync(new URL('../../../docs/spec/policy.md', import.meta.url), 'utf8');

/** The fenced block whose info string ends in `name`. */
function block(name: string): string {
  const found = new RegExp('```\\w+ ' + name + '\\n([^`]*)```').exec(page);
  if (found === null) throw new Error(`docs/spec/policy.md has no block ${name}`);
  return found[1]!;
}

interface Inference {
  raw: number[];
  x: number[];
  layers: number[][];
  head: number[];
  out: number[];
  missingInput0: number[];
  missingInput1: number[];
}

describe('the worked example of docs/spec/policy.md', () => {
  const bytes = fromHex(block('example-artifact').replace(/\s/g, ''));
  const policy = loadArtifact(bytes);
  const stated = JSON.parse(block('example-inference')) as Inference;
  const raw = Int32Array.from(stated.raw);

  it('bytes, CID, gas and self-test digests', () => {
    expect(toHex(encodeArtifact(tinyParts()))).toBe(toHex(bytes));
    const { cid, gas } = policy;
    expect({ cid, gas, ...vectorDigests(policy) }).toEqual(JSON.parse(block('example-identity')));
    expect(page).toContain(`The ${bytes.length} bytes, in hex`);
  });

  it('one inference, step by step', () => {
    const executor = createExecutor(policy);
    let x = new Int32Array(2);
    executor.normalise(raw, x);
    expect(Array.from(x)).toEqual(stated.x);
    const head = new Int32Array(1);
    executor.inferNetwork(x, head);
    expect(Array.from(head)).toEqual(stated.head);
    const layers = policy.layers.map((layer) => {
      const z = new Int32Array(layer.outSize);
      evaluateLayer(layer, x, z);
      x = z;
      return Array.from(z);
    });
    expect(layers).toEqual(stated.layers);
  });

  it('answers with and without missing inputs, from the executor and from the oracle', () => {
    const executor = createExecutor(policy);
    const answer = (mask: number): number[] => {
      const out = new Int32Array(1);
      executor.run(raw, mask, out);
      return Array.from(out);
    };
    expect([answer(0), answer(1), answer(2)]).toEqual([stated.out, stated.missingInput0, stated.missingInput1]);
    const oracle = [[], [0], [1]].map((missing) => oracleRun(policy, raw, new Set(missing)));
    expect(oracle).toEqual([stated.out, stated.missingInput0, stated.missingInput1]);
  });
});

describe('docs/spec/policy.md', () => {
  it('names every code this room can refuse with, and no other', () => {
    const room = ['artifact', 'checks', 'codec', 'execute', 'schema', 'tanhTable', 'tensors', 'vectors']
      .map((file) => readFileSync(new URL(`../../../src/contracts/policy/${file}.ts`, import.meta.url), 'utf8'))
      .join('\n');
    const named = new Set(page.match(/policy\.[a-z][A-Za-z]*(?=`)/g));
    const codes = Object.keys(ERRORS).filter((code) => code.startsWith('policy.') && room.includes(`'${code}'`));
    expect([...named].sort()).toEqual(codes.sort());
  });

  it('states every unit, the tanh digest and the limits', () => {
    for (const unit of Object.keys(UNIT_SCALE)) expect(page).toContain(`\`${unit}\``);
    expect(page).toContain(TANH_TABLE_SHA256);
    const row = (what: string): string | undefined => new RegExp(`\\| ${what} +\\| +([^|]*?) +\\|`).exec(page)?.[1];
    expect(row('dense layers')).toBe(`1..${POLICY_LIMITS.layers}`);
    expect(row('inputs')).toBe(`1..${POLICY_LIMITS.inputs}`);
    expect(row('layer width')).toBe(`1..${POLICY_LIMITS.width}`);
    expect(row('weights in all')?.replace(' ', '')).toBe(String(POLICY_LIMITS.weights));
    expect(row('outputs')).toBe(`1..${POLICY_LIMITS.outputs}`);
    expect(row('envelopes')).toBe(String(POLICY_LIMITS.envelopes));
    expect(row('state entries')).toBe(String(POLICY_LIMITS.state));
    expect(row('knots of an envelope or fallback')).toBe(`1..${POLICY_LIMITS.knots}`);
  });
});

describe('3.15', () => {
  it('the reference executor is at most 200 lines', () => {
    const text = readFileSync(new URL('../../../src/contracts/policy/execute.ts', import.meta.url), 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(200);
  });
});
