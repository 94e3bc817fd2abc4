/**
 * AC optimal power flow of a feeder. Golden values: scipy 1.17.1 `minimize(method='SLSQP', ftol=1e-14)`, best of five
 * starts, on a power flow of its own (v = v0 + Z conj(S / v) with Z the inverse of the dense admittance matrix, to 1e-15
 * pu, losses as the sum of all injections): the same band less 1e-6 pu at both ends, the same limits, the same injections.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceCurve, noControl } from '../../../src/agents/baselines/controllers.ts';
import { droopController } from '../../../src/agents/baselines/tune.ts';
import { TUNED_SETTINGS } from '../../../src/agents/baselines/tuned.ts';
import { solveConvexProgram } from '../../../src/agents/baselines/voltage/convexProgram.ts';
import { FeederDerivatives } from '../../../src/agents/baselines/voltage/feederDerivatives.ts';
import { controllerDecide } from '../../../src/agents/baselines/voltage/liveDay.ts';
import { FeederOptimum, opfController } from '../../../src/agents/baselines/voltage/opfController.ts';
import { optimalFlow } from '../../../src/agents/baselines/voltage/optimalFlow.ts';
import { dayScenario } from '../../../src/agents/baselines/voltage/settings.ts';
import { liveEpisode, scenarioCopy } from '../../../src/agents/evaluation/episode.ts';
import type { TaskId } from '../../../src/env/gym/registry.ts';
import { caseNetwork } from '../../../src/env/cases/index.ts';
import { radialTopology } from '../../../src/env/physics/topology.ts';
import { followPlan, type VoltageCopy } from '../../../src/env/tasks/voltageTask.ts';

/** An interval of a test day with no reactive power. */
function interval(task: TaskId, day: number, step: number): VoltageCopy {
  const copy = scenarioCopy<VoltageCopy>(task, dayScenario('test', day));
  copy.setpoints.mode = 'share';
  followPlan(copy.feeder, copy.args.batteryPlan, step, copy.setpoints);
  copy.feeder.preview(step, copy.setpoints);
  return copy;
}

const GOLDEN = [
  {
    task: 'voltage-ieee33-v1',
    day: 303,
    step: 236,
    lossPu: 0.0014297384308782734,
    qPu: [0.012791404, 0.0036302885, 0.0050121731, 0.018859189, 0.032929791, 0.014082073],
  },
  {
    task: 'voltage-ieee33-v1',
    day: 8,
    step: 143,
    lossPu: 0.012048253715786425,
    qPu: [0.030107544, -0.045005381, 0.0035888684, 0.012238927, 0.024500311, 0.0085211287],
  },
  {
    task: 'voltage-ieee33-hard-v1',
    day: 8,
    step: 143,
    lossPu: 0.019016397564676615,
    qPu: [0.013473738, -0.059375215, 0.0048583545, 0.017716793, 0.037976548, -0.0027657382],
  },
  {
    task: 'voltage-ieee33-hard-v1',
    day: 5,
    step: 144,
    lossPu: 0.016543452881962725,
    qPu: [0.019996211, -0.05605332, 0.004383231, 0.01632577, 0.030547877, 0.0057167094],
  },
  {
    task: 'voltage-ieee69-v1',
    day: 302,
    step: 140,
    lossPu: 0.029143469507429264,
    qPu: [
      0.0046636335, -0.041784046, -0.041784046, -0.041784046, 0.041784047, 0.0062080082, -0.036665067, -0.041784046,
    ],
  },
] as const;

describe('AC optimal power flow against scipy', () => {
  it.each(GOLDEN)('$task, test day $day, interval $step: loss to 1e-7, reactive powers to 2e-5 pu', (golden) => {
    const { feeder } = interval(golden.task, golden.day, golden.step);
    const { qPu, lossPu, excessPu, kktResidual, solved } = new FeederOptimum(feeder).solve(0);
    expect(solved).toBe(true);
    expect(Math.abs(lossPu / golden.lossPu - 1)).toBeLessThan(1e-7);
    golden.qPu.forEach((q, s) => expect(Math.abs(qPu[s]! - q)).toBeLessThan(2e-5));
    expect(excessPu).toBeLessThan(1e-12);
    expect(kktResidual).toBeLessThan(1e-7);
  });
});

describe('AC optimal power flow on whole days', () => {
  it.each(['voltage-ieee33-v1', 'voltage-ieee33-hard-v1'] as const)(
    '%s: in band at every interval, KKT residual below 1e-7, no feasible baseline loses less',
    (task) => {
      const args = { observationDelay: 0 };
      const lived = (controller: ReturnType<typeof noControl>): { lossW: number; out: number }[] => {
        const steps: { lossW: number; out: number }[] = [];
        const copy = scenarioCopy<VoltageCopy>(task, dayScenario('test', 8, { ...args, observationDelay: 1 }));
        liveEpisode(copy, controllerDecide(controller), {
          watch: ({ feeder }) => steps.push({ lossW: feeder.lossW, out: feeder.outOfBandBuses }),
        });
        return steps;
      };
      const copy = scenarioCopy<VoltageCopy>(task, dayScenario('test', 8, args));
      const optimum = new FeederOptimum(copy.feeder);
      const bound: number[] = [];
      const decide = controllerDecide(opfController('opf', { marginPu: 0, dispatch: 'share' }));
      liveEpisode(copy, (at, step, issued) => {
        const { lossPu, kktResidual, excessPu, solved } = optimum.solve(0);
        expect(solved && excessPu < 1e-12 && kktResidual < 1e-7, `interval ${step}`).toBe(true);
        bound.push(lossPu * at.feeder.scenario.network.baseMva * 1e6);
        decide(at, step, issued);
      });
      expect(copy.info()['outOfBandShare']).toBe(0);
      const fixedPoint = droopController('fixed-point', TUNED_SETTINGS['ieee33-hard'].fixedPoint);
      for (const other of [noControl(), deviceCurve(), fixedPoint]) {
        const steps = lived(other);
        const compared = steps.filter(({ out }) => out === 0);
        expect(compared.length).toBeGreaterThan(100);
        // The band of the optimum is narrower by 1e-6 pu, for the rounding of setpoints.
        steps.forEach(({ lossW, out }, k) => expect(out > 0 || lossW >= bound[k]! - 5).toBe(true));
      }
    },
    60000,
  );
});

