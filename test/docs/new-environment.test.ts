/** A newcomer's task: the guide's one file is short, keeps the contract, and the slips it names are found. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runnableBlocks } from '../support/markdown.ts';
import { REPO_ROOT } from '../support/repo.ts';

const MAX_LINES = 150;

const guide = readFileSync(path.join(REPO_ROOT, 'docs/guide/new-environment.md'), 'utf8');
const blocks = runnableBlocks(guide);
const script = blocks[0]!.script;

/** What is changed in the file, and what the file then says when it runs. */
const SLIPS: readonly (readonly [said: string, from: string, to: string])[] = [
  ['clone.continues', 'return this.#now;', 'return { ...this.#now, socWh: 0 };'],
  ['clone.alone', 'this.#now = { loadW, socWh', 'loadW[step] = 0;\n    this.#now = { loadW, socWh'],
  ['balance.closed', ' + conversionLossWh(pW, STEP_H, storedWh)', ''],
  ['reset.repeats', 'uniform(this.stream) < 0.15', 'Math.random() < 0.15'],
  ['info.finite', 'costs: this.#now.costs,', 'costs: this.#now.costs / 0,'],
  ['reward.finite', 'return step + 1 === STEPS', 'return step + 1 === 1e9'],
  ['input.measured', "setChannel(snapshot, 'soc', quantise(socWh / BATTERY.ratedWh, 'ratio.e-6'));", ''],
  ['env.interface', "fitInput('load.own'", "fitInput('load'"],
  ['env.taskArgument', "make('peak-shaving-v1')", "make('peak-shaving-v1', { contractW: -1 })"],
];

/** Every file under an id of its own, run one after the other by a process that prints what each said. */
function runAll(scripts: readonly string[]): string[] {
  const dir = mkdtempSync(path.join(tmpdir(), 'gridpact-guide-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const files = scripts.map((text, k) => {
    const file = path.join(dir, `task${k}.ts`);
    const here = text.replaceAll(`'gridpact/env'`, `'${REPO_ROOT}/src/env/index.ts'`);
    writeFileSync(file, here.replaceAll(`'peak-shaving-v1'`, `'peak-shaving-v${k + 1}'`));
    return file;
  });
  const main = path.join(dir, 'main.mts');
  writeFileSync(
    main,
    `const said = [];
    for (const file of ${JSON.stringify(files)}) said.push(await import(file).then(() => 'sound', (e) => String(e)));
    console.log(JSON.stringify(said));`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', import.meta.resolve('tsx'), main], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

describe('docs/guide/new-environment.md', () => {
  it(`defines a task in one file of fewer than ${MAX_LINES} lines that imports nothing but gridpact/env`, () => {
    expect(blocks.length).toBe(1);
    expect(script.split('\n').length).toBeLessThan(MAX_LINES);
    expect([...script.matchAll(/from '([^']+)'/g)].map(([, from]) => from)).toEqual(['gridpact/env']);
  });

  it('runs, the checkers accept it, and each slip is called by its name', () => {
    expect(script).toContain("checkEnv(() => make('peak-shaving-v1'))");
    const more = `${script}
      import { checkMultiAgentEnv, checkVectorEnv, makeMultiAgent, makeVector } from 'gridpact/env';
      checkVectorEnv((numEnvs) => makeVector('peak-shaving-v1', numEnvs, { contractW: 280000 }));
      checkMultiAgentEnv(() => makeMultiAgent('peak-shaving-v1'));`;
    const slipped = SLIPS.map(([, from, to]) => {
      expect(script).toContain(from);
      return script.replace(from, to);
    });
    const [whole, ...said] = runAll([more, ...slipped]);
    expect(whole).toBe('sound');
    SLIPS.forEach(([expected], k) => expect(said[k]).toContain(expected));
  });

  it('says in its table what the slips are called', () => {
    const table = guide.slice(guide.indexOf('## What the checker would have said'));
    for (const [said] of SLIPS) if (!said.startsWith('env.')) expect(table).toContain(`\`${said}\``);
  });
});
