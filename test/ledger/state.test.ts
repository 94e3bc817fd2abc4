import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { CommittedState, StagedState } from '../../src/ledger/state.ts';
import { verifyTrieProof } from '../../src/ledger/trie.ts';

const row = (n: number): Uint8Array => Uint8Array.of(n);

type Write = readonly [key: string, value: number | undefined];
const write: fc.Arbitrary<Write> = fc.tuple(
  fc.constantFrom('0a01', '0a02', '0b01', '0b0201', '0c'),
  fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
);
/** A transaction: writes, and whether it then fails. */
const transaction = fc.record({ writes: fc.array(write, { maxLength: 6 }), fails: fc.boolean() });

function apply(state: StagedState, [key, value]: Write): void {
  if (value === undefined) state.delete(key);
  else state.set(key, row(value));
}

describe('staged state', () => {
  it('transactions that fail leave no trace; the rest equal a plain map; nothing is committed before commit', () => {
    fc.assert(
      fc.property(fc.array(fc.array(transaction, { maxLength: 5 }), { maxLength: 4 }), (blocks) => {
        const committed = new CommittedState();
        const model = new Map<string, number>();
        for (const block of blocks) {
          const staged = new StagedState(committed);
          const rootBefore = toHex(committed.root());
          for (const { writes, fails } of block) {
            const before = new Map(model);
            const attempt = (): void =>
              staged.transact(() => {
                for (const one of writes) {
                  apply(staged, one);
                  if (one[1] === undefined) model.delete(one[0]);
                  else model.set(one[0], one[1]);
                }
                if (fails) throw new Error('no');
              });
            if (!fails) attempt();
            else {
              expect(attempt).toThrow('no');
              model.clear();
              for (const [k, v] of before) model.set(k, v);
            }
            for (const key of ['0a01', '0a02', '0b01', '0b0201', '0c']) {
              expect(staged.get(key)?.[0]).toBe(model.get(key));
            }
          }
          expect(toHex(committed.root())).toBe(rootBefore);
          committed.commit(staged.stage());
        }
        expect(committed.size()).toBe(model.size);
        expect(committed.scan('').map(([k, v]) => [k, v[0]])).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
        // The root is a function of the rows: a state written at once has the same.
        const again = new CommittedState();
        const all = new StagedState(again);
        for (const [k, v] of model) all.set(k, row(v));
        again.commit(all.stage());
        expect(toHex(again.root())).toBe(toHex(committed.root()));
      }),
      { numRuns: 150 },
    );
  });

  it('stages changes in key order, without what ended as it began', () => {
    const committed = new CommittedState();
    const first = new StagedState(committed);
    first.set('02', row(1));
    first.set('01', row(2));
    first.set('03', row(3));
    first.delete('03');
    const { changes } = first.stage();
    expect(changes.map(([key]) => key)).toEqual(['01', '02']);
  });

  it('a journal covers only its own transaction', () => {
    const staged = new StagedState(new CommittedState());
    staged.transact(() => staged.set('01', row(1)));
    expect(() =>
      staged.transact(() => {
        staged.set('01', row(2));
        staged.set('01', row(3));
        staged.delete('01');
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(staged.get('01')).toEqual(row(1));
  });

  it('proves rows and their absence against its root', () => {
    const committed = new CommittedState();
    const staged = new StagedState(committed);
    for (let n = 0; n < 20; n++) staged.set(`0${n.toString(16).padStart(3, '0')}`, row(n));
    committed.commit(staged.stage());
    const key = '0003';
    expect(verifyTrieProof(committed.root(), fromHex(key), row(3), committed.prove(key))).toBe(true);
    expect(verifyTrieProof(committed.root(), fromHex('0fff'), undefined, committed.prove('0fff'))).toBe(true);
  });

  it('scans by prefix in byte order', () => {
    const committed = new CommittedState();
    const staged = new StagedState(committed);
    for (const key of ['0aff', '0a', '0b00', '0a00', '09ff']) staged.set(key, row(0));
    committed.commit(staged.stage());
    expect(committed.scan('0a').map(([key]) => key)).toEqual(['0a', '0a00', '0aff']);
  });
});
