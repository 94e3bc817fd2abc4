/** `gridpact tx` against a node that listens on loopback: the operator's stop button, by hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secretFromSeed } from '../../src/base/signature.ts';
import { runCli } from '../../src/cli/app.ts';
import { createKey } from '../../src/cli/keyFile.ts';
import { serve, type Served } from '../api/served.ts';
import { TestChain } from '../support/chain.ts';
import { terminal } from './fakeTerminal.ts';

let served: Served;
let node: string;
const keysDir = mkdtempSync(join(tmpdir(), 'gridpact-tx-'));

beforeAll(async () => {
  served = await serve(await TestChain.open());
  node = await served.api.listen({ host: '127.0.0.1', port: 0 });
  for (const name of ['operator-1', 'buyer', 'owner-2']) {
    await createKey(keysDir, name, secretFromSeed('test', `account/${name}`));
  }
});
afterAll(async () => {
  await served.close();
  rmSync(keysDir, { recursive: true, force: true });
});

async function tx(kind: string, body: unknown, key: string, from = key, at = node) {
  const { io, stdout, stderr } = terminal();
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const flags = ['--key', key, '--keys-dir', keysDir, '--from', from, '--node', at, '--json'];
  const status = await runCli(['tx', kind, text, ...flags], io);
  return { status, document: JSON.parse(stdout()) as Record<string, unknown>, stderr: stderr() };
}

describe('gridpact tx', () => {
  it('an operator suspends a deployment with one command', async () => {
    const { chain } = served;
    const { status, document } = await tx('deployment.suspend', { deployment: chain.deployment }, 'operator-1');
    expect({ status, document }).toMatchObject({ status: 0, document: { accepted: true, from: 'operator-1' } });
    await chain.engine.produce({ timeMs: chain.engine.app.lastHeader!.timeMs + 1000 });
    const view = chain.engine.app.query({ path: 'deployment', data: { deployment: chain.deployment } }).value;
    expect(view).toMatchObject({ status: 'suspended', suspendReason: 'operator' });
  });

  it('a refusal is the ledger’s own code and exit status 1', async () => {
    const { status, document } = await tx('deployment.suspend', { deployment: served.chain.deployment }, 'buyer');
    expect({ status, document }).toMatchObject({
      status: 1,
      document: { accepted: false, error: { code: 'deployment.notOperator' } },
    });
  });

  it('bytes come from a file or from hex', async () => {
    const file = join(keysDir, 'garbage.cbor');
    writeFileSync(file, 'no document');
    const fromFile = await tx('deployment.propose', { document: { file } }, 'buyer');
    const fromHex = await tx('deployment.propose', { document: { hex: '00ff' } }, 'buyer');
    for (const { status, document } of [fromFile, fromHex]) {
      expect(status).toBe(1);
      expect((document['error'] as { code: string }).code).toMatch(/^(cbor|deployment)\./);
    }
  });

  it('says what is wrong with a kind, a body, a key and a node', async () => {
    const code = ({ document }: { document: Record<string, unknown> }): string =>
      (document['error'] as { code: string }).code;
    expect(code(await tx('deployment.stop', {}, 'buyer'))).toBe('cli.usage');
    expect(code(await tx('account.transfer', '[1]', 'buyer'))).toBe('cli.usage');
    expect(code(await tx('account.transfer', '{"micro": 0.5}', 'buyer'))).toBe('cli.usage');
    expect(code(await tx('account.transfer', {}, 'nobody'))).toBe('keys.missing');
    expect(code(await tx('account.transfer', {}, 'buyer', 'stranger'))).toBe('cli.node');
    expect(code(await tx('account.transfer', {}, 'buyer', 'buyer', 'http://127.0.0.1:1'))).toBe('cli.node');
  });
});
