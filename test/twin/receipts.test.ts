/** Receipts of a twin run, recomputed from the signed bytes in its blocks and the deployment documents alone. */
import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { cidDigest } from '../../src/base/cid.ts';
import { roundPayments } from '../../src/contracts/services/apportion.ts';
import { serviceContract, serviceOfCode } from '../../src/contracts/services/registry.ts';
import { storeReading, type MeterValues } from '../../src/contracts/metering/reading.ts';
import { parseDeployment, type Deployment } from '../../src/ledger/deployment.ts';
import { allReceipts, readBlock } from '../../src/ledger/reader.ts';
import { RECEIPT_FLAG, type Receipt } from '../../src/ledger/receipt.ts';
import type { KeyValueStore } from '../../src/ledger/store/kv.ts';
import { decodeTx } from '../../src/ledger/transaction.ts';
import { tinyScenario } from '../support/tinyTwin.ts';
import { twinOutcome } from '../support/twinOutcome.ts';

const STEPS = 12;
const scenario = tinyScenario(STEPS);
const receipts: Receipt[] = [];
const deployments = new Map<string, Deployment>();
const meters = new Map<string, MeterValues>();
let height = 0;

async function readBlocks(store: KeyValueStore): Promise<void> {
  for await (const { receipt } of allReceipts(store)) receipts.push(receipt);
  height = STEPS + 5;
  for (let h = 1; h <= height; h++) {
    for (const bytes of (await readBlock(store, h)).txs) {
      const decoded = decodeTx(bytes);
      if (decoded.type === 'account') {
        if (decoded.tx.kind !== 'deployment.propose') continue;
        const deployment = parseDeployment(decoded.tx.body['document'] as Uint8Array);
        deployments.set(toHex(cidDigest(deployment.cid)), deployment);
        continue;
      }
      for (const reading of decoded.batch.readings) {
        if (reading.kind === 'meter') meters.set(`${reading.interval}/${decoded.batch.device}`, reading);
      }
    }
  }
}

beforeAll(async () => {
  await twinOutcome(scenario, [], readBlocks);
});

describe('every receipt of a twin run', () => {
  it('recomputes: score, price and payment', () => {
    expect(receipts).toHaveLength(2 * 6 * STEPS);
    for (const receipt of receipts) {
      const deployment = deployments.get(toHex(receipt.deployment))!;
      const contract = serviceContract(serviceOfCode(receipt.service), receipt.formulaVersion);
      const terms = contract.parseTerms(deployment.termsDocument, deployment.assets.length);
      const own = meters.get(`${receipt.interval}/${receipt.asset}`)!;
      const score = contract.score({
        terms,
        priceIndex: 0,
        dMs: receipt.dMs,
        asset: scenario.sites.find((site) => site.id === receipt.asset)!,
        assetIndex: deployment.assets.indexOf(receipt.asset),
        setpoint: receipt.setpoint,
        meter: own,
        meters: deployment.assets.map((asset) => meters.get(`${receipt.interval}/${asset}`)),
      });
      expect(receipt.score).toEqual(score.values);
      expect(receipt.measured).toEqual(score.measured);
      expect(receipt.prices).toEqual(contract.prices(terms, 0));
      expect(receipt.payMicro).toBe(roundPayments([score.payNumerator], contract.denominator).creditsMicro[0]);
      expect(receipt.penaltyMicro).toBe(roundPayments([score.penaltyNumerator], contract.denominator).debitMicro);
      expect(toHex(receipt.readingHash)).toBe(toHex(storeReading(own, 0, 0).hash));
    }
  });

  it('the device did what settlement says it was asked: its projection is that of the contract, to a var', () => {
    const voltage = receipts.filter(({ service }) => serviceOfCode(service) === 'voltage-support');
    for (const { score, measured } of voltage) {
      // qSet of the receipt against qVar of the meter: physics in reals, settlement in integers.
      expect(Math.abs(score[0]! - measured[1]!)).toBeLessThanOrEqual(40);
    }
    expect(voltage.some(({ payMicro }) => payMicro > 0)).toBe(true);
  });

  it('lost observations show as fallback, and only they do', () => {
    const flagged = receipts.filter(({ flags }) => (flags & RECEIPT_FLAG.fallback) !== 0);
    expect(flagged.length).toBeGreaterThan(0);
    expect(flagged.length).toBeLessThan(receipts.length / 4);
    expect(flagged.every(({ flags }) => flags === RECEIPT_FLAG.fallback)).toBe(true);
  });
});
