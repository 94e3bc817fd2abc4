/** What `gridpact inspect` tells an operator about inputs that a ledger cannot fill. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { buildPolicy } from '../../src/contracts/policy/codec.ts';
import { AREA1_INTERFACE } from '../../src/env/tasks/frequencyInterface.ts';
import { builtCli } from './built.ts';

const directory = mkdtempSync(join(tmpdir(), 'gridpact-inspect-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('a frequency policy: its own frequency reading is not among those of a ledger, its state of charge is', async () => {
  const { inputs, outputs } = AREA1_INTERFACE;
  const layer = {
    inSize: inputs.length,
    outSize: outputs.length,
    shift: 0,
    weights: new Int16Array(inputs.length * outputs.length),
    bias: new Int32Array(outputs.length),
    exponent: 0,
    activation: 'identity' as const,
  };
  const path = join(directory, 'policy.cbor');
  writeFileSync(path, buildPolicy({ interface: AREA1_INTERFACE, layers: [layer], head: { kind: 'cont' } }).bytes);
  const text = execFileSync(process.execPath, [await builtCli(), 'inspect', path], { encoding: 'utf8' });
  const row = (name: string): string => {
    const lines = text.split('\n');
    const at = lines.findIndex((line) => line.startsWith(`  ${name} `));
    const end = lines.findIndex((line, i) => i > at && !line.startsWith('    '));
    return lines.slice(at, end).join(' ').replace(/\s+/g, ' ');
  };
  expect(row('f.dev')).toContain('a ledger does not have it: always missing there');
  expect(row('soc')).not.toContain('missing');
});
