/** The voltage tasks on every network: balance, bounds, rewards, and both solvers on the same feeder. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGridPactError } from '../../src/base/errors.ts';
import { RandomStream } from '../../src/base/random.ts';
import { uniform } from '../../src/base/realMath.ts';
import { caseNetwork } from '../../src/env/cases/index.ts';
import { loadFollowingFleet, pvFleet } from '../../src/env/cases/pvFleet.ts';
import { make, makeVector } from '../../src/env/gym/registry.ts';
import { BARRIERS } from '../../src/env/tasks/barriers.ts';
import type { VoltageCaseArgs } from '../../src/env/tasks/voltageCase.ts';
import type { VoltageCopy } from '../../src/env/tasks/voltageTask.ts';
import { syntheticDay } from '../../src/env/series/synthetic.ts';
import type { Network } from '../../src/grid/network.ts';

const IDS = [
  'voltage-ieee33-v1',
  'voltage-ieee33-hard-v1',
  'voltage-ieee69-v1',
  'voltage-ieee14-v1',
  'voltage-ieee118-v1',
  'voltage-case-v1',
] as const;

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isGridPactError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

function random(stream: RandomStream, actions: Float32Array, reach = 1): Float32Array {
  for (let i = 0; i < actions.length; i++) actions[i] = reach * (2 * uniform(stream) - 1);
  return actions;
}

describe.each(IDS)('%s', (id) => {
  it('balances at every step: feed-in, machines and sites = loads, lines and shunts', () => {
    const vector = makeVector(id, 1, { tolerancePu: 1e-10, stepMs: 900000, missingRate: 0.05 });
    const stream = RandomStream.fromSeed(5, 'test-balance');
    const actions = new Float32Array(vector.agentsPerEnv);
    const copy = vector.copies[0]!;
    vector.reset(8);
    let throughputWh = 0;
    for (let k = 0; k < 200; k++) {
      vector.step(random(stream, actions));
      if (vector.ended.length > 0) continue;
      const { sources, sinks } = copy.balance()!;
      throughputWh = Math.max(throughputWh, sources);
      expect(Math.abs(sources - sinks)).toBeLessThanOrEqual(Math.max(1e-3, 1e-9 * Math.abs(sources)));
    }
    expect(throughputWh).toBeGreaterThan(100000);
    expect(vector.copies[0]!.info()['divergedSteps']).toBe(0);
  });

  it('lives through extreme actions with everything finite and within bounds', () => {
    const env = make(id, { stepMs: 1800000, missingRate: 0.2, observationDelay: 0 });
    const stream = RandomStream.fromSeed(6, 'test-extreme');
    const actions = new Float32Array(env.actionSpace.low.length);
    env.reset({ seed: 3 });
    for (let k = 0; k < 150; k++) {
      const result = env.step(random(stream, actions, k % 3 === 0 ? 1e30 : 3));
      expect(Number.isFinite(result.reward)).toBe(true);
      expect(result.observation.every((x) => Math.abs(x) <= 1)).toBe(true);
      if (result.truncated) env.reset();
    }
  });
});

/** Shares of buses out of band over four days with no reactive power, and with the device curves alone. */
function outOfBand(id: (typeof IDS)[number], zero: boolean): number {
  const vector = makeVector(id, 1, { tolerancePu: 1e-8, split: 'test', days: 40, stepMs: 900000 });
  vector.reset(2);
  const copy = vector.copies[0]!;
  if (zero) copy.setpoints.limitMicro.fill(0);
  const shares: number[] = [];
  while (shares.length < 4) {
    vector.step(new Float32Array(vector.agentsPerEnv));
    for (const { info } of vector.ended) shares.push(Number(info['outOfBandShare']));
  }
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}

