/** `gridpact inspect --map`: what a policy orders over two of its inputs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { actionMap, type ActionMapChoice } from '../../src/cli/actionMap.ts';
import { loadArtifact } from '../../src/contracts/policy/codec.ts';
import { inferNetwork } from '../../src/contracts/policy/execute.ts';

const policy = loadArtifact(readFileSync(join(import.meta.dirname, '../../models/voltage-ieee33/policy.cbor')));
const names = policy.interface.inputs.map(({ n }) => n);

function refused(choice: ActionMapChoice): string {
  try {
    actionMap(policy, choice);
  } catch (error) {
    return JSON.stringify(error);
  }
  return 'accepted';
}

describe('the action map of a policy', () => {
  it('shows the two inputs that move the output most, unless told otherwise', () => {
    const reach = names.map((_, i) => {
      const { lo, hi } = policy.interface.inputs[i]!;
      const values: number[] = [];
      for (let k = 0; k <= 64; k++) {
        const raw = Int32Array.from(policy.interface.inputs, (spec) => spec.lo + Math.floor((spec.hi - spec.lo) / 2));
        raw[i] = lo + Math.floor(((hi - lo) * k) / 64 + 0.5);
        values.push(inferNetwork(policy, raw)[0]!);
      }
      return Math.max(...values) - Math.min(...values);
    });
    const order = names.map((_, i) => i).sort((a, b) => reach[b]! - reach[a]!);
    const { across, up, output } = actionMap(policy, {});
    expect([across, up]).toEqual([names[order[0]!], names[order[1]!]]);
    expect(output).toBe('offset');
    const chosen = actionMap(policy, { across: 'time.day', up: 'v.own' });
    expect([chosen.across, chosen.up]).toEqual(['time.day', 'v.own']);
    expect(actionMap(policy, { up: across }).across).toBe(names[order[1]!]);
  });

  it('holds the other inputs where it is told, and counts where an envelope binds', () => {
    const over = { across: 'q.own', up: 'p.pv' };
    // Beyond 1.05 pu the envelope allows no injection at all, at 1 pu it allows everything.
    const high = actionMap(policy, { ...over, at: ['v.own=1.08'] });
    expect(high.greatest).toBeLessThanOrEqual(0);
    expect(high.boundShare).toBeGreaterThan(0.9);
    const middle = actionMap(policy, { ...over, at: ['v.own=1'] });
    expect(middle.boundShare).toBe(0);
    expect(middle.greatest).toBeGreaterThan(0);
    expect(high.svg).toContain('an envelope changes');
    expect(middle.svg).not.toContain('an envelope changes');
    expect(middle.svg).toContain('v.own 1 pu');
  });

  it('refuses names and numbers that there are not, and says which there are', () => {
    for (const choice of [
      { across: 'nope' },
      { up: 'nope' },
      { output: 'nope' },
      { at: ['nope=1'] },
      { at: ['v.own'] },
      { at: ['v.own=high'] },
      { across: 'v.own', up: 'v.own' },
    ]) {
      expect(refused(choice), JSON.stringify(choice)).toContain('cli.usage');
    }
    expect(refused({ across: 'nope' })).toContain('v.own');
  });
});
