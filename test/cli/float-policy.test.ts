import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeNamedDirectory, writeNamedFile } from '../../src/cli/files.ts';
import { readFloatPolicy, type FloatDocument } from '../../src/cli/modelFiles.ts';
import { REPO_ROOT } from '../support/repo.ts';

const directory = mkdtempSync(join(tmpdir(), 'gridpact-float-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const SHIPPED = JSON.parse(
  readFileSync(join(REPO_ROOT, 'models', 'voltage-ieee33', 'float.json'), 'utf8'),
) as FloatDocument;

function fileOf(document: unknown): string {
  const path = join(directory, 'float.json');
  writeFileSync(path, JSON.stringify(document));
  return path;
}

describe('float policies on disk', () => {
  it('the shipped one is read to the bit', async () => {
    const { layers, interface: shared } = await readFloatPolicy(fileOf(SHIPPED));
    expect(layers.map(({ weights }) => Array.from(weights))).toEqual(SHIPPED.layers.map(({ weights }) => weights));
    expect(shared).toEqual(SHIPPED.interface);
  });

  const [first, ...others] = SHIPPED.layers;
  it.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['another format', { ...SHIPPED, format: 'gridpact-float/2' }],
    ['no interface', { ...SHIPPED, interface: undefined }],
    ['an empty interface', { ...SHIPPED, interface: {} }],
    ['an input that is null', { ...SHIPPED, interface: { ...SHIPPED.interface, inputs: [null] } }],
    ['an envelope without knots', { ...SHIPPED, interface: { ...SHIPPED.interface, envelopes: [{ d: 0 }] } }],
    ['a layer that is null', { ...SHIPPED, layers: [null] }],
    ['a layer without weights', { ...SHIPPED, layers: [{ ...first, weights: undefined }, ...others] }],
    ['an activation that there is not', { ...SHIPPED, layers: [{ ...first, activation: 'gelu' }, ...others] }],
    ['weights that are text', { ...SHIPPED, layers: [{ ...first, weights: ['1'] }, ...others] }],
  ])('%s is refused by name', async (_what, document) => {
    const path = fileOf(document);
    await expect(readFloatPolicy(path)).rejects.toMatchObject({ code: 'cli.file', got: path });
  });

  it('a file that cannot be written is named, with the reason', async () => {
    const path = join(directory, 'absent', 'policy.cbor');
    await expect(writeNamedFile(path, 'x')).rejects.toMatchObject({ code: 'cli.file', got: `${path} (ENOENT)` });
    const taken = fileOf(null);
    await expect(makeNamedDirectory(taken)).rejects.toMatchObject({ code: 'cli.file', got: `${taken} (EEXIST)` });
  });
});
