/** Folders of runs, seeds, sweeps and models that hold something else: told with a code, and nothing is lost or mistaken. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRun } from '../../src/agents/training/run.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { runCli } from '../../src/cli/app.ts';
import { loaded, SMALL_PPO } from '../agents/training/recipes.ts';
import { terminal } from './fakeTerminal.ts';

let room: string;
const at = (...names: string[]): string => join(room, ...names);

/** `small`, and `other` with another discount. */
beforeAll(async () => {
  room = mkdtempSync(join(tmpdir(), 'gridpact-folders-'));
  const { gamma: _gamma, ...ppo } = SMALL_PPO.ppo;
  writeFileSync(at('small.json'), JSON.stringify({ ...SMALL_PPO, ppo }));
  writeFileSync(at('other.json'), JSON.stringify({ ...SMALL_PPO, name: 'other' }));
  await gridpact('train', at('small.json'), '--out', at('model'));
});
afterAll(() => rmSync(room, { recursive: true, force: true }));

interface Said {
  readonly status: number;
  readonly document: Record<string, unknown>;
}

async function gridpact(...args: string[]): Promise<Said> {
  const screen = terminal();
  const status = await runCli([...args, '--json'], screen.io);
  return { status, document: JSON.parse(screen.stdout()) as Record<string, unknown> };
}

const refusal = (code: string, expected = '') => ({
  status: code === 'cli.usage' ? 2 : 1,
  document: { error: { code, expected: expect.stringContaining(expected) as string } },
});

describe('a run over several seeds', () => {
  it('does not begin over an unfinished one, and leaves that one as it is', async () => {
    const folder = at('begun');
    mkdirSync(folder);
    const seeds = { format: 'gridpact-seeds/1', recipe: SMALL_PPO, directory: room, seeds: [1, 2], totalSteps: 500 };
    writeFileSync(join(folder, 'seeds.json'), JSON.stringify({ ...seeds, backend: 'wasm' }));
    const start = { folder: join(folder, 'seed-2'), directory: '.', seed: 2 };
    await startRun(await loaded(SMALL_PPO), start, { clock: new ManualClock(0), untilSteps: 100 });
    const before = readFileSync(join(folder, 'seeds.json'), 'utf8');
    for (const list of [
      ['--seeds', '2,3'],
      ['--seeds', '7,8'],
      ['--seed', '7'],
    ]) {
      const begun = await gridpact('train', at('other.json'), ...list, '--out', folder);
      expect(begun).toMatchObject(refusal('train.run', `--resume ${folder}`));
    }
    expect(readFileSync(join(folder, 'seeds.json'), 'utf8')).toBe(before);
    expect(existsSync(join(folder, 'run.json'))).toBe(false);
  });

  it('takes no finished seed of another recipe for its own', async () => {
    const folder = at('stale');
    cpSync(at('model'), join(folder, 'seed-2'), { recursive: true });
    // No curve can be drawn: the first seed breaks off, and the second is not begun.
    const obstacle = join(folder, 'seed-1', 'learning-curve.svg.part');
    mkdirSync(obstacle, { recursive: true });
    const begun = await gridpact('train', at('other.json'), '--seeds', '1,2', '--workers', '1', '--out', folder);
    expect(begun).toMatchObject(refusal('train.run', 'a file that can be written'));
    rmSync(obstacle, { recursive: true });
    expect((await gridpact('train', '--resume', folder)).status).toBe(0);
    const names = ['seed-1', 'seed-2'].map((seed) => {
      return (JSON.parse(readFileSync(join(folder, seed, 'card.json'), 'utf8')) as { name: string }).name;
    });
    expect(names).toEqual(['other', 'other']);
  });

  it('says which seed diverged', async () => {
    // The standard deviation is multiplied by e in every gradient step.
    const wild = { learningRate: 1, annealLearningRate: false, maxGradNorm: 0, entropyCoefficient: 100, targetKl: 0 };
    const ppo = { ...SMALL_PPO.ppo, ...wild, epochs: 25, totalSteps: 200 };
    writeFileSync(at('wild.json'), JSON.stringify({ ...SMALL_PPO, ppo }));
    const said = await gridpact('train', at('wild.json'), '--seeds', '1,2', '--out', at('wild'));
    expect(said).toMatchObject({ status: 1, document: { error: { code: 'agents.diverged' } } });
    expect(JSON.stringify(said)).toContain('seed 1: ');
  });

  it.each(['{', 'null', '{"format":"gridpact-seeds/1","seeds":"1-5"}'])('is not read from %s', async (text) => {
    mkdirSync(at('odd'), { recursive: true });
    writeFileSync(at('odd', 'seeds.json'), text);
    expect(await gridpact('train', '--resume', at('odd'))).toMatchObject(refusal('cli.file'));
  });

  it('is not resumed into one model', async () => {
    const said = await gridpact('train', '--resume', at('stale'), '--model', at('m'));
    expect(said).toMatchObject(refusal('cli.usage', '--model with one seed'));
  });
});

