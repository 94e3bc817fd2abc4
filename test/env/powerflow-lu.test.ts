/** Sparse block LU and Newton's step, with mathjs as the oracle. */
import fc from 'fast-check';
import { lusolve, matrix, type Matrix } from 'mathjs';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { uniform } from '../../src/base/realMath.ts';
import { BlockLu } from '../../src/env/physics/powerflow/blockLu.ts';
import { BUS, compileNetwork, type PowerFlowModel } from '../../src/env/physics/powerflow/admittance.ts';
import { NewtonPowerFlow } from '../../src/env/physics/powerflow/newton.ts';
import { eliminationOrder } from '../../src/env/physics/powerflow/ordering.ts';
import { NewtonSystem } from '../../src/env/physics/powerflow/system.ts';
import { randomNetwork } from '../support/randomNetwork.ts';

/** By mathjs, sparse, with full pivoting for size and sparsity. */
function oracleSolve(rows: readonly (readonly number[])[], b: readonly number[]): number[] {
  const x = lusolve(matrix(rows as number[][], 'sparse'), b as number[]) as Matrix;
  return (x.toArray() as number[][]).flat();
}

/** A random symmetric graph that is connected. */
function randomGraph(n: number, loops: number, stream: RandomStream): Set<number>[] {
  const graph = Array.from({ length: n }, () => new Set<number>());
  const link = (a: number, b: number): void => {
    if (a === b) return;
    graph[a]!.add(b);
    graph[b]!.add(a);
  };
  for (let k = 1; k < n; k++) link(k, Math.floor(uniform(stream) * k));
  for (let k = 0; k < loops; k++) link(Math.floor(uniform(stream) * n), Math.floor(uniform(stream) * n));
  return graph;
}

/** Minimum degree by its definition: every node looked at every time. */
function plainOrder(neighbours: readonly Set<number>[], weight: readonly number[]): number[] {
  const graph = neighbours.map((set) => new Set(set));
  const left = new Set(graph.keys());
  const keys = (node: number): [degree: number, fill: number, node: number] => {
    const around = [...graph[node]!];
    const pairs = around.flatMap((a, i) => around.slice(0, i).map((b) => [a, b] as const));
    const degree = around.reduce((sum, other) => sum + weight[other]!, 0);
    return [degree, pairs.filter(([a, b]) => !graph[a]!.has(b)).length, node];
  };
  const order: number[] = [];
  while (left.size > 0) {
    const [first] = [...left].map(keys).sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
    const node = first![2];
    for (const a of graph[node]!) {
      graph[a]!.delete(node);
      for (const b of graph[node]!) if (a !== b) graph[a]!.add(b);
    }
    left.delete(node);
    order.push(node);
  }
  return order;
}

describe('elimination order', () => {
  it('is minimum degree, then least fill, then the lowest node', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100000 }), fc.integer({ min: 1, max: 40 }), (seed, n) => {
        const stream = RandomStream.fromSeed(seed, 'order');
        const graph = randomGraph(n, Math.floor(uniform(stream) * 2 * n), stream);
        const weight = graph.map(() => 1 + Math.floor(uniform(stream) * 2));
        expect([...eliminationOrder(graph, weight).order]).toEqual(plainOrder(graph, weight));
      }),
      { numRuns: 100 },
    );
  });

  it('of a long feeder costs no more a node than of a short one', () => {
    const feeder = (n: number) => Array.from({ length: n }, (_, k) => [k - 1, k + 1].filter((j) => j >= 0 && j < n));
    const started = process.cpuUsage();
    const { structure } = eliminationOrder(feeder(100000), new Uint8Array(100000).fill(2));
    // Looking at every node every time would take minutes.
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(8000);
    expect(structure.reduce((sum, row) => sum + row.length, 0)).toBe(99999);
  });
});

describe('block LU', () => {
  it('solves what mathjs solves, blocks of one and two unknowns mixed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100000 }), fc.integer({ min: 1, max: 24 }), (seed, n) => {
        const stream = RandomStream.fromSeed(seed, 'lu');
        const graph = randomGraph(n, n, stream);
        const size = graph.map(() => 1 + Math.floor(uniform(stream) * 2));
        const lu = new BlockLu(eliminationOrder(graph, size), size);
        const start = size.map((_, k) => size.slice(0, k).reduce((sum, s) => sum + s, 0));
        const scalarCount = size.reduce((sum, s) => sum + s, 0);
        const dense = Array.from({ length: scalarCount }, () => new Array<number>(scalarCount).fill(0));
        const a = new Float64Array(lu.valueCount);
        graph.forEach((set, i) => {
          for (const j of [i, ...set]) {
            const at = lu.offset(lu.position[i]!, lu.position[j]!);
            for (let r = 0; r < size[i]!; r++) {
              for (let c = 0; c < size[j]!; c++) {
                const value = 2 * uniform(stream) - 1 + (i === j && r === c ? 4 + 2 * set.size : 0);
                dense[start[i]! + r]![start[j]! + c] = value;
                a[at + r * size[j]! + c] = value;
              }
            }
          }
        });
        const b = Array.from({ length: scalarCount }, () => 2 * uniform(stream) - 1);
        const x = new Float64Array(2 * n);
        graph.forEach((_, i) => {
          for (let r = 0; r < size[i]!; r++) x[2 * lu.position[i]! + r] = b[start[i]! + r]!;
        });
        expect(lu.factor(a)).toBe(true);
        lu.solve(a, x);
        const expected = oracleSolve(dense, b);
        graph.forEach((_, i) => {
          for (let r = 0; r < size[i]!; r++) {
            expect(Math.abs(x[2 * lu.position[i]! + r]! - expected[start[i]! + r]!)).toBeLessThan(1e-12);
          }
        });
      }),
      { numRuns: 150 },
    );
  });

  it('reports a singular pivot and a value that is not a number', () => {
    for (const size of [1, 2]) {
      const lu = new BlockLu(eliminationOrder([[1], [0]], [size, size]), [size, size]);
      const a = new Float64Array(lu.valueCount);
      expect(lu.factor(a)).toBe(false);
      expect(lu.factor(a.fill(NaN))).toBe(false);
      expect(lu.factor(a.fill(1))).toBe(false);
    }
  });

  it('makes no fill on a tree and little on a ring', () => {
    const tree = randomGraph(60, 0, RandomStream.fromSeed(1, 'tree'));
    expect(eliminationOrder(tree, new Array<number>(60).fill(2)).structure.flat().length).toBe(59);
    const ring = Array.from({ length: 60 }, (_, k) => [(k + 1) % 60, (k + 59) % 60]);
    expect(eliminationOrder(ring, new Array<number>(60).fill(2)).structure.flat().length).toBe(60 + 57);
  });
});

