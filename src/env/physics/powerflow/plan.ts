/**
 * What Newton's method needs to know of a network and never changes: elimination order, LU programs, admittances in
 * that order, and where every block of the Jacobian goes. Made once per compiled network and shared.
 */
import { BUS, type PowerFlowModel } from './admittance.ts';
import { BlockLu } from './blockLu.ts';
import { eliminationOrder } from './ordering.ts';

/** Blocks that are rebuilt at every assembly: Y_ij and where it goes. */
export interface BlockList {
  /** Triples: slot of row bus, slot of column bus, place among the values. */
  readonly index: Int32Array;
  readonly y: Float64Array;
}

/** Indices are positions unless said otherwise; a slot is twice a position. */
export interface NewtonPlan {
  readonly model: PowerFlowModel;
  readonly lu: BlockLu;
  /** Buses to solve for, then slack buses; dead buses have no position. */
  readonly unknownCount: number;
  readonly liveCount: number;
  readonly busAt: Int32Array;
  /** By bus; -1 when dead. */
  readonly positionOf: Int32Array;
  /** 1: pv. */
  readonly isPv: Uint8Array;
  /** Unknowns of each bus: 2, or 1 where the magnitude is held for good. */
  readonly size: Uint8Array;
  /** Y without its diagonal, columns as slots; values and diagonal as [re, im]. */
  readonly rowStart: Int32Array;
  readonly column: Int32Array;
  readonly y: Float64Array;
  readonly diagonal: Float64Array;
  /** Where diagonal blocks stand among the values. */
  readonly diagonalAt: Int32Array;
  /** The constant blocks, and zeros where fill will come. */
  readonly constant: Float64Array;
  readonly pvRowPqColumn: BlockList;
  readonly pqRowPvColumn: BlockList;
  readonly pvRowPvColumn: BlockList;
  /** Rows of buses whose magnitude may be held or free. */
  readonly switchable: BlockList;
  /**
   * The smallest mismatch that voltages of double precision can resolve here, pu: a unit in the last place of a
   * voltage near 1 moves the power of bus i by |Y_ii| times it.
   */
  readonly attainablePu: number;
}

const plans = new WeakMap<PowerFlowModel, Map<boolean, NewtonPlan>>();

/** @param switchable pv buses keep two unknowns, so that they may be let go and held again */
export function newtonPlan(model: PowerFlowModel, switchable: boolean): NewtonPlan {
  const known = plans.get(model) ?? new Map<boolean, NewtonPlan>();
  plans.set(model, known);
  const plan = known.get(switchable) ?? makePlan(model, switchable);
  known.set(switchable, plan);
  return plan;
}

function makePlan(model: PowerFlowModel, switchable: boolean): NewtonPlan {
  const unknown = busesOf(model, (kind) => kind === BUS.pq || kind === BUS.pv);
  const slack = busesOf(model, (kind) => kind === BUS.slack);
  const sizes = unknown.map((k) => (model.kind[k] === BUS.pv && !switchable ? 1 : 2));
  const elimination = eliminationOrder(graphOf(model, unknown), sizes);
  const lu = new BlockLu(elimination, sizes);
  const busAt = Int32Array.from([...Array.from(elimination.order, (node) => unknown[node]!), ...slack]);
  const positionOf = new Int32Array(model.busCount).fill(-1);
  busAt.forEach((bus, k) => (positionOf[bus] = k));
  const isPv = Uint8Array.from(busAt, (bus) => (model.kind[bus] === BUS.pv ? 1 : 0));
  const size = Uint8Array.from(elimination.order, (node) => sizes[node]!);
  const rows = permutedRows(model, busAt, positionOf);
  const blocks = (wanted: (i: number, j: number) => boolean): BlockList => blockList(rows, lu, wanted);
  const small = (k: number): boolean => size[k] === 1;
  return {
    model,
    lu,
    unknownCount: unknown.length,
    liveCount: busAt.length,
    busAt,
    positionOf,
    isPv,
    size,
    ...rows,
    diagonalAt: Int32Array.from(size, (_, k) => lu.offset(k, k)),
    constant: constantValues(
      lu,
      blocks((i, j) => !small(i) && !small(j)),
    ),
    pvRowPqColumn: blocks((i, j) => small(i) && !small(j)),
    pqRowPvColumn: blocks((i, j) => !small(i) && small(j)),
    pvRowPvColumn: blocks((i, j) => small(i) && small(j)),
    switchable: blocks((i) => isPv[i] === 1 && !small(i)),
    attainablePu: 2 * Number.EPSILON * largestModulus(rows.diagonal),
  };
}

