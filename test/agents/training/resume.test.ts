/** A run that is cut off anywhere and goes on comes to the bytes it would have come to. */
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freezePolicy } from '../../../src/agents/freeze/freeze.ts';
import { resumeRun, startRun, type TrainedRun } from '../../../src/agents/training/run.ts';
import { readLog, writeAtomically, type LogLine } from '../../../src/agents/training/runFolder.ts';
import { TrainingSession } from '../../../src/agents/training/session.ts';
import { ManualClock } from '../../../src/base/clock.ts';
import { loaded, SMALL_PPO, SMALL_SAC } from './recipes.ts';

const options = { clock: new ManualClock(0) };
const WORKER = join(import.meta.dirname, 'trainWorker.ts');

let room: string;
beforeEach(() => void (room = mkdtempSync(join(tmpdir(), 'gridpact-resume-'))));
afterEach(() => rmSync(room, { recursive: true, force: true }));

const cidOf = ({ trained }: TrainedRun): string => freezePolicy(trained!.policy, { points: 1000 }).cid;
const timeless = (lines: readonly LogLine[]): unknown[] =>
  lines.map(({ seconds: _seconds, stepsPerSecond: _rate, ...rest }) => rest);

async function whole(document: object, seed = 3): Promise<TrainedRun> {
  return startRun(await loaded(document), { folder: join(room, 'whole'), directory: '.', seed }, options);
}

/** Stops the child by SIGKILL once it has said `update`, or lets it end. */
function live(document: string, folder: string, update = Infinity): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', WORKER, document, folder]);
    let said = '';
    child.stderr.on('data', (text) => (said += String(text)));
    child.stdout.on('data', (text) => {
      const last = Number(String(text).trim().split('\n').at(-1));
      if (last >= update) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0 || signal === 'SIGKILL' ? resolve(signal ?? 'end') : reject(new Error(said)),
    );
  });
}

describe.each([SMALL_PPO, SMALL_SAC])('$name', (document) => {
  it('stopped three times on the way, then on: same parameters, checkpoints and log', async () => {
    const straight = await whole(document);
    const folder = join(room, 'parts');
    const recipe = await loaded(document);
    let run = await startRun(recipe, { folder, directory: '.', seed: 3 }, { ...options, untilSteps: 90 });
    for (const untilSteps of [100, 333, Infinity]) run = await resumeRun(folder, { ...options, untilSteps });
    expect(run.trained!.training.parameters).toEqual(straight.trained!.training.parameters);
    // Where it was stopped it left checkpoints of its own; those that both have are the same.
    const own = new Map(run.checkpoints.map(({ update, sha256 }) => [update, sha256]));
    expect(straight.checkpoints.map(({ update }) => update)).toEqual([4, 8, 12, 16, 20, 24]);
    for (const { update, sha256 } of straight.checkpoints) expect(own.get(update)).toBe(sha256);
    const plain = (lines: readonly LogLine[]): unknown[] =>
      timeless(lines.map((line) => ({ ...line, checkpoint: '' })));
    expect(plain(run.lines)).toEqual(plain(straight.lines));
  });
});

describe('a process killed with SIGKILL', () => {
  it('goes on to the same CID, digests and log', async () => {
    const straight = await whole(SMALL_PPO);
    const document = join(room, 'recipe.json');
    writeFileSync(document, JSON.stringify(SMALL_PPO));
    const folder = join(room, 'killed');
    expect(await live(document, folder, 6)).toBe('SIGKILL');
    const before = readLog(join(folder, 'log.jsonl')).length;
    expect(before).toBeGreaterThanOrEqual(6);
    expect(before).toBeLessThan(straight.lines.length);
    await live(document, folder, 15);
    await live(document, folder);
    const run = await resumeRun(folder, options);
    expect(timeless(run.lines)).toEqual(timeless(straight.lines));
    expect(run.checkpoints).toEqual(straight.checkpoints);
    expect(cidOf(run)).toBe(cidOf(straight));
  });
});

