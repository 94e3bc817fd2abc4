/** The grids that the frequency baselines were tuned by: searched again, shown whole, held against what is kept. */
import type { RechargeSettings } from '../src/agents/baselines/frequency/recharge.ts';
import type { PiGains } from '../src/agents/baselines/frequency/secondary.ts';
import {
  leastOf,
  PI_TUNING_EPISODES,
  RECHARGE_TUNING,
  tunePi,
  tuneRecharge,
  type Cell,
} from '../src/agents/baselines/frequency/tune.ts';
import { TUNED_FREQUENCY } from '../src/agents/baselines/frequency/tuned.ts';
import type { Suite } from '../src/agents/evaluation/suite.ts';
import { CONTAINMENT_ARGS, REGULATION_ARGS } from '../src/agents/suites/frequency.ts';
import { percent, table, type Judged } from './frequencyTables.ts';

/** The first so many of the suite. */
const HINDSIGHT_EPISODES = 40;

/** The grids again, and whether what stands in tuned.ts is what they find. */
export function tuning(): Judged {
  const nominal = tunePi({}, PI_TUNING_EPISODES);
  const varied = tunePi({ inertiaLow: 0.85, inertiaHigh: 1, sizeSpread: 0.3 }, PI_TUNING_EPISODES);
  const recharges = (['regulation', 'containment'] as const).map((name) => {
    const args = name === 'regulation' ? REGULATION_ARGS : CONTAINMENT_ARGS;
    return [name, tuneRecharge({ ...args, startShare: 1 }, RECHARGE_TUNING[name])] as const;
  });
  const found: (readonly [string, string, string])[] = [
    ...(
      [
        ['varied, integral', varied, 'centreHzS', 'withinS'],
        ['varied, time', varied, 'withinS', 'centreHzS'],
        ['nominal, time', nominal, 'withinS', 'centreHzS'],
        ['nominal, integral', nominal, 'centreHzS', 'withinS'],
      ] as const
    ).map(([name, cells, key, then]) => {
      const kept = TUNED_FREQUENCY.pi.find((each) => each.name === `droop + PI, ${name}`)!;
      return [`droop + PI, ${name}`, gainsText(leastOf(cells, key, then).parameters), gainsText(kept)] as const;
    }),
    ...recharges.map(([name, cells]) => {
      const text = ({ rate, idleShare }: { rate: number; idleShare: number }): string =>
        `rate ${rate}, idle ${idleShare}`;
      const best = leastOf(
        cells as readonly Cell<{ rate: number; idleShare: number }>[],
        'soeBreaches',
        'throughputMwh',
      );
      return [`recharge, ${name}`, text(best.parameters), text(TUNED_FREQUENCY.recharge[name])] as const;
    }),
  ];
  return {
    facts: found.map(([name, best, kept]) => [`grid finds, ${name}`, `${best}; kept: ${kept}`]),
    passed: found.every(([, best, kept]) => best === kept),
    sections: [
      '## Grids that the baselines were tuned by, on training episodes',
      '',
      ...piGridSection(`${PI_TUNING_EPISODES} episodes of the case`, nominal),
      ...piGridSection(`${PI_TUNING_EPISODES} episodes of varied inertia and size`, varied),
      ...recharges.flatMap(([name, cells]) => rechargeGridSection(`${name}, ${RECHARGE_TUNING[name]} blocks`, cells)),
    ],
  };
}

/** Gains that were chosen on the held-out episodes themselves: what no tuning of this PI can beat. */
export function hindsightSection(suite: Suite): string[] {
  const scenarios = suite.scenarios({ count: HINDSIGHT_EPISODES });
  const cells = tunePi(scenarios[0]!.args, scenarios.length, undefined, scenarios[0]!.seed);
  const line = (key: string, then: string): string => {
    const { parameters, values } = leastOf(cells, key, then);
    return `- least \`${key}\`: ${gainsText(parameters)}: ${values['withinS']!.toFixed(2)} s to 10 mHz, integral ${values['centreHzS']!.toFixed(4)} Hz s`;
  };
  return [
    `The PI with gains chosen in hindsight, by the same grid on the first ${HINDSIGHT_EPISODES} held-out episodes themselves:`,
    '',
    line('withinS', 'centreHzS'),
    line('centreHzS', 'withinS'),
    '',
  ];
}

/** One table a form and a figure: kp down, ki across. */
function piGridSection(title: string, cells: readonly Cell<PiGains>[]): string[] {
  const distinct = (key: 'kpPerHz' | 'kiPerHz'): number[] => [
    ...new Set(cells.map(({ parameters }) => parameters[key])),
  ];
  const figures = [
    ['withinS', 's to |df| <= 10 mHz', 2],
    ['centreHzS', 'integral of |df|, Hz s', 4],
  ] as const;
  return (['central', 'own'] as const).flatMap((form) =>
    figures.flatMap(([key, what, digits]) => {
      const at = (kp: number, ki: number): string =>
        cells
          .find(({ parameters: p }) => p.form === form && p.kpPerHz === kp && p.kiPerHz === ki)!
          .values[key]!.toFixed(digits);
      const rows = distinct('kpPerHz').map((kp) => [String(kp), ...distinct('kiPerHz').map((ki) => at(kp, ki))]);
      const head = ['kp \\ ki, 1/Hz', ...distinct('kiPerHz').map(String)];
      return [`PI ${form}, ${title}: ${what}`, '', ...table(head, rows)];
    }),
  );
}

function rechargeGridSection(title: string, cells: readonly Cell<RechargeSettings>[]): string[] {
  const rows = cells.map(({ parameters: { rate, idleShare }, values }) => [
    String(rate),
    String(idleShare),
    values['soeBreaches']!.toFixed(4),
    values['throughputMwh']!.toFixed(4),
    percent(values['errorMax']!),
  ]);
  return [
    `Naive recharge, ${title}: means by rate and idle band`,
    '',
    ...table(['rate', 'idle share', 'breaches', 'throughput MWh', 'E'], rows),
  ];
}

function gainsText({ form, kpPerHz, kiPerHz }: PiGains): string {
  return `${form}, kp ${kpPerHz}, ki ${kiPerHz}`;
}
