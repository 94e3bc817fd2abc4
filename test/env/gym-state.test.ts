import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stateFromJson, stateToJson } from '../../src/env/gym/jsonState.ts';
import { TaskEnv } from '../../src/env/gym/single.ts';
import type { Json } from '../../src/env/gym/types.ts';
import { make, makeVector, RandomStream, sample, TimeLimit, type EnvState } from '../../src/env/index.ts';
import { drain, DrainTask } from '../support/drainTask.ts';

const VOLTAGE = 'voltage-ieee33-v1';

const reals = fc.oneof(fc.double(), fc.constantFrom(-0, NaN, Infinity, -Infinity, 5e-324));
const typed = fc.oneof(
  fc.array(reals).map((x) => Float64Array.from(x)),
  fc.array(reals).map((x) => Float32Array.from(x)),
  fc.array(fc.integer()).map((x) => Int32Array.from(x)),
  fc.array(fc.nat()).map((x) => Uint32Array.from(x)),
  fc.array(fc.nat()).map((x) => Int16Array.from(x)),
  fc.array(fc.nat()).map((x) => Uint8Array.from(x)),
);
const names = fc.stringMatching(/^[a-z][a-zA-Z0-9.]{0,8}$/);
const { value: states } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    reals,
    typed,
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value')),
    fc.dictionary(names, tie('value'), { noNullPrototype: true }),
  ),
}));

describe('a state as JSON', () => {
  it('comes back bit for bit, whatever it holds', () => {
    fc.assert(
      fc.property(states, (value) => {
        const text = JSON.stringify(stateToJson({ value }));
        expect(stateFromJson(JSON.parse(text))).toStrictEqual({ value });
      }),
    );
  });

  it('drops what is undefined, as JSON does, and refuses what is no data', () => {
    expect(stateToJson({ a: undefined, b: 1 })).toEqual({ b: 1 });
    for (const value of [() => 1, new Map(), 10n, Symbol('s'), new Date(0)]) {
      expect(() => stateToJson({ value })).toThrow('env.state');
    }
    for (const $f64 of [1, [1], 'AAAA', 'no base64']) expect(() => stateFromJson({ $f64 })).toThrow('env.state');
    expect(() => stateFromJson(undefined)).toThrow('env.state');
    expect(() => stateFromJson(7)).toThrow('env.state');
  });
});

describe('states of environments', () => {
  it('are refused by another task, another number of copies, another wrapper, and when damaged', () => {
    const env = make(VOLTAGE);
    env.reset({ seed: 1 });
    const state = env.getState();
    expect(() => make('voltage-ieee33-hard-v1').setState(state)).toThrow('env.state');
    expect(() => new TimeLimit(make(VOLTAGE), 3).setState(state)).toThrow('env.state');
    expect(() => make(VOLTAGE).setState({ ...state, copy: {} })).toThrow('env.state');
    expect(() => make(VOLTAGE).setState({} as EnvState)).toThrow('env.state');
    const vector = makeVector(VOLTAGE, 2);
    vector.reset(1);
    expect(() => makeVector(VOLTAGE, 3).setState(vector.getState())).toThrow('env.state');
    expect(() => makeVector(VOLTAGE, 2).setState(state)).toThrow('env.state');
  });

  it('keep an episode that is over over, and a random stream where it was', () => {
    const env = new TimeLimit(make(VOLTAGE), 2);
    env.reset({ seed: 1 });
    env.step(new Float32Array(6));
    env.step(new Float32Array(6));
    const again = new TimeLimit(make(VOLTAGE), 2);
    again.setState(JSON.parse(JSON.stringify(env.getState())) as EnvState);
    expect(() => again.step(new Float32Array(6))).toThrow('env.ended');
    expect(again.reset()).toEqual(env.reset());
  });
});

describe('a state of drawn series', () => {
  it.each<[string, object]>([
    [VOLTAGE, { stepMs: 900000 }],
    ['frequency-area1-delivery-v1', { scenario: 'containment', episodeMs: 3600000 }],
  ])('%s: is what was drawn, and makes the same series in an environment that lives other ones', (id, args) => {
    const env = make(id, args);
    env.reset({ seed: 1 });
    const action = sample(env.actionSpace, RandomStream.fromSeed(1, 'test'));
    for (let k = 0; k < 40; k++) env.step(action);
    const text = JSON.stringify(env.getState());
    expect(text.length).toBeLessThan(8000);
    const other = make(id, args);
    other.reset({ seed: 2 });
    other.setState(JSON.parse(text) as EnvState);
    for (let k = 0; k < 40; k++) expect(other.step(action)).toEqual(env.step(action));
    expect(JSON.stringify(other.getState())).toBe(JSON.stringify(env.getState()));
  });

  it('is refused when there is no such series', () => {
    const env = make(VOLTAGE);
    env.reset({ seed: 1 });
    const state = env.getState() as { readonly copy: Readonly<Record<string, Json>> };
    const damaged = { ...state, copy: { ...state.copy, drawn: 0.5 } };
    expect(() => make(VOLTAGE).setState(damaged)).toThrow('env.state');
  });
});

describe('a refused action', () => {
  it('moves nothing: neither the agents before the bad one nor the copies before its own', () => {
    const env = make(VOLTAGE);
    env.reset({ seed: 1 });
    const before = JSON.stringify(env.getState());
    expect(() => env.step(Float32Array.of(0.7, 0.7, 0.7, 0.7, 0.7, NaN))).toThrow('env.action');
    expect(JSON.stringify(env.getState())).toBe(before);
    const vector = makeVector(VOLTAGE, 2);
    vector.reset(1);
    const all = JSON.stringify(vector.getState());
    expect(() => vector.step(new Float32Array(12).fill(Infinity, 11))).toThrow('env.action');
    expect(JSON.stringify(vector.getState())).toBe(all);
  });

  it('is every one of a vector that was not reset or is closed', () => {
    const vector = makeVector(VOLTAGE, 1);
    expect(() => vector.step(new Float32Array(6))).toThrow('env.ended');
    expect(() => vector.clone().step(new Float32Array(6))).toThrow('env.ended');
    vector.reset(1);
    const state = vector.getState();
    vector.close();
    expect(() => vector.step(new Float32Array(6))).toThrow('env.ended');
    vector.setState(state);
    expect(vector.step(new Float32Array(6)).rewards.length).toBe(6);
  });
});

describe('the trajectory hash', () => {
  it('is that of the words which docs/reference/gym.md lists, step by step', () => {
    const env = new TaskEnv(drain, new DrainTask());
    const { port } = env.copy;
    const words: number[] = [];
    const bits = new DataView(new ArrayBuffer(4));
    env.reset({ seed: 4 });
    for (let k = 0; k < 3; k++) {
      const seen = Array.from(port.raw);
      env.step(Float32Array.of(0.1, -0.2, 0.3, k / 4));
      for (let a = 0; a < 2; a++)
        words.push(...seen.slice(2 * a, 2 * a + 2), ...port.issued.subarray(2 * a, 2 * a + 2));
      for (const reward of env.rewards) {
        bits.setFloat32(0, reward);
        words.push(bits.getInt32(0));
      }
    }
    const bytes = Buffer.alloc(4 * words.length);
    words.forEach((word, i) => bytes.writeInt32LE(word, 4 * i));
    expect(env.trajectoryHash()).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});
