/** The view by agent is the flat view of the same copy: checked by living one beside the other. */
import { RandomStream } from '../../base/random.ts';
import type { CheckOptions } from './checkEnv.ts';
import { need, same } from './checkRules.ts';
import type { AgentsStep, ByAgent, MultiAgentEnv } from './multiAgent.ts';
import { sample } from './spaces.ts';

/** @throws `env.check`. */
export function checkMultiAgentEnv(create: () => MultiAgentEnv, { seed = 1, steps = 400 }: CheckOptions = {}): void {
  const env = create();
  const { flat } = create();
  const names = env.possibleAgents;
  const stream = RandomStream.fromSeed(seed, 'check-env');
  const begun = env.reset({ seed });
  need(same(joined(names, begun.observations), flat.reset({ seed }).observation), 'agents.alike', 'first observations');
  for (let i = 0; i < steps; i++) {
    need(env.agents.length === names.length, 'agents.alike', 'agents that act');
    const action = sample(flat.actionSpace, stream);
    const width = action.length / names.length;
    const actions = Object.fromEntries(names.map((name, a) => [name, action.slice(a * width, (a + 1) * width)]));
    const step = env.step(actions);
    const result = flat.step(action);
    need(same(joined(names, step.observations), result.observation), 'agents.alike', 'observations');
    need(
      Math.abs(meanReward(names, step) - result.reward) <= 1e-6 * (1 + Math.abs(result.reward)),
      'agents.alike',
      'rewards',
    );
    need(together(names, step, result.terminated, result.truncated), 'agents.alike', 'ends');
    if (!result.terminated && !result.truncated) continue;
    need(env.agents.length === 0, 'agents.alike', 'no agent acts after the end');
    need(env.trajectoryHash() === flat.trajectoryHash(), 'agents.alike', 'trajectory hash');
    return;
  }
  need(false, 'end.reached', `none within ${steps} steps`);
}

function joined(names: readonly string[], parts: ByAgent<Float32Array>): number[] {
  return names.flatMap((name) => Array.from(parts[name]!));
}

function meanReward(names: readonly string[], { rewards }: AgentsStep): number {
  return names.reduce((sum, name) => sum + rewards[name]!, 0) / names.length;
}

function together(names: readonly string[], step: AgentsStep, terminated: boolean, truncated: boolean): boolean {
  return names.every((name) => step.terminated[name] === terminated && step.truncated[name] === truncated);
}
