/** The main job by the real program: train, freeze, approve, execute, settle, in two processes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { builtCli } from './built.ts';

const cli = await builtCli();
const directory = mkdtempSync(join(tmpdir(), 'gridpact-story-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function gridpact(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

interface DemoDocument {
  readonly policy: { readonly cid: string; readonly quantisationMaxError: number };
  readonly voltage: Readonly<Record<string, { readonly outOfBandShare: number; readonly lossMwh: number }>>;
  readonly intervals: number;
  readonly payments: readonly { readonly owner: string; readonly amountMicro: number }[];
  readonly ledgerSum: number;
  readonly stateRoot: string;
  readonly proof: { readonly verified: boolean };
  readonly backend: string;
  readonly training: { readonly steps: number };
}

// 14 updates and half a day: the figures of a whole run are in README and docs/evidence.
const SHORT = ['demo', '--json', '--steps', '20000', '--intervals', '144'];

describe('gridpact demo', () => {
  const runs = [gridpact(...SHORT), gridpact(...SHORT)];
  const [first, second] = runs.map(({ stdout }) => JSON.parse(stdout) as DemoDocument);

  it('exits 0 with one document that holds the promised fields', () => {
    expect(runs.map(({ status }) => status)).toEqual([0, 0]);
    expect(first).toMatchObject({ intervals: 144, ledgerSum: 0, proof: { verified: true } });
    expect(first!.policy.cid).toMatch(/^bafyrei[a-z2-7]{52}$/);
    expect(first!.stateRoot).toMatch(/^[0-9a-f]{64}$/);
    expect(first!.backend).toMatch(/^wasm tfjs-core/);
    expect(first!.payments).toHaveLength(6);
    expect(first!.payments.every(({ amountMicro }) => Number.isSafeInteger(amountMicro))).toBe(true);
  });

  it('same seed, two processes: same artifact, same state root, same payments', () => {
    expect({ ...second, training: { ...second!.training, seconds: 0 } }).toEqual({
      ...first,
      training: { ...first!.training, seconds: 0 },
    });
  });

  it('keeps the voltage better than no control, and freezes within 0.1 % of the output range', () => {
    expect(first!.voltage['policy']!.outOfBandShare).toBeLessThan(first!.voltage['none']!.outOfBandShare);
    expect(first!.policy.quantisationMaxError).toBeLessThanOrEqual(0.001);
  });
});

describe('gridpact train, freeze, evaluate', () => {
  const recipe = join(import.meta.dirname, '../../train/voltage-ieee33-demo.json');
  const trained = gridpact('train', recipe, '--steps', '7000', '--seed', '7', '--out', 'model', '--json');

  it('writes the model with its card and a log line an update, each with the backend', () => {
    expect(trained.status).toBe(0);
    const card = JSON.parse(readFileSync(join(directory, 'model/card.json'), 'utf8')) as { training: unknown };
    expect(JSON.parse(trained.stdout)).toEqual(card);
    const log = readFileSync(join(directory, 'model/log.jsonl'), 'utf8').trim().split('\n');
    expect(log.length).toBeGreaterThan(0);
    expect(trained.stderr).toMatch(/^update .* backend wasm tfjs-core/m);
    for (const line of log) expect((JSON.parse(line) as { backend: string }).backend).toMatch(/^wasm tfjs-core/);
  });

  it('freezes the float policy to the same artifact again', () => {
    const frozen = gridpact('freeze', 'model/float.json', '--out', 'again.cbor', '--json');
    expect(frozen.status).toBe(0);
    expect((JSON.parse(frozen.stdout) as { cid: string }).cid).toBe(
      (JSON.parse(trained.stdout) as { cid: string }).cid,
    );
    expect(readFileSync(join(directory, 'again.cbor'))).toEqual(readFileSync(join(directory, 'model/policy.cbor')));
  });

  it('compares it with every baseline and with the optimal power flow', () => {
    const { status, stdout } = gridpact('evaluate', 'model', '--count', '1', '--json');
    expect(status).toBe(0);
    const { suite, contenders, comparisons } = JSON.parse(stdout) as {
      suite: { id: string };
      contenders: { name: string; kind: string }[];
      comparisons: { against: string }[];
    };
    expect(suite.id).toBe('voltage-ieee33');
    expect(contenders.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'policy voltage-ieee33-demo',
      'baseline none',
      'baseline ieee1547-b-late',
      'baseline ieee1547-b-live',
      'baseline device-curve',
      'baseline droop-late',
      'baseline droop-live-standard',
      'baseline droop-live',
      'bound opf-late',
      'bound opf',
    ]);
    expect(comparisons.map(({ against }) => against)).toEqual(contenders.slice(1).map(({ name }) => name));
    expect(gridpact('evaluate', 'model', '--count', '1').stdout).toContain('one scenario gives no interval');
  });

  it('refuses what is no recipe and no float policy, with a code', () => {
    const noRecipe = gridpact('train', 'model/card.json', '--out', 'none', '--json');
    expect(noRecipe.status).toBe(1);
    expect((JSON.parse(noRecipe.stdout) as { error: { code: string } }).error.code).toBe('train.recipe');
    const noFloat = gridpact('freeze', 'model/card.json', '--json');
    expect(noFloat.status).toBe(1);
    expect((JSON.parse(noFloat.stdout) as { error: { code: string } }).error.code).toBe('cli.file');
  });
});
