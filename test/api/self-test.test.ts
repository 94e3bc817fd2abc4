/** docs/spec/policy.md 3.14: a node whose executor does not give what was registered halts and signs nothing. */
import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startNode } from '../../src/api/node.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { PolicyExecutor } from '../../src/contracts/policy/execute.ts';
import { auditStore } from '../../src/ledger/audit.ts';
import { openStore } from '../../src/ledger/store/kv.ts';
import { signer, TestChain } from '../support/chain.ts';

afterEach(() => void vi.restoreAllMocks());

/** One count off, now and then: what a damaged kernel would do. */
function damageExecutor(): void {
  const { run } = PolicyExecutor.prototype;
  let calls = 0;
  vi.spyOn(PolicyExecutor.prototype, 'run').mockImplementation(function (this: PolicyExecutor, raw, missing, out) {
    const path = run.call(this, raw, missing, out);
    if (calls++ === 4095) out[0]! ^= 1;
    return path;
  });
}

describe('the self-test of a node', () => {
  it('lets a sound executor start, and stops a damaged one before it signs', async () => {
    const chain = await TestChain.open();
    await chain.engine.close();
    const { height } = chain.engine;
    const start = async () =>
      startNode({
        store: await openStore(chain.directory),
        genesis: chain.genesis,
        signer: signer('node'),
        clock: new ManualClock(chain.clock.nowMs()),
        host: '127.0.0.1',
        port: 0,
        blockMs: 1000,
        backend: () => Promise.resolve(''),
        logger: false,
      });
    damageExecutor();
    await expect(start()).rejects.toMatchObject({ code: 'policy.selfTest' });
    vi.restoreAllMocks();
    const store = await openStore(chain.directory);
    expect(await auditStore(store)).toMatchObject({ height, findings: [] });
    await store.close();
    await (await start()).stop();
    rmSync(chain.directory, { recursive: true, force: true });
  });
});
