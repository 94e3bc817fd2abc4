/**
 * State snapshots for a node that joins late: header, genesis and rows in key order, cut into chunks.
 * A snapshot is believed only after the state root of its rows equals that of its header, and the header's
 * hash the app hash that the engine trusts.
 */
import { concatBytes, equalBytes, fromHex, toHex } from '../base/bytes.ts';
import { isGridPactError } from '../base/errors.ts';
import { ceilDiv } from '../base/fixed.ts';
import { blob, layout, lengthPrefixed, u32 } from '../base/record.ts';
import type { Snapshot } from './engines/port.ts';
import { HEADER, headerHash, type Header } from './header.ts';
import type { CommittedState, StateKey } from './state.ts';
import { genesisTable } from './tables.ts';

const CHUNK_BYTES = 1048576;
export const SNAPSHOT_FORMAT = 1;

/** Before the rows: what they belong to and how many bytes they are. */
const PREFACE = layout('snapshot', { header: lengthPrefixed(HEADER), genesis: blob, rows: u32, bytes: u32 });

export interface SnapshotContent {
  readonly header: Header;
  readonly genesis: Uint8Array;
  readonly rows: readonly (readonly [StateKey, Uint8Array])[];
}

function serialise(state: CommittedState, header: Header): Uint8Array {
  const rows = state.scan('');
  const body = concatBytes(...rows.map(([key, value]) => concatBytes(blob.write(fromHex(key)), blob.write(value))));
  const genesis = genesisTable.get(state) ?? new Uint8Array(0);
  const preface = PREFACE.encode({ header, genesis, rows: rows.length, bytes: body.length });
  return concatBytes(blob.write(preface), body);
}

export function snapshotOf(state: CommittedState, header: Header): Snapshot {
  const chunks = ceilDiv(serialise(state, header).length, CHUNK_BYTES);
  return { height: header.height, format: SNAPSHOT_FORMAT, chunks, hash: headerHash(header) };
}

export function snapshotChunk(state: CommittedState, header: Header, chunk: number): Uint8Array {
  return serialise(state, header).slice(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES);
}

/** What all chunks together say; the caller checks the state root and the genesis. */
export function readSnapshot(chunks: readonly Uint8Array[], appHash: Uint8Array): SnapshotContent | 'damaged' {
  const bytes = concatBytes(...chunks);
  try {
    const preface = blob.read(bytes, 0);
    const { header, genesis, rows: count, bytes: length } = PREFACE.decode(preface.value);
    if (!equalBytes(headerHash(header), appHash)) return 'damaged';
    if (bytes.length !== preface.next + length) return 'damaged';
    const rows: [StateKey, Uint8Array][] = [];
    let at = preface.next;
    for (let i = 0; i < count; i++) {
      const key = blob.read(bytes, at);
      const value = blob.read(bytes, key.next);
      rows.push([toHex(key.value), value.value]);
      at = value.next;
    }
    return at === bytes.length ? { header, genesis, rows } : 'damaged';
  } catch (error) {
    if (isGridPactError(error)) return 'damaged';
    throw error;
  }
}
