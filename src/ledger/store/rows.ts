/** What is kept on disk, by key prefix. State rows are written only by a commit; blocks before execution. */
import { blob, layout, lengthPrefixed, listField, u53, u8, type Field } from '../../base/record.ts';
import type { TxResult } from '../engines/port.ts';
import { concatBytes, fromUtf8, utf8 } from '../../base/bytes.ts';

/** 16 hex digits, so that key order is height order. */
function order(n: number): string {
  return n.toString(16).padStart(16, '0');
}

export const ROW = {
  genesis: 'genesis',
  /** Last committed header; the commit record. */
  commit: 'commit',
  statePrefix: 'state/',
  state: (key: string): string => `state/${key}`,
  blockPrefix: 'block/',
  block: (height: number): string => `block/${order(height)}`,
  header: (height: number): string => `header/${order(height)}`,
  headerPrefix: 'header/',
  results: (height: number): string => `results/${order(height)}`,
  allReceiptsPrefix: 'receipt/',
  receiptPosition(key: string): { readonly height: number; readonly index: number } {
    const [, height, index] = key.split('/');
    return { height: Number.parseInt(height ?? '', 16), index: Number.parseInt(index ?? '', 16) };
  },
  receiptsPrefix: (height: number): string => `receipt/${order(height)}/`,
  receipt: (height: number, index: number): string => `receipt/${order(height)}/${order(index)}`,
} as const;

const text: Field<string> = {
  type: 'text',
  write: (value) => blob.write(utf8(value)),
  read(bytes, at) {
    const { value, next } = blob.read(bytes, at);
    return { value: fromUtf8(value), next };
  },
};

const MAX_LIST = 65535;
export const BLOCK_ROW = layout('block', { height: u53, timeMs: u53, txs: listField(blob, MAX_LIST) });
const RESULT = layout('result', { code: u8, error: text, detail: text });
export const RESULTS_ROW = layout('results', { results: listField(lengthPrefixed(RESULT), MAX_LIST) });

/** Leaf of the results tree: what a transaction came to. Messages stay out: they are for people. */
export function resultLeaf({ code, error }: TxResult): Uint8Array {
  return concatBytes(u8.write(code), utf8(error));
}
