/**
 * The controllers a trained policy is measured against, on the same actuators: q = a sqrt(sMax^2 - p^2), |a| <= 0.8.
 * One-step controllers are dispatched: what they issue for an interval is a function of the interval before.
 * Fixed-point controllers sit in the inverter and are solved jointly with the power flow inside the interval.
 */
import { clamp } from '../../base/fixed.ts';
import { evaluateTable } from '../../grid/interface.ts';
import { MAX_SHARE_MICRO, type VoltVarCurve } from '../../grid/voltVar.ts';
import { capabilityVarReal } from '../../env/physics/inverter.ts';
import type { Feeder, FeederSetpoints } from '../../env/physics/feeder.ts';
import { quantise } from '../../grid/snapshot.ts';
import { IEEE_1547_B } from './droop.ts';

/** Anything that fills the setpoints of interval k from what the feeder showed in the interval before. */
export interface Controller {
  readonly name: string;
  decide(feeder: Feeder, k: number, setpoints: FeederSetpoints): void;
}

/** No reactive power at all. */
export function noControl(): Controller {
  return {
    name: 'none',
    decide: (_feeder, _k, setpoints) => {
      setpoints.mode = 'share';
      setpoints.offsetMicro.fill(0);
    },
  };
}

/** The inverters' own live curve, with nothing dispatched on top. */
export function deviceCurve(): Controller {
  return constantOffset('device-curve', 0);
}

/** The live curve with the same offset dispatched to everyone at all hours: what a policy must know more than. */
function constantOffset(name: string, offsetMicro: number): Controller {
  return {
    name,
    decide: (_feeder, _k, setpoints) => {
      setpoints.mode = 'curve';
      setpoints.curve = undefined;
      setpoints.offsetMicro.fill(offsetMicro);
    },
  };
}

/** A droop evaluated by a dispatcher on the voltages of the interval before; shares of capability. */
export function oneStepDroop(name: string, curve: VoltVarCurve): Controller {
  return {
    name,
    decide: (feeder, _k, setpoints) => {
      setpoints.mode = 'share';
      for (let s = 0; s < feeder.siteCount; s++) {
        const share = evaluateTable(curve.vMicroPu, curve.shareMicro, quantise(feeder.siteVPu(s), 'v.pu.e-6'));
        setpoints.offsetMicro[s] = clamp(share, -MAX_SHARE_MICRO, MAX_SHARE_MICRO);
      }
    },
  };
}

/** The standard's default, one step late: nameplate shares become shares of the capability last measured. */
export function oneStep1547(): Controller {
  return {
    name: 'ieee1547-b-one-step',
    decide: (feeder, _k, setpoints) => {
      setpoints.mode = 'share';
      for (let s = 0; s < feeder.siteCount; s++) setpoints.offsetMicro[s] = share1547(feeder, s);
    },
  };
}

/** a = q(v) sMax / sqrt(sMax^2 - p^2) */
function share1547(feeder: Feeder, s: number): number {
  const { sMaxVa } = feeder.scenario.sites[s]!;
  const { vMicroPu, shareMicro } = IEEE_1547_B;
  const nameplate = evaluateTable(vMicroPu, shareMicro, quantise(feeder.siteVPu(s), 'v.pu.e-6'));
  const capability = Math.max(capabilityVarReal(sMaxVa, feeder.pW[s]!), 1);
  return clamp(Math.floor((nameplate * sMaxVa) / capability + 0.5), -MAX_SHARE_MICRO, MAX_SHARE_MICRO);
}

/** The same form of droop, live in every inverter: the joint fixed point of all loops and the power flow. */
export function fixedPointDroop(name: string, curve: VoltVarCurve): Controller {
  return {
    name,
    decide: (_feeder, _k, setpoints) => {
      setpoints.mode = 'curve';
      setpoints.curve = curve;
      setpoints.offsetMicro.fill(0);
    },
  };
}
