/**
 * The environment against its peers. Honest terms: random actions every step, series that advance every step, the
 * integer Snapshot built every step, trajectory hash kept, power flow to 1e-8 pu from another load every time.
 */
import { RandomStream } from '../src/base/random.ts';
import { uniform } from '../src/base/realMath.ts';
import { makeVector } from '../src/env/gym/registry.ts';
import { NewtonPowerFlow } from '../src/env/physics/powerflow/newton.ts';
import type { Workload } from './harness.ts';
import { benchNetwork } from './networks.ts';

export interface Metric {
  /** Stable name. */
  readonly metric: string;
  readonly unit: string;
  readonly terms: string;
  /** Peers of `peers/env.py`. */
  readonly peers: readonly string[];
  readonly create: () => Workload;
}

const TOLERANCE_PU = 1e-8;
const ENVS = 8;
/** Vector steps between two looks at the clock. */
const STEPS_PER_BATCH = 16;
/** Random actions are drawn once and walked through: the stream is not what is timed. */
const ACTION_ROWS = 509;

/** Environment steps, all agents of all copies acting at random. `perStep`: units in one step of one copy. */
function envSteps(id: string, args: object, perStep = 1): Workload {
  const env = makeVector(id, ENVS, args);
  const width = ENVS * env.agentsPerEnv * env.actionSize;
  const stream = RandomStream.fromSeed(1, 'bench-actions');
  const rows = Array.from({ length: ACTION_ROWS }, () =>
    Float32Array.from({ length: width }, () => 2 * uniform(stream) - 1),
  );
  let sum = env.reset(1).reduce((a, b) => a + b, 0);
  let row = 0;
  return {
    batch() {
      for (let i = 0; i < STEPS_PER_BATCH; i++) {
        const { observations, rewards } = env.step(rows[row]!);
        row = row + 1 === ACTION_ROWS ? 0 : row + 1;
        sum += sumOf(observations) + sumOf(rewards);
      }
      return STEPS_PER_BATCH * ENVS * perStep;
    },
    checksum: () => sum,
  };
}

/** frequency-area1 decides every 500 ms and moves in steps of 10 ms. */
const PHYSICS_STEPS_PER_ACTION = 50;

/** Four sums at a time: one alone would wait for every addition before it. */
function sumOf(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let k = 0; k < whole; k += 4) {
    a += values[k]!;
    b += values[k + 1]!;
    c += values[k + 2]!;
    d += values[k + 3]!;
  }
  for (let k = whole; k < values.length; k++) a += values[k]!;
  return a + b + c + d;
}

/** Few enough that what is timed is the solver and not the memory they lie in. */
const LOAD_ROWS = 31;

/** Power flows one by one, flat start, another load vector each. */
function flows(name: string): Workload {
  const flow = new NewtonPowerFlow(benchNetwork(name));
  const stream = RandomStream.fromSeed(1, 'bench-loads');
  const { pInjPu, qInjPu } = flow.model;
  const vary = (nominal: Float64Array): Float64Array[] =>
    Array.from({ length: LOAD_ROWS }, () => nominal.map((x) => x * (0.9 + 0.2 * uniform(stream))));
  const p = vary(pInjPu);
  const q = vary(qInjPu);
  let row = 0;
  let sum = 0;
  return {
    batch() {
      for (let i = 0; i < 8; i++) {
        row = row + 1 === LOAD_ROWS ? 0 : row + 1;
        if (!flow.solve(p[row]!, q[row]!, { tolerancePu: TOLERANCE_PU })) throw new Error(`${name} has no solution`);
        sum += flow.vmPu[flow.vmPu.length - 1]! + flow.lossPu;
      }
      return 8;
    },
    checksum: () => sum,
  };
}

/** Loads of nominal size on networks of growing size: what a bus costs. */
function costPerBus(name: string): Metric {
  return {
    metric: `powerflow.${name}.busesPerSecond`,
    unit: 'buses/s',
    terms: 'Newton, flat start, 1e-8 pu, another load vector every solution; buses solved per second',
    peers: [],
    create: () => perBus(name),
  };
}

function perBus(name: string): Workload {
  const { batch, checksum } = flows(name);
  const buses = benchNetwork(name).buses.length;
  return { batch: () => batch() * buses, checksum };
}

export const ENV_METRICS: readonly Metric[] = [
  {
    metric: 'env.voltage-ieee33.stepsPerSecond',
    unit: 'steps/s',
    terms: '33-bus AC feeder, six inverters with live volt-var curves, joint fixed point to 1e-8 pu',
    peers: ['pandapower.case33bw', 'pandapower-numba.case33bw'],
    create: () => envSteps('voltage-ieee33-v1', { tolerancePu: TOLERANCE_PU }),
  },
  {
    metric: 'env.anm6-easy.stepsPerSecond',
    unit: 'steps/s',
    terms: 'ANM6: 6 buses, 7 devices, storage; power flow to 1e-8 pu',
    peers: ['gym-anm.anm6'],
    create: () => envSteps('anm6-easy-v1', { tolerancePu: TOLERANCE_PU }),
  },
  {
    metric: 'env.ieee14.stepsPerSecond',
    unit: 'steps/s',
    terms: 'voltage task on the meshed 14-bus network, Newton to 1e-8 pu',
    peers: ['grid2op.case14'],
    create: () => envSteps('voltage-ieee14-v1', { tolerancePu: TOLERANCE_PU }),
  },
  {
    metric: 'env.ieee118.stepsPerSecond',
    unit: 'steps/s',
    terms: 'voltage task on the meshed 118-bus network, Newton to 1e-8 pu',
    peers: [],
    create: () => envSteps('voltage-ieee118-v1', { tolerancePu: TOLERANCE_PU }),
  },
  {
    metric: 'env.frequency-area1.physicsStepsPerSecond',
    unit: 'steps/s',
    terms: 'all states of one area by 10 ms, fleet with lag, deadband and store; every control interval observed',
    peers: [],
    create: () => envSteps('frequency-area1-v1', {}, PHYSICS_STEPS_PER_ACTION),
  },
  {
    metric: 'powerflow.ieee14.solvesPerSecond',
    unit: 'solves/s',
    terms: 'Newton, flat start, 1e-8 pu, one by one, every load another',
    peers: ['lightsim2grid.case14'],
    create: () => flows('ieee14'),
  },
  {
    metric: 'powerflow.ieee118.solvesPerSecond',
    unit: 'solves/s',
    terms: 'Newton, flat start, 1e-8 pu, one by one, every load another',
    peers: ['lightsim2grid.case118'],
    create: () => flows('ieee118'),
  },
  ...['ieee14', 'ieee33', 'ieee69', 'ieee118', 'grid300', 'grid1354'].map(costPerBus),
];
