/** Health, genesis, blocks, transactions. */
import { Type } from 'typebox';
import { MAX_TX_BYTES } from '../../ledger/transaction.ts';
import {
  Count,
  Hash,
  Height,
  Hex,
  Id,
  list,
  Micro,
  oneOf,
  orNull,
  PublicKey,
  ref,
  SignedHeaderHex,
  TimeMs,
} from './common.ts';

export const Health = Type.Object(
  {
    status: oneOf(['ok']),
    chain: Id,
    height: Count,
    timeMs: orNull(TimeMs),
    clockMs: TimeMs,
    stateRoot: Hash,
    appHash: Hash,
    poolSize: Count,
    backend: Type.String({ description: 'tfjs backend of this node, by name and version' }),
    version: Type.String(),
  },
  {
    $id: 'Health',
    description: 'where the chain stands; timeMs is the last block time, clockMs the clock of the node',
  },
);

export const Genesis = Type.Object(
  {
    chain: Id,
    cid: Type.String(),
    initialTimeMs: TimeMs,
    parameters: Type.Object(
      { dMs: Count, gMs: Count, lMs: Count, aMs: Count, sMs: Count },
      { description: 'interval D, gate G, lead L, greatest age A, skew S, ms' },
    ),
    services: list(Type.Object({ service: Type.String(), version: Count, fromMs: TimeMs })),
    operators: list(Id),
    accounts: list(Type.Object({ name: Id, publicKey: PublicKey, micro: Micro })),
    document: Hex,
  },
  { $id: 'Genesis', description: 'the genesis document, decoded and as its bytes' },
);

export const Header = Type.Object(
  {
    v: Count,
    chain: Id,
    height: Height,
    timeMs: TimeMs,
    previous: Hash,
    txCount: Count,
    txRoot: Hash,
    resultsRoot: Hash,
    receiptCount: Count,
    receiptsRoot: Hash,
    stateRoot: Hash,
    signer: PublicKey,
    signature: Hex,
    hash: Type.String({ description: 'SHA-256 of the header: the app hash' }),
  },
  { $id: 'Header', description: 'block header with the signature of the node' },
);

export const TxOutcome = Type.Object(
  {
    code: Type.Integer({ description: '0 accepted, 1 refused' }),
    error: Type.String({ description: 'code of the refusal, or empty' }),
    detail: Type.String(),
  },
  { $id: 'TxOutcome', description: 'what a transaction came to in its block' },
);

export const BlockTx = Type.Object(
  {
    hash: Hash,
    kind: Type.String({ description: 'transaction kind, `readings`, or `undecodable`' }),
    from: Type.String({ description: 'account or device, or empty' }),
    tx: Hex,
    result: ref(TxOutcome),
  },
  { $id: 'BlockTx', description: 'one transaction of a block and its result' },
);

export const Block = Type.Object(
  { header: ref(Header), signedHeader: SignedHeaderHex, txs: list(ref(BlockTx)) },
  { $id: 'Block', description: 'a committed block' },
);

export const BlockPage = Type.Object(
  { blocks: list(ref(Header)), next: orNull(Height) },
  { $id: 'BlockPage', description: 'headers in order of height, and the height that follows, if it is committed' },
);

export const Submission = Type.Object(
  {
    tx: Type.String({
      pattern: '^([0-9a-f]{2})*$',
      maxLength: 2 * MAX_TX_BYTES,
      description: 'transaction, lower-case hex',
    }),
  },
  { $id: 'Submission', additionalProperties: false, description: 'a signed transaction' },
);

export const Submitted = Type.Object(
  { hash: Hash, accepted: Type.Unsafe<true>({ type: 'boolean', const: true }) },
  { $id: 'Submitted', description: 'checked and waiting for a block' },
);

export const TxStatus = Type.Object(
  {
    hash: Hash,
    status: oneOf(['waiting', 'committed']),
    height: orNull(Height),
    index: orNull(Count),
    result: orNull(ref(TxOutcome)),
  },
  { $id: 'TxStatus', description: 'where a transaction stands' },
);
