/**
 * A balanced single-phase-equivalent network, as data. Sign page: P > 0 export, Q > 0 injected; loads are positive
 * in load columns only. Fields that are left out are what a plain feeder has: no shunt, no charging, no tap.
 */

export type BusKind = 'slack' | 'pv' | 'pq' | 'isolated';

export interface Bus {
  readonly id: number;
  readonly kind: BusKind;
  /** Nominal load. */
  readonly loadPW: number;
  readonly loadQVar: number;
  /** Voltage set point of slack and pv buses; on a pq bus where an iteration that starts from the case begins. */
  readonly vSetPu: number;
  /** Angle of the slack bus, and where an iteration that starts from the case begins; 0. */
  readonly vaDeg?: number;
  /** Shunt at 1 pu: power drawn by its conductance, reactive power injected by its susceptance; 0. */
  readonly shuntPW?: number;
  readonly shuntQVar?: number;
  readonly vMinPu?: number;
  readonly vMaxPu?: number;
  readonly baseKv?: number;
  readonly area?: number;
}

/** A line or transformer, pi model. The ideal transformer stands at the from side: V_from = tap e^(j shift) V_inner. */
export interface Branch {
  readonly fromBus: number;
  readonly toBus: number;
  readonly rPu: number;
  readonly xPu: number;
  /** Total charging susceptance; 0. */
  readonly bPu?: number;
  /** Off-nominal turns ratio; 1. */
  readonly tap?: number;
  /** Phase shift, a delay from `fromBus` to `toBus` when positive; 0. */
  readonly shiftDeg?: number;
  /** Apparent-power rating, VA; none when left out or 0. */
  readonly rateVa?: number;
  /** Left out: in service. */
  readonly inService?: boolean;
}

/** A machine or static source. On pv and slack buses it holds the bus's set point within its Q limits. */
export interface Generator {
  readonly bus: number;
  readonly pW: number;
  readonly qVar: number;
  readonly qMinVar: number;
  readonly qMaxVar: number;
  readonly pMinW: number;
  readonly pMaxW: number;
  readonly vSetPu: number;
  readonly inService?: boolean;
}

export interface Network {
  readonly name: string;
  /** Source of the data; lines apart where there are several. */
  readonly provenance: string;
  readonly licence?: string;
  readonly baseMva: number;
  readonly baseKv: number;
  readonly buses: readonly Bus[];
  readonly branches: readonly Branch[];
  readonly generators?: readonly Generator[];
  /** Where to draw a bus, by its id; x to the right, y down, any scale. */
  readonly layout?: Readonly<Record<number, readonly [x: number, y: number]>>;
}
