/** Policies, deployments, accounts, assets, setpoints, receipts, proofs. */
import { Type } from 'typebox';
import {
  Cid,
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
  Quantities,
  ref,
  SignedHeaderHex,
  TimeMs,
} from './common.ts';

const Port = Type.Object({ name: Type.String(), unit: Type.String(), lo: Type.Integer(), hi: Type.Integer() });

export const PolicyRegistration = Type.Object(
  { cid: Cid, registrant: Id, vec4096: Hash, vec65536: Hash, gas: Count },
  { $id: 'PolicyRegistration', description: 'a registered policy: who, its self-test vectors, its cost a call' },
);

export const PolicyDetail = Type.Object(
  {
    cid: Cid,
    registrant: Id,
    vec4096: Hash,
    vec65536: Hash,
    gas: Count,
    bytes: Count,
    inputs: list(Port),
    outputs: list(Port),
    layers: list(Type.Object({ inSize: Count, outSize: Count, activation: Type.String() })),
    head: Type.String(),
    envelopes: Count,
  },
  { $id: 'PolicyDetail', description: 'a registered policy and what its artifact says; bounds are in the unit named' },
);

export const Deployment = Type.Object(
  {
    cid: Cid,
    policyCid: Cid,
    service: Type.String(),
    status: oneOf(['proposed', 'approved', 'active', 'suspended', 'expired', 'ended']),
    suspendReason: oneOf(['none', 'operator', 'underfunded', 'unsettled']),
    buyer: Id,
    assets: list(Id),
    offered: list(Id),
    operators: list(Id),
    k: Count,
    approvals: list(Id),
    notBeforeMs: TimeMs,
    notAfterMs: TimeMs,
    escrowMicro: Micro,
    reservedMicro: Micro,
    owedMicro: Micro,
  },
  { $id: 'Deployment', description: 'a deployment, its approvals and its money' },
);

export const DeploymentDetail = Type.Object(
  { deployment: ref(Deployment), outputCap: Count, terms: Type.Unknown(), document: Hex },
  { $id: 'DeploymentDetail', description: 'a deployment with its terms and the bytes that its CID names' },
);

export const Account = Type.Object(
  { name: Id, publicKey: PublicKey, nonce: Count, balanceMicro: Micro, receivableMicro: Micro },
  { $id: 'Account', description: 'an account; nonce is that of its next transaction' },
);

export const Asset = Type.Object(
  {
    asset: Id,
    owner: Id,
    deviceKey: PublicKey,
    bus: Count,
    sMaxVa: Count,
    pvPeakW: Count,
    pMaxW: Count,
    eMaxWh: Count,
    etaChargeMicro: Count,
    etaDischargeMicro: Count,
    socMinMicro: Count,
    socMaxMicro: Count,
    meter: Type.Object({ context: Count, counter: Count, gaps: Count }),
  },
  { $id: 'Asset', description: 'an enrolled asset, its ratings and the counter of its meter' },
);

export const Balances = Type.Object(
  { sumMicro: Micro, balances: list(Type.Object({ key: Hex, micro: Micro })) },
  { $id: 'Balances', description: 'every balance that is not zero; the sum is zero' },
);

export const StateProof = Type.Object(
  {
    key: Hex,
    value: orNull(Hex),
    siblings: list(Hash),
    leaf: orNull(Type.Object({ keyHash: Hash, valueHash: Hash })),
    signedHeader: SignedHeaderHex,
  },
  { $id: 'StateProof', description: 'what a state key holds, with its path to the state root of the signed header' },
);

export const Setpoint = Type.Object(
  {
    chain: Id,
    asset: Id,
    deployment: Cid,
    interval: Count,
    validFromMs: TimeMs,
    validToMs: TimeMs,
    values: list(Type.Integer()),
    fallback: Type.Boolean(),
    height: Height,
  },
  { $id: 'Setpoint', description: 'what one asset is to do in one interval' },
);

export const ProvedSetpoint = Type.Object(
  { setpoint: ref(Setpoint), proof: ref(StateProof) },
  { $id: 'ProvedSetpoint', description: 'a setpoint as a device takes it: with its proof and the signed header' },
);

const receiptFields = {
  height: Height,
  index: Count,
  deployment: Cid,
  asset: Id,
  owner: Id,
  interval: Count,
  startMs: TimeMs,
  service: Type.String(),
  formulaVersion: Count,
  status: oneOf(['paid', 'missing']),
  flags: list(Type.String()),
  revision: Count,
  setpoint: Quantities,
  measured: Quantities,
  score: Quantities,
  prices: Quantities,
  payMicro: Micro,
  penaltyMicro: Micro,
  hash: Hash,
};

export const Receipt = Type.Object(receiptFields, {
  $id: 'Receipt',
  description: 'one payment with everything that made it, and where it stands',
});

export const ReceiptPage = Type.Object(
  { receipts: list(ref(Receipt)), next: orNull(Type.String()) },
  { $id: 'ReceiptPage', description: 'receipts in the order they were issued; `next` is the cursor to go on with' },
);

export const ReceiptProof = Type.Object(
  { receipt: ref(Receipt), proof: Hex, signedHeader: SignedHeaderHex },
  { $id: 'ReceiptProof', description: 'a payment proof and the signed header it verifies against' },
);

const StatementLine = Type.Object({ ...receiptFields, superseded: Type.Boolean() });

export const Statement = Type.Object(
  {
    owner: Id,
    lines: list(StatementLine),
    payMicro: Micro,
    penaltyMicro: Micro,
    netMicro: Micro,
  },
  { $id: 'Statement', description: 'every payment to an owner; superseded lines are shown and not counted' },
);
