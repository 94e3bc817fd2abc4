/**
 * CartPole-v1 of Gymnasium (gymnasium/envs/classic_control/cartpole.py): keep a pole upright on a cart.
 *
 * State and observation: x, m; xDot, m/s; theta, rad, 0 upright; thetaDot, rad/s.
 * Action: 0 pushes with -10 N, 1 with +10 N.
 * Reward: 1 for every step, the last one included.
 * Start: all four uniform in [-0.05, 0.05]. Terminated where |x| > 2.4 m or |theta| > 12 degrees; truncated after 500
 * steps of 0.02 s. Worth: about 22 for random pushes, 500 at most.
 */
import { cosReal, sinReal, uniform } from '../../base/realMath.ts';
import { ClassicVectorEnv, type Dynamics } from './vectorEnv.ts';

const G = 9.8;
const POLE_KG = 0.1;
const TOTAL_KG = 1.1;
const HALF_LENGTH_M = 0.5;
const FORCE_N = 10;
const DT_S = 0.02;
const MAX_X_M = 2.4;
const MAX_THETA = (12 * 2 * 3.141592653589793) / 360;

const CART_POLE: Dynamics = {
  id: 'CartPole-v1',
  stateSize: 4,
  observationSize: 4,
  actionSize: 1,
  actionChoices: [2],
  episodeSteps: 500,

  begin(state, at, random) {
    for (let i = 0; i < 4; i++) state[at + i] = 0.1 * uniform(random) - 0.05;
  },

  observe(state, at, out, outAt) {
    for (let i = 0; i < 4; i++) out[outAt + i] = state[at + i]!;
  },

  // temp = (F + m l thetaDot^2 sin theta) / M
  // thetaAcc = (g sin theta - cos theta temp) / (l (4/3 - m cos^2 theta / M)),  xAcc = temp - m l thetaAcc cos theta / M
  // Explicit Euler. Florian 2007, "Correct equations for the dynamics of the cart-pole system", without friction.
  step(state, at, action) {
    const [x, xDot, theta, thetaDot] = [state[at]!, state[at + 1]!, state[at + 2]!, state[at + 3]!];
    const sin = sinReal(theta);
    const cos = cosReal(theta);
    const moment = POLE_KG * HALF_LENGTH_M;
    const temp = ((action === 1 ? FORCE_N : -FORCE_N) + moment * (thetaDot * thetaDot) * sin) / TOTAL_KG;
    const thetaAcc = (G * sin - cos * temp) / (HALF_LENGTH_M * (4 / 3 - (POLE_KG * (cos * cos)) / TOTAL_KG));
    const xAcc = temp - (moment * thetaAcc * cos) / TOTAL_KG;
    state[at] = x + DT_S * xDot;
    state[at + 1] = xDot + DT_S * xAcc;
    state[at + 2] = theta + DT_S * thetaDot;
    state[at + 3] = thetaDot + DT_S * thetaAcc;
    return 1;
  },

  terminated: (state, at) =>
    state[at]! < -MAX_X_M || state[at]! > MAX_X_M || state[at + 2]! < -MAX_THETA || state[at + 2]! > MAX_THETA,
};

export function makeCartPole(numEnvs = 1): ClassicVectorEnv {
  return new ClassicVectorEnv(CART_POLE, numEnvs);
}