describe('the networks as tasks', () => {
  it.each([
    ['voltage-ieee69-v1', 0.005, 0.04, 0.006],
    ['voltage-ieee14-v1', 0.05, 0.3, 0.001],
    ['voltage-ieee118-v1', 0.002, 0.02, 0.01],
  ] as const)('%s: some of it out of band when nobody acts, less with the device curves', (id, least, most, held) => {
    const none = outOfBand(id, true);
    expect(none).toBeGreaterThan(least);
    expect(none).toBeLessThan(most);
    expect(outOfBand(id, false)).toBeLessThan(Math.min(held, none));
  });

  it('lives the same day by sweeps and by Newton', () => {
    const live = (solver: 'sweep' | 'newton'): VoltageCopy => {
      const env = make('voltage-case-v1', { solver, tolerancePu: 1e-12, stepMs: 3600000 });
      env.reset({ seed: 12 });
      const stream = RandomStream.fromSeed(1, 'test-solvers');
      const actions = new Float32Array(6);
      for (let k = 0; k < 14; k++) env.step(random(stream, actions));
      return env.copy as VoltageCopy;
    };
    const [a, b] = [live('sweep').feeder, live('newton').feeder];
    a.vPu.forEach((v, bus) => expect(Math.abs(v - b.vPu[bus]!)).toBeLessThan(1e-9));
    expect(Math.abs(a.lossW - b.lossW)).toBeLessThan(1e-2);
    expect(Math.abs(a.feedInW - b.feedInW)).toBeLessThan(1e-1);
    a.qVar.forEach((q, s) => expect(Math.abs(q - b.qVar[s]!)).toBeLessThan(1));
  });

  it('prices an interval without a solution on a meshed network, and goes on', () => {
    const network = caseNetwork('ieee14');
    const fleet = loadFollowingFleet(network, 4, 1, 1);
    const day = syntheticDay({ seed: 1, day: 3, scale: 1, stepMs: 3600000, network, sites: fleet });
    const loadPW = day.loadPW.slice();
    for (let b = 0; b < 14; b++) loadPW[5 * 14 + b]! *= 60;
    const vector = makeVector('voltage-case-v1', 1, { network, fleet, series: [{ ...day, loadPW }] });
    vector.reset(1);
    const rewards = Array.from({ length: 8 }, () => vector.step(new Float32Array(4)).rewards[0]!);
    expect(rewards[5]).toBe(-20);
    expect(vector.copies[0]!.info()['divergedSteps']).toBe(1);
    for (const k of [4, 6, 7]) expect(rewards[k]).toBeGreaterThan(-20);
  });

  it('follows the load with its machines, so that the slack bus is not left with all of it', () => {
    const vector = makeVector('voltage-ieee118-v1', 1, { stepMs: 3600000 });
    vector.reset(1);
    const { feeder } = vector.copies[0]!;
    const loadsW: number[] = [];
    for (let k = 0; k < 20; k++) {
      vector.step(new Float32Array(12));
      loadsW.push(feeder.series.loadPW.subarray(k * 118, k * 118 + 118).reduce((a, b) => a + b, 0));
      expect(Math.abs(feeder.feedInW)).toBeLessThan(0.5 * loadsW[k]!);
    }
    expect(Math.max(...loadsW)).toBeGreaterThan(1.8 * Math.min(...loadsW));
  });

  it('goes on alike from a clone of a meshed copy, and from its state', () => {
    const env = make('voltage-ieee14-v1', { stepMs: 900000, missingRate: 0.1 });
    env.reset({ seed: 4 });
    const actions = Float32Array.of(0.5, -0.5, 0.25, 0.1, -0.9, 1);
    for (let k = 0; k < 50; k++) env.step(actions);
    const twin = env.clone();
    const state = env.getState();
    const lived = Array.from({ length: 46 }, () => env.step(actions));
    expect(Array.from({ length: 46 }, () => twin.step(actions))).toEqual(lived);
    const restored = make('voltage-ieee14-v1', { stepMs: 900000, missingRate: 0.1 });
    restored.setState(state);
    expect(Array.from({ length: 46 }, () => restored.step(actions))).toEqual(lived);
  });
});

