/**
 * The interface of a task, looked over when a copy is made: slips that would otherwise leave an input missing for ever,
 * so that the fallback acts in place of every agent, or read beyond a table. The loader of artifacts checks the same
 * and more of what is deployed.
 */
import { fail } from '../../base/errors.ts';
import { I32_MAX, I32_MIN } from '../../base/fixed.ts';
import type { EnvelopeSpec, FallbackSpec, InputSpec, OutputSpec, PolicyInterface } from '../../grid/interface.ts';
import { CHANNELS, isChannel } from '../../grid/snapshot.ts';

/** `p.own/3`: the channel of the fourth asset. */
const INDEXED = /^(.+)\/(0|[1-9][0-9]*)$/;

/** @throws `env.interface`, which names the input, output or table. */
export function checkInterface(policy: PolicyInterface, assets: number): void {
  const { inputs, outputs, envelopes, fallback, state } = policy;
  need(inputs.length > 0 && outputs.length > 0, 'inputs and outputs: one or more', { inputs, outputs });
  const held = new Set(state.map(({ i }) => i));
  inputs.forEach((spec, i) => checkInput(spec, held.has(i), assets));
  outputs.forEach((spec) => checkRange('output', spec));
  envelopes.forEach((spec, k) => checkEnvelope(spec, `envelopes[${k}]`, policy));
  need(
    fallback.length === outputs.length,
    `fallback: one entry for each of ${outputs.length} outputs`,
    fallback.length,
  );
  fallback.forEach((spec, d) => checkFallback(spec, `fallback[${d}]`, inputs.length));
  state.forEach(({ i, d }, k) => {
    need(isIndex(i, inputs.length), `state[${k}].i: an input`, i);
    need(isIndex(d, outputs.length), `state[${k}].d: an output`, d);
  });
}

function checkInput(spec: InputSpec, isHeld: boolean, assets: number): void {
  const { n, u, lo, hi } = spec;
  checkRange('input', spec);
  need(lo < hi, `input ${n}: lo < hi`, { lo, hi });
  if (isHeld) return;
  const [, channel = n, asset = '0'] = INDEXED.exec(n) ?? [];
  const known = isChannel(channel) ? CHANNELS[channel] : undefined;
  need(known !== undefined, `input ${n}: a channel of CHANNELS, channel/asset, or an output held by state`, n);
  need(known?.unit === u, `input ${n}: unit ${known?.unit}`, u);
  need(Number(asset) < assets, `input ${n}: one of ${assets} assets`, Number(asset));
}

function checkRange(what: string, { n, lo, hi }: InputSpec | OutputSpec): void {
  const whole = Number.isSafeInteger(lo) && Number.isSafeInteger(hi);
  need(whole && lo <= hi && lo >= I32_MIN && hi <= I32_MAX, `${what} ${n}: integers lo <= hi of 32 bits`, { lo, hi });
}

function checkEnvelope({ d, sk, si, r, l, h }: EnvelopeSpec, at: string, { inputs, outputs }: PolicyInterface): void {
  need(isIndex(d, outputs.length), `${at}.d: an output`, d);
  need(
    isIndex(si, sk === 'in' ? inputs.length : outputs.length) && (sk === 'in' || si !== d),
    `${at}.si: a source`,
    si,
  );
  checkTable(at, r, l, h);
  need(
    l.every((low, j) => low <= h[j]!),
    `${at}: l <= h at every knot`,
    { l, h },
  );
}

function checkFallback({ si, r, y, z }: FallbackSpec, at: string, inputs: number): void {
  need(isIndex(si, inputs), `${at}.si: an input`, si);
  need(Number.isSafeInteger(z), `${at}.z: an integer`, z);
  checkTable(at, r, y);
}

function checkTable(at: string, r: readonly number[], ...columns: readonly (readonly number[])[]): void {
  const rising = r.every((knot, j) => Number.isSafeInteger(knot) && (j === 0 || knot > r[j - 1]!));
  need(r.length > 0 && rising, `${at}.r: integer knots that ascend`, r);
  for (const column of columns) {
    need(column.length === r.length && column.every(Number.isSafeInteger), `${at}: an integer for every knot`, column);
  }
}

function isIndex(i: number, count: number): boolean {
  return Number.isSafeInteger(i) && i >= 0 && i < count;
}

function need(holds: boolean, expected: string, got: unknown): void {
  if (!holds) throw fail('env.interface', { expected, got });
}
