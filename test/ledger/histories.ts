/**
 * Random histories of a market held against the naive model, after every block: every balance, every standing
 * receipt, acceptance of every transaction, and a sum of zero. `npm test` runs a sample, `check:deep` many.
 */
import fc from 'fast-check';
import { storeReading } from '../../src/contracts/metering/reading.ts';
import type { MeterValues, StoredReading } from '../../src/contracts/metering/reading.ts';
import { balanceKey } from '../../src/ledger/tables.ts';
import { D, Market, meter, observation, OPERATORS, START_MS, type Draft, type Item } from '../support/market.ts';
import { NaiveModel } from './naiveModel.ts';

/** bess-1 and bess-2 have one owner. */
const OWNERS = new Map([
  ['bess-1', 'owner-1'],
  ['bess-2', 'owner-1'],
  ['bess-3', 'owner-2'],
]);
const ASSETS = [...OWNERS.keys()];
const ACCOUNTS = ['buyer', 'engineer', 'owner-1', 'owner-2'];
const ESCROW_MICRO = 2000000;

export interface HistoryOptions {
  readonly runs: number;
  readonly seed: number;
  readonly maxCommands: number;
}

export interface HistoryReport {
  readonly runs: number;
  readonly blocks: number;
  readonly refused: number;
  readonly corrections: number;
  readonly missed: number;
  readonly suspensions: number;
  /** Undefined when every run agreed; else seed, path and the smallest history that does not. */
  readonly failure: string | undefined;
}

class World {
  readonly market: Market;
  readonly counts = { blocks: 0, refused: 0, corrections: 0 };

  constructor(market: Market) {
    this.market = market;
  }

  /** One block of `items`, of which `accepted` says what the model thinks of each. */
  async block(model: NaiveModel, tMs: number, items: readonly Item[], accepted: readonly boolean[]): Promise<void> {
    const { txResults } = await this.market.attempt(tMs, items);
    model.block(tMs);
    this.counts.blocks++;
    txResults.forEach(({ code, detail }, i) => {
      if (code !== 0) this.counts.refused++;
      if ((code === 0) !== accepted[i])
        throw new Error(`model says ${accepted[i]}, ledger says ${detail || 'accepted'}`);
    });
    this.compare(model);
  }

  compare(model: NaiveModel): void {
    const { accounts, escrow, reserved, rounding } = model.money();
    const { market } = this;
    for (const name of ACCOUNTS) {
      const [held, owed] = [market.account(name), market.receivable(name)];
      agree(`net of ${name}`, BigInt(held) + BigInt(owed), accounts.get(name) ?? 0n);
      if (held !== 0 && owed !== 0) throw new Error(`${name} both holds ${held} and owes ${owed}`);
    }
    agree('escrow', BigInt(market.escrow) + BigInt(market.owed), escrow);
    agree('reserved', BigInt(market.reserved), reserved);
    agree('rounding', BigInt(market.rounding), rounding);
    agree('issuance', BigInt(market.micro(balanceKey.issuance())), -1000000000000n);
    agree('status', market.view().status === 'suspended', model.status === 'suspended');
    for (const [k, { closed }] of model.intervals) if (closed) this.#compareReceipts(model, k);
  }

  #compareReceipts(model: NaiveModel, k: number): void {
    for (const asset of ASSETS) {
      const receipt = this.market.receipt(k, asset);
      const paid = model.paid(k, asset);
      agree(`receipt ${asset} of ${k}`, receipt && BigInt(receipt.payMicro), paid?.pay);
      agree(`penalty ${asset} of ${k}`, receipt && BigInt(receipt.penaltyMicro), paid?.penalty);
    }
  }
}

function agree<T>(what: string, got: T, expected: T): void {
  if (got !== expected) throw new Error(`${what}: ledger ${String(got)}, model ${String(expected)}`);
}

type Step = fc.AsyncCommand<NaiveModel, World>;

function step(text: string, run: (model: NaiveModel, world: World) => Promise<void>): Step {
  return { check: () => true, run, toString: () => text };
}

/** One transaction in a block of its own, a millisecond on. */
function single(
  text: string,
  make: (world: World, tMs: number) => Item,
  model: (m: NaiveModel, tMs: number) => boolean,
) {
  return step(text, async (m, world) => {
    const tMs = m.tMs + 1;
    const item = make(world, tMs);
    await world.block(m, tMs, [item], [model(m, tMs)]);
  });
}

const amount = fc.oneof(fc.integer({ min: 1, max: 200000 }), fc.integer({ min: 1, max: 5000000 }));
const energy = fc.oneof(fc.constantFrom(0, 833333, 166666, -833333), fc.integer({ min: -10000, max: 900000 }));
const asset = fc.constantFrom(...ASSETS);
const account = fc.constantFrom(...ACCOUNTS);
const operator = fc.constantFrom(...OPERATORS);

