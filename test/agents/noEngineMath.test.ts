/**
 * T5 of docs/spec/policy.md: no function whose last bits the engine decides is on the way to a policy. The environments
 * and learners are linted for it; this test is about what they call of tfjs, too.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('./support/trainWithoutMath.ts', import.meta.url));

function run(mode: 'allow' | 'forbid'): { readonly out: string; readonly error: string } {
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', SCRIPT, mode], { encoding: 'utf8' });
  return { out: stdout, error: stderr };
}

describe('training with every engine-dependent function of Math made to throw', () => {
  it('goes on, to the same bytes, for PPO and SAC', () => {
    const without = run('forbid');
    expect(without.error).not.toMatch(/is used in training/);
    expect(without.out.split('\n')).toHaveLength(6);
    expect(without.out).toBe(`${run('allow').out}guarded\n`);
  }, 60_000);
});
