/**
 * What the policy of ANM6 sees and moves, in integers: the whole state of gym-anm's ANM6Easy, device by device, and
 * its six set points. Snapshot k of the fleet is device k; the agent's own is that of device 0, the connection upstream.
 */
import { fitInput, fitOutput, type FallbackSpec, type PolicyInterface } from '../../grid/interface.ts';

const MW = 1000000;
/** Rating of the lines that the renewables feed, W: what the fallback lets them export. */
const LINE_RATE_W = 18 * MW;

/** One value whatever the input: si is read by nobody. */
function always(value: number): FallbackSpec {
  return { si: 0, r: [0], y: [value], z: value };
}

export const ANM6_INTERFACE: PolicyInterface = {
  inputs: [
    fitInput('p.own/0', 'w', -200 * MW, 200 * MW),
    fitInput('p.own/1', 'w', -10 * MW, 0),
    fitInput('p.own/2', 'w', 0, 30 * MW),
    fitInput('p.own/3', 'w', -30 * MW, 0),
    fitInput('p.own/4', 'w', 0, 50 * MW),
    fitInput('p.own/5', 'w', -30 * MW, 0),
    fitInput('p.own/6', 'w', -50 * MW, 50 * MW),
    fitInput('q.own/0', 'var', -200 * MW, 200 * MW),
    fitInput('q.own/1', 'var', -2 * MW, 0),
    fitInput('q.own/2', 'var', -30 * MW, 30 * MW),
    fitInput('q.own/3', 'var', -6 * MW, 0),
    fitInput('q.own/4', 'var', -50 * MW, 50 * MW),
    fitInput('q.own/5', 'var', -6 * MW, 0),
    fitInput('q.own/6', 'var', -50 * MW, 50 * MW),
    fitInput('soc/6', 'ratio.e-6', 0, 1000000),
    fitInput('p.potential/2', 'w', 0, 30 * MW),
    fitInput('p.potential/4', 'w', 0, 50 * MW),
    fitInput('time.day', 's', 0, 86400),
  ],
  outputs: [
    fitOutput('p/2', 'w', 0, 30 * MW),
    fitOutput('p/4', 'w', 0, 50 * MW),
    fitOutput('q/2', 'var', -30 * MW, 30 * MW),
    fitOutput('q/4', 'var', -50 * MW, 50 * MW),
    fitOutput('p/6', 'w', -50 * MW, 50 * MW),
    fitOutput('q/6', 'var', -50 * MW, 50 * MW),
  ],
  envelopes: [],
  // Renewables up to what their lines carry, no reactive power, storage at rest.
  fallback: [always(LINE_RATE_W), always(LINE_RATE_W), always(0), always(0), always(0), always(0)],
  state: [],
};