const transfer = fc.tuple(account, account, amount).map(([from, to, micro]) =>
  single(
    `transfer ${micro} ${from} -> ${to}`,
    (): Draft => [from, 'account.transfer', { to, micro }],
    (m) => m.transfer(from, to, BigInt(micro)),
  ),
);
const fund = amount.map((micro) =>
  single(
    `fund ${micro}`,
    ({ market }): Draft => ['buyer', 'escrow.fund', market.body({ micro })],
    (m) => m.fund(BigInt(micro)),
  ),
);
const withdraw = amount.map((micro) =>
  single(
    `withdraw ${micro}`,
    ({ market }): Draft => ['buyer', 'escrow.withdraw', market.body({ micro })],
    (m) => m.withdraw(BigInt(micro)),
  ),
);
const suspend = operator.map((name) =>
  single(
    `suspend by ${name}`,
    ({ market }): Draft => [name, 'deployment.suspend', market.body()],
    (m, tMs) => m.suspend(tMs),
  ),
);
const resume = operator.map((name) =>
  single(
    `resume by ${name}`,
    ({ market }): Draft => [name, 'deployment.resume', market.body()],
    (m, tMs) => m.resume(name, tMs),
  ),
);
const offer = asset.map((name) =>
  single(
    `offer ${name}`,
    ({ market }) => market.offer(name, { validFromMs: 0 }),
    (m, tMs) => {
      m.offers.set(name, tMs);
      return true;
    },
  ),
);
const withhold = asset.map((name) =>
  single(
    `withhold ${name}`,
    ({ market }): Draft => [OWNERS.get(name)!, 'offer.withdraw', market.body({ asset: name })],
    (m) => m.offers.delete(name),
  ),
);

function stored(k: number, eStorageMilliWh: number, rank: number, revision: number): StoredReading {
  const { kind: _, ...values } = meter(START_MS / D + k, { eStorageMilliWh }) as { kind: 'meter' } & MeterValues;
  return storeReading(values, rank, revision);
}

const correction = fc
  .tuple(asset, fc.nat(20), energy, fc.nat(1), fc.nat(3))
  .map(([name, back, eStorageMilliWh, rank, revision]) =>
    step(
      `correct ${name} ${back} back: ${eStorageMilliWh} mWh, rank ${rank}, revision ${revision}`,
      async (m, world) => {
        const k = m.nextClose - 1 - back;
        if (k < 0) return;
        const { market } = world;
        const over = { eStorageMilliWh };
        const item = rank === 1 ? market.ruled(name, k, revision, over) : market.corrected(name, k, revision, over);
        m.keep(k, name, stored(k, eStorageMilliWh, rank, revision));
        world.counts.corrections++;
        await world.block(m, m.tMs + 1, [item], [true]);
      },
    ),
  );

/** To the start of the next interval: meters and observations of some, close, dispatch. */
const next = fc
  .array(fc.tuple(asset, fc.option(energy, { nil: undefined }), fc.boolean()), { maxLength: 4 })
  .map((reports) =>
    step(`next ${JSON.stringify(reports)}`, async (m, world) => {
      const k = Math.floor((m.tMs - START_MS) / D) + 1;
      const tMs = START_MS + k * D;
      const items: Item[] = [];
      for (const [name, eStorageMilliWh, observes] of reports) {
        const readings = [];
        // The interval that ends now, unless so much is waiting to be closed that its turn has not come.
        if (eStorageMilliWh !== undefined && k >= 1) {
          readings.push(meter(START_MS / D + k - 1, { eStorageMilliWh }));
          m.keep(k - 1, name, stored(k - 1, eStorageMilliWh, 0, 0));
        }
        if (observes) {
          readings.push(observation(tMs, { soc: 500000 }));
          m.observedMs.set(name, tMs);
        }
        if (readings.length > 0) items.push({ device: name, readings });
      }
      await world.block(
        m,
        tMs,
        items,
        items.map(() => true),
      );
    }),
  );

/** The clock jumps over up to 30 intervals and stops inside one. */
const jump = fc.integer({ min: 1, max: 30 }).map((n) =>
  step(`jump ${n}`, async (m, world) => {
    const k = Math.floor((m.tMs - START_MS) / D) + n;
    await world.block(m, START_MS + k * D + 1000, [], []);
  }),
);

const COMMANDS = [
  { arbitrary: next, weight: 8 },
  { arbitrary: correction, weight: 6 },
  { arbitrary: transfer, weight: 3 },
  { arbitrary: fund, weight: 2 },
  { arbitrary: withdraw, weight: 2 },
  { arbitrary: suspend, weight: 1 },
  { arbitrary: resume, weight: 3 },
  { arbitrary: offer, weight: 1 },
  { arbitrary: withhold, weight: 1 },
  { arbitrary: jump, weight: 1 },
];

function arbitraries(): fc.Arbitrary<Step>[] {
  return COMMANDS.flatMap(({ arbitrary, weight }) =>
    Array.from({ length: weight }, () => arbitrary as fc.Arbitrary<Step>),
  );
}

export async function runHistories({ runs, seed, maxCommands }: HistoryOptions): Promise<HistoryReport> {
  const total = { blocks: 0, refused: 0, corrections: 0, missed: 0, suspensions: 0 };
  const property = fc.asyncProperty(fc.commands(arbitraries(), { maxCommands, size: 'max' }), async (commands) => {
    const market = await Market.open({
      assets: ASSETS.length,
      ownerOf: (i) => OWNERS.get(ASSETS[i]!)!,
      escrowMicro: ESCROW_MICRO,
    });
    const model = new NaiveModel(OWNERS, market.parameters.aMs, ESCROW_MICRO, market.app.lastHeader!.timeMs);
    const world = new World(market);
    await fc.asyncModelRun(() => ({ model, real: world }), commands);
    total.blocks += world.counts.blocks;
    total.refused += world.counts.refused;
    total.corrections += world.counts.corrections;
    total.missed += model.missed;
    total.suspensions += model.suspensions;
  });
  const details = await fc.check(property, { numRuns: runs, seed });
  const failure = details.failed
    ? `${fc.defaultReportMessage(details)}\n${String((details as { errorInstance?: unknown }).errorInstance)}`
    : undefined;
  return { runs: details.numRuns, ...total, failure };
}
