import type { LoadedPolicy, DenseLayer } from '../../contracts/policy/artifact.ts';
import { loadArtifact } from '../../contracts/policy/codec.ts';
import { vec4096 } from '../../contracts/policy/vectors.ts';
import { normaliseInput, UNIT_INTEGER, type EnvelopeSpec, type FallbackSpec } from '../../grid/interface.ts';
import { CHANNELS, isChannel } from '../../grid/snapshot.ts';
import { UNIT_SCALE, unitName, type Unit } from '../../grid/units.ts';
import { actionMap, type ActionMap } from '../actionMap.ts';
import type { Action } from '../command.ts';
import type { InspectFlags } from '../commands/inspect.ts';
import { writeNamedFile } from '../files.ts';
import { readPolicy } from '../policyInput.ts';
import { count, fixed, percent } from '../ui/format.ts';
import type { Json } from '../ui/output.ts';
import { physical, physicalRange, trimmed } from '../ui/physical.ts';
import { facts, table, type Column } from '../ui/table.ts';
import { wrap } from '../ui/wrap.ts';

type Interface = LoadedPolicy['interface'];

export const inspect: Action<InspectFlags, [artifact: string | undefined]> = async (report, flags, path) => {
  const policy = loadArtifact(await readPolicy(path));
  const picture = flags.map === undefined ? undefined : await writeMap(policy, flags, flags.map);
  const digest = vec4096(policy);
  const { interface: spec, layers, gas, bytes, cid } = policy;
  report.text(
    ...facts([
      ['policy', cid],
      ['size', `${count(bytes.length)} bytes`],
      ['network', architecture(policy)],
      ['parameters', count(parameterCount(layers))],
      ['gas', `${count(gas)} a call, the same for every call`],
      ['vec4096', digest],
    ]),
    ...section('inputs, clamped to their range, and what the network sees', inputTable(spec, report.width - 2)),
    ...section('outputs', outputTable(spec)),
    ...section(
      'envelopes, applied in order',
      spec.envelopes.flatMap((envelope) => envelopeLines(envelope, spec)),
    ),
    ...section(
      'fallback, when an input is missing',
      spec.fallback.flatMap((entry, d) => wrap(fallbackLine(entry, d, spec), report.width - 2, 2)),
    ),
    ...(picture === undefined ? [] : section('picture', pictureLines(policy, picture, flags.map!))),
  );
  report.document({ ...documentOf(policy, digest), ...(picture === undefined ? {} : { map: mapDocument(picture) }) });
};

async function writeMap(policy: LoadedPolicy, flags: InspectFlags, file: string): Promise<ActionMap> {
  const picture = actionMap(policy, flags);
  await writeNamedFile(file, picture.svg);
  return picture;
}

function pictureLines({ interface: { outputs } }: LoadedPolicy, picture: ActionMap, file: string): string[] {
  const { u } = outputs.find(({ n }) => n === picture.output)!;
  return facts([
    ['written', file],
    ['shows', `${picture.output} over ${picture.across} and ${picture.up}`],
    ['orders', physicalRange({ lo: picture.least, hi: picture.greatest, u })],
    ['envelopes', `change what the network asks for on ${percent(picture.boundShare, 1)} of it`],
  ]);
}

function mapDocument({ across, up, output, least, greatest, boundShare }: ActionMap): { readonly [key: string]: Json } {
  return { across, up, output, least, greatest, boundShare };
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', title, ...(lines.length === 0 ? ['  none'] : lines.map((line) => `  ${line}`))];
}

/** `7 -> 64 tanh -> 64 tanh -> 1 identity, continuous` */
function architecture({ interface: { inputs }, layers, head }: LoadedPolicy): string {
  const widths = layers.map(({ outSize, activation }) => ` -> ${outSize} ${activation}`).join('');
  return `${inputs.length}${widths}, ${head.kind === 'cont' ? 'continuous' : `${head.actions} discrete actions`}`;
}

function parameterCount(layers: readonly DenseLayer[]): number {
  return layers.reduce((sum, { weights, bias }) => sum + weights.length + bias.length, 0);
}

