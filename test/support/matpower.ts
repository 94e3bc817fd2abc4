/** The shared data: MATPOWER case files through the reader of this project, and the solutions to compare with. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMatpower } from '../../src/env/cases/matpower.ts';
import type { Network } from '../../src/grid/network.ts';

export const SHARED = process.env['GRIDPACT_SHARED'] ?? join(import.meta.dirname, '../../../shared');

export function hasShared(path: string): boolean {
  return existsSync(join(SHARED, path));
}

export function readShared(path: string): string {
  return readFileSync(join(SHARED, path), 'utf8');
}

export interface GoldenFlow {
  readonly loss_mw: number;
  readonly loss_mvar: number;
  readonly bus: readonly (readonly [id: number, vmPu: number, vaDeg: number])[];
}

export function goldenFlow(name: string): GoldenFlow {
  return JSON.parse(readShared(`reference/powerflow/${name}.json`)) as GoldenFlow;
}

/** `case14`, `case141` ... of the shared data. */
export function matpowerCase(name: string): Network {
  return parseMatpower(readShared(`data/matpower/${name}.m`));
}

/** A distribution case without its open tie lines. */
export function radialCase(name: string): Network {
  const network = matpowerCase(name);
  return { ...network, branches: network.branches.filter(({ inService }) => inService !== false) };
}
