/** A site behind one inverter: PV, a battery, or both. Ratings are integers in the units the ledger keeps. */

export interface BatteryRating {
  readonly pMaxW: number;
  readonly eMaxWh: number;
  /** One-way efficiencies, 1e-6. */
  readonly etaChargeMicro: number;
  readonly etaDischargeMicro: number;
  readonly socMinMicro: number;
  readonly socMaxMicro: number;
}

export interface Asset {
  readonly id: string;
  readonly owner: string;
  readonly bus: number;
  readonly sMaxVa: number;
  readonly pvPeakW: number;
  readonly battery: BatteryRating;
}
