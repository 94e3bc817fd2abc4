/**
 * The one table of error codes. A code is stable: scripts and other nodes match on it.
 * docs/reference/errors.md is generated from this table and checked against it.
 */
// One entry a line, whatever its length: several hands merge and sort this table by line.
// prettier-ignore
export const ERRORS = {
  'account.balance': 'An account does not hold the money it would spend.',
  'account.exists': 'An account of that name exists already.',
  'account.key': 'A public key is not a canonical Ed25519 key of full order.',
  'account.unknown': 'No account of that name exists.',
  'agents.backend': 'No tfjs backend of the request loads, or its name is unknown.',
  'agents.dispatch': 'A dispatch plan does not exist: a price is negative, or the program has no solution.',
  'agents.diverged': 'Training produced a number that is not finite; it stops rather than go on from garbage.',
  'agents.droop': 'A droop parameter is outside its bounds.',
  'agents.evaluate': 'An evaluation has nothing to run, a policy that does not fit, or results that do not pair up or are not finite.',
  'agents.network': 'Layer sizes of a network are not positive integers or do not chain.',
  'agents.ppo': 'A PPO setting is outside its bounds, or does not fit the environment.',
  'agents.sac': 'A SAC setting is outside its bounds, or does not fit the environment.',
  'agents.suite': 'No evaluation suite has that id, or fits the inputs and outputs of the policy.',
  'api.bodySize': 'The body of a request is larger than any transaction.',
  'api.lead': 'The lead of this chain is too short for a node that follows a wall clock: its intervals would be missed.',
  'api.listen': 'The node cannot listen on that address and port.',
  'api.mediaType': 'The body of a request is of a media type that the route does not take.',
  'api.rate': 'Too many requests from one address; try again later.',
  'api.request': 'A request does not have the form that the API describes: see /docs.',
  'api.route': 'No route of that method and path exists.',
  'asset.enrolment': 'The device has not countersigned the enrolment of its asset.',
  'asset.exists': 'An asset of that id is registered already.',
  'asset.notOffered': 'The owner has not offered the asset to that deployment.',
  'asset.unknown': 'No asset of that id is registered.',
  'base.base64': 'A byte string in base64 is malformed: RFC 4648 with padding.',
  'base.hex': 'A byte string in hex is malformed: lower-case digits, even length.',
  'base.integer': 'A number that must be a safe integer inside given bounds is not.',
  'base.unit': 'A quantity with a unit could not be read, or its unit is of the wrong dimension.',
  'block.invalid': 'A block does not follow the committed chain: height, time or bounds.',
  'block.unknown': 'No block of that height is committed.',
  'cbor.bounds': 'A document exceeds the byte, nesting or item bounds, or holds a forbidden item (float, tag, null, boolean).',
  'cbor.canonical': 'A document decodes, but its bytes are not the one canonical encoding of its content.',
  'cbor.malformed': 'A document is not DAG-CBOR.',
  'certificate.claim': 'The bound that a certificate claims is not the one that its leaves prove, or does not settle the property.',
  'certificate.gas': 'Checking a certificate would cost more than any may.',
  'certificate.policy': 'A certificate is for another policy.',
  'certificate.property': 'A certificate is for another property.',
  'certificate.schema': 'A certificate lacks a key, has an unknown one, or holds a value of the wrong kind or size.',
  'certificate.tree': 'The split tree of a certificate is malformed, or splits what cannot be split.',
  'certificate.version': 'The version of a certificate is not supported.',
  'certificate.witness': 'The witness of a certificate is outside the boxes of the property, or does not reach the bound.',
  'cid.malformed': 'A CID is not CIDv1 / dag-cbor / sha2-256 in lower-case base32.',
  'cli.file': 'A file named on the command line cannot be read, or does not hold what it must.',
  'cli.node': 'The node cannot be reached, or does not answer as a node.',
  'cli.usage': 'The command line could not be read: see --help.',
  'deployment.buyerIsOperator': 'The buyer of a service may not be among the operators who approve it.',
  'deployment.document': 'A deployment document does not have the required shape.',
  'deployment.duplicateApproval': 'This operator has approved already.',
  'deployment.exists': 'That deployment has been proposed already.',
  'deployment.expired': 'The deployment is past its notAfter.',
  'deployment.limit': 'The ledger holds as many deployments as it may.',
  'deployment.notActive': 'The deployment has no setpoint for that interval: not begun, suspended, or missed.',
  'deployment.notApproved': 'The deployment lacks approvals, or has ended.',
  'deployment.notOperator': 'Only an operator named in the deployment may do this.',
  'deployment.operator': 'An operator named in the deployment is not an operator of this ledger.',
  'deployment.policyUnit': 'The policy does not produce the one output that the service needs.',
  'deployment.status': 'The deployment is not in the state that this action needs.',
  'deployment.unknown': 'No deployment of that CID has been proposed.',
  'env.action': 'An action is not finite, or actions have the wrong count.',
  'env.battery': 'A curve of a battery is malformed, or more power would store or draw less energy.',
  'env.caseFile': 'A MATPOWER case file cannot be read, or is not of format version 2; the line is named.',
  'env.caseName': 'No built-in case has that name.',
  'env.caseText': 'A case in the text format of this project cannot be read or written; the line is named.',
  'env.check': 'An environment does not keep the contract that its users rely on.',
  'env.ended': 'step() after the end of an episode: call reset() first.',
  'env.fleet': 'A fleet file cannot be read, or a field of it does not hold; the path is named.',
  'env.frequency': 'Parameters of a frequency model are out of bounds or do not fit each other.',
  'env.interface': 'The interface of a task does not fit itself: an unknown channel, a unit, a range, a table or an index.',
  'env.network': 'A network cannot be solved: no slack bus, a repeated bus id, a value that is not finite, no impedance.',
  'env.networkNotRadial': 'A network is not one tree hanging from one slack bus.',
  'env.powerFlowDiverged': 'No power-flow solution was found: the loads may be more than the network can carry.',
  'env.recording': 'A recording is damaged, or an environment does not live it again as it was recorded.',
  'env.render': 'What is to be drawn does not fit together, or is too large to draw.',
  'env.series': 'Series of loads and PV do not fit the network, the sites or each other.',
  'env.sites': 'Sites behind inverters do not fit the network or have impossible ratings.',
  'env.space': 'A space is empty, has bounds out of order, or a value does not have the form of its space.',
  'env.state': 'A saved state is damaged, cannot be written as JSON, or belongs to another environment.',
  'env.step': 'An interval outside the series was asked for.',
  'env.taskArgument': 'An argument of a task is unknown or out of bounds.',
  'env.taskId': 'The id of a task is not of the form name-v1, or is taken.',
  'env.unknownBus': 'A bus id names no bus of the network.',
  'env.unknownTask': 'No task is registered under this id.',
  'env.voltVarCurve': 'A volt-var curve must have ascending voltage knots and shares that never rise.',
  'env.wear': 'A sample or a parameter of a wear model is not finite or out of bounds.',
  'env.wrapper': 'A wrapper does not fit the environment it is put around, or its arguments are out of bounds.',
  'escrow.notBuyer': 'Only the buyer may withdraw from the escrow of a deployment.',
  'escrow.overdrawn': 'The escrow does not hold the money to be withdrawn.',
  'freeze.calibration': 'Calibration observations are not whole finite rows of normalised inputs.',
  'freeze.gate': 'A frozen policy is further from its float policy than the gate of the freeze allows.',
  'freeze.options': 'An option of the freeze is out of bounds.',
  'freeze.scale': 'A layer cannot be brought to integers: no shift in 0..30 keeps its weights and row sums in range.',
  'freeze.schedule': 'A schedule cannot be made into a policy: its knots, powers or state-of-charge limits do not fit.',
  'freeze.shape': 'The layers of a float policy do not fit each other or the interface, or an activation stands where it cannot.',
  'freeze.weights': 'A weight or bias of a float policy is not finite.',
  'genesis.malformed': 'A genesis document does not have the required shape.',
  'genesis.mismatch': 'A store belongs to another genesis.',
  'keys.exists': 'A key file of that name exists, and key files are never overwritten.',
  'keys.malformed': 'A key file is not one: its fields, or its public key does not belong to its secret.',
  'keys.missing': 'There is no key file of that name.',
  'keys.name': 'A key name is not 1..32 of [a-z0-9._-], starting with a letter or digit.',
  'keys.permissions': 'A key file with a secret can be read by others than its owner.',
  'money.unbalanced': 'Entries of a posting do not sum to zero. This is a bug: please report it.',
  'offer.conflict': 'The asset is offered to another living deployment of the same service.',
  'offer.notInDeployment': 'The deployment does not name that asset.',
  'offer.notOwner': 'Only the owner of an asset may offer it or withdraw it.',
  'onnx.graph': 'An ONNX graph is not one chain from an input to the chosen output, or the output must be chosen.',
  'onnx.interface': 'An ONNX network and the interface of a task differ in the number of inputs or outputs.',
  'onnx.limits': 'An ONNX file is too large, or its network larger than a policy can be.',
  'onnx.malformed': 'The bytes are not a readable ONNX file.',
  'onnx.operator': 'An ONNX node on the way to the output cannot become part of a policy; the node is named.',
  'onnx.shape': 'Shapes in an ONNX graph do not fit each other or a policy.',
  'onnx.tensor': 'A constant of an ONNX graph cannot be used: type, length, data outside the file, or a value that is not finite.',
  'policy.envelope': 'An envelope of a policy artifact is invalid: source, knots, bounds or a segment.',
  'policy.exists': 'That policy is registered already.',
  'policy.fallback': 'A fallback entry of a policy artifact is invalid: count, source, knots, values or a segment.',
  'policy.head': 'The head of a policy artifact does not fit its last layer, or its action table leaves the output bounds.',
  'policy.layers': 'The layers of a policy artifact do not fit each other, or an activation stands where it cannot.',
  'policy.limits': 'A policy artifact exceeds a size limit.',
  'policy.name': 'A name in a policy artifact is malformed or used twice.',
  'policy.overflow': 'A row of a policy artifact could leave 32-bit integers.',
  'policy.range': 'A constant of a policy artifact is outside its bounds.',
  'policy.schema': 'A policy artifact lacks a key, has an unknown one, or holds a value of the wrong kind.',
  'policy.selfTest': 'This node does not compute what the policy specification says; it must sign nothing.',
  'policy.state': 'A state entry of a policy artifact is invalid.',
  'policy.tensor': 'A tensor of a policy artifact has the wrong length or a forbidden value.',
  'policy.unit': 'A unit in a policy artifact is not in the closed list.',
  'policy.unknown': 'No policy of that CID is registered.',
  'policy.vectors': 'The stated self-test vectors are not what the reference executor computes.',
  'policy.version': 'The version of a policy artifact is not supported.',
  'pool.full': 'The pool of waiting transactions is full; try again after the next block.',
  'proof.invalid': 'A proof does not verify against the given header.',
  'proof.malformed': 'A proof document does not have the required shape.',
  'property.mismatch': 'A property is about other inputs or outputs than those of the policy.',
  'property.schema': 'A property lacks a key, has an unknown one, or holds a value of the wrong kind or size.',
  'property.version': 'The version of a property is not supported.',
  'query.data': 'A query lacks a field or has one of the wrong type.',
  'query.path': 'No query of that path exists.',
  'reading.counter': 'A reading counter does not advance: a replay, or readings out of order.',
  'reading.future': 'A reading is ahead of block time by more than the allowed skew.',
  'reading.intervalClosed': 'A plain meter reading came after its interval was closed; send a correction.',
  'reading.intervalOpen': 'A correction names an interval that is not closed yet.',
  'reading.notAuthority': 'Only the metering authority (a chain operator) may correct a reading by transaction.',
  'reading.signature': 'A device batch does not carry a valid signature of its device for this chain.',
  'reading.stale': 'An observation is older than the greatest age allowed.',
  'reading.tooLate': 'A correction came after the correction window of its interval.',
  'receipt.unknown': 'No receipt for that deployment, asset and interval exists.',
  'record.malformed': 'A fixed-layout record has the wrong length or a field outside its bounds.',
  'series.header': 'The header of a CSV series lacks columns it must have, or repeats one.',
  'series.rows': 'Too many rows of a CSV series cannot be read; each is named with its line.',
  'series.schema': 'The schema of a data folder is malformed, or names a file that is not there.',
  'service.terms': 'The terms of a deployment do not fit its service.',
  'service.unknown': 'No formula of that service and version exists.',
  'signature.domain': 'A signing domain or chain id is not an id.',
  'signature.secret': 'A secret key is not 32 bytes.',
  'store.damaged': 'A stored row cannot be read, or does not match what was committed.',
  'store.locked': 'The store is open in another process.',
  'store.missing': 'There is no ledger in that directory.',
  'train.checkpoint': 'A training checkpoint is damaged, or belongs to another recipe, seed, number of steps or backend.',
  'train.recipe': 'A training recipe lacks a field, has an unknown one, or holds a value out of bounds.',
  'train.run': 'A training run cannot begin or go on in that folder.',
  'train.sweep': 'A sweep lacks a field, has an unknown one, holds a value out of bounds, or another sweep is in its folder.',
  'twin.refused': 'The ledger refused a transaction of the simulation itself. This is a bug: please report it.',
  'tx.chain': 'A transaction names another chain.',
  'tx.duplicate': 'A transaction is waiting in the pool or committed already.',
  'tx.kind': 'A transaction is of no known kind.',
  'tx.malformed': 'A transaction does not have the required shape.',
  'tx.nonce': 'A transaction nonce is not the next one of its account.',
  'tx.signature': 'A transaction does not carry a valid signature of its account for this chain.',
  'tx.size': 'A transaction is empty or too large.',
  'tx.unknown': 'No transaction of that hash is waiting, or was committed of late.',
  'verify.budget': 'A budget of a proof search is not positive.',
  'verify.suite': 'A suite of properties lacks a field, has an unknown one, or names what the policy does not have.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetail {
  readonly expected?: unknown;
  readonly got?: unknown;
  readonly cause?: unknown;
}

/** An error a user can act on: a stable code, what was expected, what was got. */
export class GridPactError extends Error {
  readonly code: ErrorCode;
  readonly expected: unknown;
  readonly got: unknown;

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(describe(code, detail), detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'GridPactError';
    this.code = code;
    this.expected = detail.expected;
    this.got = detail.got;
  }
}

/** `throw fail(code, { expected, got })`. */
export function fail(code: ErrorCode, detail: ErrorDetail = {}): GridPactError {
  return new GridPactError(code, detail);
}

export function isGridPactError(error: unknown, code?: ErrorCode): error is GridPactError {
  return error instanceof GridPactError && (code === undefined || error.code === code);
}

function describe(code: ErrorCode, { expected, got }: ErrorDetail): string {
  const parts = [`${code}: ${ERRORS[code]}`];
  if (expected !== undefined) parts.push(`expected ${show(expected)}`);
  if (got !== undefined) parts.push(`got ${show(got)}`);
  return parts.join(' | ');
}

function show(value: unknown): string {
  if (typeof value === 'string') return value;
  const text = JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? v.toString() : v));
  return text ?? String(value);
}
