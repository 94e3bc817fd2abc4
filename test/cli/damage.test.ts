import { describe, it, expect, beforeAll, afterAll } from 'vitest';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../src/cli/app.ts';
import { runSimulation } from '../../src/cli/simulation.ts';
import { HEADER } from '../../src/ledger/header.ts';
import { RECEIPT } from '../../src/ledger/receipt.ts';
import { openStore } from '../../src/ledger/store/kv.ts';
import { ROW } from '../../src/ledger/store/rows.ts';
import { tinySeries } from '../support/tinyTwin.ts';
import { terminal } from './fakeTerminal.ts';
import { droopPolicy } from './fixtures.ts';

/** Four set-up blocks, then one a step and one more: block 6 closes the first interval. */
const STEPS = 3;
const CLOSED = 6;

let room: string;
beforeAll(async () => {
  room = mkdtempSync(join(tmpdir(), 'gridpact-damage-'));
  const directory = join(room, 'sound');
  await runSimulation({ policyBytes: droopPolicy(), series: tinySeries(STEPS), seed: 's', missingRate: 0, directory });
});
afterAll(() => rmSync(room, { recursive: true, force: true }));

/** A copy of the sound store with one row changed. */
async function damaged(name: string, key: string, change: (row: Uint8Array) => Uint8Array): Promise<string> {
  const directory = join(room, name);
  cpSync(join(room, 'sound'), directory, { recursive: true });
  const store = await openStore(directory);
  await store.write({ puts: [{ key, value: change((await store.get(key))!) }], deletes: [] });
  await store.close();
  return directory;
}

async function gridpact(...args: string[]) {
  const screen = terminal();
  const status = await runCli([...args, '--json'], screen.io);
  return { status, document: JSON.parse(screen.stdout()) as Record<string, unknown> };
}

describe('a ledger someone has been at', () => {
  it('as written: audit and replay say yes', async () => {
    const data = join(room, 'sound');
    expect(await gridpact('audit', '--data', data)).toMatchObject({ status: 0, document: { sound: true } });
    expect(await gridpact('replay', '--data', data)).toMatchObject({ status: 0, document: { same: true } });
  });

  it('a receipt that pays more than was settled: audit names the block, status 1', async () => {
    const data = await damaged('receipt', ROW.receipt(CLOSED, 2), (row) => {
      const receipt = RECEIPT.decode(row);
      return RECEIPT.encode({ ...receipt, payMicro: receipt.payMicro + 1 });
    });
    const { status, document } = await gridpact('audit', '--data', data);
    expect(status).toBe(1);
    expect(document).toMatchObject({ sound: false, findings: [{ check: 'receiptsRoot', height: CLOSED }] });
  });

  it('such a receipt proves nothing, and no proof of it is handed out', async () => {
    const out = join(room, 'proof.hex');
    const place = ['--height', String(CLOSED), '--index', '2', '--out', out];
    const made = await gridpact('proof', 'make', '--data', join(room, 'receipt'), ...place);
    expect(made).toMatchObject({ status: 1, document: { error: { code: 'proof.invalid' } } });
    expect(existsSync(out)).toBe(false);
    expect((await gridpact('proof', 'make', '--data', join(room, 'sound'), ...place)).status).toBe(0);
    expect(existsSync(out)).toBe(true);
  });

  it('another state root in a header: replay names block and field, status 1', async () => {
    const data = await damaged('header', ROW.header(CLOSED), (row) =>
      HEADER.encode({ ...HEADER.decode(row), stateRoot: new Uint8Array(32).fill(7) }),
    );
    const { status, document } = await gridpact('replay', '--data', data);
    expect(status).toBe(1);
    expect(document).toMatchObject({ same: false, divergence: { height: CLOSED, field: 'stateRoot' } });
    expect((await gridpact('audit', '--data', data)).status).toBe(1);
  });

  it('a row that cannot be read is an error with a code', async () => {
    const data = await damaged('block', ROW.block(CLOSED), (row) => row.slice(1));
    const { status, document } = await gridpact('replay', '--data', data);
    expect(status).toBe(1);
    expect(document).toMatchObject({ error: { code: 'record.malformed' } });
    expect((await gridpact('audit', '--data', data)).document).toMatchObject({ sound: false });
  });
});
