/**
 * Rotors (areas or single machines) on a linearised network: swing equations, governors, turbines, ties, AGC.
 * Everything is a deviation from the operating point, per unit on each rotor's own base; angles in rad.
 *
 *   2H dw/dt   = Pm + share (S_port / S) (injection - demand) - D w - Ptie (S_tie / S)
 *   dd_i/dt    = 2 pi f0 (w_i - w_0)                       angles relative to rotor 0
 *   Ptie_i     = sum_j K_ij d_j                             out of rotor i, on the base of the coupling
 *   Tg dPv/dt  = ref - w / R - Pv
 *   Tt dPt/dt  = Pv - Pt
 *   Tr dPr/dt  = Pt - Pr,   Pm = F Pt + (1 - F) Pr          reheat (Anderson & Mirheydar 1990)
 *   ACE        = Ptie (S_tie / S) + B w,   ref = u - Kp ACE - Ki integral(ACE)
 *
 * Two areas with K = T12 [[1, -1], [-1, 1]] on S1 are area 1 with - Ptie and area 2 with + (S1/S2) Ptie.
 * Time constants of 0 are allowed for governor and turbine: with both 0 and reheat, the system frequency response model.
 */
import { fail } from '../../../base/errors.ts';
import { BlockDiagram, type LinearSystem, type Row } from './linearSystem.ts';

export interface Governor {
  /** Droop, pu frequency per pu power on the rotor's base. */
  readonly rPu: number;
  /** Governor and turbine (steam chest) lags, s; 0 passes through. */
  readonly tGovernorS: number;
  readonly tTurbineS: number;
  /** Reheat lag, s, and the share of power made before the reheater. */
  readonly reheat?: { readonly tS: number; readonly highPressureShare: number } | undefined;
}

/** Automatic generation control: PI on the area control error. */
export interface Agc {
  /** Frequency bias B, pu power per pu frequency on the rotor's base; beta = 1/R + D keeps areas out of each other's business. */
  readonly biasPu: number;
  readonly kp: number;
  readonly kiPerS: number;
}

export interface Rotor {
  readonly baseMva: number;
  /** Inertia constant, s. */
  readonly hS: number;
  /** Damping, pu power per pu frequency. */
  readonly dPu: number;
  readonly governor?: Governor | undefined;
  readonly agc?: Agc | undefined;
}

/** Synchronising power, pu per rad on `baseMva`, row-major rotors x rotors; symmetric, rows sum to 0. */
export interface Coupling {
  readonly baseMva: number;
  readonly perRad: Float64Array;
}

/** A place where power comes in or goes out: each rotor takes its share of it, and the place has that mean frequency. */
export interface Port {
  readonly baseMva: number;
  /** By rotor; sum to 1. */
  readonly shares: readonly number[];
}

export interface RotorSystemParameters {
  readonly f0Hz: number;
  readonly rotors: readonly Rotor[];
  /** Needed for more than one rotor. */
  readonly coupling?: Coupling | undefined;
  readonly ports: readonly Port[];
}

/** Inputs of `linear`: power into each port (pu of the port), then the secondary reference of each rotor (pu of the rotor). */
export interface RotorSystem {
  readonly parameters: RotorSystemParameters;
  /** States 0..rotors-1 are the frequency deviations, pu. */
  readonly linear: LinearSystem;
  /** Mechanical power, and power sent over ties, by rotor, pu of the rotor. */
  readonly mechanical: readonly Row[];
  readonly tie: readonly Row[];
}

const TWO_PI = 6.283185307179586;
/** Governor, turbine, reheat, AGC integral, frequency, angle. */
const STATES_PER_ROTOR = 6;

/** Two areas over one tie of `t12` pu per rad on the base of area 1. */
export function tieLine(t12PuPerRad: number, baseMva: number): Coupling {
  return { baseMva, perRad: Float64Array.of(t12PuPerRad, -t12PuPerRad, -t12PuPerRad, t12PuPerRad) };
}

/** @throws `env.frequency`. */
export function rotorSystem(parameters: RotorSystemParameters): RotorSystem {
  checkParameters(parameters);
  const { rotors, ports } = parameters;
  const diagram = new BlockDiagram(rotors.length * STATES_PER_ROTOR, ports.length + rotors.length);
  const speeds = rotors.map(() => diagram.state());
  const speedRows = speeds.map(({ row }) => row);
  const tie = tieRows(diagram, parameters, speedRows);
  const mechanical = rotors.map((rotor, i) =>
    mechanicalRow(diagram, rotor, speedRows[i]!, tie[i]!, diagram.input(ports.length + i)),
  );
  rotors.forEach((rotor, i) => {
    const gain = 1 / (2 * rotor.hS);
    const injected = ports.map(
      (port, p) => [(gain * port.shares[i]! * port.baseMva) / rotor.baseMva, diagram.input(p)] as const,
    );
    const terms = [
      [gain, mechanical[i]!] as const,
      [-gain * rotor.dPu, speedRows[i]!] as const,
      [-gain, tie[i]!] as const,
    ];
    diagram.follows(speeds[i]!.index, diagram.sum(...terms, ...injected));
  });
  const trim = (row: Row): Row => diagram.trim(row);
  return { parameters, linear: diagram.build(), mechanical: mechanical.map(trim), tie: tie.map(trim) };
}

