/**
 * Voltage on radial feeders: a year of test days, one in five calendar days from the 300th test day on. Shares are over
 * buses whose voltage is free (the slack bus is not counted) and intervals, |q| over inverters and intervals, night
 * included. `voltage-ieee33` and `voltage-ieee69` are dispatched by a ledger on the readings of the interval before;
 * `voltage-ieee33-delay0` and `voltage-ieee33-hard` are the inverter's own loop, which sees the interval it acts in.
 */
import type { VoltageCopy } from '../../env/tasks/voltageTask.ts';
import { taskDefinition } from '../../env/gym/registry.ts';
import { INVERTER_CURVE, INVERTER_INTERFACE } from '../../env/tasks/voltageInterface.ts';
import { fail } from '../../base/errors.ts';
import { voltageContenders } from '../baselines/voltage/contenders.ts';
import { liveDay } from '../baselines/voltage/liveDay.ts';
import { dayScenario, VOLTAGE_SETTINGS, type VoltageSettingName } from '../baselines/voltage/settings.ts';
import { artifactDecide, interfaceSignature, type Decide } from '../evaluation/episode.ts';
import type { MetricSpec, Suite } from '../evaluation/suite.ts';

const DAYS = 73;
/** Earlier test days were looked at while recipes were made. */
const FIRST_DAY = 300;

const METRICS: readonly MetricSpec[] = [
  { key: 'outOfBandShare', label: 'out of band', better: 'less', digits: 4, percent: true },
  { key: 'controllableRatio', label: 'steps all in band', better: 'more', digits: 3, percent: true },
  { key: 'lossMwh', label: 'loss MWh/day', better: 'less', digits: 4 },
  { key: 'meanAbsQMvar', label: 'mean |q| Mvar', better: 'neither', digits: 4 },
];

type VoltageSuiteArgs = Readonly<Record<string, unknown>>;

/** What the inverter's own loop is played with. */
const INVERTER_ARGS: VoltageSuiteArgs = { observationDelay: 0, policy: INVERTER_INTERFACE, curve: INVERTER_CURVE };

function suite(id: string, title: string, setting: VoltageSettingName, own: VoltageSuiteArgs, sees: string): Suite {
  const { task, args } = VOLTAGE_SETTINGS[setting];
  const all = { ...args, ...own };
  return {
    id,
    task,
    title,
    metrics: METRICS,
    scenarios: ({ count = DAYS, from = 0 } = {}) =>
      Array.from({ length: count }, (_, i) => dayScenario('test', FIRST_DAY + from + i, all)),
    baselines: () => voltageContenders(setting),
    policy(name, policy) {
      const expected = interfaceSignature(taskDefinition(task).createCopy(all).port.policy);
      const got = interfaceSignature(policy.interface);
      if (expected !== got) throw fail('agents.evaluate', { expected, got });
      const decide = artifactDecide(policy) as Decide<VoltageCopy>;
      return { name, kind: 'policy', about: sees, run: (scenario, begin) => liveDay(task, scenario, decide, begin) };
    },
  };
}

const LATE = 'own readings of the interval before; an offset to the live curve';
const LIVE =
  'own readings of the interval it acts in, with the setpoints of the one before; an offset to the live curve';

export const voltageIeee33: Suite = suite(
  'voltage-ieee33',
  '33-bus feeder, load scale 0.5, dispatched one 5-minute interval late',
  'ieee33',
  { observationDelay: 1 },
  LATE,
);
export const voltageIeee33Delay0: Suite = suite(
  'voltage-ieee33-delay0',
  "33-bus feeder, load scale 0.5, the inverter's own loop",
  'ieee33',
  INVERTER_ARGS,
  LIVE,
);
export const voltageIeee33Hard: Suite = suite(
  'voltage-ieee33-hard',
  "33-bus feeder, load scale 0.6, the inverter's own loop",
  'ieee33-hard',
  INVERTER_ARGS,
  LIVE,
);
export const voltageIeee69: Suite = suite(
  'voltage-ieee69',
  '69-bus feeder, load scale 0.5, dispatched one 5-minute interval late',
  'ieee69',
  { observationDelay: 1 },
  LATE,
);
