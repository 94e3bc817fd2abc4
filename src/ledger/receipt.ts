/**
 * A receipt: everything that made one payment, so that it can be recomputed by anyone. Its bytes are a leaf
 * of the block's receipts tree. It is a function of the readings that count and of what was dispatched,
 * never of when they arrived.
 */
import { bytesField, i53, id, layout, listField, u16, u32, u53, u8 } from '../base/record.ts';

export const RECEIPT_STATUS = { paid: 0, missing: 1 } as const;
export const RECEIPT_FLAG = { fallback: 1, missed: 2, corrected: 4, substitute: 8 } as const;

export const RECEIPT = layout('receipt', {
  v: u8,
  deployment: bytesField(32),
  asset: id,
  owner: id,
  interval: u53,
  dMs: u32,
  service: u8,
  formulaVersion: u16,
  status: u8,
  flags: u16,
  /** Revision of the reading that counts; 0 for a plain one. */
  revision: u16,
  readingHash: bytesField(32),
  setpoint: listField(i53, 8),
  measured: listField(i53, 8),
  score: listField(i53, 8),
  prices: listField(u53, 8),
  /** Buyer to owner and owner to buyer, micro-units. */
  payMicro: u53,
  penaltyMicro: u53,
});

export type Receipt = ReturnType<typeof RECEIPT.decode>;
export const RECEIPT_VERSION = 1;
