/** Just enough of MATPOWER's case format for the radial cases in the shared data: the tables and their unit lines. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

function matrix(text: string, name: string): number[][] {
  const body = text.split(`mpc.${name} = [`)[1]!.split('];')[0]!;
  return body
    .split('\n')
    .map((line) => line.replace(/%.*/, '').replace(/;/g, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.split(/\s+/).map(Number));
}

/** A distribution case: impedances in ohm, loads in kW (or kVA at power factor 0.85 where the file says so). */
export function radialCase(name: string): Network {
  const text = readShared(`data/matpower/${name}.m`);
  const baseMva = Number(/mpc\.baseMVA = ([\d.]+)/.exec(text)![1]);
  const buses = matrix(text, 'bus');
  const baseKv = buses[0]![9]!;
  const ohm = (baseKv * baseKv) / baseMva;
  const powerFactor = /pf = 0\.85/.test(text) ? 0.85 : undefined;
  return {
    name,
    provenance: 'MATPOWER 8',
    baseMva,
    baseKv,
    buses: buses.map(([id, type, p, q]) => ({
      id: id!,
      kind: type === 3 ? 'slack' : 'pq',
      loadPW: p! * 1000 * (powerFactor ?? 1),
      loadQVar: powerFactor === undefined ? q! * 1000 : p! * 1000 * Math.sin(Math.acos(powerFactor)),
      vSetPu: 1,
    })),
    branches: matrix(text, 'branch')
      .filter((row) => row[10] === 1)
      .map(([fromBus, toBus, r, x]) => ({ fromBus: fromBus!, toBus: toBus!, rPu: r! / ohm, xPu: x! / ohm })),
  };
}
