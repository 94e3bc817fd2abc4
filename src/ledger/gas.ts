/**
 * What a transaction may cost at most, known from its bytes alone, in gas (about one multiply-accumulate of
 * integer inference). Blocks are bounded by it, so that no sender decides how long a block takes.
 */
import { isGridPactError } from '../base/errors.ts';
import { shiftFloor } from '../base/fixed.ts';
import { SHORT_VECTORS } from '../contracts/policy/vectors.ts';
import { decodeTx, type DecodedTx } from './transaction.ts';

/** A signature, at the price of the slow path that a bad one takes. */
const SIGNATURE_GAS = 1000000;
const BYTE_GAS = 10;
const READING_GAS = 20000;
/** Settles every asset of a deployment anew. */
const CORRECTION_GAS = 2000000;
/** Fixed part of one inference, above its weights. */
const INFERENCE_GAS = 4000;

/** Room for a full block of plain transactions, or some eighteen of the largest policies. */
export const MAX_BLOCK_GAS = 6000000000;

export function txGas(bytes: Uint8Array): number {
  return SIGNATURE_GAS + BYTE_GAS * bytes.length + workGas(bytes);
}

function workGas(bytes: Uint8Array): number {
  let decoded: DecodedTx;
  try {
    decoded = decodeTx(bytes);
  } catch (error) {
    // Refused in execution for the same reason, at no further cost.
    if (isGridPactError(error)) return 0;
    throw error;
  }
  if (decoded.type === 'device') {
    let gas = 0;
    for (const { kind } of decoded.batch.readings) gas += kind === 'correction' ? CORRECTION_GAS : READING_GAS;
    return gas;
  }
  const { kind, body } = decoded.tx;
  if (kind === 'reading.correct') return CORRECTION_GAS;
  if (kind !== 'policy.register' || !(body['artifact'] instanceof Uint8Array)) return 0;
  // Two bytes a weight, so no artifact has more than half its bytes in weights.
  return SHORT_VECTORS * (INFERENCE_GAS + shiftFloor(body['artifact'].length, 1));
}
