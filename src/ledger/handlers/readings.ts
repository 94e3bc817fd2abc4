/** Readings: signed by the device, in counter order, inside their windows; corrections until 30 days after. */
import { toHex } from '../../base/bytes.ts';
import { fail } from '../../base/errors.ts';
import { I32_MAX, I32_MIN, SAFE_MAX } from '../../base/fixed.ts';
import { intervalEndMs } from '../../grid/interval.ts';
import { compareReadings } from '../../contracts/metering/precedence.ts';
import { storeReading, type DeviceBatch, type Reading, type StoredReading } from '../../contracts/metering/reading.ts';
import { requireAsset, type BlockContext } from '../context.ts';
import { CORRECTION_WINDOW_MS } from '../genesis.ts';
import { resettle } from '../interval/settle.ts';
import {
  DEPLOYMENT_STATUS,
  deploymentsTable,
  deploymentTable,
  meterTable,
  observationTable,
  readingTable,
  scheduleTable,
} from '../tables.ts';
import type { AccountTx } from '../transaction.ts';
import { expectKeys, idField, intField } from './fields.ts';

const RANK = { device: 0, authority: 1 } as const;

/** All of a batch or nothing. */
export function acceptBatch(context: BlockContext, batch: DeviceBatch): void {
  advanceCounter(context, batch);
  batch.readings.forEach((reading, i) => acceptReading(context, batch, reading, batch.firstCounter + i));
}

/** counter <= last is refused; a gap is accepted and flagged; a greater context starts afresh. */
function advanceCounter({ state }: BlockContext, { device, context, firstCounter, readings }: DeviceBatch): void {
  const last = meterTable.get(state, device)!;
  const fresh = context > last.context;
  if (context < last.context || (!fresh && firstCounter <= last.counter)) {
    const expected = `context >= ${last.context}, counter > ${last.counter}`;
    throw fail('reading.counter', { expected, got: `context ${context}, counter ${firstCounter}` });
  }
  if (readings.length === 0) throw fail('reading.counter', { expected: 'at least one reading', got: 0 });
  const gap = !fresh && firstCounter > last.counter + 1 ? 1 : 0;
  const counter = firstCounter + readings.length - 1;
  meterTable.set(state, { context, counter, gaps: Math.min(4294967295, last.gaps + gap) }, device);
}

function acceptReading(context: BlockContext, batch: DeviceBatch, reading: Reading, counter: number): void {
  if (reading.kind === 'observation') acceptObservation(context, batch, reading, counter);
  else if (reading.kind === 'meter') acceptMeter(context, batch.device, storeReading(reading, RANK.device, 0));
  else acceptCorrection(context, batch.device, storeReading(reading, RANK.device, reading.revision));
}

/** Accepted if t_h - A <= tMs <= t_h + S; kept if newest by (tMs, context, counter). */
function acceptObservation(
  { state, tMs, genesis }: BlockContext,
  { device, context }: DeviceBatch,
  reading: Reading & { kind: 'observation' },
  counter: number,
): void {
  const { aMs, sMs } = genesis.parameters;
  if (reading.tMs < tMs - aMs) throw fail('reading.stale', { expected: `tMs >= ${tMs - aMs}`, got: reading.tMs });
  if (reading.tMs > tMs + sMs) throw fail('reading.future', { expected: `tMs <= ${tMs + sMs}`, got: reading.tMs });
  const kept = observationTable.get(state, device);
  if (kept !== undefined && reading.tMs < kept.tMs) return;
  const { present, values } = reading;
  observationTable.set(state, { tMs: reading.tMs, context, counter, present, values }, device);
}

/**
 * A plain meter reading of interval j is accepted if (j+1)D - S <= t_h <= (j+1)D + G and j is not closed.
 * The upper end is included: with G = 0 the block at (j+1)D carries the reading and closes j after it.
 */
function acceptMeter(context: BlockContext, device: string, reading: StoredReading): void {
  const { state, tMs, genesis } = context;
  const { dMs, gMs, sMs } = genesis.parameters;
  const endMs = intervalEndMs(reading.interval, dMs);
  if (tMs < endMs - sMs) throw fail('reading.future', { expected: `block time >= ${endMs - sMs}`, got: tMs });
  if (tMs > endMs + gMs || reading.interval < scheduleTable.get(state)!.nextClose) {
    const expected = `a reading by ${endMs + gMs}; later only a correction`;
    throw fail('reading.intervalClosed', { expected, got: `interval ${reading.interval} at ${tMs}` });
  }
  // A reading that no deployment can be settled on is checked and not kept: nothing would ever prune it.
  if (isDeployed(context, device)) keepIfGreater(state, device, reading);
}

/** By a deployment that has been approved: a mere proposal is settled on nothing, and may be forgotten. */
function isDeployed({ state, cache }: BlockContext, asset: string): boolean {
  const digests = (deploymentsTable.get(state)?.digests ?? []).map(toHex);
  return digests.some(
    (digest) =>
      deploymentTable.get(state, digest)!.status !== DEPLOYMENT_STATUS.proposed &&
      cache.deployment(state, digest).assets.includes(asset),
  );
}

/** Corrections touch closed intervals only, until 30 days after they ended, and settle them anew. */
function acceptCorrection(context: BlockContext, device: string, reading: StoredReading): void {
  const { state, tMs, genesis } = context;
  const { nextClose } = scheduleTable.get(state)!;
  if (reading.interval >= nextClose) {
    throw fail('reading.intervalOpen', { expected: `a closed interval, before ${nextClose}`, got: reading.interval });
  }
  const lastMs = intervalEndMs(reading.interval, genesis.parameters.dMs) + CORRECTION_WINDOW_MS;
  if (tMs >= lastMs) throw fail('reading.tooLate', { expected: `block time before ${lastMs}`, got: tMs });
  if (isDeployed(context, device) && keepIfGreater(state, device, reading)) resettle(context, reading.interval, device);
}

function keepIfGreater(state: BlockContext['state'], device: string, reading: StoredReading): boolean {
  const kept = readingTable.get(state, reading.interval, device);
  if (kept !== undefined && compareReadings(reading, kept) <= 0) return false;
  readingTable.set(state, reading, reading.interval, device);
  return true;
}

const CORRECTION_KEYS = ['asset', 'eStorageMilliWh', 'interval', 'pW', 'qVar', 'quality', 'revision', 'vMicroPu'];

/** The metering authority (a chain operator) outranks the device. */
export function correctReading(context: BlockContext, { body, from }: AccountTx): void {
  expectKeys(body, CORRECTION_KEYS);
  if (!context.genesis.operators.includes(from)) {
    throw fail('reading.notAuthority', { expected: context.genesis.operators.join(', '), got: from });
  }
  const asset = idField(body, 'asset');
  requireAsset(context.state, asset);
  const values = {
    interval: intField(body, 'interval', 0, SAFE_MAX),
    pW: intField(body, 'pW', I32_MIN, I32_MAX),
    qVar: intField(body, 'qVar', I32_MIN, I32_MAX),
    vMicroPu: intField(body, 'vMicroPu', 0, I32_MAX),
    eStorageMilliWh: intField(body, 'eStorageMilliWh', 0 - SAFE_MAX, SAFE_MAX),
    quality: intField(body, 'quality', 0, 1),
  };
  acceptCorrection(context, asset, storeReading(values, RANK.authority, intField(body, 'revision', 0, 65535)));
}
