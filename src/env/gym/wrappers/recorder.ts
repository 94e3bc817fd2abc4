/**
 * Keeps what was done in an episode, so that it can be lived again and held against its hash. A recording is plain
 * JSON; as JSON Lines it is a head, a line for every step, and a foot.
 */
import { fail } from '../../../base/errors.ts';
import type { Env, EnvState, ResetResult, StepResult } from '../types.ts';
import { Wrapper } from './wrapper.ts';

const FORMAT = 'gridpact/recording/1';

/** By what the episode began: a seed, or the state right after a reset without one. */
export type RecordedStart = { readonly seed: number } | { readonly state: EnvState };

export interface RecordedStep {
  readonly action: readonly number[];
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
}

export interface Recording {
  readonly id: string;
  readonly start: RecordedStart;
  readonly steps: readonly RecordedStep[];
  /** Of everything up to the last step. */
  readonly trajectoryHash: string;
}

export class Recorder<Inner extends Env = Env> extends Wrapper<Inner> {
  #start: RecordedStart | undefined;
  #steps: RecordedStep[] = [];

  override reset(options: { readonly seed?: number } = {}): ResetResult {
    const result = super.reset(options);
    this.#begin(options.seed === undefined ? { state: this.env.getState() } : { seed: options.seed });
    return result;
  }

  override step(action: Float32Array): StepResult {
    const kept = Array.from(action);
    const result = super.step(action);
    const { reward, terminated, truncated } = result;
    this.#steps.push({ action: kept, reward, terminated, truncated });
    return result;
  }

  /** A recording begins anew there. */
  override setState(state: EnvState): Float32Array {
    const observation = super.setState(state);
    this.#begin({ state: this.env.getState() });
    return observation;
  }

  /** Of the current episode so far. @throws `env.recording` before the first reset. */
  recording(): Recording {
    if (this.#start === undefined) throw fail('env.recording', { expected: 'an episode that began' });
    return { id: this.id, start: this.#start, steps: [...this.#steps], trajectoryHash: this.trajectoryHash() };
  }

  override clone(): Recorder {
    const twin = this.around(this.env.clone());
    twin.#start = this.#start;
    twin.#steps = [...this.#steps];
    return twin;
  }

  protected override around(env: Env): Recorder {
    return new Recorder(env);
  }

  #begin(start: RecordedStart): void {
    this.#start = start;
    this.#steps = [];
  }
}

/**
 * Live a recording again, reward by reward. `env`: as the recorder had it inside, with the same arguments and wrappers.
 * @throws `env.recording` at the first step that differs, or when the hash does.
 */
export function replay(env: Env, recording: Recording): void {
  const { id, start, steps, trajectoryHash } = recording;
  if (env.id !== id) throw fail('env.recording', { expected: id, got: env.id });
  if ('seed' in start) env.reset({ seed: start.seed });
  else env.setState(start.state);
  steps.forEach((step, k) => {
    const { reward, terminated, truncated } = env.step(Float32Array.from(step.action));
    const alike = reward === step.reward && terminated === step.terminated && truncated === step.truncated;
    if (!alike) throw fail('env.recording', { expected: { step: k, ...step }, got: { reward, terminated, truncated } });
  });
  const hash = env.trajectoryHash();
  if (hash !== trajectoryHash) throw fail('env.recording', { expected: trajectoryHash, got: hash });
}

/** A head {format, id, start}, a line for every step, a foot {trajectoryHash}. */
export function recordingToJsonl({ id, start, steps, trajectoryHash }: Recording): string {
  return [{ format: FORMAT, id, start }, ...steps, { trajectoryHash }]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

/** @throws `env.recording` with the line. */
export function recordingFromJsonl(text: string): Recording {
  const lines = text.split('\n').filter((line) => line !== '');
  const parsed = lines.map((line, i) => parseLine(line, i + 1));
  const [head, foot] = [parsed[0], parsed.at(-1)];
  if (head?.['format'] !== FORMAT || typeof head['id'] !== 'string' || !isStart(head['start'])) {
    throw fail('env.recording', { expected: `line 1: a head of ${FORMAT}`, got: lines[0] });
  }
  if (lines.length < 2 || typeof foot?.['trajectoryHash'] !== 'string') {
    throw fail('env.recording', {
      expected: `line ${lines.length}: a foot with the trajectory hash`,
      got: lines.at(-1),
    });
  }
  const steps = parsed.slice(1, -1);
  const bad = steps.findIndex((step) => !isStep(step));
  if (bad >= 0) throw fail('env.recording', { expected: `line ${bad + 2}: a step`, got: lines[bad + 1] });
  return {
    id: head['id'],
    start: head['start'],
    steps: steps as unknown as RecordedStep[],
    trajectoryHash: foot['trajectoryHash'],
  };
}

function parseLine(line: string, number: number): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Reported with the line below.
  }
  throw fail('env.recording', { expected: `line ${number}: a JSON object`, got: line });
}

function isStart(value: unknown): value is RecordedStart {
  if (typeof value !== 'object' || value === null) return false;
  const { seed, state } = value as { seed?: unknown; state?: unknown };
  return Number.isSafeInteger(seed) || (typeof state === 'object' && state !== null);
}

function isStep(value: Record<string, unknown>): boolean {
  return (
    Array.isArray(value['action']) &&
    value['action'].every((x) => typeof x === 'number') &&
    typeof value['reward'] === 'number' &&
    typeof value['terminated'] === 'boolean' &&
    typeof value['truncated'] === 'boolean'
  );
}
