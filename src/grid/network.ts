/** A balanced single-phase-equivalent network. Sign page: P > 0 export, Q > 0 injected; loads are positive in load columns only. */

export interface Bus {
  readonly id: number;
  readonly kind: 'slack' | 'pv' | 'pq';
  /** Nominal load. */
  readonly loadPW: number;
  readonly loadQVar: number;
  /** Voltage set point of slack and pv buses. */
  readonly vSetPu: number;
}

export interface Branch {
  readonly fromBus: number;
  readonly toBus: number;
  readonly rPu: number;
  readonly xPu: number;
}

export interface Network {
  readonly name: string;
  readonly provenance: string;
  readonly baseMva: number;
  readonly baseKv: number;
  readonly buses: readonly Bus[];
  readonly branches: readonly Branch[];
}
