/** Conformance cases T1 to T4 of docs/spec/policy.md, section 8: training is reproducible to the bit. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freezePolicy } from '../../../src/agents/freeze/freeze.ts';
import { reproduce, type StatedTraining } from '../../../src/agents/training/reproduce.ts';
import { checkpointName, readCheckpointFile } from '../../../src/agents/training/runFolder.ts';
import { startRun, type TrainedRun } from '../../../src/agents/training/run.ts';
import { ManualClock } from '../../../src/base/clock.ts';
import { modelCard, writeModel, type ModelCard } from '../../../src/cli/modelFiles.ts';
import { runCli } from '../../../src/cli/app.ts';
import { trainDigests } from './digests.ts';
import { loaded, SMALL_PPO } from './recipes.ts';

let room: string;
let run: TrainedRun;
let card: ModelCard;
const model = (): string => join(room, 'model');

beforeAll(async () => {
  room = mkdtempSync(join(tmpdir(), 'gridpact-same-'));
  const start = { folder: join(room, 'run'), directory: '.', seed: 3 };
  run = await startRun(await loaded(SMALL_PPO), start, { clock: new ManualClock(0) });
  const frozen = freezePolicy(run.trained!.policy);
  card = modelCard(run.trained!, run.checkpoints, frozen);
  await writeModel(model(), run.trained!.policy, frozen, card);
  copyFileSync(checkpointFile(24), join(model(), 'checkpoint.json.gz'));
});
afterAll(() => rmSync(room, { recursive: true, force: true }));

const checkpointFile = (update: number): string => join(room, 'run', 'checkpoints', checkpointName(update));
const stated = (change: Partial<StatedTraining> = {}): StatedTraining => ({
  ...card.training,
  cid: card.cid,
  ...change,
});

/** A command line in this process: exit status and the document of --json. */
async function runForTest(args: readonly string[]): Promise<{ status: number; document: unknown }> {
  let said = '';
  const silent = { write: () => undefined };
  const stdout = { write: (text: string) => (said += text) };
  const status = await runCli(args, { stdout, stderr: silent, env: {}, nowMs: () => 0 });
  return { status, document: JSON.parse(said) };
}

describe('T1: the same seed twice', () => {
  it('gives every checkpoint digest, the parameters and the CID again', async () => {
    const again = await reproduce(await loaded(SMALL_PPO), stated());
    expect(again.compared.map(({ what }) => what)).toEqual([
      'recipe',
      ...[4, 8, 12, 16, 20, 24].map((update) => `checkpoint ${update}`),
      'parameters',
      'policy',
    ]);
    expect(again).toMatchObject({ same: true, sameWasm: true, steps: 500 });
  });

  it('another seed differs at the first checkpoint, another recipe before any training', async () => {
    const other = await reproduce(await loaded(SMALL_PPO), stated({ seed: 4 }));
    expect(other.same).toBe(false);
    expect(other.compared.at(-1)).toMatchObject({ what: 'checkpoint 4', same: false });
    const recipe = await loaded({ ...SMALL_PPO, ppo: { ...SMALL_PPO.ppo, gamma: 0.91 } });
    expect((await reproduce(recipe, stated())).compared).toMatchObject([{ what: 'recipe', same: false }]);
  });
});

describe('T2: wasm with SIMD and without', () => {
  it('computes the same parameters', async () => {
    const worker = join(import.meta.dirname, 'scalarWorker.ts');
    const scalar = JSON.parse(
      execFileSync(process.execPath, ['--import', 'tsx', worker], { encoding: 'utf8' }),
    ) as object;
    const simd = await trainDigests();
    expect(Object.keys(simd).every((name) => name.endsWith(' simd'))).toBe(true);
    const renamed = Object.entries(scalar).map(([name, digest]) => [
      name.replace(/ scalar$/, ' simd'),
      digest as string,
    ]);
    expect(Object.keys(scalar).every((name) => name.endsWith(' scalar'))).toBe(true);
    expect(Object.fromEntries(renamed)).toEqual(simd);
  });
});

describe('T3: one segment', () => {
  it.each([0, 1, 5, 6])('%i to the next is replayed', async (index) => {
    const mark = run.checkpoints[index - 1];
    const from = mark === undefined ? undefined : readCheckpointFile(checkpointFile(mark.update), mark.sha256);
    const again = await reproduce(await loaded(SMALL_PPO), stated(), { segment: { index, from } });
    expect(again.same).toBe(true);
    const ends = index < 6 ? [`checkpoint ${4 * (index + 1)}`] : ['parameters', 'policy'];
    expect(again.compared.map(({ what }) => what)).toEqual(['recipe', ...ends]);
    expect(again.steps).toBe(index < 6 ? 80 : 20);
  });

  it('is what the command replays from the one checkpoint that a model ships', async () => {
    const { status, document } = await runForTest(['reproduce', model(), '--segment', 'last', '--json']);
    expect(status).toBe(0);
    expect(document).toMatchObject({ same: true, segment: 6, steps: 20, first: null });
  });

  it('needs its checkpoint, with the digest of the card', async () => {
    const absent = await runForTest(['reproduce', model(), '--segment', '2', '--json']);
    expect(absent).toMatchObject({ status: 2, document: { error: { code: 'cli.usage' } } });
    const there = await runForTest([
      'reproduce',
      model(),
      '--segment',
      '2',
      '--checkpoints',
      join(room, 'run'),
      '--json',
    ]);
    expect(there).toMatchObject({ status: 0, document: { same: true } });
    const beyond = await runForTest(['reproduce', model(), '--segment', '7', '--json']);
    expect(beyond).toMatchObject({
      status: 2,
      document: { error: { expected: '--segment 0 to 6, as the card has checkpoints' } },
    });
  });
});

describe('T4: a model of another backend', () => {
  it('says so in its card, and reproduce answers no', async () => {
    const start = { folder: join(room, 'cpu'), directory: '.', seed: 3, backend: 'cpu' as const, totalSteps: 60 };
    const cpu = await startRun(await loaded(SMALL_PPO), start, { clock: new ManualClock(0) });
    const frozen = freezePolicy(cpu.trained!.policy);
    const cpuCard = modelCard(cpu.trained!, cpu.checkpoints, frozen);
    expect(cpuCard.training).toMatchObject({ reproducible: false, wasmSha256: null });
    await writeModel(join(room, 'cpu'), cpu.trained!.policy, frozen, cpuCard);
    const { status, document } = await runForTest(['reproduce', join(room, 'cpu'), '--json']);
    expect(status).toBe(1);
    expect(document).toMatchObject({ same: false, reproducible: false });
  });
});