function inputTable({ inputs, state, outputs }: Interface, width: number): string[] {
  const columns: Column[] = [
    { title: 'name' },
    { title: 'range', align: 'right' },
    { title: 'seen as', align: 'right' },
    { title: 'meaning' },
  ];
  const rows = inputs.map((spec, i) => {
    const held = state.find((entry) => entry.i === i);
    const meaning = channelMeaning(spec.n);
    return [
      spec.n,
      physicalRange(spec),
      [spec.lo, spec.hi].map((raw) => trimmed(fixed(normaliseInput(spec, raw) / UNIT_INTEGER, 3))).join(' .. '),
      held === undefined ? meaning : `own ${outputs[held.d]!.n} as last issued, at first ${physical(held.z, spec.u)}`,
    ];
  });
  return table(columns, rows, width);
}

/** Readings and dispatch of this version fill the channels below this id (docs/spec/ledger.md, "Device batch"). */
const FIRST_NOT_ON_LEDGER = 8;

/** What an approver must know of an input: a policy that reads what a ledger does not have always falls back there. */
function channelMeaning(name: string): string {
  if (!isChannel(name)) return 'not measured: always missing';
  const { id, meaning } = CHANNELS[name];
  return id < FIRST_NOT_ON_LEDGER ? meaning : `${meaning}; a ledger does not have it: always missing there`;
}

function outputTable({ outputs }: Interface): string[] {
  const columns: Column[] = [
    { title: 'name' },
    { title: 'least', align: 'right' },
    { title: 'greatest', align: 'right' },
    { title: 'issued in' },
  ];
  return table(
    columns,
    outputs.map(({ n, u, lo, hi }) => [n, physical(lo, u), physical(hi, u), u]),
  );
}

/** Knots down the page: where, and the bounds there; straight lines between. */
function envelopeLines({ d, sk, si, r, l, h }: EnvelopeSpec, { inputs, outputs }: Interface): string[] {
  const source = sk === 'in' ? inputs[si]! : outputs[si]!;
  const { n, u } = outputs[d]!;
  const columns: Column[] = [
    { title: `at ${source.n}`, align: 'right' },
    { title: `${n} least`, align: 'right' },
    { title: 'greatest', align: 'right' },
  ];
  const rows = r.map((at, j) => [physical(at, source.u), physical(l[j]!, u), physical(h[j]!, u)]);
  return table(columns, rows);
}

function fallbackLine({ si, r, y, z }: FallbackSpec, d: number, { inputs, outputs }: Interface): string {
  const { n, u } = outputs[d]!;
  const source = inputs[si]!;
  const knots = r.map((at, j) => `${physical(y[j]!, u)} at ${physical(at, source.u)}`).join(', ');
  return `${n} by ${source.n}: ${knots}; without ${source.n}: ${physical(z, u)}`;
}

/** Integers as in the artifact, with the unit beside them, and the physical range of inputs and outputs. */
function documentOf(policy: LoadedPolicy, digest: string): { readonly [key: string]: Json } {
  const { interface: spec, layers, head, gas, bytes, cid, xmax } = policy;
  const range = ({ u, lo, hi }: { u: Unit; lo: number; hi: number }) => ({
    physicalUnit: unitName(u),
    physicalMin: lo / UNIT_SCALE[u],
    physicalMax: hi / UNIT_SCALE[u],
  });
  return {
    cid,
    sizeBytes: bytes.length,
    gas,
    vec4096: digest,
    parameters: parameterCount(layers),
    layers: layers.map(({ inSize, outSize, shift, activation }) => ({ inSize, outSize, shift, activation })),
    head: head.kind === 'cont' ? { kind: 'cont' } : { kind: 'disc', actions: head.actions },
    inputs: spec.inputs.map((input, i) => ({ ...input, ...range(input), xmax: xmax[i]! })),
    outputs: spec.outputs.map((output) => ({ ...output, ...range(output) })),
    envelopes: spec.envelopes.map((envelope) => ({ ...envelope })),
    fallback: spec.fallback.map((entry) => ({ ...entry })),
    state: spec.state.map((entry) => ({ ...entry })),
  };
}