describe('what a kill can leave behind', () => {
  it.each<[what: string, damage: (folder: string) => void]>([
    ['a line of the log that is none', (folder) => appendFileSync(join(folder, 'log.jsonl'), 'null\n')],
    ['half a line of the log', (folder) => appendFileSync(join(folder, 'log.jsonl'), '{"algorithm":"pp')],
    ['a checkpoint cut short', (folder) => truncateSync(newest(folder), 40)],
    ['no checkpoint at all', (folder) => rmSync(join(folder, 'checkpoints'), { recursive: true })],
    ['a temporary file', (folder) => writeFileSync(`${newest(folder)}.part`, 'x')],
    ['a log without its last lines', (folder) => dropLines(join(folder, 'log.jsonl'), 3)],
  ])('%s costs updates, not bytes', async (_what, damage) => {
    const straight = await whole(SMALL_PPO);
    const folder = join(room, 'damaged');
    await startRun(await loaded(SMALL_PPO), { folder, directory: '.', seed: 3 }, { ...options, untilSteps: 260 });
    damage(folder);
    const run = await resumeRun(folder, options);
    expect(run.trained!.training.parameters).toEqual(straight.trained!.training.parameters);
    expect(run.lines.map(({ update }) => update)).toEqual(straight.lines.map(({ update }) => update));
  });

  it('an unfinished run is not begun anew, a finished one may be', async () => {
    const folder = join(room, 'twice');
    const recipe = await loaded(SMALL_PPO);
    const start = { folder, directory: '.', seed: 3 };
    await startRun(recipe, start, { ...options, untilSteps: 100 });
    await expect(startRun(recipe, start, options)).rejects.toMatchObject({ code: 'train.run' });
    await resumeRun(folder, options);
    const again = await startRun(recipe, { ...start, seed: 4 }, options);
    expect(again.lines).toHaveLength(25);
    await expect(resumeRun(join(room, 'nothing'), options)).rejects.toMatchObject({ code: 'train.run' });
  });

  it('a checkpoint of another seed is refused', async () => {
    const { folder } = await startRun(
      await loaded(SMALL_PPO),
      { folder: join(room, 'a'), directory: '.', seed: 3 },
      { ...options, untilSteps: 100 },
    );
    const path = join(folder, 'run.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"seed": 3', '"seed": 4'));
    await expect(resumeRun(folder, options)).rejects.toMatchObject({ code: 'train.checkpoint', expected: 'seed 4' });
  });

  it('another recipe in run.json is refused, also where there is no checkpoint to tell', async () => {
    const start = { folder: join(room, 'changed'), directory: '.', seed: 3 };
    await startRun(await loaded({ ...SMALL_PPO, checkpointUpdates: 0 }), start, options);
    const path = join(start.folder, 'run.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"gamma": 0.9', '"gamma": 0.8'));
    await expect(resumeRun(start.folder, options)).rejects.toMatchObject({ code: 'train.run' });
    writeFileSync(path, '{"format":"gridpact-run/1"}');
    await expect(resumeRun(start.folder, options)).rejects.toMatchObject({ code: 'train.run' });
  });

  it('a folder that is a file, and a file that is a folder, are named', async () => {
    const recipe = await loaded(SMALL_PPO);
    const folder = join(room, 'taken');
    writeFileSync(folder, '');
    const begun = startRun(recipe, { folder, directory: '.', seed: 3 }, options);
    await expect(begun).rejects.toMatchObject({ code: 'train.run', got: `${folder} (EEXIST)` });
    expect(() => writeAtomically(room, '')).toThrow(/train\.run.*can be written.*\(EISDIR\)/);
  });

  it('a checkpoint in the form of before is refused by that name', async () => {
    const session = await TrainingSession.open(await loaded(SMALL_PPO), { seed: 3 });
    const { text } = session.checkpoint();
    expect(() => session.restore(text.replace('gridpact-checkpoint/2', 'gridpact-checkpoint/1'))).toThrow(
      /gridpact-checkpoint\/2.*train again.*got gridpact-checkpoint\/1/,
    );
    session.close();
  });

  it('keeps as many checkpoint files as asked, and all digests', async () => {
    const run = await startRun(
      await loaded(SMALL_PPO),
      { folder: join(room, 'few'), directory: '.', seed: 3 },
      { ...options, keep: 2 },
    );
    expect(readdirSync(join(run.folder, 'checkpoints')).sort()).toEqual(['000020.json.gz', '000024.json.gz']);
    expect(run.checkpoints).toHaveLength(6);
  });
});

function newest(folder: string): string {
  const at = join(folder, 'checkpoints');
  return join(at, readdirSync(at).sort().at(-1)!);
}

function dropLines(path: string, count: number): void {
  const lines = readFileSync(path, 'utf8').split('\n');
  writeFileSync(
    path,
    lines
      .slice(0, lines.length - 1 - count)
      .map((line) => `${line}\n`)
      .join(''),
  );
}
