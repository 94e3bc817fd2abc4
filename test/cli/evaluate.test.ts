/** `gridpact evaluate` by the real program: which suite, which rows, which files, what it refuses. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { EvaluationDocument } from '../../src/agents/evaluation/document.ts';
import { freezePolicy } from '../../src/agents/freeze/freeze.ts';
import { initialiseMlp, layersOf, mlpShape } from '../../src/agents/network.ts';
import { RandomStream } from '../../src/base/random.ts';
import { writeModel, type ModelCard } from '../../src/cli/modelFiles.ts';
import { ANM6_INTERFACE } from '../../src/env/tasks/anm6Interface.ts';
import type { PolicyInterface } from '../../src/grid/interface.ts';
import { builtCli } from './built.ts';

const cli = await builtCli();
const directory = mkdtempSync(join(tmpdir(), 'gridpact-evaluate-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function evaluate(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'evaluate', ...args], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

/** A model folder with random weights, as training writes one. */
async function model(folder: string, seed: number, shared: PolicyInterface, name = 'mine'): Promise<string> {
  const shape = mlpShape([shared.inputs.length, 4, shared.outputs.length], 'relu');
  const params = new Float32Array(shape.to);
  initialiseMlp(params, shape, 0.3, RandomStream.fromSeed(seed, 'test'));
  const float = { layers: layersOf(params, shape), interface: shared };
  const frozen = freezePolicy(float, { points: 200 });
  const card = { format: 'gridpact-card/2', name, cid: frozen.cid, task: 'anm6-easy-v1' } as ModelCard;
  await writeModel(join(directory, folder), float, frozen, card);
  return frozen.cid;
}

const cids = [await model('one', 1, ANM6_INTERFACE), await model('two', 2, ANM6_INTERFACE)];
const odd: PolicyInterface = { ...ANM6_INTERFACE, inputs: ANM6_INTERFACE.inputs.slice(0, 3), envelopes: [], state: [] };
await model('odd', 1, { ...odd, fallback: odd.outputs.map(() => ({ si: 0, r: [0, 1], y: [0, 0], z: 0 })) });
copyFileSync(join(import.meta.dirname, 'fixtures/policy.cbor'), join(directory, 'voltage.cbor'));
const FEW = ['--count', '2', '--against', 'passive', '--against', 'rule-based'];
const documentOf = (stdout: string): EvaluationDocument => JSON.parse(stdout) as EvaluationDocument;

describe('gridpact evaluate', () => {
  const pooled = evaluate(
    'one',
    'two',
    ...FEW,
    '--json',
    '--html',
    'page.html',
    '--write',
    'one',
    '--keep',
    'kept.jsonl',
  );
  const document = documentOf(pooled.stdout);

  it('finds the suite by what the policy sees, and puts seeds of one recipe in a row', () => {
    expect([pooled.status, document.suite.id]).toEqual([0, 'anm6-easy']);
    expect(document.contenders.map(({ name }) => name)).toEqual(['mine', 'passive', 'rule-based']);
    expect(document.contenders[0]!.policies).toEqual([
      { from: 'one', cid: cids[0] },
      { from: 'two', cid: cids[1] },
    ]);
    expect(document.freezing).toHaveLength(2);
  });

  it('writes the document for a card, and a page', () => {
    expect(documentOf(readFileSync(join(directory, 'one/evaluation.json'), 'utf8'))).toEqual(document);
    expect(readFileSync(join(directory, 'page.html'), 'utf8')).toContain(document.command);
  });

  it('says the command that repeats it, to the byte', () => {
    const words = document.command.split(' ').slice(2);
    expect(words).toEqual(['one', 'two', '--suite', 'anm6-easy', ...FEW]);
    const again = evaluate(...words, '--json', '--workers', '2');
    expect(documentOf(again.stdout)).toEqual(document);
  });

  it('takes up kept results, and gives each policy its row when asked', () => {
    const lines = readFileSync(join(directory, 'kept.jsonl'), 'utf8').split('\n').length;
    const apart = evaluate('one', 'two', ...FEW, '--apart', '--keep', 'kept.jsonl', '--json');
    expect(readFileSync(join(directory, 'kept.jsonl'), 'utf8').split('\n')).toHaveLength(lines);
    const { contenders } = documentOf(apart.stdout);
    expect(contenders.map(({ name }) => name)).toEqual(['one', 'two', 'passive', 'rule-based']);
    expect(contenders[1]!.values['discountedReturn']![0]).toEqual(
      document.contenders[0]!.values['discountedReturn']![1],
    );
  });

  it('does not count the same artifact twice', () => {
    const { stderr, stdout } = evaluate('one', 'one/policy.cbor', ...FEW, '--keep', 'kept.jsonl', '--json');
    expect(documentOf(stdout).contenders[0]!.policies).toEqual([{ from: 'one', cid: cids[0] }]);
    expect(stderr).toContain('one/policy.cbor is the artifact of one, and is left out');
  });

  it('prints tables of at most 100 columns that end with what it wrote', () => {
    const { stdout, stderr } = evaluate('one', ...FEW, '--keep', 'kept.jsonl', '--html', 'page.html');
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    expect(lines.at(-1)).toBe('wrote page.html');
    expect(stdout).toMatch(/^policies\n {2}mine /m);
    expect(stderr).toBe('');
  });

  it('refuses what fits no suite, policies of different ones, an unknown suite or baseline, each by its code', () => {
    const refusals: [string[], number, string][] = [
      [['odd'], 1, 'error agents.suite'],
      [['one', 'voltage.cbor'], 1, 'one: anm6-easy, voltage.cbor: voltage-ieee33'],
      [['one', '--suite', 'nothing'], 1, 'expected voltage-ieee33, '],
      [['one', '--suite', 'constructor'], 1, 'expected voltage-ieee33, '],
      [['voltage.cbor', '--suite', 'anm6-easy'], 1, 'error agents.evaluate'],
      [['one', '--against', 'droop'], 1, 'got droop'],
      [['one', ...FEW, '--keep', 'kept.jsonl', '--plot', 'plots'], 2, '--plot with a voltage suite'],
      [['nowhere'], 1, 'error cli.file'],
      [['one', ...FEW, '--keep', 'kept.jsonl', '--write', 'no/where'], 1, 'error cli.file'],
      [['one', ...FEW, '--html', 'no/where/page.html'], 1, 'a directory that can be written to'],
    ];
    for (const [args, status, text] of refusals) {
      const found = evaluate(...args);
      expect([args, found.status, found.stderr]).toEqual([args, status, expect.stringContaining(text)]);
    }
  });

  it('says which file is damaged, and how', () => {
    const bytes = readFileSync(join(directory, 'voltage.cbor'));
    writeFileSync(join(directory, 'short.cbor'), bytes.subarray(0, 100));
    writeFileSync(join(directory, 'text.cbor'), 'not a policy');
    for (const name of ['short.cbor', 'text.cbor']) {
      const { status, stderr } = evaluate('voltage.cbor', name);
      expect([status, stderr]).toEqual([1, expect.stringMatching(new RegExp(`error cbor\\.\\w+: .*${name}: `))]);
    }
    mkdirSync(join(directory, 'torn'));
    copyFileSync(join(directory, 'voltage.cbor'), join(directory, 'torn/policy.cbor'));
    writeFileSync(join(directory, 'torn/card.json'), '{');
    expect(evaluate('torn').stderr).toMatch(/error cli\.file: .*torn\/card\.json/);
  });
});
