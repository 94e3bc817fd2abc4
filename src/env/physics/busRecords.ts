/**
 * Fields of the bus records that solvers of a tree share, one record a bus in the order of treeChains.ts: complex voltage, current
 * from the parent, net injection, impedance of the branch above; all pu.
 */
export const RECORD = 8;
export const V_RE = 0;
export const V_IM = 1;
export const J_RE = 2;
export const J_IM = 3;
export const P = 4;
export const Q = 5;
export const R = 6;
export const X = 7;
