/**
 * The engine port: the call grammar of ABCI 2.0 between a consensus engine and the ledger.
 *   InitChain once -> per height: (PrepareProposal? ProcessProposal? ExtendVote? VerifyVoteExtension*)
 *   FinalizeBlock Commit; CheckTx, Query and Info at any time; zero proposal rounds when replaying.
 * Names follow the ABCI specification; heights and times are numbers because both are safe integers.
 * The ledger cannot tell which engine drives it.
 */
import type { GridPactError } from '../../base/errors.ts';
import type { BlockEvents } from '../context.ts';
import type { Header } from '../header.ts';

export interface InfoResponse {
  readonly version: string;
  readonly lastBlockHeight: number;
  readonly lastBlockAppHash: Uint8Array;
}

export interface InitChainRequest {
  readonly genesis: Uint8Array;
}

/** Code 0 is acceptance; otherwise `error` is a code of the errors table and `detail` its message. */
export interface TxResult {
  readonly code: 0 | 1;
  readonly error: string;
  readonly detail: string;
}

/** A check answers whoever sent the transaction, so it also gives the error itself, with its data. */
export interface CheckResult extends TxResult {
  readonly refusal: GridPactError | undefined;
}

export interface Block {
  readonly height: number;
  readonly timeMs: number;
  readonly txs: readonly Uint8Array[];
}

export interface FinalizeBlockResponse {
  readonly txResults: readonly TxResult[];
  readonly appHash: Uint8Array;
  readonly events: BlockEvents;
  /** What `appHash` is the hash of: an engine that signs needs it, any other ignores it. */
  readonly header: Header;
}

export interface QueryRequest {
  readonly path: string;
  readonly data: Readonly<Record<string, string | number>>;
}

export interface QueryResponse {
  readonly height: number;
  readonly value: unknown;
}

export interface Snapshot {
  readonly height: number;
  readonly format: number;
  readonly chunks: number;
  readonly hash: Uint8Array;
}

export interface Application {
  info(): InfoResponse;
  initChain(request: InitChainRequest): { readonly appHash: Uint8Array };
  checkTx(tx: Uint8Array): CheckResult;
  prepareProposal(block: Block, maxBytes: number): { readonly txs: readonly Uint8Array[] };
  processProposal(block: Block): { readonly status: 'accept' | 'reject'; readonly reason: string };
  /** What this node adds to its vote. State never depends on it unless it comes back as a transaction. */
  extendVote(block: Block): { readonly extension: Uint8Array };
  verifyVoteExtension(extension: Uint8Array): 'accept' | 'reject';
  finalizeBlock(block: Block): FinalizeBlockResponse;
  commit(): Promise<{ readonly retainHeight: number }>;
  query(request: QueryRequest): QueryResponse;
  /** Committed snapshots that can be served; the state of the last commit. */
  listSnapshots(): readonly Snapshot[];
  loadSnapshotChunk(height: number, format: number, chunk: number): Uint8Array;
  offerSnapshot(snapshot: Snapshot, appHash: Uint8Array): 'accept' | 'reject';
  applySnapshotChunk(index: number, chunk: Uint8Array): Promise<'accept' | 'retry' | 'reject'>;
}
