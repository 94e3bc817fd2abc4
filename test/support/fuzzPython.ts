/** Mutated artifacts before both loaders: the same are accepted, under the same names. */
import { toHex } from '../../src/base/bytes.ts';
import { isGridPactError } from '../../src/base/errors.ts';
import { loadArtifact } from '../../src/contracts/policy/codec.ts';
import { fuzzCase } from '../contracts/policy/artifactFuzz.ts';
import { gridpolicy } from './gridpolicy.ts';

export interface Differences {
  readonly accepted: number;
  /** Where one accepts and the other does not, or the CID differs. Which of several flaws is named is free. */
  readonly differences: readonly string[];
}

/** Cases from..from+count-1 of `fuzzArtifacts`. */
export function againstPython(seed: number, from: number, count: number): Differences {
  const cases = Array.from({ length: count }, (_, n) => fuzzCase(seed, from + n));
  const reference = cases.map(({ bytes }) => cidOrCode(bytes));
  const { status, stdout, stderr } = gridpolicy(['load'], cases.map(({ bytes }) => toHex(bytes)).join('\n') + '\n');
  if (status !== 0) throw new Error(`gridpolicy.py load: exit ${status}: ${stderr}`);
  const second = stdout.trimEnd().split('\n');
  const isSame = (a: string, b: string | undefined): boolean =>
    a.includes('.') ? b !== undefined && /^(cbor|policy)\.[a-zA-Z]+$/.test(b) : a === b;
  const differences = reference.flatMap((one, n) =>
    isSame(one, second[n]) ? [] : [`case ${from + n} (${cases[n]!.kind}): ${one} and ${second[n]}`],
  );
  return { accepted: reference.filter((one) => !one.includes('.')).length, differences };
}

function cidOrCode(bytes: Uint8Array): string {
  try {
    return loadArtifact(bytes).cid;
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
}