/** Power out over the ties on each rotor's own base; angles relative to rotor 0 stay bounded, absolute ones do not. */
function tieRows(diagram: BlockDiagram, parameters: RotorSystemParameters, speeds: readonly Row[]): Row[] {
  const { rotors, coupling, f0Hz } = parameters;
  if (coupling === undefined) return rotors.map(() => diagram.sum());
  const angles = rotors.map((_, i) => {
    if (i === 0) return diagram.sum();
    const { index, row } = diagram.state();
    diagram.follows(index, diagram.sum([TWO_PI * f0Hz, speeds[i]!], [-TWO_PI * f0Hz, speeds[0]!]));
    return row;
  });
  return rotors.map((rotor, i) => {
    const toOwnBase = coupling.baseMva / rotor.baseMva;
    const terms = angles.map((angle, j) => [toOwnBase * coupling.perRad[i * rotors.length + j]!, angle] as const);
    return diagram.sum(...terms);
  });
}

function mechanicalRow(diagram: BlockDiagram, rotor: Rotor, speed: Row, tie: Row, secondary: Row): Row {
  const { governor, agc } = rotor;
  const reference = agc === undefined ? secondary : diagram.sum([1, secondary], [1, agcRow(diagram, agc, speed, tie)]);
  if (governor === undefined) return reference;
  const valve = diagram.lag(diagram.sum([1, reference], [-1 / governor.rPu, speed]), governor.tGovernorS);
  const turbine = diagram.lag(valve, governor.tTurbineS);
  if (governor.reheat === undefined) return turbine;
  const { tS, highPressureShare } = governor.reheat;
  const reheated = diagram.lag(turbine, tS);
  return diagram.sum([highPressureShare, turbine], [1 - highPressureShare, reheated]);
}

function agcRow(diagram: BlockDiagram, agc: Agc, speed: Row, tie: Row): Row {
  const error = diagram.sum([1, tie], [agc.biasPu, speed]);
  if (agc.kiPerS === 0) return diagram.sum([-agc.kp, error]);
  const { index, row } = diagram.state();
  diagram.follows(index, error);
  return diagram.sum([-agc.kp, error], [-agc.kiPerS, row]);
}

function checkParameters({ f0Hz, rotors, coupling, ports }: RotorSystemParameters): void {
  const n = rotors.length;
  need(f0Hz > 0 && n >= 1, 'f0Hz > 0 and at least one rotor', { f0Hz, rotors: n });
  for (const rotor of rotors) checkRotor(rotor);
  need(n === 1 || coupling !== undefined, 'a coupling of several rotors', coupling);
  if (coupling !== undefined) checkCoupling(coupling, n);
  for (const { baseMva, shares } of ports) {
    const total = shares.reduce((a, b) => a + b, 0);
    need(baseMva > 0 && shares.length === n, `a port with baseMva > 0 and ${n} shares`, { baseMva, shares });
    need(Math.abs(total - 1) <= 1e-9, 'shares of a port that sum to 1', total);
  }
}

function checkRotor(rotor: Rotor): void {
  const { governor } = rotor;
  need(rotor.baseMva > 0 && rotor.hS > 0 && rotor.dPu >= 0, 'baseMva > 0, hS > 0, dPu >= 0', rotor);
  if (governor === undefined) return;
  const lags = [governor.tGovernorS, governor.tTurbineS, governor.reheat?.tS ?? 0];
  need(governor.rPu > 0 && lags.every((t) => t >= 0 && t < Infinity), 'rPu > 0 and lags >= 0 s', governor);
}

function checkCoupling({ baseMva, perRad }: Coupling, n: number): void {
  need(baseMva > 0 && perRad.length === n * n, `baseMva > 0 and ${n} x ${n} coefficients`, perRad.length);
  const scale = Math.max(...perRad.map(Math.abs), 1e-300);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) {
      sum += perRad[i * n + j]!;
      const skew = perRad[i * n + j]! - perRad[j * n + i]!;
      need(Math.abs(skew) <= 1e-9 * scale, 'a symmetric coupling', { i, j, skew });
    }
    need(Math.abs(sum) <= 1e-9 * scale, 'rows of the coupling that sum to 0', { i, sum });
  }
}

function need(holds: boolean, expected: string, got: unknown): void {
  if (!holds) throw fail('env.frequency', { expected, got });
}