describe('places that cannot be written to', () => {
  it('are told before the work', async () => {
    writeFileSync(at('file'), '');
    const out = at('never');
    const said = await gridpact('train', at('small.json'), '--out', out, '--model', at('file', 'x'));
    expect(said).toMatchObject(refusal('cli.file', 'a directory that can be made'));
    expect(existsSync(out)).toBe(false);
  });
});

describe('a card', () => {
  it.each<[what: string, change: (card: Record<string, Record<string, unknown>>) => unknown]>([
    ['training', () => ({ format: 'gridpact-card/2', cid: 'x' })],
    ['checkpoints', (card) => ({ ...card, training: { ...card['training'], checkpoints: 'x' } })],
    ['checkpoints', (card) => ({ ...card, training: { ...card['training'], checkpoints: [{ update: 'q' }] } })],
    ['training.recipe', (card) => ({ ...card, training: { ...card['training'], recipe: '../../x' } })],
    ['training.seed', (card) => ({ ...card, training: { ...card['training'], seed: 'a' } })],
    ['recipe', ({ recipe: _recipe, ...card }) => card],
  ])('without %s that can be read is refused', async (what, change) => {
    mkdirSync(at('spoilt'), { recursive: true });
    const card = JSON.parse(readFileSync(at('model', 'card.json'), 'utf8')) as Record<string, Record<string, unknown>>;
    writeFileSync(at('spoilt', 'card.json'), JSON.stringify(change(card)));
    expect(await gridpact('reproduce', at('spoilt'))).toMatchObject(refusal('cli.file', what));
  });

  it('beside the artifact of another model is not reproduced', async () => {
    cpSync(at('model'), at('swapped'), { recursive: true });
    writeFileSync(at('swapped', 'policy.cbor'), readFileSync('models/frequency-area1/policy.cbor'));
    expect(await gridpact('reproduce', at('swapped'))).toMatchObject({
      status: 1,
      document: { same: false, first: 'policy.cbor', steps: 0 },
    });
    expect(await gridpact('reproduce', at('model'))).toMatchObject({ status: 0, document: { same: true, steps: 500 } });
  });
});

describe('results of a sweep', () => {
  it.each([
    ['{', 'cli.file'],
    ['null', 'train.sweep'],
    ['{"digest":5}', 'train.sweep'],
  ])('are not read from %s', async (text, code) => {
    mkdirSync(at('swept'), { recursive: true });
    writeFileSync(at('swept', 'results.json'), text);
    const space = '[space]\n"ppo.epochs" = { integer = [1, 3] }\n';
    const sweep = `format = "gridpact-sweep/1"\nname = "s"\nrecipe = "small.json"\nminSteps = 100\ntrials = 2\n${space}`;
    writeFileSync(at('sweep.toml'), sweep);
    expect(await gridpact('sweep', at('sweep.toml'), '--out', at('swept'))).toMatchObject(refusal(code));
    writeFileSync(at('wide.toml'), sweep.replace('[1, 3]', '[0, 1_000_000_000_000]'));
    expect(await gridpact('sweep', at('wide.toml'), '--out', at('wide'))).toMatchObject(
      refusal('train.sweep', 'two integers, less than 2^32 apart'),
    );
  });
});
