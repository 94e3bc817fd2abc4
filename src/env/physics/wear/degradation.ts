/**
 * Semi-empirical capacity loss of a lithium-ion cell, Xu et al., "Modeling of Lithium-Ion Battery Degradation for
 * Cell Life Assessment" (IEEE Transactions on Smart Grid, 2018), with its constants for an LMO cell.
 *   damage per cycle            f = S_delta(delta) S_sigma(sigma) S_T(T)
 *   damage per time at rest     f = S_t t S_sigma(sigma) S_T(T)
 *   capacity loss               L = 1 - a_sei e^(-b_sei f) - (1 - a_sei) e^(-f)
 * delta is the depth of a cycle and sigma its mean state of charge (shares of rated energy), T deg C, t s. The
 * second exponential of L is the film that forms early: the first months cost more capacity than later ones.
 */
import { expReal, powReal } from '../../../base/realMath.ts';

/** Below this depth the published curve is an extrapolation: it rises as sqrt(delta), so that ever smaller cycles
 * would wear ever more per unit of energy. Here it goes to zero in proportion to the depth. */
const LINEAR_BELOW_DEPTH = 0.1;
const STRESS_AT_LINEAR_DEPTH = publishedDepthStress(LINEAR_BELOW_DEPTH);
const REFERENCE_CELSIUS = 25;
const REFERENCE_KELVIN = 298.15;
const KELVIN = 273.15;
const REFERENCE_SOC = 0.5;
const SEI_SHARE = 0.0575;
const SEI_RATE = 121;

/** S_delta = 1 / (1.4e5 delta^-0.501 - 1.23e5); depth in [0, 1]. */
function publishedDepthStress(depth: number): number {
  return 1 / (140000 * powReal(depth, -0.501) - 123000);
}

/** S_delta per cycle of this depth, [0, 1]; in proportion to the depth below 0.1. */
export function depthStress(depth: number): number {
  if (depth < LINEAR_BELOW_DEPTH) return (STRESS_AT_LINEAR_DEPTH * depth) / LINEAR_BELOW_DEPTH;
  return publishedDepthStress(Math.min(depth, 1));
}

/** S_sigma = e^(1.04 (sigma - 0.5)) */
export function socStress(meanSoc: number): number {
  return expReal(1.04 * (meanSoc - REFERENCE_SOC));
}

/** S_T = e^(0.0693 (T - 25) 298.15 / (T + 273.15)) */
export function temperatureStress(celsius: number): number {
  return expReal((0.0693 * (celsius - REFERENCE_CELSIUS) * REFERENCE_KELVIN) / (celsius + KELVIN));
}

/** S_t = 4.14e-10 t */
export function timeStress(seconds: number): number {
  return 4.14e-10 * seconds;
}

/** Share of rated capacity lost, L(f); 0 at 0, rises towards 1. */
export function capacityLoss(damage: number): number {
  return 1 - SEI_SHARE * expReal(-SEI_RATE * damage) - (1 - SEI_SHARE) * expReal(-damage);
}

/** The damage at which this share of capacity is lost, L(f) = loss in [0, 1): by bisection, to the last bits. */
export function damageOfLoss(loss: number): number {
  let low = 0;
  let high = 700;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (capacityLoss(middle) < loss) low = middle;
    else high = middle;
  }
  return high;
}
