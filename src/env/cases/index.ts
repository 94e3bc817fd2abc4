/** The networks that come with the program, by name; each is parsed when it is first asked for. */
import { fail } from '../../base/errors.ts';
import type { Network } from '../../grid/network.ts';
import { ANM6_TEXT } from './anm6.ts';
import { parseCase } from './caseText.ts';
import { IEEE14_TEXT } from './ieee14.ts';
import { IEEE33 } from './ieee33.ts';
import { IEEE69_TEXT } from './ieee69.ts';
import { IEEE118_TEXT } from './ieee118.ts';

export const CASE_NAMES = ['ieee14', 'ieee33', 'ieee69', 'ieee118', 'anm6'] as const;
export type CaseName = (typeof CASE_NAMES)[number];

const SOURCES: Readonly<Record<CaseName, Network | string>> = {
  ieee14: IEEE14_TEXT,
  ieee33: IEEE33,
  ieee69: IEEE69_TEXT,
  ieee118: IEEE118_TEXT,
  anm6: ANM6_TEXT,
};

const parsed = new Map<CaseName, Network>();

export function isCaseName(name: string): name is CaseName {
  return CASE_NAMES.some((known) => known === name);
}

/** The same object every time. @throws `env.caseName`. */
export function caseNetwork(name: string): Network {
  if (!isCaseName(name)) throw fail('env.caseName', { expected: CASE_NAMES.join(', '), got: name });
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const source = SOURCES[name];
  const network = typeof source === 'string' ? parseCase(source) : source;
  parsed.set(name, network);
  return network;
}
