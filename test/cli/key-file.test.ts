import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import { createKey, loadSigner, readPublicKey } from '../../src/cli/keyFile.ts';

const directory = mkdtempSync(join(tmpdir(), 'gridpact-keys-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('key files', () => {
  it('a secret that belongs to another public key is refused, and shown nowhere', async () => {
    const { file } = await createKey(directory, 'alice');
    const { publicKey: other } = await createKey(directory, 'bob');
    const document = JSON.parse(readFileSync(file, 'utf8')) as { publicKey: string; secretKey: string };
    writeFileSync(file, JSON.stringify({ ...document, publicKey: other }));
    for (const read of [readPublicKey, loadSigner]) {
      const error: unknown = await read(directory, 'alice').catch((thrown: unknown) => thrown);
      expect(isGridPactError(error, 'keys.malformed')).toBe(true);
      expect(`${String(error)}${JSON.stringify(error)}`).not.toContain(document.secretKey);
    }
  });

  it.skipIf(process.platform === 'win32')('are for their owner alone', async () => {
    const { file } = await createKey(directory, 'carol');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