type Unknown = readonly ['angle' | 'magnitude', number];

/** The polar Jacobian as textbooks have it: d(P, Q) / d(theta, V), scalar and dense; unknowns as given. */
function textbookJacobian(model: PowerFlowModel, flow: NewtonPowerFlow, unknowns: readonly Unknown[]): number[][] {
  const va = flow.angles();
  const admittance = (i: number, j: number): [number, number] => {
    for (let t = model.rowStart[i]!; t < model.rowStart[i + 1]!; t++) {
      if (model.column[t] === j) return [model.y[2 * t]!, model.y[2 * t + 1]!];
    }
    return [0, 0];
  };
  return unknowns.map(([row, i]) =>
    unknowns.map(([column, j]) => {
      const [g, b] = admittance(i, j);
      const [vi, vj] = [flow.vmPu[i]!, flow.vmPu[j]!];
      const [p, q] = [flow.pNetPu[i]!, flow.qNetPu[i]!];
      const [sin, cos] = [Math.sin(va[i]! - va[j]!), Math.cos(va[i]! - va[j]!)];
      if (i === j) {
        if (row === 'angle') return column === 'angle' ? -q - b * vi * vi : p / vi + g * vi;
        return column === 'angle' ? p - g * vi * vi : q / vi - b * vi;
      }
      if (row === 'angle') return column === 'angle' ? vi * vj * (g * sin - b * cos) : vi * (g * cos + b * sin);
      return column === 'angle' ? -vi * vj * (g * cos + b * sin) : vi * (g * sin - b * cos);
    }),
  );
}

describe("Newton's step", () => {
  it.each([false, true])('is the one of the textbook Jacobian, solved by mathjs (Q limits: %s)', (switchable) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100000 }), fc.integer({ min: 3, max: 18 }), (seed, buses) => {
        const model = compileNetwork(randomNetwork(seed, { buses, loops: 4, machines: 2, dressed: true }));
        const flow = new NewtonPowerFlow(model);
        flow.solve(model.pInjPu, model.qInjPu, { maxIterations: 1 });
        const system = new NewtonSystem(model, switchable);
        const { busAt, unknownCount, positionOf, lu } = system.plan;
        busAt.forEach((bus, i) => system.v.set([flow.vRe[bus]!, flow.vIm[bus]!], 2 * i));
        const target = (x: Float64Array, bus: number): number => x[bus]! + 0.01 * ((bus % 5) - 2);
        const live = Array.from(busAt.subarray(0, unknownCount));
        for (const bus of live) {
          system.p[positionOf[bus]!] = target(flow.pNetPu, bus);
          system.q[positionOf[bus]!] = target(flow.qNetPu, bus);
        }
        system.evaluate();
        const a = new Float64Array(lu.valueCount);
        system.assemble(a);
        expect(lu.factor(a)).toBe(true);
        lu.solve(a, system.rhs);
        system.applyStep();
        const unknowns: Unknown[] = live.flatMap((bus): Unknown[] =>
          model.kind[bus] === BUS.pq
            ? [
                ['angle', bus],
                ['magnitude', bus],
              ]
            : [['angle', bus]],
        );
        const right = unknowns.map(([row, bus]) => {
          const made = row === 'angle' ? flow.pNetPu : flow.qNetPu;
          return target(made, bus) - made[bus]!;
        });
        const expected = oracleSolve(textbookJacobian(model, flow, unknowns), right);
        unknowns.forEach(([what, bus], k) => {
          const [re, im] = [system.v[2 * positionOf[bus]!]!, system.v[2 * positionOf[bus]! + 1]!];
          const step = what === 'angle' ? Math.atan2(im, re) - flow.vaRad[bus]! : Math.hypot(re, im) - flow.vmPu[bus]!;
          expect(Math.abs(step - expected[k]!), `${what} of bus ${bus}`).toBeLessThan(1e-9);
        });
      }),
      { numRuns: 40 },
    );
  });
});
