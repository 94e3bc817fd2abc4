/** Evaluations that take long: results kept in a file and taken up again, and worker threads. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hireCrew, type CrewTask } from '../../../src/agents/evaluation/crew.ts';
import { evaluateSuite } from '../../../src/agents/evaluation/evaluate.ts';
import { resultFile } from '../../../src/agents/evaluation/resultFile.ts';
import type { Scenario } from '../../../src/agents/evaluation/suite.ts';
import { freezePolicy } from '../../../src/agents/freeze/freeze.ts';
import { initialiseMlp, layersOf, mlpShape } from '../../../src/agents/network.ts';
import { suiteOf } from '../../../src/agents/suites/index.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { ANM6_INTERFACE } from '../../../src/env/tasks/anm6Interface.ts';

const directory = mkdtempSync(join(tmpdir(), 'gridpact-evaluation-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('kept results', () => {
  const path = join(directory, 'kept.jsonl');
  const scenario = (id: string, args = {}): Scenario => ({ id, seed: 1, args });

  it('are found again by suite, key and scenario, and by nothing else', () => {
    const kept = resultFile(path, 'suite');
    kept.keep('k', scenario('a'), { cost: 0.1 + 0.2 });
    kept.keep('k', scenario('b', { days: 2 }), { cost: 3 });
    const again = resultFile(path, 'suite');
    expect(again.find('k', scenario('a'))).toEqual({ cost: 0.1 + 0.2 });
    expect(again.find('k', scenario('b', { days: 2 }))).toEqual({ cost: 3 });
    expect(again.find('k', scenario('b', { days: 3 }))).toBeUndefined();
    expect(again.find('other', scenario('a'))).toBeUndefined();
    expect(resultFile(path, 'other').find('k', scenario('a'))).toBeUndefined();
  });

  it('lose a line that a kill cut off, and no other', () => {
    const whole = readFileSync(path, 'utf8');
    appendFileSync(path, '{"key":"abc","met');
    const kept = resultFile(path, 'suite');
    expect(readFileSync(path, 'utf8')).toBe(whole);
    kept.keep('k', scenario('c'), { cost: 4 });
    expect(resultFile(path, 'suite').find('k', scenario('c'))).toEqual({ cost: 4 });
  });

  it('refuse a file that is something else', () => {
    writeFileSync(join(directory, 'other'), 'days,loss\n1,2\n');
    expect(() => resultFile(join(directory, 'other'), 'suite')).toThrow(/agents.evaluate.*other line 1/);
    expect(() => resultFile(directory, 'suite')).toThrow(/agents.evaluate/);
    writeFileSync(join(directory, 'null'), '{"key":"k","metrics":null}\n');
    expect(() => resultFile(join(directory, 'null'), 'suite')).toThrow(/agents.evaluate.*null line 1/);
  });

  it('say before the first scenario that nothing can be kept', () => {
    expect(() => resultFile(join(directory, 'no/where'), 'suite')).toThrow(/agents.evaluate.*written.*ENOENT/);
  });
});

describe('worker threads', () => {
  const shape = mlpShape([ANM6_INTERFACE.inputs.length, 4, ANM6_INTERFACE.outputs.length], 'relu');
  const params = new Float32Array(shape.to);
  initialiseMlp(params, shape, 0.3, RandomStream.fromSeed(1, 'test'));
  const float = { layers: layersOf(params, shape), interface: ANM6_INTERFACE };
  const { artifact } = freezePolicy(float, { points: 200 });
  const entry = { name: 'random', from: 'here', float };
  const task: CrewTask = {
    suite: 'anm6-easy',
    material: {},
    count: 2,
    against: ['passive'],
    entries: [{ ...entry, bytes: artifact.bytes }],
  };

  it('give the same document as one thread', async () => {
    const suite = await suiteOf('anm6-easy');
    const options = { count: 2, against: ['passive'], command: '', resamples: 100 };
    const alone = await evaluateSuite(suite, [{ ...entry, artifact }], options);
    const crew = hireCrew(2, task);
    try {
      const together = await evaluateSuite(suite, [{ ...entry, artifact }], { ...options, lanes: 2, live: crew.live });
      expect(together).toEqual(alone);
    } finally {
      await crew.close();
    }
  });

  it('hand on what went wrong, with its code', async () => {
    const crew = hireCrew(1, { ...task, suite: 'nothing' });
    try {
      await expect(crew.live(0, 0)).rejects.toThrow(/agents.suite/);
    } finally {
      await crew.close();
    }
  });
});