describe('where no reactive power keeps the band', () => {
  it('the largest excess is the least there is: random points have more', () => {
    const { feeder } = interval('voltage-ieee33-hard-v1', 8, 143);
    const optimum = new FeederOptimum(feeder);
    optimum.solve(0);
    const { flow, qMaxPu } = optimum;
    const limits = { vMinPu: 0.999, vMaxPu: 1.003, qMaxPu, counted: feeder.countedBuses };
    const { excessPu, solved } = optimalFlow(flow, limits, new Float64Array(6));
    expect(solved).toBe(true);
    expect(excessPu).toBeGreaterThan(0.001);
    const share = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(share, { minLength: 6, maxLength: 6 }), (shares) => {
        flow.solve(Float64Array.from(shares, (a, s) => a * qMaxPu[s]!));
        const v = Array.from(limits.counted, (b) => flow.vmPu[b]!);
        const worst = Math.max(...v.map((x) => Math.max(x - limits.vMaxPu, limits.vMinPu - x)));
        expect(worst).toBeGreaterThanOrEqual(excessPu - 1e-9);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('derivatives of voltages and losses', () => {
  it.each(['ieee33', 'ieee69'] as const)('%s: as central differences say', (name) => {
    const network = caseNetwork(name);
    const siteBus = Int32Array.of(5, 17, 24, 30);
    const flow = new FeederDerivatives(radialTopology(network), siteBus);
    const base = network.baseMva * 1e6;
    network.buses.forEach((bus, b) => {
      flow.pInjPu[b] = -bus.loadPW / base;
      flow.qInjPu[b] = -bus.loadQVar / base;
    });
    const q = Float64Array.of(0.01, -0.02, 0.03, 0);
    expect(flow.solve(q)).toBe(true);
    flow.differentiate();
    const dv = flow.voltageGradient.slice();
    const dLoss = flow.lossGradient.slice();
    const h = 1e-5;
    for (let s = 0; s < 4; s++) {
      const at = (sign: number): { v: Float64Array; loss: number } => {
        flow.solve(q.map((x, i) => (i === s ? x + sign * h : x)));
        return { v: flow.vmPu.slice(), loss: flow.lossPu };
      };
      const [up, down] = [at(1), at(-1)];
      expect((up.loss - down.loss) / (2 * h)).toBeCloseTo(dLoss[s]!, 7);
      up.v.forEach((v, b) => expect((v - down.v[b]!) / (2 * h)).toBeCloseTo(dv[b * 4 + s]!, 6));
    }
  });
});

describe('convex programs', () => {
  // Eighths: a row that is 1e-7 long is no constraint that a feeder has.
  const number = fc.integer({ min: -8, max: 8 }).map((eighths) => eighths / 8);
  const program = fc.record({
    root: fc.array(number, { minLength: 9, maxLength: 9 }),
    gradient: fc.array(number, { minLength: 3, maxLength: 3 }),
    rows: fc.array(number, { minLength: 15, maxLength: 15 }),
    bounds: fc.array(
      fc.integer({ min: -4, max: 8 }).map((eighths) => eighths / 8),
      { minLength: 5, maxLength: 5 },
    ),
  });

  it('satisfy the conditions of Karush, Kuhn and Tucker, which suffice', () => {
    fc.assert(
      fc.property(program, ({ root, gradient, rows, bounds }) => {
        const hessian = new Float64Array(9);
        for (let i = 0; i < 3; i++) {
          for (let j = 0; j < 3; j++) {
            for (let k = 0; k < 3; k++) hessian[i * 3 + j]! += root[i * 3 + k]! * root[j * 3 + k]!;
          }
          hessian[i * 4]! += 0.1;
        }
        const a = Float64Array.from(rows);
        const b = Float64Array.from(bounds);
        const elastic = 5;
        const { x, multipliers, slack, solved } = solveConvexProgram({
          hessian,
          gradient: Float64Array.from(gradient),
          rows: a,
          bounds: b,
          elastic,
          penalty: 50,
        });
        expect(solved).toBe(true);
        expect(slack).toBeGreaterThanOrEqual(-1e-9);
        for (let i = 0; i < 3; i++) {
          let along = gradient[i]!;
          for (let j = 0; j < 3; j++) along += hessian[i * 3 + j]! * x[j]!;
          for (let c = 0; c < 5; c++) along += multipliers[c]! * a[c * 3 + i]!;
          expect(Math.abs(along)).toBeLessThan(1e-6);
        }
        const sum = multipliers.reduce((total, mu) => total + mu, 0);
        // penalty + slack - sum of the elastic multipliers is the multiplier of slack >= 0
        expect(slack > 1e-9 ? Math.abs(50 + slack - sum) : Math.max(0, sum - 50)).toBeLessThan(1e-6);
        for (let c = 0; c < 5; c++) {
          const left = b[c]! + slack - (a[c * 3]! * x[0]! + a[c * 3 + 1]! * x[1]! + a[c * 3 + 2]! * x[2]!);
          expect(left).toBeGreaterThanOrEqual(-1e-8);
          expect(multipliers[c]).toBeGreaterThanOrEqual(0);
          expect(multipliers[c]! * left).toBeLessThan(1e-6);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
