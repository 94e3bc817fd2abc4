/**
 * The devices and the day of ANM6-Easy: three loads, a PV park, a wind farm and a storage unit on the six-bus network
 * `anm6`, with 96 quarter hours of load and of renewable potential.
 * Source: R. Henry and D. Ernst, "Gym-ANM: Reinforcement learning environments for active network management tasks in
 * electricity distribution systems", Energy and AI 5, 2021, 100092, arXiv 2103.07932; values as in gym-anm 2.0.1
 * (MIT licence, copyright (c) 2020 Robin Henry). Power in MW and Mvar, energy in MWh, as published; bus ids from 0.
 */
import type { CapabilityRating } from '../physics/capability.ts';

/** A load draws `qPerP` var per watt. `p` is negative: it follows the sign of every device here. */
interface LoadDevice {
  readonly id: number;
  readonly bus: number;
  readonly pMin: number;
  readonly qPerP: number;
  /** MW by slot of 15 min from midnight. */
  readonly p: readonly number[];
}

interface RenewableDevice {
  readonly id: number;
  readonly bus: number;
  readonly rating: CapabilityRating;
  /** MW that could be produced, by slot; beyond the rating it counts as the rating. */
  readonly potential: readonly number[];
}

interface StorageDevice {
  readonly id: number;
  readonly bus: number;
  readonly rating: CapabilityRating;
  readonly socMin: number;
  readonly socMax: number;
  /** Of charging and of discharging alike. */
  readonly efficiency: number;
}

export const ANM6_SLOTS = 96;
export const ANM6_SLOT_HOURS = 0.25;

/** Device 0 is the connection to the grid upstream, at the slack bus. */
export const ANM6_SLACK = { id: 0, bus: 0 } as const;

export const ANM6_LOADS: readonly LoadDevice[] = [
  // Homes, a factory, charging cars.
  {
    id: 1,
    bus: 3,
    pMin: -10,
    qPerP: 0.2,
    p: [
      -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1.5, -2,
      -2.5, -3, -3.5, -4, -4.5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -4.625, -4.25, -3.875, -3.5, -3.125,
      -2.75, -2.375, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2.375, -2.75, -3.125, -3.5, -3.875, -4.25,
      -4.625, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -5, -4.5, -4, -3.5, -3, -2.5, -2, -1.5, -1, -1, -1, -1,
    ],
  },
  {
    id: 3,
    bus: 4,
    pMin: -30,
    qPerP: 0.2,
    p: [
      -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4.75, -5.5,
      -6.25, -7, -7.75, -8.5, -9.25, -10, -10, -10, -10, -10, -10, -10, -10, -10, -10, -10, -10, -10, -11.25, -12.5,
      -13.75, -15, -16.25, -17.5, -18.75, -20, -20, -20, -20, -20, -20, -20, -20, -20, -20, -20, -20, -20, -18.75,
      -17.5, -16.25, -15, -13.75, -12.5, -11.25, -10, -10, -10, -10, -10, -10, -10, -10, -10, -10, -10, -10, -10, -9.25,
      -8.5, -7.75, -7, -6.25, -5.5, -4.75, -4, -4, -4, -4,
    ],
  },
  {
    id: 5,
    bus: 5,
    pMin: -30,
    qPerP: 0.2,
    p: [
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -3.125, -6.25, -9.375, -12.5, -15.625,
      -18.75, -21.875, -25, -25, -25, -25, -25, -25, -25, -25, -25, -25, -25, -25, -25, -21.875, -18.75, -15.625, -12.5,
      -9.375, -6.25, -3.125, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -3.125, -6.25, -9.375, -12.5, -15.625, -18.75,
      -21.875, -25, -25, -25, -25, -25, -25, -25, -25, -25, -25, -25, -25, -25, -21.875, -18.75, -15.625, -12.5, -9.375,
      -6.25, -3.125, 0, 0, 0, 0,
    ],
  },
];

export const ANM6_RENEWABLES: readonly RenewableDevice[] = [
  // Sun, wind.
  {
    id: 2,
    bus: 3,
    rating: { pMin: 0, pMax: 30, qMin: -30, qMax: 30, pPlus: 20, qPlus: 15, qMinus: -15 },
    potential: [
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4, 4,
      4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 7.25, 12.166666666666668, 17.083333333333336, 22, 26.916666666666668,
      31.833333333333336, 36.75, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 36.75, 31.833333333333336,
      26.916666666666668, 22, 17.083333333333336, 12.166666666666668, 7.25, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3.5,
      3, 2.5, 2, 1.5, 1, 0.5, 0, 0, 0, 0,
    ],
  },
  {
    id: 4,
    bus: 4,
    rating: { pMin: 0, pMax: 50, qMin: -50, qMax: 50, pPlus: 35, qPlus: 20, qMinus: -20 },
    potential: [
      40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 36.375, 32.75,
      29.125, 25.5, 21.875, 18.25, 14.625, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 14.725,
      18.333333333333332, 21.941666666666666, 25.549999999999997, 29.15833333333333, 32.766666666666666, 36.375, 40, 40,
      40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 36.375, 32.766666666666666, 29.15833333333333, 25.549999999999997,
      21.941666666666666, 18.333333333333332, 14.725, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 14.625, 18.25,
      21.875, 25.5, 29.125, 32.75, 36.375, 40, 40, 40, 40,
    ],
  },
];

export const ANM6_STORAGE: StorageDevice = {
  id: 6,
  bus: 5,
  rating: { pMin: -50, pMax: 50, qMin: -50, qMax: 50, pPlus: 30, pMinus: -30, qPlus: 25, qMinus: -25 },
  socMin: 0,
  socMax: 100,
  efficiency: 0.9,
};
