/** Power through every branch at given voltages, for reports and limits; allocates. */
import type { PowerFlowModel } from './admittance.ts';

/** Power that enters the branch at each end, pu on `baseMva`; 0 for a branch that is not live. */
export interface BranchFlow {
  readonly fromPPu: number;
  readonly fromQPu: number;
  readonly toPPu: number;
  readonly toQPu: number;
  /** The larger end's apparent power as a share of the rating; undefined without a rating. */
  readonly loading: number | undefined;
}

export function branchFlows(model: PowerFlowModel, vRe: Float64Array, vIm: Float64Array): BranchFlow[] {
  return model.network.branches.map((branch, k) => {
    const flow = model.branches.live[k] === 1 ? endFlows(model, k, vRe, vIm) : [0, 0, 0, 0];
    const [fromPPu, fromQPu, toPPu, toQPu] = flow as [number, number, number, number];
    const square = Math.max(fromPPu * fromPPu + fromQPu * fromQPu, toPPu * toPPu + toQPu * toQPu);
    const ratePu = (branch.rateVa ?? 0) / (model.network.baseMva * 1e6);
    return { fromPPu, fromQPu, toPPu, toQPu, loading: ratePu > 0 ? Math.sqrt(square) / ratePu : undefined };
  });
}

/** S_from = V_from conj(y_ff V_from + y_ft V_to), S_to = V_to conj(y_tf V_from + y_tt V_to) */
function endFlows(model: PowerFlowModel, k: number, vRe: Float64Array, vIm: Float64Array): number[] {
  const [from, to] = [model.branches.from[k]!, model.branches.to[k]!];
  const y = model.branches.y.subarray(8 * k, 8 * k + 8);
  const [e, f, d, c] = [vRe[from]!, vIm[from]!, vRe[to]!, vIm[to]!];
  const fromRe = y[0]! * e - y[1]! * f + y[2]! * d - y[3]! * c;
  const fromIm = y[0]! * f + y[1]! * e + y[2]! * c + y[3]! * d;
  const toRe = y[4]! * e - y[5]! * f + y[6]! * d - y[7]! * c;
  const toIm = y[4]! * f + y[5]! * e + y[6]! * c + y[7]! * d;
  return [e * fromRe + f * fromIm, f * fromRe - e * fromIm, d * toRe + c * toIm, c * toRe - d * toIm];
}
