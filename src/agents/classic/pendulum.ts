/**
 * Pendulum-v1 of Gymnasium (gymnasium/envs/classic_control/pendulum.py): swing a rod up and hold it there.
 *
 * State: theta, rad, 0 upright, not wrapped; thetaDot, rad/s, within +-8.
 * Observation: cos theta, sin theta, thetaDot.
 * Action: one number, clipped to [-1, 1]; the torque is 2 N m times it (Gymnasium's action is the torque).
 * Reward: -(wrapped theta^2 + 0.1 thetaDot^2 + 0.001 torque^2), of the state before the step; -16.27 .. 0.
 * Start: theta uniform in [-pi, pi], thetaDot in [-1, 1]. Never terminated; truncated after 200 steps of 0.05 s.
 * Worth: about -1200 for random torques, about -150 for a good policy.
 */
import { cosReal, sinReal, uniform } from '../../base/realMath.ts';
import { ClassicVectorEnv, type Dynamics } from './vectorEnv.ts';

const G = 10;
const MASS_KG = 1;
const LENGTH_M = 1;
const DT_S = 0.05;
const MAX_SPEED = 8;
const MAX_TORQUE = 2;
const PI = 3.141592653589793;
const TURN = 2 * PI;

const PENDULUM: Dynamics = {
  id: 'Pendulum-v1',
  stateSize: 2,
  observationSize: 3,
  actionSize: 1,
  episodeSteps: 200,

  begin(state, at, random) {
    state[at] = PI * (2 * uniform(random) - 1);
    state[at + 1] = 2 * uniform(random) - 1;
  },

  observe(state, at, out, outAt) {
    out[outAt] = cosReal(state[at]!);
    out[outAt + 1] = sinReal(state[at]!);
    out[outAt + 2] = state[at + 1]!;
  },

  // thetaDot' = clip(thetaDot + (3 g / (2 l) sin theta + 3 u / (m l^2)) dt),  theta' = theta + thetaDot' dt
  step(state, at, action) {
    const theta = state[at]!;
    const thetaDot = state[at + 1]!;
    const torque = clip(MAX_TORQUE * action, MAX_TORQUE);
    const off = wrapped(theta);
    const cost = off * off + 0.1 * thetaDot * thetaDot + 0.001 * (torque * torque);
    const pull = ((3 * G) / (2 * LENGTH_M)) * sinReal(theta) + (3 / (MASS_KG * LENGTH_M * LENGTH_M)) * torque;
    state[at + 1] = clip(thetaDot + pull * DT_S, MAX_SPEED);
    state[at] = theta + state[at + 1]! * DT_S;
    return -cost;
  },

  terminated: () => false,
};

function clip(x: number, most: number): number {
  return x > most ? most : x < -most ? -most : x;
}

/** In [-pi, pi). */
function wrapped(theta: number): number {
  return theta + PI - Math.floor((theta + PI) / TURN) * TURN - PI;
}

export function makePendulum(numEnvs = 1): ClassicVectorEnv {
  return new ClassicVectorEnv(PENDULUM, numEnvs);
}
