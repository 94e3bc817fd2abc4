import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertLead, BlockProducer, dueMs } from '../../src/api/producer.ts';
import type { ProducedBlock } from '../../src/ledger/engines/embedded.ts';
import { FIRST_INTERVAL, meter, observation, PARAMETERS, START_MS, TestChain } from '../support/chain.ts';

const { dMs, gMs, lMs } = PARAMETERS;

describe('when the next block is due', () => {
  const schedule = { lastMs: START_MS, nextClose: FIRST_INTERVAL, nextDispatch: FIRST_INTERVAL + 1 };

  it('a third of the lead after the last one', () => {
    expect(dueMs(schedule, PARAMETERS)).toBe(START_MS + lMs / 3);
  });

  it('where the lead of an interval begins', () => {
    const lastMs = START_MS + dMs - lMs - 1;
    expect(dueMs({ ...schedule, lastMs }, PARAMETERS)).toBe(START_MS + dMs - lMs);
  });

  it('where the gate of an interval falls', () => {
    const lastMs = START_MS + dMs + gMs - 1;
    expect(dueMs({ ...schedule, lastMs, nextDispatch: FIRST_INTERVAL + 2 }, PARAMETERS)).toBe(START_MS + dMs + gMs);
  });

  it('at once, but after the last one, when something is overdue', () => {
    const lastMs = START_MS + 10 * dMs;
    expect(dueMs({ ...schedule, lastMs }, PARAMETERS)).toBe(lastMs + 1);
  });

  it('a lead shorter than three block times is refused', () => {
    expect(() => assertLead(PARAMETERS, lMs / 3)).not.toThrow();
    expect(() => assertLead(PARAMETERS, lMs / 3 + 1)).toThrow(/api\.lead.*expected lMs >= 30003.*got 30000/);
    expect(() => assertLead({ ...PARAMETERS, lMs: 0 }, 1000)).toThrow(/api\.lead/);
  });
});

/** Runs the clock to `untilMs`, each timer late by what `lateness` says. */
async function run(chain: TestChain, untilMs: number, lateness: () => number): Promise<ProducedBlock[]> {
  const blocks: ProducedBlock[] = [];
  const producer = new BlockProducer({
    engine: chain.engine,
    clock: chain.clock,
    blockMs: 1000,
    onBlock: (block) => blocks.push(block),
    onFailure: (error) => {
      throw error;
    },
  });
  while (chain.clock.nowMs() < untilMs) {
    chain.clock.set(Math.max(chain.clock.nowMs() + 1, producer.dueMs() + lateness()));
    await producer.tick();
  }
  return blocks;
}

describe('a node that follows the clock', () => {
  it('dispatches and closes every interval, at most a third of the lead between blocks', async () => {
    const chain = await TestChain.open();
    const blocks = await run(chain, START_MS + 3 * dMs + gMs, () => 0);
    const notices = blocks.flatMap(({ block, events }) => events.notices.map((notice) => ({ ...notice, ...block })));
    const times = (kind: string) =>
      notices.filter((notice) => notice.kind === kind).map(({ timeMs }) => timeMs - START_MS);
    expect(times('missed')).toEqual([]);
    expect(times('dispatched')).toEqual([0, 1, 2, 3].flatMap((k) => (k === 0 ? [-lMs, -lMs] : [k * dMs - lMs])));
    expect(notices.filter(({ kind, detail }) => kind === 'closed' && detail === 'missed')).toHaveLength(1);
    // The interval of the set-up, which began before the chain did, then three.
    expect(times('closed')).toEqual([0, 1, 2, 3].map((j) => j * dMs + gMs));
    const gaps = blocks.slice(1).map(({ block }, i) => block.timeMs - blocks[i]!.block.timeMs);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(lMs / 3);
    await chain.close();
  });

  it('misses none even when timers come late by anything less than the lead', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(lMs - 1), { minLength: 1, maxLength: 40 }), async (delays) => {
        const chain = await TestChain.open();
        let n = 0;
        const blocks = await run(chain, START_MS + 2 * dMs, () => delays[n++ % delays.length]!);
        const missed = blocks.flatMap(({ events }) => events.notices).filter(({ kind }) => kind === 'missed');
        expect(missed).toEqual([]);
        await chain.close();
      }),
      { numRuns: 6 },
    );
  });

  it('after a night off it catches up, block by block, and goes on', async () => {
    const chain = await TestChain.open();
    await run(chain, START_MS + dMs, () => 0);
    chain.clock.set(START_MS + 100 * dMs + 1000);
    const blocks = await run(chain, START_MS + 101 * dMs, () => 0);
    const closed = blocks.flatMap(({ events }) => events.notices).filter(({ kind }) => kind === 'closed');
    expect(closed.length).toBeGreaterThanOrEqual(99);
    const { nextClose, nextDispatch } = chain.engine.app.query({ path: 'schedule', data: {} }).value as {
      nextClose: number;
      nextDispatch: number;
    };
    expect([nextClose - FIRST_INTERVAL, nextDispatch - FIRST_INTERVAL]).toEqual([100, 102]);
    await chain.close();
  });

  it('transactions wait for the block time, not for the heartbeat', async () => {
    const chain = await TestChain.open();
    const producer = new BlockProducer({
      engine: chain.engine,
      clock: chain.clock,
      blockMs: 1000,
      onBlock: () => undefined,
      onFailure: () => undefined,
    });
    const nowMs = START_MS - 39000;
    chain.clock.set(nowMs);
    chain.engine.submit(chain.tx(['buyer', 'account.transfer', { to: 'owner-1', micro: 1 }]));
    producer.wake();
    expect(producer.dueMs()).toBe(nowMs + 1000);
    chain.clock.set(nowMs + 500);
    producer.wake();
    expect(producer.dueMs()).toBe(nowMs + 1000);
    await producer.tick();
    expect(chain.engine.poolSize).toBe(1);
    chain.clock.set(nowMs + 1000);
    await producer.tick();
    expect([chain.engine.poolSize, chain.engine.app.lastHeader!.timeMs]).toEqual([0, nowMs + 1000]);
    await producer.stop();
    await chain.close();
  });

  it('carries a market through an interval: dispatched, metered, paid', async () => {
    const chain = await TestChain.open();
    chain.engine.submit(chain.batch('bess-1', [observation(chain.clock.nowMs())]));
    await run(chain, START_MS + dMs + 500, () => 0);
    chain.engine.submit(chain.batch('bess-1', [meter(FIRST_INTERVAL)]));
    const blocks = await run(chain, START_MS + dMs + gMs, () => 0);
    const receipts = blocks.flatMap(({ events }) => events.receipts);
    expect(receipts.map(({ asset, payMicro }) => [asset, payMicro])).toEqual([['bess-1', 49999]]);
    await chain.close();
  });
});
