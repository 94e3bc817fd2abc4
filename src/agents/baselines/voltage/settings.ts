/** The settings that voltage controllers are tuned for and compared in, and the days that belong to them. */
import type { TaskId } from '../../../env/gym/registry.ts';
import type { Scenario } from '../../evaluation/suite.ts';

export interface VoltageSettingSpec {
  readonly task: TaskId;
  /** Over the task's defaults; the delay is each controller's own. */
  readonly args: Readonly<Record<string, unknown>>;
}

export const VOLTAGE_SETTINGS = {
  ieee33: { task: 'voltage-ieee33-v1', args: {} },
  'ieee33-hard': { task: 'voltage-ieee33-hard-v1', args: {} },
  ieee69: { task: 'voltage-ieee69-v1', args: {} },
} as const satisfies Record<string, VoltageSettingSpec>;

export type VoltageSettingName = keyof typeof VOLTAGE_SETTINGS;

/** Apart, so that seasons and weathers come as they come. */
const TUNING_STRIDE = 13;

/** Day `i` of a split, as a scenario of any voltage task. */
export function dayScenario(
  split: 'train' | 'test',
  i: number,
  args: Readonly<Record<string, unknown>> = {},
): Scenario {
  return { id: `${split}-${i}`, seed: 1, args: { ...args, split, day: i } };
}

/** The first `count` tuning days: every 13th training day. */
export function tuningDays(count: number, args: Readonly<Record<string, unknown>> = {}): Scenario[] {
  return Array.from({ length: count }, (_, i) => dayScenario('train', TUNING_STRIDE * i, args));
}