type AdmittanceRows = Pick<NewtonPlan, 'rowStart' | 'column' | 'y' | 'diagonal'>;

function blockList(rows: AdmittanceRows, lu: BlockLu, wanted: (i: number, j: number) => boolean): BlockList {
  const index: number[] = [];
  const y: number[] = [];
  for (let i = 0; i < lu.nodeCount; i++) {
    for (let t = rows.rowStart[i]!; t < rows.rowStart[i + 1]!; t++) {
      const j = rows.column[t]! / 2;
      if (j >= lu.nodeCount || !wanted(i, j)) continue;
      index.push(2 * i, 2 * j, lu.offset(i, j));
      y.push(rows.y[2 * t]!, rows.y[2 * t + 1]!);
    }
  }
  return { index: Int32Array.from(index), y: Float64Array.from(y) };
}

/** Y_ij dV_j as a real 2x2 block. */
function constantValues(lu: BlockLu, { index, y }: BlockList): Float64Array {
  const values = new Float64Array(lu.valueCount);
  for (let t = 0; t < index.length / 3; t++) {
    values.set([y[2 * t]!, -y[2 * t + 1]!, y[2 * t + 1]!, y[2 * t]!], index[3 * t + 2]!);
  }
  return values;
}

function busesOf(model: PowerFlowModel, wanted: (kind: number) => boolean): number[] {
  return Array.from(model.kind.keys()).filter((k) => wanted(model.kind[k]!));
}

/** Neighbours among the buses to solve for, by their place in that list. */
function graphOf(model: PowerFlowModel, unknown: readonly number[]): number[][] {
  const node = new Int32Array(model.busCount).fill(-1);
  unknown.forEach((bus, k) => (node[bus] = k));
  return unknown.map((bus) =>
    Array.from(model.column.subarray(model.rowStart[bus]!, model.rowStart[bus + 1]!), (j) => node[j]!).filter(
      (k) => k >= 0 && unknown[k] !== bus,
    ),
  );
}

/** Y in elimination order, the diagonal apart; columns as slots, twice the position. */
function permutedRows(model: PowerFlowModel, busAt: Int32Array, positionOf: Int32Array): AdmittanceRows {
  const rowStart = new Int32Array(busAt.length + 1);
  const diagonal = new Float64Array(2 * busAt.length);
  const column: number[] = [];
  const y: number[] = [];
  busAt.forEach((bus, i) => {
    for (let t = model.rowStart[bus]!; t < model.rowStart[bus + 1]!; t++) {
      const value = model.y.subarray(2 * t, 2 * t + 2);
      if (model.column[t] === bus) {
        diagonal.set(value, 2 * i);
        continue;
      }
      column.push(2 * positionOf[model.column[t]!]!);
      y.push(...value);
    }
    rowStart[i + 1] = column.length;
  });
  return { rowStart, column: Int32Array.from(column), y: Float64Array.from(y), diagonal };
}

function largestModulus(pairs: Float64Array): number {
  let square = 0;
  for (let k = 0; k < pairs.length; k += 2) square = Math.max(square, pairs[k]! ** 2 + pairs[k + 1]! ** 2);
  return Math.sqrt(square);
}