describe('MAPDN form', () => {
  it('takes the action as the share of capability and pays the barrier of that name', () => {
    const vector = makeVector('voltage-ieee33-v1', 1, { control: 'share', barrier: 'bowl' });
    vector.reset(3);
    const { feeder } = vector.copies[0]!;
    for (let k = 0; k < 140; k++) vector.step(new Float32Array(6));
    const { rewards } = vector.step(new Float32Array(6).fill(-0.25));
    const meanL = feeder.vPu.subarray(1).reduce((sum, v) => sum + BARRIERS.bowl(v), 0) / 32;
    const meanQ = feeder.qVar.reduce((sum, q) => sum + Math.abs(q), 0) / 6e6;
    feeder.scenario.sites.forEach(({ sMaxVa }, s) => {
      expect(feeder.qVar[s]! / -Math.sqrt(sMaxVa ** 2 - feeder.pW[s]! ** 2)).toBeCloseTo(0.2, 9);
    });
    for (const reward of rewards) expect(reward).toBeCloseTo(-(meanL + 0.1 * meanQ), 6);
  });
});

describe('arguments of voltage-case', () => {
  const refused = (args: Partial<VoltageCaseArgs>): string => code(() => make('voltage-case-v1', args));
  const network = caseNetwork('ieee14');

  it('refuses sites that a machine holds, unknown buses, empty fleets and bands upside down', () => {
    expect(refused({ network, fleet: pvFleet([2], [1e6]) })).toBe('env.sites');
    expect(refused({ network, fleet: pvFleet([77], [1e6]) })).toBe('env.unknownBus');
    expect(refused({ network, fleet: [] })).toBe('env.sites');
    expect(refused({ band: [1.05, 0.95] })).toBe('env.taskArgument');
    expect(refused({ barrier: 'cliff' as 'l1' })).toBe('env.taskArgument');
    expect(refused({ network, solver: 'sweep' })).toBe('env.networkNotRadial');
    expect(refused({ tolerancePu: 0 })).toBe('env.taskArgument');
    expect(code(() => make('voltage-ieee69-v1', { network }))).toBe('env.taskArgument');
  });

  it.each([
    [{ network: 'mine.m' }, /network: as caseNetwork or parseMatpower gives/],
    [{ network, fleet: 'fleet.json' }, /fleet: assets, as parseFleet gives/],
    [{ band: [0.9] }, /band: \[min, max\]/],
    [{ bands: [0.9, 1.1] }, /one of network, fleet, band, scale/],
  ])('says of %j what it takes instead', (args, words) => {
    expect(() => make('voltage-case-v1', args as Partial<VoltageCaseArgs>)).toThrow(words);
  });

  it('plays trees with open ties by sweeps, and closed ones by Newton', () => {
    const { buses, branches, ...rest } = caseNetwork('ieee33');
    const tie = { fromBus: 18, toBus: 33, rPu: 0.03, xPu: 0.03 };
    const open: Network = { ...rest, buses, branches: [...branches, { ...tie, inService: false }] };
    const closed: Network = { ...rest, buses, branches: [...branches, tie] };
    const voltage = (tied: Network): number => {
      const env = make('voltage-case-v1', { network: tied, stepMs: 3600000 });
      env.reset({ seed: 1 });
      env.step(new Float32Array(6));
      return (env.copy as VoltageCopy).feeder.vPu[17]!;
    };
    expect(voltage(open)).toBe(voltage(caseNetwork('ieee33')));
    expect(Math.abs(voltage(closed) - voltage(open))).toBeGreaterThan(1e-4);
  });

  it('shows any fleet with ranges that it fills but does not leave', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 400000000 }), (peakW) => {
        const env = make('voltage-case-v1', { network, fleet: pvFleet([9, 14], [peakW, peakW / 3]), stepMs: 21600000 });
        env.reset({ seed: 1 });
        const inputs = env.copy.port.policy.inputs;
        const { sMaxVa } = (env.copy as VoltageCopy).feeder.scenario.sites[0]!;
        expect(inputs[2]!.hi).toBeGreaterThanOrEqual(sMaxVa);
        expect(inputs[2]!.hi).toBeLessThanOrEqual(1.2 * sMaxVa);
        const { observation } = env.step(Float32Array.of(1, -1));
        expect(observation.every((x) => Math.abs(x) <= 1)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});
