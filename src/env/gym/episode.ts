/**
 * A task written as a subclass: say how an episode begins, what a meter shows, what a step does and what it is
 * worth; observation, action, random stream, trajectory hash, state and clone are here.
 * docs/guide/new-environment.md writes one from beginning to end.
 */
import { RandomStream, type RandomState } from '../../base/random.ts';
import type { PolicyInterface } from '../../grid/interface.ts';
import { clearSnapshot, createSnapshot, type Snapshot } from '../../grid/snapshot.ts';
import { checkInterface } from './checkInterface.ts';
import { PolicyPort, type PolicyPortState } from './policyPort.ts';
import type { Balance, TaskCopy, TaskShape, TaskState, Trajectory } from './task.ts';
import { TrajectoryLog, type TrajectoryLogState } from './trajectoryLog.ts';
import type { Info } from './types.ts';

interface EpisodeState extends TaskState {
  readonly stream: RandomState;
  readonly steps: number;
  readonly terminated: boolean;
  readonly port: PolicyPortState;
  readonly trajectory: TrajectoryLogState;
  readonly rewardSum: number;
  readonly own: TaskState;
}

export abstract class EpisodeTask implements TaskCopy {
  readonly shape: TaskShape;
  readonly port: PolicyPort;
  /** Set by `advance` when the task itself ends the episode. */
  terminated = false;

  /** Everything random of the task. */
  protected readonly stream: RandomStream;
  /** Steps lived in this episode. */
  #steps = 0;
  /** Mean reward over the agents, summed over the steps. */
  #rewardSum = 0;
  readonly #purpose: string;
  readonly #log = new TrajectoryLog();
  readonly #fleet: readonly Snapshot[];

  /**
   * `purpose`: names the random stream; the task's id without its version.
   * `assets`: snapshots to fill when there are more than agents, as for one agent that sees and moves many assets.
   * `costNames`: limits, whose breaking `cost` says.
   * @throws `env.interface`.
   */
  constructor(
    purpose: string,
    policy: PolicyInterface,
    agents: number,
    assets = agents,
    costNames: readonly string[] = [],
  ) {
    checkInterface(policy, assets);
    this.#purpose = purpose;
    this.stream = RandomStream.fromSeed(0, purpose);
    this.port = new PolicyPort(policy, agents);
    this.#fleet = Array.from({ length: assets }, createSnapshot);
    this.shape = {
      agents,
      observationSize: policy.inputs.length,
      actionSize: policy.outputs.length,
      observationNames: policy.inputs.map(({ n }) => n),
      actionNames: policy.outputs.map(({ n }) => n),
      costNames,
    };
  }

  /** Draw the episode from `stream` and put the world at its start. */
  protected abstract begin(): void;
  /**
   * Fill the snapshot of one asset as its meter shows it before the decision of step `step`; it comes cleared. What is
   * left out is missing, and a missing input makes the fallback act.
   */
  protected abstract measure(asset: number, snapshot: Snapshot, step: number): void;
  /** Live step `step` under the setpoints `port.issued`. True: the clock ends the episode here. */
  protected abstract advance(step: number): boolean;
  /** What the step just lived is worth to an agent. */
  protected abstract reward(agent: number): number;
  /** By how much the step just lived broke limit `limit` of `costNames` for an agent: >= 0, 0 when kept. */
  protected cost(_agent: number, _limit: number): number {
    return 0;
  }
  /** Metrics of the episode so far, finite numbers or text. */
  protected abstract metrics(): Info;
  abstract balance(): Balance | undefined;
  /** What `begin` and `advance` changed and later steps read. */
  protected abstract save(): TaskState;
  protected abstract load(state: TaskState): void;
  /** A new copy with the same arguments. */
  protected abstract twin(): EpisodeTask;

  seed(seed: number | string): void {
    this.stream.setState(RandomStream.fromSeed(seed, this.#purpose).getState());
  }

  reset(): void {
    this.#steps = 0;
    this.#rewardSum = 0;
    this.terminated = false;
    this.port.reset();
    this.#log.reset();
    this.begin();
    this.#look();
  }

  step(actions: Float32Array, at: number, rewards: Float32Array): boolean {
    const { port, shape } = this;
    port.decide(actions, at);
    const { inputs, outputs } = port;
    for (let a = 0; a < shape.agents; a++) {
      this.#log.addRow(port.raw, a * inputs, inputs, port.issued, a * outputs, outputs);
    }
    const over = this.advance(this.#steps++);
    for (let a = 0; a < shape.agents; a++) {
      const reward = this.reward(a);
      rewards[a] = reward;
      this.#rewardSum += reward / shape.agents;
      this.#log.addReal(reward);
    }
    this.#look();
    return over;
  }

  costs(out: Float32Array, at: number): void {
    const { agents, costNames = [] } = this.shape;
    for (let a = 0; a < agents; a++) {
      for (let c = 0; c < costNames.length; c++) out[at + a * costNames.length + c] = this.cost(a, c);
    }
  }

  observe(out: Float32Array, at: number): void {
    for (let a = 0; a < this.shape.agents; a++) this.port.observe(a, out, at + a * this.port.inputs);
  }

  info(): Info {
    return { step: this.#steps, meanReward: this.#rewardSum / Math.max(1, this.#steps), ...this.metrics() };
  }

  trajectory(): Trajectory {
    return this.#log.freeze();
  }

  getState(): TaskState {
    const state: EpisodeState = {
      stream: this.stream.getState(),
      steps: this.#steps,
      terminated: this.terminated,
      port: this.port.getState(),
      trajectory: this.#log.getState(),
      rewardSum: this.#rewardSum,
      own: this.save(),
    };
    return state;
  }

  setState(given: TaskState): void {
    const state = given as EpisodeState;
    this.stream.setState(state.stream);
    this.#steps = state.steps;
    this.terminated = state.terminated;
    this.port.setState(state.port);
    this.#log.setState(state.trajectory);
    this.#rewardSum = state.rewardSum;
    this.load(state.own);
  }

  clone(): EpisodeTask {
    const copy = this.twin();
    copy.setState(this.getState());
    return copy;
  }

  #look(): void {
    const { agents } = this.shape;
    for (let k = 0; k < this.#fleet.length; k++) {
      clearSnapshot(this.#fleet[k]!);
      this.measure(k, this.#fleet[k]!, this.#steps);
    }
    for (let a = 0; a < agents; a++) this.port.look(a, this.#fleet[a]!, this.#fleet);
  }
}
