/**
 * The voltage baselines and bounds of a suite, from the weakest to the strongest, all on the same inverters: reactive
 * power within +-0.8 of what active power leaves free, batteries on the same plan.
 */
import { clamp } from '../../../base/fixed.ts';
import { DEFAULT_VOLT_VAR } from '../../../env/cases/ieee33Sites.ts';
import { capabilityVarReal } from '../../../env/physics/inverter.ts';
import { evaluateTable } from '../../../grid/interface.ts';
import { quantise } from '../../../grid/snapshot.ts';
import { MAX_SHARE_MICRO } from '../../../grid/voltVar.ts';
import type { Contender } from '../../evaluation/suite.ts';
import { deviceCurve, noControl, oneStep1547, type Controller } from '../controllers.ts';
import { IEEE_1547_B, type DroopParameters } from '../droop.ts';
import { droopController } from '../tune.ts';
import { TUNED_SETTINGS } from '../tuned.ts';
import { controllerDecide, liveDay } from './liveDay.ts';
import { opfController, type OpfOptions } from './opfController.ts';
import { VOLTAGE_SETTINGS, type VoltageSettingName } from './settings.ts';

const LATE = 'readings of the interval before';
const LIVE = 'live in every inverter, solved jointly with the power flow';

interface Described {
  readonly name: string;
  readonly kind: Contender['kind'];
  readonly about: string;
  /** 0: sees the interval that it acts in. */
  readonly delay: 0 | 1;
  readonly controller: () => Controller;
}

export function voltageContenders(setting: VoltageSettingName): readonly Contender[] {
  const { task } = VOLTAGE_SETTINGS[setting];
  return described(setting).map(({ name, kind, about, delay, controller }) => ({
    name,
    kind,
    about,
    run: (scenario, begin) =>
      liveDay(
        task,
        { ...scenario, args: { ...scenario.args, observationDelay: delay, curve: DEFAULT_VOLT_VAR } },
        controllerDecide(controller()),
        begin,
      ),
  }));
}

function described(setting: VoltageSettingName): readonly Described[] {
  const { oneStep, standard, fixedPoint, opf } = TUNED_SETTINGS[setting];
  return [
    { name: 'none', kind: 'baseline', about: 'no reactive power', delay: 1, controller: noControl },
    {
      name: 'ieee1547-b-late',
      kind: 'baseline',
      about: `IEEE 1547-2018 category B defaults, dispatched on ${LATE}`,
      delay: 1,
      controller: oneStep1547,
    },
    {
      name: 'ieee1547-b-live',
      kind: 'baseline',
      about: `IEEE 1547-2018 category B defaults, ${LIVE}`,
      delay: 0,
      controller: live1547,
    },
    {
      name: 'device-curve',
      kind: 'baseline',
      about: 'the default curve of the devices alone, nothing dispatched',
      delay: 1,
      controller: deviceCurve,
    },
    droop('droop-late', 'one-step', oneStep, LATE),
    droop('droop-live-standard', 'fixed-point', standard, `${LIVE}; slopes that IEEE 1547-2018 allows`),
    droop(
      'droop-live',
      'fixed-point',
      fixedPoint,
      `${LIVE}; slopes up to 320 per pu, steeper than any real inverter's`,
    ),
    {
      name: 'opf-late',
      kind: 'bound',
      about: `AC optimal power flow of the interval before, dispatched as ${manner(opf)}`,
      delay: 1,
      controller: () => opfController('opf-late', opf),
    },
    {
      name: 'opf',
      kind: 'bound',
      about: 'AC optimal power flow that knows every load and all PV of the interval',
      delay: 0,
      controller: () => opfController('opf', { marginPu: 0, dispatch: 'share' }),
    },
  ];
}

function manner({ marginPu, dispatch }: OpfOptions): string {
  const form = dispatch === 'offset' ? 'the offset to the live curve that reproduces it' : 'shares held';
  return `${form}, ${marginPu} pu inside the band (tuned on training days)`;
}

function droop(name: string, kind: 'one-step' | 'fixed-point', tuned: DroopParameters, about: string): Described {
  const { vRefPu, deadbandPu, slope } = tuned;
  return {
    name,
    kind: 'baseline',
    about: `droop tuned on training days (${vRefPu} pu, deadband ${deadbandPu}, slope ${slope}); ${about}`,
    delay: 1,
    controller: () => droopController(kind, tuned, name),
  };
}

const SETTLED_MICRO = 1;
const MAX_ROUNDS = 200;
const DAMPING = 0.3;

/** Shares of nameplate are no shares of capability, so the joint fixed point is reached by damped rounds of the interval. */
export function live1547(): Controller {
  return {
    name: 'ieee1547-b-live',
    decide: (feeder, k, setpoints) => {
      const { offsetMicro } = setpoints;
      setpoints.mode = 'share';
      for (let round = 0, moved = Infinity; round < MAX_ROUNDS && moved > SETTLED_MICRO; round++) {
        feeder.preview(k, setpoints);
        moved = 0;
        for (let s = 0; s < feeder.siteCount; s++) {
          const { sMaxVa } = feeder.scenario.sites[s]!;
          const v = quantise(feeder.siteVPu(s), 'v.pu.e-6');
          const nameplate = evaluateTable(IEEE_1547_B.vMicroPu, IEEE_1547_B.shareMicro, v);
          const wanted = (nameplate * sMaxVa) / Math.max(capabilityVarReal(sMaxVa, feeder.pW[s]!), 1);
          const step = DAMPING * (clamp(wanted, -MAX_SHARE_MICRO, MAX_SHARE_MICRO) - offsetMicro[s]!);
          offsetMicro[s]! += Math.trunc(step);
          moved = Math.max(moved, Math.abs(step));
        }
      }
    },
  };
}
